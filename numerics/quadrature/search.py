"""The search for the cheapest rule: candidates by theory, their step by trial at the samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from sympy import Expr, Float, Max, Min, S

from numerics.quadrature.problem import Problem
from numerics.quadrature.rules import Nodes, concentrated, even

__all__ = ["Found", "search"]

SAFETY = 4.0  # the estimate is so many times the largest error seen
ROUNDING = 8 * 2.0**-52  # and this
SHRINK = 0.93  # of the step, from one trial to the next
MOST = 4000  # nodes
HARD = 40  # samples that steps are tried at first
FAR = 2.5  # a singularity further away asks for nothing that the density does not
TAIL = 0.02  # of the tolerance may lie outside of the nodes
SCALES = (0.6, 0.8, 1.0)  # of the distance of the singularity
LENGTHS = (1.0, 1.6, 2.4)
CLOSE = 0.05  # evenly spaced nodes would be too many
LEAST_SCALE = 1e-12
MOVING = 1.6  # cost of a node whose density is computed, relative to one from a table
ROOT_TWO_PI = 2.5066282746310002


@dataclass(frozen=True)
class Found:
    """A rule: nodes around a centre, and what was seen of its error."""

    nodes: Nodes
    centre: Expr
    words: str
    error: float
    reach: tuple[float, float]

    @property
    def fixed(self) -> bool:
        """Whether nodes are the same for all parameters, so that weights hold the density."""
        return not self.centre.free_symbols

    @property
    def estimate(self) -> float:
        """A bound on the error."""
        return SAFETY * self.error + ROUNDING

    @property
    def cost(self) -> float:
        return len(self.nodes) * (1.0 if self.fixed else MOVING)

    def nested(self) -> Found:
        """The rule on a part of the nodes; nothing was seen of its error."""
        words = f"{self.words}, on a part of the nodes"
        return replace(self, nodes=self.nodes.nested(), words=words, error=np.inf)

    def table_weights(self) -> Any:
        """Weights with the density where nodes are fixed."""
        if not self.fixed:
            return self.nodes.weights
        z = float(self.centre) + self.nodes.places
        return self.nodes.weights * np.exp(-z * z / 2) / ROOT_TWO_PI


@dataclass(frozen=True)
class _Candidate:
    """A family of rules, refined by its step."""

    make: Callable[..., Nodes]
    centre: Expr
    words: str
    first: float
    mirrored: bool

    def nodes(self, step: float) -> Nodes:
        """The rule of a step."""
        nodes = self.make(step)
        return nodes.mirror() if self.mirrored else nodes


def search(problem: Problem, tolerance: float) -> Found:
    """The cheapest rule within the tolerance; else the most accurate one."""
    best: Found | None = None
    for candidate in _candidates(problem, tolerance):
        found = _refined(problem, candidate, tolerance, best)
        if found is not None and (best is None or _better(found, best, tolerance)):
            best = found
    assert best is not None
    return best


def _better(new: Found, old: Found, tolerance: float) -> bool:
    reached = new.estimate <= tolerance, old.estimate <= tolerance
    if reached[0] != reached[1]:
        return reached[0]
    return new.cost < old.cost if reached[0] else new.error < old.error


def _candidates(problem: Problem, tolerance: float) -> Iterator[_Candidate]:
    """Evenly spaced nodes, then nodes concentrated at each place where a singularity is near."""
    left, right = problem.reference.window(TAIL * tolerance)
    low, high = float(left.min()), float(right.max())
    mirrored = _is_even(problem)
    around = problem.relevant(left, right)
    closest = min([FAR, *(float(d.min()) for _, d in around)])
    if closest > CLOSE:
        first = min(1.0, 1.3 * 2 * np.pi * closest / -np.log(tolerance))
        yield _Candidate(partial(even, low=low, high=high), S.Zero, "trapezoid", first, mirrored)
    for near, distances in around:
        if mirrored and near.symbolic.centre != 0:
            continue
        centre, at = _clipped(near.symbolic.centre, low, high), np.clip(near.centre, low, high)
        ends = {"low": float((left - at).min()), "high": float((right - at).max())}
        for length, part in product(LENGTHS, SCALES):
            scale = max(part * float(distances.min()), LEAST_SCALE)
            if scale < length:
                make = partial(concentrated, scale=scale, length=length, **ends)
                words = f"trapezoid concentrated on the scale {scale:.1e}"
                yield _Candidate(make, centre, words, 0.45, mirrored)


def _clipped(centre: Expr, low: float, high: float) -> Expr:
    if not centre.free_symbols:
        return Float(min(max(float(centre), low), high)) if centre != 0 else S.Zero
    return Min(Max(centre, Float(low)), Float(high))


def _is_even(problem: Problem) -> bool:
    z = problem.variable
    mirrored = problem.integrand.subs(z, -z)
    return mirrored == problem.integrand


def _refined(
    problem: Problem, candidate: _Candidate, tolerance: float, best: Found | None
) -> Found | None:
    """The largest step that reaches the tolerance, first at the hardest samples, then at all."""
    centres = problem.values(candidate.centre, slice(None))
    everywhere = np.arange(len(centres))
    target = max(tolerance - ROUNDING, 0.0) / SAFETY

    def tried(step: float, chosen: Any) -> tuple[Nodes, Any]:
        nodes = candidate.nodes(step)
        sums = problem.sums(nodes.places, nodes.weights, centres[chosen], chosen)
        return nodes, problem.errors(sums, chosen)

    def made(nodes: Nodes, errors: Any) -> Found:
        ends = float(centres.min() + nodes.places.min()), float(centres.max() + nodes.places.max())
        return Found(nodes, candidate.centre, candidate.words, float(errors.max()), ends)

    step = candidate.first
    nodes, errors = tried(step, everywhere)
    hard = np.argsort(-errors)[:HARD]
    result: Found | None = None
    while True:
        if len(nodes) > MOST or (
            best is not None and best.estimate <= tolerance and _cost(nodes, candidate) >= best.cost
        ):
            return result
        if errors.max() <= target:
            nodes, errors = tried(step, everywhere)
            if errors.max() <= target:
                return made(nodes, errors)
            hard = np.union1d(hard, np.argsort(-errors)[:HARD])
        elif result is None or errors.max() < result.error:
            result = made(nodes, errors)
        step *= SHRINK
        nodes, errors = tried(step, hard)


def _cost(nodes: Nodes, candidate: _Candidate) -> float:
    return len(nodes) * (MOVING if candidate.centre.free_symbols else 1.0)
