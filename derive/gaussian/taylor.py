"""Taylor expansion of an average in a parameter, by its derivatives.

In a variance it starts from the value at the mean: <f> = f(m) + V f''(m)/2 + ...
"""

from __future__ import annotations

from typing import Any

from sympy import Add, Expr, Order, factorial, nan, zoo
from sympy.core.function import PoleError

__all__ = ["leading_term", "taylor"]

DEEPEST = 12  # order up to which a leading term is looked for


def taylor(average: Expr, parameter: Any, order: int) -> Expr:
    """The expansion about zero, up to but without the given power.

    Raises
    ------
    PoleError
        If a derivative has no value at zero.
    """
    terms = [_term(average, parameter, k) for k in range(order)]
    return Add(*terms, Order(parameter**order))


def leading_term(average: Expr, parameter: Any) -> Expr:
    """The first term of the expansion that does not vanish."""
    for k in range(DEEPEST):
        term = _term(average, parameter, k)
        if term != 0:
            return term
    raise PoleError(f"no leading term of {average} in {parameter} up to order {DEEPEST}")


def _term(average: Expr, parameter: Any, k: int) -> Expr:
    slope = average.diff(parameter, k) if k else average
    coefficient = slope.subs(parameter, 0).doit()
    if coefficient.has(nan, zoo):
        raise PoleError(f"{average} has no derivative of order {k} at {parameter} = 0")
    return coefficient * parameter**k / factorial(k)
