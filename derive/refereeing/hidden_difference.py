"""Whether what is left after cancelling is small only because it is small.

Two sides that agree to 30 digits may differ by exp(-100 x).  The difference of their canonical
forms shows it: its terms do not cancel each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mpmath
from sympy import Add, Expr, Symbol, expand

from derive.refereeing.no_value import NoValueError
from derive.refereeing.numbers import value_at

__all__ = ["hidden_difference"]

_MOST_TERMS = 24


def hidden_difference(one: Expr, two: Expr, point: Mapping[Symbol, Expr]) -> Any:
    """The difference at a point, if some terms cancel exactly and the others do not; else None."""
    terms = Add.make_args(expand(one - two))
    if len(terms) > _MOST_TERMS or len(terms) >= len(Add.make_args(one)) + len(Add.make_args(two)):
        return None
    try:
        values = [value_at(term, point, 30) for term in terms]
    except NoValueError:
        return None
    largest, total = max(map(abs, values)), mpmath.fsum(values)
    return total if abs(total) > largest * mpmath.mpf("1e-8") else None
