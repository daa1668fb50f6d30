"""One average with everything that rules are judged by: samples of the box and the reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sympy import Dummy, Expr, S

from numerics.quadrature.adaptive import Reference, integrate, weighted
from numerics.quadrature.box import sample_box
from numerics.quadrature.singularities import Singularity, singularities

__all__ = ["Near", "Problem"]

FAR = 2.5  # a singularity further away asks for nothing that the density does not
LEAST = 1e-290  # an average below has lost digits to underflow, whatever the rule


@dataclass(frozen=True)
class Near:
    """A singularity at the samples."""

    symbolic: Singularity
    centre: Any
    distance: Any


@dataclass(frozen=True)
class Problem:
    """The average of `integrand` over `variable`, times `prefactor`.

    `names` gives each parameter a plain real symbol; `samples` are points of the box, by row.
    """

    integrand: Expr
    variable: Expr
    prefactor: Expr
    names: dict[Expr, Expr]
    samples: Any
    evaluate: Callable[[Expr, Mapping[Expr, Any]], Any]
    near: tuple[Near, ...]
    reference: Reference

    @classmethod
    def of(
        cls, integrand: Expr, z: Expr, ranges: Mapping[Expr, tuple[float, float]], evaluate: Any
    ) -> Problem:
        """Sample the box, find the singularities, integrate."""
        names = {p: Dummy(f"p{k}", real=True) for k, p in enumerate(ranges)}
        plain = integrand.xreplace(names)
        samples = sample_box(list(ranges.values()))
        symbols = dict(zip(names.values(), samples.T, strict=True))
        near = tuple(
            Near(s, *(_values(evaluate, e, symbols, len(samples)) for e in (s.centre, s.distance)))
            for s in singularities(plain, z)
        )

        def at(nodes: Any, owner: Any) -> Any:
            return evaluate(plain, {z: nodes, **{p: v[owner] for p, v in symbols.items()}})

        reference = integrate(at, len(samples), _breaks(near, len(samples)))
        return cls(plain, z, S.One, names, samples, evaluate, near, reference)

    def values(self, expr: Expr, chosen: Any) -> Any:
        """An expression of the parameters at some of the samples."""
        symbols = dict(zip(self.names.values(), self.samples[chosen].T, strict=True))
        return _values(self.evaluate, expr, symbols, len(self.samples[chosen]))

    def sums(self, places: Any, weights: Any, centres: Any, chosen: Any) -> Any:
        """What a rule gives at some of the samples, each with its own centre."""
        z = centres[:, None] + places
        rows = self.samples[chosen]

        def at(nodes: Any, owner: Any) -> Any:
            values = {p: rows[owner, k] for k, p in enumerate(self.names.values())}
            return self.evaluate(self.integrand, {self.variable: nodes, **values})

        owner = np.broadcast_to(np.arange(len(rows))[:, None], z.shape)
        return weighted(at, z, owner) @ weights

    def errors(self, sums: Any, chosen: Any) -> Any:
        """Relative to the average of the absolute value; infinite where a sum is not finite."""
        reference = self.reference
        size = reference.size[chosen]
        differ = np.abs(sums - reference.value[chosen])
        relative = np.divide(
            differ, size, out=np.where(differ > LEAST, np.inf, 0.0), where=size > LEAST
        )
        return np.nan_to_num(relative, nan=np.inf) + reference.error[chosen]

    def relevant(self, left: Any, right: Any) -> list[tuple[Near, Any]]:
        """Singularities that come near where the integrand lives, one per place, and how near."""
        found: list[tuple[Near, Any]] = []
        for near in sorted(self.near, key=lambda n: float(n.distance.min())):
            inside = (near.centre > left - 2 * near.distance) & (
                near.centre < right + 2 * near.distance
            )
            inside &= near.distance < FAR
            if inside.any() and not any(_together(near, other, inside) for other, _ in found):
                found.append((near, near.distance[inside]))
        return found

    @property
    def finite(self) -> bool:
        """Whether the reference has a value everywhere."""
        return bool(np.isfinite(self.reference.size).all())


def _together(near: Near, other: Near, chosen: Any) -> bool:
    """Whether one centre serves both."""
    apart = np.abs(near.centre - other.centre)
    return bool((apart <= np.maximum(near.distance, other.distance))[chosen].all())


def _values(evaluate: Any, expr: Expr, symbols: Mapping[Expr, Any], count: int) -> Any:
    if not expr.free_symbols:
        return np.full(count, float(expr))
    return np.broadcast_to(evaluate(expr, symbols), (count,))


def _breaks(near: tuple[Near, ...], count: int) -> Any:
    """Panels end at the centres, and at the distance to either side."""
    columns = [n.centre + side * n.distance for n in near for side in (-3, -1, 0, 1, 3)]
    return (
        np.stack([np.broadcast_to(c, (count,)) for c in columns], axis=1)
        if columns
        else np.zeros((count, 1))
    )
