"""A solution as a labelled `xarray.Dataset`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from numerics.errors import NumericsError
from numerics.problem.given import is_array

if TYPE_CHECKING:
    from numerics.solution import Solution

__all__ = ["MissingExtraError", "axis_names", "coordinates", "scalars", "to_xarray"]


class MissingExtraError(NumericsError, ImportError):
    """An optional package is not installed."""


def axis_names(batch: tuple[int, ...], scalars: Mapping[str, Any]) -> list[str]:
    """A name for each batch axis: the first parameter that varies along it alone."""
    rank = len(batch)
    names = [f"axis_{k}" for k in range(rank)]
    free = set(range(rank))
    for name, value in scalars.items():
        lengths = (1,) * (rank - np.ndim(value)) + np.shape(value)
        varying = [k for k, length in enumerate(lengths) if length > 1]
        if len(varying) == 1 and varying[0] in free:
            names[varying[0]] = name
            free.remove(varying[0])
    return names


def coordinates(
    batch: tuple[int, ...], scalars: Mapping[str, Any], axes: list[str]
) -> dict[str, Any]:
    """The parameters along the axes."""
    found: dict[str, Any] = {}
    for name, value in scalars.items():
        if value.ndim == 0:
            found[name] = float(value)
        elif name in axes:
            found[name] = (name, value.reshape(-1))
        else:
            found[name] = (axes, np.broadcast_to(value, batch))
    return found


def scalars(parameters: Mapping[str, Any], core: Mapping[str, int]) -> dict[str, Any]:
    """The parameters that are no arrays."""
    return {name: value for name, value in parameters.items() if not core[name]}


def to_xarray(solution: Solution) -> Any:
    """Every quantity of a solution over named axes, the parameters as coordinates.

    Slots without a branch hold nan here, as xarray expects; ``exists`` tells them.

    Raises
    ------
    MissingExtraError
        If xarray is not installed.

    Examples
    --------
    >>> from sympy import symbols, tanh
    >>> from derive.equations import Equations
    >>> from numerics.solvers import solve
    >>> m, x = symbols("m x", real=True)
    >>> line = Equations((m,), (x,), (), residuals=(m - tanh(x),))
    >>> dict(to_xarray(solve(line, x=[0.0, 1.0])).sizes)
    {'x': 2, 'branch': 1}
    """
    try:
        import xarray
    except ImportError:
        raise MissingExtraError(
            "xarray is not installed; it comes with the extra: pip install 'saddlepoint[sweep]'"
        ) from None
    given = scalars(solution.parameters, solution.system.given.core)
    axes = axis_names(solution.shape, given)
    branch = [*axes, "branch"]
    data: dict[str, Any] = {
        "exists": (branch, solution.exists),
        "status": (axes, solution.status),
        "branch_status": (branch, solution.branch_status),
        "stability": (branch, solution.stability.data),
        "potential": (branch, solution.potential.filled(np.nan)),
        "residual": (branch, solution.residual.filled(np.nan)),
        "error": (branch, solution.error.filled(np.nan)),
    }
    for unknown in solution.system.equations.unknowns:
        own = [f"{unknown.name}_index"] if is_array(unknown) else []
        data[unknown.name] = ([*branch, *own], solution[unknown.name].filled(np.nan))
    for name, _ in solution.system.equations.observables:
        if name not in data:
            values = solution.observable(name)
            own = [f"{name}_index_{k}" for k in range(values.ndim - len(branch))]
            data[name] = ([*branch, *own], values.filled(np.nan))
    return xarray.Dataset(data, coords=coordinates(solution.shape, given, axes))
