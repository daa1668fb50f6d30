"""Conjugate order parameters put at their saddle values, where closed forms give them.

The conjugates of overlaps are Lagrange parameters: stationarity in them, or in the overlaps that
they belong to, is often rational.  Nothing fluctuates in a free entropy that was continued in the
number of replicas, so that values are substituted and the others keep their sense of extremum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sympy import Add, Expr, Matrix, S

from derive.errors import DeriveError
from derive.gaussian.average import GaussianAverage
from derive.gaussian.merging import merged
from derive.rational import factored, with_expanded_logs
from derive.saddle.stationary_values import stationary_values

if TYPE_CHECKING:
    from derive.saddle.free_entropy import FreeEntropy

__all__ = ["at_conjugates", "conjugate_values"]


def at_conjugates(free_entropy: FreeEntropy, wanted: Sequence[Expr]) -> FreeEntropy:
    """The free entropy with unknowns at their saddle values.

    Raises
    ------
    DeriveError
        If neither stationarity in them, nor that in the other unknowns, gives them in closed form.
    """
    values = conjugate_values(free_entropy, wanted)
    density = free_entropy.density.xreplace(dict(values))
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


def conjugate_values(free_entropy: FreeEntropy, wanted: Sequence[Expr]) -> Mapping[Expr, Expr]:
    """Saddle values of unknowns in terms of the others, from their own stationarity or theirs."""
    own = stationary_values(free_entropy.density, list(wanted))
    if own is not None:
        return own
    values: dict[Expr, Expr] = {}
    for group in _groups(free_entropy, wanted):
        found = stationary_values(free_entropy.density, group) or _from_partners(
            free_entropy, group, wanted
        )
        if found is None:
            listed = ", ".join(map(str, group))
            raise DeriveError(
                f"{listed}: no saddle equation gives them in closed form; keep them as unknowns"
            )
        values.update(found)
    return values


def _groups(free_entropy: FreeEntropy, wanted: Sequence[Expr]) -> list[list[Expr]]:
    """Unknowns that the free entropy couples to each other."""
    groups: list[list[Expr]] = []
    for unknown in wanted:
        slope = free_entropy.density.diff(unknown)
        touching = [g for g in groups if slope.has(*g)]
        groups = [g for g in groups if g not in touching]
        groups.append([u for g in touching for u in g] + [unknown])
    return groups


def _from_partners(
    free_entropy: FreeEntropy, group: list[Expr], wanted: Sequence[Expr]
) -> Mapping[Expr, Expr] | None:
    """Solve the other unknowns' stationarity, linear in these: q's gives qhat."""
    others = [u for u in free_entropy.unknowns if u not in wanted]
    slopes = (free_entropy.density.diff(u) for u in others)
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
