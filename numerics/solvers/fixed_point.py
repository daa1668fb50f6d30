"""Damped fixed-point iteration."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from numerics.native.iterations import rules
from numerics.problem.status import Status
from numerics.problem.system import System
from numerics.solvers.loop import State

__all__ = ["DampedFixedPoint", "Iterated", "judged", "measured"]

HISTORY = 4  # changes remembered: two ratios over two steps each
CAUTION = 2.0  # a rate that was seen approaches the true one from below


@dataclass(frozen=True)
class Iterated(State):
    """Where a fixed-point iteration stands.

    Attributes
    ----------
    sizes : ndarray (rows, 4)
        The sizes of the last changes, the newest first; nan before there were so many.
    """

    sizes: np.ndarray

    @property
    def gain(self) -> np.ndarray:
        """How far off a state is, in units of its change: 1 / (1 - rate of contraction), doubled.

        The rate is taken over two steps, for an iteration that updates two kinds of unknowns from
        each other shrinks their changes in turn. Infinite where no contraction was seen.
        """
        with np.errstate(all="ignore"):
            ratios = np.sqrt(self.sizes[:, :2] / self.sizes[:, 2:])
            rate = np.where((self.sizes == 0).any(axis=1), np.nan, ratios.max(axis=1))
            return np.where(rate < 1, CAUTION * self.fraction / (1 - rate), np.inf)


@dataclass(frozen=True)
class DampedFixedPoint:
    """Repeat ``x <- x + damping * (update(x) - x)``.

    It finds attractors of the damped map only, and converges linearly; next to a critical point it
    slows down, and ends honestly with `Status.MAX_STEPS`. Where it comes to repeat a cycle it ends
    with `Status.CYCLE`: couplings of mixed sign need more damping.

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

    def start(self, system: System, x: np.ndarray, rows: np.ndarray) -> Iterated:
        """Nothing is known before the first update."""
        count = len(x)
        blank = np.broadcast_to(np.inf, x.shape)
        status = np.full(count, Status.RUNNING)
        sizes = np.full((count, HISTORY), np.nan)
        none = np.zeros((count, 0, 0))
        return Iterated(x, blank, none, blank, np.full(count, self.damping), status, rows, sizes)

    def step(self, system: System, state: Iterated) -> Iterated:
        """One damped update of every row."""
        new = system.update(state.x, state.rows)
        change, size, status = measured(state.x, new, self.tol, self.runaway)
        sizes = np.column_stack([size, state.sizes[:, :-1]])
        status = judged(status, sizes, change, state.direction, self.tol)
        x = new if self.damping == 1 else state.x + self.damping * change
        if (status == Status.NOT_FINITE).any():
            x = np.where((status == Status.NOT_FINITE)[:, None], state.x, x)
        return replace(state, x=x, residual=change, direction=change, status=status, sizes=sizes)


def measured(
    x: np.ndarray, new: np.ndarray, tol: float, runaway: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The change of every row, its size relative to max(1, |x|), and what it says of the row."""
    with np.errstate(all="ignore"):
        change = new - x
        size = rules.relative(change, x).max(axis=1)
        far = (np.abs(x) > runaway).any(axis=1)
    return change, size, rules.fixed_point_status(size, far, tol)


def judged(
    status: np.ndarray, sizes: np.ndarray, change: np.ndarray, before: np.ndarray, tol: float
) -> np.ndarray:
    """The status of rows that repeat a cycle of two states: this change undoes the last one."""
    with np.errstate(all="ignore"):
        steady = rules.is_steady(sizes[:, 0], sizes[:, 1])
    suspects = np.nonzero(steady & (status == Status.RUNNING))[0]
    if suspects.size:
        left = np.abs(change[suspects] + before[suspects]).max(axis=1)
        undone = rules.is_undone(left, sizes[suspects, 0], tol)
        status[suspects[undone]] = Status.CYCLE
    return status
