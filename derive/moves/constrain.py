r"""Name a quantity by a delta function with its Fourier conjugate, or open a sphere.

    1 = int dm delta(m - D) = int dm int_{-i oo}^{i oo} (S dmhat / 2 pi i) exp(mhat (S D - S m))

for a sum D = T/S, once for each value of the indices that D leaves free.  Every occurrence of D in
the exponent is replaced by m, so that D remains in the term with the conjugate alone; a field on
each site leaves functions of one site, such as a crystal field s_i^2, with the variable itself,
whose trace treats them exactly.
"""

from __future__ import annotations

from typing import Any

from sympy import Add, Expr, I, Mul, S, expand_log, log, pi, sympify

from derive.ensemble import Ensemble, check_new_names, elements_of, named_slots, terms
from derive.errors import MoveError
from derive.indices import Element, Index, Label, free_indices
from derive.matching import replace_elements, replace_sum
from derive.measures import Continuous, SphereSurface
from derive.step import Moved
from derive.total import Total
from derive.variables import Variable

__all__ = ["constrain"]


def constrain(
    ensemble: Ensemble, name: Any, definition: Any = None, conjugate: str | None = None
) -> Moved:
    """Introduce a field for a sum or for each site, with its conjugate; or open a sphere.

    Parameters
    ----------
    ensemble : Ensemble
        The ensemble.
    name : str, or Variable on a sphere
        The field's name.  A variable on a sphere is opened instead: its norm is imposed by
        `conjugate` and its measure becomes Lebesgue.
    definition : Expr
        What the field equals: ``total(s[i], i)/N``, ``total(s[i, a]*s[i, b], i)/N`` with free
        indices a and b, or one element ``s[i]`` for a field on each site.
    conjugate : str, optional
        The conjugate's name; ``name + "hat"`` by default.

    Returns
    -------
    Moved
        The ensemble with the field (real contour) and its conjugate (imaginary contour).
        Kind: exact.

    Raises
    ------
    MoveError
        If the exponent does not contain the quantity.
    """
    if definition is None:
        return _open_sphere(ensemble, name, conjugate)
    name, definition = str(name), sympify(definition)
    conjugate = conjugate or f"{name}hat"
    check_new_names(ensemble, name, conjugate)
    free = tuple(sorted(free_indices(definition), key=lambda i: i.name))
    scale, quantity = _scaled(definition)
    field, dual = (Label(n, tuple(i.range for i in free)) for n in (name, conjugate))
    local = Add(*(t for t in terms(ensemble.exponent) if _is_of_one_site(t, quantity)))
    coupled = ensemble.exponent - local
    named = local + _replace(coupled, quantity, free, lambda *s: scale * Element(field, *s))
    weight = _replace(ensemble.weight, quantity, free, lambda *s: scale * Element(field, *s))
    if named == ensemble.exponent and weight == ensemble.weight:
        raise MoveError(
            f"the exponent does not contain {quantity}, so that constraining it changes nothing: "
            f"{ensemble.exponent}"
        )
    m, mhat = Element(field, *free), Element(dual, *free)
    count = Mul(*(i.size for i in free))
    return Moved(
        ensemble.replaced(
            variables=(
                *ensemble.variables,
                Variable(field, Continuous()),
                Variable(dual, Continuous(direction=I)),
            ),
            exponent=named + Total(mhat * (quantity - scale * m), *free),
            weight=weight,
            log_prefactor=ensemble.log_prefactor + count * expand_log(log(scale / (2 * pi))),
        )
    )


def _is_of_one_site(term: Expr, quantity: Expr) -> bool:
    """Whether a term is a sum over sites of a function of the element there, other than linear."""
    if not isinstance(quantity, Element):
        return False
    own = elements_of(term, [quantity.label])
    sums = [f for f in Mul.make_args(term) if elements_of(f, [quantity.label])]
    if len(own) != 1 or len(sums) != 1 or not isinstance(sums[0], Total):
        return False
    (element,), (node,) = own, sums
    return set(node.indices) == set(element.slots) and node.body.diff(element).has(element)


def _scaled(definition: Expr) -> tuple[Expr, Expr]:
    """(S, T) with definition = T/S, where T is one bare sum or element."""
    coefficient, rest = S.One, []
    for factor in Mul.make_args(definition):
        if factor.has(Total, Element):
            rest.append(factor)
        else:
            coefficient *= factor
    if len(rest) != 1 or not isinstance(rest[0], Total | Element):
        raise MoveError(
            f"{definition} is not one sum over sites or one element: name each sum by its own "
            "constrain"
        )
    return 1 / coefficient, rest[0]


def _replace(expr: Expr, quantity: Expr, free: tuple[Index, ...], value: Any) -> Expr:
    if isinstance(quantity, Total):
        return replace_sum(expr, quantity, free, value)
    if len(free) != len(quantity.slots):
        raise MoveError(f"{quantity}: name one element with an index in each slot")
    order = [free.index(slot) for slot in quantity.slots]
    return replace_elements(
        expr,
        quantity.label,
        lambda *slots: value(*(slots[order.index(k)] for k in range(len(free)))),
    )


def _open_sphere(ensemble: Ensemble, which: Any, conjugate: str | None) -> Moved:
    r"""delta(w.w - R) = int dlam / (4 pi i) exp(-lam (w.w - R)/2), on a contour shifted right."""
    variable = ensemble[which]
    if not isinstance(variable.measure, SphereSurface):
        raise MoveError(
            f"{variable.name} is not on a sphere: constrain(name, definition) needs the definition"
        )
    conjugate = conjugate or f"{variable.name}hat"
    check_new_names(ensemble, conjugate)
    indices = named_slots(ensemble, variable.label)
    outer = indices[:-1]
    dual = Label(conjugate, tuple(i.range for i in outer))
    lam, w = Element(dual, *outer), variable[indices]
    term = Total(lam * variable.measure.norm2 / 2, *outer) - Total(lam * w**2 / 2, *indices)
    count = Mul(*(i.size for i in outer))
    opened = tuple(
        Variable(variable.label, Continuous()) if v == variable else v for v in ensemble.variables
    )
    return Moved(
        ensemble.replaced(
            variables=(*opened, Variable(dual, Continuous(direction=I, shift=1))),
            exponent=Add(ensemble.exponent, term),
            log_prefactor=ensemble.log_prefactor - count * log(4 * pi),
        ),
        assumptions=(f"the contour of {conjugate} passes to the right of its singularities",),
    )
