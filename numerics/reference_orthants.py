"""Owen's function and the orthant of four variables in mpmath, by the derivation's integrals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import Float

from derive.equations import OrthantProbability, OwenT
from numerics.reference_code import CONTEXT

__all__ = ["PROBABILITIES", "probability"]

PROBABILITIES = (OwenT, OrthantProbability)


def probability(kind: type, values: Sequence[Any]) -> Any:
    """The value at mpmath numbers, to the working precision.

    Raises
    ------
    ValueError
        If it is no real number there, as for correlations that no variables have.
    """
    digits = CONTEXT.dps
    node = kind(*(Float._new(value._mpf_, CONTEXT.prec) for value in map(CONTEXT.mpf, values)))
    result = node.evalf(digits)
    if not (result.is_Float or result.is_Rational):
        raise ValueError(f"{node} is no real number")
    return CONTEXT.mpmathify(result)
