"""Solve one equation for one symbol by inverting, and say so when it cannot be done uniquely.

Polynomials of degree up to four, polynomials in one invertible function of the symbol (nested to
any depth), and rational functions of exponentials with commensurate exponents.  Each candidate is
put back into the equation numerically; what does not solve it is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sympy import (
    Dummy,
    Expr,
    Mul,
    Poly,
    PolynomialError,
    Pow,
    S,
    acosh,
    acoth,
    asinh,
    atanh,
    cosh,
    coth,
    erf,
    erfc,
    erfcinv,
    erfinv,
    exp,
    factor,
    fraction,
    log,
    roots,
    sinh,
    tanh,
    together,
)
from sympy.functions.elementary.hyperbolic import HyperbolicFunction

from derive.errors import DeriveError
from derive.saddle.linear import sample_point, vanishes

__all__ = ["NotInvertible", "inverse_function", "solve_for"]


class NotInvertible(DeriveError):
    """An equation that has no closed-form solution by inversion."""


# f -> the values of its inverse at y; model-free identities, real branches
_INVERSES: dict[Any, Callable[[Expr], tuple[Expr, ...]]] = {
    tanh: lambda y: (atanh(y),),
    atanh: lambda y: (tanh(y),),
    coth: lambda y: (acoth(y),),
    acoth: lambda y: (coth(y),),
    sinh: lambda y: (asinh(y),),
    asinh: lambda y: (sinh(y),),
    cosh: lambda y: (acosh(y), -acosh(y)),
    exp: lambda y: (log(y),),
    log: lambda y: (exp(y),),
    erf: lambda y: (erfinv(y),),
    erfinv: lambda y: (erf(y),),
    erfc: lambda y: (erfcinv(y),),
    erfcinv: lambda y: (erfc(y),),
}


def inverse_function(function: Any) -> Callable[[Expr], Expr] | None:
    """The inverse of a monotone elementary function; None where the table has none."""
    values = _INVERSES.get(function)
    if values is None or function is cosh:
        return None
    return lambda y: values(y)[0]


def solve_for(equation: Expr, x: Expr) -> tuple[Expr, ...]:
    """All closed-form solutions x of equation = 0.

    Parameters
    ----------
    equation : Expr
        What vanishes.
    x : Symbol or Element
        What to solve for.

    Returns
    -------
    tuple of Expr
        Real branches; those that contradict the assumptions on x (a positive symbol) are left out.

    Raises
    ------
    NotInvertible
        If a factor of the equation that contains x cannot be inverted.

    Examples
    --------
    >>> from sympy import symbols, tanh
    >>> m, h, J = symbols("m h J", real=True)
    >>> solve_for(m - tanh(J*m + h), h)
    (-J*m + atanh(m),)
    """
    numerator = fraction(together(equation))[0]
    if not numerator.has(x):
        raise NotInvertible(f"{equation} = 0 does not contain {x}")
    found: list[Expr] = []
    for part in Mul.make_args(factor(numerator)):
        base = part.base if part.is_Pow and part.exp.is_Integer else part
        if base.has(x) and base.func is not exp:
            found += [root for root in _factor_roots(base, x) if root not in found]
    return tuple(root for root in found if _admissible(root, x) and _solves(equation, x, root))


def _factor_roots(part: Expr, x: Expr) -> list[Expr]:
    kernels = _kernels(part, x)
    if kernels == {x}:
        return _polynomial_roots(part, x)
    if len(kernels) == 1:
        (kernel,) = kernels
        generator = Dummy("g")
        values = _polynomial_roots(part.xreplace({kernel: generator}), generator)
        return [root for value in values for root in _unwrap(kernel, value, x)]
    return _exponential_roots(part, x)


def _kernels(expr: Expr, x: Expr) -> set[Expr]:
    """The functions of x of which `expr` is a rational function."""
    if not expr.has(x):
        return set()
    if expr.is_Add or expr.is_Mul or (expr.is_Pow and expr.exp.is_Integer):
        return set().union(*(_kernels(arg, x) for arg in expr.args))
    return {expr}


def _polynomial_roots(expr: Expr, x: Expr) -> list[Expr]:
    try:
        poly = Poly(expr, x)
    except PolynomialError:
        raise NotInvertible(f"{expr} is no polynomial in {x}") from None
    if poly.degree() == 1:
        slope, offset = poly.all_coeffs()
        return [-offset / slope]
    found = roots(poly, x)
    if sum(found.values()) < poly.degree():
        raise NotInvertible(f"{expr} = 0 has no closed-form solution for {x}")
    return [root for root in found if root.is_real is not False]


def _unwrap(kernel: Expr, value: Expr, x: Expr) -> list[Expr]:
    """Solutions of kernel(x) = value."""
    if kernel.is_Pow and kernel.exp.is_Rational and not kernel.exp.is_Integer:
        return list(solve_for(kernel.base - value ** (1 / kernel.exp), x))
    if isinstance(kernel, Pow) and not isinstance(kernel, exp) and not kernel.base.has(x):
        return list(solve_for(kernel.exp - log(value) / log(kernel.base), x))
    inverses = _INVERSES.get(kernel.func)
    if inverses is None or len(kernel.args) != 1:
        raise NotInvertible(f"{kernel} has no inverse in closed form: {x} stays implicit")
    if kernel.func is exp and value.is_nonpositive:
        return []
    solutions = [s for inner in inverses(value) for s in solve_for(kernel.args[0] - inner, x)]
    return list(dict.fromkeys(solutions))


def _exponential_roots(part: Expr, x: Expr) -> list[Expr]:
    """A rational function of exp(c x), exp(2 c x), ...: a polynomial in z = exp(c x) > 0."""
    exponential = part.replace(
        lambda e: isinstance(e, HyperbolicFunction) and e.has(x), lambda e: e.rewrite(exp)
    ).expand(power_base=False, log=False, func=False)
    rates = {}
    for kernel in _kernels(exponential, x):
        slope = kernel.args[0].diff(x) if isinstance(kernel, exp) else None
        if slope is None or slope.has(x):
            raise NotInvertible(f"{part} = 0 mixes several functions of {x}: it stays implicit")
        rates[kernel] = slope
    unit = next(iter(rates.values()))
    ratios = {kernel: (rate / unit).cancel() for kernel, rate in rates.items()}
    if not all(ratio.is_Rational for ratio in ratios.values()):
        raise NotInvertible(f"{part} = 0 has incommensurate exponents in {x}: it stays implicit")
    step = S.One / _lcm_of_denominators(ratios.values())
    z = Dummy("z", positive=True)
    at = {k: exp((k.args[0] - rates[k] * x).expand()) * z ** (r / step) for k, r in ratios.items()}
    numerator = fraction(together(exponential.xreplace(at)))[0]
    return [log(value) / (unit * step) for value in _polynomial_roots(numerator, z) if value != 0]


def _lcm_of_denominators(ratios: Iterable[Expr]) -> Expr:
    result = S.One
    for ratio in ratios:
        result = result.lcm(S(ratio.q))
    return result


def _admissible(root: Expr, x: Expr) -> bool:
    if root.is_finite is False or root.is_real is False:
        return False
    return not (x.is_positive and root.is_nonpositive)


def _solves(equation: Expr, x: Expr, root: Expr) -> bool:
    """Put the root back in, at sample points where it is real."""
    residual = equation.subs(x, root)
    if residual == 0:
        return True
    symbols = sorted(residual.free_symbols | root.free_symbols, key=str)
    for k in range(18):
        point = sample_point(symbols, k)
        value = root.xreplace(point).evalf(20)
        if value.is_number and value.is_real:
            return vanishes(residual.xreplace(point))
    return True  # real nowhere near the sample points: the assumptions cannot reject it
