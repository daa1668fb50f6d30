"""The expansion of a Gaussian average: of its integrand on both sides of what decides, and its law.

Where mean and covariance have finite limits, each coefficient is averaged over the law as it is and
expanded in it by derivatives (Price's theorem), so that a kink moves as it must.  Where a variance
vanishes or diverges the variables are first put in proportion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sympy import (
    Abs,
    Dummy,
    Expr,
    Heaviside,
    ImmutableMatrix,
    Integer,
    Mul,
    S,
    ceiling,
    expand,
    factor,
    factorial,
    ilcm,
    oo,
    sign,
)

from derive.gaussian.covariance import sign_of
from derive.gaussian.substitution import put
from derive.limits.errors import LimitError
from derive.limits.germ import Germ
from derive.limits.series import Series, constant
from derive.limits.signs import Region, sides

if TYPE_CHECKING:
    from derive.limits.expand import Expansion

__all__ = ["averaged", "joined"]


def averaged(expansion: Expansion, node: Any, region: Region) -> Germ:
    """The expansion of an average, at fixed variables of the averages around it."""
    law = _Law.of(expansion, node, region)
    if law is None:
        return expansion.germ(_in_proportion(expansion, node, region), region)

    def integrand(where: Region) -> Series:
        return expansion.germ(node.integrand, where).finite(where)

    total = joined(sides(integrand, region, node.variables))
    order, layers = total.averaged(node.variables)
    if not total.terms and order == oo:
        raise LimitError(f"{node} vanishes faster than every power of the small parameter")
    if order <= total.power:
        return Germ.of(Series.of({}, order, layers))
    result = constant(S.Zero)
    for (p, logs), coefficient in total.terms.items():
        if p < order:
            known = min(order - p, expansion.relative)
            result = result + law.average(coefficient, known).scaled(S.One, p, logs)
    return Germ.of(result.up_to(order).in_layers(layers))


def _in_proportion(expansion: Expansion, node: Any, region: Region) -> Expr:
    """The average over x = m + eps**p y, with powers for which the variances of y are finite.

    Standard normals where these variables have no joint density in the limit.
    """
    powers = [
        expansion.series(node.covariance[k, k], region).power / 2
        for k in range(len(node.variables))
    ]
    scales = [expansion.eps**p for p in powers]
    if any(p == oo for p in powers) or all(s == 1 for s in scales):
        return node.standardised()
    rows = zip(node.variables, node.mean, scales, strict=True)
    size = len(scales)
    return node.func(
        put(node.integrand, {x: m + s * x for x, m, s in rows}),
        node.variables,
        [0] * size,
        ImmutableMatrix(size, size, lambda i, j: node.covariance[i, j] / (scales[i] * scales[j])),
    )


def joined(found: list[tuple[tuple[Expr, ...], Series]]) -> Series:
    """The sum over sides, each under steps; what is the same on all sides stands without them."""
    if len(found) == 1:
        return found[0][1]
    order = min(series.order for _, series in found)
    layered = constant(S.Zero)
    for _, series in found:
        layered = layered + series
    terms = {}
    for key in {k for _, series in found for k in series.terms}:
        terms[key] = _piecewise([(where, series.coefficient(*key)) for where, series in found])
    return Series.of(terms, order, layered.layers)


def _piecewise(pieces: list[tuple[tuple[Expr, ...], Expr]]) -> Expr:
    """Pieces as one expression, with a sign or a modulus for two that are opposite."""
    values = [value for _, value in pieces]
    if all(expand(value - values[0]) == 0 for value in values[1:]):
        return _short(values[0])
    if len(pieces) == 2 and len(pieces[0][0]) == 1 and expand(values[0] + values[1]) == 0:
        (form,) = pieces[0][0]
        rest = values[0] / form
        rest = rest.cancel() if rest.is_rational_function(*form.free_symbols) else rest
        if not rest.free_symbols & form.free_symbols:
            return rest * Abs(form)
        return values[0] * sign(form)
    return sum((_short(value) * Mul(*map(Heaviside, where)) for where, value in pieces), S.Zero)


def _short(value: Expr) -> Expr:
    """A polynomial as a product."""
    return factor(value) if value.is_Add and value.is_polynomial() else value


class _Law:
    """Mean and covariance as polynomials in t = eps**(1/root)."""

    def __init__(self, node: Any, entries: list[Series]) -> None:
        self.node = node
        self.t = Dummy("t", real=True)
        powers = [p for entry in entries for p, _ in entry.terms]
        self.root = ilcm(1, *(Integer(p.q) for p in powers))
        self.order = min((entry.order for entry in entries), default=oo)
        self.depends = any(p > 0 for p in powers)
        forms = [
            sum((c * self.t ** (p * self.root) for (p, _), c in entry.terms.items()), S.Zero)
            for entry in entries
        ]
        size = len(node.variables)
        self.mean, self.covariance = forms[:size], ImmutableMatrix(size, size, forms[size:])

    @classmethod
    def of(cls, expansion: Expansion, node: Any, region: Region) -> _Law | None:
        """None where the law has no finite limit with a positive variance."""
        entries = [expansion.series(e, region) for e in (*node.mean, *node.covariance)]
        if any(entry.split()[0].terms for entry in entries):
            return None
        law = cls(node, entries)
        limit = law.covariance.subs(law.t, 0)
        if any(sign_of(limit[k, k]) == 0 for k in range(limit.rows)) or sign_of(limit.det()) == 0:
            if node.standardised() == node:
                raise LimitError(f"the law of {node} has no limit")
            return None
        return law

    def average(self, coefficient: Expr, order: Any) -> Series:
        """The average of a coefficient, expanded in the law up to an order."""
        node = self.node.func(coefficient, self.node.variables, self.mean, self.covariance)
        if not self.depends:
            return Series.of({(S.Zero, 0): node}, self.order)
        terms = {}
        count = int(ceiling(min(order, self.order) * self.root))
        for k in range(count):
            slope = node.diff(self.t, k) if k else node
            terms[S(k) / self.root, 0] = slope.subs(self.t, 0) / factorial(k)
        return Series.of(terms, min(S(count) / self.root, self.order))
