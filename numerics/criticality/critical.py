"""The verb `critical`: where the inverse response of a state becomes singular."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from sympy import Expr

from derive.equations import Equations
from numerics.criticality.landau import landau
from numerics.criticality.lowest import EPS, Lowest
from numerics.criticality.response import Family, Response
from numerics.criticality.result import Criticality, CriticalStatus
from numerics.criticality.search import Met, first_zero, is_positive, spread
from numerics.errors import DomainError, NonFiniteError, ShapeError, UnknownParameterError
from numerics.problem import forms
from numerics.problem.errors import ProblemError
from numerics.problem.given import Given, as_equations, bind, is_array
from numerics.problem.operator import scalar_parameter
from numerics.problem.system import System
from numerics.solution import Solution

__all__ = ["critical"]

RANGE = (1e-8, 1e8)  # of a parameter, unless the caller knows better
GRID = 33
SOLVES = 1e-9  # residual, relative to its terms, of a state that solves the equations
SYMMETRIC = 1e-10
ROUNDING = 8 * EPS
SEPARATE = 1e3 * EPS  # of the largest eigenvalue: modes nearer than this are critical together


def critical(
    problem: Any,
    parameter: str,
    *,
    at: Mapping[str, Any] | Solution | None = None,
    between: tuple[float, float] | None = None,
    resolution: float = 0.0,
    **fixed: Any,
) -> Criticality:
    """The value of a parameter at which a state's inverse response becomes singular.

    The inverse response is derived: minus the Hessian of the potential, or, where there is no
    potential or it is not maximal anywhere, the Jacobian of the residuals.  It is a family of
    symmetric maps A(p), and ``A(p) psi = 0`` is solved for p and the mode psi from products with
    vectors alone, in memory proportional to the couplings.

    Parameters
    ----------
    problem : Equations, or anything with ``.equations()``
        What is solved.
    parameter : str
        What varies, such as ``"beta"`` or ``"T"``; a scalar.
    at : mapping or Solution, optional
        Name of each unknown to its value, a number or an array over the sites; unknowns left out
        are zero.  Of a solution of one point, its dominant branch.
    between : (float, float), optional
        The range to search; by default all positive numbers of ordinary size.  The search begins
        at the end where the state is stable.  If it is at both, at the one where the units are
        coupled least (eigenvalues of the inverse response spread least, relative to the largest):
        that of high temperature, so that what TAP says of the paramagnet at low temperature, where
        it does not hold, is not met first.
    resolution : float, optional
        Finite size: eigenvalues of the inverse response below this part of the largest one are not
        told from zero, so that a lowest eigenvalue that turns back so near to zero touches it.  At
        the edge of the band of N random couplings eigenvalues are off their limit by some
        N**(-2/3) of half the width of the band.
    **fixed
        A number or an array of elements for each other parameter.

    Returns
    -------
    Criticality
        Value with error, mode, Landau amplitude and a status.

    Raises
    ------
    ProblemError
        If the state does not solve the equations over the range, as with a field; if the Jacobian
        is not symmetric and there is no potential.
    UnknownParameterError, ShapeError, DomainError
        For a parameter that is none, is also given, or is no scalar; for a batch; for a range that
        is empty.
    NonFiniteError
        If the equations or the inverse response are not finite somewhere in the range.

    Notes
    -----
    The first zero from the stable end on is reported.  A narrow unstable window in the middle of a
    stable range is found if the form of some mode that is met on the way is negative in it.

    Examples
    --------
    >>> from sympy import atanh, log, symbols
    >>> from derive.equations import Equations
    >>> import numerics as nm
    >>> m, h = symbols("m h", real=True)
    >>> beta = symbols("beta", positive=True)
    >>> entropy = -m * atanh(m) - log(1 - m**2) / 2
    >>> magnet = Equations((m,), (beta, h), (), potential=beta * (m**2 / 2 + h * m) + entropy)
    >>> found = nm.critical(magnet, "beta", h=0)
    >>> found.status.name, round(found.temperature, 14), found.error < 1e-14
    ('CROSSES', 1.0, True)
    >>> found.landau.bifurcation.name, round(found.landau.amplitude, 12)
    ('SUPERCRITICAL', 3.0)
    """
    equations = as_equations(problem)
    if not 0 <= resolution < 1:
        raise DomainError(f"resolution={resolution} is no part of the largest eigenvalue: 0 to 1")
    low, high = _range(equations, parameter, between, fixed)
    given = _given(equations, parameter, (low, high), fixed)
    grid = _grid(low, high)
    family = Family(equations, given, parameter, _state(equations, given, at))
    _check_solves(family, grid)
    for response in _responses(family, grid):
        ends = [ordered for ordered in (grid, grid[::-1]) if is_positive(response, ordered[0])]
        if ends:
            least = ends[0] if len(ends) == 1 else min(ends, key=lambda g: spread(response, g[0]))
            return _answer(response, least, resolution)
    return Criticality(CriticalStatus.UNSTABLE, parameter, (low, high))


def _range(
    equations: Equations,
    parameter: str,
    between: tuple[float, float] | None,
    fixed: Mapping[str, Any],
) -> tuple[float, float]:
    symbol = scalar_parameter(equations, parameter)
    if parameter in fixed:
        raise UnknownParameterError(
            f"{parameter} is what is searched for: leave {parameter}=... out, or bound it by "
            "between=(low, high)"
        )
    if between is None:
        if symbol.is_nonpositive:
            raise DomainError(f"{parameter} is declared to be negative: give between=(low, high)")
        return RANGE
    low, high = (float(end) for end in between)
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise DomainError(f"between={between} is no range: give (low, high) with low < high")
    return low, high


def _given(
    equations: Equations, parameter: str, ends: tuple[float, float], fixed: Mapping[str, Any]
) -> Given:
    given = bind(equations, {**fixed, parameter: list(ends)})
    if given.shape != (2,) or any(
        given.flat[name].ndim > given.core[name] for name in given.flat if name != parameter
    ):
        raise ShapeError("one critical point at a time: give one value for each parameter")
    return given


def _grid(low: float, high: float) -> np.ndarray:
    """Logarithmic where the range spans more than a factor of ten."""
    return np.geomspace(low, high, GRID) if 0 < 10 * low < high else np.linspace(low, high, GRID)


def _state(
    equations: Equations, given: Given, at: Mapping[str, Any] | Solution | None
) -> np.ndarray:
    system = System(equations, given)
    if isinstance(at, Solution):
        if at.shape:
            raise ShapeError(f"at= is a solution of {at.shape} points: solve at one point")
        at = {name: at.dominant(name) for name in at.unknowns}
    values = dict(at or {})
    state = np.zeros(system.n)
    for unknown, part in zip(equations.unknowns, system.slices, strict=True):
        if unknown.name in values:
            state[part] = _part(unknown, values.pop(unknown.name), state[part].shape)
    if values:
        have = ", ".join(u.name for u in equations.unknowns)
        raise ProblemError(f"there is no unknown {', '.join(values)}: there are {have}")
    return state


def _part(unknown: Expr, value: Any, shape: tuple[int, ...]) -> np.ndarray:
    array = np.asarray(value, dtype=float)
    if array.shape not in ((), shape):
        wanted = f"one number or {shape[0]}" if is_array(unknown) else "one number"
        raise ShapeError(f"{unknown.name} in at= has shape {array.shape}: give {wanted}")
    if not np.isfinite(array).all():
        raise ProblemError(f"{unknown.name} in at= is not finite")
    return np.broadcast_to(array, shape)


def _check_solves(family: Family, grid: np.ndarray) -> None:
    residuals = forms.residuals(family.equations)
    for value in grid[:: GRID // 4]:
        operator = family.at(float(value))
        residual = np.abs(operator.map(residuals))
        where = f"at {family.parameter} = {value:g}"
        if not np.isfinite(residual).all():
            raise NonFiniteError(
                f"the equations are not finite in this state {where}: give between=(low, high), "
                "or another state at=..."
            )
        if (residual > SOLVES * operator.magnitudes(residuals)).any():
            raise ProblemError(
                f"the state does not solve the equations {where}: the residual is "
                f"{float(residual.max()):.3g}. A critical point belongs to a state that stays "
                "where it is, as the paramagnet does without a field: set the field to zero, or "
                "give at=...; spinodal finds where a branch that moves ends"
            )


def _responses(family: Family, grid: np.ndarray) -> Iterator[Response]:
    """The maps whose singularity is sought, the next where one is positive at neither end."""
    equations = family.equations
    if equations.potential is not None:
        yield Response(family, "hessian", 1 if family.imaginary.all() else -1)
    if equations.update:  # unknown - update: positive where small steps of the iteration converge
        forward = replace(equations, residuals=())
        family = Family(forward, family.given, family.parameter, family.state)
    elif equations.potential is not None:
        return
    if _is_symmetric(family, float(grid[GRID // 2])):
        yield Response(family, "jacobian", 1)
        if not equations.update:  # residuals may have been written down with either sign
            yield Response(family, "jacobian", -1)
    elif equations.potential is None:
        raise ProblemError(
            "the Jacobian of the residuals is not symmetric and there is no potential: give "
            "Equations(..., potential=...), or eliminate the conjugate fields first"
        )


def _is_symmetric(family: Family, value: float) -> bool:
    """Whether u J v = v J u for two random vectors."""
    operator = family.at(value)
    u, v = np.random.default_rng(2).normal(size=(2, 1, len(family.state)))
    images = operator.jacobian(u), operator.jacobian(v)
    size = float(np.linalg.norm(v) * np.linalg.norm(images[0]))
    return abs(float(np.sum(v * images[0]) - np.sum(u * images[1]))) <= SYMMETRIC * size


def _answer(response: Response, grid: np.ndarray, resolution: float) -> Criticality:
    parameter, searched = response.family.parameter, (float(grid[0]), float(grid[-1]))
    met = first_zero(response, grid, resolution)
    if met is None:
        return Criticality(CriticalStatus.NONE, parameter, searched)
    full = response.completed(met.value, met.pair.vector)
    full = full / np.linalg.norm(full) * (1 if np.sum(full) >= 0 else -1)
    slope = response.slope(met.value, full)
    doubt = _doubt(response, met, full)
    doubt = max(doubt, 0.0 if met.crosses else resolution * met.pair.scale)
    if not met.crosses and met.pair.value > doubt:
        near = (met.value, met.pair.value)
        return Criticality(CriticalStatus.NONE, parameter, searched, nearest=near)
    status = CriticalStatus.CROSSES if met.crosses else CriticalStatus.TOUCHES
    error = _error(response, met, full, slope, doubt)
    single = met.pair.gap > SEPARATE * met.pair.scale
    change = abs(slope * met.value) if abs(met.value) > error else 0.0
    if not met.pair.resolved:
        status = CriticalStatus.UNRESOLVED
    return Criticality(
        status,
        parameter,
        searched,
        value=met.value,
        error=error,
        mode=_named(response.family, full),
        mode_error=met.pair.vector_error,
        eigenvalue=met.pair.value,
        slope=slope,
        gap=met.pair.gap,
        nearest=None if met.crosses else (met.value, met.pair.value),
        landau=(
            landau(response, met.value, full, change, single)
            if status is CriticalStatus.CROSSES
            else None
        ),
    )


def _doubt(response: Response, met: Met, full: np.ndarray) -> float:
    """Rounding of the lowest eigenvalue, and what the residual of its mode leaves open."""
    pair: Lowest = met.pair
    left = pair.residual
    if pair.resolved and pair.gap > 0:
        left = min(left, pair.residual**2 / pair.gap)
    return ROUNDING * response.rounding(met.value, full) + left


def _error(response: Response, met: Met, full: np.ndarray, slope: float, doubt: float) -> float:
    """The doubt over the slope; at a minimum, how far from it the eigenvalue may be zero."""
    if met.crosses:
        return doubt / abs(slope) + 2 * EPS * abs(met.value)
    step = 1e-4 * abs(met.value)
    ends = [response.slope(met.value + side * step, full) for side in (-1, 1)]
    curvature = abs(ends[1] - ends[0]) / (2 * step)
    return float(np.sqrt(2 * doubt / curvature)) + 2 * EPS * abs(met.value)


def _named(family: Family, full: np.ndarray) -> dict[str, Any]:
    full.flags.writeable = False
    return {
        unknown.name: full[part] if is_array(unknown) else float(full[part][0])
        for unknown, part in zip(family.equations.unknowns, family.system.slices, strict=True)
    }
