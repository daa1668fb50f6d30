"""Terms that an asymptotic step drops, at growing sizes: they must fall as it says.

The sizes grow by tiling: site i of a system t times as large is site i modulo the small size, so
that sums over sites are the same up to powers of t, and an order in the size is seen cleanly.
"""

from __future__ import annotations

import itertools
from itertools import product as cartesian
from typing import Any

import mpmath
from mpmath import mp
from sympy import Symbol

from derive.checks.asymptotic import TOLERANCE, Convergence
from derive.checks.evaluate import Environment, count
from derive.checks.expand import Expansion, components_of
from derive.checks.replicas_disorder import averaged_away, log_average
from derive.checks.world import World
from derive.measures import Finite
from derive.moves.replicate import is_extensive
from derive.step import Step
from derive.variables import Variable

__all__ = ["check_cumulants", "check_leading_order"]

FACTORS = (2, 4, 8)
DIGITS = 20


def check_leading_order(step: Step, world: World) -> Convergence:
    """What is dropped must be smaller than the size by one power at least."""
    size = _large(step, world)

    def dropped(sizes: Any, env: Environment) -> Any:
        before, after = (Expansion(e, sizes, env) for e in (step.before, step.after))
        return before.log_integrand(env) - after.log_integrand(env)

    return _falling(step, world, size, dropped, mpmath.mpf(0))


def check_cumulants(step: Step, world: World) -> Convergence:
    """The exact average minus the truncated one must be of the order that the step states."""
    size, (power,) = _large(step, world), step.details
    gone = averaged_away(step)

    def dropped(sizes: Any, env: Environment) -> Any:
        before, after = (Expansion(e, sizes, env, soft=True) for e in (step.before, step.after))
        exact, linear = log_average(before, gone, sizes, world, env)
        if linear < DIGITS / 2:
            return mpmath.inf
        return exact - after.log_integrand(env)

    return _falling(step, world, size, dropped, mpmath.mpf(int(2 * power)) / 2)


def _large(step: Step, world: World) -> Symbol:
    ranges = {r for v in step.before.variables for r in v.label.ranges if is_extensive(r)}
    symbols = {s for r in ranges for s in r.size.free_symbols if s.is_integer}
    return sorted(symbols, key=str)[0]


def _falling(step: Step, world: World, size: Symbol, dropped: Any, power: Any) -> Convergence:
    """-d log |dropped / N| / d log N, which must be one minus the power of N stated."""
    with mp.workdps(DIGITS):
        base = _point(step, world)
        values = []
        for factor in FACTORS:
            sizes = world.resized(size, world.sizes[size] * factor)
            env = world.environment() | _tiled(step.before.variables, base, world.sizes, sizes)
            values.append(abs(dropped(sizes, env)) / sizes[size])
    sizes_named = f"{size} = {', '.join(str(world.sizes[size] * f) for f in FACTORS)}"
    claimed = 1 - power
    if max(values) < mpmath.mpf(10) ** (4 - DIGITS):
        return Convergence(
            f"{sizes_named}: nothing is dropped", float("inf"), float(claimed), False
        )
    if not all(map(mpmath.isfinite, values)):
        return Convergence("not linear in the disorder", 0.0, float(claimed), True)
    orders = [mpmath.log(a / b, 2) for a, b in itertools.pairwise(values)]
    listed = ", ".join(f"{float(o):.2f}" for o in orders)
    return Convergence(
        f"{sizes_named}: what is dropped falls, per site, as {size}^-({listed})",
        float(orders[-1]),
        float(claimed - TOLERANCE),
        refuted=bool(orders[-1] < claimed - TOLERANCE and orders[-1] < orders[0] + TOLERANCE),
    )


def _point(step: Step, world: World) -> Environment:
    """Random values at the small size, fields of order one."""
    env = world.environment()
    for variable in step.before.variables:
        if isinstance(variable.measure, Finite):
            env |= world.point(variable, env)
            continue
        turn = mpmath.mpc(0, 1) if getattr(variable.measure, "is_imaginary", False) else 1
        env |= {k: turn * world.uniform(0.2, 0.5) for k in components_of(variable, world.sizes)}
    return env


def _tiled(variables: Any, base: Environment, small: Any, sizes: Any) -> Environment:
    env: Environment = {}
    for variable in variables:
        env |= _repeated(variable, base, small, sizes)
    return env


def _repeated(variable: Variable, base: Environment, small: Any, sizes: Any) -> Environment:
    label = variable.label
    counts = [(count(r, sizes), count(r, small)) for r in label.ranges]
    slots = cartesian(*(range(1, large + 1) for large, _ in counts))
    own = set(components_of(variable, small))
    found: Environment = {}
    for position in slots:
        inside = tuple((k - 1) % few + 1 for k, (_, few) in zip(position, counts, strict=True))
        if (label, inside) in own:
            found[(label, position)] = base[(label, inside)]
    return found
