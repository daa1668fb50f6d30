"""Tails of the error function written so that they do not cancel in numbers.

SymPy turns erfc(-x) into 2 - erfc(x), which is rounded to zero far out, where a ratio such as
exp(-x^2)/erfc(-x) needs its leading digits.  Values are computed with the form that keeps them.
"""

from __future__ import annotations

from typing import Any

from sympy import Expr, Function, erf, erfc

__all__ = ["TAIL", "with_tails"]

TAIL: Any = Function(
    "complementary_error"
)  # evaluates to itself, whatever the sign of its argument


def with_tails(expr: Expr) -> Expr:
    """An expression with 2 - erfc(x) and 1 - erf(x) as one function, which does not cancel.

    Examples
    --------
    >>> from sympy import Symbol, erf, erfc
    >>> x = Symbol("x")
    >>> with_tails(1/(2 - erfc(x))), with_tails(3 + 3*erf(x)), with_tails(1 - erfc(x))
    (1/complementary_error(-x), 3*complementary_error(-x), 1 - erfc(x))
    """
    return expr.replace(lambda node: node.is_Add and len(node.args) == 2, _tail)


def _tail(total: Expr) -> Expr:
    constant, term = total.as_coeff_Add()
    coefficient, function = term.as_coeff_Mul()
    if isinstance(function, erfc) and constant == -2 * coefficient:
        return -coefficient * TAIL(-function.args[0])
    if isinstance(function, erf) and constant in (coefficient, -coefficient):
        side = -1 if constant == coefficient else 1
        return constant * TAIL(side * function.args[0])
    return total
