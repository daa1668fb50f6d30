"""The average of a function over one standard normal variable, to the working precision of mpmath.

The mass is located on a logarithmic scale.  An analytic integrand that varies slowly is left to the
trapezoid rule; else the line is cut where the integrand is not analytic and graded towards where it
varies fast.  The pieces are integrated by Gauss-Legendre rules of doubled order, singular ends by
the tanh-sinh rule, and pieces on which these do not settle are halved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

import mpmath
from mpmath import mp

from derive.errors import MoveError, UnboundedError

__all__ = ["line_average"]

FAR = (7, 10, 14)  # the scan reaches sinh(7) = 548, then more if the integrand still grows
STEPS = 4  # of the scan, per unit
GRADE = 8  # ratio of the lengths of neighbouring pieces
ORDERS = (12, 24, 48)
HOPELESS = 10**12  # as logarithm of what still grows at the ends of the scan
HALVINGS = 60
COARSE = 40  # bits of the scan
NUDGE = mpmath.ldexp(mpmath.mpf(1), -30)
Line = Callable[[Any], Any]


def line_average(function: Line, cuts: Sequence[Any], near: Iterable[tuple[Any, Any]]) -> Any:
    """int Dx function(x).

    Parameters
    ----------
    function : callable
        Of a number.
    cuts : sequence of number
        Where it is not analytic; those that are not real or not finite are left out.
    near : iterable of (number, number)
        Where it varies fast, and over which width.

    Raises
    ------
    UnboundedError
        If the integrand does not fall off.
    MoveError
        If the digits are not reached.
    """
    norm = 1 / mpmath.sqrt(2 * mp.pi)

    def integrand(x: Any) -> Any:
        return function(x) * (norm * mpmath.exp(-x * x / 2))

    cuts = [point for point in cuts if _is_point(point)]
    near = [(at, width) for at, width in near if _is_point(at) and _is_point(width) and width > 0]
    known = [*cuts, *(at for at, _ in near)]
    full, depth = mp.prec, (mp.prec + 8) * mpmath.log(2)
    with mp.workprec(COARSE):
        rough = _without_cancelling(integrand, full)
        line, heights = _scan(rough, known)
        if max(heights) == -mpmath.inf:
            return mpmath.mpf(0)
        peak, top, width = _peak(rough, line, heights)
        left, right = _window(rough, line, heights, top - depth)
    inside = [cut for cut in cuts if left <= cut <= right]
    scale = mpmath.exp(top)
    near = [(peak, width), *((at, width) for at, width in near if left < at < right)]
    if not inside and min(width for _, width in near) > (right - left) / 100:
        found = _trapezoid(integrand, left, right, scale)
        if found is not None:
            return found
    points = {left, right, *inside}
    points.update(point for at, width in near for point in _graded(at, width, left, right))
    ordered = sorted(points)
    pieces = pairwise(ordered)
    return mpmath.fsum(_piece(integrand, a, b, scale, set(inside)) for a, b in pieces)


def _without_cancelling(integrand: Line, prec: int) -> Line:
    """The integrand, to full precision where it cancels in less: log(1 - x) at small x."""

    def value(x: Any) -> Any:
        if found := integrand(x):
            return found
        with mp.workprec(prec):
            return integrand(x)

    return value


def _scan(integrand: Line, known: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Points on the line and the logarithm of the integrand there, as far as it grows."""
    heights: dict[Any, Any] = {}
    for far in FAR:
        steps = far * STEPS
        grid = {mpmath.sinh(mpmath.mpf(k) / STEPS) for k in range(-steps, steps + 1)}
        grid |= {at for at in known if abs(at) < max(grid)}
        heights.update({x: _height(integrand, x) for x in grid if x not in heights})
        line = sorted(heights)
        ends, top = max(heights[line[0]], heights[line[-1]]), max(heights.values())
        if ends < top or ends > HOPELESS:
            break
    return line, [heights[x] for x in line]


def _is_point(x: Any) -> bool:
    return bool(isinstance(x, mpmath.mpf | int | float) and mpmath.isfinite(x))


def _height(integrand: Line, x: Any) -> Any:
    """The logarithm of the modulus; beside the point if it is singular there."""
    size = abs(integrand(x))
    if not mpmath.isfinite(size):
        size = abs(integrand(x + NUDGE * (1 + abs(x))))
    return mpmath.log(size) if size else -mpmath.inf


def _peak(integrand: Line, line: list[Any], heights: list[Any]) -> tuple[Any, Any, Any]:
    """Where the integrand is largest, its logarithm there, and over which width it falls."""
    k = heights.index(max(heights))
    if k in (0, len(line) - 1):
        raise _diverges(line[k])
    low, at, high, top = line[k - 1], line[k], line[k + 1], heights[k]
    for _ in range(4 * mp.prec):
        left, right = (low + at) / 2, (at + high) / 2
        beside = _height(integrand, left), _height(integrand, right)
        if max(beside) <= top:
            low, high = left, right
            if max(beside) > top - 1:
                break
        elif beside[0] > beside[1]:
            at, high, top = left, at, beside[0]
        else:
            low, at, top = at, right, beside[1]
        if high - low < NUDGE * (1 + abs(at)):
            break
    return at, top, high - low


def _window(integrand: Line, line: list[Any], heights: list[Any], least: Any) -> tuple[Any, Any]:
    """Beyond which the integrand is negligible."""
    inside = [k for k, height in enumerate(heights) if height > least]
    inside = inside or [heights.index(max(heights))]  # narrower than the scan
    first, last = inside[0], inside[-1]
    if first == 0 or last == len(line) - 1:
        raise _diverges(line[0 if first == 0 else -1])
    ends = []
    for near, far in ((line[first], line[first - 1]), (line[last], line[last + 1])):
        for _ in range(3):
            middle = (near + far) / 2
            near, far = (middle, far) if _height(integrand, middle) > least else (near, middle)
        ends.append(far)
    return ends[0], ends[1]


def _diverges(x: Any) -> UnboundedError:
    side = "+" if x > 0 else "-"
    return UnboundedError(
        f"the Gaussian average diverges: towards {side}infinity its integrand does not fall off"
    )


def _trapezoid(integrand: Line, left: Any, right: Any, scale: Any) -> Any:
    """The trapezoid rule, halved until it settles; None if it does not.

    For an analytic integrand halving squares the error, so that the last difference is the error of
    the rule before.
    """
    count = 24
    step = (right - left) / count
    total = mpmath.fsum(integrand(left + k * step) for k in range(1, count)) * step
    for _ in range(5):
        middle = mpmath.fsum(integrand(left + (k + 0.5) * step) for k in range(count)) * step
        found, last = (total + middle) / 2, total
        if abs(found - last) <= mpmath.ldexp(scale, -mp.prec // 2 - 6):
            return found
        total, step, count = found, step / 2, 2 * count
    return None


def _graded(at: Any, width: Any, left: Any, right: Any) -> list[Any]:
    """Points around a place, at distances that grow from a width to the ends."""
    points = [at] if 50 * width < right - left else []
    distance = width
    while 2 * distance < right - left:
        points += [at - distance, at + distance]
        distance *= GRADE
    return [point for point in points if left < point < right]


def _piece(integrand: Line, a: Any, b: Any, scale: Any, cuts: set[Any], depth: int = 0) -> Any:
    """The integral over a piece on which the integrand is analytic, but for its ends."""
    exact = mpmath.ldexp(scale, 12 - mp.prec)
    rules = [_gauss(integrand, a, b, ORDERS[0]), _gauss(integrand, a, b, ORDERS[1])]
    before = abs(rules[1] - rules[0])
    if before <= exact:
        return rules[1]
    rules.append(_gauss(integrand, a, b, ORDERS[2]))
    error = abs(rules[2] - rules[1])
    squared = error <= before * mpmath.ldexp(1, -mp.prec // 4)  # as for an analytic integrand
    if error <= exact or (squared and error <= mpmath.ldexp(scale, -mp.prec // 2 - 6)):
        return rules[2]
    if a in cuts or b in cuts:
        # nodes that are rounded to an end, where a logarithm may be singular, weigh nothing
        found, error = mpmath.quad(
            lambda x: mpmath.mpf(0) if x in (a, b) else integrand(x), [a, b], error=True
        )
        if error <= exact:
            return found
    if depth == HALVINGS:
        raise MoveError(f"the average is not found to {mp.dps} digits: look near {a}")
    middle = (a + b) / 2
    halves = ((a, middle), (middle, b))
    return mpmath.fsum(_piece(integrand, *half, scale, cuts, depth + 1) for half in halves)


def _gauss(integrand: Line, a: Any, b: Any, order: int) -> Any:
    half, middle = (b - a) / 2, (a + b) / 2
    return half * mpmath.fsum(w * integrand(middle + half * x) for x, w in _rule(order, mp.prec))


@lru_cache(maxsize=64)
def _rule(order: int, prec: int) -> tuple[tuple[Any, Any], ...]:
    """Nodes and weights of Gauss-Legendre on [-1, 1], by Newton on the Legendre polynomial."""
    nodes = []
    with mp.workprec(prec + 10):
        for k in range(order):
            x = mpmath.cos(mp.pi * (k + mpmath.mpf(3) / 4) / (order + mpmath.mpf(1) / 2))
            for _ in range(mp.prec.bit_length()):
                value, slope = _legendre(order, x)
                x -= value / slope
            _, slope = _legendre(order, x)
            nodes.append((x, 2 / ((1 - x * x) * slope**2)))
    return tuple(nodes)


def _legendre(order: int, x: Any) -> tuple[Any, Any]:
    """P_n(x) and its derivative, by the three-term recurrence."""
    before, value = mpmath.mpf(1), x
    for n in range(2, order + 1):
        before, value = value, ((2 * n - 1) * x * value - (n - 1) * before) / n
    return value, order * (x * value - before) / (x * x - 1)
