"""Plans of averages whose integrands hold entries of arrays and sums over inner nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, product
from math import inf
from typing import Any

import numpy as np
from sympy import Dummy, Expr, Float, Symbol, nan

from derive.equations import Element, Index, free_indices
from numerics.builder import Builder, Value
from numerics.errors import UnsupportedExpressionError
from numerics.parameter_box import Box, key_of
from numerics.quadrature.evaluate import evaluate
from numerics.quadrature.plan import Nodal, plan
from numerics.quadrature.search import MOST
from numerics.special import StableFunction
from numerics.stable import stabilise

__all__ = ["NOWHERE", "NoValue", "NodePlan", "planned", "without_value"]

CORNERS = 64
NO_VALUE = "the integrand has no finite value at some of these parameters"
NOWHERE = "the integrand has no finite value at these parameters"
PLACES = np.array([-1.1, 0.013, 0.9])  # no round numbers, where a formula may have a hole


@dataclass(frozen=True)
class NodePlan:
    """An average over a standard normal as sums over nodes; `reach` bounds where these lie.

    `nodal` sums other integrands over the same nodes, where that is possible.
    """

    expression: Expr
    rule: str
    nodes: int
    estimate: float
    reach: float
    nodal: Nodal | None = None


def planned(
    integrand: Expr, z: Symbol, box: Box, tolerance: float, name: str, most: int = MOST
) -> NodePlan:
    """Plan an average; entries of arrays are plain symbols meanwhile.

    Raises
    ------
    UnsupportedExpressionError
        If the integrand counts with an index.
    """
    if any(isinstance(i, Index) for i in _bare_indices(integrand)):
        raise UnsupportedExpressionError(
            f"the value of an index occurs in an average: hand in an array instead: {integrand}"
        )
    (stable,) = stabilise(integrand)
    entries = sorted((e for e in stable.atoms(Element) if key_of(e) in box), key=str)
    scalars = {e: Dummy(str(e), real=True) for e in entries}
    bare = stable.xreplace(scalars)
    ranges = {s: box[s] for s in sorted(bare.free_symbols & set(box), key=str)}
    ranges |= {s: box[key_of(e)] for e, s in scalars.items()}
    finite = _finite_corners(bare, z, ranges)
    if not (finite.all() if most == MOST else finite.any()):
        why = NO_VALUE if finite.any() else NOWHERE
        return NodePlan(without_value(integrand, [z]), why, 0, inf, 0.0)
    with np.errstate(all="ignore"):
        found = plan(bare, z, ranges, tolerance, name=name, most=most)
    back = {s: e for e, s in scalars.items()}
    reach = max(map(abs, found.reach))
    expression = found.expression.xreplace(back)
    nodal = None if back else found.nodal
    return NodePlan(expression, found.rule, found.nodes, float(found.estimate), reach, nodal)


class NoValue(StableFunction):
    """nan, of the shape of its argument: an average that has no value."""

    @classmethod
    def naive(cls, shaped: Expr) -> Expr:
        return nan

    def recipe(self, b: Builder, shaped: Value) -> Value:
        return shaped * float("nan")


def without_value(integrand: Expr, variables: Sequence[Symbol]) -> Expr:
    """What stands for an average that has no value, over the axes of its integrand."""
    return NoValue(integrand.xreplace(dict.fromkeys(variables, Float(0.013))))


def _finite_corners(integrand: Expr, z: Symbol, ranges: Box) -> Any:
    """At which corners of the box an integrand has a value, at places near the middle."""
    places = list(islice(product(*ranges.values()), CORNERS))
    corners = np.array(places, dtype=float).reshape(len(places), len(ranges))
    at = np.repeat(corners, len(PLACES), axis=0)
    values = dict(zip(ranges, at.T, strict=True))
    found = np.isfinite(evaluate(integrand, {z: np.tile(PLACES, len(corners)), **values}))
    return found.reshape(len(corners), -1).all(axis=1)


def _bare_indices(integrand: Expr) -> set[Any]:
    """Indices that are numbers in an expression, and not slots of arrays."""
    hidden = {e: Dummy() for e in integrand.atoms(Element)}
    return set(free_indices(integrand.xreplace(hidden)))
