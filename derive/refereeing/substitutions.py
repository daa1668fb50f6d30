"""The substitutions that a referee tries: other conventions for a parameter, names swapped.

The list is short and visible, and what is found is named; nothing else is tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from mpmath import mp
from sympy import Expr, Rational, Symbol, pi, sqrt

from derive.refereeing.comparison import Quantity, agreement
from derive.refereeing.domain import Domain
from derive.refereeing.no_value import NoValueError

__all__ = ["SCALES", "Substituted", "candidates", "screened"]

SCALES = (-1, 2, Rational(1, 2), sqrt(2), 1 / sqrt(2), pi, 1 / pi)
_SCREENED_AT = 8  # digits
Rule = tuple[tuple[Symbol, Expr], ...]


def candidates(names: Sequence[Symbol], solved: Symbol | None) -> Iterator[Rule]:
    """Inverses, scales and swaps; a scale of what was solved for is a factor, and is not here."""
    parameters = [name for name in names if name != solved]
    for name in (*names, *([solved] if solved is not None and solved not in names else ())):
        yield ((name, 1 / name),)
    for name in parameters:
        for scale in SCALES:
            yield ((name, scale * name),)
    for one, two in combinations(parameters, 2):
        yield ((one, two), (two, one))


@dataclass(frozen=True)
class Substituted:
    """A quantity with its parameters replaced, or as the inverse of what it was solved for."""

    quantity: Quantity
    rule: Rule

    @property
    def name(self) -> Symbol | None:
        """What the equation was solved for."""
        return self.quantity.name

    def values(self, point: Mapping[Symbol, Expr], digits: int) -> tuple[Any, ...]:
        """The values of the quantity where the rule takes the point."""
        known = dict(point)
        moved = {s: e.xreplace(known) for s, e in self.rule if s in known}
        found = self.quantity.values(known | moved, digits)
        if any(s == self.name for s, _ in self.rule):
            if not all(found):
                raise NoValueError("the inverse of zero")
            with mp.workdps(digits + 10):
                return tuple(sorted(1 / value for value in found))
        return found

    def confirms(self, values: tuple[Any, ...], point: Mapping[Symbol, Expr]) -> bool:
        """Whether they are values of the quantity where the rule takes the point."""
        del values, point
        return True

    def excludes(self, value: Any, point: Mapping[Symbol, Expr]) -> bool:
        """Whether none of the values is near."""
        known = self.values(point, _SCREENED_AT)
        return all(agreement((one,), (value,)) < _SCREENED_AT // 2 for one in known)


def screened(
    published: Quantity, derived: Quantity, domain: Domain, points: Sequence[Any]
) -> Iterator[Substituted]:
    """The substitutions that give the derived values at two points, to 8 digits."""
    known = []
    for point in points:
        try:
            known.append((point, derived.values(point, _SCREENED_AT + 3)))
        except NoValueError:
            continue
        if len(known) == 2:
            break
    names = [name for name, _ in domain.intervals]
    for rule in candidates(names, derived.name) if len(known) == 2 else ():
        moved = Substituted(published, rule)
        if all(_agree(moved, point, values) for point, values in known):
            yield moved


def _agree(moved: Substituted, point: Any, values: tuple[Any, ...]) -> bool:
    try:
        found = moved.values(point, _SCREENED_AT + 3)
    except NoValueError:
        return False
    return bool(values) and agreement(found, values) >= _SCREENED_AT
