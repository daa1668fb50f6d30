"""Integrals over the line, half of it or an interval, to the working precision of mpmath.

The line is cut where the integrand is not analytic.  On each piece the trapezoid rule is applied in
a variable t in which an analytic integrand falls off fast at both ends (Takahasi and Mori 1974):
x = sinh t, exp(t - exp(-t)) and tanh(pi/2 sinh t).  Halving the step squares the error, so that the
last difference bounds it.  An integral diverges at an end if |f| times the distance (from a finite
end) does not fall there; this is confirmed at cut-offs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

import mpmath
from mpmath import mp

from derive.refereeing.no_value import DivergesError, NoValueError

__all__ = ["integral"]

FIRST_STEP = 8  # per unit of t
HALVINGS = 9
REACH = 400  # of |t|: tails that fall off more slowly are not integrated
COARSE = 40  # bits
FINE = 320  # bits, half of which hold an exponent at 1e11 and its fraction
QUIET = 6  # negligible values in a row that end the walk
Function = Callable[[Any], Any]
Change = Callable[[Any], tuple[Any, Any]]


def integral(
    function: Function, low: Any, high: Any, cuts: Iterable[Any], near: Sequence[Any]
) -> Any:
    """int_low^high function(x) dx; `cuts` are where it is not analytic.

    Parameters
    ----------
    function : callable
        Of a number.
    low, high : number
        The limits, perhaps infinite.
    cuts : iterable of number
        Where the integrand is not analytic.
    near : sequence of (number, number)
        Where it varies fast, and over which width.

    Raises
    ------
    DivergesError
        With values at growing cut-offs.
    NoValueError
        If the digits are not reached.
    """
    if low > high:
        return -integral(function, high, low, cuts, near)
    inside = sorted({x for x in cuts if _is_real(x) and low < x < high})
    ends = [low, *inside, high]
    for k, end in enumerate(ends):
        for side in (-1, 1):
            if (k > 0 or side > 0) and (k < len(ends) - 1 or side < 0):
                _require_convergence(function, ends, end, side)
    return mpmath.fsum(_piece(function, a, b, near) for a, b in pairwise(ends) if a < b)


def _is_real(x: Any) -> bool:
    return isinstance(x, mpmath.mpf | int | float) and bool(mpmath.isfinite(x))


# -- whether it converges ----------------------------------------------------------------------


def _require_convergence(function: Function, ends: list[Any], end: Any, side: int) -> None:
    """Look at |f| times the distance on the way to an end; `side` is where the interval lies."""
    infinite = bool(mpmath.isinf(end))
    powers = range(5, 12) if infinite else range(-6, -25, -3)
    with mp.workprec(max(2 * mp.prec, FINE)):
        places = [
            mpmath.mpf(10) ** p * (-side if infinite else side) + (0 if infinite else end)
            for p in powers
        ]
        sizes = [_size(function, x) * (1 if infinite else abs(x - end)) for x in places]
    sizes = [s * abs(x) for s, x in zip(sizes, places, strict=True)] if infinite else sizes
    settled = all(mpmath.isfinite(s) and s for s in sizes)
    if not settled or any(abs(b) < abs(a) * (1 - mpmath.mpf("1e-9")) for a, b in pairwise(sizes)):
        return
    if len({mpmath.sign(s) for s in sizes}) > 1:
        return
    values = _cut_off(function, ends, end, side)
    where = f"towards {'+' if end > 0 else '-'}infinity" if infinite else f"at {nstr(end)}"
    if _grows([value for _, value in values]):
        raise DivergesError(f"the integral diverges {where}", tuple(values))
    raise NoValueError(f"it is not seen whether the integral converges {where}")


def nstr(x: Any) -> str:
    """A number in few digits."""
    return str(mpmath.nstr(x, 6))


def _size(function: Function, x: Any) -> Any:
    """The integrand, zero where it is not real or not known to some digits."""
    values = []
    for prec in (mp.prec // 2, mp.prec):
        with mp.workprec(prec):
            values.append(_called(function, x))
    one, two = values
    known = _is_real(one) and _is_real(two) and abs(one - two) <= abs(two) / 1000
    return two if known else mpmath.mpf(0)


def _called(function: Function, x: Any) -> Any:
    try:
        return function(x)
    except (ZeroDivisionError, ValueError, OverflowError):
        return mpmath.nan


def _cut_off(function: Function, ends: list[Any], end: Any, side: int) -> list[tuple[Any, Any]]:
    """Integrals up to growing cut-offs, as (cut-off, value)."""
    found = []
    for level in range(3):
        if mpmath.isinf(end):
            cut = mpmath.mpf(8 * 2**level)
            inside = [x for x in ends if mpmath.isfinite(x)]
            low = max(ends[0], min([-cut, *(x - cut for x in inside)]))
            high = min(ends[-1], max([cut, *(x + cut for x in inside)]))
            points = sorted({*mpmath.linspace(low, high, 17), *(x for x in ends if low < x < high)})
        else:
            cut = mpmath.mpf(10) ** (-(2 ** (level + 1)))
            other = ends[ends.index(end) + side]
            reach = min(abs(other - end), mpmath.mpf(100))
            decades = [cut * 10**k for k in range(12) if cut * 10**k < reach]
            points = sorted(end + side * distance for distance in (*decades, reach))
        with mp.workprec(2 * COARSE):
            whole = mpmath.quad(function, points, method="gauss-legendre", maxdegree=3)
            found.append((cut, whole))
    return found


def _grows(values: list[Any]) -> bool:
    """Whether the modulus grows by increments that do not shrink."""
    one, two, three = map(abs, values)
    return bool(two > one and three - two >= (two - one) * mpmath.mpf("0.999999"))


# -- one analytic piece ------------------------------------------------------------------------


def _piece(function: Function, a: Any, b: Any, near: Sequence[Any]) -> Any:
    change, start = _change(function, a, b, near)

    def inner(t: Any) -> Any:
        x, slope = change(t)
        return function(x) * slope if a < x < b else mpmath.mpf(0)

    bits = mp.prec
    with mp.workprec(bits if mpmath.isinf(a) and mpmath.isinf(b) else 2 * bits):
        return _trapezoid(inner, start, bits)


def _change(function: Function, a: Any, b: Any, near: Sequence[Any]) -> tuple[Change, Any]:
    """x and dx/dt in the variable t, and where in t the integrand is large."""
    if mpmath.isfinite(a) and mpmath.isfinite(b):
        return _between(a, b), mpmath.mpf(0)
    with mp.workprec(COARSE):
        centre, width = _mass(function, a, b, near)
    if mpmath.isinf(a) and mpmath.isinf(b):
        return lambda t: (centre + width * mpmath.sinh(t), width * mpmath.cosh(t)), mpmath.mpf(0)
    end, side = (a, 1) if mpmath.isfinite(a) else (b, -1)
    scale = max(abs(centre - end), width)

    def beyond(t: Any) -> tuple[Any, Any]:
        fall = mpmath.exp(-t)
        distance = scale * mpmath.exp(t - fall)
        return end + side * distance, distance * (1 + fall)

    return beyond, mpmath.mpf("0.5")


def _between(a: Any, b: Any) -> Change:
    """The distance from the nearer end keeps its leading digits."""

    def between(t: Any) -> tuple[Any, Any]:
        fall = mpmath.exp(mpmath.pi * mpmath.sinh(abs(t)))
        distance = (b - a) / (1 + fall)
        slope = distance * fall / (1 + fall) * mpmath.pi * mpmath.cosh(t)
        return (a + distance if t < 0 else b - distance), slope

    return between


def _mass(function: Function, a: Any, b: Any, near: Sequence[Any]) -> tuple[Any, Any]:
    """Where the integrand is largest, and the scale over which it is so."""
    origin = a if mpmath.isfinite(a) else b if mpmath.isfinite(b) else mpmath.mpf(0)
    grid = {origin + mpmath.sinh(mpmath.mpf(k) / 4) for k in range(-32, 33)}
    grid |= {at for at, _ in near if _is_real(at)}
    line = sorted(x for x in grid if a < x < b)
    sizes = [abs(_called(function, x)) for x in line]
    heights = [mpmath.log(s) if s and mpmath.isfinite(s) else -mpmath.inf for s in sizes]
    top = max(heights)
    if top == -mpmath.inf:
        return origin, mpmath.mpf(1)
    inside = [x for x, height in zip(line, heights, strict=True) if height >= top - 4]
    k = heights.index(top)
    spacing = min(abs(line[k] - x) for x in line if x != line[k])
    width = max((inside[-1] - inside[0]) / 4, spacing / 2)
    widths = [w for at, w in near if _is_real(at) and at == line[k] and _is_real(w) and w > 0]
    return line[k], min([width, *widths])


def _trapezoid(inner: Function, start: Any, bits: int) -> Any:
    """int inner(t) dt by halved steps, to so many bits."""
    step = mpmath.mpf(1) / FIRST_STEP
    left, right, top = _window(inner, start, step, bits)
    if not top:
        return mpmath.mpf(0)
    count = int((right - left) / step) + 1
    values = [inner(left + k * step) for k in range(count + 1)]
    total, size = mpmath.fsum(values) * step, mpmath.fsum(map(abs, values)) * step
    before = mpmath.inf
    digits = 0.0
    for _ in range(HALVINGS):
        middle = [inner(left + (k + mpmath.mpf("0.5")) * step) for k in range(count)]
        found = (total + mpmath.fsum(middle) * step) / 2
        error = abs(found - total) / size
        if error <= mpmath.ldexp(1, 12 - bits):
            return found
        squared = error <= mpmath.power(before, mpmath.mpf("1.6"))
        if squared and error <= mpmath.ldexp(1, -bits // 2 - 8):
            return found
        total, before, step, count = found, error, step / 2, 2 * count
        digits = float(-mpmath.log10(error))
    raise NoValueError(f"an integral is known to {max(digits, 0):.0f} digits only", digits)


def _window(inner: Function, start: Any, step: Any, bits: int) -> tuple[Any, Any, Any]:
    """Beyond which the integrand is negligible, and its largest value."""
    top, ends = abs(inner(start)), []
    for side in (-1, 1):
        t, quiet = start, 0
        while quiet < QUIET:
            t += side * 2 * step
            size = abs(inner(t))
            top = max(top, size)
            quiet = quiet + 1 if size <= mpmath.ldexp(top, -bits - 8) else 0
            if abs(t - start) > REACH:
                raise NoValueError("an integrand falls off too slowly to be integrated")
        ends.append(t)
    return ends[0], ends[1], top
