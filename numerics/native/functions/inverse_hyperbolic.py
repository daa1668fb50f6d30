"""arcsinh, arccosh and arctanh: logarithms, of one plus what is small near their zeros."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from math import inf, log, nan

from numerics.native.coefficients import ARTANH
from numerics.native.functions.bits import (
    absolute,
    bits_of,
    choose,
    copysign,
    fma,
    from_bits,
    polynomial,
    shifted_right,
    sqrt,
)
from numerics.native.functions.exponential import HIGH, LOW
from numerics.native.functions.inline import inline
from numerics.native.functions.logarithm import BIASED, WHOLE, log1p

__all__ = ["INVERSE_HYPERBOLIC"]

LARGE = 2.0**54  # beyond, x**2 + 1 is x**2 and x + 1 is x
SMALL = 0.5  # up to here sqrt(x**2 + 1) is near 1
LOG2 = log(2.0)
TWICE_BIAS = 2046
ROUNDED = 0x3FF8000000000000  # 1023.5 exponents: their differences are rounded to whole ones

_artanh = polynomial(ARTANH)  # (artanh(s)/s - 1)/s**2


@inline
def arcsinh(x):
    """log(E**2)/2 where E = a + sqrt(a**2 + 1), a = |x|, for then E**2 = 1 + 2 a E."""
    a = absolute(x)
    large = a > LARGE
    b = choose(large, 1.0, a)
    square = b * b
    root = sqrt(1.0 + square)
    lost = choose(a < SMALL, 0.5 * (fma(-root, root, 1.0) + square), 0.0)  # by rounding the root
    logarithm = log1p(choose(large, a, 2.0 * fma(b, root, fma(b, lost, square))))
    return copysign(choose(large, logarithm + LOG2, 0.5 * logarithm), x)


@inline
def arccosh(x):
    """log(x + sqrt(x**2 - 1)) = log1p(t + sqrt(t (x + 1))), t = x - 1."""
    large = x > LARGE
    y = choose(large, 1.0, choose(x < 1.0, nan, x))
    t = y - 1.0
    near = t + sqrt(t * (y + 1.0))
    return log1p(choose(large, x, near)) + choose(large, LOG2, 0.0)


@inline
def arctanh(x):
    """(1 + a)/(1 - a) = 2**k (1 + s)/(1 - s), so k log(2)/2 + artanh(s), a = |x|.

    Any k will do that leaves s small: the bits of a double are its logarithm, roughly.  What 1 + a
    and 1 - a lose by rounding goes into s, which is a itself when k is zero.
    """
    a = absolute(x)
    above, below = 1.0 + a, 1.0 - a
    above_rest, below_rest = (1.0 - above) + a, (1.0 - below) - a
    k = shifted_right(bits_of(above) - bits_of(below) + ROUNDED, 52)
    p = from_bits((TWICE_BIAS - k) << 52)  # 2**-k
    s = (fma(p, above, -below) + fma(p, above_rest, -below_rest)) / fma(p, above, below)
    z = s * s
    half = 0.5 * (from_bits(k | WHOLE) - BIASED)
    near = fma(half, HIGH, s) + fma(s * z, _artanh(z), half * LOW)
    value = choose(a < 1.0, near, choose(a == 1.0, inf, nan))
    return copysign(value, x)


INVERSE_HYPERBOLIC = {"arcsinh": arcsinh, "arccosh": arccosh, "arctanh": arctanh}
