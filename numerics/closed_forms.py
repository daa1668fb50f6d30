"""Closed forms of averages, taken only where double precision evaluates them well.

A closed form may cancel: ``exp(V) - 1 - V`` at small V has lost digits that a sum over nodes keeps.
It is compared with itself in mpmath at samples of the box.
"""

from __future__ import annotations

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
from numerics.stable import stabilise

__all__ = ["closed_form", "conditioned", "is_stable", "refusal"]

POINTS = 24  # of the box, its corners among them
ALLOWED = 1e-12  # relative error of a closed form that is stable, unless less is asked for
CORNERS = 8


@lru_cache(maxsize=512)
def closed_form(average: Any) -> Expr | None:
    """The average without any average in it; None where there is no such form."""
    done = average.doit()
    return None if done.has(GaussianAverage) else done


def is_stable(closed: Expr, box: Box, tolerance: float) -> bool:
    """Whether double precision gives a closed form to the tolerance, at samples of the box."""
    entries = {e: Dummy(str(e), real=True) for e in closed.atoms(Element) if key_of(e) in box}
    bare = closed.xreplace(entries)
    ranges = {s: box[s] for s in sorted(bare.free_symbols & set(box), key=str)}
    ranges |= {s: box[key_of(e)] for e, s in entries.items()}
    points = _points(list(ranges.values()))
    try:
        (stable,) = stabilise(bare)
        got = np.atleast_1d(evaluate(stable, dict(zip(ranges, points.T, strict=True))))
    except NumericsError:
        return False
    allowed = max(ALLOWED, tolerance)
    return all(
        _agrees(bare, dict(zip(ranges, map(float, point), strict=True)), value, allowed)
        for point, value in zip(points, got, strict=True)
    )


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
