"""Whether a Gaussian falls faster than an exponential of a quadratic form grows."""

from __future__ import annotations

from typing import Any

from mpmath import mp, workdps
from sympy import Add, Expr, Float, Integer, Matrix, Symbol, eye

from derive.errors import UnboundedError

__all__ = ["require_convergence"]


def require_convergence(
    variables: tuple[Symbol, ...], covariance: Matrix, quadratic: Matrix, determinant: Expr
) -> None:
    """Refuse exp(-x A x/2) where 1 + C A has an eigenvalue that is not positive.

    Numbers are decided by their eigenvalues; symbols by the declared sign of the determinant, of
    the whole and of each variable by itself.

    Raises
    ------
    UnboundedError
        Naming the direction in which the average diverges.
    """
    if quadratic.is_zero_matrix:
        return
    matrix = eye(len(variables)) + covariance * quadratic
    if all(e.is_number for e in matrix):
        direction = _falling(matrix)
        if direction is not None:
            raise _diverges(Add(*(c * v for c, v in zip(direction, variables, strict=True))))
        return
    for k, variable in enumerate(variables):
        if (1 + covariance[k, k] * quadratic[k, k]).is_nonpositive and _alone(quadratic, k):
            raise _diverges(variable)
    if determinant.is_nonpositive:
        raise _diverges(Add(*(v for k, v in enumerate(variables) if any(quadratic.row(k)))))


def _alone(quadratic: Matrix, k: int) -> bool:
    return all(quadratic[k, j] == 0 for j in range(quadratic.cols) if j != k)


def _falling(matrix: Matrix) -> Any:
    """An eigenvector of an eigenvalue that is not positive; None if there is none."""
    with workdps(40):
        values, vectors = mp.eig(mp.matrix(matrix.evalf(40).tolist()))
        least = min(range(len(values)), key=lambda k: values[k].real)
        if values[least].real > mp.mpf("1e-30"):
            return None
        column = [vectors[k, least].real for k in range(matrix.rows)]
        top = max(column, key=abs)
        return [_rounded(c / top) for c in column]


def _rounded(number: Any) -> Expr:
    nearest = Integer(round(float(number)))
    return nearest if abs(number - int(nearest)) < 1e-12 else Float(float(number), 3)


def _diverges(direction: Expr) -> UnboundedError:
    names = {v: Symbol(v.name) for v in direction.free_symbols}
    return UnboundedError(
        f"the Gaussian average diverges along {direction.xreplace(names)}: the exponential grows "
        "at least as fast as the Gaussian falls; take a smaller covariance or a smaller coefficient"
    )
