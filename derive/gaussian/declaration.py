"""What an average is declared with: variables, means and covariance, checked at the door."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sympy import Expr, ImmutableMatrix, MatrixBase, MatrixExpr, S, Symbol, eye, nan, sympify, zoo

from derive.errors import DeclarationError, ParameterError
from derive.gaussian.covariance import check_semidefinite, sign_of

__all__ = ["certain_variables", "declared_law", "declared_variables", "finite", "listed", "scalar"]


def scalar(value: Any, what: str) -> Expr:
    """A scalar expression; text is refused, as SymPy would run it."""
    expr = None if isinstance(value, str) else sympify(value)
    if not isinstance(expr, Expr) or isinstance(expr, MatrixExpr) or not expr.is_commutative:
        raise DeclarationError(f"{what} is {value!r}, which is no scalar expression")
    return finite(expr, what)


def finite(expr: Expr, what: str) -> Expr:
    """The expression itself, unless it has no value."""
    if expr.has(nan, zoo):
        raise ParameterError(f"{what} has no value: {expr}; if it has a limit, take it first")
    return expr


def _is_single(value: Any) -> bool:
    return isinstance(value, str) or not isinstance(value, Iterable | MatrixBase)


def listed(value: Any) -> tuple[Any, ...]:
    """The members of a sequence or matrix, or the only one."""
    return (value,) if _is_single(value) else tuple(value)


def declared_variables(variables: Any) -> tuple[Symbol, ...]:
    """The symbols that an average binds.

    Raises
    ------
    DeclarationError
        If one is no symbol, occurs twice, or is declared not to take every real value.
    """
    names = listed(variables)
    if not names:
        raise DeclarationError("an average needs at least one variable")
    for name in names:
        if not isinstance(name, Symbol):
            raise DeclarationError(
                f"{name!r} is no symbol: the variables of a Gaussian average are symbols, such as "
                "Symbol('z', real=True)"
            )
        narrower = (name.is_positive, name.is_negative, name.is_integer, name.is_rational)
        if name.is_real is False or not name.is_commutative or any(n is not None for n in narrower):
            raise DeclarationError(
                f"a Gaussian variable takes every real value, but {name} is declared otherwise: "
                f"declare Symbol('{name}', real=True)"
            )
    if len(set(names)) < len(names):
        raise DeclarationError(f"a variable of the average occurs twice: {names}")
    return names


def declared_law(
    variables: tuple[Symbol, ...], mean: Any, covariance: Any
) -> tuple[tuple[Expr, ...], ImmutableMatrix]:
    """Mean and covariance of as many variables.

    Raises
    ------
    DeclarationError
        If their shapes do not fit the variables, they mention one of them, or the matrix is not
        symmetric or not positive semidefinite.
    """
    size = len(variables)
    means = (mean,) * size if _is_single(mean) else listed(mean)
    if len(means) != size:
        raise DeclarationError(f"{size} variables {variables}, but {len(means)} means {means}")
    means = tuple(scalar(m, "a mean") for m in means)
    matrix = _matrix(covariance, size)
    for expr in (*means, *matrix):
        if caught := expr.free_symbols & set(variables):
            raise DeclarationError(
                f"a mean or covariance mentions {min(map(str, caught))}, which the average binds: "
                "rename the variable"
            )
    for m in means:
        if m.is_real is False:
            raise DeclarationError(f"the mean {m} is not real")
    check_semidefinite(matrix)
    return means, matrix


def _matrix(covariance: Any, size: int) -> ImmutableMatrix:
    if covariance is None:
        return ImmutableMatrix(eye(size))
    if isinstance(covariance, MatrixExpr):
        covariance = covariance.as_explicit()
    if isinstance(covariance, Iterable) and not isinstance(covariance, MatrixBase | str):
        rows = [list(row) if isinstance(row, Iterable) else [row] for row in covariance]
        if len({len(row) for row in rows}) > 1:
            raise DeclarationError(f"the rows of the covariance differ in length: {covariance}")
    elif isinstance(covariance, MatrixBase):
        rows = covariance.tolist()
    else:
        rows = [[covariance]]
    entries = [[scalar(entry, "a covariance") for entry in row] for row in rows]
    matrix = ImmutableMatrix(entries)
    if matrix.shape != (size, size):
        raise DeclarationError(
            f"{size} variable(s) need a covariance of shape {(size, size)}, not {matrix.shape}"
        )
    return _symmetric(matrix)


def _symmetric(matrix: ImmutableMatrix) -> ImmutableMatrix:
    """The matrix with C_ji written as C_ij."""
    for i in range(matrix.rows):
        for j in range(i):
            difference = matrix[i, j] - matrix[j, i]
            if difference != 0 and sign_of(difference.expand(), matrix[i, i]) != 0:
                raise DeclarationError(
                    f"the covariance is not symmetric: {matrix[i, j]} and {matrix[j, i]}"
                )
    return ImmutableMatrix(matrix.rows, matrix.rows, lambda i, j: matrix[min(i, j), max(i, j)])


def certain_variables(matrix: Any) -> list[int]:
    """The variables of variance zero, and of no covariance with any other."""
    rows = range(matrix.rows)
    return [k for k in rows if all(matrix[k, n] == S.Zero for n in rows)]
