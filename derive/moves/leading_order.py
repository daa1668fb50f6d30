"""Keep of an exponent what grows with the size, and say what was dropped.

A saddle point sees the terms proportional to the size alone.  What is of lower order, such as the
diagonal of a sum over pairs of sites, need not be linearised to be forgotten.
"""

from __future__ import annotations

from sympy import Add, Expr, Symbol

from derive.ensemble import Ensemble, terms
from derive.errors import MoveError
from derive.moves.replicate import is_extensive
from derive.moves.saddle_point import order_in_size
from derive.step import Kind, Moved

__all__ = ["leading_order", "subleading_terms"]


def leading_order(ensemble: Ensemble) -> Moved:
    """Drop the terms of the exponent that do not grow with the size.

    Returns
    -------
    Moved
        The ensemble without them.  Kind: asymptotic.

    Raises
    ------
    MoveError
        If there are none.
    """
    dropped = subleading_terms(ensemble)
    if not dropped:
        raise MoveError("every term of the exponent grows with the size: nothing is to be dropped")
    kept = Add(*(t for t in terms(ensemble.exponent) if t not in dropped))
    listed = ", ".join(map(str, dropped))
    return Moved(
        ensemble.replaced(exponent=kept),
        Kind.ASYMPTOTIC,
        (f"terms that do not grow with the size are dropped: {listed}",),
    )


def subleading_terms(ensemble: Ensemble) -> list[Expr]:
    """The terms of the exponent whose order in the size is known, and not positive."""
    large = _sizes(ensemble)
    orders = [(term, order_in_size(term, large)) for term in terms(ensemble.exponent)]
    return [term for term, order in orders if order is not None and order <= 0]


def _sizes(ensemble: Ensemble) -> tuple[Symbol, ...]:
    ranges = {over for v in ensemble.variables for over in v.label.ranges if is_extensive(over)}
    found = set().union(*(over.size.free_symbols for over in ranges))
    return tuple(sorted((s for s in found if s.is_integer and s.is_positive), key=str))
