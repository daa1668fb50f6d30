"""Integrals over a line to many digits, for checks: the trapezoid rule, halved until steady.

For an analytic integrand that decays, the error of the trapezoid rule falls like exp(-2 pi d/h)
with the distance d of the nearest singularity, so that halving h squares it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
from mpmath import mp

from derive.errors import UnboundedError

__all__ = ["log_line_integral"]

FAR = 200
OFF_CENTRE = mpmath.mpf(1) / 37  # zero may be a removable singularity
LogIntegrand = Callable[[Any], tuple[Any, Any]]  # y -> (exponent, factor)


def log_line_integral(integrand: LogIntegrand, lower: Any, upper: Any) -> tuple[Any, Any]:
    """int exp(exponent(y)) * factor(y) dy as (c, I) with the integral equal to exp(c) * I.

    Raises
    ------
    UnboundedError
        If the integrand does not fall off, or the rule does not settle to working precision.
    """
    if mpmath.isfinite(lower) and mpmath.isfinite(upper):
        return _bounded(integrand, lower, upper)
    centre, top = _highest(integrand, lower, upper)
    depth = (mp.dps + 2) * mpmath.log(10)
    left = _edge(integrand, centre, top - depth, -1, lower)
    right = _edge(integrand, centre, top - depth, +1, upper)

    def value(y: Any) -> Any:
        exponent, factor = integrand(y)
        return mpmath.exp(exponent - top) * factor

    if mpmath.isfinite(lower) or mpmath.isfinite(upper):
        return top, mpmath.quad(value, [left, centre, right])
    if right - left < FAR:
        return top, _trapezoid(value, left, right)
    # a slow decay is made fast by y = centre + sinh(u)
    return top, _trapezoid(
        lambda u: value(centre + mpmath.sinh(u)) * mpmath.cosh(u),
        -mpmath.asinh(centre - left),
        mpmath.asinh(right - centre),
    )


def _bounded(integrand: LogIntegrand, lower: Any, upper: Any) -> tuple[Any, Any]:
    top = max(mpmath.re(integrand(y)[0]) for y in mpmath.linspace(lower, upper, 17))
    return top, mpmath.quad(
        lambda y: mpmath.exp(integrand(y)[0] - top) * integrand(y)[1], [lower, upper]
    )


def _highest(integrand: LogIntegrand, lower: Any, upper: Any) -> tuple[Any, Any]:
    """Where the integrand is largest, on a grid that reaches far and is fine near zero."""
    steps = [mpmath.sinh(mpmath.mpf(k) / 3 + OFF_CENTRE) for k in range(-21, 22)]
    points = [y for y in steps if lower <= y <= upper] or [lower]
    heights = [(mpmath.re(integrand(y)[0]), y) for y in points]
    top, centre = max(heights, key=lambda pair: pair[0])
    return centre, top


def _edge(integrand: LogIntegrand, centre: Any, floor: Any, side: int, end: Any) -> Any:
    """The nearest point on one side beyond which the integrand is negligible."""
    if mpmath.isfinite(end):
        return end
    inside, step = centre, mpmath.mpf(1)
    for _ in range(60):
        outside = centre + side * step
        if mpmath.re(integrand(outside)[0]) < floor:
            break
        inside, step = outside, 2 * step
    else:
        raise UnboundedError("the integrand does not fall off: the integral diverges")
    for _ in range(5):
        middle = (inside + outside) / 2
        if mpmath.re(integrand(middle)[0]) < floor:
            outside = middle
        else:
            inside = middle
    return outside


def _trapezoid(value: Callable[[Any], Any], left: Any, right: Any) -> Any:
    mesh = (right - left) / 32
    total = mpmath.fsum(value(left + k * mesh) for k in range(33))
    integral = total * mesh
    for _ in range(8):
        midpoints = int(mpmath.nint((right - left) / mesh))
        total += mpmath.fsum(value(left + (k + mpmath.mpf("0.5")) * mesh) for k in range(midpoints))
        mesh /= 2
        previous, integral = integral, total * mesh
        # the error is squared by each halving: agreement to half the digits suffices
        if abs(integral - previous) <= abs(integral) * mpmath.mpf(10) ** (-mp.dps / 2 - 1):
            return integral
    raise UnboundedError("the trapezoid rule does not settle: the integrand is too rough")
