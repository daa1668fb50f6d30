"""A sum of products, ordered by the functions in them: one term for each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import product

from sympy import (
    Add,
    Expr,
    Function,
    Mul,
    Pow,
    cancel,
    count_ops,
    erf,
    erfc,
    expand,
    factor,
    factor_terms,
)
from sympy.functions.elementary.exponential import ExpBase

__all__ = ["gathered", "shortest"]

_FEW = 8  # terms, beyond which factoring is not tried


def gathered(expr: Expr) -> Expr:
    """The sum with coefficients collected; erf instead of 1 - erfc where that is what is left."""
    coefficients: dict[Expr, list[Expr]] = defaultdict(list)
    for summand in _summands(expr):
        kept: list[Expr] = []
        rest: list[Expr] = []
        for part in Mul.make_args(summand):
            (kept if _is_special(part) or _is_root(part) else rest).append(part)
        coefficients[Mul(*kept)].append(Mul(*rest))
    totals = {key: shortest(Add(*found)) for key, found in coefficients.items()}
    _merge_tails(totals)
    totals = {key: _divided(key, total) for key, total in totals.items()}
    return Add(*(key * total for key, total in totals.items()))


def _divided(key: Expr, total: Expr) -> Expr:
    """f/sqrt(f) = sqrt(f), where f is the coefficient up to a factor."""
    for part in Mul.make_args(key) if total.has(Add) else ():
        if _is_root(part) and part.exp.is_negative:
            quotient = cancel(total / part.base)
            if count_ops(quotient) < count_ops(total):
                return quotient * part.base
    return total


def shortest(expr: Expr) -> Expr:
    """The expression as it is, multiplied out or factored, whichever has fewest operations."""
    if not expr.is_Add:
        return expr
    expanded = expand(expr)
    forms = [expr, expanded, factor_terms(expanded)]
    if len(Add.make_args(expanded)) <= _FEW:
        forms.append(factor(expanded))
    return min(forms, key=count_ops)


def _is_special(expr: Expr) -> bool:
    return bool(expr.has(Function, ExpBase))


def _summands(expr: Expr) -> Iterator[Expr]:
    """Multiplied out where a factor is a sum with functions or roots in it."""
    if expr.is_Add:
        for part in expr.args:
            yield from _summands(part)
    elif expr.is_Mul:
        sums = [f for f in expr.args if f.is_Add and _is_composite(f)]
        plain = [f for f in expr.args if f not in sums]
        for chosen in product(*(list(_summands(f)) for f in sums)):
            yield Mul(*plain, *chosen)
    else:
        yield expr


def _is_composite(expr: Expr) -> bool:
    return _is_special(expr) or any(map(_is_root, expr.atoms(Pow)))


def _is_root(expr: Expr) -> bool:
    return isinstance(expr, Pow) and not expr.is_number and not expr.exp.is_Integer


def _merge_tails(totals: dict[Expr, Expr]) -> None:
    """c erfc(u) - c = -c erf(u), and c - c erfc(u)/2 as one term."""
    for key in list(totals):
        tails = [f for f in Mul.make_args(key) if isinstance(f, erfc)]
        if not tails:
            continue
        rest = Mul(*(f for f in Mul.make_args(key) if f != tails[0]))
        if rest not in totals:
            continue
        if expand(totals[rest] + totals[key]) == 0:
            totals[rest * erf(tails[0].args[0])] = totals.pop(rest)
            del totals[key]
        elif expand(totals[rest] + 2 * totals[key]) == 0:
            totals[rest * (1 - tails[0] / 2)] = totals.pop(rest)
            del totals[key]
