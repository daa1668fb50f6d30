"""Find a named sum in an expression, up to renaming, also where it shares indices with the rest.

A pattern is a sum with free indices, such as ``q[a, b] ~ Total(s[i, a]*s[i, b], i)``.  In
``Total(s[i, a]*s[i, b]*s[j, a]*s[j, b], i, j, a, b)`` it occurs twice once a and b are held fixed:
the remaining indices then fall into connected components, each of which is compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import permutations
from typing import Any

from sympy import Expr, Mul, S

from derive.errors import MoveError
from derive.indices import Element, Index, IndexRange, Label, free_indices
from derive.total import Binder, IndexedProduct, Total, components, fresh

__all__ = [
    "over_common_ranges",
    "replace_elements",
    "replace_sum",
    "same_up_to_free_names",
    "scaled_sum",
]


def same_up_to_free_names(a: Total, b: Total) -> bool:
    """Whether two sums are equal up to the names of the indices that they leave free."""
    one, two = (sorted(free_indices(t), key=lambda i: i.name) for t in (a, b))
    if len(one) != len(two):
        return False
    ranges = [i.range for i in two]
    orders = (names for names in permutations(one) if [i.range for i in names] == ranges)
    return any(a.xreplace(dict(zip(names, two, strict=True))) == b for names in orders)


def scaled_sum(name: str, definition: Expr) -> tuple[Expr, Total]:
    """(S, T) of a definition T/S, where T is one sum.

    Raises
    ------
    MoveError
        If it is no multiple of one sum.
    """
    coefficient, quantity = definition.as_independent(Binder, as_Add=False)
    if not isinstance(quantity, Total):
        raise MoveError(
            f"{name} = {definition} is no multiple of one sum such as total(x[i, mu]*s[a, i], i): "
            "name each sum by itself"
        )
    return 1 / coefficient, quantity


def replace_elements(expr: Any, label: Label, value: Callable[..., Any]) -> Any:
    """Replace every element of a label by a function of its slots; sums are rebuilt."""
    if isinstance(expr, Element):
        return value(*expr.slots) if expr.label == label else expr
    if not expr.args or not any(e.label == label for e in expr.atoms(Element)):
        return expr
    return expr.func(*(replace_elements(arg, label, value) for arg in expr.args))


def over_common_ranges(expr: Any, ranges: Mapping[IndexRange, IndexRange]) -> Any:
    """Take ranges for others of the same size: in every index, and in the slots of every label."""
    if isinstance(expr, Index):
        return Index(expr.name, ranges.get(expr.range, expr.range))
    if isinstance(expr, Label):
        slots = tuple(ranges.get(over, over) for over in expr.ranges)
        return Label(expr.name, slots, expr.symmetric, expr.given, expr.diagonal)
    if isinstance(expr, Total | IndexedProduct):
        expr = _named_apart(expr)
    if not expr.args or not expr.atoms(Index, Label):
        return expr
    return expr.func(*(over_common_ranges(arg, ranges) for arg in expr.args))


def _named_apart(binder: Any) -> Any:
    """The same sum with no two indices of one name, also where their ranges tell them apart."""
    for position, index in enumerate(binder.indices):
        others = binder.body.atoms(Index) | set(binder.indices[:position])
        if any(i.name == index.name for i in others - {index}):
            other = fresh(index, others)
            indices = [other if i == index else i for i in binder.indices]
            binder = Expr.__new__(binder.func, binder.body.xreplace({index: other}), *indices)
    return binder


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
