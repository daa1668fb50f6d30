"""Conjugate fields at their saddle values, where these are algebraic in the order parameters.

A conjugate ``qhat`` (conjugates carry the name of what they belong to, and "hat") is determined by
its own stationarity condition, or by that of an order parameter, if that is a rational function.
Its scaling in a limit then follows from the others'.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sympy import Expr, Symbol, factor, fraction, solve, together

from derive.gaussian.average import GaussianAverage

__all__ = ["conjugate_values"]

SUFFIX = "hat"


def conjugate_values(
    density: Expr, unknowns: Sequence[Symbol], kept: Collection[Symbol] = ()
) -> dict[Symbol, Expr]:
    """The conjugates in terms of the other unknowns; empty where that is not unique.

    Parameters
    ----------
    density : Expr
        phi.
    unknowns : sequence of Symbol
        Its unknowns.
    kept : collection of Symbol
        Those that stay, whatever their name.
    """
    wanted = [u for u in unknowns if SUFFIX in u.name and u not in kept]
    if not wanted:
        return {}
    rational = _rational_rows(density, unknowns)
    own = [u for u in wanted if u in rational]
    partners = [u for u in rational if u not in wanted]
    others = [u for u in wanted if u not in own and any(rational[p].has(u) for p in partners)]
    found = _solved([rational[u] for u in own], own) if own else {}
    given = [rational[p] for p in partners if any(rational[p].has(u) for u in others)]
    if others and len(given) == len(others):
        solved = _solved([row.subs(found) for row in given], others)
        found = {u: value.subs(solved) for u, value in found.items()} | solved
    return {u: factor(value) for u, value in found.items()}


def _rational_rows(density: Expr, unknowns: Sequence[Symbol]) -> dict[Symbol, Expr]:
    """The stationarity conditions without averages of the unknowns."""
    plain = [u for u in unknowns if not any(n.has(u) for n in density.atoms(GaussianAverage))]
    rows = {u: density.diff(u) for u in plain}
    return {u: row for u, row in rows.items() if row.is_rational_function(*unknowns)}


def _solved(rows: Sequence[Expr], unknowns: Sequence[Symbol]) -> dict[Symbol, Expr]:
    """The one solution of rational equations, if there is one only."""
    above = [fraction(together(row))[0] for row in rows]
    solutions = [
        s
        for s in solve(above, list(unknowns), dict=True)
        if set(s) == set(unknowns) and not any(_singular(row, s) for row in rows)
    ]
    return solutions[0] if len(solutions) == 1 else {}


def _singular(row: Expr, solution: dict[Symbol, Expr]) -> bool:
    """Whether a denominator vanishes there, so that only the numerator is solved."""
    return bool(fraction(together(row))[1].subs(solution).equals(0))
