"""From a free entropy to `Equations`, the plain data that numerics works on."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sympy import Expr, oo

from derive.equations import Equations
from derive.errors import ParameterError
from derive.gaussian_norm import BipartiteForm, GaussianNorm
from derive.indices import Element, IndexRange, free_indices
from derive.saddle.bounds import bounds
from derive.saddle.index_notation import is_indexed

if TYPE_CHECKING:
    from derive.saddle.free_entropy import FreeEntropy

__all__ = ["equations_of"]


def equations_of(free_entropy: FreeEntropy, source: str = "h") -> Equations:
    """Hand over saddle equations, potential and observables.

    Parameters
    ----------
    free_entropy : FreeEntropy
        What to solve.
    source : str
        The name of the field whose magnetisation and susceptibility are observables, if there
        is one.
    """
    unknowns, natural = free_entropy.unknowns, free_entropy.natural_form
    updates = natural.updates if natural else ()
    outputs = updates or free_entropy.gradient
    names = (str(u) if updates else f"gradient_{u}" for u in unknowns)
    return Equations(
        unknowns=unknowns,
        parameters=_parameters(free_entropy),
        expressions=tuple(zip(names, outputs, strict=True)),
        update=updates,
        residuals=free_entropy.residuals,
        potential=free_entropy.density,
        signs=_signs(free_entropy),
        observables=_observables(free_entropy, source),
        bounds=bounds(updates, unknowns) if updates else ((-oo, oo),) * len(unknowns),
    )


def _parameters(free_entropy: FreeEntropy) -> tuple[Expr, ...]:
    """With N where the arrays do not tell it: of ranges of size 2N, say, but none of size N."""
    given, size = free_entropy.parameters, free_entropy.size
    elements = [e for e in (*free_entropy.unknowns, *given) if isinstance(e, Element)]
    sizes = {over.size for e in elements for over in e.label.ranges}
    hidden = size not in sizes and any(over.has(size) for over in sizes)
    return (size, *given) if hidden else given


def _signs(free_entropy: FreeEntropy) -> tuple[int, ...]:
    """Zero for the fields of array forms, whose contour the eigenvalues of the arrays decide."""
    if free_entropy.natural_form is None:
        return free_entropy.signs
    forms = {n.form for n in free_entropy.correction.atoms(GaussianNorm)}
    joint = [over for form in forms for over in _joint_ranges(form)]
    fields = [u.label.ranges[0] for u in free_entropy.unknowns if is_indexed(u)]
    alone = len(fields) == len(free_entropy.unknowns) and Counter(fields) == Counter(joint)
    return (0,) * len(fields) if alone else free_entropy.signs


def _joint_ranges(form: Expr) -> list[IndexRange]:
    """The ranges of the fields that linearise a form in an array; none for other forms."""
    if isinstance(form, BipartiteForm):
        return [form.row.range, form.column.range]
    slots = free_indices(form)
    return [min(slots, key=str).range] if len(slots) == 2 else []


def _observables(free_entropy: FreeEntropy, source: str) -> tuple[tuple[str, Expr], ...]:
    found: dict[str, Expr] = {}
    if free_entropy.beta is not None:
        found["free_energy"] = free_entropy.free_energy
        if free_entropy.beta.free_symbols:
            found["energy"] = free_entropy.energy
            found["entropy"] = free_entropy.entropy
    try:
        field = free_entropy.parameter(source)
    except ParameterError:
        return tuple(found.items())
    found["magnetisation"] = free_entropy.magnetisation(field)
    if not free_entropy.is_extensive_vector:
        found["susceptibility"] = free_entropy.susceptibility(field)
    return tuple(found.items())
