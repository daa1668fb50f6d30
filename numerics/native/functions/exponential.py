"""exp and expm1: x = k log 2 + r, a polynomial in r, and powers of two made of bits."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from numerics.native.coefficients import EXPM1
from numerics.native.functions.bits import (
    absolute,
    bits_of,
    choose,
    fma,
    from_bits,
    polynomial,
    shifted_right,
)
from numerics.native.functions.inline import inline

__all__ = ["EXPONENTIAL", "HIGH", "LOG2E", "LOW", "SHIFT", "curve", "halves", "power_of_two"]

# A number plus 1.5*2**52 is rounded to a whole one, which then stands in its lowest bits.
SHIFT = 1.5 * 2.0**52
BIAS = 1023.0  # of the exponent of a double
LOG2E = 1.4426950408889634
# log 2 in two parts: k HIGH is exact for every exponent k.
HIGH, LOW = float.fromhex("0x1.62e42feep-1"), float.fromhex("0x1.a39ef35793c76p-33")
OVERFLOW, UNDERFLOW = 710.0, -745.2  # exp is infinite above, zero below
LEAST = -707.0  # exp is a normal number above, whatever it is rounded to
ALL_LOST = -40.0  # expm1 is -1 below
TINY = 2.0**-55  # expm1(x) is x below

curve = polynomial(EXPM1)  # (exp(r) - 1 - r)/r**2


@inline
def power_of_two(shifted):
    """2**n from SHIFT + BIAS + n, while n is the exponent of a normal number."""
    return from_bits(bits_of(shifted) << 52)


@inline
def halves(shifted):
    """Two factors of 2**n from SHIFT + 2 BIAS + n: n/2 is an exponent where n is none any more.

    One product after the other rounds once, also to a subnormal number.
    """
    whole = bits_of(shifted)
    half = shifted_right(whole, 1)
    return from_bits(half << 52), from_bits((whole - half) << 52)


@inline
def exp(x):
    """What ends at zero is not computed: a product that underflows takes a hundred times longer."""
    gone = x < UNDERFLOW
    x = choose(x > OVERFLOW, OVERFLOW, choose(gone, 0.0, x))
    shifted = fma(x, LOG2E, SHIFT + 2.0 * BIAS)
    k = shifted - (SHIFT + 2.0 * BIAS)
    r = fma(k, -LOW, fma(k, -HIGH, x))
    first, second = halves(shifted)
    return choose(gone, 0.0, fma(first, fma(r * r, curve(r), r), first) * second)


@inline
def expm1(x):
    """2**k - 1 + 2**k p, halved until the end, for 2**1024 is no double.

    What is exact is added first: r without its last part, to 2**k - 1.
    """
    y = choose(x > OVERFLOW, OVERFLOW, x)
    y = choose(y < ALL_LOST, ALL_LOST, y)
    shifted = fma(y, LOG2E, SHIFT + BIAS - 1.0)
    k = shifted - (SHIFT + BIAS - 1.0)
    half = power_of_two(shifted)
    exact = fma(k, -HIGH, y)
    r = fma(k, -LOW, exact)
    rest = fma(k, -LOW, r * r * curve(r))
    result = 2.0 * fma(half, rest, fma(half, exact, half - 0.5))
    return choose(absolute(x) < TINY, x, result)


@inline
def reduced(x):
    """2**k, k, and r without and with its last part; up to |x| = 708.7 2**k is normal."""
    shifted = fma(x, LOG2E, SHIFT + BIAS)
    k = shifted - (SHIFT + BIAS)
    exact = fma(k, -HIGH, x)
    r = fma(k, -LOW, exact)
    return power_of_two(shifted), k, exact, r


@inline
def exp_moderate(x):
    whole, _, _, r = reduced(x)
    return fma(whole, fma(r * r, curve(r), r), whole)


@inline
def exp_decaying(x):
    """exp up to x = 708.7, as it is good enough below a sum: zero where it is below 1e-307."""
    gone = x < LEAST
    return choose(gone, 0.0, exp_moderate(choose(gone, 0.0, x)))


@inline
def expm1_moderate(x):
    whole, k, exact, r = reduced(x)
    rest = fma(k, -LOW, r * r * curve(r))
    return fma(whole, rest, fma(whole, exact, whole - 1.0))


EXPONENTIAL = {
    "exp": exp,
    "expm1": expm1,
    "exp_moderate": exp_moderate,
    "exp_decaying": exp_decaying,
    "expm1_moderate": expm1_moderate,
}
