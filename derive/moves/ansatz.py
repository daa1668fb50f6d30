"""Restrict an indexed order parameter to a form with fewer unknowns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sympy import Add, Expr, Integer, KroneckerDelta, Mul, S, Symbol, exp, log, sympify

from derive.errors import MoveError
from derive.indices import Element, Index, Label, free_indices
from derive.matching import over_common_ranges, replace_elements
from derive.saddle.free_entropy import FreeEntropy
from derive.step import Kind, Moved
from derive.total import Total

__all__ = ["Uniform", "ansatz"]


class Uniform:
    """The site-uniform ansatz: every component equals one number, which keeps the name.

    Examples
    --------
    >>> import derive as dv
    >>> dv.Uniform()
    Uniform()
    """

    def __repr__(self) -> str:
        return "Uniform()"


def ansatz(free_entropy: FreeEntropy, name: Any, rule: Any = None) -> Moved:
    """Replace an indexed order parameter by a function of its index and of new unknowns.

    Parameters
    ----------
    free_entropy : FreeEntropy
        With the order parameter among its unknowns.
    name : str or Element
        Which order parameter.
    rule : Uniform, callable, mapping, or another order parameter
        ``Uniform()`` (default); a function of the index, e.g.
        ``lambda a: (1 - x)/q + x*KroneckerDelta(a, 1)``; the components listed one by one,
        ``{1: x, 2: y, 3: y}``; or the order parameter, itself or by name, that it equals component
        by component, also over another range of the same size, which is then taken for its own.
        Symbols that are no parameters become the new unknowns.

    Returns
    -------
    Moved
        The free entropy on the ansatz.  Kind: ansatz.

    Raises
    ------
    MoveError
        If the order parameter has no index, the rule brings no unknown, or sizes differ.
    """
    if not isinstance(free_entropy, FreeEntropy):
        raise MoveError("an ansatz is made for a free entropy: apply saddle_point(N) first")
    element = _indexed_unknown(free_entropy, name)
    if (other := _other_unknown(free_entropy, element, rule)) is not None:
        return _identified(free_entropy, element, other)
    value = _as_function(element.label, rule)
    trial = sympify(value(*element.slots))
    new = _new_unknowns(free_entropy, element.label, trial)
    restricted = _restricted(free_entropy, element, value, new)
    return Moved(
        restricted, Kind.ANSATZ, (f"{element} = {trial}",), (element, trial, element.slots)
    )


def _restricted(
    free_entropy: FreeEntropy, element: Element, value: Callable[..., Any], new: list[Symbol]
) -> FreeEntropy:
    label = element.label
    density, correction = (
        without_common_exponents(resolve_deltas(replace_elements(e, label, value)))
        for e in (free_entropy.density, free_entropy.correction)
    )
    unknowns, signs = [], []
    for unknown, sign in zip(free_entropy.unknowns, free_entropy.signs, strict=True):
        kept = [unknown] if unknown != element else new
        unknowns.extend(kept)
        signs.extend([sign] * len(kept))
    return FreeEntropy(
        density=density,
        unknowns=unknowns,
        signs=signs,
        size=free_entropy.size,
        beta=free_entropy.beta,
        correction=correction,
        kind=free_entropy.kind,
    )


# --- one order parameter identified with another ----------------------------------------------


def _other_unknown(free_entropy: FreeEntropy, element: Element, rule: Any) -> Element | None:
    wanted = rule if isinstance(rule, str) else getattr(rule, "name", None)
    for unknown in free_entropy.unknowns:
        if isinstance(unknown, Element) and unknown.name == wanted and unknown != element:
            return unknown
    return None


def _identified(free_entropy: FreeEntropy, element: Element, other: Element) -> Moved:
    pairs = list(zip(element.label.ranges, other.label.ranges, strict=False))
    if len(element.slots) != len(other.slots) or any(
        (a.size - b.size).expand() != 0 for a, b in pairs
    ):
        own, wanted = ([over.size for over in e.label.ranges] for e in (element, other))
        raise MoveError(
            f"{element.name} has sizes {own} and {other.name} has {wanted}: only order parameters "
            "of equal size can be identified"
        )
    ranges = {a: b for a, b in pairs if a != b}
    common = over_common_ranges(free_entropy, ranges) if ranges else free_entropy
    own = common.unknowns[free_entropy.unknowns.index(element)]
    restricted = _restricted(common, own, lambda *slots: Element(other.label, *slots), [])
    assumed = f"{element} = {Element(Label(other.name, element.label.ranges), *element.slots)}"
    return Moved(restricted, Kind.ANSATZ, (assumed,), (element, other, other.slots))


def _indexed_unknown(free_entropy: FreeEntropy, name: Any) -> Element:
    wanted = getattr(name, "name", None) or str(name)
    for unknown in free_entropy.unknowns:
        if isinstance(unknown, Element) and unknown.name == wanted:
            return unknown
    listed = ", ".join(map(str, free_entropy.unknowns))
    raise MoveError(f"{wanted} is no indexed order parameter here; there are: {listed}")


def _as_function(label: Label, rule: Any) -> Callable[..., Any]:
    if rule is None or isinstance(rule, Uniform):
        return lambda *slots: Symbol(label.name, real=True)
    if isinstance(rule, Mapping):
        return lambda slot: Add(*(v * KroneckerDelta(slot, k) for k, v in rule.items()))
    if callable(rule):
        return rule
    raise MoveError(
        f"{rule!r} is no ansatz: give Uniform(), a function of the index, a dict, or the name of "
        "another indexed order parameter"
    )


def _new_unknowns(free_entropy: FreeEntropy, label: Label, trial: Expr) -> list[Symbol]:
    known = free_entropy.density.free_symbols | set(free_entropy.unknowns) | {free_entropy.size}
    known |= {s for over in label.ranges for s in over.size.free_symbols}
    new = sorted(trial.free_symbols - known, key=str)
    others = {u.label for u in free_entropy.unknowns if isinstance(u, Element)} - {label}
    if not new and not any(e.label in others for e in trial.atoms(Element)):
        raise MoveError(f"the ansatz {label.name} = {trial} brings no unknown to solve for")
    return new


def without_common_exponents(expr: Expr) -> Expr:
    """Take out what all exponents share: log(e^(a + b) + e^(a + c)) = a + log(e^b + e^c)."""
    for node in sorted(expr.atoms(log), key=lambda n: n.count_ops()):
        summands = Add.make_args(node.args[0])
        parts = [part for term in summands if (part := _exponential(term))]
        if len(parts) == len(summands) > 1:
            shared = set.intersection(*(set(Add.make_args(e)) for _, e in parts))
            common = Add(*shared)
            rest = Add(*(c * exp(e - common) for c, e in parts))
            expr = expr.xreplace({node: common + log(rest)}) if shared else expr
    return expr


def _exponential(term: Expr) -> tuple[Expr, Expr] | None:
    """(c, e) of a term c exp(e), the exponent multiplied out."""
    factors = Mul.make_args(term)
    powers = [f for f in factors if isinstance(f, exp)]
    if len(powers) != 1:
        return None
    return Mul(*(f for f in factors if f != powers[0])), powers[0].args[0].expand()


def resolve_deltas(expr: Any) -> Any:
    """Sum over an index that occurs only in deltas with numbers: F(1) + (q - 1) F(0).

    ``sum_a F(delta_a1, ..., delta_ak) = F at each number named + (size - k) F(no delta)``, also
    where F is no polynomial, such as an exponential.
    """
    if not getattr(expr, "args", ()) or not expr.has(Total):
        return expr
    expr = expr.func(*(resolve_deltas(arg) for arg in expr.args))
    return _resolve_total(expr) if isinstance(expr, Total) else expr


def _resolve_total(total: Total) -> Expr:
    for index in total.indices:
        deltas = [d for d in total.body.atoms(KroneckerDelta) if index in d.args]
        numbers = {a for d in deltas for a in d.args if isinstance(a, Integer)}
        elsewhere = total.body.xreplace(dict.fromkeys(deltas, S.One))
        if not deltas or index in free_indices(elsewhere):
            continue
        if any(not isinstance(a, Integer | Index) for d in deltas for a in d.args):
            continue
        rest = tuple(i for i in total.indices if i != index)
        generic = total.body.xreplace(dict.fromkeys(deltas, S.Zero))
        named = Add(*(total.body.xreplace({index: n}) for n in sorted(numbers)))
        opened = named + (index.size - len(numbers)) * generic
        return resolve_deltas(Total(opened, *rest)) if rest else opened
    return total
