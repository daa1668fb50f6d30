"""From starting points to ended iterations: which solver runs from where."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from numerics.problem.errors import ProblemError
from numerics.problem.system import LARGE, System
from numerics.solvers.anderson import AndersonFixedPoint
from numerics.solvers.fixed_point import DampedFixedPoint
from numerics.solvers.loop import Solver, State, iterate
from numerics.solvers.newton import Newton
from numerics.solvers.newton_krylov import NewtonKrylov
from numerics.solvers.roots import apart
from numerics.solvers.starts import DIAGONAL, Starts, given_starts, scan, scatter

__all__ = ["joined_states", "search", "solver_of"]

SCAN_NODES = 65  # odd, so that the middle of a symmetric box is a node
MANY = 8  # unknowns beyond which Newton starts raw from the diagonal of the box only
LARGEST_BATCH = 2**20  # numbers of one starting matrix
SETTLING = DampedFixedPoint(damping=0.5, tol=1e-3, max_steps=20)


def solver_of(method: str | Solver, max_steps: int | None, system: System) -> Solver:
    """The solver that a name stands for; of many unknowns one that forms no matrix.

    Raises
    ------
    ProblemError
        For a name that stands for none.
    """
    if not isinstance(method, str):
        return method
    if method not in ("auto", "newton", "fixed_point"):
        raise ProblemError(
            f"there is no method {method!r}: choose 'auto', 'newton', 'fixed_point', or pass "
            "Newton(...), NewtonKrylov(...), DampedFixedPoint(...) or AndersonFixedPoint(...)"
        )
    kind: Any = DampedFixedPoint
    if method != "fixed_point" and system.n <= LARGE:
        kind = Newton
    elif method != "fixed_point":
        mixes = method == "auto" and system.equations.update
        kind = AndersonFixedPoint if mixes else NewtonKrylov
    return kind() if max_steps is None else kind(max_steps=max_steps)


def search(
    system: System,
    method: str | Solver,
    solver: Solver,
    starts: Starts,
    points: np.ndarray | None = None,
) -> State:
    """Iterate from every start at every batch point, or at some, a block of points at a time."""
    points = np.arange(system.given.points) if points is None else points
    per_point = SCAN_NODES * system.n * (1 if system.n == 1 else 4)
    block = max(LARGEST_BATCH // per_point, 1)
    found = [
        _search_block(system, method, solver, starts, points[k : k + block])
        for k in range(0, len(points), block)
    ]
    return joined_states(found)


def _search_block(
    system: System, method: str | Solver, solver: Solver, starts: Any, rows: np.ndarray
) -> State:
    if starts is not None and not isinstance(starts, int):
        x, rows = given_starts(system, starts, rows)
        return iterate(solver, system, x, rows)
    if system.n == 1 and isinstance(solver, Newton):
        x, rows = scan(system, rows, starts or SCAN_NODES)
        return iterate(solver, system, x, rows)
    x, rows = scatter(system, rows, starts or (64 if system.n <= MANY else 24))
    if method != "auto" or not system.equations.update:
        return iterate(solver, system, x, rows)
    # Newton finds saddles as readily as maxima; settled starts make sure of the attractors.
    ended = iterate(SETTLING, system, x, rows)
    usable = np.isfinite(ended.x).all(axis=1)
    settled = usable.nonzero()[0][apart(ended.x[usable], rows[usable], SETTLING.tol)]
    raw = slice(None) if system.n <= MANY else slice(DIAGONAL * len(np.unique(rows)))
    x = np.concatenate([x[raw], ended.x[settled]])
    return iterate(solver, system, x, np.concatenate([rows[raw], rows[settled]]))


def joined_states(states: list[State]) -> State:
    """The rows of all."""
    if len(states) == 1:
        return states[0]
    names = [f.name for f in fields(states[0])]
    parts = {name: np.concatenate([getattr(s, name) for s in states]) for name in names}
    return replace(states[0], **parts)
