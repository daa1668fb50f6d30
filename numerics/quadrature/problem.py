"""One average with everything that rules are judged by: samples of the box and the reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from sympy import Add, Expr, Float, Function, S, fraction, together

from derive.equations import kinks
from numerics.node_sum import NodeSum
from numerics.quadrature.adaptive import Reference, integrate
from numerics.quadrature.magnitude import magnitude
from numerics.quadrature.order import unmoved
from numerics.quadrature.rules import Rule
from numerics.quadrature.singularities import Singularity, singularities
from numerics.special import StableFunction

__all__ = ["Near", "Problem", "has_values"]

LEAST = 1e-250  # averages below are known to so much absolutely: terms of the sum underflow
ROUNDING = 2.0**-53
GRADED = (0, *(side * k for k in (1, 3, 10, 30, 100) for side in (-1, 1)))  # distances
EVEN = 64 * ROUNDING  # sums of inner averages run over their nodes in another order
REAL = 1e-10  # singularities that are not nearer are no kinks
OUTSIDE = 1e9  # where no average lives
PLACES = np.array([-1.1, 0.013, 0.9])  # no round numbers, where a formula may have a hole
TINY = Float("1e-300")  # keeps a root finite where the slope vanishes
ROOT_TWO_PI = 2.5066282746310002


@dataclass(frozen=True)
class Near:
    """A singularity at the samples."""

    symbolic: Singularity
    centre: Any
    distance: Any


@dataclass(frozen=True)
class Problem:
    """The average of `integrand` over `variable`, times `prefactor`.

    `parameters` are their values at the samples.  Where `dense` is set, the normal density is
    among the factors of the integrand already.
    """

    integrand: Expr
    variable: Expr
    prefactor: Expr
    dense: bool
    parameters: dict[Expr, Any]
    evaluate: Callable[[Expr, Mapping[Expr, Any]], Any]
    near: tuple[Near, ...]
    kinks: tuple[Expr, ...]
    reference: Reference

    @classmethod
    def of(
        cls,
        integrand: Expr,
        z: Expr,
        parameters: dict[Expr, Any],
        evaluate: Any,
        prefactor: Expr = S.One,
        dense: bool = False,
    ) -> Problem:
        """Find the singularities of an integrand, and integrate it at the samples."""
        count = len(next(iter(parameters.values())))

        def at_samples(expr: Expr) -> Any:
            values = np.nan_to_num(evaluate(expr, parameters))
            return np.broadcast_to(np.clip(values, -OUTSIDE, OUTSIDE), (count,))

        def values(nodes: Any, owner: Any) -> Any:
            chosen = {p: v[owner] for p, v in parameters.items()}
            return _with_density(evaluate, integrand, z, nodes, chosen, dense)

        def sizes(nodes: Any, owner: Any) -> Any:
            chosen = {p: v[owner] for p, v in parameters.items()}
            return _with_density(evaluate, terms, z, nodes, chosen, dense)

        terms = magnitude(integrand)
        near = tuple(
            Near(s, at_samples(s.centre), at_samples(s.distance))
            for s in singularities(integrand, z)
        )
        points = _kinks(integrand, z, set(parameters))
        breaks = [n.centre + k * n.distance for n in near for k in GRADED]
        breaks += [at_samples(p) for p in points] or [np.zeros(count)]
        large = sizes if integrand.has(NodeSum) else None
        reference = integrate(values, count, np.stack(breaks, axis=1), magnitude=large)
        return cls(integrand, z, prefactor, dense, parameters, evaluate, near, points, reference)

    def at(self, parameters: dict[Expr, Any]) -> Problem:
        """The same average at other samples."""
        return self.of(
            self.integrand, self.variable, parameters, self.evaluate, self.prefactor, self.dense
        )

    def has_values(self, points: Any) -> Any:
        """Where the integrand is finite, at points (number, parameters)."""
        return has_values(
            self.integrand, self.variable, list(self.parameters), points, self.evaluate
        )

    @property
    def samples(self) -> Any:
        """Samples by parameters."""
        return np.stack(list(self.parameters.values()), axis=1)

    @property
    def count(self) -> int:
        """The number of samples."""
        return len(self.reference.size)

    @cached_property
    def noise(self) -> Any:
        """What rounding costs at each sample where the mass is far out, at |z| > u.

        The logarithm of the density there is -u**2/2, which is also the condition number.
        """
        left, right = self.reference.window(1e-2)
        farthest = np.maximum(np.maximum(left, -right), 0.0)
        return ROUNDING * np.where(np.isfinite(farthest), farthest, 0.0) ** 2

    @property
    def rounding(self) -> float:
        """The largest noise, and what the factor in front loses: its logarithm is rounded."""
        lost = 0.0
        if not self.prefactor.is_number:
            factor = np.abs(self.evaluate(self.prefactor, self.parameters))
            logarithms = np.log(factor[(factor > 0) & np.isfinite(factor)])
            lost = float(np.max(np.abs(logarithms), initial=0.0))
        return float(np.max(self.noise)) + 2 * ROUNDING * lost

    @property
    def finite(self) -> bool:
        """Whether the average has a value at all samples."""
        return bool(np.isfinite(self.reference.size).all())

    @property
    def worst(self) -> list[Any]:
        """The parameters at the first sample where the average is not finite."""
        first = int(np.argmin(np.isfinite(self.reference.size)))
        return [v[first] for p, v in self.parameters.items() if p.name != "none"]

    def errors(self, rule: Rule, chosen: Any) -> Any:
        """Relative to the average of the absolute value; infinite where a sum is not finite."""
        parameters = {p: v[chosen] for p, v in self.parameters.items()}
        places, weights = rule.at(parameters)
        if not np.isfinite(places).all():
            return np.full(len(places), np.inf)
        columns = {p: v[:, None] for p, v in parameters.items()}
        values = _with_density(
            self.evaluate, self.integrand, self.variable, places, columns, self.dense
        )
        with np.errstate(all="ignore"):
            sums = (values * weights).sum(axis=1)
            differ = np.abs(sums - self.reference.value[chosen])
            relative = differ / np.maximum(self.reference.size[chosen], LEAST)
        beyond = np.maximum(relative - self.noise[chosen], 0.0)
        return np.nan_to_num(beyond, nan=np.inf) + self.reference.error[chosen]

    def relevant(self, left: Any, right: Any, far: float) -> list[tuple[Near, Any]]:
        """Singularities that come near where the integrand lives, one per place, and how near."""
        found: list[tuple[Near, Any]] = []
        for near in sorted(self.near, key=lambda n: float(n.distance.min())):
            margin = 2 * near.distance
            inside = (near.centre > left - margin) & (near.centre < right + margin)
            inside &= (near.distance < far) & (near.distance > REAL)
            if inside.any() and not any(_together(near, other, inside) for other, _ in found):
                found.append((near, near.distance[inside]))
        return found

    def is_even(self) -> bool:
        """Whether the integrand has the same values at -z where it lives, up to rounding."""
        left, right = self.reference.window(1e-17)
        living = left < right
        width = (right[living] - left[living])[:, None]
        z = left[living, None] + width * np.random.default_rng(1).random(5)
        columns = {p: v[living, None] for p, v in self.parameters.items()}
        at, mirrored = (
            self.evaluate(self.integrand, {self.variable: side * z, **columns}) for side in (1, -1)
        )
        scale = self.evaluate(magnitude(self.integrand), {self.variable: z, **columns})
        return bool((np.abs(at - mirrored) <= EVEN * scale).all())


def has_values(integrand: Expr, z: Expr, parameters: list[Expr], points: Any, evaluate: Any) -> Any:
    """At which points (number, parameters) an integrand and all that its functions take is finite.

    tanh of an infinite argument is a number, but near that pole no rule serves.
    """
    taken = (arg for f in integrand.atoms(Function) for arg in f.args)
    whole = Add(integrand, *taken)
    at = np.repeat(points, len(PLACES), axis=0)
    values = {z: np.tile(PLACES, len(points)), **dict(zip(parameters, at.T, strict=True))}
    return np.isfinite(evaluate(whole, values)).reshape(len(points), -1).all(axis=1)


def _with_density(
    evaluate: Any, integrand: Expr, z: Expr, nodes: Any, parameters: Mapping[Expr, Any], dense: bool
) -> Any:
    """The integrand times the normal density, zero where that underflows."""
    with np.errstate(all="ignore"):
        values = evaluate(integrand, {z: nodes, **parameters})
        if dense:
            return values
        density = np.exp(-nodes * nodes / 2) / ROOT_TWO_PI
        return np.where(density > 0, values * density, 0.0)


def _together(near: Near, other: Near, chosen: Any) -> bool:
    """Whether one centre serves both."""
    apart = np.abs(near.centre - other.centre)
    return bool((apart <= np.maximum(near.distance, other.distance))[chosen].all())


def _kinks(integrand: Expr, z: Expr, known: set[Expr]) -> tuple[Expr, ...]:
    """Real points where the integrand is not analytic, as far as they are found."""
    try:
        points = kinks(_textbook(integrand), z)
    except ValueError:
        return ()
    return tuple(_regular(p) for p in points if p.free_symbols <= known)


def _textbook(expr: Expr) -> Expr:
    """Stable functions by their formulas."""
    if not expr.args:
        return expr
    if isinstance(expr, NodeSum):
        expr = NodeSum(unmoved(expr.body), *expr.indices)
    args = [_textbook(arg) if isinstance(arg, Expr) else arg for arg in expr.args]
    return expr.naive(*args) if isinstance(expr, StableFunction) else expr.func(*args)


def _regular(point: Expr) -> Expr:
    """A root without a pole: where the slope vanishes, there is no kink."""
    above, below = fraction(together(point))
    return point if below.is_number else above * below / (below**2 + TINY)
