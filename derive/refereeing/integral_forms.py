"""Integrals over a Gaussian weight as averages.

int dz exp(-(z - m)^2/(2 v)) f(z) = sqrt(2 pi v) <f>, z normal with mean m and variance v.
"""

from __future__ import annotations

from typing import Any

from sympy import Add, Expr, Heaviside, Integral, Mul, exp, oo, pi, sqrt

from derive.errors import DeriveError
from derive.gaussian.average import GaussianAverage

__all__ = ["in_averages"]


def in_averages(expr: Any) -> Any:
    """An expression with its Gaussian integrals as averages; other integrals stay.

    Examples
    --------
    >>> from sympy import Integral, exp, oo, symbols, tanh
    >>> z, h = symbols("z h", real=True)
    >>> in_averages(Integral(exp(-z**2/2)*tanh(z + h)**2, (z, -oo, oo)))
    sqrt(2)*sqrt(pi)*GaussianAverage(tanh(h + z)**2, z)
    """
    if not expr.has(Integral):
        return expr
    if not isinstance(expr, Integral):
        return expr.func(*(in_averages(arg) for arg in expr.args))
    body = in_averages(expr.function)
    for limits in expr.limits:
        found = None if body.has(Integral) or len(limits) != 3 else _average(body, *limits)
        if found is None:
            return expr
        body = found
    return body


def _average(body: Expr, variable: Any, low: Expr, high: Expr) -> Expr | None:
    """int_low^high body d(variable) as an average; None if there is no Gaussian weight."""
    weights = [f for f in Mul.make_args(body) if isinstance(f, exp) and f.has(variable)]
    terms = [term for weight in weights for term in Add.make_args(weight.args[0])]
    for own in ([t for t in terms if _is_square(t, variable)], terms):
        exponent: Any = Add(*own).as_poly(variable)
        if exponent is None or exponent.degree() != 2:
            continue
        curvature, slope, constant = exponent.all_coeffs()
        variance = -1 / (2 * curvature)
        if not variance.is_positive and not (-curvature).is_nonnegative and not variance.is_number:
            continue
        mean = slope * variance
        inside = body * exp(-Add(*own))
        inside *= Heaviside(variable - low) if low != -oo else 1
        inside *= Heaviside(high - variable) if high != oo else 1
        try:
            average = GaussianAverage(inside, variable, mean=mean, covariance=variance)
        except DeriveError:
            return None
        return sqrt(2 * pi * variance) * exp(constant + mean * slope / 2) * average
    return None


def _is_square(term: Expr, variable: Any) -> bool:
    """Whether a term is c z^2."""
    return not (term / variable**2).has(variable)
