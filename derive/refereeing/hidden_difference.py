"""Whether what is left after cancelling is small only because it is small.

Two sides that agree to 30 digits may differ by exp(-100 x).  The difference of their canonical
forms shows it: its terms do not cancel each other.
"""

from __future__ import annotations

from collections.abc import Mapping

import mpmath
from sympy import Add, Expr, Symbol, expand

from derive.refereeing.no_value import NoValueError
from derive.refereeing.numbers import value_at

__all__ = ["hides_a_difference"]

_MOST_TERMS = 24


def hides_a_difference(one: Expr, two: Expr, point: Mapping[Symbol, Expr]) -> bool:
    """Whether the terms of the difference, some of which cancelled exactly, add up to something."""
    terms = Add.make_args(expand(one - two))
    if len(terms) > _MOST_TERMS or len(terms) >= len(Add.make_args(one)) + len(Add.make_args(two)):
        return False
    try:
        values = [value_at(term, point, 30) for term in terms]
    except NoValueError:
        return False
    largest = max(map(abs, values))
    return bool(largest and abs(mpmath.fsum(values)) > largest * mpmath.mpf("1e-8"))
