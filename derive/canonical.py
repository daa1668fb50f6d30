"""Canonical labelling of a summand: one form for all names of the bound indices.

Colour refinement (an index is coloured by the factors that it occurs in, with the other indices
shown by their colours), then individualisation of what refinement cannot tell apart, keeping the
smallest resulting form.  Members of a class that a transposition exchanges without changing the
summand are equivalent, and only one of them is tried.  Slots of symmetric labels are unordered
because `Element` sorts them whenever it is rebuilt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cmp_to_key, lru_cache
from typing import Any

from sympy import Basic, Expr, Mul, Tuple

from derive.indices import Index, free_indices

__all__ = ["canonical_body"]

Colours = dict[Index, tuple[Any, ...]]
_compare: Any = cmp_to_key(Basic.compare)


@lru_cache(maxsize=65536)
def canonical_body(body: Expr, indices: tuple[Index, ...]) -> tuple[Expr, tuple[Index, ...]]:
    """Relabel the bound indices of a summand canonically.

    Parameters
    ----------
    body : Expr
        The summand.
    indices : tuple of Index
        Its bound indices, in any order.

    Returns
    -------
    body, indices : Expr, tuple of Index
        The relabelled summand and its indices in canonical order.  Two summands that differ by
        names of bound indices give equal results.
    """
    colours = _refine(body, indices, {index: (index.range,) for index in indices})
    return min(_leaves(body, indices, colours), key=lambda leaf: _compare(Tuple(leaf[0], *leaf[1])))


def _leaves(
    body: Expr, indices: tuple[Index, ...], colours: Colours
) -> Iterator[tuple[Expr, tuple[Index, ...]]]:
    classes = _classes(indices, colours)
    ambiguous = next((members for members in classes if len(members) > 1), None)
    if ambiguous is None:
        order = [members[0] for members in classes]
        start = _unused_number(body, indices)
        canonical = tuple(index.renamed(f"\0{k}") for k, index in enumerate(order, start))
        yield body.xreplace(dict(zip(order, canonical, strict=True))), canonical
        return
    for chosen in _inequivalent(body, ambiguous):
        marked = {i: (*c, 0 if i == chosen else 1) for i, c in colours.items()}
        yield from _leaves(body, indices, _refine(body, indices, marked))


def _unused_number(body: Expr, indices: Sequence[Index]) -> int:
    """Above the canonical names that an outer sum has already given to indices free here."""
    free = free_indices(body).difference(indices)
    taken = (i.name[1:] for i in free if i.name.startswith("\0"))
    return max((int(number) + 1 for number in taken if number.isdigit()), default=0)


def _inequivalent(body: Expr, members: Sequence[Index]) -> list[Index]:
    kept: list[Index] = []
    for index in members:
        if not any(body.xreplace({index: other, other: index}) == body for other in kept):
            kept.append(index)
    return kept


def _classes(indices: tuple[Index, ...], colours: Colours) -> list[list[Index]]:
    ranked = sorted(set(colours.values()), key=_colour_key)
    return [[i for i in indices if colours[i] == colour] for colour in ranked]


def _colour_key(colour: tuple[Any, ...]) -> Any:
    return _compare(Tuple(*colour))


def _refine(body: Expr, indices: tuple[Index, ...], colours: Colours) -> Colours:
    """Refine until the number of classes no longer grows; colours become (rank,)."""
    factors = [(f, free_indices(f)) for f in Mul.make_args(body)]
    count = 0
    while True:
        classes = _classes(indices, colours)
        rank = {index: k for k, members in enumerate(classes) for index in members}
        if len(classes) == count or len(classes) == len(indices):
            return {index: (rank[index],) for index in indices}
        count = len(classes)
        shown = {index: index.renamed(f"\0c{rank[index]}") for index in indices}
        colours = {index: (rank[index], *_signature(factors, index, shown)) for index in indices}


def _signature(
    factors: list[tuple[Expr, frozenset[Index]]], index: Index, shown: dict[Index, Index]
) -> list[Expr]:
    marks = shown | {index: index.renamed("\0*")}
    return sorted((f.xreplace(marks) for f, free in factors if index in free), key=_compare)
