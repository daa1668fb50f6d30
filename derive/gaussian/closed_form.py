"""Closed forms of Gaussian averages.

The integrand is brought to its normal form, each exponential tilts the Gaussian, Stein's lemma
removes polynomials, and what remains are probabilities that linear forms are positive.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import (
    Add,
    Dummy,
    Expr,
    Float,
    Matrix,
    S,
    Symbol,
    cos,
    diag,
    exp,
    expand,
    eye,
    nsimplify,
    sin,
    sympify,
)

from derive.errors import UnboundedError
from derive.gaussian.gather import gathered
from derive.gaussian.no_closed_form import NoClosedForm
from derive.gaussian.normal_form import IMAGINARY, Term, normal_form, one_orientation
from derive.gaussian.stein import Moments
from derive.gaussian.tilt import Tilted, tilted

__all__ = ["closed_form"]


def closed_form(
    integrand: Expr, variables: Sequence[Symbol], mean: Sequence[Expr], covariance: Any
) -> Expr | None:
    r"""The average of an expression over jointly Gaussian variables, if it has a closed form.

    It has one if the integrand is a sum of products of polynomials, exponentials of linear and
    quadratic forms (cos, sin, cosh and sinh of linear forms too), functions with kinks on
    hyperplanes (Heaviside, sign, Abs, Max, Min, Piecewise), erf and erfc of linear forms, and delta
    functions of linear forms, as long as no more than two steps and erfs meet in one product, or
    five where all of their forms have zero mean.

    Parameters
    ----------
    integrand : Expr
        What is averaged.
    variables : sequence of Symbol
        The Gaussian variables; they are real.
    mean : sequence of Expr
        Their means.
    covariance : Matrix
        Their covariances; it may be singular.

    Returns
    -------
    Expr or None
        None if there is no closed form.  `OwenT` and `OrthantProbability` may occur in it.  Floats
        become the decimal fractions that they print as.

    Raises
    ------
    UnboundedError
        If the average diverges; the message names the direction.

    Examples
    --------
    The arc-cosine kernel of order one (Cho and Saul, NIPS 22 (2009), equation 6):

    >>> from sympy import Heaviside, Matrix, erf, symbols
    >>> from derive.gaussian.closed_form import closed_form
    >>> u, v = symbols("u v", real=True)
    >>> a, b, c = symbols("a b c")
    >>> closed_form(u*Heaviside(u) * v*Heaviside(v), (u, v), (0, 0), Matrix([[a, c], [c, b]]))
    c*asin(c/sqrt(a*b))/(2*pi) + c/4 + sqrt(a*b - c**2)/(2*pi)
    >>> closed_form(erf(u) * erf(v), (u, v), (0, 0), Matrix([[a, c], [c, b]]))
    2*asin(2*c/sqrt((2*a + 1)*(2*b + 1)))/pi
    """
    names = [Dummy(v.name, real=True) for v in variables]
    renamed = sympify(integrand).xreplace(dict(zip(variables, names, strict=True)))
    means, matrix = Matrix(len(names), 1, [_exact(m) for m in mean]), Matrix(covariance)
    try:
        terms = one_orientation(normal_form(_exact(renamed), names))
        total = _averaged(terms, names, means, matrix.applyfunc(_exact))
    except NoClosedForm:
        return None
    return gathered(total)


def _exact(expr: Any) -> Expr:
    """Floats as the decimal fractions they print as, so that what cancels cancels."""
    expr = sympify(expr)
    return nsimplify(expr, rational=True) if expr.has(Float) else expr


def _averaged(terms: list[Term], names: list[Symbol], mean: Matrix, covariance: Matrix) -> Expr:
    """The sum over the exponentials and delta functions that occur."""
    groups: dict[Any, list[Term]] = {}
    for term in terms:
        groups.setdefault((term.exponent, term.roots), []).append(term)
    found, diverging = [], []
    for (exponent, roots), group in groups.items():
        try:
            found.append(_group(group, exponent, roots, names, mean, covariance))
        except UnboundedError as error:
            diverging.append((error, frozenset().union(*(term.steps for term in group))))
    if diverging:
        # two steps may leave the direction out, or cancel what diverges
        if any(len(steps) > 1 for _, steps in diverging):
            raise NoClosedForm
        raise diverging[0][0]
    return Add(*found)


def _group(
    terms: list[Term], exponent: Expr, roots: Any, names: list[Symbol], mean: Matrix, matrix: Matrix
) -> Expr:
    """The average of terms with one exponential: steps see real means only."""
    noises = list(dict.fromkeys(w for term in terms for w in term.noises))
    if exponent.has(IMAGINARY, S.ImaginaryUnit) and (
        any(term.steps for term in terms) or not _is_wave(exponent, names)
    ):
        raise NoClosedForm
    longer = Matrix([mean, Matrix.zeros(len(noises), 1)])
    gaussian = tilted(exponent, roots, (*names, *noises), longer, diag(matrix, eye(len(noises))))
    moments = Moments(gaussian.gram, names)
    inner = (
        moments.average(
            term.polynomial, tuple(sorted(map(gaussian.gram.add, term.steps))), gaussian.given
        )
        for term in terms
    )
    return gaussian.factor * _weighted(gaussian, Add(*inner))


def _is_wave(exponent: Expr, names: list[Symbol]) -> bool:
    """Whether the imaginary part of an exponent is linear in the variables."""
    quadratic = (exponent.diff(v, w) for v in names for w in names)
    return not any(second.has(IMAGINARY, S.ImaginaryUnit) for second in quadratic)


def _weighted(gaussian: Tilted, average: Expr) -> Expr:
    """exp(exponent) * average, or its real part."""
    if not (gaussian.exponent.has(IMAGINARY) or average.has(IMAGINARY)):
        return exp(gaussian.exponent) * average
    growth, angle = _parts(gaussian.exponent)
    real, imaginary = _parts(average)
    return exp(growth) * (cos(angle) * real - sin(angle) * imaginary)


def _parts(expr: Expr) -> tuple[Expr, Expr]:
    """The coefficients of 1 and of i."""
    powers = expand(expr).as_poly(IMAGINARY).terms()
    return (
        Add(*(c * (-1) ** (n // 2) for (n,), c in powers if n % 2 == 0)),
        Add(*(c * (-1) ** (n // 2) for (n,), c in powers if n % 2)),
    )
