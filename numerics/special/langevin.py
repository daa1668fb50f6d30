"""The uniform measure on an interval: log(sinh(x)/x) and its derivatives."""

from __future__ import annotations

from math import factorial
from math import pi as PI

from sympy import Expr, Rational, S, log, sinh
from sympy import coth as sympy_coth

from numerics.builder import Builder, Value
from numerics.special.base import StableFunction, power_series

__all__ = ["Langevin", "LangevinSlope", "LogSinhc"]

# Coefficients in powers of x**2 of (sinh x - x)/x**3, and of (sinh(x)**2 - x**2)/x**4
SINH_TAIL = [1 / factorial(2 * k + 3) for k in range(13)]
SQUARED_TAIL = [2 ** (2 * k + 3) / factorial(2 * k + 4) for k in range(17)]


class LogSinhc(StableFunction):
    """log(sinh(x)/x), the log-average of exp(x s) over s uniform in [-1, 1]."""

    singularities = ((0.0, PI),)

    @classmethod
    def naive(cls, x: Expr) -> Expr:
        return log(sinh(x) / x)

    @classmethod
    def eval(cls, x: Expr) -> Expr | None:
        if x.is_zero:
            return S.Zero
        return cls(-x) if x.could_extract_minus_sign() else None

    def fdiff(self, argindex: int = 1) -> Expr:
        return Langevin(self.args[0])

    def recipe(self, b: Builder, x: Value) -> Value:
        size = abs(x)
        near_size = b.emit("minimum", size, 2.0)
        square = near_size * near_size
        near = b.emit(
            "log1p", square * power_series(b, square, SINH_TAIL)
        )  # sinh(x)/x = 1 + x**2 tail(x**2)
        far = b.emit("log1p", -b.emit("exp", -2.0 * size)) + (size - b.emit("log", 2.0 * size))
        return b.emit("select", size, 2.0, near, far)


class Langevin(StableFunction):
    """coth(x) - 1/x, the mean of s uniform in [-1, 1] under the weight exp(x s)."""

    singularities = ((0.0, PI),)

    @classmethod
    def naive(cls, x: Expr) -> Expr:
        return sympy_coth(x) - 1 / x

    @classmethod
    def eval(cls, x: Expr) -> Expr | None:
        if x.is_zero:
            return S.Zero
        return -cls(-x) if x.could_extract_minus_sign() else None

    def fdiff(self, argindex: int = 1) -> Expr:
        return LangevinSlope(self.args[0])

    def recipe(self, b: Builder, x: Value) -> Value:
        size = abs(x)
        near_size = b.emit("minimum", size, 2.0)
        square = near_size * near_size
        fraction = b.constant(29.0)
        for odd in range(27, 1, -2):
            fraction = odd + square / fraction
        near = near_size / fraction  # x/(3 + x**2/(5 + x**2/(7 + ...)))
        far = 1.0 + 2.0 / b.emit("expm1", 2.0 * size) - 1.0 / size
        return b.emit("sign", x) * b.emit("select", size, 2.0, near, far)


class LangevinSlope(StableFunction):
    """1/x**2 - 1/sinh(x)**2, the derivative of the Langevin function."""

    singularities = ((0.0, PI),)

    @classmethod
    def naive(cls, x: Expr) -> Expr:
        return 1 / x**2 - 1 / sinh(x) ** 2

    @classmethod
    def eval(cls, x: Expr) -> Expr | None:
        if x.is_zero:
            return Rational(1, 3)
        return cls(-x) if x.could_extract_minus_sign() else None

    def fdiff(self, argindex: int = 1) -> Expr:
        x = self.args[0]
        # from L' = 1 - L**2 - 2 L/x
        return -2 * (Langevin(x) * self + self / x - Langevin(x) / x**2)

    def recipe(self, b: Builder, x: Value) -> Value:
        size = abs(x)
        near_size = b.emit("minimum", size, 2.0)
        square = near_size * near_size
        excess = power_series(b, square, SQUARED_TAIL)
        near = excess / (1.0 + square * excess)  # (sinh**2 - x**2)/(x**2 sinh**2)
        far = b.emit("square", 1.0 / size) - b.emit("square", 1.0 / b.emit("sinh", size))
        return b.emit("select", size, 2.0, near, far)
