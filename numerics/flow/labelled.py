"""Trajectories as a labelled `xarray.Dataset`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from numerics.labelled import MissingExtraError, axis_names, coordinates, scalars

if TYPE_CHECKING:
    from numerics.flow.trajectories import Trajectories

__all__ = ["to_xarray"]


def to_xarray(found: Trajectories) -> Any:
    """Unknowns and observables over named axes, times and parameters as coordinates.

    Values after the last good point of a trajectory are nan here, as xarray expects.

    Raises
    ------
    MissingExtraError
        If xarray is not installed.

    Examples
    --------
    >>> from sympy import symbols
    >>> from derive.equations import Equations
    >>> from numerics.flow import flow
    >>> x, r = symbols("x r", positive=True)
    >>> decay = Equations((x,), (r,), (("x", -r * x),))
    >>> found = flow(decay, [0, 1], {"x": 1.0}, r=[1.0, 2.0], backend="numpy")
    >>> dict(to_xarray(found).sizes)
    {'r': 2, 'time': 2}
    """
    try:
        import xarray
    except ImportError:
        raise MissingExtraError(
            "xarray is not installed; it comes with the extra: pip install 'saddlepoint[sweep]'"
        ) from None
    given = scalars(found.parameters, found.given.core)
    axes = axis_names(found.shape, given)
    time = "time" if found.time is None else found.time.name
    data: dict[str, Any] = {
        "status": (axes, found.status),
        "last_time": (axes, found.last_time),
        "evaluations": (axes, found.evaluations),
    }
    for name in (*found.unknowns, *(name for name, _ in found.equations.observables)):
        values = found.quantity(name)
        own = [f"{name}_index_{k}" for k in range(values.ndim - len(axes) - 1)]
        data[name] = ([*axes, time, *own], values.filled(np.nan))
        if found.errors is not None and name in found.unknowns:
            data[f"{name}_error"] = ([*axes, time, *own], found.error(name).filled(np.nan))
    return xarray.Dataset(data, coords={time: found.times, **coordinates(found.shape, given, axes)})
