"""sinh, cosh and tanh: |x| = k log 2 + r, and even and odd polynomials in r."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from numerics.native.coefficients import COSH, COTH, SINH
from numerics.native.functions.bits import absolute, choose, copysign, fma, polynomial
from numerics.native.functions.exponential import BIAS, HIGH, LOG2E, LOW, SHIFT, power_of_two
from numerics.native.functions.inline import inline

__all__ = ["HYPERBOLIC"]

OVERFLOW = 710.5  # sinh and cosh are infinite above
ONE = 20.0  # tanh is 1 above
TINY = 2.0**-28  # sinh(x) is x below
FORGOTTEN = 500.0  # exp(-x) does not count beside exp(x) beyond this power of two

_sinh, _cosh, _coth = polynomial(SINH), polynomial(COSH), polynomial(COTH)


@inline
def quotient_of(x):
    """tanh|x| as a quotient, with its denominator and what both are made of.

    With |x| = k log(2)/2 + u: exp(2 u) = (c + u)/(c - u) where c = u coth(u), an even function.
    Hence tanh|x| = (c (1 - s) + u (1 + s))/(c (1 + s) + u (1 - s)) with s = 2**-k.
    """
    a = absolute(x)
    a = choose(a > ONE, ONE, a)
    shifted = fma(a, -2.0 * LOG2E, SHIFT + BIAS)
    k = shifted - (SHIFT + BIAS)  # -k
    s = power_of_two(shifted)
    u = fma(k, 0.5 * LOW, fma(k, 0.5 * HIGH, a))
    z = u * u
    excess = z * _coth(z)
    c = 1.0 + excess
    less, more = 1.0 - s, 1.0 + s
    below = fma(c, more, u * less)
    return fma(c, less, u * more) / below, below, u, excess, less, more


@inline
def tanh(x):
    """What rounding has lost is the numerator less the quotient times the denominator.

    It is taken in an order in which the large parts cancel first; a rough reciprocal of the
    denominator serves to correct the quotient.
    """
    quotient, below, u, excess, less, more = quotient_of(x)
    even, odd = fma(-quotient, more, less), fma(-quotient, less, more)
    lost = fma(u, odd, fma(excess, even, even))
    reciprocal = fma(-0.5, below, 1.42)  # below is near 1, 1.43 to 1.6, or 2
    return copysign(fma(lost, reciprocal, quotient), x)


@inline
def exponentials(a):
    """cosh(r) - 1, sinh(r), quarters of 2**k - 2**-k and of 2**k + 2**-k; a = k log 2 + r."""
    a = choose(a > OVERFLOW, OVERFLOW, a)
    shifted = fma(a, LOG2E, SHIFT + BIAS - 2.0)
    k = shifted - (SHIFT + BIAS - 2.0)
    rising = power_of_two(shifted)
    falling = power_of_two((SHIFT + BIAS - 2.0) - choose(k > FORGOTTEN, FORGOTTEN, k))
    r = fma(k, -LOW, fma(k, -HIGH, a))
    z = r * r
    even, odd = z * _cosh(z), fma(z * r, _sinh(z), r)
    return even, odd, rising - falling, rising + falling


@inline
def sinh(x):
    a = absolute(x)
    even, odd, less, more = exponentials(a)
    return copysign(choose(a < TINY, a, 2.0 * (less + fma(even, less, odd * more))), x)


@inline
def cosh(x):
    even, odd, less, more = exponentials(absolute(x))
    return 2.0 * (more + fma(even, more, odd * less))


@inline
def tanh_summed(x):
    """tanh as it is good enough below a sum: the quotient as it is rounded."""
    return copysign(quotient_of(x)[0], x)


HYPERBOLIC = {"sinh": sinh, "cosh": cosh, "tanh": tanh, "tanh_summed": tanh_summed}
