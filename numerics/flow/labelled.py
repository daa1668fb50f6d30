"""Trajectories as a labelled `xarray.Dataset`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from numerics.labelled import MissingExtraError

if TYPE_CHECKING:
    from numerics.flow.trajectories import Trajectories

__all__ = ["axis_names", "to_xarray"]


def axis_names(found: Trajectories) -> list[str]:
    """A name for each batch axis: the first parameter that varies along it alone."""
    rank = len(found.shape)
    names = [f"axis_{k}" for k in range(rank)]
    for name, value in found.parameters.items():
        lengths = value.shape[: value.ndim - found.given.core[name]]
        varying = [rank - len(lengths) + k for k, n in enumerate(lengths) if n > 1]
        is_scalar = found.given.core[name] == 0
        if is_scalar and len(varying) == 1 and names[varying[0]] == f"axis_{varying[0]}":
            names[varying[0]] = name
    return names


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
    axes = axis_names(found)
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
    return xarray.Dataset(data, coords={time: found.times, **_coordinates(found, axes)})


def _coordinates(found: Trajectories, axes: list[str]) -> dict[str, Any]:
    coordinates: dict[str, Any] = {}
    for name, value in found.parameters.items():
        if found.given.core[name]:
            continue
        if value.ndim == 0:
            coordinates[name] = float(value)
        elif name in axes:
            coordinates[name] = (name, value.reshape(-1))
        else:
            coordinates[name] = (axes, np.broadcast_to(value, found.shape))
    return coordinates
