"""Derivatives of an average, and integration by parts.

Price (IRE Trans. Inf. Theory 4 (1958) 69): d<f>/dm_i = <d_i f>, d<f>/dC_ij = <d_i d_j f> for i != j
(C_ij and C_ji move together) and half of it for i = j.  Stein (Ann. Statist. 9 (1981) 1135):
<(x_i - m_i) g> = sum_j C_ij <d_j g>.  Both hold for functions with jumps and kinks, whose
derivatives are delta functions.
"""

from __future__ import annotations

from typing import Any

from sympy import Add, DiracDelta, Expr, Heaviside, Mul, Piecewise, Pow, S, Symbol, log, sign

from derive.errors import MoveError
from derive.gaussian.deltas import without_deltas
from derive.gaussian.moves import standardised
from derive.gaussian.ranges import never_zero
from derive.gaussian.sides import KINKED, in_steps
from derive.gaussian.terms import distributed

__all__ = ["derivative", "stein"]

JUMPS = (Heaviside, sign, Piecewise)  # of which the first derivative has delta functions


def derivative(average: Any, parameter: Any) -> Expr:
    """The derivative with respect to a parameter of the integrand, the means or the covariance."""
    motion = [m.diff(parameter) for m in average.mean]
    spread = average.covariance.applyfunc(lambda entry: entry.diff(parameter))
    still = all(m == 0 for m in motion) and spread.is_zero_matrix
    if still and not _moves_a_kink(average, parameter):
        return average.func(average.integrand.diff(parameter), *average.args[1:])
    if _is_singular(average):
        return _of_integrand(standardised(average), parameter, average.func)
    integrand, names = _differentiable(average), average.variables
    change = integrand.diff(parameter)
    for i, name in enumerate(names):
        slope = integrand.diff(name) if motion[i] != 0 or any(spread.row(i)) else S.Zero
        change += motion[i] * slope
        for j in range(i, len(names)):
            weight = S.Half if i == j else S.One
            change += weight * spread[i, j] * slope.diff(names[j])
    return _average_of_terms(average, change)


def _of_integrand(expr: Expr, parameter: Any, kind: Any) -> Expr:
    """The derivative of a multiple of a standardised average."""
    (node,) = (f for f in Mul.make_args(expr) if isinstance(f, kind))
    factor = expr / node
    if _moves_a_kink(node, parameter, JUMPS):
        inner = _average_of_terms(node, _differentiable(node).diff(parameter))
    else:
        inner = node.func(node.integrand.diff(parameter), *node.args[1:])
    return factor.diff(parameter) * node + factor * inner


def _average_of_terms(average: Any, change: Expr) -> Expr:
    """The average of an integrand with delta functions, which are integrated out."""
    terms = distributed(change, average.variables)
    sharp = [term for term in terms if term.has(DiracDelta)]
    smooth = Add(*(term for term in terms if term not in sharp)) if sharp else change
    law = average.args[1:]
    parts = [average.func(term, *law) for term in sharp]
    return average.func(smooth, *law) + Add(*(_without(average.func, part) for part in parts))


def _without(kind: Any, expr: Expr) -> Expr:
    nodes = [f for f in Mul.make_args(expr) if isinstance(f, kind)]
    return Mul(expr / Mul(*nodes), *map(without_deltas, nodes))


def _differentiable(average: Any) -> Expr:
    """The integrand, linear in its steps."""
    kinked = average.integrand.has(*KINKED)
    return in_steps(average.integrand, average.variables) if kinked else average.integrand


def _moves_a_kink(average: Any, parameter: Any, kinds: Any = KINKED) -> bool:
    """Whether a jump or kink of the integrand may move with a parameter."""
    kinked = [node for node in average.integrand.atoms(*kinds) if node.has(*average.variables)]
    return any(node.has(parameter) for node in kinked)


def _is_singular(average: Any) -> bool:
    """Whether a logarithm or a power may be infinite, so that d_i d_j f has no average."""
    for node in average.integrand.atoms(Pow, log):
        base = node.args[0]
        if not base.has(*average.variables) or never_zero(base):
            continue
        if node.func is log or not (node.exp.is_integer and node.exp.is_nonnegative):
            return True
    return False


def stein(average: Any, variable: Symbol) -> Expr:
    """<x_i g> as m_i <g> + sum_j C_ij <d_j g>, for one power of x_i in each term."""
    i = average.variables.index(variable)
    law = average.args[1:]
    terms = distributed(_differentiable(average), average.variables)
    rest = [term for term in terms if _power(term, variable) == 0]
    if len(rest) == len(terms):
        raise MoveError(f"{average} has no factor {variable} to integrate by parts")
    total = average.func(Add(*rest), *law)
    others = Add(*(term / variable for term in terms if term not in rest))
    total += average.mean[i] * average.func(others, *law)
    for j, name in enumerate(average.variables):
        total += average.covariance[i, j] * _average_of_terms(average, others.diff(name))
    return total


def _power(term: Expr, variable: Symbol) -> int:
    """The power of a variable that stands as a factor."""
    for factor in Mul.make_args(term):
        base, power = factor.as_base_exp()
        if base == variable and power.is_Integer and power > 0:
            return int(power)
    return 0
