"""The normalisation of a Gaussian integral over a steepest-descent contour, and its forms."""

from __future__ import annotations

from typing import Any

from sympy import Abs, Expr, MatrixBase, S, expand_log, log, pi, sympify
from sympy.printing.precedence import PRECEDENCE

from derive.indices import Element, Index

__all__ = ["BipartiteForm", "GaussianNorm"]


class BipartiteForm(Expr):
    """The symmetric form [[0, C], [C^T, 0]] of a rectangular array C.

    Parameters
    ----------
    entry : Expr
        ``c * A[k, l]``, an element of C.
    row, column : Index
        Its indices: those of the first field, and those of the second.
    """

    is_commutative = True
    is_real = True
    precedence = PRECEDENCE["Atom"]

    def __new__(cls, entry: Any, row: Index, column: Index) -> BipartiteForm:
        return Expr.__new__(cls, sympify(entry), row, column)

    entry = property(lambda self: self.args[0])
    row = property(lambda self: self.args[1])
    column = property(lambda self: self.args[2])

    def _latex(self, printer: Any) -> str:
        coefficient, array = self.entry.as_independent(Element, as_Add=False)
        scale = "" if coefficient == 1 else printer._print(coefficient)
        block = printer._print(array)
        rows = rf"0 & {block} \\ {block}^{{\top}} & 0"
        return rf"{scale} \left(\begin{{smallmatrix}} {rows} \end{{smallmatrix}}\right)".strip()

    def _sympystr(self, printer: Any) -> str:
        return f"BipartiteForm({printer._print(self.entry)})"


class GaussianNorm(Expr):
    """(1/2) sum over non-zero eigenvalues of log(|eigenvalue| / (2 pi)).

    With it, exp(v B v / 2) = exp(GaussianNorm(B)) int dx exp(-x B x / 2 + x B v) over the contour
    of `SteepestContour(B)`, for every real symmetric B, singular or indefinite.

    Parameters
    ----------
    form : Matrix or Expr
        B: an explicit matrix, a scalar, ``c * A[i, j]``, or a `BipartiteForm`.
    """

    is_commutative = True
    is_real = True
    precedence = PRECEDENCE["Atom"]

    def __new__(cls, form: Any) -> Expr:
        form = sympify(form)
        if isinstance(form, MatrixBase):
            if form.is_diagonal() and all(form[k, k].is_nonzero for k in range(form.rows)):
                return sum((GaussianNorm(form[k, k]) for k in range(form.rows)), S.Zero)
            return Expr.__new__(cls, form.as_immutable())
        if form.has(Element):
            return Expr.__new__(cls, form)
        return expand_log(log(Abs(form) / (2 * pi))) / 2

    form = property(lambda self: self.args[0])

    def _latex(self, printer: Any) -> str:
        return rf"\tfrac{{1}}{{2}}\ln\det{{}}'\frac{{|{printer._print(self.form)}|}}{{2\pi}}"

    def _sympystr(self, printer: Any) -> str:
        return f"GaussianNorm({printer._print(self.form)})"
