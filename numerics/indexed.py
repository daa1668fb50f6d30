"""Logs and ratios of exponentials summed over an index, shifted by the largest exponent.

``log sum_i exp(A_i)`` and ``exp(A_k) / sum_i exp(A_i)``, also with factors beside the exponentials
and with several such sums added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sympy import Add, Expr, Mul, Pow, S, log

from derive.equations import Total
from numerics.builder import Builder, Value
from numerics.contract import sum_of_product
from numerics.node_sum import NodeSum
from numerics.program import Axis, Range
from numerics.softmax import exponential_terms
from numerics.special import StableFunction

__all__ = ["LogTotal", "Share", "log_of_total", "lower_log_total", "lower_share", "share_of_total"]


class LogTotal(StableFunction):
    """The log of a sum of exponentials over an index: ``LogTotal(Total(exp(V[i]), i))``."""

    @classmethod
    def naive(cls, total: Expr) -> Expr:
        return log(total)

    def _eval_derivative(self, other: Any) -> Expr:
        return Share(self.args[0].diff(other), self.args[0])


class Share(StableFunction):
    """A sum of exponentials over another: ``Share(exp(V[k]), Total(exp(V[i]), i))``."""

    @classmethod
    def naive(cls, part: Expr, total: Expr) -> Expr:
        return part / total

    @classmethod
    def eval(cls, part: Expr, total: Expr) -> Expr | None:
        return S.Zero if part.is_zero else None

    def _eval_derivative(self, other: Any) -> Expr:
        part, total = self.args
        return Share(part.diff(other), total) - self * Share(total.diff(other), total)


@dataclass(frozen=True)
class _Piece:
    """``coefficient * sum over indices of (factors * exp(exponent))``."""

    coefficient: Expr
    factors: tuple[Expr, ...]
    exponent: Expr
    indices: tuple[Any, ...]


def log_of_total(expr: Expr) -> Expr | None:
    """log of a sum over an index of exponentials; None if it is none."""
    if isinstance(expr, log) and _has_total(expr.args[0]) and _pieces(expr.args[0]) is not None:
        return LogTotal(expr.args[0])
    return None


def share_of_total(expr: Expr) -> Expr | None:
    """A product divided by a sum over an index of exponentials; None if it is none."""
    if not isinstance(expr, Mul | Pow):
        return None
    factors = list(Mul.make_args(expr))
    for k, factor in enumerate(factors):
        base, power = factor.as_base_exp()
        if not (power.is_Integer and power < 0 and _has_total(base)) or _pieces(base) is None:
            continue
        rest = factors[:k] + factors[k + 1 :]
        heavy = [f for f in rest if _has_total(f) or exponential_terms(f) is not None]
        light = [f for f in rest if f not in heavy]
        part = Mul(*heavy) if _pieces(Mul(*heavy)) is not None else S.One
        left = [] if part != 1 else heavy
        return Mul(*light, *left, base ** (power + 1), Share(part, base))
    return None


def _has_total(expr: Expr) -> bool:
    if isinstance(expr, Total | NodeSum):
        return exponential_terms(expr.body) is not None
    return isinstance(expr, Add | Mul) and any(_has_total(arg) for arg in expr.args)


def _pieces(expr: Expr) -> list[_Piece] | None:
    """A sum as pieces; None if a term holds exponentials in another form."""
    found: list[_Piece] = []
    for term in _terms(expr):
        totals = [f for f in Mul.make_args(term) if _has_total(f)]
        rest = Mul(*(f for f in Mul.make_args(term) if f not in totals))
        if len(totals) > 1 or any(not isinstance(f, Total | NodeSum) for f in totals):
            return None
        body, indices = (totals[0].body, totals[0].indices) if totals else (S.One, ())
        outer = exponential_terms(rest) or [(rest, S.Zero)]
        inner = exponential_terms(body) or [(body, S.Zero)]
        for c, a in outer:
            for factor, b in inner:
                found.append(_Piece(c, Mul.make_args(factor), a + b, tuple(indices)))
    return found


def _terms(expr: Expr) -> Iterator[Expr]:
    """The terms of an expression, products with sums that hold totals multiplied out."""
    for term in Add.make_args(expr):
        sums = [f for f in Mul.make_args(term) if isinstance(f, Add) and _has_total(f)]
        if not sums:
            yield term
            continue
        rest = list(Mul.make_args(term))
        rest.remove(sums[0])
        for inner in sums[0].args:
            yield from _terms(Mul(*rest, inner))


# -- lowering ------------------------------------------------------------


@dataclass(frozen=True)
class Lowering:
    """What the lowering lends: registers of expressions, axes of indices, sizes of ranges."""

    builder: Builder
    value: Callable[[Expr], Value]
    axis: Callable[[Any], Axis]
    size: Callable[[Range], Value]


def lower_log_total(low: Lowering, expr: LogTotal) -> Value:
    """M + log(sum of exp(A - M))."""
    pieces = _pieces(expr.args[0]) or []
    top = _largest(low, pieces)
    return top + low.builder.emit("log", _scaled(low, pieces, top))


def lower_share(low: Lowering, expr: Share) -> Value:
    """Both sums shifted by the largest exponent of the denominator."""
    part, total = expr.args
    above, below = _pieces(part), _pieces(total) or []
    if (
        above is None
    ):  # a product of totals: unshifted, so that an overflow is an error, never wrong
        return low.value(part) / low.value(total)
    top = _largest(low, below)
    return _scaled(low, above, top) / _scaled(low, below, top)


def _largest(low: Lowering, pieces: Sequence[_Piece]) -> Value:
    result: Value | None = None
    for piece in pieces:
        exponent = low.value(piece.exponent)
        own = [a for a in map(low.axis, piece.indices) if a in exponent.axes]
        peak = low.builder.emit("max", exponent, over=own) if own else exponent
        result = peak if result is None else low.builder.emit("maximum", result, peak)
    return result if result is not None else low.builder.constant(0.0)


def _scaled(low: Lowering, pieces: Sequence[_Piece], top: Value) -> Value:
    """The sum of the pieces, times exp(-M)."""
    terms = []
    for piece in pieces:
        weight = low.builder.emit("exp", low.value(piece.exponent) - top)
        factors = [*(low.value(f) for f in piece.factors if f != 1), weight]
        axes = [low.axis(index) for index in piece.indices]
        term = sum_of_product(low.builder, factors, axes, low.size)
        terms.append(term if piece.coefficient == 1 else low.value(piece.coefficient) * term)
    result = terms[0]
    for term in terms[1:]:
        result = result + term
    return result
