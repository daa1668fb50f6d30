"""erf, erfc and erfcx(x) = exp(x**2) erfc(x), each from one polynomial on the whole half-line."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from numerics.native.functions.bits import absolute, choose, copysign, fma, polynomial
from numerics.native.functions.coefficients import ERF, ERFCX, ERFCX_HALF
from numerics.native.functions.exponential import (
    BIAS,
    HIGH,
    LOG2E,
    LOW,
    SHIFT,
    curve,
    halves,
    power_of_two,
)
from numerics.native.functions.inline import inline

__all__ = ["ERROR_FUNCTION"]

ERF_ONE = 5.95  # erf is 1 above
ERFC_ZERO = 28.0  # erfc is 0 above, erfcx infinite below minus this
TWICE_BIAS = 2.0 * BIAS

_steepness, _tail = polynomial(ERF[1:]), polynomial(ERFCX)


@inline
def erf(x):
    """-expm1(-w), where w/|x| is a polynomial in |x|: no digits cancel.

    What rounding the polynomial and w has lost goes into the last sum.
    """
    a = absolute(x)
    a = choose(a > ERF_ONE, ERF_ONE, a)
    curved = _steepness(a)
    slope = fma(a, curved, ERF[0])
    w = a * slope
    rest = fma(a, fma(a, curved, ERF[0] - slope), fma(a, slope, -w))
    shifted = fma(w, -LOG2E, SHIFT + BIAS)
    k = shifted - (SHIFT + BIAS)
    s = power_of_two(shifted)
    exact = fma(k, -HIGH, -w)
    r = fma(k, -LOW, exact)
    last = fma(r * r, curve(r), fma(k, -LOW, -rest))
    return copysign(fma(s, last, fma(s, exact, s - 1.0)), x)


@inline
def tail(a):
    """erfcx(a) for a >= 0: y = K/(a + K) times a polynomial in y."""
    y = ERFCX_HALF / (a + ERFCX_HALF)
    return y * _tail(fma(2.0, y, -1.0))


@inline
def gauss(a, sign, factor, power):
    """2**power factor exp(sign a**2), the square being kept to twice the digits."""
    square = a * a
    rest = sign * fma(a, a, -square)
    square = sign * square
    start = SHIFT + TWICE_BIAS + power
    shifted = fma(square, LOG2E, start)
    k = shifted - start
    r = fma(k, -HIGH, square) + fma(k, -LOW, rest)
    first, second = halves(shifted)
    return fma(factor, fma(r * r, curve(r), r), factor) * first * second


@inline
def erfc(x):
    a = absolute(x)
    a = choose(a > ERFC_ZERO, ERFC_ZERO, a)
    right = gauss(a, -1.0, tail(a), 0.0)
    return choose(x < 0.0, 2.0 - right, right)


@inline
def erfcx(x):
    a = absolute(x)
    right = tail(a)
    a = choose(a > ERFC_ZERO, ERFC_ZERO, a)
    return choose(x < 0.0, gauss(a, 1.0, 1.0, 1.0) - right, right)


ERROR_FUNCTION = {"erf": erf, "erfc": erfc, "erfcx": erfcx}
