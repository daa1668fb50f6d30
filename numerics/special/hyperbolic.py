"""Logarithms of hyperbolic functions and what their derivatives hold."""

from __future__ import annotations

from sympy import Expr, cosh, log, tanh

from numerics.builder import Builder, Value
from numerics.special.base import StableFunction

__all__ = ["Log2Cosh", "LogCosh", "Sech2", "SpinEntropy"]


class Log2Cosh(StableFunction):
    """log(2 cosh x).

    Examples
    --------
    >>> from sympy import Symbol
    >>> from numerics.special import Log2Cosh
    >>> x = Symbol("x")
    >>> Log2Cosh(x).diff(x)
    tanh(x)
    """

    @classmethod
    def naive(cls, x: Expr) -> Expr:
        return log(2 * cosh(x))

    @classmethod
    def eval(cls, x: Expr) -> Expr | None:
        return cls(-x) if x.could_extract_minus_sign() else None

    def fdiff(self, argindex: int = 1) -> Expr:
        return tanh(self.args[0])

    def recipe(self, b: Builder, x: Value) -> Value:
        size = abs(x)
        # |x| + log(1 + exp(-2|x|)); beyond 40 the second term is lost in the first, and an
        # exponential that underflows is twenty times slower
        return size + b.emit("log1p", b.emit("exp", -2.0 * b.emit("minimum", size, 40.0)))


class LogCosh(StableFunction):
    """log(cosh x), to full relative accuracy near zero."""

    @classmethod
    def naive(cls, x: Expr) -> Expr:
        return log(cosh(x))

    @classmethod
    def eval(cls, x: Expr) -> Expr | None:
        return cls(-x) if x.could_extract_minus_sign() else None

    def fdiff(self, argindex: int = 1) -> Expr:
        return tanh(self.args[0])

    def recipe(self, b: Builder, x: Value) -> Value:
        size = abs(x)
        capped = b.emit("minimum", size, 40.0)  # beyond, log cosh x = |x| - log 2 to the last digit
        half = b.emit("sinh", 0.5 * capped)
        return b.emit("log1p", 2.0 * (half * half)) + (size - capped)  # cosh x = 1 + 2 sinh(x/2)**2


class Sech2(StableFunction):
    """1/cosh(x)**2, the derivative of tanh."""

    @classmethod
    def naive(cls, x: Expr) -> Expr:
        return 1 / cosh(x) ** 2

    @classmethod
    def eval(cls, x: Expr) -> Expr | None:
        return cls(-x) if x.could_extract_minus_sign() else None

    def fdiff(self, argindex: int = 1) -> Expr:
        return -2 * tanh(self.args[0]) * Sech2(self.args[0])

    def recipe(self, b: Builder, x: Value) -> Value:
        return 1.0 / (1.0 + b.emit("square", b.emit("sinh", x)))  # cosh**2 = 1 + sinh**2


class SpinEntropy(StableFunction):
    """log(2 cosh x) - x tanh x, the entropy of one spin in the field x."""

    @classmethod
    def naive(cls, x: Expr) -> Expr:
        return log(2 * cosh(x)) - x * tanh(x)

    @classmethod
    def eval(cls, x: Expr) -> Expr | None:
        return cls(-x) if x.could_extract_minus_sign() else None

    def fdiff(self, argindex: int = 1) -> Expr:
        return -self.args[0] * Sech2(self.args[0])

    def recipe(self, b: Builder, x: Value) -> Value:
        size = abs(x)
        rare = b.emit("exp", -2.0 * size)
        # log 2cosh x = |x| + log(1 + e) and 1 - tanh|x| = 2 e/(1 + e), with e = exp(-2|x|)
        return b.emit("log1p", rare) + 2.0 * size * rare / (1.0 + rare)
