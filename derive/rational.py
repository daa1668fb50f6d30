"""Rational functions of order parameters in a readable form, and their logarithms.

Signs inside logarithms matter: ``log(1/(2*(1 - q)))`` must become ``-log(2) - log(1 - q)``, never
``log(q - 1)``.  Every factor is turned positive at a sample point, at which overlaps grow with
their names (q0 < q1 < q_d) and lie between 0 and 1; the conjugate of a diagonal is smaller than
those of other elements, without which integrals over the whole line would not converge.
"""

from __future__ import annotations

from typing import Any

from sympy import (
    ZZ,
    Add,
    Dummy,
    Expr,
    Function,
    Mul,
    Pow,
    Rational,
    S,
    default_sort_key,
    exp,
    expand_power_exp,
    factor_terms,
    fraction,
    lex,
    log,
)
from sympy.polys.fields import FracField
from sympy.polys.polyerrors import CoercionFailed

from derive.indices import Element

__all__ = ["expanded_log", "factored", "positive_at_sample", "with_expanded_logs"]


def factored(expr: Expr) -> Expr:
    """A rational function as a product of powers of factors, each positive at the sample point."""
    constant, factors = _factors(expr)
    return constant * Mul(*(Pow(base, power) for base, power in factors))


def expanded_log(expr: Expr) -> Expr:
    """The logarithm of a rational function as a sum of logarithms of its factors."""
    constant, factors = _factors(expr)
    own = [power * log(base) for base, power in factors]
    return _log_of_constant(constant) + Add(*own)


def with_expanded_logs(expr: Expr) -> Expr:
    """Every logarithm as a sum over the factors of its argument, so that they cancel."""
    return expr.xreplace({node: _split(node.args[0]) for node in expr.atoms(log)})


def _split(argument: Expr) -> Expr:
    """log(e^a r) = a + log r, the logarithm of a rational function r by its factors."""
    factors = Mul.make_args(factor_terms(expand_power_exp(argument)))
    exponents = [f.as_base_exp() for f in factors if isinstance(f, exp)]
    rest = Mul(*(f for f in factors if not isinstance(f, exp)))
    own = log(rest) if rest.atoms(Function) else expanded_log(rest)
    return Add(own, *(power * log(base) for base, power in exponents))


def _log_of_constant(constant: Expr) -> Expr:
    above, below = fraction(constant)
    parts = [*((f, 1) for f in Mul.make_args(above)), *((f, -1) for f in Mul.make_args(below))]
    return Add(
        *(sign * power * log(base) for f, sign in parts for base, power in [f.as_base_exp()])
    )


def _factors(expr: Expr) -> tuple[Expr, list[tuple[Expr, Expr]]]:
    """(constant, [(factor, power)]), the factors turned positive."""
    quotient = _quotient(expr)
    if quotient is None:
        return S.One, [(expr, S.One)]
    constant, found = S.One, []
    for polynomial, side in ((quotient.numer, 1), (quotient.denom, -1)):
        number, factors = polynomial.factor_list()
        constant *= S(int(number)) ** side
        for factor, power in factors:
            base = factor.as_expr()
            sign = -1 if base.is_Add and not positive_at_sample(base) else 1
            constant *= S(sign) ** power
            found.append((sign * base, S(side * power)))
    return constant, found


def _quotient(expr: Expr) -> Any:
    """A rational function as an element of a field, so that common factors cancel on the way."""
    generators = sorted(_generators(expr), key=default_sort_key)
    if not generators:
        generators = [Dummy()]
    try:
        return FracField(generators, ZZ, lex).from_expr(expr)
    except (ValueError, CoercionFailed):  # an algebraic or floating number
        return None


def _generators(expr: Expr) -> set[Expr]:
    """What an expression is a rational function of."""
    if expr.is_Add or expr.is_Mul:
        return set().union(*map(_generators, expr.args))
    if expr.is_Pow and expr.exp.is_Integer:
        return _generators(expr.base)
    return set() if expr.is_Rational else {expr}


def positive_at_sample(expr: Expr) -> bool:
    """Whether an expression is positive where overlaps are small, positive, and grow with names."""
    elements = sorted(expr.atoms(Element), key=lambda e: (not e.name.endswith("hat_d"), str(e)))
    point: dict[Expr, Expr] = {
        e: Rational(k + 1, len(elements) + 7) for k, e in enumerate(elements)
    }
    for k, symbol in enumerate(sorted(expr.free_symbols, key=str)):
        point[symbol] = Rational(2 * k + 3, 2 * k + 5) / (1 if symbol.is_positive else 7)
        if symbol.is_negative:
            point[symbol] = -point[symbol]
    value = expr.xreplace(point).evalf(20)
    return not value.is_extended_negative
