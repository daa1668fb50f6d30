"""The larger and the smaller of two numbers, and sizes, which nobody compares as expressions.

SymPy's `Max` decides what it can at each substitution, and is minutes at that for long arguments;
its `Abs` takes exponentials of what it does not know to be real apart into phases.
"""

from __future__ import annotations

from sympy import Abs, Expr, Float, Max, Min, S

from numerics.builder import Builder, Value
from numerics.special import StableFunction

__all__ = ["Larger", "Size", "Smaller", "clipped", "unmoved"]


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


def clipped(place: Expr, low: float, high: float) -> Expr:
    """A place, or the end of an interval next to it."""
    if not place.free_symbols:
        return Float(min(max(float(place), low), high)) if place != 0 else S.Zero
    return Smaller(Larger(place, Float(low)), Float(high))


def unmoved(expr: Expr) -> Expr:
    """The summand of a rule with its centre at zero.

    Where a rule is centred may follow the variables of outer averages, with an end to it; what the
    rule is for is analytic there.
    """
    found = {
        node: S.Zero
        for node in expr.atoms(Smaller)
        if isinstance(node.args[0], Larger) and node.args[0].args[1].is_number
    }
    return expr.xreplace(found)
