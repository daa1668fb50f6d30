"""Averages over one law as one average, so that what cancels between them is gone.

``a <f> + b <g> = <a f + b g>``.  By Price's theorem the derivative of an average with respect to an
overlap is a sum of several, of which parts cancel: d/dq <log H(tau)> leaves <(G/H)^2> alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sympy import Add, Dummy, Expr, Mul

from derive.gaussian.gather import gathered

__all__ = ["joined"]

_READABLE = 400  # operations, beyond which nothing is gathered


def joined(expr: Expr, kind: type[Expr]) -> Expr:
    """The sum with one average for each law, where that is shorter; `kind` is the average's class.

    Terms in which averages are multiplied, or stand inside of functions, are left as they are.
    """
    laws: dict[Any, list[tuple[Expr, Any]]] = defaultdict(list)
    rest = []
    for term in _terms(expr, kind):
        nodes = [factor for factor in Mul.make_args(term) if isinstance(factor, kind)]
        if len(nodes) == 1 and not (term / nodes[0]).has(kind):
            (node,) = nodes
            laws[node.mean, node.covariance].append((term / node, node))
        else:
            rest.append(term)
    return Add(*rest, *(_one(group, kind) for group in laws.values()))


def _one(group: list[tuple[Expr, Any]], kind: type[Expr]) -> Expr:
    apart = Add(*(factor * node for factor, node in group))
    if len(group) == 1 or apart.count_ops() > _READABLE:
        return apart
    (_, first), own = group[0], group[0][1].variables
    names = [Dummy(v.name, real=True) for v in own]
    integrand = Add(
        *(
            c * node.integrand.xreplace(dict(zip(node.variables, names, strict=True)))
            for c, node in group
        )
    )
    together = kind(gathered(integrand), names, first.mean, first.covariance)
    return together if together.count_ops() <= apart.count_ops() else apart


def _terms(expr: Expr, kind: type[Expr]) -> Iterator[Expr]:
    """The summands, multiplied out only where a factor is a sum with averages in it."""
    if expr.is_Add:
        for part in expr.args:
            yield from _terms(part, kind)
        return
    factors = Mul.make_args(expr)
    opened = next((f for f in factors if f.is_Add and f.has(kind)), None)
    if opened is None:
        yield expr
        return
    for part in opened.args:
        yield from _terms(Mul(*(f for f in factors if f is not opened), part), kind)
