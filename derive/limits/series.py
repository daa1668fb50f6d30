"""Truncated series in a small parameter: sums of c eps**p log(eps)**l, and what they leave out.

A coefficient may be piecewise: where a form A(x) changes sign there is a *layer*, in which the
series does not hold.  Its width is eps**width in A, the quantity has the magnitude eps**size there
and differs from its series by eps**miss.  An average over x takes eps**(miss + width) from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from sympy import Add, Expr, Rational, S, Symbol, expand, log, oo

from derive.limits.errors import LimitError

__all__ = ["EXACT", "Key", "Layer", "Place", "Series", "constant", "monomial"]

Key = tuple[Rational, int]  # power of eps, power of log(eps)
Place = tuple[Expr, Rational]  # the form that vanishes in a layer, and its width
EXACT = oo


class Layer(NamedTuple):
    """Powers of eps: of the quantity in a layer, and of its distance from the series there."""

    size: Any
    miss: Any


@dataclass(frozen=True)
class Series:
    """A sum of terms, up to a remainder of the given order (up to logarithms) outside of layers."""

    terms: Mapping[Key, Expr]
    order: Any = EXACT
    layers: Mapping[Place, Layer] = field(default_factory=dict)

    @staticmethod
    def of(terms: Mapping[Key, Expr], order: Any = EXACT, layers: Any = None) -> Series:
        """With vanishing terms left out, and those beyond the order."""
        kept = {k: c for k, c in terms.items() if k[0] < order and c != 0}
        return Series(kept, order, layers or {})

    # -- what leads -------------------------------------------------------------------------------

    @property
    def keys(self) -> list[Key]:
        """Of the terms, the largest first."""
        return sorted(self.terms, key=lambda key: (key[0], -key[1]))

    @property
    def leading(self) -> tuple[Key, Expr]:
        """The largest term.

        Raises
        ------
        LimitError
            If no term is known.
        """
        if not self.terms:
            raise LimitError(f"nothing is known of it but that it is below the order {self.order}")
        key = self.keys[0]
        return key, self.terms[key]

    @property
    def power(self) -> Any:
        """The power of the largest term; the order of the remainder if there is none."""
        return self.keys[0][0] if self.terms else self.order

    def coefficient(self, power: Any = 0, logs: int = 0) -> Expr:
        """Of eps**power log(eps)**logs."""
        return self.terms.get((S(power), logs), S.Zero)

    def layer(self, place: Place) -> Layer:
        """What the quantity is in a layer: as large as outside and known if nothing is said."""
        return self.layers.get(place, Layer(self.power, oo))

    # -- arithmetic -------------------------------------------------------------------------------

    def __add__(self, other: Series) -> Series:
        terms = dict(self.terms)
        for key, c in other.terms.items():
            terms[key] = terms.get(key, S.Zero) + c
        layers = {}
        for place in (*self.layers, *other.layers):
            pair = self.layer(place), other.layer(place)
            layers[place] = Layer(min(a.size for a in pair), min(a.miss for a in pair))
        return Series.of(_cancelled(terms), min(self.order, other.order), layers)

    def __mul__(self, other: Series) -> Series:
        terms: dict[Key, Expr] = {}
        for (p, k), c in self.terms.items():
            for (q, m), d in other.terms.items():
                key = (p + q, k + m)
                terms[key] = terms.get(key, S.Zero) + c * d
        order = min(self.order + other.power, other.order + self.power)
        if not (self.terms or self.order < oo) or not (other.terms or other.order < oo):
            return Series({})
        layers = {}
        for place in (*self.layers, *other.layers):
            a, b = self.layer(place), other.layer(place)
            layers[place] = Layer(a.size + b.size, min(a.miss + b.size, b.miss + a.size))
        return Series.of(terms, order, layers)

    def scaled(self, factor: Expr, power: Any = 0, logs: int = 0) -> Series:
        """Times factor eps**power log(eps)**logs."""
        return self * monomial(factor, power, logs)

    def __neg__(self) -> Series:
        return self.scaled(S.NegativeOne)

    def __sub__(self, other: Series) -> Series:
        return self + (-other)

    def without(self, key: Key) -> Series:
        """Without one term."""
        return replace(self, terms={k: c for k, c in self.terms.items() if k != key})

    def up_to(self, order: Any) -> Series:
        """Truncated."""
        return Series.of(self.terms, min(self.order, order), self.layers)

    def in_layers(self, layers: Mapping[Place, Layer]) -> Series:
        """The same with other layers."""
        return replace(self, layers=dict(layers))

    def mapped(self, change: Any) -> Series:
        """With every coefficient changed."""
        return Series.of({k: change(c) for k, c in self.terms.items()}, self.order, self.layers)

    def split(self) -> tuple[Series, Expr, Series]:
        """Terms that diverge, the constant, and terms that vanish with the remainder."""
        large = {k: c for k, c in self.terms.items() if k[0] < 0 or (k[0] == 0 and k[1] > 0)}
        small = {k: c for k, c in self.terms.items() if k[0] > 0}
        return Series(large), self.coefficient(), Series(small, self.order, self.layers)

    def averaged(self, variables: Iterable[Symbol]) -> tuple[Any, dict[Place, Layer]]:
        """The order left after averaging over variables, and the layers in other variables."""
        bound, order, left = set(variables), self.order, {}
        for (form, width), layer in self.layers.items():
            if form.free_symbols & bound:
                order = min(order, layer.miss + width)
            else:
                left[form, width] = layer
        return order, left

    def as_expr(self, eps: Expr) -> Expr:
        """The sum of the terms."""
        return Add(*(c * eps**p * log(eps) ** k for (p, k), c in self.terms.items()))


def _cancelled(terms: Mapping[Key, Expr]) -> dict[Key, Expr]:
    """Terms that cancel in the sum are seen to vanish."""
    return {
        key: S.Zero if c.is_Add and expand(c, power_base=False, log=False) == 0 else c
        for key, c in terms.items()
    }


def constant(value: Expr) -> Series:
    """A quantity that does not depend on eps."""
    return Series({}) if value == 0 else Series({(S.Zero, 0): value})


def monomial(factor: Expr, power: Any, logs: int = 0) -> Series:
    """factor eps**power log(eps)**logs."""
    return Series.of({(S(power), logs): factor})
