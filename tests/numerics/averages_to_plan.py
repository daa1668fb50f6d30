"""Averages over a standard normal with boxes of their parameters, and their values to 20 digits.

Values are by mpmath's tanh-sinh quadrature of the formula as it stands, on intervals that are
graded at the places named here: no code is shared with the plans.
"""

from dataclasses import dataclass
from itertools import pairwise

import mpmath as mp
from sympy import (
    Abs,
    Expr,
    Heaviside,
    Max,
    Symbol,
    cbrt,
    cos,
    cosh,
    erf,
    erfc,
    exp,
    lambdify,
    log,
    pi,
    sin,
    sqrt,
    symbols,
    tanh,
)

DIGITS = 25
GRADES = [mp.mpf(10) ** -k for k in range(5)]
a, b, z = symbols("a b z", real=True)
c, kappa = symbols("c kappa", real=True)
q, V = Symbol("q", positive=True), Symbol("V", nonnegative=True)


@dataclass(frozen=True, eq=False)
class Average:
    """An integrand, its box, where it is steep or kinked, and points of the box to try."""

    name: str
    integrand: Expr
    box: dict
    places: tuple = ()
    points: tuple = ()
    tolerance: float = 1e-13
    reach: int = 12  # beyond lies nothing, whatever the point


def gardner(power):
    """(G/H)**power of the field of a pattern, as on paper."""
    u = (kappa - sqrt(q) * z) / sqrt(1 - q)
    return (exp(-(u**2) / 2) / sqrt(2 * pi) / (erfc(u / sqrt(2)) / 2)) ** power


def tail():
    return erfc((kappa - sqrt(q) * z) / sqrt(2 * (1 - q))) / 2


NEAR_ONE = 1 - 1e-8
AVERAGES = (
    Average("tanh2", tanh(sqrt(V) * z) ** 2, {V: (0, 4)}, (0,), ((0,), (1.3,), (4,)), 1e-14),
    Average(
        "tanh2 steep",
        tanh(sqrt(V) * z) ** 2,
        {V: (0, 1e6)},
        (0,),
        ((0,), (1e-9,), (0.5,), (37.0,), (4321.0,), (1e6,)),
        1e-14,
    ),
    Average(
        "tanh",
        tanh(a + b * z),
        {a: (-50, 50), b: (0, 50)},
        (-a / b,),
        ((3.0, 0.01), (-50, 50), (1.7, 50), (-20, 3.3), (50, 8), (0.3, 1.1)),
    ),
    Average(
        "log 2 cosh",
        log(2 * cosh(a + b * z)),
        {a: (-50, 50), b: (0, 50)},
        (-a / b,),
        ((0, 0.01), (-50, 50), (1.7, 50), (-20, 3.3), (0.3, 1.1)),
    ),
    Average(
        "logistic",
        1 / (1 + exp(-a - b * z)),
        {a: (-3, 3), b: (0, 2)},
        (-a / b,),
        ((0.8, 1.5**0.5), (-3, 0.001), (-3, 2)),
    ),
    Average(
        "expected spike",
        (a + b * z) / (1 + exp(-a - b * z)),
        {a: (-3, 3), b: (0, 2)},
        (-a / b,),
        ((0.8, 1.5**0.5), (-3, 0.001), (-1.27, 2)),
    ),
    Average(
        "Gardner",
        gardner(2),
        {q: (0, 0.99), kappa: (-2, 2)},
        (kappa / sqrt(q),),
        ((0.1, 0), (0.9, 0), (0.99, 0), (0.5, 1), (0.99, -2), (1e-6, 2)),
    ),
    Average(
        "Gardner steep",
        gardner(2),
        {q: (0, NEAR_ONE), kappa: (-30, 30)},
        (kappa / sqrt(q), 2 * sqrt(q) * kappa / (1 + q)),
        ((NEAR_ONE, -30), (NEAR_ONE, 0.5), (0.9, -30), (0.98, -17), (0.5, 30), (0.3, -17)),
        reach=39,
    ),
    Average(
        "log of the tail",
        log(tail()),
        {q: (0, NEAR_ONE), kappa: (-5, 5)},
        (kappa / sqrt(q),),
        ((NEAR_ONE, -5), (NEAR_ONE, 0.5), (0.9, -2), (0.3, 5)),
    ),
    Average(
        "exponential",
        exp(a * z) * tanh(b * z),
        {a: (-30, 30), b: (0, 20)},
        (0, a),
        ((-30, 20), (0.001, 20), (7, 0.02)),
        reach=39,
    ),
    Average(
        "rectifier",
        Max(0, a * z + b) * tanh(z),
        {a: (0, 10), b: (-5, 5)},
        (-b / a, 0),
        ((10, 5), (0.5, -5), (3, -1)),
        reach=24,
    ),
    Average(
        "step",
        Heaviside(z - b) * tanh(a * z),
        {a: (0, 100), b: (-30, 30)},
        (b, 0),
        ((100, -30), (100, 30), (3, 0.3), (77, -0.01)),
        reach=39,
    ),
    Average(
        "absolute value",
        Abs(z - b) * tanh(a * z) ** 2,
        {a: (0, 100), b: (-3, 3)},
        (b, 0),
        ((100, 3), (99, -0.001), (0.1, 0.5)),
    ),
    Average(
        "error function",
        erf(a * z + b) ** 2 * tanh(c * z),
        {a: (0, 1000), b: (-5, 5), c: (0, 1000)},
        (-b / a, 0),
        ((1000, -2.5, 1000), (300, 5, 0.1), (0.1, -1, 70)),
    ),
    Average("moment", z**4 * tanh(a * z) ** 2, {a: (0, 1000)}, (0,), ((1000,), (0.01,), (3,))),
    Average(
        "two places",
        tanh(a * z + 1) * tanh(b * z - 1),
        {a: (0, 100), b: (0, 100)},
        (-1 / a, 1 / b),
        ((100, 100), (2, 70), (0.4, 0.3)),
    ),
    Average("root", sqrt(1 + a * z**2), {a: (0, 1e4)}, (0,), ((1e4,), (5.0,))),
    Average("logarithm", log(Abs(z - b)), {b: (-3, 3)}, (b,), ((3,), (-0.2,), (0.001,))),
    Average(
        "wave", cos(a * z) * tanh(b * z) ** 2, {a: (0, 30), b: (0, 30)}, (0,), ((30, 30), (9, 1))
    ),
)

# What no rule reaches here, and why.
OUT_OF_REACH = (
    # where a cubic form vanishes is not looked for, and it moves
    Average(
        "cubic",
        tanh(100 * (z**3 - a)),
        {a: (-2, 2)},
        (cbrt(a),),
        ((1.5,), (0.2,)),
    ),
    # an essential singularity on the real axis: no change of variable tames it
    Average("essential", sin(1 / z) ** 2 * exp(a * z), {a: (0, 1)}, (0,), ()),
)


def value(average, point):
    """The average and, to a few digits, that of the absolute value."""
    numbers = {p: mp.mpf(v) for p, v in zip(average.box, point, strict=True)}
    f = lambdify([z, *average.box], average.integrand, "mpmath")

    def density(x):
        return f(x, *numbers.values()) * mp.npdf(x)

    with mp.workdps(DIGITS):
        grid = _intervals(average, numbers)
        inside = [(low + high) / 2 for low, high in pairwise(grid)]
        peak = max(abs(density(x)) for x in inside) or mp.mpf(1)  # quad stops at an absolute error
        signed = mp.quad(lambda x: density(x) / peak, grid)
        size = mp.quad(lambda x: abs(density(x)) / peak, grid, maxdegree=3)
        return signed * peak, size * peak


def _intervals(average, numbers):
    ends = {mp.mpf(k) for k in range(-average.reach, average.reach + 1, 3)}
    for place in average.places:
        at = lambdify(list(average.box), place, "mpmath")
        try:
            centre = mp.mpf(at(*numbers.values()))
        except ZeroDivisionError:
            continue  # steep nowhere
        ends |= {centre, *(centre + s * g for g in GRADES for s in (-1, 1))}
    return sorted(e for e in ends if abs(e) <= average.reach)
