"""Functions that the C library computes, one point at a time: a loop with one does not vectorise.

Its sine, cosine, tangent and power are good to one unit in the last place over their whole domain,
huge arguments included, and its log-gamma to a few.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import math

from numba import types

from numerics.native.functions.inline import inline

__all__ = ["SCALAR"]

_lgamma = types.ExternalFunction("lgamma", types.float64(types.float64))


@inline
def sin(x):
    return math.sin(x)


@inline
def cos(x):
    return math.cos(x)


@inline
def tan(x):
    return math.tan(x)


@inline
def power(x, y):
    return x**y


@inline
def gammaln(x):
    """The logarithm of |Gamma(x)|."""
    return _lgamma(x)


SCALAR = {function.__name__: function for function in (sin, cos, tan, power, gammaln)}
