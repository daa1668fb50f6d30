"""Where a kernel is tried: random, evenly spread, at corners, and near the worst found so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product

import numpy as np

from numerics.errors import NumericsError

__all__ = ["Box", "Search", "box", "spread"]

CORNERS = 64
RESTARTS, FIRST_STEP, SHRINK = 4, 0.05, 8.0
SMALLEST = 1e-17  # of the width of a range that holds zero: how near to zero points come


@dataclass(frozen=True)
class Box:
    """Ranges of the scalars that vary; `whole` marks those that take integers only."""

    low: tuple[float, ...]
    high: tuple[float, ...]
    whole: tuple[bool, ...]

    def at(self, unit: np.ndarray, signed: np.ndarray) -> np.ndarray:
        """Points of the box from points of the unit cube, a row each.

        A positive range over a decade or more is logarithmic; where `signed`, a range that holds
        zero is logarithmic on both sides of it.
        """
        columns = [
            _column(unit[:, k], low, high, signed)
            for k, (low, high) in enumerate(zip(self.low, self.high, strict=True))
        ]
        return self.inside(np.stack(columns, axis=1) if columns else np.empty((len(unit), 0)))

    def inside(self, points: np.ndarray) -> np.ndarray:
        """The points moved into the box, integers rounded."""
        clipped = np.clip(points, self.low, self.high)
        return np.where(self.whole, np.round(clipped), clipped)


def box(ranges: Mapping[str, tuple[float, float]], whole: Sequence[bool]) -> Box:
    """A box from the ranges of each scalar.

    Raises
    ------
    NumericsError
        If a range is empty or not finite.
    """
    for name, (low, high) in ranges.items():
        if not (np.isfinite(low) and np.isfinite(high) and low < high):
            raise NumericsError(f"the range ({low}, {high}) of {name} is empty or not finite")
    return Box(
        tuple(low for low, _ in ranges.values()),
        tuple(high for _, high in ranges.values()),
        tuple(whole),
    )


def _column(unit: np.ndarray, low: float, high: float, signed: np.ndarray) -> np.ndarray:
    if low > 0 and high >= 10 * low:
        return low * (high / low) ** unit
    if high < 0 and low <= 10 * high:
        return high * (low / high) ** unit
    plain = low + (high - low) * unit
    if not low < 0 < high:
        return plain
    side = np.where(unit < 0.5, low, high)
    distance = np.abs(2 * unit - 1)
    return np.where(signed, side * SMALLEST ** (1 - distance), plain)


def spread(where: Box, count: int, rng: np.random.Generator) -> np.ndarray:
    """Corners, a low-discrepancy sequence and random points, together about `count`.

    Of a box in no dimensions, its one point.
    """
    size = len(where.low)
    if size == 0:
        return np.empty((1, 0))
    corners = np.array(list(islice(product((0.0, 1.0), repeat=size), CORNERS))).reshape(-1, size)
    left = max(count - len(corners), 2)
    unit = np.concatenate(
        [corners, _even(left // 2, size, rng.random(size)), rng.random((left - left // 2, size))]
    )
    signed = np.arange(len(unit)) % 2 == 1
    signed[: len(corners)] = False
    return where.at(unit, signed)


def _even(count: int, size: int, start: np.ndarray) -> np.ndarray:
    """Additive recurrence by the generalised golden ratio, x**(d+1) = x + 1 (M. Roberts, 2018)."""
    ratio = 2.0
    for _ in range(40):
        ratio = (1 + ratio) ** (1 / (size + 1))
    steps = ratio ** -np.arange(1.0, size + 1)
    return (start + np.arange(1, count + 1)[:, None] * steps) % 1


class Search:
    """A search for the largest error: pattern steps and random ones around the worst points.

    Rounding errors are noise on the scale of an ulp and trends on larger ones, so that steps are
    relative, from an ulp to a tenth.  A step that made things worse is shortened, one that made
    them better is repeated twice as long.
    """

    def __init__(self, where: Box, rng: np.random.Generator) -> None:
        self.where, self.rng = where, rng
        self.steps: dict[bytes, float] = {}

    def next(self, found: Sequence[tuple[float, np.ndarray]]) -> np.ndarray:
        """Points to try, from all points tried so far with their errors."""
        worst = sorted(found, key=lambda pair: -pair[0])[:RESTARTS]
        points = [point for _, point in worst]
        return np.concatenate([self._pattern(p) for p in points] + [self.nearby(points)])

    def _pattern(self, point: np.ndarray) -> np.ndarray:
        """Both ways along one coordinate, or along all of them."""
        key = point.tobytes()
        step = self.steps[key] = self.steps.get(key, FIRST_STEP * SHRINK) / SHRINK
        size = len(point)
        direction = (
            np.ones(size) if self.rng.random() < 0.3 else np.eye(size)[self.rng.integers(size)]
        )
        tried = self.where.inside(point * (1 + np.array([[step], [-step]]) * direction))
        for other in tried:
            self.steps.setdefault(other.tobytes(), 2 * step * SHRINK)
        return tried

    def nearby(self, points: Sequence[np.ndarray], each: int = 2) -> np.ndarray:
        """Points around given ones, at relative distances from an ulp to a tenth."""
        repeated = np.repeat(np.asarray(points), each, axis=0)
        scale = 10.0 ** self.rng.uniform(-15, -1, size=(len(repeated), 1))
        moved = self.rng.random(repeated.shape) < 0.7
        noise = self.rng.standard_normal(repeated.shape)
        return self.where.inside(repeated * (1 + moved * scale * noise))
