"""Entropies, zero where a probability is zero or one."""

from __future__ import annotations

from sympy import Expr, atanh, log

from numerics.builder import Builder, Value
from numerics.special.base import StableFunction
from numerics.special.logistic import Log1p, Logit

__all__ = ["BinaryEntropy", "OnePlusXLog1p", "SpinInformation", "XLogX"]


def _x_log_x(b: Builder, x: Value) -> Value:
    return x * b.emit("log", b.emit("fill_zero", x))


def _one_plus_x_log1p(b: Builder, x: Value) -> Value:
    shifted = 1.0 + x
    empty = b.emit("fill_zero", shifted) - shifted  # 1 at x = -1, zero elsewhere
    return shifted * b.emit("log1p", x + empty)


class XLogX(StableFunction):
    """x log x, zero at x = 0."""

    @classmethod
    def naive(cls, x: Expr) -> Expr:
        return x * log(x)

    def fdiff(self, argindex: int = 1) -> Expr:
        return 1 + log(self.args[0])

    def recipe(self, b: Builder, x: Value) -> Value:
        return _x_log_x(b, x)


class OnePlusXLog1p(StableFunction):
    """(1 + x) log(1 + x), zero at x = -1 and to full relative accuracy near x = 0."""

    @classmethod
    def naive(cls, x: Expr) -> Expr:
        return (1 + x) * log(1 + x)

    def fdiff(self, argindex: int = 1) -> Expr:
        return 1 + Log1p(self.args[0])

    def recipe(self, b: Builder, x: Value) -> Value:
        return _one_plus_x_log1p(b, x)


class BinaryEntropy(StableFunction):
    """-p log p - (1 - p) log(1 - p) for 0 <= p <= 1."""

    @classmethod
    def naive(cls, p: Expr) -> Expr:
        return -p * log(p) - (1 - p) * log(1 - p)

    def fdiff(self, argindex: int = 1) -> Expr:
        return -Logit(self.args[0])

    def recipe(self, b: Builder, p: Value) -> Value:
        return -(_x_log_x(b, p) + _one_plus_x_log1p(b, -p))


class SpinInformation(StableFunction):
    """(1 + m) log(1 + m) + (1 - m) log(1 - m): twice what a spin of mean m falls short of log 2."""

    singularities = ((1.0, 0.0), (-1.0, 0.0))

    @classmethod
    def naive(cls, m: Expr) -> Expr:
        return (1 + m) * log(1 + m) + (1 - m) * log(1 - m)

    @classmethod
    def eval(cls, m: Expr) -> Expr | None:
        return cls(-m) if m.could_extract_minus_sign() else None

    def fdiff(self, argindex: int = 1) -> Expr:
        return 2 * atanh(self.args[0])

    def recipe(self, b: Builder, m: Value) -> Value:
        small = b.emit("maximum", b.emit("minimum", m, 0.5), -0.5)
        # 2 m atanh(m) = 2 m**2 + ..., of which log(1 - m**2) takes away half
        near = 2.0 * small * b.emit("arctanh", small) + b.emit("log1p", -(small * small))
        far = _one_plus_x_log1p(b, m) + _one_plus_x_log1p(b, -m)
        return b.emit("select", abs(m), 0.5, near, far)
