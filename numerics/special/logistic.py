"""Exponentials and logarithms near one: the logistic function and its relatives."""

from __future__ import annotations

from sympy import Expr, exp, log

from numerics.builder import Builder, Value
from numerics.special.base import StableFunction

__all__ = ["Expm1", "Log1mExp", "Log1p", "Logistic", "Logit", "Softplus"]


class Log1p(StableFunction):
    """log(1 + x), to full relative accuracy near zero."""

    @classmethod
    def naive(cls, x: Expr) -> Expr:
        return log(1 + x)

    def fdiff(self, argindex: int = 1) -> Expr:
        return 1 / (1 + self.args[0])

    def recipe(self, b: Builder, x: Value) -> Value:
        return b.emit("log1p", x)


class Expm1(StableFunction):
    """exp(x) - 1, to full relative accuracy near zero."""

    @classmethod
    def naive(cls, x: Expr) -> Expr:
        return exp(x) - 1

    def fdiff(self, argindex: int = 1) -> Expr:
        return exp(self.args[0])

    def recipe(self, b: Builder, x: Value) -> Value:
        return b.emit("expm1", x)


class Log1mExp(StableFunction):
    """log(1 - exp(-x)) for x > 0, the free energy of a boson."""

    @classmethod
    def naive(cls, x: Expr) -> Expr:
        return log(1 - exp(-x))

    def fdiff(self, argindex: int = 1) -> Expr:
        return 1 / Expm1(self.args[0])

    def recipe(self, b: Builder, x: Value) -> Value:
        near = b.emit("log", -b.emit("expm1", -x))
        far = b.emit("log1p", -b.emit("exp", -x))
        return b.emit("select", x, 0.6931471805599453, near, far)


class Logistic(StableFunction):
    """1/(1 + exp(-x))."""

    @classmethod
    def naive(cls, x: Expr) -> Expr:
        return 1 / (1 + exp(-x))

    def fdiff(self, argindex: int = 1) -> Expr:
        return Logistic(self.args[0]) * Logistic(-self.args[0])

    def recipe(self, b: Builder, x: Value) -> Value:
        return 1.0 / (1.0 + b.emit("exp", -x))


class Softplus(StableFunction):
    """log(1 + exp x)."""

    @classmethod
    def naive(cls, x: Expr) -> Expr:
        return log(1 + exp(x))

    def fdiff(self, argindex: int = 1) -> Expr:
        return Logistic(self.args[0])

    def recipe(self, b: Builder, x: Value) -> Value:
        return b.emit("maximum", x, 0.0) + b.emit("log1p", b.emit("exp", -abs(x)))


class Logit(StableFunction):
    """log(p/(1 - p)), also near p = 1/2 where it vanishes."""

    @classmethod
    def naive(cls, p: Expr) -> Expr:
        return log(p / (1 - p))

    def fdiff(self, argindex: int = 1) -> Expr:
        return 1 / (self.args[0] * (1 - self.args[0]))

    def recipe(self, b: Builder, p: Value) -> Value:
        offset = 2.0 * p - 1.0  # exact for 1/4 <= p <= 1
        near = 2.0 * b.emit("arctanh", offset)
        far = b.emit("log", p) - b.emit("log1p", -p)
        return b.emit("select", abs(offset), 0.5, near, far)
