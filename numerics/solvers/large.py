"""Roots of many unknowns: a block of points at a time, so that memory stays that of the roots."""

from __future__ import annotations

import numpy as np

from numerics.problem.roots import Roots, joined
from numerics.problem.system import System
from numerics.solvers.krylov import blocks_of
from numerics.solvers.loop import Solver, State, iterate
from numerics.solvers.roots import distinct, least_of_each
from numerics.solvers.search import joined_states
from numerics.solvers.starts import Starts, few, given_starts
from numerics.solvers.verify import verify

__all__ = ["find_large"]

FEW = 5  # starts, of which three lie on the diagonal of the box
STATES = 6  # vectors that an iteration and its checks hold for each row


def find_large(system: System, solver: Solver, starts: Starts, tol: float) -> tuple[Roots, State]:
    """Distinct roots, sorted by batch point, and the best state that was met at each point."""
    count = FEW if starts is None else starts if isinstance(starts, int) else 1
    vectors = count * (STATES + 2 * getattr(solver, "depth", 0))
    found: list[Roots] = []
    met: list[State] = []
    for part in blocks_of(system.given.points, system.n, vectors):
        points = np.arange(part.start, part.stop)
        if starts is None or isinstance(starts, int):
            x, rows = few(system, points, count)
        else:
            x, rows = given_starts(system, starts, points)
        ended = iterate(solver, system, x, rows)
        found.append(distinct(verify(system, ended, tol)))
        met.append(_best(ended))
    roots = found[0]
    for more in found[1:]:
        roots = joined(roots, more)
    return roots, joined_states(met)


def _best(ended: State) -> State:
    """The row of least residual of each point, without what the solver remembers."""
    size = np.abs(ended.residual).max(axis=1)
    best = least_of_each(ended.rows, np.where(np.isnan(size), np.inf, size))
    none = np.zeros((len(best), 0))
    return State(
        ended.x[best],
        ended.residual[best],
        none[..., None],
        none,
        ended.fraction[best],
        ended.status[best],
        ended.rows[best],
    )
