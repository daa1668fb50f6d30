"""Special functions of sums of exponentials: log-sum-exp and averages under exponential weights."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from sympy import Add, Expr, S, exp, log

from numerics.builder import Builder, Value
from numerics.special import StableFunction

__all__ = ["LogSumExp", "SoftAverage"]

NEG_INF = float("-inf")


def _masked(b: Builder, weight: Value, exponent: Value) -> Value:
    """The exponent, or -oo where the weight is zero, so that it neither leads nor overflows."""
    if isinstance(weight.operand, float):
        return exponent
    return b.emit("select", 0.0, abs(weight), exponent, NEG_INF)


def _weighted(weight: Value, value: Value) -> Value:
    return value if weight.is_constant(1.0) else weight * value


def _total(values: list[Value]) -> Value:
    result = values[0]
    for value in values[1:]:
        result = result + value
    return result


def _shifted(b: Builder, weights: list[Value], exponents: list[Value]) -> tuple[Value, list[Value]]:
    """The largest exponent M and every w exp(a - M)."""
    masked = [_masked(b, w, a) for w, a in zip(weights, exponents, strict=True)]
    top = masked[0]
    for exponent in masked[1:]:
        top = b.emit("maximum", top, exponent)
    terms = [_weighted(w, b.emit("exp", a - top)) for w, a in zip(weights, masked, strict=True)]
    return top, terms


class LogSumExp(StableFunction):
    """log(w1 exp(a1) + w2 exp(a2) + ...), arguments w1, a1, w2, a2, ...

    Where the weights sum to one it is accurate near zero too: then log(1 + sum w expm1(a)).

    Examples
    --------
    >>> from sympy import symbols
    >>> from numerics.exponentials import LogSumExp
    >>> a, b = symbols("a b")
    >>> LogSumExp.naive(1, a, 2, b)
    log(exp(a) + 2*exp(b))
    """

    @classmethod
    def naive(cls, *args: Any) -> Expr:
        return log(Add(*(w * exp(a) for w, a in zip(args[::2], args[1::2], strict=True))))

    def _eval_derivative(self, other: Any) -> Expr:
        """The average of the exponents' derivatives, in one average so that they cancel inside."""
        weights, exponents = self.args[::2], self.args[1::2]
        moved = SoftAverage.over([a.diff(other) for a in exponents], weights, exponents)
        shares = zip(weights, exponents, strict=True)
        return moved + Add(*(w.diff(other) * exp(a - self) for w, a in shares))

    def recipe(self, b: Builder, *args: Value) -> Value:
        weights, exponents = list(args[::2]), list(args[1::2])
        top, terms = _shifted(b, weights, exponents)
        far = top + b.emit("log", _total(terms))
        if Add(*self.args[::2]).expand() != 1:
            return far
        parts = [_weighted(w, b.emit("expm1", a)) for w, a in zip(weights, exponents, strict=True)]
        spread = abs(exponents[0])
        for exponent in exponents[1:]:
            spread = b.emit("maximum", spread, abs(exponent))
        return b.emit("select", spread, 0.5, b.emit("log1p", _total(parts)), far)


class SoftAverage(StableFunction):
    """Average of v under the weights w exp(a), arguments v1, w1, a1, v2, w2, a2, ..."""

    @classmethod
    def naive(cls, *args: Any) -> Expr:
        v, w, a = args[::3], args[1::3], args[2::3]
        weights = [p * exp(x) for p, x in zip(w, a, strict=True)]
        return Add(*(x * p for x, p in zip(v, weights, strict=True))) / Add(*weights)

    @classmethod
    def pick(cls, k: int, weights: Any, exponents: Any) -> Expr:
        """The k-th normalised weight."""
        values = [S.One if n == k else S.Zero for n in range(len(weights))]
        return cls.over(values, weights, exponents)

    @classmethod
    def over(cls, values: Any, weights: Any, exponents: Any) -> Expr:
        """The average of given values."""
        if all(value == values[0] for value in values):
            return values[0]
        triples = zip(values, weights, exponents, strict=True)
        return cls(*(item for triple in triples for item in triple))

    def _eval_derivative(self, other: Any) -> Expr:
        """<v'> + cov(v, a') + what the weights add, with differences taken inside of averages."""
        v, w, a = self.args[::3], self.args[1::3], self.args[2::3]
        slopes = [exponent.diff(other) for exponent in a]
        result = self.over([value.diff(other) for value in v], w, a)
        for k, l in combinations(range(len(v)), 2):
            # cov(v, a') = sum over pairs of p_k p_l (v_k - v_l) (a'_k - a'_l)
            spread = (v[k] - v[l]) * (slopes[k] - slopes[l])
            if spread != 0:
                result += spread * self.pick(k, w, a) * self.pick(l, w, a)
        for k, weight in enumerate(w):
            excess = self.over([v[k] - value for value in v], w, a)
            result += weight.diff(other) * exp(a[k] - _log_sum(w, a)) * excess
        return result

    def recipe(self, b: Builder, *args: Value) -> Value:
        values, weights, exponents = list(args[::3]), list(args[1::3]), list(args[2::3])
        top, terms = _shifted(b, weights, exponents)
        counts = [v * w for v, w in zip(self.args[::3], self.args[1::3], strict=True)]
        numerators = terms
        if Add(*counts).expand() == 0:  # then sum v w exp(a) = sum v w expm1(a), without cancelling
            pairs = zip(weights, exponents, strict=True)
            numerators = [_weighted(w, b.emit("expm1", a - top)) for w, a in pairs]
        pairs = zip(values, numerators, strict=True)
        counted = [_weighted(v, term) for v, term in pairs if not v.is_constant(0.0)]
        return _total(counted) / _total(terms)


def _log_sum(weights: Any, exponents: Any) -> Expr:
    return LogSumExp(*(x for pair in zip(weights, exponents, strict=True) for x in pair))
