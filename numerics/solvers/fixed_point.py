"""Damped fixed-point iteration."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from numerics.problem.status import Status
from numerics.problem.system import System
from numerics.solvers.loop import State

__all__ = ["DampedFixedPoint"]


@dataclass(frozen=True)
class DampedFixedPoint:
    """Repeat ``x <- x + damping * (update(x) - x)``.

    It finds attractors of the damped map only, and converges linearly; next to a critical point it
    slows down, and ends honestly with `Status.MAX_STEPS`.

    Parameters
    ----------
    damping : float
        The fraction of each update that is taken, in (0, 1].
    tol : float
        The change, relative to max(1, |x|), below which a row has converged.
    max_steps : int
        Steps allowed.
    runaway : float
        A component beyond this has diverged.

    Examples
    --------
    >>> from numerics.solvers import DampedFixedPoint
    >>> DampedFixedPoint(damping=0.5).damping
    0.5
    """

    damping: float = 1.0
    tol: float = 1e-12
    max_steps: int = 2000
    runaway: float = 1e12

    def __post_init__(self) -> None:
        if not 0 < self.damping <= 1:
            raise ValueError(f"damping is {self.damping}: choose it in (0, 1]")

    def start(self, system: System, x: np.ndarray, rows: np.ndarray) -> State:
        """Nothing is known before the first update."""
        blank = np.full_like(x, np.inf)
        status = np.full(len(x), Status.RUNNING)
        none = np.zeros((len(x), 0, 0))
        return State(x.copy(), blank, none, blank, np.full(len(x), self.damping), status, rows)

    def step(self, system: System, state: State) -> State:
        """One damped update of every row."""
        change = system.update(state.x, state.rows) - state.x
        finite = np.isfinite(change).all(axis=1)
        x = np.where(finite[:, None], state.x + self.damping * change, state.x)
        scale = np.maximum(1, np.abs(state.x))
        small = (np.abs(change) <= self.tol * scale).all(axis=1)
        status = np.select(
            [~finite, (np.abs(x) > self.runaway).any(axis=1), small],
            [Status.NOT_FINITE, Status.DIVERGED, Status.CONVERGED],
            Status.RUNNING,
        )
        return replace(state, x=x, residual=-change, direction=change, status=status)
