"""Rows for erf and erfc: tails of a Gaussian, their logs, and ratios to its density."""

from __future__ import annotations

from sympy import erf, erfc, exp, log, pi, sqrt

from numerics.rows.row import Row, a, x
from numerics.special import (
    GaussianTail,
    InverseMills,
    InverseMillsSlope,
    LogErfc,
    LogGaussianTail,
    MillsRatio,
    TailCumulant,
    TailPower,
)

__all__ = ["PATTERNS", "WORKED"]

BOTH = ((1e-9,), (0.3,), (-2.5,), (25.0,), (-30.0,))
TAIL = ((1e-300,), (-0.7,), (2.5,), (1e4,), (-1e4,))
NEAR = ((1e-9,), (0.3,), (-2.5,), (25.0,), (-30.0,))
TAIL_2 = ((0.3, 0.2), (20.0, 1.5), (-25.0, -15.0), (25.0, 1e-9), (-1e-9, -1e-9))

PATTERNS = (
    Row(1 + erf(x), 2 * GaussianTail(-sqrt(2) * x), BOTH),  # 1 + erf(x) = erfc(-x)
    Row(1 - erf(x), erfc(x), BOTH),  # by definition
    Row(2 - erfc(x), 2 * GaussianTail(-sqrt(2) * x), BOTH),  # erfc(-x) = 2 - erfc(x)
    Row(1 - erfc(x), erf(x), BOTH),  # by definition
    Row(log(GaussianTail(x)), LogGaussianTail(x), TAIL),  # by definition
    Row(InverseMills(x) * TailCumulant(1, x), InverseMillsSlope(x), TAIL),  # by definition
    Row(1 - InverseMillsSlope(x), TailCumulant(2, x), TAIL),  # variance beyond x
    Row(1 - TailCumulant(2, x), InverseMillsSlope(x), TAIL),  # by definition
    Row(1 - x * MillsRatio(x), MillsRatio(x) * TailCumulant(1, x), TAIL[:4]),  # x = G/H - D
)

u = x * sqrt(2)
density = exp(-(x**2) / 2) / sqrt(2 * pi)
tail = erfc(x / sqrt(2)) / 2

WORKED = (
    Row(log(erfc(x)), LogErfc(x), TAIL),  # by definition
    Row(log(erfc(x / sqrt(2)) / 2), LogGaussianTail(x), TAIL),  # by definition
    Row(log(1 - erf(x)), LogErfc(x), BOTH),  # 1 - erf = erfc
    Row(log(1 + erf(x)), LogErfc(-x), BOTH),  # erfc(-x)
    Row(log(2 - erfc(x)), LogErfc(-x), BOTH),  # erfc(-x)
    Row(density / tail, InverseMills(x), TAIL),  # G/H
    Row(density**2 / tail**2, InverseMills(x) ** 2, TAIL),  # its square
    Row(density / tail - x, TailCumulant(1, x), TAIL),  # mean of z - x beyond x
    # minus the second derivative of log H
    Row(density**2 / tail**2 - x * density / tail, InverseMillsSlope(x), TAIL),
    Row(exp(x**2) * erfc(x), sqrt(2 / pi) * MillsRatio(u), TAIL[:4]),  # H/G at sqrt(2) x
    Row(exp(-(x**2)) / erfc(x), sqrt(pi / 2) * InverseMills(u), TAIL),  # G/H at sqrt(2) x
    # the exponent is minus the square of the argument of erfc, less a**2/2
    Row(
        exp(-(a**2) / 2 - 2 * (x - a) ** 2) / erfc(x - a) ** 2,
        pi * exp(-(a**2) / 2) * InverseMills(sqrt(2) * (x - a)) ** 2 / 2,
        TAIL_2,
    ),
    # a Gaussian convolved with an exponential: the square is completed
    Row(
        exp(a**2 / 2 - x * a) * erfc((a - x) / sqrt(2)) / 2,
        TailPower(a**2 / 2 - x * a, -(x**2) / 2, 1, a - x),
        TAIL_2,
    ),
    # exponents that do not become shorter still meet in one exponential
    Row(
        exp(a / 2) * erfc(a / sqrt(2 * (1 + a))),
        2 * TailPower(a / 2, (a / 2) / (1 + a), 1, a / sqrt(1 + a)),
        ((1e-9,), (0.3,), (40.0,), (1e3,)),
    ),
    Row(density - x * tail, GaussianTail(x) * TailCumulant(1, x), NEAR),  # mean of (z - x) > 0
    Row(
        (1 + x**2) * tail - x * density,  # and of its square
        GaussianTail(x) * (TailCumulant(2, x) + TailCumulant(1, x) ** 2),
        NEAR,
    ),
    Row(erfc(x) / erfc(a), exp(LogGaussianTail(u) - LogGaussianTail(sqrt(2) * a)), TAIL_2[:2]),
)
