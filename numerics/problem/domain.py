"""Where equations have a meaning: what stands under logarithms, roots and as a variance.

An overlap lives in [0, 1): its variance is not negative, and log(1 - q) ends it below one.  Ends
where the equations are singular are open, others closed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from sympy import Add, Expr, Pow, S, Symbol, log, preorder_traversal

from derive.equations import Equations, GaussianAverage
from numerics.problem import forms

__all__ = ["Domain", "Side", "domain_of"]


@dataclass(frozen=True)
class Side:
    """One end of the interval of an unknown: in parameters alone; open if it is singular."""

    end: Expr
    is_open: bool


@dataclass(frozen=True)
class Domain:
    """What the expressions of some equations need.

    Attributes
    ----------
    lower, upper : tuple of tuple of Side
        Per unknown, all that is known; nothing where it is unbounded.
    conditions : tuple of Expr
        Further expressions, of several unknowns, that must not be negative.
    """

    lower: tuple[tuple[Side, ...], ...]
    upper: tuple[tuple[Side, ...], ...]
    conditions: tuple[Expr, ...]


@lru_cache(maxsize=128)
def domain_of(equations: Equations) -> Domain:
    """The domain of the residuals and of the potential.

    Examples
    --------
    >>> from sympy import log, symbols
    >>> from derive.equations import Equations
    >>> q, a = symbols("q a", real=True)
    >>> found = domain_of(Equations((q,), (a,), (), residuals=(a + log(1 - q),)))
    >>> found.upper, found.lower
    (((Side(end=1, is_open=True),),), ((),))
    """
    unknowns = equations.unknowns
    lower: dict[Expr, dict[Expr, bool]] = {u: {} for u in unknowns}
    upper: dict[Expr, dict[Expr, bool]] = {u: {} for u in unknowns}
    for u in unknowns:
        if u.is_nonnegative:
            lower[u][S.Zero] = False
        if u.is_nonpositive:
            upper[u][S.Zero] = False
    conditions: dict[Expr, None] = {}
    potential = () if equations.potential is None else (equations.potential,)
    for expr in (*forms.residuals(equations), *potential):
        for needed, strict in _needs(expr, set(unknowns)):
            found = _end(needed, unknowns)
            if found is None:
                conditions[needed] = None
                continue
            unknown, end, from_below = found
            sides = (lower if from_below else upper)[unknown]
            sides[end] = sides.get(end, False) or strict
    return Domain(
        tuple(tuple(Side(*side) for side in lower[u].items()) for u in unknowns),
        tuple(tuple(Side(*side) for side in upper[u].items()) for u in unknowns),
        tuple(conditions),
    )


def _needs(expr: Expr, unknowns: set[Expr]) -> Iterator[tuple[Expr, bool]]:
    """What must be positive (True) or not negative, and depends on an unknown."""
    bound = {v for a in expr.atoms(GaussianAverage) for v in a.variables}
    for node in preorder_traversal(expr):
        for needed, strict in _needed_by(node):
            free = needed.free_symbols
            if free & unknowns and not free & bound:
                yield needed, strict


def _needed_by(node: Expr) -> Iterator[tuple[Expr, bool]]:
    if isinstance(node, log):
        yield node.args[0], True
    elif isinstance(node, Pow) and node.exp.is_Rational and not node.exp.is_Integer:
        yield node.base, bool(node.exp.is_negative)
    elif isinstance(node, GaussianAverage):
        law = node.covariance
        for k in range(law.rows):
            yield law[k, k], False
        if law.rows == 2:
            yield law.det(), False


def _end(needed: Expr, unknowns: tuple[Expr, ...]) -> tuple[Expr, Expr, bool] | None:
    """``a + b u > 0`` as the unknown, its end -a/b, and whether that is below it."""
    held = [u for u in unknowns if needed.has(u)]
    if len(held) != 1 or not isinstance(held[0], Symbol):
        return None
    (unknown,) = held
    slope = needed.diff(unknown)
    rising = slope.is_positive
    if slope.has(unknown) or not (rising or slope.is_negative):
        return None
    offset = Add(needed, -slope * unknown).expand()
    return None if offset.has(unknown) else (unknown, -offset / slope, bool(rising))
