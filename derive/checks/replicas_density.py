"""The saddle point after a continuation: what of it is a claim that numbers can refute.

Where n -> 0 turned the number of components negative, no integral is left whose maximum dominates,
and that E[log Z] is the stationary value is a prescription.  What can be checked is that density
and lower orders are those of the exponent, and that an order parameter is minimal where the number
of components that it stands for is negative.
"""

from __future__ import annotations

from typing import Any

from sympy import Symbol

from derive.checks.agreeing_digits import agreement_of_logs
from derive.checks.evaluate import Environment, evaluator
from derive.checks.world import World
from derive.measures import Collective
from derive.step import Step

__all__ = ["check_density"]


def check_density(step: Step, world: World) -> float:
    """Digits to which density and correction are the exponent; 0 for wrong signs."""
    size, sizes = step.after.size, dict(world.sizes)
    blocks = {s: world.uniform(0.3, 0.8) for s in world.replicas}
    sizes = {s: v for s, v in sizes.items() if s not in blocks}
    env: Environment = world.environment() | blocks
    for variable in step.before.variables:
        env |= world.point(variable, env)
    named = {
        Symbol(v.name, real=True): env[(v.label, ())]
        for v in step.before.variables
        if v.name not in {str(s) for s in blocks}
    }
    parts = (step.after.density * size + step.after.correction, step.before.exponent)
    values = [evaluator(e, sizes)(env | named) for e in parts]
    prefactor = evaluator(step.before.log_prefactor, sizes)(env)
    found = agreement_of_logs(values[0], values[1] + prefactor)
    return float(found) if list(step.after.signs) == _signs(step) else 0.0


def _signs(step: Step) -> list[Any]:
    """Minimal for a negative number of components, and once more reversed for conjugates."""
    return [
        (1 if v.measure.multiplicity > 0 else -1) * (-1 if v.measure.is_imaginary else 1)
        for v in step.before.variables
        if isinstance(v.measure, Collective)
    ]
