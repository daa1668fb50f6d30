r"""Linearise squares of sums by Gaussian fields, exactly and for either sign.

With u = T/S, a sum T scaled by its number S of terms, and a symmetric form B,

    exp(u B u / 2) = exp(GaussianNorm(B)) int dm exp(-m B m / 2 + m B u),

where m runs over the steepest contour of B: real along eigenvectors of positive eigenvalue and
imaginary along those of negative eigenvalue.  The inverse of B never occurs.
"""

from __future__ import annotations

from itertools import permutations
from typing import Any

from sympy import Add, Expr, Matrix, Mul, S

from derive.ensemble import Ensemble, elements_of, split_coefficient, terms
from derive.errors import MoveError
from derive.gaussian_norm import GaussianNorm
from derive.indices import Element, Index, Label, free_indices
from derive.measures import Continuous, SteepestContour
from derive.moves.array_forms import array_forms, linearise_arrays
from derive.moves.fields import require_names, with_fields
from derive.step import Moved
from derive.total import Total, components
from derive.variables import Variable

__all__ = ["hubbard_stratonovich"]


def hubbard_stratonovich(ensemble: Ensemble, *names: str, of: Any = None) -> Moved:
    """Linearise squares of sums over traced variables.

    Parameters
    ----------
    ensemble : Ensemble
        Whose exponent has squares ``c * T**2``, products ``c * T1 * T2`` of sums, squares under a
        common sum ``sum_a T_a**2``, a quadratic form ``sum_ij A_ij v_i v_j`` in a given symmetric
        array, or a bilinear form ``sum_ij A_ij u_i v_j`` in any array, square or not.
    *names : str
        One name for each field; a bilinear form has two, for the means of u and of v.
    of : Variable or str, optional
        Linearise only what contains this variable.

    Returns
    -------
    Moved
        The ensemble with the fields as further variables.  Kind: exact.

    Raises
    ------
    MoveError
        If nothing is quadratic in sums, or the number of names is not the number of fields.
    """
    variables = [ensemble[of]] if of is not None else list(ensemble.variables)
    labels = {v.label for v in variables if not isinstance(v.measure, SteepestContour)}
    shared = _shared_squares(ensemble, labels)
    if shared:
        return _linearise_shared(ensemble, shared, names)
    forms = array_forms(ensemble, labels)
    if forms:
        return linearise_arrays(ensemble, forms, names)
    return _linearise_sums(ensemble, labels, names)


# --- squares and products of whole sums -------------------------------------------------------


def _linearise_sums(ensemble: Ensemble, labels: set[Label], names: tuple[str, ...]) -> Moved:
    quadratic = {t: pair for t in terms(ensemble.exponent) if (pair := _pair(t, labels))}
    if not quadratic:
        raise MoveError(
            "no term of the exponent is quadratic in sums over traced variables: "
            f"{ensemble.exponent}; constrain(name, sum) names the sum in other non-linear terms"
        )
    sums = sorted({s for _, pair in quadratic.values() for s in pair}, key=_order(ensemble))
    require_names(names, sums, ensemble)
    form = _form(quadratic, sums)
    scaled = [s / _multiplicity(s) for s in sums]
    fields = _fields(names, form)
    m = Matrix([field.element for field in fields])
    linear = -(m.T * form * m)[0] / 2 + (m.T * form * Matrix(scaled))[0]
    return with_fields(ensemble, quadratic, fields, linear.expand(), _norm(form))


def _pair(term: Expr, labels: set[Label]) -> tuple[Expr, tuple[Expr, Expr]] | None:
    """(coefficient, (T1, T2)) if the term is coefficient * T1 * T2 with two sums over variables."""
    coefficient, inside = split_coefficient(term, labels)
    sums: list[Expr] = []
    for factor in Mul.make_args(inside):
        base, power = factor.as_base_exp()
        if not (isinstance(base, Total) and power in (1, 2)):
            return None
        sums.extend([base] * int(power))
    return (coefficient, (sums[0], sums[1])) if len(sums) == 2 else None


def _order(ensemble: Ensemble) -> Any:
    """Simple sums first, then in the order of declaration: the order of the names given."""
    declared = list(ensemble.labels)

    def key(total: Expr) -> Any:
        labels = {e.label for e in total.atoms(Element)} & set(declared)
        return (total.body.count_ops(), sorted(map(declared.index, labels)), str(total))

    return key


def _multiplicity(total: Expr) -> Expr:
    return Mul(*(i.size for i in total.indices))


def _form(quadratic: dict[Expr, Any], sums: list[Expr]) -> Matrix:
    """B of u B u / 2 for the scaled sums u = T/S."""
    form = Matrix.zeros(len(sums), len(sums))
    for coefficient, (a, b) in quadratic.values():
        k, j = sums.index(a), sums.index(b)
        entry = coefficient * _multiplicity(a) * _multiplicity(b)
        form[k, j] += entry
        form[j, k] += entry
    return form


def _fields(names: tuple[str, ...], form: Matrix) -> list[Variable]:
    """Independent fields where the form is a direct sum of scalars of known sign, else joint."""
    fields = []
    for k, name in enumerate(names):
        own = form[k, k]
        alone = all(form[k, j] == 0 for j in range(form.cols) if j != k)
        measure: Any = _axis(own) if alone else None
        if measure is None:
            block = _block(form, k)
            measure = SteepestContour(form[block, block].as_immutable(), block.index(k))
        fields.append(Variable(Label(name), measure))
    return fields


def _axis(form: Expr) -> Continuous | None:
    """The real axis for a positive coefficient, the imaginary one for a negative; else None."""
    if form.is_positive:
        return Continuous()
    return Continuous(direction=S.ImaginaryUnit) if form.is_negative else None


def _block(form: Matrix, k: int) -> list[int]:
    """The rows coupled to row k through non-zero entries."""
    block = {k}
    while True:
        grown = block | {j for i in block for j in range(form.cols) if form[i, j] != 0}
        if grown == block:
            return sorted(block)
        block = grown


def _norm(form: Matrix) -> Expr:
    blocks = {tuple(_block(form, k)) for k in range(form.rows)}
    return Add(*(GaussianNorm(form[list(b), list(b)]) for b in sorted(blocks)))


# --- squares under a common sum: sum_a (sum_i c_ia)^2 -----------------------------------------


def _shared_squares(ensemble: Ensemble, labels: set[Label]) -> dict[Expr, Any]:
    found = {}
    for term in terms(ensemble.exponent):
        coefficient, inside = split_coefficient(term, labels)
        split = _split_square(inside, labels) if isinstance(inside, Total) else None
        if split is not None:
            found[term] = (coefficient, *split)
    return found


def _split_square(total: Total, labels: set[Label]) -> tuple[tuple[Index, ...], Expr, Expr] | None:
    """(shared indices, remainder, sum) if holding the shared indices leaves remainder * sum**2."""
    for count in range(1, len(total.indices) - 1):
        for shared in permutations(total.indices, count):
            if shared != tuple(sorted(shared, key=total.indices.index)):
                continue
            held = tuple(i for i in total.indices if i not in shared)
            factors = Mul.make_args(total.body)
            inner = [f for f in factors if free_indices(f) & set(held)]
            groups = components(inner, held)
            parts = [Total(Mul(*fs), *own) for fs, own in groups]
            if len(parts) == 2 and parts[0] == parts[1] and elements_of(parts[0], labels):
                rest = Mul(*(f for f in factors if f not in inner))
                if not elements_of(rest, labels):
                    return shared, rest, parts[0]
    return None


def _linearise_shared(ensemble: Ensemble, shared: dict[Expr, Any], names: tuple[str, ...]) -> Moved:
    require_names(names, list(shared), ensemble)
    fields, linear, norm = [], S.Zero, S.Zero
    for name, (coefficient, indices, remainder, part) in zip(names, shared.values(), strict=True):
        scale = _multiplicity(part)
        form = 2 * coefficient * remainder * scale**2
        field = Label(name, tuple(i.range for i in indices))
        m = field[indices]
        axis = _axis(form)
        if axis is None:
            raise MoveError(
                f"the sign of {form} decides whether the field is real or imaginary and is not "
                "known: declare its symbols with positive=True or negative=True"
            )
        fields.append(Variable(field, axis))
        linear += Total(-form * m**2 / 2 + form * m * part / scale, *indices)
        norm += Total(GaussianNorm(form), *indices)
    return with_fields(ensemble, shared, fields, linear, norm)
