"""How large an error a kernel may have, in units of u (1 + K): by what its expressions contain."""

from __future__ import annotations

from sympy import Expr, Function, erf, erfc, loggamma, preorder_traversal

from derive.equations import GaussianAverage, OrthantProbability, OwenT
from numerics.straight_line import StraightLine

__all__ = ["ELEMENTARY", "SPECIAL", "bound_of"]

ELEMENTARY = 4.0
SPECIAL = 8.0  # SciPy's special functions, sums over nodes, and derivatives in intermediates

DEARER = (
    erf,
    erfc,
    loggamma,
    OwenT,
    OrthantProbability,
    GaussianAverage,
    StraightLine,
)


def bound_of(expr: Expr) -> float:
    """4 for elementary functions, 8 with special functions or Gaussian averages.

    Examples
    --------
    >>> from sympy import Symbol, erfc, tanh
    >>> x = Symbol("x")
    >>> bound_of(tanh(x)), bound_of(1 + erfc(x))
    (4.0, 8.0)
    """
    return SPECIAL if any(map(_is_special, preorder_traversal(expr))) else ELEMENTARY


def _is_special(node: Expr) -> bool:
    """The textbook formula of a stable function says what it is made of."""
    if isinstance(node, Function) and hasattr(node, "naive"):
        return bool(node.naive(*node.args).has(*DEARER))
    return isinstance(node, DEARER)
