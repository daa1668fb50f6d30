"""The probability that linear forms of Gaussian variables are all positive.

Forms that coincide or oppose each other are merged, independent ones factorise, and what is left is
looked up in the table: one or two steps, or up to five centred ones.
"""

from __future__ import annotations

from itertools import combinations

from sympy import Add, Expr, Heaviside, Max, Min, Mul, S, cancel, factor_terms, sqrt

from derive.gaussian.gram import Given, Gram, is_zero
from derive.gaussian.no_closed_form import NoClosedForm
from derive.gaussian.table import (
    CENTRED_STEP,
    FOUR_STEPS,
    ONE_STEP,
    TWO_CENTRED_STEPS,
    TWO_STEPS,
    TWO_STEPS_AT_AN_ANGLE,
    TWO_STEPS_OPPOSITE,
    TWO_STEPS_SAME,
)

__all__ = ["Steps", "independent", "probability"]

Steps = tuple[int, ...]


def independent(gram: Gram, steps: Steps, given: Given) -> list[tuple[Expr, Steps]]:
    """A product of steps as a sum of products, none of whose forms is constant or repeats another.

    On one line theta(y) theta(y + d) = theta(y) and theta(y) theta(d - y) = theta(y) - theta(y - d)
    for d > 0, and the second is zero for d < 0.
    """
    for k in steps:
        if gram.shared(k, k, given) == 0:
            rest = _without(steps, k)
            fixed = Heaviside(gram.level(k, given) / gram.determinant(given))
            return [(fixed * c, kept) for c, kept in independent(gram, rest, given)]
    for i, j in combinations(steps, 2):
        merged = _merged(gram, i, j, given)
        if merged is not None:
            rest = tuple(k for k in steps if k not in (i, j))
            return [
                (c * inner, final)
                for c, kept in merged
                for inner, final in independent(gram, tuple(sorted({*rest, *kept})), given)
            ]
    return [(S.One, steps)]


def _without(steps: Steps, *dropped: int) -> Steps:
    return tuple(k for k in steps if k not in dropped)


def _merged(gram: Gram, i: int, j: int, given: Given) -> list[tuple[Expr, Steps]] | None:
    """Two steps on one line; None where they are not, or where their order is not known."""
    if gram.determinant(tuple(sorted((*given, i, j)))) != 0:
        return None
    shared, width = gram.shared(i, j, given), gram.shared(i, i, given)
    distance = gram.level(j, given) * width - shared * gram.level(i, given)
    apart = S.Zero if is_zero(distance) else distance
    if shared.is_positive or is_zero(shared - width):
        if apart.is_nonnegative:
            return [(S.One, (i,))]
        return [(S.One, (j,))] if apart.is_negative else None
    if shared.is_negative or is_zero(shared + width):
        if apart.is_nonpositive:
            return []
        return [(S.One, (i,)), (-S.One, (gram.opposite(j),))] if apart.is_positive else None
    return None


def probability(gram: Gram, steps: Steps, given: Given) -> Expr:
    """The average of a product of steps, of independent forms."""
    left, factors = set(steps), []
    while left:
        block = {min(left)}
        while grown := {
            k for k in left - block if any(gram.shared(k, b, given) != 0 for b in block)
        }:
            block |= grown
        factors.append(_connected(gram, tuple(sorted(block)), given))
        left -= block
    return Mul(*factors)


def _connected(gram: Gram, steps: Steps, given: Given) -> Expr:
    if len(steps) == 1:
        return ONE_STEP.at(h=_threshold(gram, steps[0], given))
    if all(gram.level(k, given) == 0 for k in steps):
        return _centred(gram, steps, given)
    if len(steps) == 2:
        return _two(gram, *steps, given)
    raise NoClosedForm


def _centred(gram: Gram, steps: Steps, given: Given) -> Expr:
    if len(steps) == 2 and given:
        areas = (gram.determinant(tuple(sorted(s))) for s in (given, (*given, *steps)))
        return TWO_STEPS_AT_AN_ANGLE.at(
            c=gram.shared(*steps, given), d=Mul(*(sqrt(area) for area in areas))
        )
    if len(steps) == 2:
        return TWO_CENTRED_STEPS.at(rho=_correlation(gram, *steps, given))
    if len(steps) == 4:
        pairs = ((1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4))
        among = {
            f"r{i}{j}": _correlation(gram, steps[i - 1], steps[j - 1], given) for i, j in pairs
        }
        return FOUR_STEPS.at(**among)
    if len(steps) > 5:
        raise NoClosedForm
    return _odd(gram, steps, given)


def _odd(gram: Gram, steps: Steps, given: Given) -> Expr:
    """An odd number of signs averages to zero: 2 theta - 1, multiplied out and solved for."""
    size = len(steps)
    fewer = (
        (-1) ** (size - n) * 2**n * probability(gram, subset, given)
        for n in range(size)
        for subset in combinations(steps, n)
    )
    return -Add(*fewer) / 2**size


def _threshold(gram: Gram, k: int, given: Given) -> Expr:
    """Mean over standard deviation."""
    spread = gram.shared(k, k, given) * gram.determinant(given)
    return factor_terms(gram.level(k, given)) / sqrt(spread)


def _correlation(gram: Gram, i: int, j: int, given: Given) -> Expr:
    shared = gram.shared(i, j, given)
    one, two = gram.shared(i, i, given), gram.shared(j, j, given)
    return shared / (one if is_zero(one - two) else sqrt(one * two))


def _two(gram: Gram, i: int, j: int, given: Given) -> Expr:
    both = gram.determinant(tuple(sorted((*given, i, j))))
    if both == 0:
        return _on_one_line(gram, i, j, given)
    first, second = gram.level(i, given), gram.level(j, given)
    if first == 0:
        return _two(gram, j, i, given)
    below = sqrt(gram.determinant(given)) / sqrt(both)
    h = _threshold(gram, i, given)
    if second == 0:
        return CENTRED_STEP.at(h=h, s=gram.shared(i, j, given) * below / gram.determinant(given))
    k = _threshold(gram, j, given)
    slopes = {
        "a": cancel(gram.level(j, tuple(sorted((*given, i)))) / first) * below,
        "b": cancel(gram.level(i, tuple(sorted((*given, j)))) / second) * below,
    }
    ratio = cancel(first / second)
    if ratio.is_positive:
        return TWO_STEPS_SAME.at(h=h, k=k, **slopes)
    if ratio.is_negative:
        return TWO_STEPS_OPPOSITE.at(h=h, k=k, **slopes)
    return TWO_STEPS.at(h=h, k=k, rho=_correlation(gram, i, j, given))


def _on_one_line(gram: Gram, i: int, j: int, given: Given) -> Expr:
    """Two steps whose order is not known: the lower one, or what they leave between them."""
    h, k = (_threshold(gram, f, given) for f in (i, j))
    shared = gram.shared(i, j, given)
    if shared.is_positive:
        return ONE_STEP.at(h=Min(h, k))
    if shared.is_negative:
        return Max(0, ONE_STEP.at(h=h) + ONE_STEP.at(h=k) - 1)
    raise NoClosedForm
