"""The condition number of an expression: the sum over its parameters of ``abs(x df/dx / f)``.

Derivatives are symbolic; those of Gaussian averages are differences of the reference instead, as a
kink in an integrand would leave delta functions in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from mpmath import mpf, workdps
from sympy import Expr

from derive.equations import (
    Element,
    GaussianAverage,
    Index,
    LogDet,
    OrthantProbability,
    OwenT,
)
from numerics.derivatives import derivatives
from numerics.errors import UnsupportedExpressionError
from numerics.reference import Undefined, evaluate, trusted

__all__ = ["Conditioning"]

STEP = mpf(2) ** -60  # relative: small beside a distance of 2**-53 to a singularity
LEAST = 28  # digits of a difference

Values = Mapping[Any, Any]
Place = Mapping[Index, int]


class Conditioning:
    """What the value of an expression moves by when its parameters move, relative to them."""

    def __init__(self, expr: Expr, symbols: Sequence[Expr]) -> None:
        if expr.has(LogDet):
            raise UnsupportedExpressionError(
                "the condition number of a determinant of symbolic size is not known: certify the "
                "entry of its matrix instead"
            )
        self.expr, self.symbols = expr, symbols
        self.by_differences = expr.has(GaussianAverage, OwenT, OrthantProbability)
        self.slopes = [] if self.by_differences else [_slope(expr, s) for s in symbols]

    def spread(self, values: Values, at: Place, digits: int) -> tuple[Any, int]:
        """The sum of abs(x df/dx) at a point, and the digits that were needed."""
        if self.by_differences:
            return self._differences(values, at, max(digits, LEAST)), digits
        terms, places = [], []
        for parameter, slope, indices in self.slopes:
            sizes = [int(values.get(i.size, i.size)) for i in indices]
            for place in product(*(range(1, n + 1) for n in sizes)):
                if slope != 0 and (not _is_mirrored(parameter) or place[0] <= place[1]):
                    terms.append(parameter * slope)
                    places.append({**at, **dict(zip(indices, place, strict=True))})
        moved, used = trusted(terms, values, places, 20, 1e-3)
        return sum(map(abs, moved), mpf(0)), used

    def _differences(self, values: Values, at: Place, digits: int) -> Any:
        here = evaluate(self.expr, values, digits, at)
        found = mpf(0)
        for symbol in self.symbols:
            for moves in _moved(symbol, values):
                found += self._difference(here, moves, at, digits)
        return found

    def _difference(self, here: Any, moves: Sequence[Values], at: Place, digits: int) -> Any:
        """Towards zero, or away from it where there is no value on that side."""
        reason = None
        for moved in moves:
            try:
                return abs(evaluate(self.expr, moved, digits, at) - here) / STEP
            except Undefined as error:
                reason = error
        raise Undefined(str(reason))


def _moved(symbol: Expr, values: Values) -> Iterator[list[dict[Any, Any]]]:
    """For each number of a parameter, the values with it moved by a step on either side."""
    if not (isinstance(symbol, Element) and symbol.slots):
        if (value := values[symbol]) != 0:
            yield [{**values, symbol: _exact(value, side)} for side in (-1, 1)]
        return
    array = values[symbol.label]
    for place in np.ndindex(array.shape):
        if array[place] == 0 or (_is_mirrored(symbol) and place[0] > place[1]):
            continue
        both = []
        for side in (-1, 1):
            changed = array.astype(object)
            changed[place] = _exact(array[place], side)
            if _is_mirrored(symbol):
                changed[place[::-1]] = changed[place]
            both.append({**values, symbol.label: changed})
        yield both


def _exact(value: Any, side: int) -> Any:
    with workdps(60):
        return mpf(float(value)) * (1 + side * STEP)


def _slope(expr: Expr, symbol: Expr) -> tuple[Expr, Expr, tuple[Index, ...]]:
    """A parameter with the derivative by it, and the indices over which both are summed."""
    if not (isinstance(symbol, Element) and symbol.slots):
        return symbol, derivatives([expr], [symbol])[0][0], ()
    taken = {index.name for index in expr.atoms(Index)}
    names = [f"c{k}" for k in range(1, 100) if f"c{k}" not in taken]
    indices = tuple(Index(n, r) for n, r in zip(names, symbol.label.ranges, strict=False))
    element = symbol.label[indices]
    return element, derivatives([expr], [element])[0][0], indices


def _is_mirrored(parameter: Expr) -> bool:
    """Whether an entry of an array stands for two, so that one of them is counted."""
    return (
        isinstance(parameter, Element) and parameter.label.symmetric and len(parameter.slots) == 2
    )
