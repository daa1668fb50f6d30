"""The replica ansatz: matrices filled in element by element, and the symmetry that it breaks least.

The exponent after the step must be the one before it, with every element of every matrix filled in
at integer numbers of replicas.  The exponent before does not change when replicas are renamed, so
that what is stationary among symmetric matrices is stationary among all.
"""

from __future__ import annotations

from typing import Any

import mpmath

from derive.checks.agreeing_digits import agreement, agreement_of_logs
from derive.checks.evaluate import Environment, component
from derive.checks.expand import Expansion, components_of
from derive.checks.world import World
from derive.indices import IndexRange, Label
from derive.measures import Collective
from derive.step import Step
from derive.variables import Variable

__all__ = ["check_replica_ansatz"]

SAMPLES = 3
Block = tuple[int, int]  # the block of a replica, and its place in it


def check_replica_ansatz(step: Step, world: World, digits: int) -> tuple[str, float, float]:
    """Both exponents at integer replicas, and the symmetry of the one before."""
    rule, over = step.details
    n = int(world.sizes[over.size])
    places = _places(rule, n, world)
    before, after = (
        Expansion(e, world.sizes, world.environment(), soft=True) for e in (step.before, step.after)
    )
    worst = mpmath.inf
    for env in world.points(list(step.after.variables), SAMPLES):
        point = world.environment() | _filled(step, over, places, env, world)
        worst = min(
            worst,
            agreement_of_logs(before.without_prefactor(point), after.without_prefactor(env)),
            agreement(before.weight(point), after.weight(env)),
        )
    symmetric = _symmetry(step, before, over, n, world)
    blocks = "" if places[0] == (1, 1) and len({b for b, _ in places}) == n else " in blocks"
    method = f"{n} replicas{blocks} filled in, and renamed"
    return method, float(min(worst, symmetric)), digits


def _places(rule: Any, n: int, world: World) -> list[Block]:
    """Where each replica stands: one block each without breaking."""
    size = getattr(rule, "m", None)
    if size is None:
        return [(a, 1) for a in range(1, n + 1)]
    m = int(world.sizes.get(size, size))
    return [(a // m + 1, a % m + 1) for a in range(n)]


def _filled(
    step: Step, over: IndexRange, places: list[Block], env: Environment, world: World
) -> Environment:
    """The components before the step from those after it."""
    scalars = {v.name: v for v in step.after.variables if isinstance(v.measure, Collective)}
    kept = {v.name: v for v in step.after.variables if v.name not in scalars}
    found: Environment = {}
    for variable in step.before.variables:
        for key in components_of(variable, world.sizes):
            if variable.name in kept:
                found[key] = env[_split_key(key, kept[variable.name], over, places)]
            else:
                name = _name(variable, key[1], places, scalars)
                found[key] = env[component(scalars[name].label, ())]
    return found


def _split_key(key: Any, variable: Variable, over: IndexRange, places: list[Block]) -> Any:
    """The key of a replicated component, its replica numbered by block and place if split."""
    label, slots = key
    if variable.label.ranges == label.ranges:
        return (variable.label, slots)
    inner: list[int] = []
    for slot, own in zip(slots, label.ranges, strict=True):
        inner.extend(places[slot - 1] if own == over else (slot,))
    return (variable.label, tuple(inner))


def _name(
    variable: Variable, slots: tuple[int, ...], places: list[Block], scalars: dict[str, Variable]
) -> str:
    """Which order parameter an element is: of the diagonal, inside a block, between blocks."""
    if len(slots) < 2:
        return variable.name
    if slots[0] == slots[1]:
        return f"{variable.name}_d"
    if variable.name in scalars:
        return variable.name
    same = places[slots[0] - 1][0] == places[slots[1] - 1][0]
    return f"{variable.name}{1 if same else 0}"


def _symmetry(step: Step, before: Expansion, over: IndexRange, n: int, world: World) -> Any:
    """Digits to which the exponent is unchanged when replicas are renamed."""
    worst = mpmath.inf
    moves = [[2, 1, *range(3, n + 1)], [*range(2, n + 1), 1]] if n > 1 else []
    for env in world.points(list(step.before.variables), 1):
        values = [before.without_prefactor(env), before.weight(env)]
        for names in moves:
            renamed = dict(env)
            for variable in step.before.variables:
                for key in components_of(variable, world.sizes):
                    renamed[_renamed(key, over, names)] = env[key]
            worst = min(worst, agreement_of_logs(before.without_prefactor(renamed), values[0]))
            worst = min(worst, agreement(before.weight(renamed), values[1]))
    return worst


def _renamed(key: tuple[Label, tuple[int, ...]], over: IndexRange, names: list[int]) -> Any:
    label, slots = key
    moved = tuple(
        names[k - 1] if own == over else k for k, own in zip(slots, label.ranges, strict=True)
    )
    return component(label, moved)
