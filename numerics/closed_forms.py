"""Closed forms of averages, taken only where double precision evaluates them well.

A closed form may cancel: ``exp(V) - 1 - V`` at small V has lost digits that a sum over nodes keeps.
Its terms are compared with their sum all over the box, and the form with itself in mpmath at a few
samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import islice, product
from typing import Any

import numpy as np
from sympy import Dummy, Expr, Float, Integer, Symbol

from derive.equations import Element, GaussianAverage
from numerics.errors import NumericsError
from numerics.parameter_box import Box, key_of
from numerics.quadrature.evaluate import evaluate
from numerics.reference import Undefined, trusted
from numerics.sensitivity import size_of_terms
from numerics.stable import stabilise

__all__ = ["closed_form", "conditioned", "is_stable", "preferred", "refusal"]

POINTS = 16  # of the box, its corners among them
CROWD = 512  # points at which terms are compared with their sum
ROUNDING = 2.0**-52  # of a term
UNDERFLOW = 1e-290
ALLOWED = 1e-12  # relative error of a closed form that is stable, unless less is asked for
CORNERS = 8
NESTED = 2  # variables whose nested sums are worth it


@lru_cache(maxsize=512)
def closed_form(average: Any) -> Expr | None:
    """The average without any average in it; None where there is no such form."""
    done = average.doit()
    return None if done.has(GaussianAverage) else done


def preferred(average: Any, closed: Expr, box: Box, tolerance: float) -> bool:
    """Whether a closed form is better than sums over nodes.

    Over more than two variables it always is: their nested sums take minutes, and estimates count
    what its terms lose.
    """
    return len(average.variables) > NESTED or is_stable(closed, box, tolerance)


def is_stable(closed: Expr, box: Box, tolerance: float) -> bool:
    """Whether double precision gives a closed form to the tolerance, at samples of the box."""
    entries = {e: Dummy(str(e), real=True) for e in closed.atoms(Element) if key_of(e) in box}
    bare = closed.xreplace(entries)
    ranges = {s: box[s] for s in sorted(bare.free_symbols & set(box), key=str)}
    ranges |= {s: box[key_of(e)] for e, s in entries.items()}
    points = _points(list(ranges.values()))
    allowed = max(ALLOWED, tolerance)
    try:
        (stable,) = stabilise(bare)
        if _lost(stable, ranges) > allowed:
            return False
        got = np.atleast_1d(evaluate(stable, dict(zip(ranges, points.T, strict=True))))
    except NumericsError:
        return False
    return all(
        _agrees(bare, dict(zip(ranges, map(float, point), strict=True)), value, allowed)
        for point, value in zip(points, got, strict=True)
    )


def _lost(stable: Expr, ranges: Mapping[Expr, tuple[float, float]]) -> float:
    """The largest relative error that the cancellation of terms leaves, where the form is finite.

    Points crowd at both ends of each range and at zero.
    """
    if not ranges:
        return 0.0
    rng = np.random.default_rng(1)
    low, high = np.array(list(ranges.values())).T
    part, near = rng.random((CROWD, len(low))), 10.0 ** rng.uniform(-6, 0, (CROWD, len(low)))
    side = np.where(rng.random(near.shape) < 0.5, low, high)
    width = high - low
    places = np.stack([low + part * width, low + near * width, high - near * width, near * side])
    chosen = rng.integers(0, len(places), near.shape)
    points = np.clip(np.take_along_axis(places, chosen[None], axis=0)[0], low, high)
    at = dict(zip(ranges, points.T, strict=True))
    with np.errstate(all="ignore"):
        terms = evaluate(size_of_terms(stable), at)
        lost = ROUNDING * terms / np.abs(evaluate(stable, at))
    lost = lost[np.isfinite(terms) & (terms > UNDERFLOW) & ~np.isnan(lost)]
    return float(np.max(lost, initial=0.0))


def _agrees(expr: Expr, values: dict[Expr, float], got: float, allowed: float) -> bool:
    try:
        (true,), _ = trusted([expr], values)
    except (Undefined, NumericsError):  # at an end of the box the form may have a limit only
        return True
    scale = max(abs(float(true)), 1e-300)
    return bool(np.isfinite(got)) and abs(got - float(true)) <= allowed * scale


def _points(ranges: list[tuple[float, float]]) -> Any:
    """Corners of a box, and points crowded at its ends."""
    if not ranges:
        return np.zeros((1, 0))
    rng = np.random.default_rng(0)
    low, high = np.array(ranges).T
    corners = rng.integers(0, 2, (CORNERS, len(low)))
    near = 10.0 ** rng.uniform(-6, 0, (POINTS - CORNERS, len(low)))
    part = np.concatenate([corners, np.where(rng.random(near.shape) < 0.5, near, 1 - near)])
    return np.unique(low + part * (high - low), axis=0)


def refusal(average: Any, box: Box) -> str | None:
    """Why an average has no value at some corner of a box, in words; None if it has.

    It diverges there, or its covariance is none.
    """
    entries = {e: box[key_of(e)] for e in average.atoms(Element) if key_of(e) in box}
    ranges = {key: ends for key, ends in box.items() if isinstance(key, Symbol)} | entries
    places = islice(product(*(dict.fromkeys(ends) for ends in ranges.values())), CORNERS)
    for place in places:
        try:
            average.xreplace({key: _number(end) for key, end in zip(ranges, place, strict=True)})
        except ValueError as error:
            return str(error)
    return None


def _number(value: float) -> Expr:
    return Integer(int(value)) if value == int(value) else Float(value)


def conditioned(average: Any) -> Expr:
    """Averages over single standard normals inside of each other, the first variable outermost."""
    standard = average.standardised()
    several = {a for a in standard.atoms(GaussianAverage) if len(a.variables) > 1}
    rule = {}
    for one in several:
        first, *rest = one.variables
        rule[one] = GaussianAverage(GaussianAverage(one.integrand, rest), first)
    return standard.xreplace(rule)
