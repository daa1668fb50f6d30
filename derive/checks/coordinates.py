"""Steps that only name the points of the trace anew: both integrands agree point by point.

`change_variable` maps each component by a line, `split` and `join` list the components of a union
by its parts.  At the same points, drawn from the measures, both sides must be equal with their
weights and the Jacobian, and the measures must cover the same values, or the same interval.
"""

from __future__ import annotations

from itertools import product as cartesian
from typing import Any

import mpmath
from mpmath import mp
from sympy import Symbol, Tuple

from derive.blocks import Blocks
from derive.checks.assembled import assembled
from derive.checks.evaluate import Environment, component, count, evaluator
from derive.checks.expand import Expansion, components_of
from derive.checks.world import World
from derive.measures import Finite
from derive.step import Step
from derive.variables import Variable

__all__ = ["check_coordinates", "names_points_anew"]

POINTS = 24


def names_points_anew(step: Step) -> bool:
    """Whether the step says how the components on both sides are related."""
    moved = step.move in ("change_variable", "split", "join")
    return moved and isinstance(next(iter(step.details), None), Blocks | Tuple)


def check_coordinates(step: Step, world: World, digits: int) -> tuple[str, float, float]:
    """Both integrands at the same points, and the domains that the points are drawn from."""
    (change,) = step.details
    gone = [v for v in step.before.variables if v not in step.after.variables]
    new = [v for v in step.after.variables if v not in step.before.variables]
    shared = [v for v in step.before.variables if v in step.after.variables]
    left, right = (
        Expansion(e, world.sizes, world.environment()) for e in (step.before, step.after)
    )
    found, jacobian = [], mpmath.mpf(0)
    if not isinstance(change, Blocks):
        found.append(_same_domain(gone[0], new[0], change, world))
        jacobian = _log_jacobian(new[0], change, world)
    for env in world.points([*shared, *(gone if step.move == "join" else new)], POINTS):
        point = env | _located(change, env, world)
        before = left.log_integrand(point) + _log_weights(gone, point, world) + jacobian
        after = right.log_integrand(point) + _log_weights(new, point, world)
        found.append(_agreement(before, after))
    return "both sides at the same points", float(min(found)), digits


def _agreement(x: Any, y: Any) -> Any:
    return -mpmath.log10(abs(x - y) / (1 + abs(x)) + mp.eps)


def _located(change: Any, env: Environment, world: World) -> Environment:
    """The components that were not drawn, from those that were."""
    if isinstance(change, Blocks):
        located: Environment = {}
        for label in change.tables:
            if not label.given:
                located |= assembled(change, label, world.sizes, env)
        return located
    element, value = change
    line = evaluator(value, world.sizes)
    ranges = [range(1, count(over, world.sizes) + 1) for over in element.label.ranges]
    return {
        component(element.label, slots): line(env | dict(zip(element.slots, slots, strict=True)))
        for slots in cartesian(*ranges)
    }


def _log_weights(variables: list[Variable], point: Environment, world: World) -> Any:
    return mpmath.fsum(
        _log_weight(v, point[key], world)
        for v in variables
        for key in components_of(v, world.sizes)
    )


def _log_weight(variable: Variable, at: Any, world: World) -> Any:
    """The logarithm of the weight or density of a measure at one of its points."""
    env, measure = world.environment(), variable.measure
    if not isinstance(measure, Finite):
        x = Symbol("x")
        return evaluator(measure.log_weight(x), world.sizes)(env | {x: at})
    for value, weight in zip(measure.values, measure.log_weights, strict=True):
        if abs(evaluator(value, world.sizes)(env) - at) <= mp.eps * 1e3 * (1 + abs(at)):
            return evaluator(weight, world.sizes)(env)
    return -mpmath.inf


# --- lines ------------------------------------------------------------------------------------


def _mapped(variable: Variable, change: Any, at: Any, world: World) -> Any:
    """Where a line takes one value of the new variable."""
    element, value = change
    new = {e for e in value.atoms(type(element)) if e.label == variable.label}
    z = Symbol("z")
    line = evaluator(value.xreplace(dict.fromkeys(new, z)), world.sizes)
    return line(world.environment() | {z: at})


def _log_jacobian(new: Variable, change: Any, world: World) -> Any:
    if isinstance(new.measure, Finite):
        return mpmath.mpf(0)
    slope = _mapped(new, change, mpmath.mpf(1), world) - _mapped(new, change, mpmath.mpf(0), world)
    return len(components_of(new, world.sizes)) * mpmath.log(abs(slope))


def _same_domain(old: Variable, new: Variable, change: Any, world: World) -> Any:
    """Digits to which the image of the new values, or of the new contour, is the old one."""
    if isinstance(old.measure, Finite) != isinstance(new.measure, Finite):
        return mpmath.mpf(0)
    if isinstance(old.measure, Finite):
        image = [_mapped(new, change, value, world) for value in _at(new.measure.values, world)]
        return _same_numbers(image, _at(old.measure.values, world))
    (shift, direction, *ends), (origin, axis, *wanted) = (
        _at((m.shift, m.direction, m.lower, m.upper), world) for m in (new.measure, old.measure)
    )
    start, stop = (
        (_mapped(new, change, shift + direction * y, world) - origin) / axis for y in (0, 1)
    )
    slope = stop - start  # the coordinate along the old contour, start + slope y, is real
    straight = min(_agreement(mpmath.re(number), number) for number in (start, slope))
    image = [mpmath.re(start) + mpmath.re(slope) * end for end in ends]
    return min(straight, _same_numbers(image, wanted))


def _at(exprs: Any, world: World) -> list[Any]:
    return [evaluator(e, world.sizes)(world.environment()) for e in exprs]


def _same_numbers(found: list[Any], wanted: list[Any]) -> Any:
    if len(found) != len(wanted):
        return mpmath.mpf(0)
    pairs = zip(sorted(found), sorted(wanted), strict=True)
    return min(mpmath.mpf(mp.dps) if x == y else _agreement(x, y) for x, y in pairs)
