"""Descriptions of an ensemble for exact sums: by occupation numbers, or state by state."""

from __future__ import annotations

from typing import Any

from sympy import Expr, Mul, S, Symbol

from derive.ensemble import Ensemble, elements_of
from derive.equations import Enumeration, FiniteSum
from derive.errors import CouplingError, MoveError
from derive.indices import Element, Index, free_indices
from derive.measures import Finite, OneHot
from derive.total import Total

__all__ = ["enumeration", "finite_sum"]


def finite_sum(ensemble: Ensemble) -> FiniteSum:
    """The partition function as a sum over how many sites are in each single-site state.

    Raises
    ------
    CouplingError
        If the exponent depends on the sites otherwise than through sums over all of them; then
        use `enumeration`.
    """
    variable = _only_variable(ensemble)
    exponent = _open_colours(ensemble.exponent, variable)
    sums = sorted({t for t in exponent.atoms(Total) if elements_of(t, [variable.label])}, key=str)
    for total in sums:
        if len(total.indices) != 1 or {e.label for e in total.atoms(Element)} != {variable.label}:
            raise CouplingError(
                f"the exponent depends on the sites through {total}, not only through sums over "
                "all sites of one site's functions: use enumeration() for explicit sites"
            )
    totals = {t: Symbol(f"total_{k}", real=True) for k, t in enumerate(sums)}
    states, weights = _single_states(variable)
    bare = exponent.xreplace(totals)
    if bare.atoms(Element):
        raise CouplingError(f"the exponent singles out sites: {bare}")
    parameters = (bare.free_symbols | S.Zero.free_symbols).union(*(w.free_symbols for w in weights))
    return FiniteSum(
        values=tuple(tuple(_at(t, variable, state) for t in sums) for state in states),
        weights=weights,
        totals=tuple(totals.values()),
        exponent=bare + ensemble.log_prefactor,
        size=variable.site_ranges[0].size,
        parameters=tuple(
            sorted(
                parameters - set(totals.values()) - variable.site_ranges[0].size.free_symbols,
                key=str,
            )
        ),
    )


def enumeration(ensemble: Ensemble) -> Enumeration:
    """The partition function as a sum over all states of explicit sites, couplings given.

    Raises
    ------
    MoveError
        If the ensemble has not exactly one discrete variable with one index.
    """
    variable = _only_variable(ensemble)
    if isinstance(variable.measure, OneHot):
        raise MoveError(f"{variable.name} is a Potts variable: use finite_sum()")
    arrays = {e for e in ensemble.exponent.atoms(Element) if e.label.given}
    arrays = {e.label[tuple(_plain(e, k) for k in range(len(e.slots)))] for e in arrays}
    size = variable.site_ranges[0].size
    return Enumeration(
        site=variable[Index("i", variable.site_ranges[0])],
        values=variable.measure.values,
        exponent=ensemble.exponent + ensemble.log_prefactor,
        parameters=tuple(sorted(set(ensemble.parameters) - size.free_symbols | arrays, key=str)),
        weights=variable.measure.log_weights,
    )


def _plain(element: Element, slot: int) -> Index:
    return Index("ijklmn"[slot], element.label.ranges[slot])


def _only_variable(ensemble: Ensemble) -> Any:
    discrete = [v for v in ensemble.variables if isinstance(v.measure, Finite | OneHot)]
    if len(discrete) != 1 or len(ensemble.variables) != 1 or len(discrete[0].site_ranges) != 1:
        names = ", ".join(v.name for v in ensemble.variables)
        raise MoveError(
            f"an exact sum needs one discrete variable with one site index; there are: {names}"
        )
    if ensemble.weight != 1:
        raise MoveError(f"the weight {ensemble.weight} is not part of the exponent: constrain it")
    return discrete[0]


def _single_states(variable: Any) -> tuple[list[Any], tuple[Expr, ...]]:
    if isinstance(variable.measure, OneHot):
        q = variable.measure.colours.size
        if not q.is_Integer:
            raise MoveError(f"{variable.name}: the number of colours {q} must be a number here")
        return list(range(1, int(q) + 1)), (S.Zero,) * int(q)
    return list(variable.measure.values), variable.measure.log_weights


def _at(total: Total, variable: Any, state: Any) -> Expr:
    """The summand of a total for one state of the site."""
    replaced = {}
    for element in elements_of(total, [variable.label]):
        is_potts = isinstance(variable.measure, OneHot)
        replaced[element] = S(int(element.slots[-1] == state)) if is_potts else state
    return total.body.xreplace(replaced)


def _open_colours(expr: Expr, variable: Any) -> Expr:
    """Write sums over Potts colours term by term, so that sums over sites separate."""
    if not isinstance(variable.measure, OneHot) or not expr.has(Total):
        return expr
    if not isinstance(expr, Total):
        return expr.func(*(_open_colours(arg, variable) for arg in expr.args))
    colours = variable.measure.colours
    for index in expr.indices:
        if index.range == colours and index in free_indices(expr.body):
            rest = tuple(i for i in expr.indices if i != index)
            opened = S.Zero
            for a in range(1, int(colours.size) + 1):
                opened += Total(expr.body.xreplace({index: S(a)}), *rest)
            return _open_colours(opened, variable)
    return Mul(expr)
