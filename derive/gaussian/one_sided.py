"""Tails of the normal law written as erfc, so that no difference of nearly equal numbers is left."""

from __future__ import annotations

from sympy import Add, Expr, erf, erfc, log, sign

__all__ = ["as_tail", "tails_inside"]


def as_tail(value: Expr) -> Expr:
    """1 - erfc(u)/2 as erfc(-u)/2, and 1/2 - erf(u)/2 as erfc(u)/2, where that is shorter.

    SymPy would turn an erfc whose argument has a minus sign in front back.

    Examples
    --------
    >>> from sympy import symbols
    >>> x = symbols("x", real=True)
    >>> as_tail((1 - erf(x))/2)
    erfc(x)/2
    """
    value = value.replace(lambda e: e.is_Mul and e.has(sign) and e.has(erf), _with_signs_inside)
    for node in value.atoms(erfc, erf):
        u = node.args[0]
        opposite = erfc((-u).expand())
        forms = [2 - opposite] if isinstance(node, erfc) else [opposite - 1, 1 - erfc(u)]
        others = [value.xreplace({node: form}).expand(deep=False) for form in forms]
        value = min([value, *others], key=lambda e: len(Add.make_args(e)))
    return value


def _with_signs_inside(product: Expr) -> Expr:
    """sign(y) erf(u) = erf(sign(y) u)."""
    signs = [f for f in product.args if isinstance(f, sign)]
    odd = [f for f in product.args if isinstance(f, erf)]
    if len(signs) != 1 or len(odd) != 1:
        return product
    return product / (signs[0] * odd[0]) * erf(signs[0] * odd[0].args[0])


def tails_inside(expr: Expr) -> Expr:
    """The same for sums under logarithms and in products, also inside averages."""
    if not expr.has(erf, erfc):
        return expr
    if expr.is_Add and not expr.has(log):
        return as_tail(expr)
    return expr.func(*(tails_inside(a) if isinstance(a, Expr) else a for a in expr.args))
