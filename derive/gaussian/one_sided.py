"""Tails of the normal law as erfc, so that no difference of nearly equal numbers is left."""

from __future__ import annotations

from sympy import Add, Expr, Mul, erf, erfc, log, sign

__all__ = ["as_tail", "signs_outside", "tails_inside"]


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


def signs_outside(expr: Expr, x: Expr) -> Expr:
    """erf(sign(x) u) as sign(x) erf(u), for an average over x.

    Examples
    --------
    >>> from sympy import erfc, sign, symbols
    >>> x, u = symbols("x u", real=True)
    >>> signs_outside(erfc(u*sign(x)), x)
    -erf(u)*sign(x) + 1
    """
    rule = {}
    for node in expr.atoms(erf, erfc):
        signs = [f for f in Mul.make_args(node.args[0]) if isinstance(f, sign) and f.has(x)]
        rest = node.args[0] / Mul(*signs)
        if signs and not rest.has(x):
            odd = Mul(*signs) * erf(rest)
            rule[node] = 1 - odd if isinstance(node, erfc) else odd
    return expr.xreplace(rule)


def tails_inside(expr: Expr) -> Expr:
    """The same for sums under logarithms and in products, also inside averages."""
    if not expr.has(erf, erfc):
        return expr
    if expr.is_Add and not expr.has(log):
        return as_tail(expr)
    return expr.func(*(tails_inside(a) if isinstance(a, Expr) else a for a in expr.args))
