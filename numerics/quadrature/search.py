"""The search for the cheapest rule: families by theory, their step by trial at the samples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from numerics.quadrature.box import fresh_points
from numerics.quadrature.families import MOVING, REACH, Family, families
from numerics.quadrature.problem import Problem
from numerics.quadrature.rules import Rule, even

__all__ = ["MOST", "Found", "confirmed", "search"]

SAFETY = 3.0  # the estimate is so many times the largest error seen
AIM = 5.0  # the error asked for is the tolerance divided by this
ROUNDING = 8 * 2.0**-52  # and this
SHRINK = 0.93  # of the step, from one trial to the next
FULL = 2.0**-56  # the error that is aimed at, where trials can no longer see it
STRICT = 1e-12  # for tolerances below: who asks for more than this wants all digits
MOST = 2500  # nodes
DOUBTFUL = 300  # nodes: a rule that converges slowly then is given up
DOUBLING = 10  # trials in which the number of nodes doubles
SLOW = 0.1
ROUNDS = 3  # of fresh points
WORST = 8  # samples that fresh points are near to
HARD = 40  # samples that steps are tried at first


@dataclass(frozen=True)
class Found:
    """A rule and the largest error that was seen; a coarser rule beside it."""

    rule: Rule
    error: float
    coarser: Rule
    rounding: float = 0.0

    @property
    def estimate(self) -> float:
        """A bound on the error, but for the rounding."""
        return SAFETY * self.error + ROUNDING


def confirmed(
    problem: Problem, ranges: Sequence[tuple[float, float]], tolerance: float, most: int = MOST
) -> Found:
    """A rule that passes at points that it was not chosen by, too; these join the others if not."""
    found = search(problem, tolerance, most)
    if problem.count == 1 or not problem.finite:
        return replace(found, rounding=problem.rounding)
    for seed in range(1, ROUNDS + 1):
        errors = problem.errors(found.rule, np.arange(problem.count))
        worst = problem.samples[np.argsort(-errors)[:WORST]]
        points = fresh_points(ranges, worst, seed)
        if most < MOST:
            points = points[problem.has_values(points)]
        fresh = problem.at(dict(zip(problem.parameters, points.T, strict=True)))
        seen = float(fresh.errors(found.rule, np.arange(fresh.count)).max())
        error = max(found.error, seen)
        checked = replace(found, error=error, rounding=problem.rounding)
        if checked.estimate <= tolerance or found.estimate > tolerance:
            break
        joined = np.concatenate([problem.samples, points])
        problem = problem.at(dict(zip(problem.parameters, joined.T, strict=True)))
        found = search(problem, tolerance, most)
    return checked


def search(problem: Problem, tolerance: float, most: int = MOST) -> Found:
    """The cheapest rule within the tolerance; else the most accurate one."""
    best: Found | None = None
    if not problem.finite:
        rule = even(0.5, -REACH, REACH)
        return Found(rule, np.inf, rule.nested())
    for family in families(problem, tolerance):
        found = _refined(problem, family, tolerance, best, most)
        if found is not None and (best is None or _better(found, best, tolerance)):
            best = found
    assert best is not None
    return best


def _better(new: Found, old: Found, tolerance: float) -> bool:
    reached = new.estimate <= tolerance, old.estimate <= tolerance
    if reached[0] != reached[1]:
        return reached[0]
    return _cost(new.rule) < _cost(old.rule) if reached[0] else new.error < old.error


def _cost(rule: Rule) -> float:
    return len(rule) * (1.0 if rule.fixed else MOVING)


def _refined(
    problem: Problem, family: Family, tolerance: float, best: Found | None, most: int
) -> Found | None:
    """The largest step that reaches the tolerance, first at the hardest samples, then at all."""
    everywhere = np.arange(problem.count)
    target = max(tolerance - ROUNDING, 0.0) / AIM
    limit = most if best is None or best.estimate > tolerance else _cost(best.rule)
    step, rule = family.first, family.make(family.first)
    errors = problem.errors(rule, everywhere)
    hard = np.argsort(-errors)[:HARD]
    closest = float(errors.max()), step
    history = [np.inf] * DOUBLING
    while _cost(rule) < limit:
        if errors.max() <= target:
            errors = problem.errors(rule, everywhere)
            if errors.max() <= target:
                return _finished(family, step, float(errors.max()), tolerance)
            hard = np.union1d(hard, np.argsort(-errors)[:HARD])
        elif errors.max() < closest[0]:
            closest = float(errors.max()), step
        history.append(float(errors.max()))
        if len(rule) > DOUBTFUL and history[-1] > SLOW * history[-DOUBLING] > 1e3 * target:
            break
        step *= SHRINK
        rule = family.make(step)
        errors = problem.errors(rule, hard)
    rule = family.make(closest[1])
    error = float(problem.errors(rule, everywhere).max())
    return Found(rule, error, family.coarser(closest[1]))


def _finished(family: Family, step: float, error: float, tolerance: float) -> Found:
    """The rule of a step that passed, the step shortened beyond what trials can tell.

    Errors fall as exp(-C/step), and those below the rounding of the reference are not seen.
    """
    if tolerance <= STRICT:
        step *= min(1.0, math.log(max(error, ROUNDING)) / math.log(FULL))
    return Found(family.make(step), error, family.coarser(step))
