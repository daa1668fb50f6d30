"""Envelope and proximal operator of a convex, piecewise quadratic loss, in closed form.

On each side of the kinks the minimum is that of a parabola; at a kink t it stays while the centre c
is between t + w l'(t-) and t + w l'(t+).  Convexity puts these ranges in order, so that each of the
two is a sum of what changes from one range of c to the next times a step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sympy import Dummy, Expr, Heaviside, S, Symbol, expand, oo

from derive.errors import KinkError
from derive.gaussian.covariance import sign_of
from derive.gaussian.kinks import kinks
from derive.gaussian.sides import sides
from derive.gaussian.substitution import put

__all__ = ["envelope", "proximal"]


@dataclass(frozen=True)
class _Parabola:
    """curvature u^2/2 + slope u + constant."""

    curvature: Expr
    slope: Expr
    constant: Expr

    def value(self, u: Expr) -> Expr:
        return self.curvature * u**2 / 2 + self.slope * u + self.constant

    def derivative(self, u: Expr) -> Expr:
        return self.curvature * u + self.slope

    def envelope(self, c: Expr, w: Expr) -> Expr:
        """Its least sum with (u - c)^2/(2 w)."""
        above = self.curvature * c**2 + 2 * self.slope * c - w * self.slope**2
        return self.constant + above / (2 * (1 + w * self.curvature))

    def proximal(self, c: Expr, w: Expr) -> Expr:
        return (c - w * self.slope) / (1 + w * self.curvature)


def envelope(loss: Expr, u: Symbol, centre: Expr, width: Expr) -> Expr | None:
    """The Moreau envelope; None if the loss is not seen to be convex and piecewise quadratic."""

    def stays(left: _Parabola, t: Expr) -> Expr:
        return left.value(t) + (t - centre) ** 2 / (2 * width)

    return _by_centre(loss, u, centre, width, lambda p: p.envelope(centre, width), stays)


def proximal(loss: Expr, u: Symbol, centre: Expr, width: Expr) -> Expr | None:
    """The proximal operator; None if the loss is not seen to be convex, piecewise quadratic."""
    return _by_centre(
        loss, u, centre, width, lambda p: p.proximal(centre, width), lambda left, t: t
    )


def _by_centre(
    loss: Expr,
    u: Symbol,
    centre: Expr,
    width: Expr,
    inside: Callable[[_Parabola], Expr],
    stays: Callable[[_Parabola, Expr], Expr],
) -> Expr | None:
    """A value for each range of the centre: the minimum inside of a piece, or held at a kink."""
    pieces = _convex_pieces(loss, u)
    if pieces is None:
        return None
    parabolas, points = pieces
    values, starts = [inside(parabolas[0])], []
    for t, (left, right) in zip(points, pairwise(parabolas), strict=True):
        starts += [t + width * left.derivative(t), t + width * right.derivative(t)]
        values += [stays(left, t), inside(right)]
    return _in_ranges(values, starts, centre)


def _in_ranges(values: Sequence[Expr], starts: Sequence[Expr], centre: Expr) -> Expr:
    """The first value, and what changes at each start; nothing lies between equal starts."""
    total, last = values[0], values[0]
    for k, (start, value) in enumerate(zip(starts, values[1:], strict=True)):
        if k + 1 < len(starts) and expand(start - starts[k + 1]) == 0:
            continue
        total += (value - last) * Heaviside(centre - start)
        last = value
    return total


def _convex_pieces(loss: Expr, u: Symbol) -> tuple[list[_Parabola], list[Expr]] | None:
    """The parabolas, and the points between them where they differ."""
    try:
        points = _ascending(kinks(loss, u))
    except KinkError:
        return None
    parabolas = None if points is None else _parabolas(loss, u, points)
    if points is None or parabolas is None:
        return None
    changes = [k for k in range(len(points)) if parabolas[k] != parabolas[k + 1]]
    parabolas = [parabolas[0], *(parabolas[k + 1] for k in changes)]
    points = [points[k] for k in changes]
    convex = all(sign_of(p.curvature) in (0, 1) for p in parabolas) and all(
        sign_of(expand(right.value(t) - left.value(t))) == 0
        and sign_of(expand(right.derivative(t) - left.derivative(t))) in (0, 1)
        for t, (left, right) in zip(points, pairwise(parabolas), strict=True)
    )
    return (parabolas, points) if convex else None


def _ascending(points: Sequence[Expr]) -> list[Expr] | None:
    """None if the order of two of them is not known."""
    ordered: list[Expr] = []
    for point in points:
        signs = [sign_of(expand(point - other)) for other in ordered]
        if None in signs:
            return None
        if 0 not in signs:
            ordered.insert(signs.count(1), point)
    return ordered


def _parabolas(loss: Expr, u: Symbol, points: Sequence[Expr]) -> list[_Parabola] | None:
    """The loss between the points; None if it is not quadratic on some side."""
    shift = Dummy("c", positive=True)  # sides of value zero are left out
    found = sides(loss + shift, [u])
    parabolas = []
    for low, high in pairwise([-oo, *points, oo]):
        at = _between(low, high)
        value = next(
            (v for where, v in found if all(sign_of(put(f, {u: at})) == 1 for f in where)), None
        )
        polynomial = None if value is None else (value - shift).as_poly(u)
        if polynomial is None or polynomial.degree() > 2:
            return None
        a, b, c = (polynomial.coeff_monomial(u**k) for k in (2, 1, 0))
        parabolas.append(_Parabola(2 * a, b, c))
    return parabolas


def _between(low: Expr, high: Expr) -> Expr:
    if low == -oo:
        return S.Zero if high == oo else high - 1
    return low + 1 if high == oo else (low + high) / 2
