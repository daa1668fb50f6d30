"""The domain of an equation, from its symbols and what is said of them, and points of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from sympy import Expr, Integer, Rational, S, Symbol, oo, sympify

from derive.errors import ParameterError

__all__ = ["Domain"]

# one for each point, so that no two lie on a lattice
_DENOMINATORS = (997, 991, 983, 977, 971, 967, 953, 947, 941, 937, 929, 919, 911, 907, 887, 883)
_SEED = 20


@dataclass(frozen=True)
class Domain:
    """An open interval for each symbol.

    Attributes
    ----------
    intervals : tuple of (Symbol, (Expr, Expr))
        The ends may be infinite.
    """

    intervals: tuple[tuple[Symbol, tuple[Expr, Expr]], ...]

    @classmethod
    def of(cls, symbols: Iterable[Symbol], given: Mapping[Any, Any] | None) -> Domain:
        """The intervals that are given, and for other symbols what they declare.

        Raises
        ------
        ParameterError
            If an interval is empty, none, or of a symbol that does not occur.
        """
        names = sorted(symbols, key=str)
        known = {str(name): name for name in names}
        chosen: dict[Symbol, tuple[Expr, Expr]] = {}
        for key, ends in (given or {}).items():
            if str(key) not in known:
                there = ", ".join(known) or "none"
                raise ParameterError(f"domain= names {key}, which occurs on neither side: {there}")
            chosen[known[str(key)]] = _interval(key, ends)
        return cls(tuple((name, chosen.get(name) or _declared(name)) for name in names))

    def of_symbols(self, symbols: Iterable[Symbol]) -> Domain:
        """The same for some of the symbols."""
        kept = set(symbols)
        return Domain(tuple(pair for pair in self.intervals if pair[0] in kept))

    def __getitem__(self, name: Symbol) -> tuple[Expr, Expr]:
        return dict(self.intervals)[name]

    def points(self, count: int) -> list[dict[Symbol, Expr]]:
        """Random rational points: of any symbol, one value in each of `count` parts of its range.

        The same points on every call.
        """
        random = Random(_SEED)
        columns = [_column(name, *ends, count, random) for name, ends in self.intervals]
        names = [name for name, _ in self.intervals]
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)] or [{}]

    def rounded(self, point: Mapping[Symbol, Expr]) -> dict[Symbol, Expr]:
        """A point nearby that is easy to read, inside the domain where one decimal allows it."""
        found = {}
        for name, value in point.items():
            near = Rational(round(value * 10), 10)
            low, high = self[name]
            found[name] = near if low < near < high and not name.is_integer else value
        return found


def place(u: Rational, low: Expr, high: Expr) -> Expr:
    """The point of an interval at a fraction u of it; infinite ones are compressed."""
    if low == -oo and high == oo:
        return (2 * u - 1) / (u * (1 - u)) / 2
    if high == oo:
        return low + u / (1 - u)
    if low == -oo:
        return high - (1 - u) / u
    return low + u * (high - low)


def _column(name: Symbol, low: Expr, high: Expr, count: int, random: Random) -> Sequence[Expr]:
    if name.is_integer:
        first = int(low) if low != -oo else -count if high == oo else int(high) - 3 * count
        last = int(high) if high != oo else first + 3 * count
        return [Integer(random.randint(first, last)) for _ in range(count)]
    parts = list(range(count))
    random.shuffle(parts)
    found = []
    for k, part in enumerate(parts):
        denominator = _DENOMINATORS[k % len(_DENOMINATORS)]
        u = Rational(part, count) + Rational(
            random.randint(1, denominator - 1), denominator * count
        )
        found.append(_nearby(place(u, low, high), low, high, denominator))
    return found


def _nearby(value: Expr, low: Expr, high: Expr, denominator: int) -> Expr:
    """The point as a fraction of this denominator, if that lies inside."""
    short = Rational(round(value * denominator), denominator)
    return short if low < short < high else value


def _interval(key: Any, ends: Any) -> tuple[Expr, Expr]:
    try:
        low, high = (sympify(end) for end in ends)
    except (TypeError, ValueError):
        raise ParameterError(f"domain= takes pairs (low, high), got {ends} for {key}") from None
    if not (low.is_extended_real and high.is_extended_real and low.is_number and high.is_number):
        raise ParameterError(f"the domain of {key} has ends {low} and {high}: give real numbers")
    if not low < high:
        raise ParameterError(f"the domain ({low}, {high}) of {key} is empty: low < high is needed")
    return low, high


def _declared(name: Symbol) -> tuple[Expr, Expr]:
    if name.is_positive or name.is_nonnegative:
        return S.Zero, oo
    if name.is_negative or name.is_nonpositive:
        return -oo, S.Zero
    return -oo, oo
