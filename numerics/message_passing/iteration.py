"""The loop of a message-passing iteration: until it settles, with the best point met."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.errors import DomainError, NonFiniteError, PrecisionError
from numerics.problem.status import Status

__all__ = ["Iterated", "check_settings", "iterated", "root_mean_square"]

State = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Iterated:
    """Where an iteration ended.

    Attributes
    ----------
    state : tuple of ndarray
        The last one if it converged, else that of the smallest change.
    status : Status
        `CONVERGED`, `MAX_STEPS` or `NOT_FINITE`.
    changes : ndarray (steps)
        How far each step moved the first array of the state, relative to `scale`.
    """

    state: State
    status: Status
    changes: np.ndarray


def iterated(
    step: Callable[[State], State],
    state: State,
    scale: float,
    tolerance: float,
    max_steps: int,
    see: Callable[[State], Any] = lambda state: None,
) -> Iterated:
    """Repeat a step until the first array moves by less than `tolerance` times `scale`.

    Parameters
    ----------
    step : callable
        From state to state.
    state : tuple of ndarray
        The start.
    scale : float
        The size of the first array, in whose units changes are measured.
    tolerance : float
        Of a step's change, root mean square.
    max_steps : int
        How many at most.
    see : callable
        Shown every new state.
    """
    changes: list[float] = []
    best, smallest = state, np.inf
    status = Status.MAX_STEPS
    for _ in range(max_steps):
        try:
            new = step(state)
        except (NonFiniteError, PrecisionError):
            status = Status.NOT_FINITE
            break
        change = root_mean_square(new[0] - state[0]) / scale
        if not np.isfinite(change):
            status = Status.NOT_FINITE
            break
        changes.append(change)
        state = new
        see(state)
        if change < smallest:
            best, smallest = state, change
        if change <= tolerance:
            status = Status.CONVERGED
            break
    return Iterated(best, status, np.array(changes))


def root_mean_square(x: np.ndarray) -> float:
    """The root of the mean square."""
    return float(np.sqrt(np.mean(np.square(x))))


def check_settings(tolerance: Any, damping: Any = 0.0) -> None:
    """Refuse settings with which no iteration can end, or move."""
    if not 0 <= damping < 1:
        raise DomainError(f"damping={damping}: give the share of the old state, from 0 to below 1")
    if not tolerance > 0:
        raise DomainError(f"tolerance={tolerance}: give a positive number")
