"""Descriptions of an ensemble for exact sums: by occupation numbers, or state by state."""

from __future__ import annotations

from itertools import product as cartesian
from typing import Any

from sympy import Add, Expr, Mul, S, Symbol

from derive.ensemble import Ensemble, elements_of
from derive.equations import Enumeration, FiniteSum
from derive.errors import CouplingError, MoveError
from derive.indices import Element, Index, free_indices
from derive.measures import Finite, OneHot
from derive.total import Total
from derive.variables import Variable

__all__ = ["enumeration", "finite_sum"]


def finite_sum(ensemble: Ensemble) -> FiniteSum:
    """The partition function as a sum over how many sites are in each single-site state.

    Raises
    ------
    CouplingError
        If the exponent depends on the sites otherwise than through sums over all of them; then
        use `enumeration`.
    """
    variables = _discrete_variables(ensemble)
    exponent = ensemble.exponent
    for variable in variables:
        exponent = _open_colours(exponent, variable)
    labels = {v.label for v in variables}
    sums = sorted({t for t in exponent.atoms(Total) if elements_of(t, labels)}, key=_plain_first)
    for total in sums:
        if len(total.indices) != 1 or not {e.label for e in total.atoms(Element)} <= labels:
            raise CouplingError(
                f"the exponent depends on the sites through {total}, not only through sums over "
                "all sites of one site's functions: use enumeration() for explicit sites"
            )
    totals = {t: Symbol(_total_name(t), real=True) for t in sums}
    states = list(cartesian(*map(_single_states, variables)))
    weights = tuple(Add(*(weight for _, weight in state)) for state in states)
    bare = exponent.xreplace(totals)
    size = variables[0].site_ranges[0].size
    if bare.atoms(Element):
        raise CouplingError(f"the exponent singles out sites: {bare}")
    symbols = bare.free_symbols.union(*(w.free_symbols for w in weights))
    return FiniteSum(
        values=tuple(tuple(_at(t, variables, state) for t in sums) for state in states),
        weights=weights,
        totals=tuple(totals.values()),
        exponent=bare + ensemble.log_prefactor,
        size=size,
        parameters=tuple(sorted(symbols - set(totals.values()) - size.free_symbols, key=str)),
    )


def _plain_first(total: Total) -> tuple[bool, str]:
    """Sums of a variable itself, whose moments are wanted most, before those of its functions."""
    return not isinstance(total.body, Element), str(total)


def _total_name(total: Total) -> str:
    """Total(s[i], i) is sum_s, Total(S[i]**2, i) is sum_S**2, Total(c[i, 1], i) is sum_c_1."""
    bare = {
        e: Symbol("_".join([e.name, *(str(s) for s in e.slots if s not in total.indices)]))
        for e in total.atoms(Element)
    }
    return f"sum_{total.body.xreplace(bare)}"


def enumeration(ensemble: Ensemble) -> Enumeration:
    """The partition function as a sum over all states of explicit sites, couplings given.

    Raises
    ------
    MoveError
        If the ensemble has not exactly one discrete variable with one index.
    """
    variables = _discrete_variables(ensemble)
    if len(variables) > 1 or isinstance(variables[0].measure, OneHot):
        raise MoveError(
            "an enumeration needs one variable with numbers as values: use finite_sum()"
        )
    (variable,) = variables
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


def _discrete_variables(ensemble: Ensemble) -> tuple[Variable, ...]:
    """All variables, if they are discrete and live on the same sites."""
    sites = {v.site_ranges for v in ensemble.variables}
    alike = len(sites) == 1 and len(next(iter(sites))) == 1
    if not alike or not all(isinstance(v.measure, Finite | OneHot) for v in ensemble.variables):
        names = ", ".join(v.name for v in ensemble.variables) or "none"
        raise MoveError(
            f"an exact sum needs discrete variables with one and the same site index: {names}"
        )
    if ensemble.weight != 1:
        raise MoveError(f"the weight {ensemble.weight} is not part of the exponent: constrain it")
    return ensemble.variables


def _single_states(variable: Variable) -> list[tuple[Any, Expr]]:
    """The states of one site, each with its log-weight: values, or colours 1 to q."""
    if isinstance(variable.measure, OneHot):
        return [(a, S.Zero) for a in range(1, int(variable.measure.colours.size) + 1)]
    return list(zip(variable.measure.values, variable.measure.log_weights, strict=True))


def _at(total: Total, variables: tuple[Variable, ...], state: tuple[Any, ...]) -> Expr:
    """The summand of a total for one joint state of a site."""
    replaced = {}
    for variable, (value, _) in zip(variables, state, strict=True):
        is_potts = isinstance(variable.measure, OneHot)
        for element in elements_of(total, [variable.label]):
            replaced[element] = S(int(element.slots[-1] == value)) if is_potts else value
    return total.body.xreplace(replaced)


def _open_colours(expr: Expr, variable: Variable) -> Expr:
    """Write sums over Potts colours term by term, so that sums over sites separate."""
    if not isinstance(variable.measure, OneHot) or not expr.has(Total):
        return expr
    if not isinstance(expr, Total):
        return expr.func(*(_open_colours(arg, variable) for arg in expr.args))
    colours = variable.measure.colours
    if not colours.size.is_Integer:
        raise MoveError(f"{variable.name}: the number of colours {colours.size} must be a number")
    for index in expr.indices:
        if index.range == colours and index in free_indices(expr.body):
            rest = tuple(i for i in expr.indices if i != index)
            opened = S.Zero
            for a in range(1, int(colours.size) + 1):
                opened += Total(expr.body.xreplace({index: S(a)}), *rest)
            return _open_colours(opened, variable)
    return Mul(expr)
