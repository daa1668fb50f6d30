"""Boxes of parameters: what a kernel is called with, rounded outwards so that few boxes do."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from sympy import Expr

from numerics.arguments import matched
from numerics.errors import DomainError, NumericsError
from numerics.matrices import extremes, is_sparse
from numerics.program import Input

__all__ = [
    "ROUNDINGS",
    "Box",
    "box_text",
    "check_declared",
    "checked_tolerance",
    "contains",
    "declared_box",
    "in_domain",
    "interval_of",
    "key_of",
]

FINEST = 2.5e-15  # estimates count so much for rounding

Box = dict[Any, tuple[float, float]]


def key_of(argument: Expr) -> Any:
    """What a box knows an argument by: a symbol, or the label of an array."""
    return getattr(argument, "label", argument) if getattr(argument, "slots", ()) else argument


def interval_of(value: Any) -> tuple[float, float]:
    """The least and the largest entry."""
    if is_sparse(value):
        return extremes(value)
    array = np.asarray(value)
    if array.size == 0:
        return 0.0, 0.0
    return float(np.minimum.reduce(array, axis=None)), float(np.maximum.reduce(array, axis=None))


def contains(outer: Box, inner: Box) -> bool:
    """Whether every range of `inner` lies in that of `outer`."""
    return all(outer[k][0] <= low and high <= outer[k][1] for k, (low, high) in inner.items())


def checked_tolerance(tolerance: float) -> float:
    """A tolerance that can be reached.

    Raises
    ------
    NumericsError
        If it is below the rounding of double precision, or no number below one.
    """
    if not FINEST <= tolerance < 1:
        raise NumericsError(f"tolerance={tolerance!r}: give a number from {FINEST:g} to 1")
    return float(tolerance)


def declared_box(inputs: Sequence[Input], ranges: Mapping[Any, Any]) -> Box:
    """The box of declared ranges, by symbol or label.

    Raises
    ------
    NumericsError
        For a range of an unknown parameter, or one that is empty or not finite.
    """
    found: Box = {}
    for number, pair in matched(inputs, ranges).items():
        given = inputs[number]
        ends = np.asarray(pair, dtype=float)
        if ends.shape == ():
            ends = np.array([ends, ends])
        if ends.shape != (2,) or not np.isfinite(ends).all() or ends[0] > ends[1]:
            raise NumericsError(
                f"the range of {given.name} is {pair!r}: give two finite numbers (low, high)"
            )
        found[key_of(given.symbol)] = float(ends[0]), float(ends[1])
    return found


def check_declared(inputs: Sequence[Input], declared: Box, called: Box) -> None:
    """Refuse values outside of the ranges that were declared."""
    for given in inputs:
        key = key_of(given.symbol)
        if key not in declared or key not in called:
            continue
        (low, high), (least, largest) = declared[key], called[key]
        if least < low or largest > high:
            value = least if least < low else largest
            raise DomainError(
                f"{given.name} = {value!r} lies outside of its declared range ({low!r}, {high!r}): "
                f"compile(..., ranges={{{given.name!r}: (low, high)}}) with a range that holds it"
            )


def box_text(box: Box) -> str:
    """A box in words."""
    parts = (
        f"{key.name} = {low:.6g}" if low == high else f"{key.name} in ({low:.6g}, {high:.6g})"
        for key, (low, high) in box.items()
    )
    return ", ".join(parts) or "no parameters"


# -- rounding outwards, the most generous first ------------------------------------------------


def _symmetric(low: float, high: float) -> tuple[float, float]:
    """Both signs, up to a power of two, at least one."""
    end = max(1.0, _above(max(-low, high)))
    return -end, end


def _one_sided(low: float, high: float) -> tuple[float, float]:
    """From zero to a power of two, at least one."""
    if low < 0 < high:
        return _symmetric(low, high)
    if low < 0:
        return -max(1.0, _above(-low)), 0.0
    return 0.0, max(1.0, _above(high))


def _dyadic(low: float, high: float) -> tuple[float, float]:
    """Powers of two, away from zero; near one their distances from one, away from one."""
    if high < 0:
        lower, upper = _dyadic(-high, -low)
        return -upper, -lower
    if low < 0:
        return -_dyadic(0.0, -low)[1], _dyadic(0.0, high)[1]
    lower = 0.0 if low == 0 else 1.0 if low >= 1 and low < 2 else _below(low)
    if low < 1 and low > 0.5:
        lower = 1 - _above(1 - low)
    upper = 1 - _below(1 - high) if 0.5 < high < 1 else 0.0 if high == 0 else _above(high)
    return lower, upper


def _exact(low: float, high: float) -> tuple[float, float]:
    return low, high


ROUNDINGS: tuple[Callable[[float, float], tuple[float, float]], ...] = (
    _symmetric,
    _one_sided,
    _dyadic,
    _exact,
)


def _above(value: float) -> float:
    """The least power of two that is not below a positive number."""
    mantissa, exponent = math.frexp(value)
    return math.ldexp(1.0, exponent - (mantissa == 0.5)) if value > 0 else 0.0


def _below(value: float) -> float:
    """The largest power of two that is not above a positive number."""
    return math.ldexp(1.0, math.frexp(value)[1] - 1)


def in_domain(
    symbol: Expr, rounded: tuple[float, float], called: tuple[float, float]
) -> tuple[float, float]:
    """A rounded range without what the symbol's declaration excludes; zero stays an end."""
    low, high = rounded
    if symbol.is_nonnegative:
        low = max(low, 0.0)
    if symbol.is_nonpositive:
        high = min(high, 0.0)
    return min(low, called[0]), max(high, called[1])
