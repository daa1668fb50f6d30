"""Functions of the C library, until own ones take their place."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import math

from numerics.native.functions.inline import inline

__all__ = ["INTERIM"]


@inline
def exp(x):
    return math.exp(x)


@inline
def expm1(x):
    return math.expm1(x)


@inline
def log(x):
    return math.log(x)


@inline
def log1p(x):
    return math.log1p(x)


@inline
def sinh(x):
    return math.sinh(x)


@inline
def cosh(x):
    return math.cosh(x)


@inline
def tanh(x):
    return math.tanh(x)


@inline
def arcsin(x):
    return math.asin(x)


@inline
def arccos(x):
    return math.acos(x)


@inline
def arctan(x):
    return math.atan(x)


@inline
def arcsinh(x):
    return math.asinh(x)


@inline
def arccosh(x):
    return math.acosh(x)


@inline
def arctanh(x):
    return math.atanh(x)


@inline
def erf(x):
    return math.erf(x)


@inline
def erfc(x):
    return math.erfc(x)


@inline
def erfcx(x):
    near = math.exp(x * x) * math.erfc(x)
    square = x * x
    far = 0.5641895835477563 / x * (1.0 - 0.5 / square * (1.0 - 1.5 / square))
    return far if x > 25.0 else near


INTERIM = {
    function.__name__: function
    for function in (
        exp,
        expm1,
        log,
        log1p,
        sinh,
        cosh,
        tanh,
        arcsin,
        arccos,
        arctan,
        arcsinh,
        arccosh,
        arctanh,
        erf,
        erfc,
        erfcx,
    )
}
