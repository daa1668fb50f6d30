"""Small symbolic linear algebra without `simplify`: entries keep the form physics gave them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sympy import (
    Derivative,
    Dummy,
    Expr,
    Matrix,
    Rational,
    S,
    Subs,
    Symbol,
    cancel,
    eye,
    factor_terms,
    preorder_traversal,
)
from sympy.core.function import AppliedUndef
from sympy.polys.matrices.exceptions import DMNonInvertibleMatrixError

from derive.errors import DeriveError
from derive.indices import Element
from derive.total import Binder

__all__ = [
    "adjugate",
    "determinant",
    "inverse",
    "null_space",
    "numbered",
    "sample_point",
    "sample_sign",
    "solve_linear",
    "vanishes",
]

_EXPLICIT = 4  # cofactors up to this size; beyond, elimination over the field of fractions


def determinant(matrix: Matrix) -> Expr:
    """The determinant, expanded along rows (zeros skipped) so that factors stay visible."""
    n = matrix.rows
    if n == 0:
        return S.One
    if n > _EXPLICIT:
        return _field_determinant(matrix)
    if n == 1:
        return matrix[0, 0]
    row = min(range(n), key=lambda a: sum(entry != 0 for entry in matrix.row(a)))
    terms = (
        (-1) ** (row + b) * matrix[row, b] * determinant(matrix.minor_submatrix(row, b))
        for b in range(n)
        if matrix[row, b] != 0
    )
    return sum(terms, S.Zero)


def _field_determinant(matrix: Matrix) -> Expr:
    domain_matrix = matrix.to_DM().to_field()
    return domain_matrix.domain.to_sympy(domain_matrix.charpoly()[-1] * (-1) ** matrix.rows)


def adjugate(matrix: Matrix) -> Matrix:
    """The transposed matrix of cofactors: matrix * adjugate = determinant * 1."""
    n = matrix.rows
    if n == 1:
        return Matrix([[S.One]])
    return Matrix(n, n, lambda a, b: (-1) ** (a + b) * determinant(matrix.minor_submatrix(b, a)))


def inverse(matrix: Matrix) -> Matrix:
    """The inverse as adjugate over determinant."""
    det = determinant(matrix)
    if vanishes(det):
        raise DeriveError(f"the matrix {matrix.tolist()} is singular and has no inverse")
    if matrix.rows > _EXPLICIT:
        return solve_linear(matrix, eye(matrix.rows))
    return adjugate(matrix).applyfunc(lambda cofactor: factor_terms(cofactor) / factor_terms(det))


def solve_linear(matrix: Matrix, rhs: Matrix) -> Matrix:
    """Solve matrix * x = rhs.

    Raises
    ------
    DeriveError
        If the matrix is singular.
    """
    if matrix.rows <= _EXPLICIT:
        det = determinant(matrix)
        if vanishes(det):
            raise DeriveError(f"the linear system of {matrix.tolist()} is singular")
        product = adjugate(matrix) * rhs
        return product.applyfunc(lambda entry: factor_terms(entry) / factor_terms(det))
    joint = matrix.row_join(rhs).to_DM().to_field()
    n = matrix.rows
    try:
        solution = joint[:, :n].lu_solve(joint[:, n:])
    except DMNonInvertibleMatrixError:
        raise DeriveError(f"the linear system of {matrix.tolist()} is singular") from None
    return solution.to_Matrix()


def null_space(matrix: Matrix) -> list[Matrix]:
    """Vectors that span the kernel; each pivot is tested numerically for being zero.

    A kernel of one dimension is read off a column of the adjugate, which needs no division.
    """
    if matrix.rows <= _EXPLICIT:
        cofactors = adjugate(matrix)
        for column in range(matrix.cols):
            vector = cofactors[:, column]
            if not all(vanishes(entry) for entry in vector):
                return [_scaled(vector)]
    return [_scaled(v) for v in matrix.nullspace(iszerofunc=vanishes, simplify=_cancelled)]


def _cancelled(entry: Expr) -> Expr:
    return S.Zero if vanishes(entry) else cancel(entry)


def _scaled(vector: Matrix) -> Matrix:
    first = next(entry for entry in vector if not vanishes(entry))
    return vector.applyfunc(lambda entry: S.Zero if vanishes(entry) else cancel(entry / first))


def vanishes(expr: Any, samples: int = 3) -> bool:
    """Whether an expression is identically zero: exactly, or at random points to 25 digits.

    A non-zero analytic expression vanishes at a random point with probability zero; points at
    which it is not finite are passed over.
    """
    if expr == 0:
        return True
    if expr.is_zero is False or expr.is_positive or expr.is_negative:
        return False
    return _vanishes(numbered(expr), samples)


@lru_cache(maxsize=4096)
def _vanishes(expr: Expr, samples: int) -> bool:
    # an integral is known to the digits of its quadrature only
    integral = any(hasattr(node, "ensemble") for node in preorder_traversal(expr))
    digits, limit = (15, 20) if integral else (30, 200)
    tolerance = Rational(1, 10 ** (digits - 5))
    symbols = sorted(expr.free_symbols, key=str)
    finite = 0
    for k in range(4 * samples):
        value = expr.xreplace(sample_point(symbols, k)).evalf(digits, maxn=limit)
        if not value.is_number or not value.is_finite:
            continue
        if abs(value) > tolerance:
            return False
        if not symbols:
            return True
        finite += 1
        if finite == samples:
            return True
    return False


def numbered(expr: Expr) -> Expr:
    """The expression with everything that has no numerical value read as one more variable."""
    opaque = {}
    walk = preorder_traversal(expr)
    for node in walk:
        if isinstance(node, AppliedUndef | Derivative | Subs | Element | Binder):
            opaque[node] = Dummy()
            walk.skip()
        elif isinstance(node, Expr) and not type(node).__module__.startswith("sympy"):
            walk.skip()  # an integral with a value of its own, such as Expect
    return expr.xreplace(opaque) if opaque else expr


def sample_point(symbols: Sequence[Symbol], k: int = 0) -> dict[Symbol, Expr]:
    """The k-th point of a fixed sequence of rational points: positive, all different.

    In (0, 1) for the first six, in (0, 3) for the next six, and so on.
    """
    primes = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79)
    scale = (1, 3, 10)[k // 6 % 3]
    point = {}
    for position, symbol in enumerate(symbols):
        # Weyl's sequence of square roots, rounded to a rational number
        multiple = k + 3 + position // len(primes)
        step = int(10**6 * primes[position % len(primes)] ** 0.5) * multiple
        value = Rational(1, 20) + Rational(step % 10**6, 10**6) * Rational(9, 10)
        point[symbol] = Rational(2 + k) if symbol.is_integer else value * scale
    return point


def sample_sign(expr: Expr) -> int:
    """The sign at the first sample point at which the expression is real and not zero."""
    expr = numbered(expr)
    symbols = sorted(expr.free_symbols, key=str)
    for k in range(18):
        value = expr.xreplace(sample_point(symbols, k)).evalf(20)
        if value.is_real and abs(value) > Rational(1, 10**15):
            return 1 if value > 0 else -1
    raise DeriveError(f"the sign of {expr} cannot be determined: give numbers to its symbols first")
