"""Does an expansion in the interaction miss log Z by the order that it neglects?

With the interaction scaled by epsilon, ``exponent = local + epsilon * interaction``, order n of the
expansion at its own stationary point must differ from the exact log Z by epsilon**(n + 1) or less.
Both are evaluated at small integer sizes: log Z by its explicit trace, the stationary point by
Newton's method on the gradient of the free entropy.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import mpmath
from mpmath import mp
from sympy import Add, Dummy, Expr

from derive.checks.asymptotic import Convergence
from derive.checks.evaluate import Environment, Evaluate, evaluator, key_of
from derive.checks.expand import Expansion
from derive.checks.integrals import OutOfReach, TwoDimensional
from derive.checks.world import World
from derive.ensemble import Ensemble
from derive.saddle.free_entropy import FreeEntropy
from derive.saddle.index_notation import components
from derive.step import Step

__all__ = ["check_coupling_expansion"]

SCALES = 6  # 1, 1/2, ..., 1/32
MOST_STEPS = 40
DIGITS = (36, 16)  # of explicit sums, and of two-dimensional integrals
TOLERANCE = 0.15  # of an order, what the next power of epsilon changes at the weakest coupling


def check_coupling_expansion(step: Step, world: World) -> Convergence:
    """Compare log Z with the expansion as the interaction is scaled down."""
    try:
        with mp.workdps(DIGITS[0]):
            return _compared(step, world)
    except TwoDimensional:
        with mp.workdps(DIGITS[1]):
            return _compared(step, world)


def _compared(step: Step, world: World) -> Convergence:
    interaction, orders = step.details
    claimed = len(orders) - TOLERANCE
    if not _is_sum_of(step.after, orders, world):
        return Convergence("the density is not the sum of its orders", 0.0, claimed, True)
    scale = Dummy("epsilon", positive=True)
    scaled = FreeEntropy(
        Add(*(scale**k * term for k, term in enumerate(orders))) / step.after.size,
        step.after.unknowns,
        step.after.signs,
        step.after.size,
        step.after.beta,
        step.after.correction,
        step.after.kind,
    )
    ensemble = step.before.replaced(exponent=step.before.exponent - (1 - scale) * interaction)
    gradient = _gradient(scaled, world)
    value = evaluator(scaled.size * scaled.density + scaled.correction, world.sizes)
    keys = [key_of(c) for u in scaled.unknowns for c in components(u, world.sizes)]
    root = _Root(gradient, keys)
    errors: list[Any] = []
    for halvings in reversed(range(SCALES)):
        env = world.environment() | {scale: mpmath.mpf(2) ** -halvings}
        if not root.follow(env):
            break
        exact = _log_partition(ensemble, world, env)
        errors.append(abs(value(env | root.at(root.point)) - exact))
    return _judged(errors, claimed)


def _is_sum_of(free_entropy: FreeEntropy, orders: tuple[Expr, ...], world: World) -> bool:
    """Whether the density is the sum of its orders, at a point where both are defined."""
    difference = free_entropy.size * free_entropy.density - Add(*orders)
    keys = [key_of(c) for u in free_entropy.unknowns for c in components(u, world.sizes)]
    env = world.environment() | {key: world.uniform(0.1, 0.4) for key in keys}
    return bool(abs(evaluator(difference, world.sizes)(env)) < mpmath.mpf(10) ** (6 - mp.dps))


def _gradient(free_entropy: FreeEntropy, world: World) -> list[Evaluate]:
    """The derivative by each component: a row of the gradient with a number for its index."""
    rows: list[Evaluate] = []
    for unknown in free_entropy.unknowns:
        row = evaluator(free_entropy.slope(unknown), world.sizes)
        for component in components(unknown, world.sizes):
            at = dict(zip(unknown.slots, map(int, component.slots), strict=True))
            rows.append(partial(_at_index, row, at))
    return rows


def _at_index(row: Evaluate, at: Environment, env: Environment) -> Any:
    return row(env | at)


class _Root:
    """The zero of the gradient, followed from weak coupling by Broyden's method.

    The value there is stationary, so that half its digits in the point are enough.
    """

    def __init__(self, gradient: list[Evaluate], keys: list[Any]) -> None:
        self.gradient, self.keys = gradient, keys
        self.point = mpmath.matrix([mpmath.mpf(1) / 8] * len(keys))
        self.inverse: Any = None

    def at(self, point: Any) -> Environment:
        return dict(zip(self.keys, point, strict=True))

    def rows(self, env: Environment, point: Any) -> Any:
        here = env | self.at(point)
        return mpmath.matrix([row(here) for row in self.gradient])

    def follow(self, env: Environment) -> bool:
        """Move to the root at these parameters; whether one was found."""
        point, value = self.point, self.rows(env, self.point)
        if self.inverse is None:
            self.inverse = self._jacobian(env, point, value) ** -1
        for _ in range(MOST_STEPS):
            step = -self.inverse * value
            new = self.rows(env, point + step)
            point, change, value = point + step, new - value, new
            if not mpmath.isfinite(mpmath.norm(value)):
                return False
            if mpmath.norm(step) < mpmath.sqrt(mp.eps):
                self.point = point
                return bool(max(abs(mpmath.im(x)) for x in point) < mpmath.sqrt(mp.eps))
            moved = self.inverse * change
            row = step.T * self.inverse
            self.inverse += (step - moved) * row / (step.T * moved)[0]
        return False

    def _jacobian(self, env: Environment, point: Any, value: Any) -> Any:
        columns = []
        for k in range(len(point)):
            shifted = point.copy()
            shifted[k] += mpmath.sqrt(mp.eps)
            columns.append((self.rows(env, shifted) - value) / mpmath.sqrt(mp.eps))
        return mpmath.matrix([list(column) for column in columns]).T


def _log_partition(ensemble: Ensemble, world: World, env: Environment) -> Any:
    expansion = Expansion(ensemble, world.sizes, env)
    found = expansion.trace(list(ensemble.variables), env)
    if found.error:
        raise OutOfReach(f"log Z is sampled only, with relative error {found.error:.0e}")
    return mpmath.re(found.exponent) + mpmath.log(mpmath.re(found.value))


def _judged(errors: list[Any], claimed: float) -> Convergence:
    """The order from the two smallest scales at which an error is left that is not rounding."""
    if len(errors) < 2:
        raise OutOfReach("no stationary point was found at weak coupling")
    noise = mpmath.mpf(10) ** (4 - mp.dps)
    seen = [error for error in errors if error > noise]
    if len(seen) < 2:
        return Convergence(
            f"no error above {float(noise):.0e} at any coupling",
            claimed + TOLERANCE,
            claimed,
            False,
        )
    order = mpmath.log(seen[1] / seen[0], 2)
    method = f"errors of log Z fall as coupling^{float(order):.2f}"
    if len(errors) == SCALES:
        method += f"; {float(errors[-1]):.0e} at full coupling"
    return Convergence(method, float(order), claimed, refuted=bool(order < claimed))
