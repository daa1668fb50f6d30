"""Exponentials of linear and quadratic forms, as a change of the Gaussian and a factor.

<exp(c + b x - x A x/2) g> = exp(E) det(1 + A C)^(-1/2) <g>', where the mean first moves to
m + C b, E = c + b m + b C b/2 - (m + C b) (1 + A C)^-1 A (m + C b)/2, and the average ' is that of
`Gram`.  A delta function of a linear form is its density at zero times the average given that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from sympy import Expr, Matrix, Poly, S, Symbol, expand, pi, sqrt

from derive.gaussian.convergence import require_convergence
from derive.gaussian.gram import Given, Gram
from derive.gaussian.no_closed_form import NoClosedForm

__all__ = ["Tilted", "tilted"]


@dataclass(frozen=True)
class Tilted:
    """A tilted and conditioned Gaussian, and its weight factor * exp(exponent)."""

    gram: Gram
    given: Given
    factor: Expr
    exponent: Expr


def tilted(
    exponent: Expr,
    roots: Collection[Expr],
    variables: tuple[Symbol, ...],
    mean: Matrix,
    covariance: Matrix,
) -> Tilted:
    """The Gaussian that an exponential and delta functions of linear forms make of another.

    Raises
    ------
    UnboundedError
        If the exponential grows faster than the Gaussian falls.
    """
    constant, linear, quadratic = _coefficients(exponent, variables)
    if roots and not quadratic.is_zero_matrix:  # without them the exponential may diverge
        bare = Gram(variables, mean, covariance, Matrix.zeros(*quadratic.shape))
        given, factor, total = _conditioned(bare, roots)
        inner = tilted(exponent, (), variables, *bare.conditional(given))
        return replace(inner, factor=factor * inner.factor, exponent=total + inner.exponent)
    moved = (mean + covariance * linear).applyfunc(expand)
    gram = Gram(variables, moved, covariance, quadratic)
    below = gram.determinant(())
    require_convergence(variables, covariance, quadratic, below)
    weight = constant + (linear.T * mean + linear.T * covariance * linear / 2)[0, 0]
    if quadratic.is_zero_matrix:
        total = expand(weight)
    else:
        total = expand(2 * weight * below - gram.mean_square()) / (2 * below)
    given, factor, exponents = _conditioned(gram, roots)
    return Tilted(gram, given, factor / sqrt(below), total + exponents)


def _conditioned(gram: Gram, roots: Iterable[Expr]) -> tuple[Given, Expr, Expr]:
    """The forms that vanish, and the factor and exponent of their density there."""
    given: Given = ()
    factor, exponent = S.One, S.Zero
    for form in roots:
        k = gram.add(form)
        spread = gram.shared(k, k, given)
        if spread == 0:
            raise NoClosedForm
        factor *= sqrt(gram.determinant(given)) / sqrt(2 * pi * spread)
        exponent += gram.root_exponent(k, given)
        given = tuple(sorted((*given, k)))
    return given, factor, exponent


def _coefficients(exponent: Expr, variables: Any) -> tuple[Expr, Matrix, Matrix]:
    """c, b and A of the exponent c + b x - x A x/2."""
    polynomial = Poly(exponent, *variables)
    size = len(variables)
    unit = [tuple(int(i == k) for i in range(size)) for k in range(size)]
    constant = polynomial.coeff_monomial((0,) * size) if size else exponent
    linear = Matrix(size, 1, lambda i, _: polynomial.coeff_monomial(unit[i]))

    def second(i: int, j: int) -> Expr:
        power = tuple(p + q for p, q in zip(unit[i], unit[j], strict=True))
        return -polynomial.coeff_monomial(power) * (2 if i == j else S.One)

    return constant, linear, Matrix(size, size, second)
