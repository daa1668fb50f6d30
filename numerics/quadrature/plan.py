"""The plan of an average: the cheapest rule that agrees with the reference all over a box."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sympy import Expr, exp, pi, sqrt

from numerics.node_sum import NodeSum, node_index, node_table
from numerics.quadrature.evaluate import evaluate as evaluate_here
from numerics.quadrature.problem import Problem
from numerics.quadrature.search import Found, search

__all__ = ["Plan", "plan"]

Evaluate = Callable[[Expr, Mapping[Expr, Any]], Any]


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
        value, from samples of the box; infinite where that is not finite.
    converged : bool
        Whether the estimate reaches the tolerance.
    rule : str
        The rule in words.
    reach : tuple of (float, float)
        Between which nodes lie, whatever the parameters.
    halved : Plan or None
        A rule on a part of the nodes.  The difference of the two is an estimate at one point of
        the box, a very cautious one.
    """

    expression: Expr
    nodes: int
    estimate: float
    converged: bool
    rule: str
    reach: tuple[float, float]
    halved: Plan | None = field(default=None, repr=False)


def plan(
    integrand: Expr,
    z: Expr,
    ranges: Mapping[Expr, tuple[float, float]],
    tolerance: float = 1e-13,
    evaluate: Evaluate = evaluate_here,
    name: str = "node",
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

    Returns
    -------
    Plan
        Where no rule reaches the tolerance the best that was found, with its estimate.

    Notes
    -----
    The rule is a trapezoid whose step follows from the nearest complex singularity.  It is tried at
    samples of the box against adaptive Gauss-Legendre quadrature, and refined until it agrees.

    Examples
    --------
    >>> from sympy import symbols, tanh
    >>> from numerics.quadrature.plan import plan
    >>> z, a = symbols("z a", real=True)
    >>> found = plan(tanh(a*z)**2, z, {a: (0.0, 1000.0)})
    >>> found.converged, found.nodes <= 50
    (True, True)
    """
    problem = Problem.of(integrand, z, ranges, evaluate)
    found = search(problem, tolerance)
    return _written(problem, found, tolerance, name)


def _written(problem: Problem, found: Found, tolerance: float, name: str) -> Plan:
    coarse = found.nested()
    halved = _one(problem, coarse, tolerance, f"{name}h", None)
    return _one(problem, found, tolerance, name, halved)


def _one(problem: Problem, found: Found, tolerance: float, name: str, halved: Plan | None) -> Plan:
    k = node_index(name)
    place = node_table(f"{name}_place", k, found.nodes.places)
    weight = node_table(f"{name}_weight", k, found.table_weights())
    at = found.centre + place
    density = 1 if found.fixed else exp(-(at**2) / 2) / sqrt(2 * pi)
    body = weight * density * problem.integrand.xreplace({problem.variable: at})
    back = {new: old for old, new in problem.names.items()}
    return Plan(
        (problem.prefactor * NodeSum(body, k)).xreplace(back),
        len(found.nodes),
        found.estimate,
        found.estimate <= tolerance,
        found.words,
        found.reach,
        halved,
    )
