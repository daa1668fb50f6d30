"""Angles of correlations near plus and minus one, and the arc-cosine kernel."""

from __future__ import annotations

from math import factorial

from sympy import Expr, acos, asin, pi, sqrt

from numerics.builder import Builder, Value
from numerics.special.base import StableFunction, power_series

__all__ = ["ArcCos", "ArcCosineKernel", "ArcSin", "correlation"]

ROUNDING = 1.0 + 1e-15  # of a correlation: its square root, product and quotient
# Coefficients of (sin p - p cos p)/p**3 in powers of -p**2
ARC_TAIL = [(2 * k + 2) / factorial(2 * k + 3) for k in range(11)]


def correlation(b: Builder, x: Value) -> Value:
    """A correlation that rounding has pushed past one; further out it stays, and has no angle."""
    clipped = b.emit("maximum", b.emit("minimum", x, 1.0), -1.0)
    return b.emit("select", abs(x), ROUNDING, clipped, x)


class ArcSin(StableFunction):
    """asin(x) of a computed correlation x, which rounding may push past one."""

    singularities = ((1.0, 0.0), (-1.0, 0.0))

    @classmethod
    def naive(cls, x: Expr) -> Expr:
        return asin(x)

    @classmethod
    def eval(cls, x: Expr) -> Expr | None:
        return -cls(-x) if x.could_extract_minus_sign() else None

    def fdiff(self, argindex: int = 1) -> Expr:
        return 1 / sqrt(1 - self.args[0] ** 2)

    def recipe(self, b: Builder, x: Value) -> Value:
        return b.emit("arcsin", correlation(b, x))


class ArcCos(StableFunction):
    """acos(x) of a computed correlation x, which rounding may push past one."""

    singularities = ((1.0, 0.0), (-1.0, 0.0))

    @classmethod
    def naive(cls, x: Expr) -> Expr:
        return acos(x)

    def fdiff(self, argindex: int = 1) -> Expr:
        return -1 / sqrt(1 - self.args[0] ** 2)

    def recipe(self, b: Builder, x: Value) -> Value:
        return b.emit("arccos", correlation(b, x))


class ArcCosineKernel(StableFunction):
    """sqrt(1 - x**2) + x (pi - acos(x)): two rectified units of correlation x, up to a factor.

    It falls like (1 + x)**(3/2) at x -> -1, where the terms cancel.  Cho and Saul, Adv. Neural Inf.
    Process. Syst. 22 (2009), equation 6.
    """

    singularities = ((1.0, 0.0), (-1.0, 0.0))

    @classmethod
    def naive(cls, x: Expr) -> Expr:
        return sqrt(1 - x**2) + x * (pi - acos(x))

    def fdiff(self, argindex: int = 1) -> Expr:
        return ArcCos(-self.args[0])

    def recipe(self, b: Builder, x: Value) -> Value:
        angle = b.emit("arccos", correlation(b, -x))
        near_angle = b.emit("minimum", angle, 1.0)
        square = b.emit("square", near_angle)
        near = near_angle * square * power_series(b, -square, ARC_TAIL)
        far = b.emit("sin", angle) - angle * b.emit("cos", angle)
        return b.emit("select", angle, 1.0, near, far)
