"""Whether an average diverges because an exponential of a quadratic form outgrows the Gaussian.

Only what is certain is refused: such an exponential among terms that cannot make up for it.
"""

from __future__ import annotations

from typing import Any

from sympy import (
    Abs,
    Expr,
    Heaviside,
    Matrix,
    Mul,
    Pow,
    S,
    Symbol,
    cos,
    cosh,
    erf,
    exp,
    eye,
    hessian,
    log,
    sign,
    sin,
    sinh,
    tanh,
)

from derive.gaussian.convergence import require_convergence
from derive.gaussian.terms import distributed

__all__ = ["check_convergence"]

# No product of these falls off like a Gaussian; a step leaves one of two opposite directions.
TAME = (tanh, sin, cos, sinh, cosh, erf, log, Abs, sign)


def check_convergence(integrand: Expr, variables: tuple[Symbol, ...], covariance: Any) -> None:
    """Refuse an average that diverges, as far as its form and declared signs show it.

    Raises
    ------
    UnboundedError
        Naming the direction in which the exponent grows without bound.
    """
    bound = set(variables)
    if not any(bound & node.exp.free_symbols for node in integrand.atoms(exp)):
        return
    found = [_exponent(term, variables) for term in distributed(integrand, variables)]
    exponents = [exponent for exponent in found if exponent is not None]
    for exponent in exponents if len(exponents) == len(found) else ():
        polynomial: Any = exponent.as_poly(*variables)
        quadratic = polynomial is not None and polynomial.total_degree() == 2
        if quadratic and exponents.count(exponent) == 1:  # several of one exponent may cancel
            matrix = -Matrix(hessian(exponent, variables))
            determinant = (eye(len(variables)) + covariance * matrix).det()
            if determinant.is_zero and _has_denominator(integrand, variables):
                continue  # it may fall fast enough where nothing else does
            require_convergence(variables, Matrix(covariance), matrix, determinant)


def _exponent(term: Expr, variables: tuple[Symbol, ...]) -> Expr | None:
    """The exponent of a term, None if other factors may grow or fall as fast."""
    exponent: Expr = S.Zero
    steps = 0
    for factor in Mul.make_args(term):
        if factor.free_symbols.isdisjoint(variables):
            continue
        if isinstance(factor, exp):
            exponent += factor.args[0]
        elif isinstance(factor, Heaviside):
            steps += 1
        elif not _is_tame(factor, variables):
            return None
    return exponent if steps < 2 else None


def _has_denominator(integrand: Expr, variables: tuple[Symbol, ...]) -> bool:
    powers = integrand.atoms(Pow)
    return any(power.exp.is_negative and power.base.has(*variables) for power in powers)


def _is_tame(factor: Expr, variables: tuple[Symbol, ...]) -> bool:
    if factor.is_rational_function(*variables):
        return True
    if isinstance(factor, Pow):
        positive = factor.exp.is_integer and factor.exp.is_positive
        return bool(positive and _is_tame(factor.base, variables))
    if not isinstance(factor, TAME):
        return False
    argument = factor.args[0].as_poly(*variables)
    return argument is not None and argument.total_degree() < 2
