"""Write an exponent over the parts of a range in terms of what stands over the union.

Each term suggests sums over the union: its variables become the joined one, and arrays over the
parts become block arrays that contain them.  Such a sum, opened again, must consist of terms of the
exponent with coefficients in its own proportions; then they are exchanged for it.  So nothing
is believed: what is left at the end in terms of the parts is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product as cartesian
from typing import Any

from sympy import Add, Expr, Mul, S

from derive.blocks import Blocks, placeholders
from derive.ensemble import elements_of
from derive.errors import MoveError
from derive.indices import Element, Index, Label
from derive.relations import normal_form
from derive.total import Total, fresh

__all__ = ["flattened", "lifted", "monomials"]

Lift = tuple[dict[Expr, Expr], dict[Index, Index]]  # what replaces factors, and indices


def lifted(exponent: Expr, blocks: Blocks, whole: Label) -> Expr:
    """The exponent in the joined variable and the block arrays.

    Raises
    ------
    MoveError
        If a term in the old variables is not made up by the blocks.
    """
    parts = {body.label: place[0] for place, body in blocks.tables[whole].items()}
    left, found = monomials(exponent), S.Zero
    for monomial in sorted(left, key=lambda m: (-len(m.atoms(Element)), str(m))):
        if monomial not in left or not elements_of(monomial, parts):
            continue
        for candidate in _candidates(monomial, blocks, whole, parts):
            scale, rest = _exchanged(left, monomial, blocks.opened(candidate))
            if scale is not None:
                found, left = found + scale * candidate, rest
                break
        else:
            raise MoveError(
                f"the term {left[monomial] * monomial} is not made up by the blocks given: add its "
                "coupling to an array, with its transpose, e.g. {'W': [[0, w], [w.T, 0]]}, or a "
                "field that differs between the parts as {'H': [0, h]}"
            )
    return found + Add(*(c * m for m, c in left.items()))


def monomials(expr: Expr) -> dict[Expr, Expr]:
    """{monomial in sums and elements: coefficient} of a normal form."""
    found: dict[Expr, Expr] = {}
    for term in Add.make_args(normal_form(expr, {})):
        coefficient, monomial = term.as_independent(Total, Element, as_Add=False)
        found[monomial] = found.get(monomial, S.Zero) + coefficient
    return found


def _exchanged(
    left: dict[Expr, Expr], monomial: Expr, opened: Expr
) -> tuple[Expr | None, dict[Expr, Expr]]:
    """(scale, what is left after taking scale * opened out); no scale if the terms do not fit."""
    taken = {m: c for m, c in monomials(opened).items() if c != 0}
    if monomial not in taken or not set(taken) <= set(left):
        return None, left
    scale = left[monomial] / taken[monomial]
    if any((left[m] - scale * c).expand() != 0 for m, c in taken.items()):
        return None, left
    return scale, {m: c for m, c in left.items() if m not in taken}


def _candidates(
    monomial: Expr, blocks: Blocks, whole: Label, parts: dict[Label, int]
) -> Iterator[Expr]:
    """Sums over the union that the monomial may come from, those with most block arrays first."""
    factors, indices = flattened(monomial)
    sites: dict[Index, int] = {}
    for element in elements_of(Mul(*factors), parts):
        (slot,) = element.slots
        if not isinstance(slot, Index):
            return
        sites[slot] = parts[element.label]
    names = _union_names(indices, blocks)
    choices = [_array_lifts(f, blocks) for f in factors]
    for chosen in cartesian(*choices):
        placed = _consistent(sites, chosen)
        if placed is None:
            continue
        body = Mul(
            *(_lift(f, c, whole, parts, names) for f, c in zip(factors, chosen, strict=True))
        )
        bound = [names[i] if i in placed else i for i in indices]
        yield from _with_constant_block(body, bound, placed, names, blocks)


def _with_constant_block(
    body: Expr,
    bound: list[Index],
    placed: dict[Index, int],
    names: dict[Index, Index],
    blocks: Blocks,
) -> Iterator[Expr]:
    """The sum as it is, and with a block array whose entry there is a number or symbol."""
    yield Total(body, *bound)
    for label in blocks.arrays:
        for place, entry in blocks.tables[label].items():
            if entry == 0 or entry.has(Element) or len(place) > len(placed):
                continue
            for sites in cartesian(placed, repeat=len(place)):
                fits = tuple(placed[i] for i in sites) == place and len(set(sites)) == len(sites)
                if fits:
                    yield Total(body * label[tuple(names[i] for i in sites)] / entry, *bound)


def flattened(monomial: Expr) -> tuple[list[Expr], list[Index]]:
    """A product of sums as one: its factors, and its indices named apart."""
    factors: list[Expr] = []
    indices: list[Index] = []
    for factor in Mul.make_args(monomial):
        base, power = factor.as_base_exp()
        if not (isinstance(base, Total) and power.is_Integer and power > 0):
            factors.append(factor)
            continue
        for _ in range(int(power)):
            apart = {i: fresh(i, {*indices}) for i in base.indices}
            indices.extend(apart.values())
            factors.extend(Mul.make_args(base.body.xreplace(apart)))
    return factors, indices


def _union_names(indices: list[Index], blocks: Blocks) -> dict[Index, Index]:
    names: dict[Index, Index] = {}
    for index in indices:
        names[index] = fresh(Index(index.name, blocks.over), names.values())
    return names


def _array_lifts(factor: Expr, blocks: Blocks) -> list[tuple[Label, dict[Index, Any], Expr] | None]:
    """The blocks of which a factor is an element: (block array, slots with their parts, ratio)."""
    found: list[Any] = []
    if isinstance(factor, Element) and factor.label.given:
        for label in blocks.arrays:
            for place, entry in blocks.tables[label].items():
                if (fit := _fit(factor, entry, placeholders(blocks, label, place))) is not None:
                    found.append((label, *fit, place))
    return [*found, None]


def _fit(
    factor: Element, entry: Expr, slots: tuple[Index | None, ...]
) -> tuple[tuple[Expr | None, ...], Expr] | None:
    """(actual slots, ratio) if the entry is ratio * the element, under other names of its slots."""
    ratio, element = entry.as_independent(Element, as_Add=False)
    if not isinstance(element, Element) or element.label != factor.label:
        return None
    actual = dict(zip(element.slots, factor.slots, strict=True))
    if element.xreplace(actual) != factor or not set(actual) <= set(slots):
        return None
    return tuple(actual.get(s) for s in slots), ratio


def _consistent(sites: dict[Index, int], chosen: tuple[Any, ...]) -> dict[Index, int] | None:
    """The part of each index that is lifted, None if an index would lie in two."""
    placed = dict(sites)
    for choice in chosen:
        if choice is None:
            continue
        _, slots, _, place = choice
        for slot, part in zip(slots, place, strict=True):
            if not isinstance(slot, Index) or placed.setdefault(slot, part) != part:
                return None
    return placed


def _lift(
    factor: Expr, choice: Any, whole: Label, parts: dict[Label, int], names: dict[Index, Index]
) -> Expr:
    if choice is not None:
        label, slots, ratio, _ = choice
        return label[tuple(names[s] for s in slots)] / ratio
    joined = {e: whole[names[e.slots[0]]] for e in elements_of(factor, parts)}
    return factor.xreplace(joined)
