"""The larger and the smaller of two numbers, and sizes, which nobody compares as expressions.

SymPy's `Max` decides what it can at each substitution, and is minutes at that for long arguments;
its `Abs` takes exponentials of what it does not know to be real apart into phases.
"""

from __future__ import annotations

from sympy import Abs, Expr, Max, Min

from numerics.builder import Builder, Value
from numerics.special import StableFunction

__all__ = ["Larger", "Size", "Smaller"]


class Larger(StableFunction):
    """The larger of two numbers."""

    @classmethod
    def naive(cls, a: Expr, b: Expr) -> Expr:
        return Max(a, b)

    def recipe(self, b: Builder, first: Value, second: Value) -> Value:
        return b.emit("maximum", first, second)


class Smaller(StableFunction):
    """The smaller of two numbers."""

    @classmethod
    def naive(cls, a: Expr, b: Expr) -> Expr:
        return Min(a, b)

    def recipe(self, b: Builder, first: Value, second: Value) -> Value:
        return b.emit("minimum", first, second)


class Size(StableFunction):
    """The absolute value."""

    @classmethod
    def naive(cls, a: Expr) -> Expr:
        return Abs(a)

    def recipe(self, b: Builder, x: Value) -> Value:
        return abs(x)
