"""The one iteration loop: solvers are settings and a pure step, converged rows leave the batch."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Protocol, Self

import numpy as np

from numerics.problem.status import Status
from numerics.problem.system import System

__all__ = ["Solver", "State", "iterate", "stepped"]


@dataclass(frozen=True)
class State:
    """Where each row of the batch stands.

    Attributes
    ----------
    x : ndarray (rows, n)
        The best state so far.
    residual : ndarray (rows, n)
        The residual there; for a fixed-point iteration, update minus state, one step ago.
    jacobian : ndarray (rows, n, n)
        Its Jacobian there; empty for an iteration that uses none.
    direction : ndarray (rows, n)
        The step to try next.
    fraction : ndarray (rows,)
        How much of it to take.
    status : ndarray (rows,)
        `Status.RUNNING` until the row leaves the batch.
    rows : ndarray (rows,)
        The batch point of each row.
    """

    x: np.ndarray
    residual: np.ndarray
    jacobian: np.ndarray
    direction: np.ndarray
    fraction: np.ndarray
    status: np.ndarray
    rows: np.ndarray

    def take(self, mask: np.ndarray) -> Self:
        """The rows where the mask holds."""
        return replace(self, **{f.name: getattr(self, f.name)[mask] for f in fields(self)})

    def put(self, where: np.ndarray, part: Self) -> None:
        """Write rows back."""
        for f in fields(self):
            getattr(self, f.name)[where] = getattr(part, f.name)


class Solver(Protocol):
    """Settings, a first state and a pure step."""

    @property
    def max_steps(self) -> int:
        """Steps allowed."""

    def start(self, system: System, x: np.ndarray, rows: np.ndarray) -> Any:
        """The state before the first step."""

    def step(self, system: System, state: Any) -> Any:
        """The state after one more step; rows that are done carry their status."""


def iterate(solver: Solver, system: System, x: np.ndarray, rows: np.ndarray) -> Any:
    """Step until every row has left the batch, or the steps are used up.

    For a system that is compiled to machine code this happens in there where it can, by the same
    rules.

    Parameters
    ----------
    solver : Solver
        Settings and step.
    system : System
        The equations at given parameters.
    x : ndarray (rows, n)
        Starting points.
    rows : ndarray (rows,)
        The batch point of each.

    Returns
    -------
    State, or what the solver makes of it
        Of all rows, none of them `Status.RUNNING`.
    """
    if system.backend != "numpy":
        from numerics.solvers import compiled  # which needs numba

        if compiled.serves(solver, system):
            return compiled.iterated(solver, system, x, rows)
    return stepped(solver, system, x, rows)


def stepped(solver: Solver, system: System, x: np.ndarray, rows: np.ndarray) -> Any:
    """The same, a step of all rows at a time."""
    state = solver.start(system, x, rows)
    final = replace(state, **{f.name: getattr(state, f.name).copy() for f in fields(state)})
    active = np.arange(len(x))
    for _ in range(solver.max_steps):
        running = state.status == Status.RUNNING
        if not running.all():
            final.put(active[~running], state.take(~running))
            active, state = active[running], state.take(running)
        if not active.size:
            return final
        state = solver.step(system, state)
    final.put(active, state)
    final.status[final.status == Status.RUNNING] = Status.MAX_STEPS
    return final
