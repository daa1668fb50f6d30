"""Arithmetic, comparisons and rounding, with NumPy's meaning."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from numerics.native.functions import bits
from numerics.native.functions.bits import choose
from numerics.native.functions.inline import inline

__all__ = ["ARITHMETIC"]


@inline
def add(x, y):
    return x + y


@inline
def subtract(x, y):
    return x - y


@inline
def multiply(x, y):
    return x * y


@inline
def divide(x, y):
    return x / y


@inline
def negative(x):
    return -x


@inline
def square(x):
    return x * x


@inline
def sqrt(x):
    return bits.sqrt(x)


@inline
def absolute(x):
    return bits.absolute(x)


@inline
def floor(x):
    return bits.floor(x)


@inline
def ceil(x):
    return bits.ceil(x)


@inline
def sign(x):
    """-1, 0 or 1; nan is its own sign."""
    return choose(x > 0.0, 1.0, choose(x < 0.0, -1.0, choose(x == 0.0, 0.0, x)))


@inline
def minimum(x, y):
    """The smaller one; nan if either is."""
    smaller = choose(y < x, y, x)  # x where either is nan
    return choose(y != y, y, smaller)


@inline
def maximum(x, y):
    """The larger one; nan if either is."""
    larger = choose(y > x, y, x)  # x where either is nan
    return choose(y != y, y, larger)


@inline
def select(a, b, x, y):
    """x where a < b, else y."""
    return choose(a < b, x, y)


@inline
def equal(x, y):
    """1 where both are the same number, else 0."""
    return choose(x == y, 1.0, 0.0)


@inline
def fill_zero(x):
    """x, but 1 where x = 0."""
    return choose(x == 0.0, 1.0, x)


ARITHMETIC = {
    function.__name__: function
    for function in (
        add,
        subtract,
        multiply,
        divide,
        negative,
        square,
        sqrt,
        absolute,
        floor,
        ceil,
        sign,
        minimum,
        maximum,
        select,
        equal,
        fill_zero,
    )
}
