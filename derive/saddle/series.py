"""Truncated power series of an expression along a curve, coefficient by coefficient.

``f(a0 + s) = sum_k f^(k)(a0) s^k / k!`` for every function in the tree, so that no expression is
ever differentiated as a whole: the cost grows like the square of the order.  Poles that cancel, as
in ``coth(x) - 1/x``, are carried as negative powers.
"""

from __future__ import annotations

from collections.abc import Callable
from math import factorial
from typing import Any

from sympy import (
    Dummy,
    Expr,
    S,
    cancel,
    cosh,
    coth,
    factor,
    factor_terms,
    nan,
    oo,
    radsimp,
    sinh,
    zoo,
)
from sympy.core.function import Function

from derive.errors import DeriveError
from derive.saddle.linear import vanishes
from derive.total import Total

__all__ = ["Series", "along_curve", "neat", "value_at"]

Series = list[Expr]

# numbers of operations, beyond which these take seconds and show nothing
_WORTH_CANCELLING = 400
_WORTH_FACTORING = 120

_DEEPEST_POLE = 4


class _Pole(Exception):
    """A negative power beyond those that are carried."""


def along_curve(
    expr: Expr,
    curve: dict[Expr, Series],
    order: int,
    summed: Callable[[Expr], Expr] = lambda coefficient: coefficient,
) -> Series:
    """Coefficients of an expression in the parameter of a curve.

    Parameters
    ----------
    expr : Expr
        An expression of the unknowns.
    curve : dict
        For each unknown its coefficients 0, ..., order.
    order : int
        The last coefficient.
    summed : callable, optional
        Applied to every coefficient of a sum over an index, to bring it to a shorter form.

    Raises
    ------
    DeriveError
        If the expression is singular at the start of the curve.

    Examples
    --------
    >>> from sympy import S, Symbol, coth
    >>> x = Symbol("x")
    >>> along_curve(coth(x) - 1/x, {x: [S(0), S(1), S(0), S(0)]}, 3)
    [0, 1/3, 0, -1/45]
    """
    for poles in range(_DEEPEST_POLE + 1):
        try:
            laurent = _Laurent(curve, order + 2 * poles, poles, summed).expand(expr)
        except _Pole:
            continue
        if all(vanishes(c) for c in laurent[:poles]):
            return laurent[poles : poles + order + 1]
        break
    raise DeriveError(f"{expr} has no power series at the symmetric point: it is singular there")


def value_at(expr: Expr, point: dict[Expr, Expr]) -> Expr:
    """The value at a point, as a limit where it is 0/0 there."""
    value = expr.subs(point)
    if not value.has(nan, oo, -oo, zoo):
        return value
    inner = {u: v for u, v in point.items() if expr.has(u)}
    # unequal slopes, so that differences of unknowns do not vanish along the line
    curve = {u: [v, S(k)] for k, (u, v) in enumerate(inner.items(), start=1)}
    return along_curve(expr, curve, 0)[0]


class _Laurent:
    """Arithmetic of series whose k-th coefficient multiplies e**(k - poles)."""

    def __init__(
        self,
        curve: dict[Expr, Series],
        order: int,
        poles: int,
        summed: Callable[[Expr], Expr],
    ) -> None:
        self.curve, self.poles, self.summed = curve, poles, summed
        self.length = poles + order + 1

    def expand(self, expr: Expr) -> Series:
        if expr in self.curve:
            return self._padded(self.curve[expr])
        if not expr.has(*self.curve):
            return self._padded([expr])
        if expr.is_Add:
            columns = zip(*map(self.expand, expr.args), strict=True)
            return [sum(column, S.Zero) for column in columns]
        if expr.is_Mul:
            result = self.expand(expr.args[0])
            for factor_ in expr.args[1:]:
                result = self.times(result, self.expand(factor_))
            return result
        if expr.is_Pow and not expr.exp.has(*self.curve):
            return self.power(self.expand(expr.base), expr.exp)
        if isinstance(expr, Total):
            return [self.summed(Total(c, *expr.indices)) for c in self.expand(expr.body)]
        if isinstance(expr, coth):  # the one function here with a pole of its own
            return self.expand(cosh(expr.args[0]) / sinh(expr.args[0]))
        if isinstance(expr, Function) and len(expr.args) == 1:
            return self.composed(expr.func, self.expand(expr.args[0]))
        return self.by_differentiation(expr)

    def _padded(self, coefficients: Series) -> Series:
        padded = [*(S.Zero,) * self.poles, *coefficients, *(S.Zero,) * self.length]
        return padded[: self.length]

    def times(self, a: Series, b: Series) -> Series:
        result = [S.Zero] * self.length
        for i, left in enumerate(a):
            for j, right in enumerate(b):
                k = i + j - self.poles
                if left != 0 and right != 0 and k < self.length:
                    if k < 0:
                        raise _Pole
                    result[k] += left * right
        return result

    def power(self, base: Series, exponent: Expr) -> Series:
        if not exponent.is_Integer:
            return self.composed(lambda z: z**exponent, base)
        if exponent < 0 and not vanishes(base[self.poles]) and not any(base[: self.poles]):
            return self.composed(lambda z: z**exponent, base)
        result = factor_ = self.inverse(base) if exponent < 0 else base
        for _ in range(abs(int(exponent)) - 1):
            result = self.times(result, factor_)
        return result

    def inverse(self, base: Series) -> Series:
        """1/(b_v e**v + ...) for any v: b_v q_0 = 1 and sum_j b_{v+j} q_{k-j} = 0."""
        first = next((i for i, c in enumerate(base) if not vanishes(c)), None)
        if first is None or 2 * self.poles < first:
            raise _Pole
        tail, quotient = base[first:], [S.One / base[first]]
        for k in range(1, self.length):
            known = (tail[j] * quotient[k - j] for j in range(1, min(k, len(tail) - 1) + 1))
            quotient.append(cancelled(-sum(known, S.Zero) / base[first]))
        return [*(S.Zero,) * (2 * self.poles - first), *quotient][: self.length]

    def composed(self, function: Callable[[Expr], Expr], inner: Series) -> Series:
        z = Dummy("z")
        start = self.poles
        if not all(vanishes(c) for c in inner[:start]):
            raise _Pole
        shift = [*(S.Zero,) * (start + 1), *inner[start + 1 :]]
        derivative, power = function(z), self._padded([S.One])
        result = [S.Zero] * self.length
        for k in range(self.length - start):
            value = derivative.subs(z, inner[start]) / factorial(k)
            if value.has(nan, oo, -oo, zoo):
                raise _Pole
            if value != 0:
                result = [r + value * p for r, p in zip(result, power, strict=True)]
            derivative, power = derivative.diff(z), self.times(power, shift)
            if not any(power):
                break
        return [cancelled(c) for c in result]

    def by_differentiation(self, expr: Expr) -> Series:
        """For what has no argument of its own, such as an average over another ensemble."""
        e = Dummy("e")
        at = {u: sum((c * e**k for k, c in enumerate(cs)), S.Zero) for u, cs in self.curve.items()}
        derivative = expr.subs(at)
        result = []
        for k in range(self.length - self.poles):
            result.append(derivative.subs(e, 0) / factorial(k))
            derivative = derivative.diff(e)
        return self._padded(result)


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
