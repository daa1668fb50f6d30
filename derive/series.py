"""Truncated power series of an expression along a curve, coefficient by coefficient.

``f(a0 + s) = sum_k f^(k)(a0) s^k / k!`` for every function in the tree, so that no expression is
ever differentiated as a whole: the cost grows like the square of the order.
"""

from __future__ import annotations

from collections.abc import Callable
from math import factorial
from typing import Any

from sympy import Dummy, Expr, S, cancel, factor, factor_terms, radsimp
from sympy.core.function import Function

__all__ = ["Series", "along_curve", "cancelled", "neat"]

Series = list[Expr]

# numbers of operations, beyond which these take seconds and show nothing
_WORTH_CANCELLING = 400
_WORTH_FACTORING = 120


def along_curve(expr: Expr, curve: dict[Expr, Series], order: int) -> Series:
    """Coefficients of an expression in the parameter of a curve.

    Parameters
    ----------
    expr : Expr
        An expression of the unknowns.
    curve : dict
        For each unknown its coefficients 0, ..., order.
    order : int
        The last coefficient.

    Examples
    --------
    >>> from sympy import S, Symbol, cosh, log
    >>> x = Symbol("x")
    >>> along_curve(log(cosh(x)), {x: [S(0), S(1), S(0), S(0), S(0)]}, 4)
    [0, 0, 1/2, 0, -1/12]
    """
    if expr in curve:
        return [*curve[expr][: order + 1]]
    if not expr.has(*curve):
        return [expr, *(S.Zero,) * order]
    if expr.is_Add:
        parts = [along_curve(term, curve, order) for term in expr.args]
        return [sum(column, S.Zero) for column in zip(*parts, strict=True)]
    if expr.is_Mul:
        result = along_curve(expr.args[0], curve, order)
        for factor_ in expr.args[1:]:
            result = _times(result, along_curve(factor_, curve, order))
        return result
    if expr.is_Pow and not expr.exp.has(*curve):
        return _power(along_curve(expr.base, curve, order), expr.exp)
    if isinstance(expr, Function) and len(expr.args) == 1:
        return _composed(expr.func, along_curve(expr.args[0], curve, order))
    return _by_differentiation(expr, curve, order)


def _times(a: Series, b: Series) -> Series:
    return [
        sum((a[j] * b[k - j] for j in range(k + 1) if a[j] != 0 and b[k - j] != 0), S.Zero)
        for k in range(len(a))
    ]


def _power(base: Series, exponent: Expr) -> Series:
    if exponent.is_Integer and exponent > 0:
        result = base
        for _ in range(int(exponent) - 1):
            result = _times(result, base)
        return result
    return _composed(lambda z: z**exponent, base)


def _composed(function: Callable[[Expr], Expr], inner: Series) -> Series:
    z = Dummy("z")
    shift = [S.Zero, *inner[1:]]
    derivative, power = function(z), [S.One, *(S.Zero,) * (len(inner) - 1)]
    result = [S.Zero] * len(inner)
    for k in range(len(inner)):
        value = derivative.subs(z, inner[0]) / factorial(k)
        if value != 0:
            result = [r + value * p for r, p in zip(result, power, strict=True)]
        derivative, power = derivative.diff(z), _times(power, shift)
        if not any(power):
            break
    return [cancelled(c) for c in result]


def _by_differentiation(expr: Expr, curve: dict[Expr, Series], order: int) -> Series:
    """For what has no argument of its own, such as an average over another ensemble."""
    e = Dummy("e")
    at = {u: sum((c * e**k for k, c in enumerate(cs)), S.Zero) for u, cs in curve.items()}
    derivative = expr.subs(at)
    result = []
    for k in range(order + 1):
        result.append(derivative.subs(e, 0) / factorial(k))
        derivative = derivative.diff(e)
    return result


def cancelled(expr: Expr) -> Expr:
    """A rational function of whatever it is made of, over one denominator in lowest terms."""
    return cancel(expr) if expr.is_Add or expr.is_Mul or expr.is_Pow else expr


def neat(expr: Any) -> Expr:
    """Cancelled and, if small, factored; roots in a number's denominator are moved up."""
    if not (expr.is_Add or expr.is_Mul or expr.is_Pow):
        return expr
    if expr.is_number:
        return factor_terms(radsimp(radsimp(expr).expand()))
    if expr.count_ops() > _WORTH_CANCELLING:
        return expr
    reduced = cancel(expr)
    return factor(reduced) if reduced.count_ops() < _WORTH_FACTORING else reduced
