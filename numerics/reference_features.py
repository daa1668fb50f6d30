"""Where an integrand varies fast or is not analytic, found from the arguments of its functions.

A probe is such an argument.  Its real roots are kinks of steps, absolute values and branches, and
for a smooth function the places where it varies over a distance 1/slope; extrema of its absolute
value show singularities beside the real axis.  An average inside blurs what depends on its own
variables: the probe moved by one standard deviation tells over which distance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from sympy import Abs, Expr, Function, Heaviside, Max, Min, Piecewise, Pow, exp, log, sign, sqrt
from sympy.core.relational import Relational

from derive.equations import Binder, GaussianAverage
from numerics.reference_code import Sizes, written_out
from numerics.reference_line import COARSE, Feature

__all__ = ["Probe", "features", "probes"]

SWITCH, SINGULAR, FAST, EXPONENT = "switch", "singular", "fast", "exponent"
Real = Any


@dataclass(frozen=True)
class Probe:
    """An argument, of what kind of function, and the same moved in each variable of averages."""

    kind: str
    argument: Expr
    moved: tuple[Expr, ...] = ()


def probes(expr: Any, sizes: Sizes, inside: bool = False) -> Iterator[Probe]:
    """The arguments of everything in an expression that is not entire or varies fast."""
    if isinstance(expr, GaussianAverage):
        yield from _averaged(expr, sizes)
        return
    if isinstance(expr, Binder):
        for term in written_out(expr, sizes):
            yield from probes(term, sizes, inside)
        return
    if isinstance(expr, Function) and hasattr(expr, "naive"):
        yield from probes(expr.naive(*expr.args), sizes, inside)
        return
    for kind, argument in _own(expr, inside):
        yield Probe(kind, argument)
    nonlinear = isinstance(expr, Function | Pow) and not isinstance(expr, exp)
    for arg in expr.args:
        yield from probes(arg, sizes, inside or nonlinear)


def _own(expr: Any, inside: bool) -> Iterable[tuple[str, Expr]]:
    if isinstance(expr, Heaviside | sign | Abs):
        return [(SWITCH, expr.args[0])]
    if isinstance(expr, Max | Min):
        return [(SWITCH, a - b) for a, b in combinations(expr.args, 2)]
    if isinstance(expr, Piecewise):
        found = {r for _, c in expr.args if c is not True for r in c.atoms(Relational)}
        return [(SWITCH, r.lhs - r.rhs) for r in sorted(found, key=str)]
    if isinstance(expr, Pow):
        entire = expr.exp.is_Integer and expr.exp.is_nonnegative
        return [] if entire else [(SINGULAR, expr.base)]
    if isinstance(expr, exp):
        return [(FAST if inside else EXPONENT, expr.args[0])]
    if isinstance(expr, Function):
        return [(SINGULAR if isinstance(expr, log) else FAST, arg) for arg in expr.args]
    return []


def _averaged(expr: GaussianAverage, sizes: Sizes) -> Iterator[Probe]:
    """Probes at the mean of the average's own variables, and moved by a standard deviation."""
    mean = dict(zip(expr.variables, expr.mean, strict=True))
    widths = [sqrt(expr.covariance[k, k]) for k in range(len(mean))]
    moves = [{**mean, v: mean[v] + width} for v, width in zip(expr.variables, widths, strict=True)]
    for probe in probes(expr.integrand, sizes, True):
        moved = [other.xreplace(mean) for other in probe.moved]
        moved += [probe.argument.xreplace(move) for move in moves]
        yield Probe(probe.kind, probe.argument.xreplace(mean), tuple(moved))
    for entry in (*expr.mean, *expr.covariance):
        yield from probes(entry, sizes, True)


def features(
    mp: Any, kinds: Sequence[str], values: Callable[[Real], Sequence[tuple[Real, Real]]]
) -> list[Feature]:
    """Features along a line, from the values of probes there with the distance they are moved by.

    Parameters
    ----------
    mp : MPContext
    kinds : sequence of str
        Of each probe.
    values : callable
        From a point of the line to pairs of a probe's value and how far averages move it.
    """
    known: dict[Real, Sequence[tuple[Real, Real]]] = {}

    def along(k: int) -> Callable[[Real], Real]:
        def at(x: Real) -> Real:
            if x not in known:
                known[x] = values(x)
            return known[x][k][0]

        return at

    found: list[Feature] = []
    for k, kind in enumerate(kinds):
        line = _Line(mp, along(k))
        blur = known[mp.mpf(0)][k][1]
        found += line.features(kind, blur)
    return found


class _Line:
    """One probe along a line: its roots and the extrema of its absolute value."""

    def __init__(self, mp: Any, value: Callable[[Real], Real]) -> None:
        self.mp, self.value = mp, value
        left, self.middle, right = (value(mp.mpf(k)) for k in (-1, 0, 1))
        self.slope, self.bend = (right - left) / 2, (right + left) / 2 - self.middle
        size = max(map(abs, (left, self.middle, right)))
        self.little = size * mp.mpf(10) ** (8 - mp.dps)
        self.is_linear = abs(self.bend) <= self.little and self._is_parabola()

    def _is_parabola(self) -> bool:
        """Of degree two at most, as far as two more points tell."""
        expected = ((x, self.middle + x * (self.slope + x * self.bend)) for x in (2, -3))
        return all(abs(self.value(self.mp.mpf(x)) - y) <= 30 * self.little for x, y in expected)

    def features(self, kind: str, blur: Real) -> Iterator[Feature]:
        if self.is_linear and (kind == EXPONENT or abs(self.slope) <= self.little):
            return
        roots, extrema = self._marks()
        for root, slope in roots:
            if slope != 0:
                sharp = kind in (SWITCH, SINGULAR)
                yield Feature(root, blur / abs(slope) if sharp else 1 / abs(slope))
        for point, bend in extrema:
            size = abs(self.value(point))
            if kind == SWITCH or bend == 0:
                continue
            if kind == SINGULAR and size <= self.little:
                yield Feature(point, self.mp.sqrt(blur / abs(bend)))
            else:
                measure = min(size, 1) if size > self.little else 1
                yield Feature(point, self.mp.sqrt(2 * measure / abs(bend)))

    def _marks(self) -> tuple[list[tuple[Real, Real]], list[tuple[Real, Real]]]:
        """Roots with slopes there, extrema of the absolute value with second derivatives."""
        if self.is_linear:
            return [(-self.middle / self.slope, self.slope)], []
        if self._is_parabola():
            point = -self.slope / (2 * self.bend)
            inside = self.slope**2 - 4 * self.bend * self.middle
            if inside <= 0:
                return [], [(point, 2 * self.bend)]
            root = self.mp.sqrt(inside)
            ends = [(-self.slope + side * root) / (2 * self.bend) for side in (-1, 1)]
            return list(zip(ends, (-root, root), strict=True)), [(point, 2 * self.bend)]
        return self._searched()

    def _searched(self) -> tuple[list[tuple[Real, Real]], list[tuple[Real, Real]]]:
        grid = sorted(self.mp.mpf(side * x) for x in COARSE for side in ((-1, 1) if x else (1,)))
        heights = [self.value(x) for x in grid]
        roots, extrema = [], []
        for k in range(len(grid) - 1):
            if heights[k] * heights[k + 1] < 0 or heights[k] == 0:
                root = self._root(grid[k], grid[k + 1])
                roots.append((root, self._derivatives(root)[0]))
        for k in range(1, len(grid) - 1):
            if abs(heights[k]) < min(abs(heights[k - 1]), abs(heights[k + 1])):
                point = self._lowest(grid[k - 1], grid[k + 1])
                extrema.append((point, self._derivatives(point)[1]))
        return roots, extrema

    def _root(self, low: Real, high: Real) -> Real:
        left = self.value(low)
        if left == 0:
            return low
        for _ in range(int(3.4 * self.mp.dps) + 8):
            middle = (low + high) / 2
            here = self.value(middle)
            if (here < 0) == (left < 0):
                low = middle
            else:
                high = middle
        return (low + high) / 2

    def _lowest(self, low: Real, high: Real) -> Real:
        golden = (self.mp.sqrt(5) - 1) / 2
        for _ in range(60):
            first, second = high - golden * (high - low), low + golden * (high - low)
            if abs(self.value(first)) < abs(self.value(second)):
                high = second
            else:
                low = first
        return (low + high) / 2

    def _derivatives(self, x: Real) -> tuple[Real, Real]:
        """By differences over a third of the working digits."""
        step = self.mp.mpf(10) ** (-self.mp.dps // 4) * max(1, abs(x))
        left, here, right = (self.value(x + k * step) for k in (-1, 0, 1))
        return (right - left) / (2 * step), (right - 2 * here + left) / step**2
