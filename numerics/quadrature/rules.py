"""Rules: nodes and weights as expressions of two tables and the parameters.

Trapezoids converge exponentially for analytic integrands that die out at both ends
(L. N. Trefethen and J. A. C. Weideman, SIAM Review 56, 2014): the error is exp(-2 pi d/h) for a
singularity at distance d from the line.  Where singularities come near at one place, the variable
is changed so that they stand at the distance pi/2 whatever their distance was.  On pieces between
points where the integrand is not analytic Gauss-Legendre nodes do the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from sympy import Dummy, Expr, Float, S, asinh, cosh, exp, pi, sinh, sqrt

from numerics.quadrature.evaluate import evaluate

__all__ = ["NODE", "WEIGHT", "Rule", "concentrated", "even", "normal_density", "panels", "pieces"]

NODE, WEIGHT = Dummy("x", real=True), Dummy("w", real=True)  # an entry of each table


@dataclass(frozen=True)
class Rule:
    """Nodes for the integral over the line of an integrand with the normal density.

    Attributes
    ----------
    parts : tuple of (Expr, Expr)
        Place and weight of a node, in `NODE`, `WEIGHT` and parameters; the parts add up.
    node, weight : array
        The tables.
    words : str
        What rule it is.
    mirrored : bool
        Nodes count for their mirror images too.
    """

    parts: tuple[tuple[Expr, Expr], ...]
    node: Any
    weight: Any
    words: str
    mirrored: bool = False

    def __len__(self) -> int:
        return len(self.parts) * len(self.node)

    @property
    def fixed(self) -> bool:
        """Whether nodes are the same for all parameters."""
        return all(e.free_symbols <= {NODE, WEIGHT} for part in self.parts for e in part)

    def at(self, parameters: Mapping[Expr, Any]) -> tuple[Any, Any]:
        """Places and weights, one row for each value of the parameters."""
        columns = {p: np.asarray(v)[:, None] for p, v in parameters.items()}
        values = {NODE: self.node, WEIGHT: self.weight, **columns}
        found = [[evaluate(e, values) for e in part] for part in self.parts]
        places, weights = (np.concatenate(column, axis=1) for column in zip(*found, strict=True))
        return places, weights

    def folded(self) -> Rule:
        """A fixed rule as one part that holds the numbers, the normal density with the weights."""
        places, weights = self.at({S.One: np.zeros(1)})
        density = np.exp(-(places[0] ** 2) / 2) / np.sqrt(2 * np.pi)
        return replace(self, parts=((NODE, WEIGHT),), node=places[0], weight=weights[0] * density)

    def mirror(self) -> Rule:
        """For an even integrand: the nodes to the right, with twice their weights."""
        right = self.node > 0
        return replace(self, node=self.node[right], weight=2 * self.weight[right], mirrored=True)

    def nested(self) -> Rule:
        """A trapezoid on every other node; of mirrored ones, at odd half steps, on every third."""
        first, stride = (1, 3) if self.mirrored else (0, 2)
        return replace(
            self,
            node=self.node[first::stride],
            weight=stride * self.weight[first::stride],
            words=f"{self.words}, on a part of the nodes",
        )


def even(step: float, low: float, high: float) -> Rule:
    """Evenly spaced nodes from below `low` to above `high`.

    Examples
    --------
    >>> from numerics.quadrature.rules import even
    >>> even(0.5, -0.6, 0.4).node
    array([-0.75, -0.25,  0.25,  0.75])
    """
    places = _steps(step, low, high)
    return Rule(((NODE, WEIGHT),), places, np.full(len(places), step), "trapezoid")


def concentrated(
    step: float, centre: Expr, scale: float, length: float, low: float, high: float
) -> Rule:
    """Nodes at ``centre + length*asinh(scale/length*sinh(t))``: logarithmic from `scale` on.

    The singularities at ``+-I*d``, d >= scale, have Im t = pi/2; so has the change of variable
    itself.  Beyond `length` nodes are evenly spaced, as the normal density needs it.
    """
    first, last = (_stretched(end, scale, length) for end in (low, high))
    t = _steps(step, first, last)
    bent = scale / length * np.sinh(t)
    slope = scale * np.cosh(t) / np.hypot(1.0, bent)
    words = f"trapezoid concentrated on the scale {scale:.1e}"
    return Rule(((centre + NODE, WEIGHT),), length * np.arcsinh(bent), step * slope, words)


def _stretched(end: float, scale: float, length: float) -> float:
    return float(np.copysign(np.arcsinh(np.sinh(abs(end) / length) * length / scale), end))


def _steps(step: float, low: float, high: float) -> Any:
    """Odd multiples of half the step, beyond both ends."""
    first, last = np.floor(low / step - 0.5), np.ceil(high / step - 0.5)
    return step * (np.arange(first, last + 1) + 0.5)


def pieces(count: int, points: Sequence[Expr], scale: float | None) -> Rule:
    """Gauss-Legendre nodes between points in ascending order, the first and last of them ends.

    With a scale, nodes crowd logarithmically at the inner points, as in `concentrated`.
    """
    x, w = _legendre(count)
    parts: list[tuple[Expr, Expr]] = []
    for k, (low, high) in enumerate(pairwise(points)):
        inner = (k > 0, k < len(points) - 2)
        if scale is None or not any(inner):
            parts.append((low + (high - low) * NODE, (high - low) * WEIGHT))
            continue
        width = (high - low) / (2 if all(inner) else 1)
        parts += [_crowded(low, 1, width, scale)] if inner[0] else []
        parts += [_crowded(high, -1, width, scale)] if inner[1] else []
    words = f"Gauss-Legendre on {len(points) - 1} pieces"
    if scale is not None:
        words += f", crowded on the scale {scale:.1e}"
    return Rule(tuple(parts), (x + 1) / 2, w / 2, words)


@lru_cache(maxsize=256)
def _legendre(count: int) -> tuple[Any, Any]:
    return np.polynomial.legendre.leggauss(count)


def panels(count: int, ends: Any) -> Rule:
    """Gauss-Legendre nodes between given ends."""
    x, w = _legendre(count)
    half, middle = np.diff(ends)[:, None] / 2, (ends[:-1] + ends[1:])[:, None] / 2
    words = f"Gauss-Legendre on {len(ends) - 1} panels"
    return Rule(((NODE, WEIGHT),), (middle + half * x).ravel(), (half * w).ravel(), words)


def _crowded(end: Expr, side: int, width: Expr, scale: float) -> tuple[Expr, Expr]:
    """``end +- scale*sinh(t)`` over a width."""
    s = Float(scale)
    reach = asinh(width / s)
    return end + side * s * sinh(reach * NODE), s * reach * cosh(reach * NODE) * WEIGHT


def normal_density(z: Expr) -> Expr:
    """exp(-z**2/2)/sqrt(2 pi)."""
    return exp(-(z**2) / 2) / sqrt(2 * pi)
