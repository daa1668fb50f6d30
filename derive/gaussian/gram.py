"""Covariances and means of linear forms of Gaussian variables, tilted and conditioned.

For x ~ N(m, C) tilted by exp(-x A x/2) and given that the forms of a set S vanish, covariances,
means and densities are ratios of bordered determinants: with

    D(R; K) = det of the rows Q, S, R and columns Q, S, K of the matrix whose rows are
              1 + A C   for the variables in the quadratic form (Q),
              Cov       for linear forms,
              and one column more for the means (A m, and the means of the forms),

cov(f, g | S) = D(f; g)/D, mean(f | S) = D(f; mean)/D, and the density of f at its root follows.  No
matrix is inverted, so a singular covariance is as good as any other.
"""

from __future__ import annotations

from typing import Any

from sympy import Add, Expr, Float, Matrix, S, expand, fraction, together

from derive.gaussian.gather import shortest

__all__ = ["Gram", "is_zero"]

Given = tuple[int, ...]
_MEAN = None
_NOTHING = Float("1e-35")


def is_zero(expr: Expr) -> bool:
    """Whether an expression vanishes identically."""
    if expr.is_number and not expr.is_Rational:
        return bool(abs(expr.evalf(40, maxn=80)) < _NOTHING)
    if not expr.is_Add:
        return bool(expr.is_zero)
    if expand(expr) == 0:
        return True
    return bool(expand(fraction(together(expr))[0]) == 0)


class Gram:
    """The determinants D of linear forms of tilted Gaussian variables, each computed once.

    Parameters
    ----------
    variables : sequence of Symbol
        The Gaussian variables.
    mean, covariance : Matrix
        Of the variables, before the quadratic form tilts them.
    quadratic : Matrix
        A, zero where there is no quadratic form.
    """

    def __init__(self, variables: Any, mean: Matrix, covariance: Matrix, quadratic: Matrix) -> None:
        self.variables = tuple(variables)
        self.mean, self.covariance = mean, covariance
        used = [k for k in range(len(self.variables)) if any(quadratic.row(k))]
        self._quadratic = quadratic.extract(used, used)
        self._corner: Given = tuple(-1 - k for k in range(len(used)))
        self._forms: list[Matrix] = [self._unit(k) for k in used]
        self._shifts: list[Expr] = [S.Zero] * len(used)
        self._offset = len(used)
        self._index: dict[Expr, int] = {}
        self._minors: dict[tuple[Any, Any], Expr] = {}

    def add(self, form: Expr) -> int:
        """The index of a linear form of the variables."""
        if form not in self._index:
            vector = Matrix([[form.coeff(v) for v in self.variables]])
            self._index[form] = len(self._forms) - self._offset
            self._forms.append(vector)
            self._shifts.append(form.xreplace(dict.fromkeys(self.variables, S.Zero)))
        return self._index[form]

    def opposite(self, index: int) -> int:
        """The index of minus a form."""
        form = next(form for form, k in self._index.items() if k == index)
        return self.add(expand(-form))

    def determinant(self, given: Given) -> Expr:
        """D itself: positive where the average exists and the forms given are independent."""
        return self._minor((*self._corner, *given), (*self._corner, *given))

    def shared(self, first: int, second: int, given: Given) -> Expr:
        """cov(first, second | given) D."""
        one, two = sorted((first, second))
        return self._minor((*self._corner, *given, one), (*self._corner, *given, two))

    def level(self, form: int, given: Given) -> Expr:
        """mean(form | given) D."""
        return self._minor((*self._corner, *given, form), (*self._corner, *given, _MEAN))

    def root_exponent(self, form: int, given: Given) -> Expr:
        """The density of a form at zero is exp(this) sqrt(D/(2 pi D_ff))."""
        below, above = self.determinant(given), self.shared(form, form, given)
        return -(self.level(form, given) ** 2) / (2 * below * above)

    def mean_square(self) -> Expr:
        """m A (1 + C A)^-1 m D, the quadratic form's cost at the mean."""
        square = self._rows(self._corner, (*self._corner, _MEAN))
        square.append([*(self._entry_mean(k) for k in self._corner), S.Zero])
        return -_determinant(square)

    def conditional(self, given: Given) -> tuple[Matrix, Matrix]:
        """Mean and covariance of the variables, given that forms vanish."""
        own = [self.add(v) for v in self.variables]
        below, size = self.determinant(given), len(own)
        mean = Matrix(size, 1, lambda i, _: self.level(own[i], given) / below)
        shared = Matrix(size, size, lambda i, j: self.shared(own[i], own[j], given) / below)
        return mean, shared

    def _unit(self, k: int) -> Matrix:
        return Matrix(1, len(self.variables), lambda _, j: int(j == k))

    def _minor(self, rows: Any, columns: Any) -> Expr:
        key = (rows, columns)
        if key not in self._minors:
            value = _determinant(self._rows(rows, columns))
            if len(rows) == 2:
                value = shortest(value)
            self._minors[key] = S.Zero if is_zero(value) else value
        return self._minors[key]

    def _rows(self, rows: Any, columns: Any) -> list[list[Expr]]:
        tilted = [self._tilted(columns, r) for r in rows if r < 0]
        return tilted + [[self._entry(r, c) for c in columns] for r in rows if r >= 0]

    def _tilted(self, columns: Any, row: int) -> list[Expr]:
        """A row of 1 + A C, or of A C where the column is no variable of the quadratic form."""
        weights = self._quadratic.row(-1 - row)
        inner = (
            Add(*(w * self._entry(q, c) for w, q in zip(weights, self._corner, strict=True)))
            for c in columns
        )
        return [expand(e) + int(c == row) for e, c in zip(inner, columns, strict=True)]

    def _entry(self, row: int, column: int | None) -> Expr:
        if column is _MEAN:
            return self._entry_mean(row)
        left, right = self._form(row), self._form(column)
        return expand((left * self.covariance * right.T)[0, 0])

    def _entry_mean(self, row: int) -> Expr:
        position = -1 - row if row < 0 else row + self._offset
        return expand((self._form(row) * self.mean)[0, 0] + self._shifts[position])

    def _form(self, row: int) -> Matrix:
        return self._forms[-1 - row if row < 0 else row + self._offset]


def _determinant(rows: list[list[Expr]]) -> Expr:
    """By expansion along the first row, with terms multiplied out beyond two rows."""
    size = len(rows)
    if size == 0:
        return S.One
    if size == 1:
        return rows[0][0]
    if all(e.is_Rational for row in rows for e in row):
        return Matrix(rows).det()
    if size == 2:
        return rows[0][0] * rows[1][1] - rows[0][1] * rows[1][0]
    summands = (
        (-1) ** c * e * _determinant([[*row[:c], *row[c + 1 :]] for row in rows[1:]])
        for c, e in enumerate(rows[0])
        if e != 0
    )
    return expand(Add(*summands))
