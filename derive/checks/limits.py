"""Does a limit hold: does the expansion approach the free entropy at the order that it claims?

At a random point of the scaled unknowns and parameters, phi is evaluated at three small values of
the parameter; what the known terms leave must fall at least as the order of the remainder.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from sympy import Add, Dummy, Expr, Float, S, Symbol, lambdify, log, oo

from derive.checks.asymptotic import Convergence
from derive.checks.integrals import OutOfReach
from derive.checks.world import World
from derive.errors import DeriveError
from derive.gaussian.average import GaussianAverage
from derive.saddle.linear import sample_point
from derive.step import Step

__all__ = ["check_limit"]

VALUES = (S.One / 64, S.One / 256, S.One / 1024)
NESTED = (S.One / 16, S.One / 32, S.One / 64)  # for averages of averages, which take longer
DIGITS = 12
TOLERANCE = 0.3  # of an order: logarithms, and the next power at these values
ATTEMPTS = 6
REACH = 8.5  # of a standard normal, to double precision


def check_limit(step: Step, world: World) -> Convergence:
    """Compare phi at three values with its expansion."""
    eps, density, rows, order = step.details[0]
    terms = Add(*(c * eps**p * log(eps) ** k for p, k, c in rows))
    if order == oo:
        order = max((p for p, *_ in rows), default=S.Zero) + 1
    nested = any(n.integrand.has(GaussianAverage) for n in density.atoms(GaussianAverage))
    values = NESTED if nested else VALUES
    for attempt in range(ATTEMPTS):
        point = _point((density.free_symbols | terms.free_symbols) - {eps}, world, attempt)
        try:
            errors = [_error(density, terms, point, eps, value) for value in values]
        except (DeriveError, TypeError, ValueError, OverflowError, ZeroDivisionError):
            continue
        return _judged(errors, values, float(order))
    raise OutOfReach("no point was found at which both sides have real values")


def _judged(errors: Sequence[float], values: Sequence[Any], order: float) -> Convergence:
    listed = ", ".join(f"1/{1 / v}" for v in values)
    ratio = math.log(float(values[0] / values[1]))
    claimed = order - TOLERANCE
    if abs(errors[-1]) < 10 ** (4 - DIGITS):
        method = f"at {listed}: equal to {DIGITS - 4} digits or more"
        return Convergence(method, order, claimed, refuted=False)
    found = [math.log(abs(a / b)) / ratio for a, b in pairwise(errors)]
    method = f"at {listed}: errors fall as the power " + ", ".join(f"{f:.2f}" for f in found)
    settled = abs(found[-1] - found[0]) < TOLERANCE
    return Convergence(method, found[-1], claimed, refuted=settled and found[-1] < claimed)


def _point(symbols: set[Symbol], world: World, attempt: int) -> dict[Symbol, Any]:
    """The parameters of the world, and sample values of what is scaled."""
    known = {s: Float(v, 30) for s, v in world.environment().items() if s in symbols}
    free = sorted(symbols - set(known), key=str)
    return known | {s: Float(v, 30) for s, v in sample_point(free, attempt).items()}


def _error(density: Expr, terms: Expr, point: Mapping[Symbol, Any], eps: Symbol, at: Any) -> float:
    return _number(density.xreplace(dict(point)).xreplace({eps: at}), at) - _number(
        terms.xreplace(dict(point)).xreplace({eps: at}), at
    )


def _number(expr: Expr, width: Any) -> float:
    """The value: averages of averages by sums over nodes, all others to the digits asked for."""
    nodes = expr.atoms(GaussianAverage)
    if any(node.integrand.has(GaussianAverage) for node in nodes):
        return float(_compiled(expr, (), float(width) / 6)())
    value = expr.evalf(DIGITS)
    if not value.is_real:
        raise ValueError(f"{expr} has the value {value}")
    return float(value)


def _compiled(expr: Any, names: tuple[Symbol, ...], spacing: float) -> Callable[..., float]:
    """An expression as a function of floats; each average a sum over equally spaced nodes."""
    inner: dict[Any, Symbol] = {}
    for node in _outermost(expr):
        inner[node] = Dummy("average", real=True)
    plain = lambdify((*names, *inner.values()), expr.xreplace(inner), "math")
    sums = [_sum(node, names, spacing) for node in inner]
    return lambda *values: plain(*values, *(s(*values) for s in sums))


def _sum(node: Any, names: tuple[Symbol, ...], spacing: float) -> Callable[..., float]:
    if len(node.variables) > 1:
        raise OutOfReach("a joint average inside of another is not summed over nodes")
    (variable,) = node.variables
    mean, width = (
        lambdify(names, part, "math") for part in (node.mean[0], node.covariance[0, 0] ** S.Half)
    )
    nested = node.integrand.has(GaussianAverage)
    integrand = _compiled(node.integrand, (*names, variable), spacing)

    def average(*values: float) -> float:
        centre, scale = mean(*values), width(*values)
        step = 0.1 if nested else min(0.1, spacing / max(scale, 1e-300))
        count = int(REACH / step)
        nodes = (k * step for k in range(-count, count + 1))
        total = math.fsum(
            math.exp(-z * z / 2) * integrand(*values, centre + scale * z) for z in nodes
        )
        return step * total / math.sqrt(2 * math.pi)

    return average


def _outermost(expr: Any) -> list[Any]:
    if isinstance(expr, GaussianAverage):
        return [expr]
    return list(dict.fromkeys(node for arg in expr.args for node in _outermost(arg)))
