"""The normal form of an exponent: expanded, and reduced by what measures say of their variables.

* finite measures: s**p is its remainder modulo prod (s - value): s**2 = 1, S**3 = S, a**2 = a;
* indicator vectors: c[i, a] c[i, b] = delta_ab c[i, a] and sum_a c[i, a] = 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sympy import Add, Expr, KroneckerDelta, Mul, S, expand

from derive.indices import Element, Index, Label, free_indices
from derive.measures import Finite, Measure, OneHot
from derive.total import Total

__all__ = ["normal_form"]


def normal_form(expr: Expr, measures: Mapping[Label, Measure]) -> Expr:
    """Expand an exponent and reduce it by the relations of its variables' measures.

    Parameters
    ----------
    expr : Expr
        The exponent.
    measures : mapping from Label to Measure
        The measure of each variable.

    Returns
    -------
    Expr
        A sum of terms, each a coefficient times a product of totals and elements.
    """
    reducible = {k: m for k, m in measures.items() if isinstance(m, Finite | OneHot)}
    expr = _expand(expr)
    while True:
        reduced = Add(*(_reduce_term(term, reducible) for term in Add.make_args(expr)))
        reduced = _expand(reduced)
        if reduced == expr:
            return expr
        expr = reduced


def _expand(expr: Expr) -> Expr:
    """Products over additions at the outer level; arguments of functions stay as they are."""
    if expr.is_Add:
        return Add(*(_expand(arg) for arg in expr.args))
    opened = expand(expr, deep=False, power_base=False, power_exp=False, log=False)
    if opened.is_Mul:
        opened = Mul(*(_expand_power(f) for f in opened.args))
        opened = expand(opened, deep=False, power_base=False, power_exp=False, log=False)
    return Add(*(_expand(arg) for arg in opened.args)) if opened.is_Add else opened


def _expand_power(factor: Expr) -> Expr:
    if factor.is_Pow and factor.exp.is_Integer and factor.exp > 1 and factor.base.is_Add:
        return expand(factor, deep=False, power_base=False, power_exp=False, log=False)
    return factor


def _reduce_term(term: Expr, measures: Mapping[Label, Any]) -> Expr:
    if not any(e.label in measures for e in term.atoms(Element)):
        return term
    return Mul(*(_reduce_factor(factor, measures) for factor in Mul.make_args(term)))


def _reduce_factor(factor: Expr, measures: Mapping[Label, Any]) -> Expr:
    base, power = factor.as_base_exp()
    if isinstance(base, Total) and power.is_Integer:
        body = _reduce_body(base.body, base.indices, measures)
        return factor if body == base.body else Total(body, *base.indices) ** power
    if isinstance(base, Element) and isinstance(measures.get(base.label), Finite):
        return _reduce_power(base, power, measures)
    return factor


def _reduce_body(body: Expr, bound: tuple[Index, ...], measures: Mapping[Label, Any]) -> Expr:
    pairs = [f.as_base_exp() for f in Mul.make_args(body)]
    factors = [_reduce_power(base, power, measures) for base, power in pairs]
    return _reduce_indicators(Mul(*factors), bound, measures)


def _reduce_power(base: Expr, power: Expr, measures: Mapping[Label, Any]) -> Expr:
    measure = measures.get(base.label) if isinstance(base, Element) else None
    if not (power.is_Integer and power > 1):
        return base**power
    if isinstance(measure, OneHot):
        return base
    if not isinstance(measure, Finite):
        return base**power
    return Add(*(c * base**p for p, c in measure.reduce_power(int(power)).items()))


def _reduce_indicators(body: Expr, bound: tuple[Index, ...], measures: Mapping[Label, Any]) -> Expr:
    factors = list(Mul.make_args(body))
    seen: dict[Any, Element] = {}
    for factor in factors:
        if not (isinstance(factor, Element) and isinstance(measures.get(factor.label), OneHot)):
            continue
        site, colour = (factor.label, factor.slots[:-1]), factor.slots[-1]
        if site in seen:
            rest = Mul(*(f for f in factors if f is not factor))
            return _reduce_indicators(
                rest * KroneckerDelta(seen[site].slots[-1], colour), bound, measures
            )
        seen[site] = factor
    for factor in seen.values():
        colour = factor.slots[-1]
        rest = Mul(*(f for f in factors if f is not factor))
        if colour in bound and colour not in free_indices(rest):
            # sum_a c[i, a] = 1; the sum that stays behind counts the colours once too often.
            return _reduce_indicators(rest, bound, measures) / colour.size
    return body if factors else S.One
