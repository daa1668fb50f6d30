"""Intervals that contain every solution, by interval reasoning on the saddle equations.

A monotone function maps an interval to an interval; a weighted mean of numbers, such as
``(e^x - e^-x)/(1 + e^x + e^-x)`` with positive weights, lies between the smallest and the largest.
"""

from __future__ import annotations

from collections.abc import Sequence

from sympy import (
    Add,
    Expr,
    Mul,
    S,
    atan,
    cosh,
    erf,
    erfc,
    exp,
    expand_mul,
    fraction,
    oo,
    sinh,
    tanh,
)

from derive.indices import Element, free_indices
from derive.saddle.index_notation import marks
from derive.total import Total

__all__ = ["bounds"]

Interval = tuple[Expr, Expr]
EVERYTHING: Interval = (-oo, oo)

# bounded functions of a real argument, and their range
_RANGES = {
    tanh: (-S.One, S.One),
    erf: (-S.One, S.One),
    erfc: (S.Zero, S(2)),
    atan: (-S.Pi / 2, S.Pi / 2),
    exp: (S.Zero, oo),
    cosh: (S.One, oo),
}


def bounds(updates: Sequence[Expr], unknowns: Sequence[Expr]) -> tuple[Interval, ...]:
    """Bound each unknown by the range of its update.

    Parameters
    ----------
    updates : sequence of Expr
        ``unknown = update`` at a solution.
    unknowns : sequence of Expr
        The unknowns.

    Returns
    -------
    tuple of (Expr, Expr)
        Per unknown; -oo and oo where nothing bounds it.  Ends may contain parameters whose sign is
        known.

    Examples
    --------
    >>> from sympy import symbols, tanh
    >>> m, x = symbols("m x", real=True)
    >>> bounds([tanh(x + m)], [m])
    ((-1, 1),)
    """
    known: dict[Expr, Interval] = dict.fromkeys(unknowns, EVERYTHING)
    for _ in range(2):  # a second pass uses the bounds of the other unknowns
        known = {u: _range(g, known) for u, g in zip(unknowns, updates, strict=True)}
    return tuple(known[u] for u in unknowns)


def _range(expr: Expr, known: dict[Expr, Interval]) -> Interval:
    if expr in known:
        return known[expr]
    if not expr.has(*marks(known)):
        return (expr, expr)
    if isinstance(expr, Element):
        return next(ends for u, ends in known.items() if marks((u,)) == (expr.label,))
    if expr.is_Add:
        lows, highs = zip(*(_range(term, known) for term in expr.args), strict=True)
        return (-oo if -oo in lows else Add(*lows), oo if oo in highs else Add(*highs))
    if expr.func in _RANGES:
        return _RANGES[expr.func]
    if expr.is_Mul:
        return _range_of_product(expr, known)
    if expr.is_Pow and expr.exp.is_Integer and expr.exp > 0:
        return _range_of_power(_range(expr.base, known), int(expr.exp))
    return EVERYTHING


def _range_of_product(expr: Expr, known: dict[Expr, Interval]) -> Interval:
    coefficient, function = expr.as_independent(*marks(known), as_Add=False)
    mean = _weighted_mean(expr)
    if mean is not None:
        return mean
    if function.is_Mul:
        return EVERYTHING
    low, high = _range(function, known)
    if coefficient.is_nonnegative:
        return (coefficient * low, coefficient * high)
    if coefficient.is_nonpositive:
        return (coefficient * high, coefficient * low)
    return (low, high) if low == high else EVERYTHING


def _range_of_power(interval: Interval, power: int) -> Interval:
    low, high = interval
    if power % 2:
        return (low**power, high**power)
    if low.is_nonnegative:
        return (low**power, high**power)
    if low.is_number and high.is_number:
        return (S.Zero, max(low**power, high**power))
    return (S.Zero, oo)


def _weighted_mean(expr: Expr) -> Interval | None:
    """sum_k v_k w_k / sum_k w_k with numbers v_k and positive w_k lies in [min v, max v]."""
    numerator, denominator = fraction(expr)
    if isinstance(denominator, Total) and isinstance(numerator, exp):
        shifted = Total(numerator, *free_indices(numerator))
        return (S.Zero, S.One) if shifted == denominator else None
    above, below = _exponentials(numerator), _exponentials(denominator)
    if len(below) < 2 or not all(weight.is_positive for weight in below.values()):
        return None
    if not set(above) <= set(below):
        return None
    values = [(above.get(key, S.Zero) / weight).cancel() for key, weight in below.items()]
    unit = next((value for value in values if value != 0), S.One)
    multiples = [(value / unit).cancel() for value in values]
    if not all(multiple.is_number and multiple.is_real for multiple in multiples):
        return None
    ends = (min(multiples) * unit, max(multiples) * unit)
    if unit.is_positive:
        return ends
    return ends[::-1] if unit.is_negative else None


def _exponentials(expr: Expr) -> dict[Expr, Expr]:
    """The expression as {exponent: coefficient}, the coefficients free of exponentials."""
    opened = expr.replace(lambda e: isinstance(e, sinh | cosh), lambda e: e.rewrite(exp))
    result: dict[Expr, Expr] = {}
    for term in Add.make_args(expand_mul(opened)):
        factors = Mul.make_args(term)
        exponent = Add(*(f.args[0] for f in factors if isinstance(f, exp))).expand()
        rest = Mul(*(f for f in factors if not isinstance(f, exp)))
        result[exponent] = result.get(exponent, S.Zero) + rest
    return result
