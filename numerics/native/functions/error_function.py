"""erf, erfc and erfcx(x) = exp(x**2) erfc(x), each from one polynomial on the whole half-line."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from numerics.native.coefficients import ERF, ERFCX, ERFCX_END, ERFCX_HALF
from numerics.native.functions.bits import absolute, choose, copysign, fma, polynomial
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
ERFC_ZERO = 27.3  # erfc is 0 above, erfcx infinite below minus this
LARGE = 2.0**50  # the error of erfcx is no number at infinity
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
    """erfcx(a) for a >= 0 as a product, y = K/(a + K) times a polynomial in y, and its error.

    The relative error is that of y, which is what is left of K = y (a + K), times the slope of
    log erfcx to log y, 1 + (7/2) y**2 or nearly so.
    """
    below = a + ERFCX_HALF
    y = ERFCX_HALF / below
    slope = fma(y, _tail(fma(2.0, y, -1.0)), ERFCX_END)
    lost = a - (below - ERFCX_HALF)
    left = fma(-y, lost, fma(-y, below, ERFCX_HALF))
    return y, slope, left * fma(y * y, 3.5 / ERFCX_HALF, 1.0 / ERFCX_HALF)


@inline
def gauss(factor, square, rest, shift):
    """The factor times exp(square + rest); times 2**n where shift is SHIFT + 2 BIAS + n."""
    shifted = fma(square, LOG2E, shift)
    k = shifted - shift
    r = fma(k, -HIGH, square) + fma(k, -LOW, rest)
    first, second = halves(shifted)
    return fma(factor, fma(r * r, curve(r), r), factor) * first * second


@inline
def erfc(x):
    """What ends at zero is not computed, as in `exp`."""
    a = absolute(x)
    gone = a > ERFC_ZERO
    a = choose(gone, 0.0, a)
    y, slope, error = tail(a)
    square = a * a
    right = gauss(y * slope, -square, error - fma(a, a, -square), SHIFT + TWICE_BIAS)
    right = choose(gone, 0.0, right)
    return choose(x < 0.0, 2.0 - right, right)


@inline
def erfcx(x):
    """On the left 2 exp(x**2) - erfcx(-x)."""
    a = absolute(x)
    y, slope, error = tail(a)
    right = y * slope
    right = choose(a < LARGE, fma(y, slope, error * right), right)
    a = choose(a > ERFC_ZERO, ERFC_ZERO, a)
    square = a * a
    twice = gauss(1.0, square, fma(a, a, -square), SHIFT + TWICE_BIAS + 1.0)
    return choose(x < 0.0, twice - right, right)


ERROR_FUNCTION = {"erf": erf, "erfc": erfc, "erfcx": erfcx}
