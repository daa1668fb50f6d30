"""All roots that a search finds, and, of one unknown, those that they prove to be missing."""

from __future__ import annotations

import numpy as np

from numerics.problem.roots import Roots, joined
from numerics.problem.status import Status
from numerics.problem.system import LARGE, System
from numerics.solvers.grid import find_on_grid, worth_it
from numerics.solvers.large import find_large
from numerics.solvers.loop import Solver, State, iterate
from numerics.solvers.newton import Newton
from numerics.solvers.roots import distinct, polish
from numerics.solvers.search import search, solver_of
from numerics.solvers.starts import Starts, box, crossings, place

__all__ = ["find"]

ROUNDS = 4  # each closes every gap that is visible at once
MARGIN = 1e-3  # of a gap, kept from either of its ends


def find(
    system: System,
    method: str | Solver = "auto",
    starts: Starts = None,
    tol: float = 1e-10,
    max_steps: int | None = None,
) -> tuple[Roots, State]:
    """Distinct roots, sorted by batch point, and how the iterations ended that led to them."""
    solver = solver_of(method, max_steps, system)
    if system.n > LARGE and not isinstance(solver, Newton):
        return find_large(system, solver, starts, tol)
    if worth_it(system, starts):
        return find_on_grid(system, method, solver, starts, tol)
    ended = search(system, method, solver, starts)
    roots = distinct(polish(system, ended, tol))
    scanned = system.n == 1 and isinstance(solver, Newton)
    if scanned and (starts is None or isinstance(starts, int)):
        roots = _without_gaps(system, roots, tol)
    return roots, ended


def _without_gaps(system: System, roots: Roots, tol: float) -> Roots:
    """A continuous function that leaves one root upwards reaches the next one from above."""
    for _ in range(ROUNDS):
        low, high, rows = _gaps(system, roots)
        if not len(rows):
            break
        crossed, rows = crossings(system, low, high, rows)
        more = polish(system, iterate(Newton(), system, crossed[:, None], rows), tol)
        before, roots = len(roots.x), distinct(joined(roots, more))
        if len(roots.x) == before:
            break
    return roots


def _gaps(system: System, roots: Roots) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Intervals between neighbouring roots, or the ends of the box, that hide a further root.

    The sign of the residual right of a mark must be that left of the next one.
    """
    points = np.arange(system.given.points)
    ends = np.concatenate([place(unit, *box(system, points))[:, 0] for unit in (0.0, 1.0)])
    at_ends = np.sign(system.residual(ends[:, None], np.tile(points, 2))[:, 0])
    slope = np.sign(system.linear(roots.x, roots.rows)[1][:, 0, 0])
    slope[roots.status != Status.CONVERGED] = 0
    x, rows = np.concatenate([ends, roots.x[:, 0]]), np.concatenate([points, points, roots.rows])
    right, left = np.concatenate([at_ends, slope]), np.concatenate([at_ends, -slope])
    order = np.lexsort((x, rows))
    first, second = order[:-1], order[1:]
    hidden = (rows[first] == rows[second]) & (right[first] * left[second] < 0)
    low, high = x[first[hidden]], x[second[hidden]]
    margin = MARGIN * (high - low)
    return low + margin, high - margin, rows[first[hidden]]
