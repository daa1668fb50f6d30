"""Sums of averages over one law as one average, in which like terms cancel.

Differentiation leaves several averages whose integrands cancel in part, such as the two sides of
the heat equation that a Gaussian convolution solves.  They are put under one average, multiplied
out with functions as indivisible symbols, and taken apart by linearity again.
"""

from __future__ import annotations

from typing import Any

from sympy import Add, Dummy, Expr, Function, Mul, Pow, S

from derive.gaussian.average import GaussianAverage
from derive.gaussian.one_sided import tails_inside

__all__ = ["merged", "mirrored", "multiplied_out"]


def merged(expr: Expr) -> Expr:
    """The same sum with one integrand for each law, distributed over its terms.

    Examples
    --------
    >>> from sympy import symbols, tanh
    >>> import derive as dv
    >>> z = symbols("z", real=True)
    >>> merged(1 - dv.GaussianAverage(1 - tanh(z)**2, z))
    GaussianAverage(tanh(z)**2, z)
    """
    if not expr.has(GaussianAverage):
        return expr
    rest: Expr = S.Zero
    laws: dict[Any, list[tuple[Expr, GaussianAverage]]] = {}
    for term in Add.make_args(_opened(expr)):
        factor, node = _one_average(term)
        if node is None:
            rest += term
        else:
            laws.setdefault(_law(node), []).append((factor, node))
    return rest + Add(*map(_merged_law, laws.values()))


def _merged_law(pairs: list[tuple[Expr, GaussianAverage]]) -> Expr:
    """Averages over one law, merged where that leaves no more of them than there were."""
    plain = mirrored(Add(*(factor * node for factor, node in pairs)))
    first = pairs[0][1]
    names = [dict(zip(node.variables, first.variables, strict=True)) for _, node in pairs]
    integrand = Add(
        *(f * n.integrand.xreplace(rule) for (f, n), rule in zip(pairs, names, strict=True))
    )
    together = _distributed(first, integrand)
    return min(together, plain, key=lambda e: len(_outer_averages(e)))


def _outer_averages(expr: Expr) -> set[Expr]:
    return {f for t in Add.make_args(expr) for f in Mul.make_args(t) if f.has(GaussianAverage)}


def mirrored(expr: Expr) -> Expr:
    """Averages over symmetric laws with the shorter of g(z) and g(-z), so that equal ones add."""
    rule = {}
    for node in expr.atoms(GaussianAverage):
        if not any(node.mean):
            flipped = tails_inside(node.integrand.xreplace({v: -v for v in node.variables}))
            rule[node] = node.func(min(node.integrand, flipped, key=_reading), *node.args[1:])
    return expr.xreplace(rule)


def _opened(expr: Expr) -> Expr:
    """Products over sums that contain averages, multiplied out."""
    if expr.is_Add:
        return Add(*map(_opened, expr.args))
    if not expr.is_Mul:
        return expr
    sums = [f for f in expr.args if f.is_Add and f.has(GaussianAverage)]
    if len(sums) != 1:
        return expr
    rest = Mul(*(f for f in expr.args if f is not sums[0]))
    return Add(*(_opened(rest * term) for term in sums[0].args))


def _one_average(term: Expr) -> tuple[Expr, GaussianAverage | None]:
    nodes = [f for f in Mul.make_args(term) if isinstance(f, GaussianAverage)]
    if len(nodes) != 1 or (term / nodes[0]).has(GaussianAverage):
        return term, None
    return term / nodes[0], nodes[0]


def _law(node: GaussianAverage) -> Any:
    """Mean and covariance, of as many variables."""
    return len(node.variables), node.mean, node.covariance


def _distributed(node: GaussianAverage, integrand: Expr) -> Expr:
    mirrored = {v: -v for v in node.variables} if not any(node.mean) else {}
    sides: dict[Expr, Expr] = {}
    for part in Add.make_args(multiplied_out(integrand)):
        number, function = part.as_coeff_Mul()
        function = min(function, function.xreplace(mirrored), key=_reading)
        sides[function] = sides.get(function, S.Zero) + number
    law = node.args[1:]
    return Add(*(number * GaussianAverage(function, *law) for function, number in sides.items()))


def _reading(function: Expr) -> tuple[int, str]:
    """Of two sides of a symmetric law, the one that is shorter to write."""
    text = str(function)
    return len(text), text


def multiplied_out(expr: Expr) -> Expr:
    """Products over sums multiplied out, with functions and roots as symbols."""
    symbols: dict[Expr, Expr] = {}
    hidden = _hidden(expr, symbols)
    opened = hidden.expand(power_exp=False, log=False)
    return opened.xreplace({dummy: node for node, dummy in symbols.items()})


def _hidden(expr: Expr, symbols: dict[Expr, Expr]) -> Expr:
    fractional = expr.is_Pow and not expr.exp.is_Integer
    if isinstance(expr, Function | GaussianAverage) or fractional:
        base = expr
        if fractional and expr.exp.is_Rational:  # powers of one base combine by themselves
            return Pow(_named(expr.base, symbols), expr.exp)
        return _named(base, symbols)
    if not expr.args:
        return expr
    if expr.is_Pow and expr.base.is_Add and expr.exp.is_negative:
        return Pow(_named(expr.base, symbols), expr.exp)
    return expr.func(*(_hidden(arg, symbols) for arg in expr.args))


def _named(node: Expr, symbols: dict[Expr, Expr]) -> Expr:
    if not node.args:
        return node
    return symbols.setdefault(
        node, Dummy("node", positive=True if node.is_Add else None, real=True)
    )
