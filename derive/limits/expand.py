"""The expansion of an expression as a parameter eps goes to zero from above.

Everything is expanded at fixed values of the variables of averages; the sign of a large argument
decides which row of the table holds, and both sides of it are summed.
"""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy import (
    Abs,
    Add,
    Dummy,
    Expr,
    Heaviside,
    Max,
    Min,
    Mul,
    Pow,
    S,
    Symbol,
    ceiling,
    exp,
    factorial,
    log,
    oo,
    sign,
)

from derive.gaussian.average import GaussianAverage
from derive.limits.averages import averaged
from derive.limits.errors import LimitError
from derive.limits.germ import Germ, exponential, logarithm, power
from derive.limits.largest_exponent import largest_exponent
from derive.limits.series import Layer, Series, constant, monomial
from derive.limits.signs import Region
from derive.limits.table import IN_EXPONENTIALS, ROWS, Row

__all__ = ["Expansion"]

_BIG = Dummy("x")


class Expansion:
    """Expansions in one parameter, to a relative order.

    Parameters
    ----------
    eps : Symbol
        The small parameter, positive.
    relative : Rational
        How many powers of eps beyond the leading one each operation keeps.
    """

    def __init__(self, eps: Symbol, relative: Any = 2) -> None:
        self.eps = eps
        self.relative = S(relative)
        self._known: dict[Any, Germ] = {}

    def germ(self, expr: Expr, region: Region) -> Germ:
        """An expression as a sum of exponentials times series, on a region."""
        key = expr, region
        if key not in self._known:
            self._known[key] = self._germ(expr, region)
        return self._known[key]

    def series(self, expr: Expr, region: Region) -> Series:
        """An expression without large exponentials, on a region."""
        return self.germ(expr, region).finite(region)

    def _germ(self, expr: Expr, region: Region) -> Germ:
        if self.eps not in expr.free_symbols:
            return Germ.of(constant(expr))
        if expr == self.eps:
            return Germ.of(monomial(S.One, 1))
        if isinstance(expr, Add | Mul):
            first, *others = (self.germ(arg, region) for arg in expr.args)
            for other in others:
                first = first + other if expr.is_Add else first * other
            return first
        if isinstance(expr, GaussianAverage):
            return self._average(expr, region)
        return self._function(expr, region)

    def _average(self, node: Any, region: Region) -> Germ:
        """At fixed values of its variables; where that fails, in closed form."""
        try:
            found = averaged(self, node, region)
            if any(series.terms for series in found.parts.values()):
                return found
        except LimitError:
            if (closed := node.doit()).has(GaussianAverage):
                raise
            return self.germ(closed, region)
        closed = node.doit()
        return found if closed.has(GaussianAverage) else self.germ(closed, region)

    def _function(self, expr: Any, region: Region) -> Germ:
        if isinstance(expr, Pow) and not isinstance(expr, exp):
            return self._power(expr, region)
        if isinstance(expr, exp):
            return exponential(self.series(expr.args[0], region), self.relative)
        if isinstance(expr, log):
            return Germ.of(self._logarithm(expr.args[0], region))
        if isinstance(expr, Max | Min):
            return self._extreme(expr, region)
        if not isinstance(expr, sp.Function):
            raise LimitError(f"how {expr} behaves as {self.eps} -> 0 is not known")
        arguments = [self.series(arg, region) for arg in expr.args]
        if isinstance(expr, Heaviside | sign | Abs):
            return Germ.of(_kinked(expr, arguments[0], region))
        if all(a.power >= 0 and not a.split()[0].terms for a in arguments):
            return Germ.of(self._taylor(expr, arguments))
        return self._at_infinity(expr, arguments, region)

    def _logarithm(self, argument: Any, region: Region) -> Series:
        """Of an average over a law that becomes sharp, by its largest exponent."""
        for factor in Mul.make_args(argument):
            largest = largest_exponent(self, factor, region)
            if largest is not None:
                others = self.germ(argument / factor, region)
                return largest + logarithm(others, region, self.relative)
        return logarithm(self.germ(argument, region), region, self.relative)

    def _power(self, expr: Pow, region: Region) -> Germ:
        base = self.germ(expr.base, region)
        if self.eps not in expr.exp.free_symbols:
            return power(base, expr.exp, region, self.relative)
        exponent = self.series(expr.exp, region) * logarithm(base, region, self.relative)
        return exponential(exponent, self.relative)

    def _extreme(self, expr: Any, region: Region) -> Germ:
        """max(a, b) = (a + b + |a - b|)/2."""
        first, *others = expr.args
        side = 1 if isinstance(expr, Max) else -1
        for other in others:
            first = (first + other + side * Abs(first - other, evaluate=False)) / 2
        return self.germ(first, region)

    def _taylor(self, expr: Any, arguments: list[Series]) -> Series:
        """A function of arguments that have finite limits."""
        middle = [a.coefficient() for a in arguments]
        small = [(a - constant(c)) for a, c in zip(arguments, middle, strict=True)]
        step = min(s.power for s in small)
        count = 1 if step == oo else int(ceiling(self.relative / step))
        way, slopes = Dummy("t"), [Dummy("d") for _ in small]
        along = expr.func(*(c + way * d for c, d in zip(middle, slopes, strict=True)))
        total, layers = constant(S.Zero), _finite_layers(arguments)
        rest = {d: s.in_layers({}) for d, s in zip(slopes, small, strict=True)}
        for k in range(count):
            term = along.diff(way, k).subs(way, 0) / factorial(k)
            if term.has(sp.nan, sp.zoo, oo):
                raise LimitError(f"{expr} is singular at {middle}: its expansion there is unknown")
            total = total + _in_series(term, rest)
        order = oo if step == oo else min(count * step, *(s.order for s in small))
        return total.up_to(order).in_layers(layers)

    def _at_infinity(self, expr: Any, arguments: list[Series], region: Region) -> Germ:
        kind, argument = expr.func, arguments[0]
        if kind in IN_EXPONENTIALS:
            grows = exponential(argument, self.relative), exponential(-argument, self.relative)
            above, below = (
                part if isinstance(part, Germ) else Germ.of(constant(part))
                for part in IN_EXPONENTIALS[kind](*grows)
            )
            return above * power(below, S.NegativeOne, region, self.relative)
        side = region.sign(argument.leading[1])
        row = ROWS.get((kind, side))
        if row is None:
            raise LimitError(
                f"how {kind.__name__} behaves at {'+' if side > 0 else '-'}oo is not in the table, "
                f"which occurs as {expr}"
            )
        return self._by_row(row, argument, region)

    def _by_row(self, row: Row, argument: Series, region: Region) -> Germ:
        (p, _), lead = argument.leading
        count = int(ceiling(self.relative / (row.step * -p)))
        powers = (row.power - row.step * k for k in range(count))
        total = Add(*(row.coefficient(k) * _BIG**n for k, n in enumerate(powers)))
        own = Germ.of(argument.in_layers({}))
        algebraic = self._of_big(total, own, region)
        algebraic = algebraic.up_to(algebraic.power + count * row.step * -p)
        found = Germ.of(algebraic)
        if row.rate:
            exponent = self._of_big(row.rate * _BIG**row.degree, own, region)
            found = found * exponential(exponent, self.relative)
        places = [*argument.layers, *((form, -p / k) for form, k in region.roots(lead))]
        ((key, series),) = found.parts.items()
        found = Germ({key: series.in_layers(dict.fromkeys(places, Layer(S.Zero, S.Zero)))})
        return Germ.of(constant(row.constant)) + found if row.constant != 0 else found

    def _of_big(self, expr: Expr, argument: Germ, region: Region) -> Series:
        """A sum of powers of the large argument."""
        total = constant(S.Zero)
        for term in Add.make_args(expr):
            factor, base = term.as_independent(_BIG)
            value = power(argument, base.as_base_exp()[1], region, self.relative)
            total = total + value.finite(region).scaled(factor)
        return total


def _in_series(polynomial: Expr, values: dict[Any, Series]) -> Series:
    """A polynomial of small quantities."""
    total = constant(S.Zero)
    for powers, coefficient in polynomial.as_poly(*values).terms():
        product = constant(coefficient)
        for value, n in zip(values.values(), powers, strict=True):
            for _ in range(n):
                product = product * value
        total = total + product
    return total


def _finite_layers(arguments: list[Series]) -> dict[Any, Layer]:
    """A smooth function of finite arguments misses in layers what its arguments miss."""
    layers = {}
    for place in {p for a in arguments for p in a.layers}:
        miss = min(a.layer(place).miss for a in arguments)
        layers[place] = Layer(S.Zero, miss if miss >= 0 else -oo)
    return layers


def _kinked(expr: Any, argument: Series, region: Region) -> Series:
    """A step, a sign or a modulus, by the sign of the largest term; the next one may shift it."""
    (p, _), lead = argument.leading
    side = region.sign(lead)
    below = argument.without(argument.keys[0]).power
    if expr.func is Abs:
        value = argument.scaled(S(side))
    else:
        value = constant(S(side) if expr.func is sign else S((side + 1) // 2))
    if below == oo:
        return value
    size = below if expr.func is Abs else S.Zero
    layers = dict(value.layers)
    for form, k in region.roots(lead):
        layers[form, (below - p) / k] = Layer(size, size)
    return value.in_layers(layers)
