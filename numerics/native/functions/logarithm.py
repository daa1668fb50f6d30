"""log and log1p: x = 2**k (1 + f), and a polynomial in s = f/(2 + f), for artanh(s) is odd."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from math import inf, nan

from numerics.native.coefficients import LOG
from numerics.native.functions.bits import (
    bits_of,
    choose,
    copysign,
    fma,
    from_bits,
    polynomial,
    shifted_right,
)
from numerics.native.functions.exponential import HIGH, LOW
from numerics.native.functions.inline import inline

__all__ = ["LOGARITHM", "log1p"]

SMALLEST = 2.0**-1022  # of the normal numbers
LIFT = 54.0  # subnormal numbers are multiplied by 2**LIFT
ONE, ROOT = 0x3FF0000000000000, 0x3FE6A09E667F3BCD  # bits of 1 and of the square root of 1/2
FRACTION = 0x000FFFFFFFFFFFFF
WHOLE = 0x4330000000000000  # bits of 2**52; a whole number in the bits below is added to it
BIASED = 2.0**52 + 1023.0
NEXT_TO_TWICE_BIAS = 2047

_artanh = polynomial(LOG)  # 2 (artanh(s)/s - 1)/s**2


@inline
def assembled(k, f):
    """k log 2 + log(1 + f), the leading f being added last."""
    s = f / (2.0 + f)
    z = s * s
    half = 0.5 * f * f
    small = fma(s, fma(z, _artanh(z), half), k * LOW)
    return fma(k, HIGH, f - (half - small))


@inline
def judged(y, x):
    """The logarithm y of x, unless x is infinite, zero, negative or nan."""
    y = choose(x < inf, y, x)
    return choose(x > 0.0, y, choose(x == 0.0, -inf, choose(x < 0.0, nan, y)))


@inline
def log(x):
    subnormal = x < SMALLEST
    bits = bits_of(choose(subnormal, x * 2.0**LIFT, x)) + (ONE - ROOT)
    k = from_bits(shifted_right(bits, 52) | WHOLE) - choose(subnormal, BIASED + LIFT, BIASED)
    f = from_bits((bits & FRACTION) + ROOT) - 1.0
    return judged(assembled(k, f), x)


@inline
def log1p(x):
    """log of u = 1 + x, with what rounding u has lost put into f."""
    u = 1.0 + x
    bits = bits_of(u) + (ONE - ROOT)
    exponent = shifted_right(bits, 52)
    k = from_bits(exponent | WHOLE) - BIASED
    twice = from_bits((NEXT_TO_TWICE_BIAS - exponent) << 52)  # 2**(1 - k), for k may be 1024
    lost = (x - (u - 1.0)) * twice
    f = fma(0.5, lost, from_bits((bits & FRACTION) + ROOT) - 1.0)
    return copysign(judged(assembled(k, f), u), x)


LOGARITHM = {"log": log, "log1p": log1p}
