"""The plan of an average: the cheapest rule that agrees with the reference all over a box."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sympy import Add, Dummy, Expr

from derive.equations import Index
from numerics.node_sum import NodeSum, node_index, node_table
from numerics.quadrature.evaluate import evaluate as evaluate_here
from numerics.quadrature.pose import posed
from numerics.quadrature.problem import Problem
from numerics.quadrature.rules import NODE, WEIGHT, normal_density
from numerics.quadrature.search import MOST, Found, confirmed

__all__ = ["Nodal", "Plan", "plan"]

Evaluate = Callable[[Expr, Mapping[Expr, Any]], Any]


@dataclass(frozen=True)
class Nodal:
    """Places and weights of a rule, the normal density among them, to sum other integrands with.

    The parts add up; `mirrored` places count for their mirror images too.
    """

    index: Index
    parts: tuple[tuple[Expr, Expr], ...]
    mirrored: bool

    def total(self, integrand: Expr, z: Expr) -> Expr:
        """The average of an integrand that is as smooth as the one the rule was chosen for."""
        sums = []
        for place, weight in self.parts:
            body = integrand.xreplace({z: place})
            if self.mirrored:
                body = (body + integrand.xreplace({z: -place})) / 2
            sums.append(NodeSum(weight * body, self.index))
        return Add(*sums)


@dataclass(frozen=True)
class Plan:
    """How an average is computed: a sum over nodes.

    Attributes
    ----------
    expression : Expr
        In the parameters; a `NodeSum` over tables of places and weights.
    nodes : int
        Evaluations of the integrand for one value of the average.
    estimate : float
        A bound on the error over the box, relative to the average of the integrand's absolute
        value, from samples of the box; infinite where that is not finite.  An average below 1e-250
        is known to that times 1e-250.
    rounding : float
        What rounding may add to it: a few units, where the mass of the integrand is far from the
        origin or a large factor stands in front.  It is the condition number that shows there.
    converged : bool
        Whether the estimate reaches the tolerance.
    rule : str
        The rule in words.
    reach : tuple of (float, float)
        Between which nodes lie, whatever the parameters.
    halved : Plan or None
        A rule on a part of the nodes.  The difference of the two is an estimate at one point of
        the box, a very cautious one.
    nodal : Nodal or None
        The rule for other integrands; None where the integrand was brought into another form first.
    """

    expression: Expr
    nodes: int
    estimate: float
    rounding: float
    converged: bool
    rule: str
    reach: tuple[float, float]
    halved: Plan | None = field(default=None, repr=False)
    nodal: Nodal | None = field(default=None, repr=False)


def plan(
    integrand: Expr,
    z: Expr,
    ranges: Mapping[Expr, tuple[float, float]],
    tolerance: float = 1e-13,
    evaluate: Evaluate = evaluate_here,
    name: str = "node",
    most: int = MOST,
) -> Plan:
    """Choose nodes and weights for the average of an integrand over a standard normal.

    Parameters
    ----------
    integrand : Expr
        Stable as it stands; a factor that does not depend on the variable belongs outside.
    z : Symbol
        The variable.
    ranges : mapping of Expr to (float, float)
        The ends of the range of each parameter: all of them.
    tolerance : float
        Relative to the average of the integrand's absolute value.
    evaluate : callable
        Of an expression and the values of its symbols, equally long arrays.
    name : str
        What the names of the index and of the tables begin with.
    most : int
        Nodes beyond which a rule is given up. If less than by default, the plan is for the points
        of the box at which the integrand has a value, and may leave out others.

    Returns
    -------
    Plan
        Where no rule reaches the tolerance the best that was found, with its estimate.

    Notes
    -----
    The rule is a trapezoid whose step follows from the nearest complex singularity, its nodes
    crowded where one comes near, or Gauss-Legendre on pieces where the integrand has kinks or is
    steep at several places.  It is tried at samples of the box against adaptive quadrature with
    other nodes, refined until it agrees, and confirmed at points it was not chosen by.

    Examples
    --------
    >>> from sympy import symbols, tanh
    >>> from numerics.quadrature.plan import plan
    >>> z, a = symbols("z a", real=True)
    >>> found = plan(tanh(a*z)**2, z, {a: (0.0, 1000.0)})
    >>> found.converged, found.nodes <= 60
    (True, True)
    """
    names = {p: _symbol(f"p{k}", *ends) for k, (p, ends) in enumerate(ranges.items())}
    box = {names[p]: (float(low), float(high)) for p, (low, high) in ranges.items()}
    problem = posed(integrand.xreplace(names), z, box, evaluate, most < MOST)
    found = confirmed(problem, list(box.values()), tolerance, most)
    back = {new: old for old, new in names.items()}
    coarser = replace(found, rule=found.coarser, error=math.inf)
    halved = _written(problem, coarser, tolerance, f"{name}h", back, None)
    whole = _written(problem, found, tolerance, name, back, halved)
    if not problem.finite:
        where = ", ".join(f"{p} = {float(v)!r}" for p, v in zip(ranges, problem.worst, strict=True))
        whole = replace(whole, rule=f"none: the average is infinite or no number at {where}")
    return whole


def _symbol(name: str, low: float, high: float) -> Dummy:
    """A real symbol that knows what its range says of its sign."""
    known = {"positive": low > 0, "nonnegative": low >= 0, "negative": high < 0}
    return Dummy(name, real=True, **{word: True for word, holds in known.items() if holds})


def _written(
    problem: Problem,
    found: Found,
    tolerance: float,
    name: str,
    back: Mapping[Expr, Expr],
    halved: Plan | None,
) -> Plan:
    """The plan in the parameters' own names."""
    places, _ = found.rule.at(problem.parameters)
    ends = float(places.min()), float(places.max())
    joined = found.rule.fixed and not problem.dense
    rule = found.rule.folded() if joined else found.rule
    k = node_index(name)
    entries = {
        NODE: node_table(f"{name}_place", k, rule.node),
        WEIGHT: node_table(f"{name}_weight", k, rule.weight),
    }
    integrand = problem.integrand.xreplace(dict(back))
    terms, nodal = [], []
    for part in rule.parts:
        place, weight = (e.xreplace({**entries, **back}) for e in part)
        density = 1 if joined or problem.dense else normal_density(place)
        terms.append(NodeSum(weight * density * integrand.xreplace({problem.variable: place}), k))
        nodal.append((place, weight * density))
    plain = problem.prefactor == 1 and not problem.dense
    return Plan(
        problem.prefactor.xreplace(dict(back)) * Add(*terms),
        len(rule),
        found.estimate,
        found.rounding,
        found.estimate <= tolerance,
        rule.words,
        (-ends[1], ends[1]) if rule.mirrored else ends,
        halved,
        Nodal(k, tuple(nodal), rule.mirrored) if plain else None,
    )
