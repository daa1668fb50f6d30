"""Substitution in an average never captures: bound names give way to what is put in.

What mentions a bound variable from outside means another symbol of that name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sympy import Derivative, Dummy, Expr, Integral, Limit, Subs, Tuple
from sympy.concrete.expr_with_limits import ExprWithLimits

from derive.gaussian.names import free_names, fresh_symbol

__all__ = ["outermost", "put", "renamed_apart", "replaced", "substituted", "xreplaced"]


def put(expr: Expr, rule: Mapping[Any, Any]) -> Expr:
    """Replace symbols by expressions, all at once."""
    if expr.has(Derivative, Subs, Integral, Limit, ExprWithLimits):
        return expr.subs(list(rule.items()), simultaneous=True)
    return expr.xreplace(dict(rule))


def renamed_apart(average: Any, taken: Iterable[str]) -> Any:
    """The same average with no variable of a name that is taken."""
    avoid = set(taken)
    clashes = [v for v in average.variables if v.name in avoid]
    if not clashes:
        return average
    avoid |= free_names(average.integrand, *average.variables, average)
    rule = {}
    for variable in clashes:
        rule[variable] = fresh_symbol(variable.name, avoid)
        avoid.add(rule[variable].name)
    return _bound_to(average, rule)


def _bound_to(average: Any, rule: Mapping[Any, Any]) -> Any:
    variables = Tuple(*(rule.get(v, v) for v in average.variables))
    integrand = put(average.integrand, rule)
    return Expr.__new__(type(average), integrand, variables, *average.args[2:])


def _mentions(key: Any, average: Any) -> bool:
    return not getattr(key, "free_symbols", set()).isdisjoint(average.variables)


def xreplaced(average: Any, rule: Any) -> tuple[Any, bool]:
    """What `_xreplace` returns: the new expression, and whether it differs."""
    if average in rule:
        return rule[average], True
    if isinstance(rule, dict):
        inner = {old: new for old, new in rule.items() if not _mentions(old, average)}
        safe = renamed_apart(average, free_names(*rule.values()))
    else:  # a Transform acts on every node alike
        inner, safe = rule, _hidden(average)
    new = [safe.integrand._xreplace(inner), *(part._xreplace(rule) for part in safe.args[2:])]
    if not any(changed for _, changed in new):
        return average, False
    (integrand, _), *law = new
    return average.func(integrand, safe.args[1], *(part for part, _ in law)), True


def substituted(average: Any, old: Any, new: Any) -> Any:
    """What `_eval_subs` returns."""
    if average == old:
        return new
    safe = renamed_apart(average, free_names(new))
    parts = [part._subs(old, new) for part in safe.args[2:]]
    mentioned = _mentions(old, average)
    integrand = safe.integrand if mentioned else safe.integrand._subs(old, new)
    if integrand == safe.integrand and tuple(parts) == safe.args[2:]:
        return average
    return average.func(integrand, safe.args[1], *parts)


def replaced(average: Any, query: Any, value: Any, **options: Any) -> Any:
    """What SymPy's `replace` makes of an average; it sees bound variables under hidden names.

    Averages inside are taken out, and each is treated by itself before it is put back.
    """

    def replace(expr: Any) -> Any:
        marks = {node: Dummy("average") for node in outermost(expr)}
        done = expr.xreplace(marks).replace(query, value, **options)
        back = {mark: node.replace(query, value, **options) for node, mark in marks.items()}
        return done.xreplace(back)

    hidden = _hidden(average)
    integrand = replace(hidden.integrand)
    law = replace(hidden.args[2]), hidden.covariance.applyfunc(replace)
    if (integrand, *law) != (hidden.integrand, *hidden.args[2:]):
        average = average.func(integrand, hidden.args[1], *law)
    if isinstance(query, type):
        return value(*average.args) if issubclass(type(average), query) else average
    return value(average) if callable(query) and query(average) else average


def outermost(expr: Any) -> Iterator[Any]:
    """The averages in an expression that stand in no other average."""
    if hasattr(expr, "covariance"):
        yield expr
    else:
        for arg in expr.args:
            yield from outermost(arg)


def _hidden(average: Any) -> Any:
    """The same average over variables that nobody else has."""
    return _bound_to(average, {v: Dummy(v.name, real=True) for v in average.variables})
