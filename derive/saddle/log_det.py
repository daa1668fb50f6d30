"""The logarithm of a determinant of symbolic size, given by its entry in index notation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sympy import Expr, Integer, KroneckerDelta, Matrix, S, log, sympify

from derive.errors import DeclarationError, DeriveError
from derive.indices import Index
from derive.saddle.index_notation import written_out
from derive.saddle.linear import determinant
from derive.total import Binder

__all__ = ["LogDet"]


class LogDet(Binder):
    """``log det_ij entry``, over two indices of one range.

    Equal up to the names of the indices and to transposition, as the determinant is.

    Parameters
    ----------
    entry : Expr
        The entry of the matrix, such as ``delta_ij - beta*w[i, j]/N``.
    row, column : Index
        Its indices.

    Raises
    ------
    DeclarationError
        If these are not two indices of one range.

    Examples
    --------
    >>> import derive as dv
    >>> from sympy import KroneckerDelta
    >>> i, j = dv.indices("i j", dv.size("N"))
    >>> w = dv.Given("w", i, j, symmetric=True)
    >>> node = LogDet(KroneckerDelta(i, j) - w[i, j], i, j)
    >>> node.written_out({i.range: 2})
    log((1 - w[1, 1])*(1 - w[2, 2]) - w[1, 2]**2)
    """

    def __new__(cls, entry: Any, *slots: Any) -> Expr:
        square = len(slots) == 2 and all(isinstance(slot, Index) for slot in slots)
        if not square or slots[0] == slots[1] or slots[0].range != slots[1].range:
            raise DeclarationError(f"a determinant needs two indices of one range, not {slots}")
        entry = sympify(entry)
        return S.Zero if entry == KroneckerDelta(*slots) else Expr.__new__(cls, entry, *slots)

    def written_out(self, counts: Mapping[Any, int]) -> Expr:
        """The logarithm of the determinant written out, given how many values each range has."""
        row, column = self.indices
        count = counts[row.range]
        body = written_out(self.body, counts)

        def entry(a: int, b: int) -> Expr:
            return body.xreplace({row: Integer(a + 1), column: Integer(b + 1)})

        return log(determinant(Matrix(count, count, entry)))

    def _eval_derivative(self, other: Any) -> Expr:
        if self.body.diff(other) == 0:
            return S.Zero
        raise DeriveError(
            f"the derivative of a determinant of symbolic size by {other} needs the inverse of its "
            "matrix: write it out for given sizes with .written_out first"
        )

    def _latex(self, printer: Any) -> str:
        return rf"\ln\det\left({printer._print(self.body)}\right)"
