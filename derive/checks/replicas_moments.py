"""Moments E[Z^n] of the model itself at its small sizes, by quadrature over the disorder.

At the integer n of the check the moment must be the trace of the averaged ensemble of n copies,
and the slope of log E[Z^n] at n -> 0, from real n in (0, 1), must be E[log Z].  Done where Z is a
finite sum and depends on at most one continuous component of the disorder.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import mpmath
from sympy import Symbol

from derive.checks.agreeing_digits import agreement_of_logs
from derive.checks.evaluate import evaluator
from derive.checks.expand import Expansion, components_of, states
from derive.checks.integrals import OutOfReach
from derive.checks.quadrature import log_line_integral
from derive.checks.world import World
from derive.ensemble import Ensemble
from derive.measures import Continuous, Finite
from derive.step import Kind

__all__ = ["check_moments"]

POINTS = 10  # real n in (0, 1) through which the slope at zero is extrapolated
SPACING = mpmath.mpf("0.002")


def check_moments(derivation: Any, world: World) -> tuple[str, Any] | None:
    """In words, and to how many digits; None where the model is not of this kind."""
    start, averaged = derivation.start, _averaged(derivation)
    if averaged is None or start.weight != 1 or not _finite(start):
        return None
    n = next(
        world.sizes[s.details[0].range.size] for s in derivation.steps if s.move == "replicate"
    )
    try:
        mean = _mean_over_disorder(start, world)
    except OutOfReach:
        return None
    copies = Expansion(averaged, world.sizes, world.environment())
    whole = copies.trace(list(averaged.variables), world.environment())
    moment = agreement_of_logs(whole.exponent + mpmath.log(whole.value), mpmath.log(mean(n)))
    logarithms = [mpmath.mpf(0), *(mpmath.log(mean(k * SPACING)) for k in range(1, POINTS))]
    slope = _slope_at_zero(logarithms) / SPACING
    found = min(moment, agreement_of_logs(slope, mean(None)))
    return f"E[Z^{n}] and E[log Z] by quadrature over the disorder", found


def _averaged(derivation: Any) -> Ensemble | None:
    """The ensemble of copies whose disorder was averaged over exactly, as the first steps."""
    allowed = ("replicate", "average")
    steps = [s for s in derivation.steps if s.move in allowed]
    first = list(derivation.steps[: len(steps)])
    if first != steps or any(s.kind != Kind.EXACT for s in steps) or not steps:
        return None
    ensemble: Ensemble = steps[-1].after
    return ensemble if _finite(ensemble) and not ensemble.disorder else None


def _finite(ensemble: Ensemble) -> bool:
    return all(isinstance(v.measure, Finite) for v in ensemble.variables)


def _mean_over_disorder(start: Ensemble, world: World) -> Callable[[Any], Any]:
    """n -> E[Z^n], and E[log Z] for None."""
    expansion = Expansion(start, world.sizes, world.environment())
    finite = [v for v in start.disorder if isinstance(v.measure, Finite)]
    others = [v for v in start.disorder if v not in finite]
    zero = {k: mpmath.mpf(0) for v in others for k in components_of(v, world.sizes)}

    def log_z(point: Any) -> Any:
        z = expansion.trace(list(start.variables), world.environment() | zero | point)
        return z.exponent + mpmath.log(z.value)

    samples = list(states(finite, world.sizes, world.environment()))
    base = log_z(samples[0][0])
    moved = [(v, k) for v in others for k in components_of(v, world.sizes)]
    moved = [(v, k) for v, k in moved if log_z(samples[0][0] | {k: mpmath.mpf("0.7")}) != base]
    if len(moved) > 1 or not all(isinstance(v.measure, Continuous) for v, _ in moved):
        raise OutOfReach("Z depends on more than one continuous component of the disorder")
    cache: dict[Any, Any] = {}

    def known(k: int, y: Any) -> Any:
        if (k, y) not in cache:
            own = {moved[0][1]: y} if moved else {}
            cache[(k, y)] = log_z(samples[k][0] | own)
        return cache[(k, y)]

    def mean(n: Any) -> Any:
        total, norm = mpmath.mpf(0), mpmath.mpf(0)
        for k, (_, weight) in enumerate(samples):
            share = mpmath.exp(weight)
            total += share * _over_line(moved, world, partial(known, k), n)
            norm += share
        return total / norm

    return mean


def _over_line(moved: Any, world: World, log_z: Callable[[Any], Any], n: Any) -> Any:
    if not moved:
        value = log_z(mpmath.mpf(0))
        return value if n is None else mpmath.exp(n * value)
    x, (variable, _) = Symbol("x"), moved[0]
    density = evaluator(variable.measure.log_weight(x), world.sizes)
    env = world.environment()

    def along(y: Any) -> tuple[Any, Any]:
        height = density(env | {x: y})
        return (height, log_z(y)) if n is None else (height + n * log_z(y), 1)

    height, value = log_line_integral(along, -mpmath.inf, mpmath.inf)
    return mpmath.exp(height) * value


def _slope_at_zero(values: list[Any]) -> Any:
    """f'(0) of the polynomial through f(0), f(1), ...: sum_k (-1)^(k+1) binomial(p, k) f(k)/k."""
    p = len(values) - 1
    slope = mpmath.fsum(
        (-1) ** (k + 1) * mpmath.binomial(p, k) * values[k] / k for k in range(1, p + 1)
    )
    return slope - values[0] * mpmath.harmonic(p)
