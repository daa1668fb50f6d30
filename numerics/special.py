"""Stable special functions: a symbolic node, its meaning, its derivative and its recipe.

The meaning (`naive`) is the textbook formula, which mpmath evaluates at any precision; the recipe
is the same function in operations that neither overflow nor cancel.  Nodes come into expressions by
the rows of `numerics.stable`, and may be written by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from math import factorial
from typing import Any, ClassVar

from sympy import Expr, Function, Rational, S, cosh, exp, log, sinh, tanh
from sympy import coth as sympy_coth

from numerics.builder import Builder, Value

__all__ = [
    "BinaryEntropy",
    "Expm1",
    "Langevin",
    "LangevinSlope",
    "Log1mExp",
    "Log1p",
    "Log2Cosh",
    "LogCosh",
    "LogSinhc",
    "Logistic",
    "Logit",
    "OnePlusXLog1p",
    "Sech2",
    "Softplus",
    "SpinEntropy",
    "StableFunction",
    "XLogX",
]

# Coefficients in powers of x**2 of (sinh x - x)/x**3, and of (sinh(x)**2 - x**2)/x**4
SINH_TAIL = [1 / factorial(2 * k + 3) for k in range(13)]
SQUARED_TAIL = [2 ** (2 * k + 3) / factorial(2 * k + 4) for k in range(17)]


class StableFunction(Function):
    """A function with a stable recipe.  Subclasses give `naive`, `recipe` and `fdiff`."""

    naive: ClassVar[Callable[..., Expr]]  # the textbook formula of the arguments
    recipe: Callable[..., Value]  # the function of registers in stable operations, by a builder

    def _eval_evalf(self, prec: int) -> Expr:
        digits = int(prec * 0.30103) + 3
        exact = [Rational(arg) if arg.is_Float else arg for arg in self.args]
        return self.naive(*exact).evalf(digits, maxn=100_000)

    def _eval_is_extended_real(self) -> bool | None:
        return True if all(arg.is_extended_real for arg in self.args) else None

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        text = str(printer._print(self.naive(*self.args)))
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


def _series(b: Builder, square: Value, coefficients: list[float]) -> Value:
    """A power series in x**2 <= 4 with positive terms, to the last digit."""
    result = b.constant(coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        result = result * square + coefficient
    return result


def _x_log_x(b: Builder, x: Value) -> Value:
    return x * b.emit("log", b.emit("fill_zero", x))


def _one_plus_x_log1p(b: Builder, x: Value) -> Value:
    shifted = 1.0 + x
    empty = b.emit("fill_zero", shifted) - shifted  # 1 at x = -1, zero elsewhere
    return shifted * b.emit("log1p", x + empty)


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


class LogSinhc(StableFunction):
    """log(sinh(x)/x), the log-average of exp(x s) over s uniform in [-1, 1]."""

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
            "log1p", square * _series(b, square, SINH_TAIL)
        )  # sinh(x)/x = 1 + x**2 tail(x**2)
        far = b.emit("log1p", -b.emit("exp", -2.0 * size)) + (size - b.emit("log", 2.0 * size))
        return b.emit("select", size, 2.0, near, far)


class Langevin(StableFunction):
    """coth(x) - 1/x, the mean of s uniform in [-1, 1] under the weight exp(x s)."""

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
        excess = _series(b, square, SQUARED_TAIL)
        near = excess / (1.0 + square * excess)  # (sinh**2 - x**2)/(x**2 sinh**2)
        far = b.emit("square", 1.0 / size) - b.emit("square", 1.0 / b.emit("sinh", size))
        return b.emit("select", size, 2.0, near, far)
