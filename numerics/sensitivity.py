"""How errors of averages, of rounding and of the parameters enter a result, to first order."""

from __future__ import annotations

from collections.abc import Sequence

from sympy import Abs, Add, Expr, Float, Mul, Pow

from numerics.derivatives import derivatives
from numerics.quadrature.magnitude import spread
from numerics.quadrature.order import Size

__all__ = ["error_bound", "size_of_terms"]

ROUNDING = 8 * 2.0**-53  # of special functions and of the sums, relative to their terms
UNIT = 2.0**-53


def error_bound(expr: Expr, relative: float, scalars: Sequence[Expr]) -> Expr:
    """What a result may be wrong by, as an expression of the same parameters.

    Parameters
    ----------
    expr : Expr
        Its averages are sums over nodes.
    relative : float
        The error of each average, relative to the average of its integrand's absolute value.
    scalars : sequence of Symbol
        The parameters, each known to half a unit in its last place.
    """
    from_averages = spread(expr)
    slopes = derivatives([expr], list(scalars))[0] if scalars else []
    moved = Add(*(Abs(x * slope) for x, slope in zip(scalars, slopes, strict=True)))
    terms = size_of_terms(expr) + from_averages
    return Float(relative) * from_averages + ROUNDING * terms + UNIT * moved


def size_of_terms(expr: Expr) -> Expr:
    """The absolute values of the terms of sums, which may cancel: what rounding is relative to."""
    if isinstance(expr, Add | Mul):
        return expr.func(*map(size_of_terms, expr.args))
    if isinstance(expr, Pow) and expr.exp.is_Integer and expr.exp > 0:
        return size_of_terms(expr.base) ** expr.exp
    return Abs(expr) if expr.is_number else Size(expr)
