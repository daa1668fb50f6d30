"""Sums of exponentials of large arguments, each times a series: what is left of them at small eps.

The largest exponential decides a logarithm or a power of such a sum, and where two of them change
places there is a layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sympy import Expr, Rational, S, Symbol, ceiling, exp, expand, expand_log, factorial, log, oo

from derive.limits.errors import LimitError
from derive.limits.series import Key, Layer, Place, Series, constant, monomial
from derive.limits.signs import Region, Undecided, factors

__all__ = ["Germ", "exponential", "logarithm", "power"]

Exponent = tuple[tuple[Key, Expr], ...]
NO_EXPONENT: Exponent = ()
_EPS = Symbol("eps", positive=True)  # what messages call it
MULTIPLIED_OUT = 4  # powers up to this are, where several exponentials stand under them


@dataclass(frozen=True)
class Germ:
    """sum_k exp(exponent_k) series_k."""

    parts: Mapping[Exponent, Series]

    @staticmethod
    def of(series: Series) -> Germ:
        """Without an exponential."""
        return Germ({NO_EXPONENT: series})

    def __add__(self, other: Germ) -> Germ:
        parts = dict(self.parts)
        for exponent, series in other.parts.items():
            parts[exponent] = parts[exponent] + series if exponent in parts else series
        return Germ(_without_zeros(parts))

    def __mul__(self, other: Germ) -> Germ:
        parts: dict[Exponent, Series] = {}
        for a, f in self.parts.items():
            for b, g in other.parts.items():
                key = _sum(a, b)
                parts[key] = parts[key] + f * g if key in parts else f * g
        return Germ(_without_zeros(parts))

    def __sub__(self, other: Germ) -> Germ:
        return self + other * Germ.of(constant(S.NegativeOne))

    def largest(self, region: Region) -> tuple[Exponent, Series]:
        """The largest exponential, with what the others add to it in layers."""
        # those of most terms first: cosh asks for the sign of its argument, and only then for more
        (best, series), *others = sorted(self.parts.items(), key=lambda part: -len(str(part[0])))
        for exponent, candidate in others:
            order = _sign(exponent, best, region)
            if order > 0:
                best, series = exponent, candidate
            elif order == 0:
                series = series + candidate
        for exponent, smaller in self.parts.items():
            if exponent is not best:
                series = _with_layers(series, smaller, _crossings(exponent, best, region))
        return best, series

    def finite(self, region: Region) -> Series:
        """The part without exponentials; those that vanish leave layers.

        Raises
        ------
        LimitError
            If an exponential grows, or all of them vanish.
        """
        parts = dict(self.parts)
        if NO_EXPONENT not in parts:
            parts[NO_EXPONENT] = constant(S.Zero)
        exponent, series = Germ(parts).largest(region)
        if exponent != NO_EXPONENT:
            raise LimitError(f"it grows like exp({_shown(exponent)}) in the small parameter eps")
        return series


def exponential(argument: Series, relative: Rational) -> Germ:
    """exp of a series."""
    large, middle, small = argument.split()
    power = S.Zero
    if any(p == 0 for p, _ in large.terms):  # exp(c log eps) = eps**c
        logs = {k: c for k, c in large.terms.items() if k[0] == 0}
        ((key, power),) = logs.items() if len(logs) == 1 else (((S.Zero, 2), S.Zero),)
        if key[1] != 1 or not power.is_Rational:
            raise LimitError(f"exp({argument.as_expr(_EPS)}) is no power of the small parameter")
        large = large.without(key)
    if argument.order <= 0:
        raise LimitError("an exponent is known only up to what grows: ask for fewer terms")
    value = _composed(lambda k: exp(middle) / factorial(k), small, relative)
    layers = {place: Layer(S.Zero, _known(layer)) for place, layer in argument.layers.items()}
    exponent = tuple(sorted(((k, _plain(c)) for k, c in large.terms.items()), key=str))
    return Germ({exponent: value.in_layers(layers) * monomial(S.One, power)})


def logarithm(germ: Germ, region: Region, relative: Rational) -> Series:
    """log of what is positive: of its largest exponential."""
    exponent, series = germ.largest(region)
    key, lead = series.leading
    if key[1]:
        raise LimitError("the logarithm of a logarithm of the small parameter has no power series")
    rest = _relative(series)
    found = _composed(lambda k: S.NegativeOne ** (k + 1) / k if k else S.Zero, rest, relative)
    apart = _log(lead, region) if key[0] or exponent else log(lead)
    found = found + constant(apart) + monomial(key[0], 0, 1)
    found = found + Series(dict(exponent))
    layers = {
        place: Layer(found.power, layer.miss - layer.size) for place, layer in series.layers.items()
    }
    return found.in_layers(layers)


def power(germ: Germ, exponent: Expr, region: Region, relative: Rational) -> Germ:
    """A power with an exponent free of eps."""
    if exponent.is_Integer and 0 < exponent <= MULTIPLIED_OUT:
        product = germ
        for _ in range(int(exponent) - 1):
            product = product * germ
        return product
    large, series = germ.largest(region)
    key, lead = series.leading
    if not exponent.is_Rational and key[0] != 0:
        raise LimitError(f"eps**({key[0] * exponent}) is no power with a number as exponent")
    if key[1] and not (exponent.is_Integer and exponent.is_positive):
        raise LimitError("powers of logarithms of the small parameter are not expanded in")

    def binomial(k: int) -> Expr:
        result: Expr = S.One
        for n in range(k):
            result *= (exponent - n) / S(n + 1)
        return result

    found = _composed(binomial, _relative(series), relative)
    found = found * monomial(lead**exponent, key[0] * exponent if key[0] else 0)
    layers = {
        place: Layer(layer.size * exponent, layer.miss - layer.size + layer.size * exponent)
        for place, layer in series.layers.items()
    }
    scaled = tuple((k, _plain(c * exponent)) for k, c in large)
    return Germ({scaled: found.in_layers(layers)})


def _relative(series: Series) -> Series:
    """What the terms after the first are relative to it."""
    key, lead = series.leading
    rest = series.without(key)
    if any(p == key[0] for p, _ in rest.terms):
        raise LimitError("powers of logarithms of the small parameter are not expanded in")
    return rest.in_layers({}).scaled(1 / lead, -key[0], -key[1])


def _composed(coefficient: object, small: Series, relative: Rational) -> Series:
    """sum_k coefficient(k) small**k, as far as the relative order asks for."""
    small = small.in_layers({})
    step = small.power
    if step <= 0:
        raise LimitError("an expansion in what does not vanish")
    count = 1 if step == oo else int(ceiling(relative / step))
    total, product = constant(coefficient(0)), constant(S.One)  # type: ignore[operator]
    for k in range(1, max(count, 1)):
        product = (product * small).up_to(relative)
        total = total + product.scaled(coefficient(k))  # type: ignore[operator]
    rest = oo if step == oo else min(max(count, 1) * step, small.order)
    return total.up_to(rest)


def _log(lead: Expr, region: Region) -> Expr:
    """log of a coefficient, of a product as a sum where the factors are seen to be positive."""
    try:
        apart = all(region.sign(base) > 0 for base, _ in factors(lead))
    except Undecided:
        apart = False
    return expand_log(log(lead), force=True) if apart else log(lead)


def _known(layer: Layer) -> Expr:
    return layer.miss if layer.miss >= 0 else -oo


def _sign(exponent: Exponent, other: Exponent, region: Region) -> int:
    """Of the difference of two exponents."""
    for _, c in _difference(exponent, other):
        if sign := region.sign(c):
            return sign
    return 0


def _crossings(exponent: Exponent, other: Exponent, region: Region) -> list[Place]:
    """The layers in which their difference is of order one."""
    return [
        (form, -p / k)
        for (p, _), c in _difference(exponent, other)[:1]
        for form, k in region.roots(c)
    ]


def _difference(exponent: Exponent, other: Exponent) -> list[tuple[Key, Expr]]:
    """Its terms, the largest first."""
    difference = _sum(exponent, tuple((k, -c) for k, c in other))
    return sorted(difference, key=lambda item: (item[0][0], -item[0][1]))


def _with_layers(series: Series, smaller: Series, places: list[Place]) -> Series:
    """Where another exponential is as large, the series misses it."""
    layers = dict(series.layers)
    for place in places:
        own, missed = series.layer(place), smaller.layer(place).size
        layers[place] = Layer(min(own.size, missed), min(own.miss, missed))
    return series.in_layers(layers)


def _sum(a: Exponent, b: Exponent) -> Exponent:
    if not a or not b:
        return a or b
    terms = dict(a)
    for key, c in b:
        terms[key] = _plain(terms.get(key, S.Zero) + c)
    return tuple(sorted(((k, c) for k, c in terms.items() if c != 0), key=str))


def _plain(coefficient: Expr) -> Expr:
    return expand(coefficient, power_base=False, log=False)


def _shown(exponent: Exponent) -> Expr:
    return Series(dict(exponent)).as_expr(_EPS)


def _without_zeros(parts: dict[Exponent, Series]) -> dict[Exponent, Series]:
    kept = {e: s for e, s in parts.items() if s.terms or s.order < oo}
    return kept or {NO_EXPONENT: constant(S.Zero)}
