"""Probabilities of orthants of normal variables: Owen's function, and four centred variables.

Both are integrals of elementary functions over an interval, done by fixed rules whose nodes are
constants of the program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from math import pi as PI

from numpy.polynomial.legendre import leggauss
from sympy import Function, Integer, atan2

from derive.equations import BivariateNormal, OrthantProbability, OwenT
from numerics.builder import Builder, Value
from numerics.program import Axis, Range
from numerics.special.arcs import correlation
from numerics.special.tails import gaussian_tail

__all__ = ["RECIPES"]

PAIRS = tuple(combinations(range(4), 2))
ZERO = 40.0  # where exp(-h**2/2) underflows
REACH = 8.7  # beyond, exp(-x**2/2) is lost in the integral
LEGENDRE = 24
# t = 1/(1 + exp(-pi sinh u)) at steps of u: doubly exponential towards both ends
STEP, NODES = 0.05, 160
TINY = 1e-150  # for zero, where it is divided by
NAN = float("nan")
ROUNDING = 1e-15  # of a determinant that vanishes


def owen(b: Builder, h: Value, a: Value) -> Value:
    """Owen's T: his integral over [0, |a|] for |a| <= 1, and his reflection a -> 1/a beyond."""
    size, slope = abs(h), abs(a)
    steep = slope * size
    flat = 1.0 / b.emit("maximum", slope, 1.0)
    own = b.emit("select", 1.0, slope, steep, size)
    inside = _wedge(b, b.emit("minimum", own, ZERO), b.emit("minimum", slope, flat))
    one, other = gaussian_tail(b, size), gaussian_tail(b, steep)
    beyond = 0.5 * one + other * (0.5 - one) - inside
    value = b.emit("select", 1.0, slope, beyond, inside)
    return b.emit("select", a, 0.0, -value, value)


def _wedge(b: Builder, h: Value, a: Value) -> Value:
    """exp(-h**2/2)/(2 pi) times the integral of exp(-(h x)**2/2)/(1 + x**2) over 0 < x < a <= 1."""
    end = b.emit("minimum", a, REACH / b.emit("maximum", h, 1.0))
    rate, bend = -0.5 * b.emit("square", h * end), b.emit("square", end)
    places, weights = leggauss(LEGENDRE)
    squares = [float(0.5 + 0.5 * place) ** 2 for place in places]
    terms = [
        float(0.5 * weight) * b.emit("exp", square * rate) / (1.0 + square * bend)
        for square, weight in zip(squares, weights, strict=True)
    ]
    front = end * b.emit("exp", -0.5 * b.emit("square", h))
    return front / (2.0 * PI) * _total(terms)


def bivariate(b: Builder, h: Value, k: Value, rho: Value) -> Value:
    """Phi2 = Phi(h)/2 + Phi(k)/2 - arccos(rho)/(2 pi) - D(h, k - rho h) - D(k, h - rho k).

    D(h, d) = T(h, a) - arctan(a)/(2 pi), with a = d/(h sqrt(1 - rho**2)), is odd in h and smooth.
    """
    spread = b.emit("maximum", b.emit("sqrt", (1.0 - rho) * (1.0 + rho)), TINY)
    halves = 0.5 * (gaussian_tail(b, -h) + gaussian_tail(b, -k))
    angle = b.emit("arccos", rho) / (2.0 * PI)
    first = _defect(b, h, (k - rho * h) / spread)
    return halves - angle - (first + _defect(b, k, (h - rho * k) / spread))


def _defect(b: Builder, h: Value, d: Value) -> Value:
    a = d / b.emit("select", abs(h), TINY, TINY, h)
    return owen(b, h, a) - b.emit("arctan", a) / (2.0 * PI)


def angle(b: Builder, y: Value, x: Value) -> Value:
    """The angle of the point (x, y) with the positive x axis; zero at the origin."""
    turned = b.emit("arctan", y / b.emit("maximum", abs(x), TINY))
    behind = b.emit("select", y, 0.0, -PI, PI) - turned
    return b.emit("select", x, 0.0, behind, turned)


def orthant(b: Builder, *correlations: Value) -> Value:
    """Plackett's integral along R(t) = 1 + t (R - 1) from independence; its quarters are exact.

    P4 = 1/16 + sum of asin(r)/(8 pi) + integral over 0 < t < 1 of the sum over pairs of
    r asin(q(t))/sqrt(1 - (t r)**2)/(4 pi**2), where q is the correlation of the other two given
    that these vanish.  All is smooth inside; at t = 1 there are roots where R is singular.
    """
    correlations = tuple(correlation(b, r) for r in correlations)
    t, rest, weight = _nodes(b)
    scaled = [t * r for r in correlations]
    # 1 - (t r)**2 from 1 - t, which is exact near t = 1
    free = [((1.0 - r) + rest * r) * ((1.0 - (-r)) - rest * r) for r in correlations]
    r, f = _by_pair(scaled), _by_pair(free)
    slopes = [
        own
        * b.emit("arcsin", _clipped(b, _partial(b, r, f, *pair)))
        / b.emit("sqrt", f[frozenset(pair)])
        for pair, own in zip(PAIRS, correlations, strict=True)
    ]
    integral = b.emit("sum", weight * _total(slopes), over=_node_axes())
    angles = _total([b.emit("arcsin", own) for own in correlations])
    value = 0.0625 + (angles / (8.0 * PI) + integral)
    return b.emit("select", _least_minor(b, correlations), -4 * ROUNDING, NAN, value)


def _total(values: list[Value]) -> Value:
    result = values[0]
    for value in values[1:]:
        result = result + value
    return result


def _node_axes() -> tuple[Axis, ...]:
    return (Axis("node", Range("orthant_nodes", Integer(NODES))),)


def _nodes(b: Builder) -> tuple[Value, Value, Value]:
    """t, 1 - t and the weight dt/(4 pi**2)."""
    count = b.emit("positions", b.constant(float(NODES)), along=_node_axes())
    u = STEP * (count - 0.5 * (NODES + 1))
    steep = PI * b.emit("sinh", u)
    t, rest = (1.0 / (1.0 + b.emit("exp", s)) for s in (-steep, steep))
    weight = (STEP * PI / (4 * PI**2)) * b.emit("cosh", u) * t * rest
    return t, rest, weight


Pairs = dict[frozenset[int], Value]


def _by_pair(values: Iterable[Value]) -> Pairs:
    return {frozenset(p): v for p, v in zip(PAIRS, values, strict=True)}


def _partial(b: Builder, r: Pairs, f: Pairs, i: int, j: int) -> Value:
    """The correlation of the other two variables given those two, from f = 1 - r**2."""
    shared, first, second = _conditional(b, r, f, i, j)
    first, second = (b.emit("maximum", v, ROUNDING * f[frozenset((i, j))]) for v in (first, second))
    return shared / (b.emit("sqrt", first) * b.emit("sqrt", second))


def _conditional(b: Builder, r: Pairs, f: Pairs, i: int, j: int) -> tuple[Value, Value, Value]:
    """Covariance and variances of the other two given those two, times 1 - r**2 of these."""
    k, m = (v for v in range(4) if v not in (i, j))
    ij, ik, im, jk, jm, km = (
        frozenset(p) for p in ((i, j), (i, k), (i, m), (j, k), (j, m), (k, m))
    )
    to_k, to_m = r[jk] - r[ij] * r[ik], r[jm] - r[ij] * r[im]
    shared = (r[km] - r[ik] * r[im]) * f[ij] - to_k * to_m
    first, second = (
        f[ij] * f[other] - b.emit("square", to) for other, to in ((ik, to_k), (im, to_m))
    )
    return shared, first, second


def _least_minor(b: Builder, correlations: Sequence[Value]) -> Value:
    """The least principal minor: negative where no variables have these correlations."""
    r, f = _by_pair(correlations), _by_pair((1.0 - r) * (1.0 + r) for r in correlations)
    shared, first, second = _conditional(b, r, f, 0, 1)
    least = first * second - b.emit("square", shared)
    for minor in (first, second, *_conditional(b, r, f, 2, 3)[1:]):
        least = b.emit("minimum", least, minor)
    return least


def _clipped(b: Builder, value: Value) -> Value:
    """Rounding may push the correlation of dependent variables past one."""
    return b.emit("maximum", b.emit("minimum", value, 1.0), -1.0)


RECIPES: dict[type[Function], Callable[..., Value]] = {
    BivariateNormal: bivariate,
    OrthantProbability: orthant,
    OwenT: owen,
    atan2: angle,
}
