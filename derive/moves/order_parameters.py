r"""Name the overlaps of an averaged ensemble, with conjugates, for all replicas at once.

    1 = int prod dq_ab dqhat_ab exp(sum_(a<=b) qhat_ab (sum_i x_ia y_ib - N q_ab)) x constants

An overlap is a sum over sites that is held together by replica indices alone.  Once enough of them
are named every term of the exponent touches one site only.  A symmetric matrix of overlaps has one
conjugate for each pair, and a diagonal that a norm fixes (Ising spins, a sphere) needs none.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sympy import Expr, I, Mul, Pow, Rational, S, expand_log, log, pi, sympify

from derive.ensemble import Ensemble, check_new_names, elements_of, terms
from derive.errors import MoveError
from derive.indices import Index, Label, free_indices
from derive.matching import replace_sum, same_up_to_free_names, scaled_sum
from derive.measures import Continuous, SphereSurface
from derive.monomials import flattened
from derive.moves.replicate import is_extensive
from derive.relations import normal_form
from derive.step import Moved
from derive.total import Total, components
from derive.variables import Variable

__all__ = ["order_parameters", "overlaps"]


def order_parameters(ensemble: Ensemble, *names: str, **definitions: Any) -> Moved:
    """Name sums over sites that couple replicas (or patterns) as order parameters.

    Parameters
    ----------
    ensemble : Ensemble
        Averaged over its disorder.
    *names : str
        Names for the sums that `overlaps` finds, in its order: enough of them to leave every term
        of the exponent at one site.
    **definitions : Expr
        Instead, definitions by name, such as ``q=total(s[a, i]*s[b, i], i)/N``.

    Returns
    -------
    Moved
        With order parameters and conjugates, ``name + "hat"``, as further variables.  Kind: exact.

    Raises
    ------
    MoveError
        If nothing extensive is left to name, or the number of names is wrong (it lists the sums).
    """
    wanted = {k: sympify(v) for k, v in definitions.items()} or _named(ensemble, names)
    check_new_names(ensemble, *wanted, *(f"{name}hat" for name in wanted))
    for name, definition in wanted.items():
        ensemble = _introduced(ensemble, name, definition)
    return Moved(ensemble)


def _named(ensemble: Ensemble, names: tuple[str, ...]) -> dict[str, Expr]:
    found = overlaps(ensemble)
    if not found:
        raise MoveError(
            "no term of the exponent couples sites of several replicas: there is no overlap to name"
        )
    needed = _needed(ensemble, found)
    if not needed <= len(names) <= len(found):
        listed = ", ".join(str(sum_ / _scale(sum_)) for sum_ in found)
        count = str(needed) if needed == len(found) else f"{needed} to {len(found)}"
        raise MoveError(
            f"{count} order parameter(s) are to be named, {len(names)} name(s) were given; in "
            f"this order: {listed}"
        )
    return {name: sum_ / _scale(sum_) for name, sum_ in zip(names, found, strict=False)}


def _scale(overlap: Total) -> Expr:
    return Mul(*(i.size for i in overlap.indices))


def _needed(ensemble: Ensemble, found: list[Total]) -> int:
    """How many of the overlaps leave nothing coupled once they are named."""
    exponent = ensemble.exponent
    for count, overlap in enumerate(found, 1):
        label = _label(ensemble, f"\0{count}", overlap, _scale(overlap))
        free = _free(overlap)
        exponent = replace_sum(exponent, overlap, free, lambda *s, label=label: label[s])
        if not any(_coupled(term, ensemble.labels) for term in terms(exponent)):
            return count
    return len(found)


# --- finding them -----------------------------------------------------------------------------


def overlaps(ensemble: Ensemble) -> list[Total]:
    """The sums over sites that products of the exponent consist of, once replicas are held.

    Sums over what is traced come before sums over local fields and their conjugates.
    """
    found: dict[Total, None] = {}
    for term in terms(ensemble.exponent):
        for part in _coupled(term, ensemble.labels):
            if not any(same_up_to_free_names(part, other) for other in found):
                found[part] = None
    declared = {v.label: k for k, v in enumerate(ensemble.variables)}
    fields = {v.label for v in ensemble.variables if _is_field(ensemble, v)}

    def order(part: Total) -> Any:
        own = {e.label for e in elements_of(part, declared)}
        return bool(own & fields), -len(free_indices(part)), sorted(declared[e] for e in own)

    return sorted(found, key=order)


def _is_field(ensemble: Ensemble, variable: Variable) -> bool:
    """Local fields and their conjugates."""
    measure = variable.measure
    conjugate = isinstance(measure, Continuous) and measure.is_imaginary
    return conjugate or f"{variable.name}hat" in {v.name for v in ensemble.variables}


def _coupled(term: Expr, labels: Iterable[Label]) -> list[Total]:
    """The sums over sites in a term, if there are at least two."""
    if not elements_of(term, labels):
        return []
    body, indices = flattened(term)
    sites = tuple(i for i in indices if is_extensive(i.range))
    factors = [f for f in Mul.make_args(body) if free_indices(f) & set(sites)]
    parts = [Total(Mul(*fs), *own) for fs, own in components(factors, sites)]
    own = [p for p in parts if elements_of(p, labels)]
    return own if len(own) > 1 else []


def _free(overlap: Total) -> tuple[Index, ...]:
    return tuple(sorted(free_indices(overlap), key=lambda i: i.name))


# --- naming them ------------------------------------------------------------------------------


def _introduced(ensemble: Ensemble, name: str, definition: Expr) -> Ensemble:
    scale, overlap = scaled_sum(name, definition)
    free = _free(overlap)
    field = _label(ensemble, name, overlap, scale)
    known = 0 if field.diagonal is not None else None
    dual = Label(f"{name}hat", field.ranges, field.symmetric, diagonal=known)
    exponent = replace_sum(ensemble.exponent, overlap, free, lambda *s: scale * field[s])
    if exponent == ensemble.exponent:
        raise MoveError(f"{name}: the exponent does not contain {overlap}: {ensemble.exponent}")
    share = Rational(1, 2) if field.symmetric else S.One
    conjugate = Total(share * dual[free] * (overlap - scale * field[free]), *free)
    return ensemble.replaced(
        variables=(
            *ensemble.variables,
            Variable(field, Continuous()),
            Variable(dual, Continuous(direction=I)),
        ),
        exponent=exponent + conjugate,
        log_prefactor=ensemble.log_prefactor + _norm(field, scale),
    )


def _label(ensemble: Ensemble, name: str, overlap: Total, scale: Expr) -> Label:
    """The label of an overlap: symmetric if exchanging its replicas does not change it."""
    free = _free(overlap)
    ranges = tuple(i.range for i in free)
    symmetric, diagonal = False, None
    if len(free) == 2 and ranges[0] == ranges[1]:
        symmetric = overlap.xreplace({free[0]: free[1], free[1]: free[0]}) == overlap
        known = _diagonal(ensemble, overlap, free) if symmetric else None
        diagonal = None if known is None else known / scale
    return Label(name, ranges, symmetric, diagonal=diagonal)


def _diagonal(ensemble: Ensemble, overlap: Total, free: tuple[Index, ...]) -> Expr | None:
    """The sum for a replica with itself, where the measure fixes it."""
    one = overlap.xreplace({free[1]: free[0]})
    measures = {v.label: v.measure for v in ensemble.variables}
    for element in elements_of(one, measures):
        measure = measures[element.label]
        on_sphere = isinstance(measure, SphereSurface) and one == Total(
            Pow(element, 2), element.slots[-1]
        )
        if on_sphere:
            return measure.norm2
    reduced = normal_form(one, measures)
    return None if elements_of(reduced, measures) else reduced


def _norm(field: Label, scale: Expr) -> Expr:
    """The logarithm of the constants: scale / 2 pi for each pair of order parameter and conjugate.

    With sum_ab qhat_ab (...) / 2, a diagonal element has half of it.
    """
    counts = [over.size for over in field.ranges]
    each = expand_log(log(scale / (2 * pi)))
    if not field.symmetric:
        return Mul(*counts) * each
    n = counts[0]
    pairs = n * (n - 1) / 2 * each
    return pairs if field.diagonal is not None else pairs + n * (each - log(2))
