"""Integrals over a line of integrands with steps: the steps are located, and each piece integrated.

A difference between two points that halving the interval leaves as it is belongs to a step.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import mpmath
from mpmath import mp

__all__ = ["jumps", "log_piecewise_integral"]

LogIntegrand = Callable[[Any], tuple[Any, Any]]  # y -> (exponent, factor)
CELLS = 30
REACH = 12  # steps further out belong to integrands that are negligible there
OFF_GRID = mpmath.mpf(1) / 61
LEVELS = 5
MOST_STEPS = 8


def jumps(integrand: LogIntegrand, reach: Any = REACH) -> list[Any]:
    """The points, within reach of zero, where exponent or factor is discontinuous."""
    points = [OFF_GRID + reach * mpmath.mpf(k) / CELLS for k in range(-CELLS, CELLS + 1)]
    parabola = _through(points[:3], [integrand(y)[0] for y in points[:3]])

    def without_parabola(y: Any) -> tuple[Any, Any]:
        exponent, factor = integrand(y)
        return exponent - parabola(y), factor

    residual: LogIntegrand = without_parabola
    values = [residual(y) for y in points]
    small = mp.eps * 1e8 * (1 + max(abs(parabola(y)) for y in points))
    cells = [k for k in range(2 * CELLS) if _gap(values[k], values[k + 1]) > small]
    if len(cells) > MOST_STEPS:  # the exponent is no parabola between its steps
        residual, values, small = integrand, [integrand(y) for y in points], mpmath.mpf(0)
        cells = list(range(2 * CELLS))
    found = []
    for k in cells:
        ends = points[k], points[k + 1], values[k], values[k + 1]
        found.extend(_between(residual, *ends, small))
    return found


def _through(points: list[Any], values: list[Any]) -> Callable[[Any], Any]:
    """The parabola through three points of an even grid."""
    middle, step = points[1], points[1] - points[0]
    slope, bend = (values[2] - values[0]) / 2, (values[2] + values[0] - 2 * values[1]) / 2
    return lambda y: values[1] + ((y - middle) / step) * (slope + bend * (y - middle) / step)


def _gap(a: tuple[Any, Any], b: tuple[Any, Any]) -> Any:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _between(
    integrand: LogIntegrand, left: Any, right: Any, low: Any, high: Any, small: Any
) -> list[Any]:
    """Halve towards the larger gap, as long as it does not shrink with the interval."""
    first = _gap(low, high)
    level = 0
    while right - left > mp.eps * (1 + abs(left)) * 4:
        if _gap(low, high) <= small:
            return []
        middle = (left + right) / 2
        at = integrand(middle)
        if _gap(low, at) > _gap(at, high):
            right, high = middle, at
        else:
            left, low = middle, at
        level += 1
        if level >= LEVELS and _gap(low, high) < first * mpmath.mpf(2) ** (2 - level):
            return []
    # a cell around an extremum has nearly equal ends, and a gap that grows at first
    scale = 1 + abs(low[0]) + abs(low[1])
    return [(left + right) / 2] if _gap(low, high) > mp.eps * 1e6 * scale else []


def log_piecewise_integral(
    integrand: LogIntegrand, at: list[Any], lower: Any, upper: Any
) -> tuple[Any, Any]:
    """int exp(exponent) * factor as (c, I), piece by piece as far as the integrand reaches."""
    ends = _ends(integrand, at, lower, upper)
    middles = [(a + b) / 2 for a, b in itertools.pairwise(ends)]
    top = max(mpmath.re(integrand(y)[0]) for y in (*ends, *middles))
    total = mpmath.mpf(0)
    for left, right in itertools.pairwise(ends):
        piece = _parabola(integrand, left, right) or integrand

        def value(y: Any, piece: LogIntegrand = piece) -> Any:
            exponent, factor = piece(y)
            return mpmath.exp(exponent - top) * factor if factor != 0 else mpmath.mpf(0)

        total += mpmath.quadgl(value, [left, (left + right) / 2, right])
    return top, total


def _parabola(integrand: LogIntegrand, left: Any, right: Any) -> LogIntegrand | None:
    """A piece with a quadratic exponent and a constant factor, from three of its points."""
    middle, half = (left + right) / 2, (right - left) / 3
    points = [middle - half, middle, middle + half]
    values = [integrand(y) for y in points]
    curve, factor = _through(points, [exponent for exponent, _ in values]), values[1][1]
    for t in map(mpmath.mpf, ("-1.4", "-0.6", "0.3", "1.2")):
        exponent, own = integrand(middle + t * half)
        close = abs(exponent - curve(middle + t * half)) < mp.eps * 1e6 * (1 + abs(exponent))
        if own != factor or not close:
            return None
    return lambda y: (curve(y), factor)


def _ends(integrand: LogIntegrand, at: list[Any], lower: Any, upper: Any) -> list[Any]:
    grid = [mpmath.sinh(mpmath.mpf(k) / 4 + OFF_GRID) for k in range(-24, 25)]
    heights = [(mpmath.re(integrand(y)[0]), y) for y in grid if lower < y < upper]
    floor = max(height for height, _ in heights) - (mp.dps + 4) * mpmath.log(10)
    reach = [y for height, y in heights if height > floor]
    low, high = max(min(reach) - 1, lower), min(max(reach) + 1, upper)
    low, high = (_further(integrand, e, s, floor) for e, s in ((low, -1), (high, 1)))
    inside = [y for y in at if low < y < high]
    return sorted({max(low, lower), *inside, min(high, upper)})


def _further(integrand: LogIntegrand, end: Any, side: int, floor: Any) -> Any:
    while mpmath.re(integrand(end)[0]) > floor:
        end += 2 * side
    return end
