"""Equivalent forms of one average, of which the one with the narrowest window is planned.

An exponential factor moves the mass of an integrand away from where the normal density has it.  It
is either taken out exactly, by completing the square, or joined with the density, so that neither
overflows alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from sympy import Add, Dummy, Expr, Mul, Poly, PolynomialError, S, exp, pi, sqrt

from numerics.quadrature.box import sample_box
from numerics.quadrature.problem import Problem, has_values

__all__ = ["posed"]

MUCH = 1.5  # a form is changed if its window is so many times narrower


def posed(
    integrand: Expr,
    z: Expr,
    ranges: Mapping[Expr, tuple[float, float]],
    evaluate: Any,
    lenient: bool = False,
) -> Problem:
    """The average at samples of a box, in the form that suits it.

    If `lenient`, samples where the integrand has no value, as at a pole, are left out.
    """
    samples = sample_box(list(ranges.values()))
    if lenient and ranges:
        usable = has_values(integrand, z, list(ranges), samples, evaluate)
        samples = samples[usable] if usable.any() else samples
    parameters = dict(zip(ranges, samples.T, strict=True)) or {Dummy("none"): np.zeros(1)}
    best = Problem.of(integrand, z, parameters, evaluate)
    for form, prefactor, dense in _forms(integrand, z):
        other = Problem.of(form, z, parameters, evaluate, prefactor, dense)
        if _width(other) * (MUCH if dense == best.dense else 1.0) < _width(best):
            best = other
    return best


def _width(problem: Problem) -> float:
    """Of the interval that holds the mass at all samples."""
    outside = _factor(problem)
    if not problem.finite or not np.isfinite(outside).all():
        return np.inf
    left, right = problem.reference.window(1e-17)
    return float(right.max() - left.min())


def _factor(problem: Problem) -> Any:
    """The factor in front, at the samples."""
    if problem.prefactor.is_number:
        return np.array(float(problem.prefactor))
    return problem.evaluate(problem.prefactor, problem.parameters)


def _forms(integrand: Expr, z: Expr) -> Iterator[tuple[Expr, Expr, bool]]:
    """Integrand, factor in front, whether the density is joined."""
    factors = Mul.make_args(integrand)
    rest, exponents = _split(factors, z)
    if exponents is not None:
        a, b, c = exponents  # exp(a z**2 + b z + c), a < 1/2: variance 1/(1 - 2a), mean b/(1 - 2a)
        variance = 1 / (1 - 2 * a)
        moved = rest.xreplace({z: variance * b + sqrt(variance) * z})
        yield moved, sqrt(variance) * exp(variance * b**2 / 2 + c), False
    if any(f.has(z) for f in integrand.atoms(exp)):
        density = exp(-(z**2) / 2)
        terms = (term * density for term in Add.make_args(integrand))
        yield Add(*terms) / sqrt(2 * pi), S.One, True


def _split(factors: Any, z: Expr) -> tuple[Expr, tuple[Expr, ...] | None]:
    """What is left of a product without its exponentials, and their joint exponent."""
    own = [f for f in factors if isinstance(f, exp) and f.has(z)]
    try:
        coefficients = Poly(Add(*(f.args[0] for f in own)), z).all_coeffs()
    except PolynomialError:
        return S.One, None
    if not own or len(coefficients) > 3:
        return S.One, None
    padded = (*(S.Zero,) * (3 - len(coefficients)), *coefficients)
    return Mul(*(f for f in factors if f not in own)), padded
