"""Families of rules for an average, each refined by one number, the most promising first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from sympy import Expr, Float, sqrt

from numerics.quadrature.order import Larger, Smaller, clipped
from numerics.quadrature.problem import Near, Problem
from numerics.quadrature.rules import Rule, concentrated, even, panels, pieces

__all__ = ["MOVING", "Family", "families"]

FAR = 2.5  # a singularity further away asks for nothing that the density does not
TAIL = 0.02  # of the tolerance may lie outside of the nodes
SCALES = (0.6, 0.8, 1.0)  # of the distance of the singularity
LENGTHS = (1.0, 1.6, 2.4)
CLOSE = 0.05  # evenly spaced nodes would be too many
LEAST_SCALE = 1e-12
MOVING = 1.6  # cost of a node whose density is computed, relative to one from a table
COARSER = 1.7
REACH = 9.5  # beyond the last point, of a density that falls as a normal one
MOST_PLACES = 4  # where nodes concentrate, in turn
MOST_POINTS = 4  # sorted by comparisons of all pairs


@dataclass(frozen=True)
class Family:
    """`make` gives the rule of a step; `first` is the step that is tried first."""

    make: Callable[[float], Rule]
    first: float
    nested: bool = True

    def coarser(self, step: float) -> Rule:
        """The rule on a part of the nodes, or with fewer nodes where there is none."""
        return self.make(step).nested() if self.nested else self.make(COARSER * step)


def families(problem: Problem, tolerance: float) -> Iterator[Family]:
    """Trapezoids for analytic integrands; pieces for others, and where several places are hard."""
    left, right = problem.reference.window(TAIL * tolerance)
    if not (left < right).any():  # zero at all samples, or infinite
        yield Family(partial(even, low=-REACH, high=REACH), 0.5)
        return
    low, high = float(left.min()), float(right.max())
    around = problem.relevant(left, right, FAR)
    if not problem.kinks:
        mirrored = problem.is_even()
        closest = min([FAR, *(float(d.min()) for _, d in around)])
        if closest > CLOSE:
            first = min(1.0, 1.3 * 2 * np.pi * closest / -np.log(tolerance))
            yield _trapezoid(partial(even, low=low, high=high), first, mirrored)
        for near, distances in around[:MOST_PLACES]:
            if not mirrored or near.symbolic.centre == 0:
                yield from _concentrated(near, distances, (left, right), mirrored)
    if problem.kinks or len(around) > 1:
        yield from _pieces(problem, around, low, high)
    if problem.count == 1:  # one point and no box: as the reference has it
        ends = np.unique(np.concatenate(problem.reference.panels[1:3]))
        ends = ends[(ends >= low) & (ends <= high)]
        yield Family(lambda step: panels(int(np.ceil(1 / step)), ends), 0.13, False)


def _trapezoid(make: Callable[[float], Rule], first: float, mirrored: bool) -> Family:
    return Family((lambda step: make(step).mirror()) if mirrored else make, first)


def _concentrated(
    near: Near, distances: Any, window: tuple[Any, Any], mirrored: bool
) -> Iterator[Family]:
    low, high = float(window[0].min()), float(window[1].max())
    centre, at = clipped(near.symbolic.centre, low, high), np.clip(near.centre, low, high)
    ends = {"low": float((window[0] - at).min()), "high": float((window[1] - at).max())}
    for length, part in product(LENGTHS, SCALES):
        scale = max(part * float(distances.min()), LEAST_SCALE)
        if scale < length:
            make = partial(concentrated, centre=centre, scale=scale, length=length, **ends)
            yield _trapezoid(make, 0.45, mirrored)


def _pieces(
    problem: Problem, around: Sequence[tuple[Near, Any]], low: float, high: float
) -> Iterator[Family]:
    """Split at kinks and at the centres of singularities that are near."""
    centres = [near.symbolic.centre for near, _ in around]
    closest = min((float(d.min()) for _, d in around), default=np.inf)
    scales: list[float | None] = [max(closest / 2, LEAST_SCALE)] if closest < FAR else [None]
    if problem.kinks:
        scales.append(LEAST_SCALE)
    for points, scale in product(
        ({}, centres) if problem.kinks and centres else (centres,), scales
    ):
        inner = [clipped(p, low, high) for p in dict.fromkeys((*problem.kinks, *points))]
        if len(inner) > MOST_POINTS:
            continue
        ordered = _sorted(inner)
        whole = (Float(low), *ordered, Float(high))
        yield Family(partial(_of_step, points=whole, scale=scale), 0.05, False)
        beyond = (
            sqrt(Larger(ordered[-1], 0) ** 2 + REACH**2),
            sqrt(Smaller(ordered[0], 0) ** 2 + REACH**2),
        )
        ends = Larger(Float(low), -beyond[1]), Smaller(Float(high), beyond[0])
        yield Family(
            partial(_of_step, points=(ends[0], *ordered, ends[1]), scale=scale), 0.05, False
        )


def _of_step(step: float, points: Sequence[Expr], scale: float | None) -> Rule:
    return pieces(int(np.ceil(1 / step)), points, scale)


def _sorted(points: Sequence[Expr]) -> list[Expr]:
    """In ascending order, by exchanges of neighbours."""
    result = list(points)
    if all(not p.free_symbols for p in result):
        return sorted(result, key=float)
    for last in range(len(result) - 1, 0, -1):
        for k in range(last):
            a, b = result[k], result[k + 1]
            result[k], result[k + 1] = Smaller(a, b), Larger(a, b)
    return result
