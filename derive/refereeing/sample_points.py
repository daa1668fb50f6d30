"""The points at which sides are compared: in all parts of the domain, on all sides of kinks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from sympy import (
    Abs,
    Expr,
    Heaviside,
    Integral,
    Max,
    Min,
    Piecewise,
    Rational,
    Symbol,
    oo,
    sign,
)
from sympy.core.relational import Relational

from derive.refereeing.domain import Domain, place

__all__ = ["far_points", "has_integrals", "points_on_all_sides"]

_SCALES = (1, 100, 10**4)
_SEARCHED = 24  # points, for each side of a kink that no other point shows
_FAR = (Rational(1, 100), Rational(99, 100), Rational(1, 10**7), Rational(9999, 10**4))


def has_integrals(*exprs: Expr) -> bool:
    """Whether a value needs quadrature."""
    return any(isinstance(n, Integral) or hasattr(n, "covariance") for e in exprs for n in _walk(e))


def points_on_all_sides(domain: Domain, count: int, *exprs: Expr) -> list[dict[Symbol, Expr]]:
    """Random points, and for each step, modulus, maximum or case one on each of its sides."""
    points = domain.points(count)
    for form in dict.fromkeys(chain.from_iterable(_switches(e, frozenset()) for e in exprs)):
        seen = {_sign(form, point) for point in points}
        for side in (-1, 1):
            if side not in seen:
                points += _found(form, side, domain)
    return points


def far_points(domain: Domain) -> list[dict[Symbol, Expr]]:
    """Points near the ends of the domain, or far out where it has none."""
    found = []
    for k in range(len(_FAR)):
        point = {}
        for shift, (name, (low, high)) in enumerate(domain.intervals):
            if not name.is_integer:
                u = _FAR[(k + shift) % len(_FAR)]
                point[name] = place(u if low != -oo else max(u, _FAR[0]), low, high)
        if point and len(point) == len(domain.intervals):
            found.append(point)
    return found


def _walk(expr: Any) -> Iterator[Any]:
    yield expr
    for arg in expr.args:
        yield from _walk(arg)


def _switches(expr: Any, bound: frozenset[Symbol]) -> Iterator[Expr]:
    """The forms in free symbols whose sign decides something."""
    inner = bound | frozenset(getattr(expr, "variables", ()))
    for arg in expr.args:
        yield from _switches(arg, inner)
    forms: list[Expr] = []
    if isinstance(expr, Heaviside | sign | Abs):
        forms = [expr.args[0]]
    elif isinstance(expr, Max | Min):
        forms = [a - b for k, a in enumerate(expr.args) for b in expr.args[:k]]
    elif isinstance(expr, Piecewise):
        forms = [r.lhs - r.rhs for _, condition in expr.args for r in condition.atoms(Relational)]
    yield from (f for f in forms if f.free_symbols and f.free_symbols.isdisjoint(bound))


def _sign(form: Expr, point: dict[Symbol, Expr]) -> int:
    value = form.xreplace(point).evalf(15)
    return 0 if not value.is_real or value == 0 else 1 if value > 0 else -1


def _found(form: Expr, side: int, domain: Domain) -> list[dict[Symbol, Expr]]:
    """A point of the domain on this side of a kink, in a list; none if none is found."""
    for scale in _SCALES:
        for point in domain.points(_SEARCHED):
            wide = {s: _scaled(value, scale, *domain[s]) for s, value in point.items()}
            if _sign(form, wide) == side:
                return [wide]
    return []


def _scaled(value: Expr, scale: int, low: Expr, high: Expr) -> Expr:
    """The point further out, where the domain has no end."""
    if low == -oo and high == oo:
        return value * scale
    if high == oo:
        return low + (value - low) * scale
    return high - (high - value) * scale if low == -oo else value
