"""Steps that stay inside: near an open end an unknown moves by factors of its distance from it.

With ``v = -log(b - x)`` a step of x by d is one of v by ``d/(b - x)``, so that
``b - x`` becomes ``(b - x) exp(-d/(b - x))``: no end is reached, and the distance from it keeps its
relative accuracy.  Between two open ends v is the logit.  A closed end stops the step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["DEEPEST", "Intervals"]

DEEPEST = 35.0  # e-foldings of the distance from an end, up to the rounding of a number near one
LARGEST = 4.0  # e-foldings of one step
FARTHEST = 400.0  # from an open end, where there is no other


@dataclass(frozen=True)
class Intervals:
    """The interval of each component of a state, for each point of a batch.

    Attributes
    ----------
    low, high : ndarray (points, n)
        The ends, infinite where there is none.
    open_low, open_high : ndarray of bool (points, n)
        Which of them are singular.
    """

    low: np.ndarray
    high: np.ndarray
    open_low: np.ndarray
    open_high: np.ndarray

    def holds(self, x: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Which states lie inside, at closed ends also on them (rows,)."""
        low, high = self.low[rows], self.high[rows]
        above = np.where(self.open_low[rows], x > low, x >= low)
        below = np.where(self.open_high[rows], x < high, x <= high)
        return np.asarray((above & below).all(axis=1))

    def room(self, x: np.ndarray, rows: np.ndarray, scale: np.ndarray) -> np.ndarray:
        """The distance from open ends, at most a scale."""
        left = np.where(self.open_low[rows], x - self.low[rows], np.inf)
        right = np.where(self.open_high[rows], self.high[rows] - x, np.inf)
        return np.minimum(scale, np.minimum(left, right))

    def moved(self, x: np.ndarray, step: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Where steps lead."""
        low, high = self.low[rows], self.high[rows]
        up, down = self.open_high[rows], self.open_low[rows]
        with np.errstate(all="ignore"):
            left, right = x - low, high - x
            room = np.select([up & down, up, down], [left * right / (left + right), right, left], 1)
            v = np.clip(step / room, -LARGEST, LARGEST)
            rise = np.exp(v)
            both = x + left * right * np.expm1(v) / (right + left * rise)
            inside = np.select(
                [up & down, up, down],
                [both, x - right * np.expm1(-v), x + left * np.expm1(v)],
                x + step,
            )
        return np.where(np.isfinite(step), np.clip(inside, *self._reachable(rows)), np.nan)

    def place(self, unit: np.ndarray, rows: np.ndarray, depth: float = DEEPEST) -> np.ndarray:
        """[0, 1] onto the intervals, geometrically towards open ends; nan where none is open.

        `unit` has the shape (..., 1, n) or (..., rows, n); `depth` is in e-foldings.
        """
        low, high = self.low[rows], self.high[rows]
        down, up = self.open_low[rows], self.open_high[rows]
        first, last = self._reachable(rows)
        below, above = np.exp(-depth * (1 - unit)), np.exp(-depth * unit)
        with np.errstate(all="ignore"):
            width = high - low
            bounded = np.isfinite(width)
            odds = np.exp(depth * (2 * unit - 1))
            found = np.select(
                [down & up & bounded, up & bounded, down & bounded, up, down],
                [
                    low + width * odds / (1 + odds),
                    high - width * above,
                    low + width * below,
                    high - FARTHEST * above,
                    low + FARTHEST * below,
                ],
                np.nan,
            )
            return np.asarray(np.clip(found, first, last))

    def _reachable(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The ends themselves where they are closed, else the numbers next to them."""
        low, high = self.low[rows], self.high[rows]
        first = np.where(self.open_low[rows], np.nextafter(low, np.inf), low)
        return first, np.where(self.open_high[rows], np.nextafter(high, -np.inf), high)
