r"""The order of factors in a product, and which of them stand over the line of a fraction.

A product reads: number, imaginary unit, sizes (N), inverse temperature, capitals (J), Greek, lower
case (h, m), deltas, given arrays, components, brackets, functions, sums.  Over a simple denominator
stand the letters, except powers of lower-case ones: ``\frac{\beta J}{2 N} m^{2}``.
"""

from __future__ import annotations

from typing import Any

from sympy import E, Function, I, KroneckerDelta, Mul, Pow, S, Symbol, exp, sqrt

from derive.gaussian.average import GaussianAverage
from derive.gaussian_norm import GaussianNorm
from derive.indices import Element
from derive.nested import LogZ
from derive.total import IndexedProduct, Total
from derive.typesetting.symbol_names import is_greek

__all__ = [
    "is_simple",
    "number_and_factors",
    "over_the_line",
    "root_of_two_below",
    "split_fraction",
    "with_one_root",
]

# The places in a product, in order.
_NUMBER, _SIZE, _BETA, _CAPITAL, _GREEK, _LOWER, _DELTA, _GIVEN, _COMPONENT = range(9)
_BRACKET, _FUNCTION, _OTHER, _POWER_OF_SUM, _SUM = range(9, 14)


def number_and_factors(term: Any) -> tuple[Any, list[Any]]:
    """The numerical coefficient and the other factors, in the order of printing."""
    factors = list(Mul.make_args(term))
    number = Mul(*(f for f in factors if f.is_Rational or f.is_Float))
    others = [f for f in factors if not (f.is_Rational or f.is_Float)]
    return number, sorted(others, key=_place)


def split_fraction(factors: list[Any]) -> tuple[list[Any], list[Any]]:
    """Factors above and below the line; exponentials stay above."""
    above: list[Any] = []
    below: list[Any] = []
    for factor in factors:
        power = factor.exp if isinstance(factor, Pow) and factor.base is not E else S.One
        negative = power.is_Rational and power.is_negative
        if negative or (power.is_Mul and power.could_extract_minus_sign()):
            below.append(Pow(factor.base, -power))
        else:
            above.append(factor)
    return above, below


def with_one_root(factors: list[Any]) -> list[Any]:
    """sqrt(a) sqrt(p)/sqrt(q) as sqrt(a p/q), which holds for positive p and q."""
    roots = [f for f in factors if isinstance(f, Pow) and abs(f.exp) == S.Half]
    positive = [f for f in roots if f.base.is_positive]
    open_ = [f for f in roots if not f.base.is_positive and f.exp == S.Half][:1]
    joined = [*positive, *open_]
    if len(joined) < 2:
        return factors
    radicand = Mul(*(f.base ** (2 * f.exp) for f in joined))
    root = Pow(radicand, S.Half, evaluate=False)
    return sorted([*(f for f in factors if f not in joined), root], key=_place)


def root_of_two_below(number: Any, above: list[Any], below: list[Any]) -> Any:
    """sqrt(2)/(2 sqrt(a)) as 1/sqrt(2 a): (number, above, below)."""
    roots = [f for f in below if isinstance(f, Pow) and f.exp == S.Half]
    if not (number.is_Rational and number.q % 2 == 0 and len(roots) == 1 and sqrt(2) in above):
        return number, above, below
    (root,) = roots
    twice = Pow(Mul(2, root.base, evaluate=False), S.Half, evaluate=False)
    kept = [f for f in above if f != sqrt(2)]
    return 2 * number, kept, [twice if f is root else f for f in below]


def over_the_line(above: list[Any], simple: bool) -> tuple[list[Any], list[Any]]:
    """What stands in the numerator, and what follows the fraction."""
    inside: list[Any] = []
    outside: list[Any] = []
    for factor in above:
        (inside if _stands_above(factor, simple) else outside).append(factor)
    short = all(_place(f)[0] <= _COMPONENT for f in above)  # m^2/2 rather than (1/2) m^2
    short = short or (len(above) == 1 and above[0].is_Add and not above[0].has(Function, Total))
    return (outside, []) if not inside and (short or not simple) else (inside, outside)


def _stands_above(factor: Any, simple: bool) -> bool:
    """Whether a factor stands over the line, given whether the denominator is simple."""
    if not simple:
        return _place(factor)[0] < _POWER_OF_SUM
    return _place(factor)[0] < _LOWER + (not isinstance(factor, Pow))


def is_simple(factor: Any) -> bool:
    """Whether a factor of a denominator is a number or a letter."""
    return _place(factor)[0] < _DELTA


def _place(factor: Any) -> tuple[int, Any]:
    """The place of a factor in a product, then alphabetically."""
    base = factor.base if isinstance(factor, Pow) else factor
    if base.is_Number or base.is_NumberSymbol or base == I:
        return _NUMBER, (base == I, str(factor))
    key = (getattr(base, "name", ""), str(factor))
    if isinstance(base, Symbol) or (isinstance(base, Element) and not base.slots):
        return _letter_place(base), key
    if isinstance(base, Element):
        return (_GIVEN if base.label.given else _COMPONENT), key
    if isinstance(base, Total | IndexedProduct | LogZ | GaussianNorm | GaussianAverage):
        simplest_first = (isinstance(base, Total), base.count_ops(), key)
        return (_SUM if base is factor else _POWER_OF_SUM), simplest_first
    if isinstance(base, KroneckerDelta):
        return _DELTA, key
    if base.is_Add:
        return _BRACKET, (base is not factor, str(factor))
    if isinstance(base, Function):
        return _FUNCTION, (not isinstance(base, exp), str(factor))
    return _OTHER, key


def _letter_place(symbol: Any) -> int:
    name = symbol.name
    if isinstance(symbol, Symbol) and symbol.is_integer and symbol.is_positive:
        return _SIZE
    if name in ("beta", "β"):
        return _BETA
    if is_greek(name):
        return _GREEK
    return _CAPITAL if name[:1].isupper() else _LOWER
