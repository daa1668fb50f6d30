"""The visible table: how functions behave at plus and minus infinity.

Each row is a model-free identity with its source and sample points, at which the tests compare both
sides to 30 digits.  On one side of the real axis, for large \\|x\\|,

    f(x) = constant + exp(c x**n) x**power * sum_k coefficient(k) x**(-step k).

Functions that are exponentials in disguise are written as such, and logarithms and powers of sums
of exponentials follow from the largest of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sympy as sp
from sympy import Expr, Integer, S, factorial2, pi, sqrt

__all__ = ["IN_EXPONENTIALS", "ROWS", "Row"]


@dataclass(frozen=True)
class Row:
    """The behaviour of a function on one side.

    Attributes
    ----------
    source : str
        Where it is proved.
    constant : Expr
        The limit, where exponentials vanish.
    rate, degree : int
        The exponential is exp(rate * x**degree); rate 0 for none.
    power, step : int
        Of the algebraic series.
    coefficient : callable
        Its k-th coefficient.
    samples : tuple of int
        Where it is tested.
    """

    source: str
    constant: Expr
    rate: int
    degree: int
    power: int
    step: int
    coefficient: Callable[[int], Expr]
    samples: tuple[int, ...]


def _erfc(k: int) -> Expr:
    # (-1)^k (2k - 1)!!/2^k / sqrt(pi)
    return (-1) ** k * factorial2(2 * k - 1) / (2**k * sqrt(pi))


def _atan(k: int) -> Expr:
    return -((-1) ** k) / Integer(2 * k + 1)


_ERFC = "NIST DLMF 7.12.1, 7.2.2"
_ATAN = "NIST DLMF 4.24.4"

ROWS: dict[tuple[Any, int], Row] = {
    # erfc(x) = exp(-x^2)/(sqrt(pi) x) (1 - 1/(2 x^2) + 3/(4 x^4) - ...), and erfc(-x) = 2 - erfc(x)
    (sp.erfc, +1): Row(_ERFC, S.Zero, -1, 2, -1, 2, _erfc, (12, 40)),
    (sp.erfc, -1): Row(_ERFC, S(2), -1, 2, -1, 2, _erfc, (-12, -40)),
    # erf = 1 - erfc
    (sp.erf, +1): Row(_ERFC, S.One, -1, 2, -1, 2, lambda k: -_erfc(k), (12, 40)),
    (sp.erf, -1): Row(_ERFC, S.NegativeOne, -1, 2, -1, 2, lambda k: -_erfc(k), (-12, -40)),
    # atan(x) = +-pi/2 - 1/x + 1/(3 x^3) - ...
    (sp.atan, +1): Row(_ATAN, pi / 2, 0, 1, -1, 2, _atan, (200, 1000)),
    (sp.atan, -1): Row(_ATAN, -pi / 2, 0, 1, -1, 2, _atan, (-200, -1000)),
}

# NIST DLMF 4.28: each in e = exp(x) and its inverse f
IN_EXPONENTIALS: dict[Any, Callable[[Any, Any], tuple[Any, Any]]] = {
    sp.cosh: lambda e, f: (e + f, S(2)),
    sp.sinh: lambda e, f: (e - f, S(2)),
    sp.tanh: lambda e, f: (e - f, e + f),
    sp.coth: lambda e, f: (e + f, e - f),
    sp.sech: lambda e, f: (S(2), e + f),
    sp.csch: lambda e, f: (S(2), e - f),
}
