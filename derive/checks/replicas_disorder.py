"""Averages over disorder: the exponent is linear in it, and each component is averaged by itself.

With c_k the slopes of the exponent, found by differences, the average of exp(sum_k c_k J_k) over
independent components is the product of the integrals of exp(c_k J) over their measure.
"""

from __future__ import annotations

from typing import Any

import mpmath
from sympy import Symbol

from derive.checks.agreeing_digits import agreement, agreement_of_logs
from derive.checks.evaluate import Environment, evaluator
from derive.checks.expand import Expansion, components_of
from derive.checks.quadrature import log_line_integral
from derive.checks.world import World
from derive.measures import Finite
from derive.step import Step
from derive.variables import Variable

__all__ = ["averaged_away", "check_average", "check_kept", "log_average"]

SAMPLES = 3


def averaged_away(step: Step) -> list[Variable]:
    """The disorder that the step averaged over, or keeps."""
    return [v for v in step.before.disorder if v not in step.after.disorder]


def check_average(step: Step, world: World, digits: int) -> tuple[str, float, float]:
    """The averaged exponent, component by component, against the one after the step."""
    gone = averaged_away(step)
    before, after = (
        Expansion(e, world.sizes, world.environment(), soft=True) for e in (step.before, step.after)
    )
    others = [*step.before.variables, *step.after.disorder]
    worst = mpmath.inf
    for env in world.points(others, SAMPLES):
        expected, linear = log_average(before, gone, world.sizes, world, env)
        worst = min(worst, linear, agreement_of_logs(after.log_integrand(env), expected))
        worst = min(worst, agreement(after.weight(env), before.weight(env | _drawn(gone, world))))
    return "one integral for each component of the disorder", float(worst), digits


def _drawn(variables: list[Variable], world: World) -> Environment:
    drawn: Environment = {}
    for variable in variables:
        drawn |= world.point(variable, world.environment())
    return drawn


def log_average(
    before: Expansion, gone: list[Variable], sizes: Any, world: World, env: Environment
) -> tuple[Any, Any]:
    """log E exp(exponent) at a point, and the digits to which the exponent is linear."""
    keys = [(v, key) for v in gone for key in components_of(v, sizes)]
    zero = env | {key: mpmath.mpf(0) for _, key in keys}
    base = before.log_integrand(zero)
    slopes = [before.log_integrand(zero | {key: mpmath.mpf(1)}) - base for _, key in keys]
    trial = {key: world.uniform(-2, 2) for _, key in keys}
    line = base + mpmath.fsum(c * trial[key] for c, (_, key) in zip(slopes, keys, strict=True))
    linear = agreement_of_logs(before.log_integrand(zero | trial), line)
    found = base
    for slope, (variable, _) in zip(slopes, keys, strict=True):
        found += _log_moment(variable, slope, sizes, env)
    return found, linear


def _log_moment(variable: Variable, slope: Any, sizes: Any, env: Environment) -> Any:
    """log E exp(c J) for one component, of the probability proportional to its measure."""
    measure = variable.measure
    if isinstance(measure, Finite):
        values, weights = (
            [evaluator(e, sizes)(env) for e in exprs]
            for exprs in (measure.values, measure.log_weights)
        )
        pairs = list(zip(values, weights, strict=True))
        top, norm = (
            mpmath.fsum(mpmath.exp(w + c * v) for v, w in pairs) for c in (slope, mpmath.mpf(0))
        )
        return mpmath.log(top / norm)
    x = Symbol("x")
    density = evaluator(measure.log_weight(x), sizes)
    lower, upper = (evaluator(end, sizes)(env) for end in (measure.lower, measure.upper))
    inner = dict(env)

    def integral(c: Any) -> Any:
        def along(y: Any) -> tuple[Any, Any]:
            inner[x] = y
            return density(inner) + c * y, 1

        height, value = log_line_integral(along, lower, upper)
        return height + mpmath.log(value)

    return integral(slope) - integral(mpmath.mpf(0))


def check_kept(step: Step, world: World, digits: int) -> tuple[str, float, float]:
    """Disorder that is traced instead: of the same law, with norm one, in the same integrand."""
    gone = averaged_away(step)
    before, after = (
        Expansion(e, world.sizes, world.environment(), soft=True) for e in (step.before, step.after)
    )
    worst = mpmath.inf
    for variable in gone:
        worst = min(worst, *_law(variable, step.after[variable.name], world))
    for env in world.points([*step.before.variables, *step.before.disorder], SAMPLES):
        worst = min(
            worst,
            agreement_of_logs(after.log_integrand(env), before.log_integrand(env)),
            agreement(after.weight(env), before.weight(env)),
        )
    return "the integrand, and the norm of the law", float(worst), digits


def _law(old: Variable, new: Variable, world: World) -> list[Any]:
    """Digits to which the new measure is normalised, and proportional to the old one."""
    sizes, env, x = world.sizes, world.environment(), Symbol("x")
    if isinstance(old.measure, Finite):
        if old.measure.values != new.measure.values:
            return [mpmath.mpf(0)]
        weights = [
            [mpmath.exp(evaluator(w, sizes)(env)) for w in m.log_weights]
            for m in (old.measure, new.measure)
        ]
        norm = mpmath.fsum(weights[1])
        ratios = [b / a for a, b in zip(*weights, strict=True)]
        return [agreement(norm, mpmath.mpf(1)), *(agreement(r, ratios[0]) for r in ratios)]
    densities = [evaluator(v.measure.log_weight(x), sizes) for v in (old, new)]
    ends = [
        [evaluator(end, sizes)(env) for end in (v.measure.lower, v.measure.upper)]
        for v in (old, new)
    ]
    if ends[0] != ends[1]:
        return [mpmath.mpf(0)]
    height, value = log_line_integral(lambda y: (densities[1](env | {x: y}), 1), *ends[1])
    norm = height + mpmath.log(value)
    points = [mpmath.mpf(k) / 11 + (max(ends[0][0], 0)) for k in range(1, 4)]
    ratio = [densities[1](env | {x: y}) - densities[0](env | {x: y}) for y in points]
    return [agreement_of_logs(norm, 0), *(agreement_of_logs(r, ratio[0]) for r in ratio)]
