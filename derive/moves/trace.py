"""Sum or integrate out variables whose sites are decoupled."""

from __future__ import annotations

from typing import Any

from sympy import Add, Expr, Mul, S, log

from derive.ensemble import Ensemble, elements_of, named_slots, split_coefficient, terms
from derive.errors import CouplingError, MoveError
from derive.indices import Element, Index, Label, free_indices
from derive.matching import replace_elements
from derive.measures import SphereSurface
from derive.moves.replicate import counts_replicas
from derive.nested import log_trace
from derive.step import Moved
from derive.total import IndexedProduct, Total, fresh
from derive.variables import Variable

__all__ = ["trace"]


def trace(ensemble: Ensemble, *variables: Any) -> Moved:
    """Trace variables over their measures, site by site.

    Parameters
    ----------
    ensemble : Ensemble
        In whose exponent every term touches one site of the variables only.
    *variables : Variable or str
        What to trace, jointly if several; they must have the same site indices.

    Returns
    -------
    Moved
        The ensemble without them; the exponent gains the sum over sites of the logarithm of the
        single-site partition function, in closed form where the table has a row.  Kind: exact.

    Raises
    ------
    CouplingError
        If a term couples different sites; the error names the term and the move that decouples it.
    UnboundedError
        If a single-site integral diverges.
    """
    chosen = tuple(ensemble[v] for v in variables)
    if not chosen:
        raise MoveError("trace(variable): name what to trace")
    labels = {v.label for v in chosen}
    site = _site(chosen)
    local: list[Expr] = []
    rest: list[Expr] = []
    for term in terms(ensemble.exponent):
        touched = bool(elements_of(term, labels))
        if touched:
            local.append(_at_site(term, chosen, site, ensemble.disorder))
        else:
            rest.append(term)
    log_weight, weight = _local_weight(ensemble, chosen, site)
    exponent = _strip(Add(*local) + log_weight, chosen)
    single = log_trace(tuple(map(_stripped, chosen)), exponent)
    taken = free_indices(single).difference(site)
    named = [fresh(i, taken) for i in named_slots(ensemble, chosen[0].label)[: len(site)]]
    single = single.xreplace(dict(zip(site, named, strict=True)))
    conjugates = {e.name for e in exponent.atoms(Element)} & {
        v.name for v in ensemble.variables if getattr(v.measure, "is_imaginary", False)
    }
    return Moved(
        ensemble.replaced(
            variables=tuple(v for v in ensemble.variables if v not in chosen),
            exponent=Add(*rest) + Total(single, *named),
            weight=weight,
        ),
        assumptions=_assumptions(chosen, conjugates),
    )


def _assumptions(chosen: tuple[Variable, ...], conjugates: set[str]) -> tuple[str, ...]:
    shifted = [v.name for v in chosen if v.measure.has(S.Infinity)]
    if not (conjugates and shifted):
        return ()
    return (
        f"the contour of {', '.join(sorted(conjugates))} is shifted so that the integral over "
        f"{', '.join(shifted)} converges",
    )


def _site(variables: tuple[Variable, ...]) -> tuple[Index, ...]:
    ranges = variables[0].site_ranges
    for variable in variables:
        if isinstance(variable.measure, SphereSurface):
            raise CouplingError(
                f"{variable.name} is on a sphere, which couples its components: open it with "
                f"constrain({variable.name!r}, conjugate='lam') first"
            )
        if variable.site_ranges != ranges:
            raise MoveError(
                f"{variables[0].name} and {variable.name} have different site indices: trace them "
                "one after the other"
            )
    return tuple(Index(f"\0site{k}", over) for k, over in enumerate(ranges))


def _at_site(
    term: Expr,
    variables: tuple[Variable, ...],
    site: tuple[Index, ...],
    disorder: tuple[Variable, ...] = (),
) -> Expr:
    """The part of a term that belongs to one site: its sum with the site index held."""
    labels = {v.label for v in variables}
    coefficient, inside = split_coefficient(term, labels)
    slots = {e.slots[: len(site)] for e in elements_of(inside, labels)}
    if not site:
        return term
    if isinstance(inside, Total) and len(slots) == 1:
        (own,) = slots
        held = dict(zip(own, site, strict=True))
        if set(own) <= set(inside.indices) and len(set(own)) == len(site):
            left = tuple(i for i in inside.indices if i not in own)
            return coefficient * Total(inside.body.xreplace(held), *left)
    raise CouplingError(_why(term, inside, variables, slots, disorder))


def _why(
    term: Expr,
    inside: Expr,
    variables: tuple[Variable, ...],
    slots: set[Any],
    disorder: tuple[Variable, ...],
) -> str:
    names = ", ".join(v.name for v in variables)
    if quenched := sorted({v.name for v in disorder if elements_of(term, [v.label])}):
        return (
            f"the term {term} holds the disorder {', '.join(quenched)}, which couples different "
            f"sites of {names}: average('{quenched[0]}') first"
        )
    copies = {i for own in slots for i in own if isinstance(i, Index) and counts_replicas(i.range)}
    if copies:
        return (
            f"the term {term} couples different sites of {names} in several replicas: name their "
            "overlaps first, order_parameters('q')"
        )
    if any(not isinstance(slot, Index) for own in slots for slot in own):
        return f"the term {term} singles out one site of {names}: trace needs all sites alike"
    power = max((f.as_base_exp()[1] for f in Mul.make_args(inside)), default=1)
    quadratic = power == 2 or len(Mul.make_args(inside)) == 2 or len(slots) == 2
    mend = "hubbard_stratonovich('m')" if quadratic else "constrain('m', sum / N)"
    return f"the term {term} couples different sites of {names}: apply {mend} first"


def _local_weight(
    ensemble: Ensemble, variables: tuple[Variable, ...], site: tuple[Index, ...]
) -> tuple[Expr, Expr]:
    """The logarithm of the weight at one site, and the weight that is left."""
    labels = {v.label for v in variables}
    own, rest = [], []
    for factor in Mul.make_args(ensemble.weight):
        if not elements_of(factor, labels):
            rest.append(factor)
            continue
        slots = {e.slots[: len(site)] for e in elements_of(factor, labels)}
        if not (isinstance(factor, IndexedProduct) and len(slots) == 1):
            raise CouplingError(
                f"the weight {factor} couples different sites of {variables[0].name}: name its "
                "argument with constrain(name, sum) first"
            )
        (indices,) = slots
        if set(indices) != set(factor.indices):
            raise CouplingError(
                f"the weight {factor} is no product over the sites of {variables[0].name} alone: "
                "name its argument with constrain(name, sum) first"
            )
        own.append(log(factor.body.xreplace(dict(zip(indices, site, strict=True)))))
    return Add(*own), Mul(*rest)


def _stripped(variable: Variable) -> Variable:
    label = variable.label
    kept = label.ranges[len(variable.site_ranges) :]
    return Variable(Label(label.name, kept), variable.measure)


def _strip(expr: Expr, variables: tuple[Variable, ...]) -> Expr:
    for variable in variables:
        bare, count = _stripped(variable).label, len(variable.site_ranges)
        expr = replace_elements(
            expr, variable.label, lambda *s, b=bare, n=count: Element(b, *s[n:])
        )
    return expr
