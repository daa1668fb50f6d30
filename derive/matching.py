"""Find a named sum in an expression, up to renaming, also where it shares indices with the rest.

A pattern is a sum with free indices, such as ``q[a, b] ~ Total(s[i, a]*s[i, b], i)``.  In
``Total(s[i, a]*s[i, b]*s[j, a]*s[j, b], i, j, a, b)`` it occurs twice once a and b are held fixed:
the remaining indices then fall into connected components, each of which is compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any

from sympy import Expr, Mul, S

from derive.indices import Element, Index, Label, free_indices
from derive.total import Total, components

__all__ = ["replace_elements", "replace_sum"]


def replace_elements(expr: Any, label: Label, value: Callable[..., Any]) -> Any:
    """Replace every element of a label by a function of its slots; sums are rebuilt."""
    if isinstance(expr, Element):
        return value(*expr.slots) if expr.label == label else expr
    if not expr.args or not any(e.label == label for e in expr.atoms(Element)):
        return expr
    return expr.func(*(replace_elements(arg, label, value) for arg in expr.args))


def replace_sum(
    expr: Expr, pattern: Total, free: tuple[Index, ...], value: Callable[..., Expr]
) -> Expr:
    """Replace the occurrences of a sum by a function of the indices that it leaves free.

    Parameters
    ----------
    expr : Expr
        Where to look.
    pattern : Total
        The sum.
    free : tuple of Index
        Its free indices.
    value : callable
        The replacement, a function of as many indices.
    """
    if not expr.has(Total):
        return expr
    if isinstance(expr, Total):
        return _replace_in_total(expr, pattern, free, value)
    return expr.func(*(replace_sum(arg, pattern, free, value) for arg in expr.args))


def _replace_in_total(
    total: Total, pattern: Total, free: tuple[Index, ...], value: Callable[..., Expr]
) -> Expr:
    for assigned in _assignments(total, free):
        wanted = pattern.xreplace(dict(zip(free, assigned, strict=True)))
        held = tuple(i for i in total.indices if i not in assigned)
        factors = Mul.make_args(total.body)
        spectators = [f for f in factors if free_indices(f).isdisjoint(held)]
        matched, rest = S.One, list(spectators)
        for parts, own in components([f for f in factors if f not in spectators], held):
            if Total(Mul(*parts), *own) == wanted:
                matched *= value(*assigned)
            else:
                rest.extend(parts)
        if matched != S.One:
            body = matched * Mul(*rest)
            left = tuple(i for i in total.indices if i in free_indices(body))
            return replace_sum(Total(body, *left), pattern, free, value)
    body = replace_sum(total.body, pattern, free, value)
    return total if body == total.body else Total(body, *total.indices)


def _assignments(total: Total, free: tuple[Index, ...]) -> Iterator[tuple[Index, ...]]:
    """Ways to identify the pattern's free indices with indices seen in the sum."""
    seen = sorted(set(total.indices) | free_indices(total.body), key=lambda i: i.name)
    for chosen in permutations(seen, len(free)):
        if all(a.range == b.range for a, b in zip(chosen, free, strict=True)):
            yield chosen
