"""A row of the table: one quantity by two routes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import mpmath as mp
from mpmath import mpf

__all__ = ["Row", "computed", "difference", "written"]

WORKING_DPS = 56
WRITTEN_DIGITS = 25
START_DIGITS = 8
NOUGHT = mpf(10) ** -30  # what rounding leaves of a zero

Numbers = mpf | dict[str, mpf]


@dataclass(frozen=True)
class Row:
    """One quantity, or several at one point of the parameters.

    ``first(**params)`` returns the numbers, ``second(start, **params)`` returns them again, where
    ``start`` holds the first eight digits of the first route: from there a search begins, and
    what it finds is its own.
    """

    formula: str
    routes: str
    source: str
    first: Callable[..., Numbers]
    second: Callable[..., Numbers]
    params: dict[str, str] = field(default_factory=dict)


def computed(row: Row, dps: int = WORKING_DPS) -> tuple[Numbers, Numbers]:
    """Return the numbers of a row by either route, at this working precision."""
    with mp.workdps(dps):
        params = {name: mpf(text) for name, text in row.params.items()}
        first = row.first(**params)
        second = row.second(_each(first, _start), **params)
    return first, second


def _each(numbers: Numbers, change: Callable[[mpf], Any]) -> Any:
    if isinstance(numbers, dict):
        return {name: change(number) for name, number in numbers.items()}
    return change(numbers)


def _start(number: mpf) -> mpf:
    return mpf(mp.nstr(number, START_DIGITS))


def difference(first: Numbers, second: Numbers) -> mpf:
    """Return the largest difference, relative where a number exceeds one."""
    if not isinstance(first, dict):
        first, second = {"": first}, {"": second}
    return max(abs(first[name] - second[name]) / max(1, abs(first[name])) for name in first)


def written(row: Row, first: Numbers, second: Numbers) -> dict[str, Any]:
    """Return the row as the table holds it, with as many trusted digits as the routes share."""
    apart = difference(first, second)
    shared = mp.inf if apart == 0 else -mp.log10(apart)
    return {
        "formula": row.formula,
        "source": row.source,
        "routes": row.routes,
        "params": row.params,
        "value": _each(first, _decimal),
        "digits": min(WRITTEN_DIGITS, int(min(shared, 99)) - 1),
        "check": mp.nstr(apart, 3),
    }


def _decimal(number: mpf) -> str:
    return "0" if abs(number) < NOUGHT else mp.nstr(number, WRITTEN_DIGITS, strip_zeros=False)
