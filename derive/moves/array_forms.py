r"""Linearise forms in a given array: quadratic ones, and bilinear ones in two kinds of sites.

    sum_kl C_kl f_k g_l = u B u / 2  with  u = (f, g),  B = [[0, C], [C^T, 0]]

so that any array, square or not, symmetric or not, is linearised by two fields on the steepest
contour of B: at the saddle point they are the means of f and of g.
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Expr, Mul, S

from derive.ensemble import Ensemble, elements_of, split_coefficient, terms
from derive.errors import MoveError
from derive.gaussian_norm import BipartiteForm, GaussianNorm
from derive.indices import Element, Index, Label, free_indices
from derive.measures import SteepestContour
from derive.moves.fields import require_names, with_fields
from derive.step import Moved
from derive.total import Total
from derive.variables import Variable

__all__ = ["ArrayForm", "array_forms", "linearise_arrays"]


@dataclass(frozen=True)
class ArrayForm:
    """coefficient * sum_ij A_ij f_i g_j.

    Attributes
    ----------
    coefficient : Expr
        Free of indices.
    array : Element
        ``A[i, j]``.
    row, column : Index
        i and j.
    left, right : Expr
        f_i and g_j.
    """

    coefficient: Expr
    array: Element
    row: Index
    column: Index
    left: Expr
    right: Expr

    @property
    def is_quadratic(self) -> bool:
        """Whether f and g are one function of one kind of sites."""
        if self.row.range != self.column.range:
            return False
        return bool(self.left.xreplace({self.row: self.column}) == self.right)


def array_forms(ensemble: Ensemble, labels: set[Label]) -> dict[Expr, ArrayForm]:
    """The terms that are forms in a given array, with variables at both sites."""
    fields = {v.label for v in ensemble.variables if isinstance(v.measure, SteepestContour)}
    traced = set(ensemble.labels) - fields
    found = {}
    for term in terms(ensemble.exponent):
        coefficient, inside = split_coefficient(term, traced)
        form = _form(coefficient, inside, traced) if isinstance(inside, Total) else None
        if form is not None and elements_of(term, labels):
            found[term] = form
    return found


def _form(coefficient: Expr, total: Total, traced: set[Label]) -> ArrayForm | None:
    if len(total.indices) != 2:
        return None
    i, j = total.indices
    factors = Mul.make_args(total.body)
    arrays = [f for f in factors if isinstance(f, Element) and {i, j} <= free_indices(f)]
    if len(arrays) != 1 or not arrays[0].label.given:
        return None
    if arrays[0].slots == (j, i):
        i, j = j, i
    left, right = (Mul(*(f for f in factors if free_indices(f) == {index})) for index in (i, j))
    if left * right * arrays[0] != total.body:
        return None
    if not (elements_of(left, traced) and elements_of(right, traced)):
        return None
    return ArrayForm(coefficient, arrays[0], i, j, left, right)


def linearise_arrays(
    ensemble: Ensemble, forms: dict[Expr, ArrayForm], names: tuple[str, ...]
) -> Moved:
    """Fields for every form: one where it is quadratic, two where it is bilinear."""
    counts = [1 if form.is_quadratic else 2 for form in forms.values()]
    wanted = [term for term, count in zip(forms, counts, strict=True) for _ in range(count)]
    require_names(names, wanted, ensemble)
    fields: list[Variable] = []
    linear, norm = S.Zero, S.Zero
    for form, count in zip(forms.values(), counts, strict=True):
        own = names[len(fields) : len(fields) + count]
        new, added, factor = _quadratic(form, *own) if form.is_quadratic else _bilinear(form, *own)
        fields, linear, norm = [*fields, *new], linear + added, norm + factor
    return with_fields(ensemble, forms, fields, linear, norm)


def _quadratic(form: ArrayForm, name: str) -> tuple[list[Variable], Expr, Expr]:
    array, i, j = form.array, form.row, form.column
    if not array.label.symmetric:
        raise MoveError(
            f"{array.name} is not declared symmetric, and only its symmetric part enters "
            f"sum_ij {array.name}_ij v_i v_j: declare "
            f"dv.Given('{array.name}', ..., symmetric=True) and hand in (A + A.T)/2"
        )
    entry = 2 * form.coefficient * array
    x = Label(name, (i.range,))
    linear = Total(-entry * x[i] * x[j] / 2 + entry * x[j] * form.left, i, j)
    return [Variable(x, SteepestContour(entry))], linear, GaussianNorm(entry)


def _bilinear(form: ArrayForm, left: str, right: str) -> tuple[list[Variable], Expr, Expr]:
    k, l = form.row, form.column
    entry = form.coefficient * form.array
    x, y = Label(left, (k.range,)), Label(right, (l.range,))
    joint = BipartiteForm(entry, k, l)
    fields = [Variable(label, SteepestContour(joint, n)) for n, label in enumerate((x, y))]
    linear = Total(entry * (x[k] * form.right + y[l] * form.left - x[k] * y[l]), k, l)
    return fields, linear, GaussianNorm(joint)
