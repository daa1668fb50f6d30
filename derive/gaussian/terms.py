"""Products are distributed over sums, only as far as variables of an average occur in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sympy import Add, Expr, Mul, Symbol, expand

__all__ = ["distributed", "linear_form"]


def distributed(integrand: Expr, variables: Iterable[Symbol]) -> tuple[Expr, ...]:
    """The terms of an integrand.

    Examples
    --------
    >>> from sympy import symbols, tanh
    >>> a, b, z = symbols("a b z", real=True)
    >>> distributed((a + b)*z*(1 + tanh(z + a))**2, [z])
    (z*(a + b), z*(a + b)*tanh(a + z)**2, 2*z*(a + b)*tanh(a + z))
    """
    return tuple(_terms(integrand, frozenset(variables)))


def _terms(expr: Expr, variables: frozenset[Symbol]) -> Iterator[Expr]:
    if expr.is_Add:
        for arg in expr.args:
            yield from _terms(arg, variables)
        return
    sums: list[Expr] = []
    rest: list[Expr] = []
    for factor in Mul.make_args(expr):
        opens = _is_sum(factor) and not variables.isdisjoint(factor.free_symbols)
        (sums if opens else rest).append(factor)
    if not sums:
        yield expr
        return
    opened = Mul(*(_opened(factor) for factor in sums)).expand(deep=False)
    for term in Add.make_args(opened):
        yield from _terms(Mul(*rest, term), variables)


def _is_sum(factor: Expr) -> bool:
    if factor.is_Pow and factor.exp.is_Integer and factor.exp > 1:
        return bool(factor.base.is_Add)
    return bool(factor.is_Add)


def _opened(factor: Expr) -> Expr:
    return expand(factor, deep=False, power_base=False, power_exp=False, log=False)


def linear_form(expr: Expr, variables: Iterable[Symbol]) -> tuple[list[Expr], Expr] | None:
    """Coefficients and constant of a form that is linear in the variables, else None."""
    names = tuple(variables)
    if not set(names) & expr.free_symbols:
        return [Add()] * len(names), expr
    polynomial: Any = expr.as_poly(*names)
    if polynomial is None or polynomial.total_degree() > 1:
        return None
    slopes = [polynomial.coeff_monomial(name) for name in names]
    return slopes, polynomial.coeff_monomial(1)
