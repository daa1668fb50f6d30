"""arcsinh, arccosh and arctanh: logarithms of one plus what is small near their zeros."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from math import log, nan

from numerics.native.functions.bits import absolute, choose, copysign, sqrt
from numerics.native.functions.inline import inline
from numerics.native.functions.logarithm import log1p

__all__ = ["INVERSE_HYPERBOLIC"]

LARGE = 2.0**54  # beyond, x**2 + 1 is x**2 and x + 1 is x
LOG2 = log(2.0)


@inline
def arcsinh(x):
    """log(a + sqrt(a**2 + 1)) = log1p(a + a**2/(1 + sqrt(a**2 + 1))), a = |x|."""
    a = absolute(x)
    large = a > LARGE
    b = choose(large, 1.0, a)
    near = b + b * b / (1.0 + sqrt(b * b + 1.0))
    return copysign(log1p(choose(large, a, near)) + choose(large, LOG2, 0.0), x)


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
    """log((1 + a)/(1 - a))/2 = log1p(2 a/(1 - a))/2, a = |x|."""
    a = absolute(x)
    return copysign(0.5 * log1p(2.0 * a / (1.0 - a)), x)


INVERSE_HYPERBOLIC = {"arcsinh": arcsinh, "arccosh": arccosh, "arctanh": arctanh}
