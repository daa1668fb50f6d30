"""Averages over one standard normal in mpmath: where the mass is, then two rules.

A function with one place where it varies fast is summed by the trapezoid rule in t, where
``x = c + s sinh(t)``, with a step that is halved until the sum stays; any other by Gauss-Legendre
panels, graded towards its fast places and bisected until rules of two orders agree on each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

__all__ = ["COARSE", "Diverges", "Feature", "Imprecise", "Unresolved", "line_average"]

COARSE = (0.0, 0.5, 1.0, 2.0, 3.0, 4.5, 6.5, 9.0, 13.0, 19.0, 27.0, 38.0)
FARTHEST = 1e7  # standard deviations: where mass is looked for before an average is infinite
HALVINGS = 9
UNDERFLOW = 360  # digits after which what is nowhere seen is below the smallest double
PANELS = 5000
WIDEST = 4  # of a panel, in standard deviations

Real = Any  # an mpmath number
Function = Callable[[Real], Real]


class Diverges(ArithmeticError):
    """The integrand does not fall off."""


class Unresolved(ArithmeticError):
    """More panels than are reasonable."""


class Imprecise(ArithmeticError):
    """The integrand loses more digits than the working precision spares."""

    def __init__(self, missing: int) -> None:
        super().__init__(f"the integrand loses {missing} digits too many")
        self.missing = missing


@dataclass(frozen=True)
class Feature:
    """A point where the integrand varies over a distance `scale`; zero for a kink."""

    point: Real
    scale: Real


def line_average(
    mp: Any,
    function: Function,
    digits: int,
    features: Sequence[Feature] = (),
    probed: int = 0,
) -> tuple[Real, Real]:
    """The average of a function over a standard normal, and that of its absolute value.

    Parameters
    ----------
    mp : MPContext
        Its precision is to exceed the digits.
    function : callable
        Analytic between the features of scale zero.
    digits : int
        The error asked for, relative to the average of the absolute value.
    features : sequence of Feature
        Where the function varies faster than a normal density does.
    probed : int
        At how many points the function is compared with itself at twice the precision.

    Raises
    ------
    Diverges
        If the integrand does not fall off.
    Unresolved
        If the digits are not reached.
    Imprecise
        If the function is not known to these digits.
    """
    mass = _Mass(mp, function, digits, features)
    if probed:
        mass.check_precision(probed)
    if mass.peak is None:
        return mp.mpf(0), mp.mpf(0)
    low, high = mass.low, mass.high
    near = [f for f in features if low < f.point < high]
    kinks = sorted({f.point for f in near if f.scale == 0})
    fast = [f for f in near if f.scale > 0]
    centre = None if kinks else _one_centre(mp, [*fast, Feature(mass.peak, mp.mpf(1))])
    density = _density(mp, function)
    if centre is not None:
        found = _by_sinh(mp, density, centre, low, high, digits)
        if found is not None:
            return found
    fast.append(Feature(mass.peak, mp.mpf(WIDEST)))
    return _by_panels(mp, density, [low, *kinks, high], fast, digits)


def _density(mp: Any, function: Function) -> Function:
    factor = 1 / mp.sqrt(2 * mp.pi)
    exp = mp.exp

    def density(x: Real) -> Real:
        return factor * exp(-x * x / 2) * function(x)

    return density


# -- where the mass is ------------------------------------------------------------------------


class _Mass:
    """The peak of the integrand and an interval outside of which it is negligible."""

    def __init__(
        self, mp: Any, function: Function, digits: int, features: Sequence[Feature]
    ) -> None:
        self.mp, self.function, self.digits = mp, function, digits
        self.depth = digits * mp.ln10 + 6
        found = {x: self.log(x) for x in self._first_points(features)}
        while self._open(found) and max(map(abs, found)) < FARTHEST:
            farther = 2 * max(map(abs, found))
            found.update({x: self.log(x) for x in (farther, -farther)})
        kinks = {f.point for f in features}
        self.zeros = [x for x, height in found.items() if height == mp.ninf and x not in kinks]
        self.peak = max(found, key=lambda x: found[x])
        if found[self.peak] == mp.ninf:
            self.peak, self.points = None, list(found)
            return
        if abs(self.peak) >= FARTHEST:
            raise Diverges("the integrand does not fall off")
        self.top = found[self.peak]
        self._climb(sorted(found))
        self.floor = self.top - self.depth
        seen = [x for x, height in found.items() if height > self.floor] + [self.peak]
        self.points = seen
        self.low, self.high = self._edge(min(seen), -1), self._edge(max(seen), 1)

    def log(self, x: Real) -> Real:
        """The logarithm of the integrand's absolute value; nothing is read off a singular point."""
        try:
            value = abs(self.function(x))
        except ZeroDivisionError:
            return self.mp.ninf
        if value == 0 or not self.mp.isfinite(value):
            return self.mp.ninf
        return self.mp.log(value) - x * x / 2

    def check_precision(self, count: int) -> None:
        """Compare the integrand with itself at twice the precision, at some points of the mass."""
        mp = self.mp
        self._check_zeros()
        chosen = sorted(self.points, key=abs)[:: -(-len(self.points) // count)]
        weights = [mp.exp(-x * x / 2) for x in chosen]
        now = [self.function(x) for x in chosen]
        digits = mp.dps
        mp.dps = 2 * digits
        try:
            better = [self.function(x) for x in chosen]
        finally:
            mp.dps = digits
        largest = max(abs(b) * w for b, w in zip(better, weights, strict=True))
        if largest == 0:
            return
        moved = zip(now, better, weights, strict=True)
        lost = max(abs(a - b) * w for a, b, w in moved) / largest
        if lost > mp.mpf(10) ** (-self.digits - 3):
            raise Imprecise(int(mp.log10(lost)) + self.digits + 6)

    def _check_zeros(self) -> None:
        """A zero where the density is larger than at the peak may be one of rounding only."""
        top = self.top if self.peak is not None else self.mp.ninf
        zeros = [x for x in self.zeros if -x * x / 2 > top]
        digits = self.mp.dps
        if digits < UNDERFLOW and zeros:
            self.mp.dps = UNDERFLOW
            try:
                hidden = any(self.function(x) != 0 for x in sorted(zeros, key=abs)[:6])
            finally:
                self.mp.dps = digits
            if hidden:
                raise Imprecise(digits)

    def _first_points(self, features: Sequence[Feature]) -> set[Real]:
        points = {self.mp.mpf(side * x) for x in COARSE for side in (-1, 1)}
        for f in features:
            step = f.scale if f.scale > 0 else self.mp.mpf(1) / 16
            points.update(f.point + k * step for k in (-4, -1, 0, 1, 4))
        return points

    def _open(self, found: dict[Real, Real]) -> bool:
        """Whether mass may lie beyond the points tried."""
        top = max(found.values())
        ends = found[min(found)], found[max(found)]
        return bool(top == self.mp.ninf or max(ends) > top - self.depth)

    def _climb(self, points: list[Real]) -> None:
        """Between the neighbours of the highest point, to half a standard deviation."""
        place = points.index(self.peak)
        low, high = points[max(place - 1, 0)], points[min(place + 1, len(points) - 1)]
        golden = (self.mp.sqrt(5) - 1) / 2
        while high - low > 0.5:
            for x in (high - golden * (high - low), low + golden * (high - low)):
                height = self.log(x)
                if height > self.top:
                    self.peak, self.top = x, height
            low, high = (low + self.peak) / 2, (high + self.peak) / 2

    def _edge(self, start: Real, side: int) -> Real:
        """Beyond a point, where the integrand stays below the floor."""
        step = self.mp.mpf(1) / 4
        below = 0
        while step < FARTHEST:
            below = below + 1 if self.log(start + side * step) < self.floor else 0
            if below == 2:
                return start + side * step
            step *= 1.25
        raise Diverges("the integrand does not fall off")


# -- the trapezoid rule in t ------------------------------------------------------------------


def _one_centre(mp: Any, features: Sequence[Feature]) -> Feature | None:
    """The fastest place, if all others are so near that it serves for them too."""
    centre = min(features, key=lambda f: f.scale)
    for f in features:
        if abs(f.point - centre.point) > 6 * max(f.scale, centre.scale):
            return None
    return centre


@lru_cache(maxsize=64)
def _sinh_nodes(mp: Any, precision: int, level: int, count: int) -> tuple[tuple[Real, Real], ...]:
    """(sinh t, cosh t) at the odd multiples of 2**-level (at level 1 at all positive ones)."""
    step = mp.mpf(2) ** -level
    first = range(1, 2 * count + 1, 2) if level > 1 else range(1, count + 1)
    return tuple((mp.sinh(k * step), mp.cosh(k * step)) for k in first)


def _by_sinh(
    mp: Any, density: Function, centre: Feature, low: Real, high: Real, digits: int
) -> tuple[Real, Real] | None:
    """None if the step would have to be too small."""
    c, s = centre.point, centre.scale
    farthest = mp.asinh(max(high - c, c - low) / s)
    terms = [density(c) * s]
    before: Real | None = None
    last = mp.mpf(1)
    for level in range(1, HALVINGS + 1):
        step = mp.mpf(2) ** -level
        count = int(mp.ceil(farthest / step)) // (2 if level > 1 else 1) + 1
        for up, weight in _sinh_nodes(mp, mp.prec, level, count + 16 - count % 16):
            for x in (c + s * up, c - s * up):
                if low <= x <= high:
                    terms.append(density(x) * (s * weight))
        now = step * mp.fsum(terms)
        size = step * mp.fsum(map(abs, terms))
        if size == 0:
            return now, size
        if before is not None:
            change = abs(now - before) / size
            # the error is squared each time the step is halved: that of `now` is below change**1.8
            if change == 0 or (
                change ** mp.mpf(1.8) < mp.mpf(10) ** -digits and change < last**1.4
            ):
                return now, size
            last = change
        before = now
    return None


# -- Gauss-Legendre panels --------------------------------------------------------------------


@lru_cache(maxsize=32)
def _legendre(mp: Any, precision: int, order: int) -> tuple[tuple[Real, Real], ...]:
    """Nodes in (0, 1) with weights, by Newton's method; the rule is symmetric."""
    nodes = []
    for k in range(order // 2):
        x = mp.cos(mp.pi * (k + mp.mpf(3) / 4) / (order + mp.mpf(1) / 2))
        for _ in range(60):
            value, slope = _polynomial(mp, order, x)
            x -= value / slope
            if abs(value / slope) < mp.mpf(2) ** (-precision // 2 - 8):
                break
        slope = _polynomial(mp, order, x)[1]
        nodes.append((x, 2 / ((1 - x * x) * slope**2)))
    return tuple(nodes)


def _polynomial(mp: Any, order: int, x: Real) -> tuple[Real, Real]:
    """The Legendre polynomial and its derivative."""
    before, now = mp.mpf(1), x
    for k in range(2, order + 1):
        before, now = now, ((2 * k - 1) * x * now - (k - 1) * before) / k
    return now, order * (x * now - before) / (x * x - 1)


def _by_panels(
    mp: Any, density: Function, ends: Sequence[Real], fast: Sequence[Feature], digits: int
) -> tuple[Real, Real]:
    few = 2 * (3 + digits * 2 // 5)
    rules = [_legendre(mp, mp.prec, few), _legendre(mp, mp.prec, few + few // 4 * 2)]

    def panel(low: Real, high: Real) -> tuple[Real, Real, Real, Real]:
        middle, half = (low + high) / 2, (high - low) / 2
        sums = []
        for rule in rules:
            terms = [
                weight * density(x)
                for node, weight in rule
                for x in (middle - half * node, middle + half * node)
            ]
            sums.append(half * mp.fsum(terms))
        return low, high, sums[1], abs(sums[1] - sums[0])

    waiting = [panel(a, b) for low, high in pairwise(ends) for a, b in _graded(low, high, fast)]
    done: list[Real] = []
    count = len(waiting)
    size = mp.fsum(abs(value) for _, _, value, _ in waiting)
    while waiting:
        limit = size * mp.mpf(10) ** -digits / 8
        later = []
        for low, high, value, doubt in waiting:
            if doubt <= limit:
                done.append(value)
            else:
                middle = (low + high) / 2
                later += [panel(low, middle), panel(middle, high)]
        count += len(later)
        if count > PANELS:
            raise Unresolved("too many panels")
        size = max(size, mp.fsum(map(abs, [*done, *(p[2] for p in later)])))
        waiting = later
    return mp.fsum(done), size


def _graded(low: Real, high: Real, fast: Sequence[Feature]) -> list[tuple[Real, Real]]:
    """Panels no longer than their distance to each fast place, or its scale."""
    longest = min(1.5 * max(f.scale, low - f.point, f.point - high) for f in fast)
    if high - low <= min(WIDEST, longest):
        return [(low, high)]
    middle = (low + high) / 2
    return _graded(low, middle, fast) + _graded(middle, high, fast)
