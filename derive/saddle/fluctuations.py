"""log Z beyond the saddle: the Gaussian determinant, and the coefficients of powers of 1/N."""

from __future__ import annotations

from collections.abc import Sequence
from math import lcm
from typing import TYPE_CHECKING

from sympy import (
    Add,
    Expr,
    Integer,
    Matrix,
    MatrixBase,
    Mul,
    Rational,
    S,
    cancel,
    factor_terms,
    fraction,
    log,
    pi,
)

from derive.errors import DeriveError
from derive.gaussian_norm import GaussianNorm
from derive.saddle.elimination import split_correction
from derive.saddle.laplace import wick_corrections
from derive.saddle.linear import determinant, inverse, vanishes
from derive.saddle.stationarity import compact

if TYPE_CHECKING:
    from derive.saddle.free_entropy import FreeEntropy

__all__ = ["corrections", "gaussian_fluctuation"]

# beyond this many unknowns, or operations, the determinant is not split into factors to read
_READABLE_SIZE, _READABLE_OPERATIONS = 3, 150


def gaussian_fluctuation(free_entropy: FreeEntropy) -> Expr:
    """``correction + (n/2) log(2 pi/N) - (1/2) log det(-D phi'' D)`` at the saddle.

    D is 1 for a real field and i for one on an imaginary contour, so that the determinant is
    ``det(-phi'')`` times the product of the signs: positive, where the naive one of an odd number
    of conjugate pairs would be negative.

    Raises
    ------
    DeriveError
        If the Hessian is singular whatever the parameters.
    """
    unknowns, size = free_entropy.unknowns, free_entropy.size
    det = Mul(*free_entropy.signs) * determinant(-free_entropy.on_shell_hessian)
    if vanishes(det):
        raise DeriveError(
            f"the Hessian over {list(unknowns)} is singular for all parameters: there is a flat "
            "direction, which has to be integrated exactly before the saddle point"
        )
    constant, levels = split_correction(free_entropy.correction, unknowns, size)
    at_saddle = levels[0] if levels else S.Zero
    factors = _factors_of_determinant(free_entropy, det)
    gaussian = Rational(len(unknowns), 2) * log(2 * pi / size) - sum(map(log, factors)) / 2
    constant, forms = _opened_norms(constant, free_entropy.signs)
    joined = _joined_logarithms(constant + gaussian, [*factors, *forms])
    return free_entropy.at_saddle(at_saddle) + joined


def _factors_of_determinant(free_entropy: FreeEntropy, det: Expr) -> list[Expr]:
    """The determinant as that of the inverse response times what is free of the unknowns.

    From ``-phi'' = A (1 - G_u)``, where the natural form was found by solving with A.
    """
    readable = (
        len(free_entropy.unknowns) <= _READABLE_SIZE and det.count_ops() <= _READABLE_OPERATIONS
    )
    if free_entropy.natural_form is None or not readable:
        return [factor_terms(det)]
    inverse_response = free_entropy.inverse_response_determinant
    scale = cancel(det / inverse_response)
    if scale.has(*free_entropy.unknowns) or vanishes(inverse_response):
        return [factor_terms(det)]
    return [inverse_response, factor_terms(scale)] if scale != 1 else [inverse_response]


def _opened_norms(expr: Expr, signs: Sequence[int]) -> tuple[Expr, list[Expr]]:
    """The norm of a contour with regular form as a determinant, whose sign is that of the fields.

    The signs of the eigenvalues of the form are those of the fields that it belongs to.
    """
    determinants = []
    norms = [n for n in expr.atoms(GaussianNorm) if isinstance(n.form, MatrixBase)]
    for norm in norms:
        det = determinant(Matrix(norm.form))
        if norm.form.rows == len(signs) and not vanishes(det):
            determinants.append(factor_terms(Mul(*signs) * det))
            opened = log(determinants[-1]) / 2 - len(signs) * log(2 * pi) / 2
            expr = expr.xreplace({norm: opened})
    return expr, determinants


def corrections(free_entropy: FreeEntropy, order: int) -> tuple[Expr, ...]:
    """Coefficients of 1/N, ..., 1/N**order in log Z, as expressions in the unknowns on shell."""
    unknowns, size = free_entropy.unknowns, free_entropy.size
    _, levels = split_correction(free_entropy.correction, unknowns, size)
    covariance = inverse(-free_entropy.on_shell_hessian)
    found = wick_corrections(
        [free_entropy.density, *levels], unknowns, {}, covariance, order, free_entropy.at_saddle
    )
    return tuple(compact(c) for c in found)


def _joined_logarithms(expr: Expr, positive: Sequence[Expr]) -> Expr:
    """c log A + c' log B as one logarithm, where A and B are positive, so that factors cancel."""
    coefficients: dict[Expr, Expr] = {}
    rest = []
    for term in Add.make_args(expr):
        coefficient, function = term.as_coeff_Mul()
        joinable = isinstance(function, log) and coefficient.is_Rational
        argument = function.args[0] if joinable else None
        if argument is not None and (argument.is_positive or argument in positive):
            coefficients[argument] = coefficients.get(argument, S.Zero) + coefficient
        else:
            rest.append(term)
    if not coefficients:
        return expr
    unit = Integer(lcm(*(int(c.q) for c in coefficients.values())))
    product = Mul(*(a ** (c * unit) for a, c in coefficients.items()))
    above, below = _without_minus(*fraction(product))
    if above == 1:
        return Add(*rest, -log(below) / unit)
    return Add(*rest, log(above / below) / unit)


def _without_minus(above: Expr, below: Expr) -> tuple[Expr, Expr]:
    """-1/(J - 1) as 1/(1 - J): the determinant is positive at a saddle that counts."""
    if not above.could_extract_minus_sign():
        return above, below
    for factor in Mul.make_args(below):
        if factor.is_Add:
            return -above, below / factor * -factor
    return above, below
