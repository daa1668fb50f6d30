"""Derivatives of an average, and integration by parts.

Price (IRE Trans. Inf. Theory 4 (1958) 69): d<f>/dm_i = <d_i f>, d<f>/dC_ij = <d_i d_j f> for i != j
(C_ij and C_ji move together) and half of it for i = j.  Stein (Ann. Statist. 9 (1981) 1135):
<(x_i - m_i) g> = sum_j C_ij <d_j g>.  Both hold for functions with jumps and kinks, whose
derivatives are delta functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sympy import (
    Add,
    DiracDelta,
    Expr,
    Heaviside,
    Matrix,
    Mul,
    Piecewise,
    Pow,
    S,
    Symbol,
    cancel,
    factor,
    log,
    sign,
)

from derive.errors import MoveError
from derive.gaussian.deltas import without_continuous_jumps, without_deltas
from derive.gaussian.ranges import never_zero
from derive.gaussian.sides import KINKED, in_steps
from derive.gaussian.terms import distributed

__all__ = ["derivative", "stein"]

JUMPS = (Heaviside, sign, Piecewise)


def derivative(average: Any, parameter: Any) -> Expr:
    """The derivative with respect to a parameter of the integrand, the means or the covariance.

    Raises
    ------
    MoveError
        If a point where the integrand is infinite moves with the parameter.
    """
    motion = [m.diff(parameter) for m in average.mean]
    spread = average.covariance.applyfunc(lambda entry: entry.diff(parameter))
    integrand = _differentiable(average) if _moves_a_jump(average, parameter) else average.integrand
    _check_singular_points(integrand, average.variables, parameter)
    direct = _average_of_terms(average, integrand.diff(parameter))
    if all(m == 0 for m in motion) and spread.is_zero_matrix:
        return direct
    law = None if _is_singular(average) else _by_price(average, motion, spread)
    if law is None:
        law = average.func(_by_score(average, motion, spread), *average.args[1:])
    return direct + law


def _by_price(average: Any, motion: list[Expr], spread: Any) -> Expr | None:
    """The change with the law, by derivatives of the integrand.

    None if a delta function is left, where two jumps meet at a value of a parameter, or cannot be
    integrated out.
    """
    integrand, names = _differentiable(average), average.variables
    change: Expr = S.Zero
    for i, name in enumerate(names):
        if motion[i] == 0 and not any(spread.row(i)):
            continue
        slope = without_continuous_jumps(integrand.diff(name), names)
        change += motion[i] * slope
        for j in range(i, len(names)):
            weight = S.Half if i == j else S.One
            change += weight * spread[i, j] * slope.diff(names[j])
    try:
        found = _average_of_terms(average, change)
    except MoveError:
        return None
    return None if found.has(DiracDelta) else found


def _by_score(average: Any, motion: list[Expr], spread: Any) -> Expr:
    """What is averaged for the motion of the law: the integrand times derivatives of the density.

    With u = C^-1 (x - m), d log p/dm_i = u_i and d log p/dC_ij = (u_i u_j - (C^-1)_ij)/2.
    """
    if cancel(average.covariance.det()) == 0:
        raise MoveError(
            "the covariance is singular, and the integrand cannot be differentiated twice: write "
            "the average in fewer variables by average.standardised()"
        )
    inverse = average.covariance.inv()
    centred = Matrix([v - m for v, m in zip(average.variables, average.mean, strict=True)])
    score = inverse * centred
    turned = (score.T * spread * score)[0, 0] - (inverse * spread).trace()
    slopes = Add(*(m * u for m, u in zip(motion, score, strict=True)))
    return average.integrand * (slopes + turned / 2)


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


def _moves_a_jump(average: Any, parameter: Any) -> bool:
    """Whether a jump of the integrand may move with a parameter."""
    jumps = [node for node in average.integrand.atoms(*JUMPS) if node.has(*average.variables)]
    return any(node.has(parameter) for node in jumps)


def _check_singular_points(integrand: Expr, variables: Sequence[Symbol], parameter: Any) -> None:
    """Refuse to differentiate under the average where that has no average."""
    for node in _singular_nodes(integrand, variables):
        _, moving = node.args[0].as_independent(*variables, as_Add=False)
        if moving.has(parameter) and (node.func is log or node.exp.is_negative):
            raise MoveError(
                f"{node} is infinite at a point that moves with {parameter}: change variables "
                "so that it stays, average.change_variables(...)"
            )


def _is_singular(average: Any) -> bool:
    """Whether the second derivatives of the integrand may have no average."""
    return any(True for _ in _singular_nodes(average.integrand, average.variables))


def _singular_nodes(integrand: Expr, variables: Sequence[Symbol]) -> Iterator[Any]:
    """Logarithms and powers of what may vanish."""
    for node in integrand.atoms(Pow, log):
        base = node.args[0]
        if not base.has(*variables) or never_zero(base) or _never_zero_in(base, variables):
            continue
        if node.func is log or not (node.exp.is_integer and node.exp.is_nonnegative):
            yield node


def _never_zero_in(base: Expr, variables: Sequence[Symbol]) -> bool:
    """Whether what a sum has of the variables does not vanish, once it is a product."""
    if not base.is_Add:
        return False
    _, inside = factor(base).as_independent(*variables, as_Add=False)
    return never_zero(inside)


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
    for part in Mul.make_args(term):
        base, power = part.as_base_exp()
        if base == variable and power.is_Integer and power > 0:
            return int(power)
    return 0
