"""Left-over integrals over one continuous variable, as sums over the nodes of a fixed rule.

A log-partition function ``log int exp(E(x)) dx`` becomes ``log sum_k w_k exp(E(x_k))`` over an
index of nodes, and an average a ratio of two such sums, so that they are lowered, shifted and
differentiated like any other sum.  The rules are trapezoids after a change of variable, which
converge exponentially for analytic integrands (H. Takahasi and M. Mori 1974); what they reach, and
that is less for narrow peaks, `certify` says.
"""

from __future__ import annotations

from typing import Any

from sympy import Expr, I, Integer, Rational, cosh, exp, log, oo, pi, sinh, tanh

from derive.equations import Expect, Index, LogZ, Total
from numerics.errors import UnsupportedExpressionError

__all__ = ["density", "interval", "is_site_integral", "open_integrals"]

STEP = Rational(1, 32)


def is_site_integral(expr: Any) -> bool:
    """Whether an expression is the log of an integral, or an average in one."""
    return isinstance(expr, LogZ | Expect)


def open_integrals(expr: Expr) -> Expr:
    """Replace left-over integrals by sums over nodes.

    Raises
    ------
    UnsupportedExpressionError
        If an integral has several variables, or runs along the imaginary axis.
    """
    if is_site_integral(expr):
        return _opened(expr)
    if not expr.args or not any(is_site_integral(n) for n in _nodes(expr)):
        return expr
    return expr.func(*(open_integrals(arg) for arg in expr.args))


def _nodes(expr: Expr) -> Any:
    yield expr
    if not is_site_integral(expr):
        for arg in expr.args:
            yield from _nodes(arg)


def interval(node: Any) -> tuple[Expr, Expr, Expr]:
    """The variable of an integral and the ends of its interval."""
    variables = node.ensemble.variables
    measure = variables[0].measure
    if len(variables) > 1 or not hasattr(measure, "lower") or measure.direction == I:
        names = ", ".join(v.name for v in variables)
        raise UnsupportedExpressionError(
            f"the integral over {names} is not over one real variable: integrate or trace it "
            "before the equations are compiled"
        )
    return variables[0].element, measure.lower, measure.upper


def density(node: Any) -> Expr:
    """The exponent of the integrand, the measure's own weight included."""
    variable = node.ensemble.variables[0]
    return node.ensemble.exponent + variable.measure.log_weight(variable.element)


def _opened(node: Any) -> Expr:
    x, lower, upper = interval(node)
    k, place, weight = _rule(lower, upper, {i.name for i in node.atoms(Index)})
    integrand = weight * exp(density(node).xreplace({x: place}))
    whole = Total(integrand, k)
    if not hasattr(node, "observable"):
        return log(whole)
    return Total(node.observable.xreplace({x: place}) * integrand, k) / whole


def _rule(lower: Expr, upper: Expr, taken: set[str]) -> tuple[Index, Expr, Expr]:
    """The index of the nodes, a node and its weight."""
    first, last = _ends(lower, upper)
    count = Integer((last - first) / STEP + 1)
    name = next(f"node{n}" for n in range(len(taken) + 1) if f"node{n}" not in taken)
    k = Index(name, count)
    t = first + (k - 1) * STEP
    if (lower, upper) == (-oo, oo):
        return k, sinh(t), STEP * cosh(t)  # a weight that falls as exp(-x**2) falls as exp(-e^2t)
    if upper == oo:
        grown = exp(t - exp(-t))
        return k, lower + grown, STEP * (1 + exp(-t)) * grown
    if lower == -oo:
        grown = exp(-t - exp(t))
        return k, upper - grown, STEP * (1 + exp(t)) * grown
    half, bent = (upper - lower) / 2, pi * sinh(t) / 2
    place = (upper + lower) / 2 + half * tanh(bent)
    return k, place, STEP * half * pi / 2 * cosh(t) / cosh(bent) ** 2


def _ends(lower: Expr, upper: Expr) -> tuple[Integer, Integer]:
    """Where the changed variable starts and stops: beyond, weights are below 1e-30."""
    if (lower, upper) == (-oo, oo):
        return Integer(-8), Integer(8)  # |x| up to 1490
    if upper == oo:
        return Integer(-4), Integer(7)  # up to 1096 from the end
    if lower == -oo:
        return Integer(-7), Integer(4)
    return Integer(-4), Integer(4)
