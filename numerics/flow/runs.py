"""What an integrator is told, and what it brings back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Runs", "Settings"]


@dataclass(frozen=True)
class Settings:
    """How to integrate."""

    method: str
    rtol: float
    atol: float
    max_steps: int


@dataclass(frozen=True)
class Runs:
    """What an integrator brings back of a batch of trajectories.

    Attributes
    ----------
    states : ndarray (points, times, n)
        nan after the last good point.
    endings : ndarray of int (points)
        An `Ending` each.
    last_times, last_states : ndarray (points), (points, n)
        The last good point.
    evaluations, steps : ndarray of int (points)
        Of the right-hand side, and accepted steps.
    """

    states: np.ndarray
    endings: np.ndarray
    last_times: np.ndarray
    last_states: np.ndarray
    evaluations: np.ndarray
    steps: np.ndarray

    @classmethod
    def empty(cls, starts: np.ndarray, times: np.ndarray) -> Runs:
        points, count = starts.shape
        states = np.full((points, len(times), count), np.nan)
        whole = [np.zeros(points, dtype=int) for _ in range(3)]
        return cls(states, whole[0], np.full(points, times[0]), starts.copy(), *whole[1:])
