"""Unknowns that enter rationally and through logarithms, at their common stationary point.

Stationarity of such an expression is a system of polynomial equations: a Groebner basis with the
denominators saturated away solves it for all the unknowns at once, where they are determined
uniquely.  Of several solutions, one that keeps every logarithm real is chosen.
"""

from __future__ import annotations

from collections.abc import Sequence

from sympy import (
    Dummy,
    Expr,
    Mul,
    Poly,
    PolynomialError,
    cancel,
    fraction,
    groebner,
    log,
    roots,
    together,
)
from sympy.polys.polyerrors import CoercionFailed, GeneratorsNeeded

from derive.rational import factored, positive_at_sample

__all__ = ["stationary_values"]

Values = dict[Expr, Expr]


def stationary_values(expr: Expr, unknowns: Sequence[Expr]) -> Values | None:
    """The values of unknowns at which an expression is stationary in all of them.

    Returns
    -------
    dict or None
        None where the conditions are not polynomial in the unknowns, or have no unique solution
        with real logarithms.
    """
    dummies = {u: Dummy(f"u{k}") for k, u in enumerate(unknowns)}
    named = expr.xreplace(dummies)
    slopes = [_numerators(named.diff(d)) for d in dummies.values()]
    if any(_transcendental(n, tuple(dummies.values())) for n, _ in slopes):
        return None
    solutions = _solutions([n for n, _ in slopes], [d for _, d in slopes], [*dummies.values()])
    back = {d: u for u, d in dummies.items()}
    real = [s for s in solutions if _is_admissible(named, s)]
    if len(real) != 1:
        return None
    return {back[d]: factored(value.xreplace(back)) for d, value in real[0].items()}


def _numerators(slope: Expr) -> tuple[Expr, Expr]:
    return fraction(cancel(together(slope)))


def _transcendental(expr: Expr, dummies: tuple[Expr, ...]) -> bool:
    return any(not expr.is_polynomial(d) for d in dummies)


def _solutions(
    numerators: list[Expr], denominators: list[Expr], unknowns: list[Expr]
) -> list[Values]:
    """All solutions: a lexicographic basis, with 1 - t * (denominators) to keep them from zero."""
    t = Dummy("t")
    distinct = Mul(*dict.fromkeys(denominators))
    try:
        basis = groebner([*numerators, 1 - t * distinct], t, *unknowns, order="lex")
    except (PolynomialError, CoercionFailed, GeneratorsNeeded):
        return []
    equations = [g for g in basis.exprs if not g.has(t)]
    return _back_substituted(equations, unknowns)


def _back_substituted(equations: list[Expr], unknowns: list[Expr]) -> list[Values]:
    if not unknowns:
        return [{}]
    *others, last = unknowns
    own = [e for e in equations if e.has(last) and not e.has(*others)] if others else equations
    own = [e for e in own if e.has(last)]
    if not own:
        return []
    found: list[Values] = []
    for root in roots(Poly(own[0], last)):
        rest = [cancel(e.xreplace({last: root})) for e in equations if e not in own]
        found.extend(
            {**s, last: root} for s in _back_substituted([e for e in rest if e != 0], others)
        )
    return found


def _is_admissible(expr: Expr, solution: Values) -> bool:
    """Whether every logarithm that depends on the unknowns has a positive argument."""
    arguments = [node.args[0].xreplace(solution) for node in expr.atoms(log)]
    return all(positive_at_sample(argument) for argument in arguments)
