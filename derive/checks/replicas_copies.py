"""Replicas are copies: the integrand of Z^n is the product of those of Z at each copy's point."""

from __future__ import annotations

from typing import Any

import mpmath

from derive.checks.agreeing_digits import agreement, agreement_of_logs
from derive.checks.evaluate import Environment
from derive.checks.expand import Expansion, components_of
from derive.checks.world import World
from derive.measures import Finite, OneHot
from derive.step import Step

__all__ = ["check_copies"]

SAMPLES = 3
MOST_COMPONENTS = 9


def check_copies(step: Step, world: World, digits: int) -> tuple[str, float, float]:
    """log integrand of n copies = the sum over copies, at the same disorder; and Z^n = Z_n."""
    (index,) = step.details
    before, after = step.before, step.after
    one, copied = (
        Expansion(e, world.sizes, world.environment(), soft=True) for e in (before, after)
    )
    n = world.sizes[index.size]
    worst = _same_measures(before, after)
    for env in world.points([*after.variables, *after.disorder], SAMPLES):
        exponent, weight = mpmath.mpf(0), mpmath.mpf(1)
        for a in range(1, n + 1):
            point = env | _of_copy(before, env, a)
            exponent += one.log_integrand(point)
            weight *= one.weight(point)
        worst = min(
            worst,
            agreement_of_logs(copied.log_integrand(env), exponent),
            agreement(copied.weight(env), weight),
        )
    method = f"the integrand at {n} copies"
    if _few_states(before, world, n):
        worst = min(worst, *_powers(step, world, n))
        method = f"{method}, and Z^{n}"
    return method, float(worst), digits


def _same_measures(before: Any, after: Any) -> Any:
    own = {v.name: v.measure for v in before.variables}
    same = own == {v.name: v.measure for v in after.variables}
    return mpmath.inf if same and before.disorder == after.disorder else mpmath.mpf(0)


def _of_copy(before: Any, env: Environment, a: int) -> Environment:
    """The components of one copy under the names that they had before."""
    old = {v.name: v.label for v in before.variables}
    return {
        (old[key[0].name], key[1][1:]): value
        for key, value in env.items()
        if isinstance(key, tuple) and key[0].name in old and key[1][0] == a
    }


def _few_states(before: Any, world: World, n: int) -> bool:
    finite = all(isinstance(v.measure, Finite | OneHot) for v in before.variables)
    return (
        finite
        and n * sum(len(components_of(v, world.sizes)) for v in before.variables) <= MOST_COMPONENTS
    )


def _powers(step: Step, world: World, n: int) -> Any:
    one, copied = (
        Expansion(e, world.sizes, world.environment()) for e in (step.before, step.after)
    )
    for env in world.points(list(step.before.disorder), 1):
        z = one.trace(list(step.before.variables), env)
        zn = copied.trace(list(step.after.variables), env)
        power = mpmath.exp(n * z.exponent - zn.exponent) * z.value**n
        yield agreement(zn.value, power)
