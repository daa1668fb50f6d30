"""Rows for differences that cancel, and for angles of correlations."""

from __future__ import annotations

from sympy import acos, asin, cos, cosh, erf, erfc, exp, log, pi, sin, sinh, sqrt, tanh

from numerics.rows.row import Row, a, b, x
from numerics.special import (
    ArcCos,
    ArcCosineKernel,
    ArcSin,
    ExpDifference,
    GaussianInterval,
    GaussianTail,
    LogGaussianInterval,
    Logistic,
    LogisticDifference,
    LogRatio,
)

__all__ = ["PATTERNS", "WORKED"]

SMALL = ((1e-150,), (1e-9,), (0.3,), (-2.5,), (3.0,))
CLOSE = ((1e-9, 1.5e-9), (1.0, 1 + 1e-12), (-2.0, 5.0), (20.0, 21.0), (-25.0, -25.5))
RISING = ((1e-9, 1.5e-9), (1.0, 1 + 1e-12), (-2.0, 5.0), (20.0, 21.0), (-25.5, -25.0))
OVER = ((1e-9,), (0.3,), (0.999999,), (-0.5,), (-0.999999,))
POSITIVE = ((1e-12,), (0.3,), (7.0,), (1e12,), (1e100,))

PATTERNS = (
    Row(1 - cos(x), 2 * sin(x / 2) ** 2, SMALL),  # half angle
    Row(1 + cos(x), 2 * cos(x / 2) ** 2, SMALL),  # half angle
    Row(cosh(x) - 1, 2 * sinh(x / 2) ** 2, SMALL),  # half angle
    Row(exp(a) - exp(b), ExpDifference(a, b), CLOSE),  # by definition
    Row(tanh(a) - tanh(b), 2 * LogisticDifference(2 * a, 2 * b), CLOSE),  # tanh in the logistic
    Row(Logistic(a) - Logistic(b), LogisticDifference(a, b), CLOSE),  # by definition
    Row(erf(a) - erf(b), 2 * GaussianInterval(sqrt(2) * b, sqrt(2) * a), CLOSE),  # erfc = 1 - erf
    Row(erf(a) + erf(b), 2 * GaussianInterval(-sqrt(2) * b, sqrt(2) * a), CLOSE),  # erf is odd
    Row(erfc(a) - erfc(b), 2 * GaussianInterval(sqrt(2) * a, sqrt(2) * b), CLOSE),  # by definition
    Row(GaussianTail(a) - GaussianTail(b), GaussianInterval(a, b), CLOSE),  # by definition
    Row(log(GaussianInterval(a, b)), LogGaussianInterval(a, b), RISING),  # by definition
    Row(log(-GaussianInterval(b, a)), LogGaussianInterval(a, b), RISING),  # by definition
    Row(asin(x), ArcSin(x), OVER),  # by definition
    Row(acos(x), ArcCos(x), OVER),  # by definition
    Row(pi / 2 + ArcSin(x), ArcCos(-x), OVER),  # acos(-x) = pi/2 + asin(x)
    Row(pi / 2 - ArcSin(x), ArcCos(x), OVER),  # by definition
    Row(pi - ArcCos(x), ArcCos(-x), OVER),  # acos(-x) = pi - acos(x)
)

root = sqrt(1 - x**2)

WORKED = (
    Row(sqrt(1 + x) - 1, x / (1 + sqrt(1 + x)), POSITIVE),  # A - B over the sum of roots
    Row(1 - sqrt(1 - x), x / (1 + sqrt(1 - x)), ((1e-150,), (1e-9,), (0.3,), (-7.0,), (1.0,))),
    Row(sqrt(1 + x) - sqrt(x), 1 / (sqrt(x) + sqrt(1 + x)), POSITIVE),  # the same
    Row(log(1 + x) - log(x), LogRatio(1 + x, x, 1), POSITIVE),  # log(1 + 1/x) for large x
    Row(root + x * (pi - acos(x)), ArcCosineKernel(x), OVER),  # of two rectified units
    Row(root + x * asin(x) + pi * x / 2, ArcCosineKernel(x), OVER),  # the same
    Row(
        log(erfc(a / sqrt(2)) / 2 - erfc(b / sqrt(2)) / 2),
        LogGaussianInterval(a, b),
        RISING,
    ),
)
