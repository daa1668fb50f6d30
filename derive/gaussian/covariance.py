"""Covariance matrices with symbolic entries: elimination, of which all else is a use.

Eliminating a variable of variance p leaves C_ij - C_ik C_jk / p, the covariance given that
variable.  A variance that is zero has a row of zeros and is passed over, so that singular matrices
need nothing of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import Expr, Float, ImmutableMatrix, N, S, cancel, sqrt, zeros

from derive.errors import DeclarationError

__all__ = ["check_semidefinite", "cholesky", "given_form", "given_values", "sign_of"]

DIGITS = 40
ROUNDING = 1e-12  # of matrices in floating point


def sign_of(value: Expr, scale: Expr = S.One) -> int | None:
    """-1, 0 or +1, or None where the symbols leave it open; floats are judged up to rounding."""
    if value.is_zero:
        return 0
    if not value.free_symbols and (number := N(value, DIGITS)).is_Float:
        error = ROUNDING * abs(N(scale)) if value.has(Float) else 10 ** S(10 - DIGITS)
        return 0 if abs(number) <= error else 1 if number > 0 else -1
    if value.is_positive:
        return 1
    return -1 if value.is_negative else None


def _pivot(matrix: Any, k: int, scale: Expr) -> Expr:
    """The variance of a variable, zero if it vanishes identically.

    Raises
    ------
    DeclarationError
        If it is negative, or zero while a covariance with another variable is not.
    """
    pivot = matrix[k, k]
    sign = sign_of(pivot, scale)
    if sign is None and cancel(pivot).is_zero:
        sign = 0
    if sign == -1:
        raise DeclarationError(
            f"the covariance is not positive semidefinite: a variance is {pivot}"
        )
    if sign != 0:
        return pivot
    others = (matrix[k, n] for n in range(matrix.rows) if n != k)
    for entry in others:
        if sign_of(entry, scale) in (1, -1):
            raise DeclarationError(
                "the covariance is not positive semidefinite: a variable of variance zero has the "
                f"covariance {entry} with another"
            )
    return S.Zero


def _eliminated(matrix: Any, k: int, pivot: Expr) -> Any:
    size = matrix.rows
    return matrix.from_dok(
        size,
        size,
        {
            (i, j): matrix[i, j] - matrix[i, k] * matrix[j, k] / pivot
            for i in range(size)
            for j in range(size)
            if i != k and j != k
        },
    )


def check_semidefinite(matrix: Any) -> None:
    """Refuse a matrix whose numbers and declared signs exclude that it is a covariance.

    Raises
    ------
    DeclarationError
        If it is not positive semidefinite, whatever the values of its symbols.
    """
    for k in range(matrix.rows):
        if matrix[k, k].is_real is False or sign_of(matrix[k, k]) == -1:
            raise DeclarationError(
                f"the covariance is not positive semidefinite: a variance is {matrix[k, k]}"
            )
    numeric: list[int] = []
    for k in range(matrix.rows):
        if all(not matrix[k, n].free_symbols and matrix[k, n].is_number for n in [*numeric, k]):
            numeric.append(k)
    cholesky(matrix.extract(numeric, numeric))


def cholesky(matrix: Any) -> ImmutableMatrix:
    """The lower triangular L with L L^T = C; a column of zeros for each variance that is zero.

    Raises
    ------
    DeclarationError
        If the matrix is not positive semidefinite.

    Examples
    --------
    >>> from sympy import Matrix, symbols
    >>> Q, R, T = symbols("Q R T", positive=True)
    >>> cholesky(Matrix([[Q, R], [R, T]])).tolist()
    [[sqrt(Q), 0], [R/sqrt(Q), sqrt(T - R**2/Q)]]
    """
    size, left = matrix.rows, matrix
    lower = zeros(size, size)
    for k in range(size):
        pivot = _pivot(left, k, matrix[k, k])
        if pivot != 0:
            for n in range(k, size):
                lower[n, k] = sqrt(pivot) if n == k else left[n, k] / sqrt(pivot)
            left = _eliminated(left, k, pivot)
    return ImmutableMatrix(lower)


def given_values(
    mean: Sequence[Expr], matrix: Any, which: Sequence[int], values: Sequence[Expr]
) -> tuple[list[Expr], Any]:
    """Mean and covariance given the values of some variables: m_r + C_rk (a_k - m_k) / C_kk."""
    means, left = list(mean), matrix
    for k, value in zip(which, values, strict=True):
        pivot = _pivot(left, k, matrix[k, k])
        if pivot != 0:
            shift = value - means[k]
            means = [m + left[r, k] * shift / pivot for r, m in enumerate(means)]
            left = _eliminated(left, k, pivot)
    return means, left


def given_form(
    mean: Sequence[Expr], matrix: Any, slopes: Sequence[Expr], value: Expr
) -> tuple[Expr, Expr, list[Expr], Any]:
    """Variance of a.x, a.m - value, and the law of x given that a.x has this value.

    The variance must not be zero.
    """
    size = len(mean)
    joint = [sum((matrix[r, k] * slopes[k] for k in range(size)), S.Zero) for r in range(size)]
    variance = sum((slopes[k] * joint[k] for k in range(size)), S.Zero)
    excess = sum((slopes[k] * mean[k] for k in range(size)), -value)
    means = [m - joint[r] * excess / variance for r, m in enumerate(mean)]
    entries = {
        (i, j): matrix[i, j] - joint[i] * joint[j] / variance
        for i in range(size)
        for j in range(size)
    }
    return variance, excess, means, matrix.from_dok(size, size, entries)
