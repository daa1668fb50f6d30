"""The continuation in the number of replicas: slopes of the exponent at real n, from its values.

The exponent before the step is evaluated at small real n, where it is an ordinary number; its
derivative there by n, from these values, must be the exponent after the step.  At n = 0 it must
vanish, with what is not replicated at the values where it is stationary.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
from mpmath import mp
from sympy import Expr

from derive.checks.agreeing_digits import agreement_of_logs
from derive.checks.evaluate import Environment, evaluator, key_of
from derive.checks.integrals import PLANE_DIGITS
from derive.checks.world import World
from derive.gaussian.average import GaussianAverage
from derive.step import Step

__all__ = ["check_continuation"]

LINES = 6, "0.001"  # values at +h, ..., +6h and -h, ..., -6h give the slope up to h^12
PLANES = 4, "0.03"  # nested averages take their time, and have fewer digits
DIGITS_OF_PLANES = 10


def check_continuation(step: Step, world: World, digits: int) -> tuple[str, float, float]:
    """Digits to which the exponent after the step is the slope of the one before it."""
    n, to = step.details[:2]
    (pairs, spacing), samples = LINES, 2
    if _has_planes(step):
        (pairs, spacing), samples = PLANES, 1
        mp.dps, digits = PLANE_DIGITS, min(digits, DIGITS_OF_PLANES)
    worst = min(_at_a_point(step, world, pairs, mpmath.mpf(spacing)) for _ in range(samples))
    how = f"real {n} around {to}: its slope" if to != n else f"real {n}"
    return f"the exponent at {how}", float(worst), digits


def _has_planes(step: Step) -> bool:
    """Whether a value needs integrals over more than one variable."""
    averages = {a for e in (step.before, step.after) for a in e.exponent.atoms(GaussianAverage)}
    return any(len(a.variables) > 1 or a.integrand.has(GaussianAverage) for a in averages)


def _at_a_point(step: Step, world: World, pairs: int, h: Any) -> Any:
    n, to = step.details[:2]
    sizes = {s: v for s, v in world.sizes.items() if s not in world.replicas}
    env = world.environment() | {s: world.uniform(0.3, 0.8) for s in world.replicas}
    for variable in step.after.variables:
        env |= world.point(variable, env)
    env |= _planted(step, sizes, env)
    before, after = (evaluator(e.exponent, sizes) for e in (step.before, step.after))
    if to == n:
        return agreement_of_logs(env[n] * after(env), before(env))
    start = evaluator(to, sizes)(env)

    def along(shift: Any) -> Any:
        return before(env | {n: start + shift})

    found = agreement_of_logs(after(env), _slope(along, pairs, h))
    return min(found, agreement_of_logs(along(0), 0)) if to == 0 else found


def _slope(along: Callable[[Any], Any], p: int, h: Any) -> Any:
    """f'(0) from 2p values: 2 sum_k (-1)^(k+1) p!^2 / (k (p-k)! (p+k)!) [f(kh) - f(-kh)] / 2h."""
    return mpmath.fsum(
        (-1) ** (k + 1)
        * mpmath.factorial(p) ** 2
        / (k * mpmath.factorial(p - k) * mpmath.factorial(p + k))
        * (along(k * h) - along(-k * h))
        / h
        for k in range(1, p + 1)
    )


def _planted(step: Step, sizes: Any, env: Environment) -> Environment:
    """Where the exponent at n = 0 is stationary in what is not replicated, by Newton's method."""
    kept = {v.label for v in step.after.variables}
    gone = [v.element for v in step.before.variables if v.label not in kept]
    if not gone:
        return {}
    rest = step.before.exponent.xreplace({step.details[0]: step.details[1]})
    gradient = [evaluator(rest.diff(u), sizes) for u in gone]
    keys = [key_of(u) for u in gone]
    start = [mpmath.mpf("0.9") if _is_positive_one(u) else mpmath.mpf("0.1") for u in gone]

    def residual(*values: Any) -> Any:
        point = env | dict(zip(keys, values, strict=True))
        return [g(point) for g in gradient]

    root = mpmath.findroot(residual, start, tol=mp.eps**1.5)
    return dict(zip(keys, root, strict=True))


def _is_positive_one(unknown: Expr) -> bool:
    """An overlap, rather than its conjugate."""
    return not unknown.name.endswith("hat")
