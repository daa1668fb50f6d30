"""Two quantities at random points: equal to many digits, or different beyond doubt.

Values that agree are computed once; values that differ are computed again to twice as many digits,
so that a difference is never an error of quadrature or rounding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import mpmath
from mpmath import mp
from sympy import Expr, Float, Symbol

from derive.refereeing.no_value import DivergesError, NoValueError
from derive.refereeing.numbers import value_at
from derive.refereeing.sample_points import has_integrals
from derive.refereeing.verdict import Counterexample, Divergence

__all__ = [
    "Comparison",
    "ExpressionValue",
    "OneDivergesError",
    "Quantity",
    "agreement",
    "compare",
    "differ_at",
    "number",
    "pairs",
]

MARGIN = 6  # digits beyond those that are asked for
DOUBLINGS = 3
ROUGH = 15  # digits of a first look
_MOST_DIGITS = 2000
_MOST_WITHOUT = 10  # points without a value, after which no more are tried
Point = Mapping[Symbol, Expr]


class Quantity(Protocol):
    """What has a value, or several, at each point."""

    @property
    def name(self) -> Symbol | None:
        """What an equation was solved for; None for an expression."""

    def values(self, point: Point, digits: int) -> tuple[Any, ...]:
        """The values at a point."""

    def confirms(self, values: tuple[Any, ...], point: Point) -> bool:
        """Whether no cancellation can have spoiled values at a point."""

    def excludes(self, value: Any, point: Point) -> bool:
        """Whether this is certainly no value at the point, nor close to one."""


@dataclass(frozen=True)
class ExpressionValue:
    """The value of an expression, which may be the solution of an equation for `name`."""

    expr: Expr
    name: Symbol | None = None

    def values(self, point: Point, digits: int) -> tuple[Any, ...]:
        """The one value."""
        return (value_at(self.expr, point, digits),)

    def confirms(self, values: tuple[Any, ...], point: Point) -> bool:
        """By SymPy's evaluation of closed forms, which counts the digits that cancel.

        Huge terms may cancel to zero at any precision that is tried, so that two precisions agree.
        """
        if has_integrals(self.expr):
            return True
        own = {s: point[s] for s in self.expr.free_symbols}
        known = self.expr.xreplace(own).evalf(ROUGH, maxn=_MOST_DIGITS)
        if not known.is_Float:
            return True
        return known._prec > 1 and _digits(known._to_mpmath(53), values[0]) > ROUGH // 2

    def excludes(self, value: Any, point: Point) -> bool:
        """Whether the value is another one."""
        return agreement(self.values(point, ROUGH), (value,)) < ROUGH // 2


@dataclass
class Comparison:
    """What was found at the points.

    Attributes
    ----------
    digits : float
        To how many digits all values agree.
    points : int
        How many points were compared.
    counterexample, divergence
        Where the sides differ, where one has no finite value.
    reasons : list of str
        Why points were passed over.
    """

    digits: float = float("inf")
    points: int = 0
    counterexample: Counterexample | None = None
    divergence: Divergence | None = None
    reasons: list[str] = field(default_factory=list)

    @property
    def differ(self) -> bool:
        """Whether a point was found that tells the sides apart."""
        return self.counterexample is not None


def compare(
    published: Quantity,
    derived: Quantity,
    points: Sequence[Point],
    digits: int,
    spare: Sequence[Point] = (),
) -> Comparison:
    """Compare at points, to the first that tells the sides apart.

    Where they have no values, spare points take their place.
    """
    found = Comparison()
    for k, point in enumerate((*points, *spare)):
        done = found.divergence if found.differ else found.points >= len(points)
        hopeless = found.points == 0 and len(found.reasons) >= _MOST_WITHOUT
        if done or hopeless or (found.differ and k >= len(points)):
            break
        try:
            if found.differ:
                published.values(point, digits // 2)  # to see whether it diverges elsewhere
                continue
            agreed = differ_at(published, derived, point, digits)
        except OneDivergesError as error:
            found.divergence = found.divergence or error.divergence
            found.counterexample = found.counterexample or error.counterexample
            continue
        except DivergesError as error:
            found.divergence = found.divergence or _divergence("published", point, error)
            continue
        except NoValueError as error:
            found.reasons.append(error.reason)
            if not found.differ and error.digits:
                found.digits = min(found.digits, error.digits)
            continue
        if isinstance(agreed, Counterexample):
            found.counterexample = agreed
        elif agreed is not None:
            found.digits, found.points = min(found.digits, agreed), found.points + 1
    return found


class OneDivergesError(Exception):
    """One side has a finite value and the other has not."""

    def __init__(self, divergence: Divergence, counterexample: Counterexample) -> None:
        super().__init__(str(divergence))
        self.divergence, self.counterexample = divergence, counterexample


def differ_at(
    published: Quantity, derived: Quantity, point: Point, digits: int
) -> Counterexample | float | None:
    """The digits to which values agree at a point, or a counterexample; None if there are none.

    Raises
    ------
    NoValueError
        If a side has no value that is known there.
    """
    before, agreed = None, 0.0
    for work in (ROUGH, *((digits + MARGIN) * 2**k for k in range(DOUBLINGS))):
        sides = _both(published, derived, point, work)
        if not sides[0] and not sides[1]:
            return None
        if len(sides[0]) != len(sides[1]):
            return _of_different_numbers(published, derived, point, sides)
        agreed = agreement(*sides)
        if agreed >= digits and work > digits:
            return min(agreed, float(work))
        if before is not None and _settled(before, sides):
            for side, values in zip((published, derived), sides, strict=True):
                if not side.confirms(values, point):
                    raise NoValueError("terms cancel beyond the digits that were tried")
            return _counterexample(published, point, sides, agreed)
        if before is not None and all(_vanishes(values, work) for values in (*before, *sides)):
            return float(digits)
        if work > ROUGH or agreed < ROUGH - 4:
            before = sides
    raise NoValueError(f"at a point both sides agree to {agreed:.0f} digits only", agreed)


def _of_different_numbers(
    published: Quantity, derived: Quantity, point: Point, sides: Any
) -> Counterexample:
    """A solution of one equation at which the other certainly does not hold."""
    for solutions, other in zip(sides, (derived, published), strict=True):
        if any(other.excludes(value, point) for value in solutions):
            return _counterexample(published, point, sides, 0.0)
    counts = " and ".join(str(len(solutions)) for solutions in sides)
    raise NoValueError(f"{counts} solutions were found, which do not contradict each other")


def _both(published: Quantity, derived: Quantity, point: Point, work: int) -> Any:
    """The values of both sides; a side that diverges alone is told."""
    try:
        two = derived.values(point, work)
    except DivergesError as error:
        one = published.values(point, work)
        raise _alone("derived", published, point, error, one) from None
    try:
        return published.values(point, work), two
    except DivergesError as error:
        raise _alone("published", derived, point, error, two) from None


def _alone(
    side: str, other: Quantity, point: Point, error: DivergesError, values: tuple[Any, ...]
) -> OneDivergesError:
    known = tuple(map(number, values))
    sides = (None, known) if side == "published" else (known, None)
    counterexample = Counterexample(pairs(point), sides[0], sides[1], other.name)
    return OneDivergesError(_divergence(side, point, error), counterexample)


def _divergence(side: str, point: Point, error: DivergesError) -> Divergence:
    cut_off = tuple((number(cut), number(value)) for cut, value in error.cut_off)
    return Divergence(side, pairs(point), error.reason, cut_off)


def _counterexample(quantity: Quantity, point: Point, sides: Any, agreed: float) -> Counterexample:
    digits = 25 if agreed < 15 else int(agreed) + 10
    one, two = (tuple(number(value, digits) for value in values) for values in sides)
    return Counterexample(pairs(point), one, two, quantity.name)


def pairs(point: Point) -> tuple[tuple[Symbol, Expr], ...]:
    """A point in a fixed order."""
    return tuple(sorted(point.items(), key=lambda item: str(item[0])))


def number(value: Any, digits: int = 25) -> Expr:
    """A number of mpmath as one of SymPy."""
    if isinstance(value, mpmath.mpc):
        from sympy import I

        return number(value.real, digits) + I * number(value.imag, digits)
    with mp.workdps(digits):
        return Float(+mpmath.mpf(value), digits)


def agreement(one: tuple[Any, ...], two: tuple[Any, ...]) -> float:
    """Digits to which all values agree, relative to the larger; none if there are not as many."""
    if len(one) != len(two):
        return 0.0
    return min((_digits(x, y) for x, y in zip(one, two, strict=True)), default=float("inf"))


def _digits(x: Any, y: Any) -> float:
    if x == y:
        return float("inf")
    return float(-mpmath.log10(abs(x - y) / max(abs(x), abs(y))))


def _settled(before: Any, after: Any) -> bool:
    """Whether the difference is known to three digits."""
    if any(len(b) != len(a) for b, a in zip(before, after, strict=True)):
        return False
    gaps = [[x - y for x, y in zip(*sides, strict=True)] for sides in (before, after)]
    worst = max(range(len(gaps[1])), key=lambda k: abs(gaps[1][k]))
    old, new = gaps[0][worst], gaps[1][worst]
    return bool(new != 0 and abs(new - old) <= abs(new) / 1000)


def _vanishes(values: tuple[Any, ...], work: int) -> bool:
    return all(abs(value) <= mpmath.mpf(10) ** (-(work // 2)) for value in values)
