"""Checks of steps from one free entropy to another: an ansatz, or the elimination of unknowns."""

from __future__ import annotations

from typing import Any

import mpmath
from mpmath import mp

from derive.checks.evaluate import evaluator, key_of
from derive.checks.integrals import OutOfReach
from derive.checks.world import World
from derive.indices import Element
from derive.step import Step

__all__ = ["check_ansatz", "check_elimination"]


def check_ansatz(step: Step, world: World) -> tuple[str, float, float]:
    """The gradient in the full space is tangent to the ansatz, so that stationarity carries over.

    The ansatz is u_k = u_k(x).  At random x, the part of the gradient of phi that is orthogonal to
    all du/dx must vanish; then a stationary x is a stationary point of the full free entropy.
    Other order parameters that the ansatz refers to are coordinates x and components u in one.
    """
    element, trial, slots = step.details
    full = step.before.componentwise(world.sizes)
    at = {
        own: trial.xreplace(dict(zip(slots, own.slots, strict=True)))
        for own in full.unknowns
        if isinstance(own, Element) and own.label == element.label
    }
    new = [u for u in step.after.unknowns if u not in step.before.unknowns]
    others = [u for u in full.unknowns if u not in at]
    shared = [u for u in others if any(v.has(u) for v in at.values())]
    image = at | {u: u for u in shared}
    worst = mpmath.inf
    for _ in range(3):
        env = world.environment()
        env |= {key_of(u): world.uniform(0.1, 0.9) for u in (*new, *others)}
        gradient = _numbers([full.density.diff(u).xreplace(at) for u in image], env, world)
        tangent = [
            _numbers([v.diff(x) for v in image.values()], env, world) for x in (*new, *shared)
        ]
        worst = min(worst, _tangency(gradient, tangent))
    return "gradient tangent to the ansatz", float(worst), mp.dps - 10


def _numbers(exprs: list[Any], env: Any, world: World) -> list[Any]:
    return [evaluator(e, world.sizes)(env) for e in exprs]


def _tangency(gradient: list[Any], tangent: list[list[Any]]) -> Any:
    """Digits to which a vector lies in the span of others (Gram-Schmidt)."""
    residue = mpmath.matrix(gradient)
    basis: list[Any] = []
    for vector in tangent:
        direction = mpmath.matrix(vector)
        for b in basis:
            direction -= b * (b.T * direction)[0]
        basis.append(direction / mpmath.norm(direction))
    size = mpmath.norm(residue)
    for b in basis:
        residue -= b * (b.T * residue)[0]
    if size == 0 or mpmath.norm(residue) <= size * mp.eps:
        return mpmath.mpf(mp.dps)
    return -mpmath.log10(mpmath.norm(residue) / size)


def check_elimination(step: Step, world: World) -> tuple[str, float, float]:
    """At random values of what is left, the eliminated unknowns are solved for numerically."""
    before, after = (f.componentwise(world.sizes) for f in (step.before, step.after))
    gone = [u for u in before.unknowns if u not in after.unknowns]
    gradient = [evaluator(before.density.diff(u), world.sizes) for u in gone]
    sides = [evaluator(f.density, world.sizes) for f in (before, after)]
    worst = mpmath.inf
    for sign in (1, -1, 1):
        left_alone = {key_of(u): sign * world.uniform(0.2, 0.8) for u in after.unknowns}
        env = world.environment() | left_alone
        env |= _stationary(gradient, gone, env)
        left, right = (side(env) for side in sides)
        worst = min(worst, -mpmath.log10(abs(left - right) / (1 + abs(left)) + mp.eps))
    return "stationary values found numerically", float(worst), mp.dps - 12


def _stationary(gradient: list[Any], gone: list[Any], env: Any) -> dict[Any, Any]:
    keys = [key_of(u) for u in gone]

    def residual(*values: Any) -> Any:
        point = env | dict(zip(keys, values, strict=True))
        return [g(point) for g in gradient]

    for start in ("0.3", "-0.3", "1.1", "-1.1", "2.3"):
        try:
            root = mpmath.findroot(residual, [mpmath.mpf(start)] * len(gone))
        except (ValueError, ZeroDivisionError):
            continue
        return dict(zip(keys, root, strict=True))
    raise OutOfReach(f"no stationary value of {gone} was found numerically")
