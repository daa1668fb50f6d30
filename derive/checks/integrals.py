"""Integrals over several real coordinates, given the logarithm of the integrand.

Where that logarithm is a sum of functions of different coordinates (found numerically, by mixed
differences), the integral is a product; what remains coupled is done coordinate by coordinate in
two dimensions, and sampled in more.  A conjugate in which the exponent is linear gives a delta
function, and is integrated first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath
from mpmath import mp

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

PLANE_DIGITS = 16  # two-dimensional integrals are done at no higher precision
LogDensity = Callable[[tuple[Any, ...]], tuple[Any, Any]]  # position -> (exponent, weight)


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


def separated(log_density: LogDensity, axes: list[Axis]) -> Estimate:
    """The integral as a product over groups of coupled coordinates."""
    origin = [
        mpmath.mpf("0.1") if a.lower == -mpmath.inf else (a.lower + a.upper) / 2 for a in axes
    ]
    base, weight = log_density(tuple(origin))
    if weight == 0:
        raise OutOfReach("a weight that vanishes on part of the domain is not integrated here")
    groups = _coupled(log_density, axes, origin)
    exponent, value, error = base, weight, 0.0
    for group in groups:
        part = _group_integral(log_density, axes, origin, group)
        exponent += part.exponent - base
        value *= part.value / weight
        error += part.error
    return Estimate(exponent, value, max(map(len, groups)), error)


def _group_integral(
    log_density: LogDensity, axes: list[Axis], origin: list[Any], group: list[int]
) -> Estimate:
    if len(group) == 2 and mp.dps > PLANE_DIGITS:
        raise TwoDimensional("a two-dimensional integral")
    if len(group) <= 2:
        return Estimate(*_nested_integral(log_density, axes, origin, group))
    if any(axes[k].imaginary or mpmath.isfinite(axes[k].lower) for k in group):
        raise OutOfReach(f"an integral over {len(group)} coupled coordinates is out of reach")

    def at(y: list[Any]) -> tuple[Any, Any]:
        moved = list(origin)
        for k, value in zip(group, y, strict=True):
            moved[k] = value
        return log_density(tuple(moved))

    top, value, error = sampled_integral(at, [origin[k] for k in group])
    return Estimate(top, value, error=error)


def _nested_integral(
    log_density: LogDensity, axes: list[Axis], position: list[Any], group: list[int]
) -> tuple[Any, Any]:
    """Integrate over the coordinates of a group, the others held; conjugates innermost."""
    first, *rest = sorted(group, key=lambda k: axes[k].imaginary)
    shift = _descent(log_density, axes, position, first) if axes[first].imaginary else 0

    def along(y: Any) -> tuple[Any, Any]:
        moved = list(position)
        moved[first] = y - shift
        return (
            _nested_integral(log_density, axes, moved, rest) if rest else log_density(tuple(moved))
        )

    return log_line_integral(along, axes[first].lower, axes[first].upper)


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
    """Groups of coordinates with non-zero mixed differences of the logarithm of the integrand."""
    n = len(axes)

    def at(**moved: Any) -> Any:
        position = list(origin)
        for k, y in moved.items():
            position[int(k[1:])] = y
        exponent, weight = log_density(tuple(position))
        return exponent + mpmath.log(weight) if weight != 1 else exponent

    def step(k: int) -> Any:
        bounded = mpmath.isfinite(axes[k].upper) and mpmath.isfinite(axes[k].lower)
        return origin[k] + ((axes[k].upper - axes[k].lower) / 5 if bounded else mpmath.mpf("0.37"))

    groups = [[k] for k in range(n)]
    base = at()
    for k in range(n):
        for j in range(k):
            mixed = at(**{f"y{k}": step(k), f"y{j}": step(j)}) - at(**{f"y{k}": step(k)})
            mixed -= at(**{f"y{j}": step(j)}) - base
            if abs(mixed) > mp.eps * 1e8 * (1 + abs(base)):
                one = next(g for g in groups if k in g)
                two = next(g for g in groups if j in g)
                if one is not two:
                    groups.remove(two)
                    one.extend(two)
    return groups
