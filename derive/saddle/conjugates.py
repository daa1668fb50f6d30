"""Conjugate order parameters put at their saddle values, where closed forms give them.

The conjugates of overlaps are Lagrange parameters: stationarity in them, or in the overlaps that
they belong to, is often rational.  Nothing fluctuates in a free entropy that was continued in the
number of replicas, so that values are substituted and the others keep their sense of extremum.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sympy import Add, Expr, Matrix, S

from derive.errors import DeriveError
from derive.gaussian.average import GaussianAverage
from derive.gaussian.merging import merged
from derive.rational import factored, with_expanded_logs
from derive.saddle.stationary_values import stationary_values

if TYPE_CHECKING:
    from derive.saddle.free_entropy import FreeEntropy

__all__ = ["at_conjugates", "closed_form_values", "conjugate_values"]

Values = dict[Expr, Expr]


def at_conjugates(free_entropy: FreeEntropy, wanted: Sequence[Expr]) -> FreeEntropy:
    """The free entropy with unknowns at their saddle values.

    Raises
    ------
    DeriveError
        If neither stationarity in them, nor that in the other unknowns, gives them in closed form.
    """
    values = conjugate_values(free_entropy, wanted)
    density = free_entropy.density.xreplace(values)
    kept = [k for k, u in enumerate(free_entropy.unknowns) if u not in values]
    unknowns = [free_entropy.unknowns[k] for k in kept]
    return free_entropy.func(
        _tidied(density, unknowns) if unknowns else density,
        unknowns,
        [free_entropy.signs[k] for k in kept],
        free_entropy.size,
        free_entropy.beta,
        free_entropy.correction,
        free_entropy.kind,
    )


def conjugate_values(free_entropy: FreeEntropy, wanted: Sequence[Expr]) -> Values:
    """Saddle values of unknowns in terms of the others, from their own stationarity or theirs.

    Raises
    ------
    DeriveError
        If one of them has none in closed form.
    """
    values = closed_form_values(free_entropy.density, free_entropy.unknowns, wanted)
    if missing := [str(u) for u in wanted if u not in values]:
        raise DeriveError(
            f"{', '.join(missing)}: no saddle equation gives them in closed form; keep them as "
            "unknowns"
        )
    return values


def closed_form_values(density: Expr, unknowns: Sequence[Expr], wanted: Sequence[Expr]) -> Values:
    """The saddle values of those unknowns, of some wanted, that have one in closed form."""
    own = stationary_values(density, list(wanted))
    if own is not None:
        return own
    values: Values = {}
    others = [u for u in unknowns if u not in wanted]
    for group in _groups(density, wanted):
        found = stationary_values(density, group) or _from_partners(density, group, others, wanted)
        values.update(found or {})
    return values


def _groups(density: Expr, wanted: Sequence[Expr]) -> list[list[Expr]]:
    """Unknowns that the free entropy couples to each other."""
    groups: list[list[Expr]] = []
    for unknown in wanted:
        slope = density.diff(unknown)
        touching = [g for g in groups if slope.has(*g)]
        groups = [g for g in groups if g not in touching]
        groups.append([u for g in touching for u in g] + [unknown])
    return groups


def _from_partners(
    density: Expr, group: list[Expr], others: list[Expr], wanted: Sequence[Expr]
) -> Values | None:
    """Solve the other unknowns' stationarity, linear in these: q's gives qhat."""
    slopes = (density.diff(u) for u in others)
    rows = [row for row in slopes if row.has(*group) and not row.has(GaussianAverage)]
    if len(rows) != len(group):
        return None
    matrix = Matrix([[row.diff(u) for u in group] for row in rows])
    if matrix.has(*wanted) or matrix.det() == 0:
        return None
    rest = Matrix([row.xreplace(dict.fromkeys(group, S.Zero)) for row in rows])
    solution = -matrix.LUsolve(rest)
    if solution.has(*wanted):
        return None
    return {u: factored(value) for u, value in zip(group, solution, strict=True)}


def _tidied(density: Expr, kept: Sequence[Expr]) -> Expr:
    """Quotients of the unknowns over a common denominator, logarithms over their factors."""
    density = merged(with_expanded_logs(density))
    terms = [t for t in Add.make_args(density) if t.has(*kept) and t.is_rational_function(*kept)]
    smooth = [t for t in terms if t.is_polynomial(*kept)]
    rest = Add(*(t for t in Add.make_args(density) if t not in terms))
    quotients = factored(Add(*(t for t in terms if t not in smooth)))
    polynomial = min(Add(*smooth), factored(Add(*smooth)), key=lambda e: e.count_ops())
    return quotients + polynomial + rest
