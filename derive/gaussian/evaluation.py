"""The value of an average in closed form, term by term, the inner averages first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sympy import Add, Expr, Mul

from derive.errors import MoveError, UnboundedError
from derive.gaussian.closed_form import closed_form
from derive.gaussian.deltas import has_delta, without_deltas
from derive.gaussian.moves import factorised
from derive.gaussian.parity import vanishes_by_parity
from derive.gaussian.terms import distributed

__all__ = ["evaluated", "on_averages"]


def on_averages(expr: Expr, kind: Any, move: Callable[[Any], Expr]) -> Expr:
    """Apply a move to the averages that stand in a sum of products."""
    terms = []
    for term in Add.make_args(expr):
        factors = Mul.make_args(term)
        moved = [move(factor) if isinstance(factor, kind) else factor for factor in factors]
        terms.append(Mul(*moved) if any(isinstance(f, kind) for f in factors) else term)
    return Add(*terms)


def evaluated(average: Any) -> Expr:
    """The average with every term in closed form that has one.

    The terms without closed form stay under one average.
    """
    closed: list[Expr] = []
    left: list[Expr] = []
    for term in distributed(average.integrand, average.variables):
        value = _term(average, term)
        if value is None:
            left.append(term)
        else:
            closed.append(value)
    if not closed:
        return average
    return Add(*closed, average.func(Add(*left), *average.args[1:]))


def _term(average: Any, term: Expr) -> Expr | None:
    """The value of one term, None if nothing is known of it."""
    try:
        expr = average.func(term, *average.args[1:])
    except UnboundedError:
        if term == average.integrand:
            raise
        return None  # the terms converge together only
    nodes = [factor for factor in Mul.make_args(expr) if isinstance(factor, average.func)]
    values = [_node(node) for node in nodes]
    if any(value is None for value in values):
        return None
    return expr if not nodes else Mul(expr / Mul(*nodes), *values)


def _node(node: Any) -> Expr | None:
    if has_delta(node):
        return _without_deltas(node)
    if vanishes_by_parity(node):
        return Add()
    value = closed_form(node.integrand, node.variables, node.mean, node.covariance)
    if value is not None:
        return value
    product = factorised(node)
    if product == node:
        return None
    done = on_averages(product, node.func, evaluated)
    return None if done == product and not done.is_Mul else done


def _without_deltas(node: Any) -> Expr | None:
    try:
        return on_averages(without_deltas(node), node.func, evaluated)
    except MoveError:
        return None
