"""arctan: |x| is turned by no, an eighth or a quarter of a circle, for one polynomial near zero."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from math import sqrt

from numerics.native.coefficients import ARCTAN
from numerics.native.functions.bits import absolute, choose, copysign, fma, polynomial
from numerics.native.functions.inline import inline
from numerics.native.functions.inverse_sine import HIGH, LOW

__all__ = ["INVERSE_TANGENT"]

FIRST, SECOND = sqrt(2.0) - 1.0, sqrt(2.0) + 1.0  # tangents of pi/8 and of 3 pi/8

_curve = polynomial(ARCTAN)  # (arctan(t)/t - 1)/t**2


@inline
def arctan(x):
    a = absolute(x)
    middle, far = a > FIRST, a > SECOND
    above = choose(far, -1.0, choose(middle, a - 1.0, a))
    below = choose(far, a, choose(middle, a + 1.0, 1.0))
    turned = choose(far, HIGH, choose(middle, 0.5 * HIGH, 0.0))
    rest = choose(far, LOW, choose(middle, 0.5 * LOW, 0.0))
    t = above / below
    z = t * t
    return copysign(turned + (t + fma(t * z, _curve(z), rest)), x)


INVERSE_TANGENT = {"arctan": arctan}
