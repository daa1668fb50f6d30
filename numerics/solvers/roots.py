"""From ended iterations to distinct roots, each with an error estimate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np

from numerics.problem.roots import Roots
from numerics.problem.status import Status
from numerics.problem.system import System
from numerics.solvers.loop import State
from numerics.solvers.newton import newton_direction

__all__ = ["apart", "distinct", "leaders", "least_of_each", "polish", "polish_from", "reach"]

EPS = np.finfo(float).eps
NOISE = 2 * EPS  # of a residual, relative to the magnitudes of its terms
ACCEPT = 64 * EPS  # a residual below this, in the same measure, is zero
ENOUGH = 3 * EPS  # of a residual, in that measure: another step would find its own rounding
MEETING = 1e-12  # polished states this close, relative to max(1, |x|), have met
ORIGIN = 1.0  # nearer to zero a root is found absolutely: there all terms may vanish with it
UNDERFLOW = 1e-150
POLISHING_STEPS = 60


def polish(system: System, state: State, tol: float) -> Roots:
    """Newton steps to the rounding floor; what then is no zero within rounding is dropped.

    Parameters
    ----------
    system : System
        The equations.
    state : State
        Ended iterations. One that stalled or ran out of steps may have done so at the rounding
        floor of a singular root; short of it, running out of steps is a failure.
    tol : float
        An error estimate below this, relative to max(1, |x|), counts as converged.
    """
    ended_near = (Status.CONVERGED, Status.STALLED, Status.MAX_STEPS)
    usable = np.isfinite(state.x).all(axis=1) & np.isin(state.status, ended_near)
    status = state.status[usable]
    at = _At.of(system, state.x[usable], state.rows[usable])
    at = at.take((status != Status.MAX_STEPS) | (at.size <= ACCEPT))
    return _with_errors(system, _lowered(system, at), tol)


def polish_from(system: System, x: np.ndarray, rows: np.ndarray, tol: float) -> Roots:
    """The same from starts that are near to roots already: steps end at a few roundings."""
    return _with_errors(system, _lowered(system, _At.of(system, x, rows), ENOUGH), tol)


@dataclass(frozen=True)
class _At:
    """States, residuals and Jacobians there, the magnitudes of terms, and relative residuals."""

    x: np.ndarray
    rows: np.ndarray
    residual: np.ndarray
    jacobian: np.ndarray
    terms: np.ndarray
    size: np.ndarray

    @classmethod
    def of(cls, system: System, x: np.ndarray, rows: np.ndarray) -> _At:
        """Evaluate; the size is the largest residual in units of what cancels in it."""
        n = system.n
        if not len(x):
            blank = np.zeros((0, n))
            return cls(x, rows, blank, np.zeros((0, n, n)), blank, np.zeros(0))
        residual, jacobian, terms = system.linear_and_magnitude(x, rows)
        with np.errstate(all="ignore"):
            ratio = np.abs(residual) / _magnitude(x, jacobian, terms, ORIGIN)
        size = np.where(residual == 0, 0.0, np.where(np.isnan(ratio), np.inf, ratio))
        return cls(x.copy(), rows, residual, jacobian, terms, size.max(axis=1))

    def take(self, where: np.ndarray) -> _At:
        """Some of the rows."""
        return _At(**{f.name: getattr(self, f.name)[where] for f in fields(self)})

    def put(self, where: np.ndarray, part: _At) -> None:
        """Write rows back."""
        for f in fields(self):
            getattr(self, f.name)[where] = getattr(part, f.name)


def _lowered(system: System, at: _At, enough: float = 0.0) -> _At:
    """Newton steps while they lower the residual; what then is no zero is dropped."""
    active = np.nonzero(at.size > enough)[0] if enough else np.arange(len(at.x))
    for _ in range(POLISHING_STEPS):
        if not active.size:
            break
        here = at.take(active)
        step = newton_direction(here.residual, here.jacobian)
        trial = _At.of(system, system.moved(here.x, step, here.rows), here.rows)
        better = trial.size < here.size
        at.put(active[better], trial.take(better))
        active = active[better & (trial.size > enough)] if enough else active[better]
    tiny = ((np.abs(at.x) < UNDERFLOW) & (at.x != 0)).any(axis=1)
    if tiny.any():  # a root at zero is approached until the numbers end
        x = np.where(np.abs(at.x) < UNDERFLOW, 0.0, at.x)[tiny]
        size = at.size[tiny]
        there = _At.of(system, x, at.rows[tiny])
        at.put(np.nonzero(tiny)[0], replace(there, size=size))
    zero = np.nonzero(at.size <= ACCEPT)[0]
    # Starts that met at one root are one row from here on: an error estimate costs a decomposition.
    met = MEETING * np.maximum(1, np.abs(at.x[zero]).max(axis=1, initial=0))
    return at.take(zero[leaders(at.x[zero], at.rows[zero], at.size[zero], met)])


def _magnitude(
    x: np.ndarray, jacobian: np.ndarray, terms: np.ndarray, least: float = 0.0
) -> np.ndarray:
    """What the rounding of a residual follows: its terms, and its change per ulp of x."""
    with np.errstate(all="ignore"):
        moved = np.abs(jacobian) @ np.maximum(np.abs(x), least)[..., None]
    return np.asarray(terms + moved[..., 0])


def _with_errors(system: System, at: _At, tol: float) -> Roots:
    x, rows, residual, jacobian = at.x, at.rows, at.residual, at.jacobian
    if not len(x):
        none = np.zeros(0)
        return Roots(x, rows, none, none, x, none.astype(int))
    noise = np.abs(residual) + NOISE * _magnitude(x, jacobian, at.terms)
    inverse, weakest, partner = _decomposed(jacobian)
    with np.errstate(all="ignore"):
        error = (np.abs(inverse) @ noise[..., None])[..., 0].max(axis=1)
    scale = np.maximum(1, np.abs(x).max(axis=1))
    doubtful = ~(error <= 1e-9 * scale)
    if doubtful.any():
        there = rows[doubtful]

        def judge(state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            residual, jacobian, terms = system.linear_and_magnitude(state, there)
            return residual, 2 * NOISE * _magnitude(state, jacobian, terms)

        error[doubtful] = reach(judge, *(part[doubtful] for part in (x, weakest, partner)))
    status = np.where(error <= tol * scale, Status.CONVERGED, Status.MARGINAL)
    return Roots(x, rows, np.abs(residual).max(axis=1), error, weakest, status)


def _decomposed(jacobian: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The inverse, and the directions right and left that belong to the least singular value."""
    with np.errstate(all="ignore"):
        if jacobian.shape[1] == 1:
            ones = np.ones((len(jacobian), 1))
            return 1 / jacobian, ones, ones
        left, values, right = np.linalg.svd(jacobian)
        inverse = np.swapaxes(right, 1, 2) / values[:, None, :] @ np.swapaxes(left, 1, 2)
        return inverse, right[:, -1], left[:, :, -1]


def reach(
    judge: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
    x: np.ndarray,
    weakest: np.ndarray,
    partner: np.ndarray,
) -> np.ndarray:
    """How far along the weakest direction the residual stays zero within rounding.

    Where the Jacobian is nearly singular its inverse says nothing, and this does: the cubic root of
    m = tanh(m) is known to the square root of the rounding error only. `judge` gives the residual
    at states, and the size below which it is zero.
    """
    found = np.zeros(len(x))
    for power in range(-52, 2):
        radius = 2.0**power * np.maximum(1, np.abs(x).max(axis=1))
        inside = np.zeros(len(x), dtype=bool)
        for side in (-1, 1):
            residual, floor = judge(x + side * radius[:, None] * weakest)
            along = np.abs((partner * residual).sum(axis=1))
            inside |= along <= (np.abs(partner) * floor).sum(axis=1)
        found = np.where(inside, 2 * radius, found)
    return found


def distinct(roots: Roots) -> Roots:
    """One row per root: rows closer than their error estimates are the same root.

    The row of least residual stands for them, of equal ones the smallest. Sorted by batch point,
    then by the components in their order.
    """
    roots = roots.take(leaders(roots.x, roots.rows, roots.residual, 4 * roots.error))
    if one_for_each(roots.rows):
        return roots
    keys = tuple(np.round(column, 8) for column in roots.x.T[::-1])
    return roots.take(np.lexsort((*keys, roots.rows)))


def apart(x: np.ndarray, rows: np.ndarray, distance: float) -> np.ndarray:
    """Positions of states that are further than a distance apart, one for each cluster."""
    return leaders(x, rows, np.zeros(len(x)), np.full(len(x), distance / 2))


def leaders(x: np.ndarray, rows: np.ndarray, residual: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Positions of one row for each cluster of rows within reach of each other at one point."""
    if one_for_each(rows):
        return np.arange(len(rows))
    order = np.lexsort((np.abs(x).max(axis=1, initial=0), residual, rows))
    found: list[np.ndarray] = []
    while order.size:
        points, first = np.unique(rows[order], return_index=True)
        leader = order[first]
        found.append(leader)
        own = leader[np.searchsorted(points, rows[order])]
        apart = np.abs(x[order] - x[own]).max(axis=1)
        order = order[apart > reach[order] + reach[own]]
    return np.concatenate(found) if found else order


def least_of_each(rows: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Positions of the smallest row of each batch point, in the order of the points."""
    if one_for_each(rows):
        return np.arange(len(rows))
    order = np.lexsort((size, rows))
    return order[np.unique(rows[order], return_index=True)[1]]


def one_for_each(rows: np.ndarray) -> bool:
    """Whether no batch point has several rows, and they stand in the order of the points."""
    return bool((rows[1:] > rows[:-1]).all())
