"""arcsin and arccos: below 1/2 a polynomial, above by the half angle, arccos(a) = 2 arcsin(s)."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from numerics.native.coefficients import ARCSIN
from numerics.native.functions.bits import absolute, choose, copysign, fma, polynomial, sqrt
from numerics.native.functions.inline import inline

__all__ = ["INVERSE_SINE"]

# pi/2 in two parts
HIGH, LOW = float.fromhex("0x1.921fb54442d18p+0"), float.fromhex("0x1.1a62633145c07p-54")

_curve = polynomial(ARCSIN)  # (arcsin(s)/s - 1)/s**2


@inline
def reduced(a):
    """Whether a >= 1/2, the sine s of the angle or of its half, and the angle less s."""
    upper = a >= 0.5
    z = choose(upper, fma(-0.5, a, 0.5), a * a)
    s = choose(upper, sqrt(z), a)
    return upper, s, s * z * _curve(z)


@inline
def arcsin(x):
    upper, s, more = reduced(absolute(x))
    far = fma(-2.0, s, HIGH)
    lost = fma(-2.0, s, HIGH - far)
    far = far + (lost + fma(-2.0, more, LOW))
    return copysign(choose(upper, far, s + more), x)


@inline
def arccos(x):
    upper, s, more = reduced(absolute(x))
    angle = copysign(s, x)
    excess = copysign(more, x)
    near = HIGH - (angle - (LOW - excess))
    right = 2.0 * (s + more)
    left = 2.0 * (HIGH - (s - (LOW - more)))
    return choose(upper, choose(x < 0.0, left, right), near)


INVERSE_SINE = {"arcsin": arcsin, "arccos": arccos}
