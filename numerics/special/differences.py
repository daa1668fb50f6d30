"""Differences of a function at two arguments, which cancel where these are close or far out."""

from __future__ import annotations

from math import pi as PI
from math import sqrt as root
from typing import Any

from sympy import Expr, S, erfc, exp, log, pi, sqrt

from numerics.builder import Builder, Value
from numerics.special.base import StableFunction
from numerics.special.logistic import Logistic
from numerics.special.tails import gaussian_tail, log_gaussian_tail

__all__ = [
    "ExpDifference",
    "GaussianInterval",
    "LogGaussianInterval",
    "LogRatio",
    "LogisticDifference",
]


def _ordered(b: Builder, first: Value, second: Value) -> tuple[Value, Value, Value]:
    """The larger, the smaller, and the sign of first - second."""
    larger, smaller = b.emit("maximum", first, second), b.emit("minimum", first, second)
    return larger, smaller, b.emit("sign", first - second)


def _density(x: Expr) -> Expr:
    return exp(-(x**2) / 2) / sqrt(2 * pi)


class ExpDifference(StableFunction):
    """exp(a) - exp(b)."""

    @classmethod
    def naive(cls, a: Expr, b: Expr) -> Expr:
        return exp(a) - exp(b)

    @classmethod
    def eval(cls, a: Expr, b: Expr) -> Expr | None:
        return S.Zero if a == b else None

    def fdiff(self, argindex: int = 1) -> Expr:
        a, b = self.args
        return exp(a) if argindex == 1 else -exp(b)

    def recipe(self, b: Builder, first: Value, second: Value) -> Value:
        larger, smaller, sign = _ordered(b, first, second)
        # exp(M) (1 - exp(m - M)); the exponential first, which may underflow but not overflow alone
        return -sign * b.emit("exp", larger) * b.emit("expm1", smaller - larger)


class LogisticDifference(StableFunction):
    """1/(1 + exp(-a)) - 1/(1 + exp(-b)); tanh(a) - tanh(b) is twice it at 2 a, 2 b."""

    singularities = ((0.0, PI),)

    @classmethod
    def naive(cls, a: Expr, b: Expr) -> Expr:
        return 1 / (1 + exp(-a)) - 1 / (1 + exp(-b))

    @classmethod
    def eval(cls, a: Expr, b: Expr) -> Expr | None:
        return S.Zero if a == b else None

    def fdiff(self, argindex: int = 1) -> Expr:
        x = self.args[argindex - 1]
        slope = Logistic(x) * Logistic(-x)
        return slope if argindex == 1 else -slope

    def recipe(self, b: Builder, first: Value, second: Value) -> Value:
        larger, smaller, sign = _ordered(b, first, second)
        # s(M) - s(m) = s(M) s(-m) (1 - exp(m - M))
        below = (1.0 + b.emit("exp", -larger)) * (1.0 + b.emit("exp", smaller))
        return -sign * (b.emit("expm1", smaller - larger) / below)


class LogRatio(StableFunction):
    """log(a/b), arguments a, b and a - b in simplified form."""

    @classmethod
    def naive(cls, a: Expr, b: Expr, difference: Expr) -> Expr:
        return log(a / b)

    def _eval_derivative(self, other: Any) -> Expr:
        a, b, difference = self.args
        # a'/a - b'/b, with a = b + d
        return difference.diff(other) / a - difference * b.diff(other) / (a * b)

    def recipe(self, b: Builder, above: Value, below: Value, difference: Value) -> Value:
        excess = difference / below
        near = b.emit("log1p", b.emit("minimum", b.emit("maximum", excess, -0.5), 1.0))
        whole = b.emit("log", above / below)
        parts = b.emit("log", above) - b.emit("log", below)  # where the ratio overflows
        far = b.emit("select", abs(whole), 600.0, whole, parts)
        small = b.emit("select", excess, 1.0, near, far)
        return b.emit("select", -0.5, excess, small, far)


class GaussianInterval(StableFunction):
    """H(a) - H(b), the probability that a standard normal variable lies between a and b."""

    @classmethod
    def naive(cls, a: Expr, b: Expr) -> Expr:
        return (erfc(a / sqrt(2)) - erfc(b / sqrt(2))) / 2

    @classmethod
    def eval(cls, a: Expr, b: Expr) -> Expr | None:
        return S.Zero if a == b else None

    def fdiff(self, argindex: int = 1) -> Expr:
        density = _density(self.args[argindex - 1])
        return -density if argindex == 1 else density

    def recipe(self, b: Builder, first: Value, second: Value) -> Value:
        larger, smaller, sign = _ordered(b, second, first)
        low, high = _upper_half(b, smaller, larger)
        far = gaussian_tail(b, low) - gaussian_tail(b, high)
        return sign * b.emit("select", low, NEAR, _central(b, low, high), far)


class LogGaussianInterval(StableFunction):
    """log(H(a) - H(b)) for a < b."""

    @classmethod
    def naive(cls, a: Expr, b: Expr) -> Expr:
        return log(GaussianInterval.naive(a, b))

    def fdiff(self, argindex: int = 1) -> Expr:
        x = self.args[argindex - 1]
        density = exp(-(x**2) / 2 - self) / sqrt(2 * pi)
        return -density if argindex == 1 else density

    def recipe(self, b: Builder, first: Value, second: Value) -> Value:
        low, high = _upper_half(b, first, second)
        near = b.emit("log", _central(b, low, b.emit("maximum", high, low)))
        start = b.emit("maximum", low, NEAR)
        top = log_gaussian_tail(b, start)
        drop = log_gaussian_tail(b, b.emit("maximum", high, start)) - top
        far = top + b.emit("log", -b.emit("expm1", drop))
        outside = gaussian_tail(b, high) + gaussian_tail(b, -low)  # small on a wide interval
        wide = b.emit("log1p", -b.emit("minimum", outside, 1.0))
        narrow = b.emit("select", low, NEAR, near, far)
        return b.emit("select", low, -NEAR, wide, narrow)


NEAR = 0.5  # where tails begin to cancel less than error functions do


def _upper_half(b: Builder, low: Value, high: Value) -> tuple[Value, Value]:
    """The interval, or its mirror image, that lies mostly at positive arguments."""
    middle = low + high
    return (
        b.emit("select", middle, 0.0, -high, low),
        b.emit("select", middle, 0.0, -low, high),
    )


def _central(b: Builder, low: Value, high: Value) -> Value:
    return 0.5 * (b.emit("erf", high * root(0.5)) - b.emit("erf", low * root(0.5)))
