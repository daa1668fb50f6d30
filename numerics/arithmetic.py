"""Signs, fractions, powers and numbers as they are computed with the fewest roundings."""

from __future__ import annotations

from sympy import Expr, Rational

from numerics.builder import Builder, Value
from numerics.errors import UnsupportedExpressionError

__all__ = ["fraction", "integer_power", "is_reciprocal", "number", "split_sign"]


def integer_power(b: Builder, base: Value, exponent: int) -> Value:
    """Powers by repeated squaring: the relative error stays below the exponent's conditioning."""
    result: Value | None = None
    while True:
        if exponent & 1:
            result = base if result is None else result * base
        exponent >>= 1
        if not exponent:
            return result if result is not None else b.constant(1.0)
        base = b.emit("square", base)


def split_sign(term: Expr) -> tuple[bool, Expr]:
    """Whether a term is added, and the term without its sign."""
    coefficient = term.as_coeff_Mul()[0]
    return (False, -term) if coefficient.is_negative else (True, term)


def is_reciprocal(factor: Expr) -> bool:
    """Whether a factor stands in the denominator."""
    return bool(factor.is_Pow and factor.exp.could_extract_minus_sign() and factor.exp.is_number)


def fraction(coefficient: Expr) -> tuple[float, float]:
    """A coefficient as numerator and denominator: x/3 is one rounding, x*(1/3) two."""
    if coefficient.is_Rational and Rational(float(coefficient)) != coefficient:
        return float(coefficient.p), float(coefficient.q)
    return float(coefficient), 1.0


def number(expr: Expr) -> float:
    """A constant expression, correctly rounded."""
    value = expr.evalf(30)
    if not value.is_extended_real:
        raise UnsupportedExpressionError(f"{expr} is no real number")
    return float(value)
