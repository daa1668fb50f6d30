"""Descriptions of an ensemble for exact sums: by occupation numbers, or state by state."""

from __future__ import annotations

from itertools import product as cartesian
from typing import Any

from sympy import Add, Expr, S, Symbol

from derive.ensemble import Ensemble, elements_of
from derive.equations import Enumeration, FiniteSum
from derive.errors import CouplingError, MoveError
from derive.indices import Element, Index
from derive.measures import Finite, OneHot
from derive.saddle.index_notation import written_out
from derive.total import Total
from derive.variables import Variable

__all__ = ["enumeration", "finite_sum", "site_families"]


def finite_sum(ensemble: Ensemble) -> FiniteSum:
    """The partition function as a sum over how many sites are in each single-site state.

    Raises
    ------
    CouplingError
        If the exponent depends on the sites otherwise than through sums over all of them; then
        use `enumeration`.
    MoveError
        If there are several kinds of sites, or variables that are not discrete.
    """
    families = site_families(ensemble)
    if len(families) > 1:
        names = ", ".join(v.name for v in ensemble.variables)
        raise MoveError(
            f"an exact sum needs discrete variables with one and the same site index: {names}"
        )
    return families[0]


def site_families(ensemble: Ensemble) -> list[FiniteSum]:
    """One description for each kind of sites, with the exponent that they share.

    Raises
    ------
    CouplingError, MoveError
        As `finite_sum`, but for several kinds of sites.
    """
    variables = _discrete_variables(ensemble)
    exponent = ensemble.exponent
    for variable in variables:
        exponent = _open_colours(exponent, variable)
    groups: dict[Any, list[Variable]] = {}
    for variable in variables:
        groups.setdefault(variable.site_ranges, []).append(variable)
    labels = [{v.label for v in group} for group in groups.values()]
    sums = sorted(
        {t for t in exponent.atoms(Total) if elements_of(t, set().union(*labels))}, key=_plain_first
    )
    for total in sums:
        own = {e.label for e in total.atoms(Element)}
        if len(total.indices) != 1 or not any(own <= family for family in labels):
            raise CouplingError(
                f"the exponent depends on the sites through {total}, not only through sums over "
                "all sites of one site's functions: use enumeration() for explicit sites"
            )
    totals = {t: Symbol(_total_name(t), real=True) for t in sums}
    bare = exponent.xreplace(totals)
    if bare.atoms(Element):
        raise CouplingError(f"the exponent singles out sites: {bare}")
    shared = bare + ensemble.log_prefactor
    return [_family(group, totals, shared) for group in groups.values()]


def _family(variables: list[Variable], totals: dict[Total, Symbol], exponent: Expr) -> FiniteSum:
    own = {t: name for t, name in totals.items() if elements_of(t, [v.label for v in variables])}
    states = list(cartesian(*map(_single_states, variables)))
    weights = tuple(Add(*(weight for _, weight in state)) for state in states)
    size = variables[0].site_ranges[0].size
    symbols = exponent.free_symbols.union(*(w.free_symbols for w in weights))
    return FiniteSum(
        values=tuple(tuple(_at(t, variables, state) for t in own) for state in states),
        weights=weights,
        totals=tuple(own.values()),
        exponent=exponent,
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
        If a variable is not discrete, has colours as values, or has not one index.
    """
    variables = _discrete_variables(ensemble)
    for variable in variables:
        if isinstance(variable.measure, OneHot):
            raise MoveError(
                f"an enumeration needs numbers as values, unlike {variable.name}: use finite_sum()"
            )
    arrays = {e for e in ensemble.exponent.atoms(Element) if e.label.given}
    arrays = {e.label[tuple(_plain(e, k) for k in range(len(e.slots)))] for e in arrays}
    sizes = {size for v in variables for size in v.site_ranges[0].size.free_symbols}
    return Enumeration(
        sites=tuple(v[Index("i", v.site_ranges[0])] for v in variables),
        values=tuple(v.measure.values for v in variables),
        exponent=ensemble.exponent + ensemble.log_prefactor,
        parameters=tuple(sorted(set(ensemble.parameters) - sizes | arrays, key=str)),
        weights=tuple(v.measure.log_weights for v in variables),
        beta=ensemble.beta,
    )


def _plain(element: Element, slot: int) -> Index:
    return Index("ijklmn"[slot], element.label.ranges[slot])


def _discrete_variables(ensemble: Ensemble) -> tuple[Variable, ...]:
    """All variables, if they are discrete and have one site index each."""
    for variable in ensemble.variables:
        if not isinstance(variable.measure, Finite | OneHot) or len(variable.site_ranges) != 1:
            raise MoveError(
                f"an exact sum needs discrete variables with one site index, unlike {variable.name}"
            )
    if not ensemble.variables:
        raise MoveError("there is no variable left to sum over")
    if ensemble.weight != 1:
        raise MoveError(f"the weight {ensemble.weight} is not part of the exponent: constrain it")
    return ensemble.variables


def _single_states(variable: Variable) -> list[tuple[Any, Expr]]:
    """The states of one site, each with its log-weight: values, or colours 1 to q."""
    if isinstance(variable.measure, OneHot):
        return [(a, S.Zero) for a in range(1, int(variable.measure.colours.size) + 1)]
    return list(zip(variable.measure.values, variable.measure.log_weights, strict=True))


def _at(total: Total, variables: list[Variable], state: tuple[Any, ...]) -> Expr:
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
    colours = variable.measure.colours
    if not colours.size.is_Integer:
        raise MoveError(f"{variable.name}: the number of colours {colours.size} must be a number")
    return written_out(expr, {colours: int(colours.size)})
