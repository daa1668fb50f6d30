"""Integrals over several real coordinates, given the logarithm of the integrand.

Where that logarithm is a sum of functions of different coordinates (found numerically, by mixed
differences), the integral is a product; what remains coupled is done coordinate by coordinate in
two dimensions, and sampled in more.  A conjugate in which the exponent is linear gives a delta
function, and is integrated first.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import mpmath
from mpmath import mp

from derive.checks.gaussian_axes import LogDensity, without_quadratic
from derive.checks.jumps import jumps, log_piecewise_integral
from derive.checks.monte_carlo import sampled_integral
from derive.checks.quadrature import log_line_integral
from derive.errors import DeriveError

__all__ = [
    "Axis",
    "Estimate",
    "LogDensity",
    "OutOfReach",
    "TwoDimensional",
    "delta_function",
    "separated",
]

MOST_TRIALS = 5000
PLANE_DIGITS = 16  # two-dimensional integrals are done at no higher precision


class OutOfReach(DeriveError):
    """A sum or integral too large to be done explicitly."""


class TwoDimensional(OutOfReach):
    """A two-dimensional integral was met at a precision at which it takes too long."""


@dataclass(frozen=True)
class Estimate:
    """An integral, exp(exponent) * value, with how it was obtained.

    `dimension` is that of the largest group of coupled coordinates, `error` the relative
    statistical error where one was sampled.
    """

    exponent: Any
    value: Any
    dimension: int = 0
    error: float = 0.0


@dataclass(frozen=True)
class Axis:
    """A real coordinate y of an integral: component += direction * y, within (lower, upper)."""

    directions: dict[Any, Any]
    offsets: dict[Any, Any]
    lower: Any
    upper: Any
    imaginary: bool


def delta_function(log_density: LogDensity, axes: list[Axis]) -> Estimate | None:
    """Integrate conjugates that enter linearly: int dy/(2 pi) e^{i y L(x)} = delta(L(x)).

    The real fields are put where all L vanish, with the Jacobian |det dL/dx|.
    """
    duals = [k for k, axis in enumerate(axes) if axis.imaginary]
    fields = [k for k in range(len(axes)) if k not in duals]
    if not duals or len(duals) != len(fields):
        return None

    def exponent(x: Any, y: Any) -> Any:
        position = [mpmath.mpf(0)] * len(axes)
        for k, value in (*zip(fields, x, strict=True), *zip(duals, y, strict=True)):
            position[k] = value
        return log_density(tuple(position))

    n = len(duals)
    zero, unit = (
        [mpmath.mpf(0)] * n,
        lambda k, a: [a if j == k else mpmath.mpf(0) for j in range(n)],
    )
    trial = [mpmath.mpf(k + 1) / 7 for k in range(n)]
    base = exponent(trial, zero)[0]
    slopes = [exponent(trial, unit(k, 1))[0] - base for k in range(n)]
    for k in range(n):
        curved = exponent(trial, unit(k, 3))[0] - base - 3 * slopes[k]
        if abs(curved) > mp.eps * 1e6 * (1 + abs(slopes[k])):
            return None

    jointly = exponent(trial, [mpmath.mpf(k + 2) / 3 for k in range(n)])[0] - base
    if abs(jointly - mpmath.fsum(s * (k + 2) / 3 for k, s in enumerate(slopes))) > mp.eps * 1e6 * (
        1 + max(map(abs, slopes))
    ):
        return None

    def constraint(x: Any) -> Any:
        at = exponent(x, zero)[0]
        return [mpmath.im(exponent(x, unit(k, 1))[0] - at) for k in range(n)]

    # the constraints are affine in the fields: two evaluations per direction solve them
    origin = mpmath.matrix(constraint(zero))
    jacobian = mpmath.matrix(n, n)
    for k in range(n):
        column = mpmath.matrix(constraint(unit(k, 1))) - origin
        for j in range(n):
            jacobian[j, k] = column[j]
    root = list(mpmath.lu_solve(jacobian, -origin))
    if max(abs(c) for c in constraint(root)) > mp.eps * 1e8:
        return None
    value, weight = exponent(root, zero)
    volume = (2 * mp.pi) ** n / abs(mpmath.det(jacobian))
    return Estimate(value, weight * volume)


def separated(log_density: LogDensity, axes: list[Axis], rough: bool = False) -> Estimate:
    """The integral as a product over groups of coupled coordinates.

    `rough` says whether the integrand has steps, or vanishes on part of the domain.
    """
    origin = [
        mpmath.mpf("0.1") if a.lower == -mpmath.inf else (a.lower + a.upper) / 2 for a in axes
    ]
    base, weight = log_density(tuple(origin))
    if weight == 0:
        origin = _inside_the_support(log_density, axes, origin)
        base, weight = log_density(tuple(origin))
    groups = _coupled(log_density, axes, origin)
    exponent, value, error, dimension = base, weight, 0.0, 0
    for group in groups:
        part = _group_integral(log_density, axes, origin, group, rough)
        exponent += part.exponent - base
        value *= part.value / weight
        error += part.error
        dimension = max(dimension, part.dimension)
    return Estimate(exponent, value, dimension, error)


def _inside_the_support(log_density: LogDensity, axes: list[Axis], start: list[Any]) -> list[Any]:
    """A position where the weight does not vanish."""
    draw = random.Random(1)
    for _ in range(MOST_TRIALS):
        moved = [
            mpmath.mpf(draw.uniform(-2, 2)) if a.lower == -mpmath.inf and not a.imaginary else y
            for a, y in zip(axes, start, strict=True)
        ]
        if log_density(tuple(moved))[1] != 0:
            return moved
    raise OutOfReach("no point was found at which the weight does not vanish")


def _group_integral(
    log_density: LogDensity, axes: list[Axis], origin: list[Any], group: list[int], rough: bool
) -> Estimate:
    def own(y: tuple[Any, ...]) -> tuple[Any, Any]:
        moved = list(origin)
        for k, value in zip(group, y, strict=True):
            moved[k] = value
        return log_density(tuple(moved))

    whole = [axes[k].lower == -mpmath.inf and axes[k].upper == mpmath.inf for k in group]
    reduced, left = without_quadratic(own, [axes[k].imaginary for k in group], whole)
    if not left:
        return Estimate(*reduced(()), 1)
    chosen = [axes[group[k]] for k in left]
    if len(left) == 2 and mp.dps > PLANE_DIGITS:
        raise TwoDimensional("a two-dimensional integral")
    if rough and len(left) == 2:
        return Estimate(*_plane_with_steps(reduced, chosen), 2)
    place = [origin[group[k]] for k in left]
    if len(left) <= 2:
        found = _nested_integral(reduced, chosen, place, list(range(len(left))), rough)
        return Estimate(*found, len(left))
    if rough or any(a.imaginary or mpmath.isfinite(a.lower) for a in chosen):
        raise OutOfReach(f"an integral over {len(left)} coupled coordinates is out of reach")
    top, value, error = sampled_integral(lambda y: reduced(tuple(y)), place)
    return Estimate(top, value, len(left), error)


def _plane_with_steps(log_density: LogDensity, axes: list[Axis]) -> tuple[Any, Any]:
    """The coordinate with steps is integrated first, so that the other integrand is smooth."""
    places = [
        [_steps_along(log_density, k, mpmath.mpf(a)) for a in ("0.3", "-1.1")] for k in (0, 1)
    ]
    inner = 0 if places[0][0] else 1
    (found, again), other = places[inner], places[1 - inner]
    fixed = len(found) == len(again) and all(
        abs(a - b) < mp.eps * 1e4 for a, b in zip(found, again, strict=True)
    )
    if any(other) or not fixed:
        raise OutOfReach("a two-dimensional integrand with steps that are no lines along one axis")

    def outer(y: Any) -> tuple[Any, Any]:
        def along(x: Any) -> tuple[Any, Any]:
            return log_density((x, y) if inner == 0 else (y, x))

        # a step may vanish at some y, and leave a kink where it was
        return log_piecewise_integral(along, found, axes[inner].lower, axes[inner].upper)

    return log_line_integral(outer, axes[1 - inner].lower, axes[1 - inner].upper)


def _steps_along(log_density: LogDensity, k: int, aside: Any) -> list[Any]:
    return jumps(lambda y: log_density((y, aside) if k == 0 else (aside, y)))


def _nested_integral(
    log_density: LogDensity,
    axes: list[Axis],
    position: list[Any],
    group: list[int],
    rough: bool = False,
) -> tuple[Any, Any]:
    """Integrate over the coordinates of a group, the others held; conjugates innermost."""
    first, *rest = sorted(group, key=lambda k: axes[k].imaginary)
    shift = _descent(log_density, axes, position, first) if axes[first].imaginary else 0

    def along(y: Any) -> tuple[Any, Any]:
        moved = list(position)
        moved[first] = y - shift
        return (
            _nested_integral(log_density, axes, moved, rest, rough)
            if rest
            else log_density(tuple(moved))
        )

    lower, upper = axes[first].lower, axes[first].upper
    if rough and not rest and (steps := jumps(along)):
        return log_piecewise_integral(along, steps, lower, upper)
    return log_line_integral(along, lower, upper)


def _descent(log_density: LogDensity, axes: list[Axis], position: list[Any], k: int) -> Any:
    """The imaginary part of y for which the line passes the saddle of this conjugate.

    Along x = x0 + s, s real, the modulus of the integrand has a minimum at the saddle, and along
    the line through it a maximum: no cancellation is left.  The contour may be moved there as long
    as x0 + s stays on its side of zero, where a shifted contour has its singularities.
    """
    offset = max(mpmath.re(v) for v in axes[k].offsets.values())
    floor = -offset * mpmath.mpf("0.999") if offset > 0 else -mpmath.inf

    def height(s: Any) -> Any:
        moved = list(position)
        moved[k] = mpmath.mpc(0, -s)
        return mpmath.re(log_density(tuple(moved))[0])

    best, step = mpmath.mpf(0), mpmath.mpf("0.5")
    lowest = height(best)
    for _ in range(60):
        if step < mpmath.mpf("0.02"):
            break
        trials = [s for s in (best - step, best + step) if s > floor]
        s = min(trials, key=height, default=best)
        if height(s) < lowest:
            best, lowest, step = s, height(s), 2 * step
        else:
            step /= 3
    return mpmath.mpc(0, best)


def _coupled(log_density: LogDensity, axes: list[Axis], origin: list[Any]) -> list[list[int]]:
    """Groups of coordinates in which exponent, or weight, is no sum or product of functions."""
    n = len(axes)

    def at(*moved: tuple[int, Any]) -> tuple[Any, Any]:
        position = list(origin)
        for k, y in moved:
            position[k] = y
        return log_density(tuple(position))

    base, weight = at()
    places = [_places(axis, y) for axis, y in zip(axes, origin, strict=True)]
    alone = [[at((k, y)) for y in places[k]] for k in range(n)]
    groups = [[k] for k in range(n)]

    def joined(k: int, j: int) -> bool:
        pairs = zip(places[k], places[j], alone[k], alone[j], strict=True)
        for y, z, (one, w_one), (two, w_two) in pairs:
            both, w_both = at((k, y), (j, z))
            mixed = abs(both - one - two + base) > mp.eps * 1e8 * (1 + abs(base))
            product = abs(w_both * weight - w_one * w_two)
            if mixed or product > mp.eps * 1e8 * abs(weight) ** 2:
                return True
        return False

    for k in range(n):
        for j in range(k):
            one, two = (next(g for g in groups if m in g) for m in (k, j))
            if one is not two and joined(k, j):
                groups.remove(two)
                one.extend(two)
    return groups


def _places(axis: Axis, origin: Any) -> list[Any]:
    """Where mixed differences are taken: far enough to cross steps."""
    if mpmath.isfinite(axis.upper) and mpmath.isfinite(axis.lower):
        return [
            origin + (axis.upper - axis.lower) * f for f in (mpmath.mpf("0.2"), -mpmath.mpf("0.3"))
        ]
    if mpmath.isfinite(axis.lower) or mpmath.isfinite(axis.upper):
        return [origin + mpmath.mpf("0.37"), origin + mpmath.mpf("0.11")]
    return [origin + mpmath.mpf("0.37"), -origin - mpmath.mpf("2.7")]
