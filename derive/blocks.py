"""An index range as a union of parts, and arrays and variables over it as tables of blocks.

    sum_k f[k] = sum over parts p of sum_{i in p} f_p[i],   W = [[0, w], [w.T, 0]]

`Blocks` says what each array over the union is in terms of arrays over the parts; `opened` writes
an expression over the union in them.  Parts of size one have no index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product as cartesian
from typing import Any

from sympy import Add, Basic, Expr, Integer, KroneckerDelta, Mul, S, Tuple, sympify

from derive.errors import DeclarationError, MoveError
from derive.indices import Element, Index, Label, Transposed, free_indices
from derive.total import IndexedProduct, Total, fresh

__all__ = ["Blocks", "table"]

Place = tuple[int, Expr | None]  # a part, and the position in it (None where it has one member)


class Blocks(Basic):
    """What the arrays and variables over a union of ranges are on its parts.

    Parameters
    ----------
    over : IndexRange
        The union.
    parts : tuple of IndexRange
        Its parts, in order.
    tables : mapping from Label to {parts of its slots: Expr}
        The block of each label for each choice of parts; see `table`.
    """

    def __new__(cls, over: Any, parts: Any, tables: Any) -> Blocks:
        if isinstance(tables, Mapping):
            tables = [
                Tuple(label, Tuple(*(Tuple(Tuple(*p), body) for p, body in rows.items())))
                for label, rows in tables.items()
            ]
        return Basic.__new__(cls, over, Tuple(*parts), Tuple(*tables))

    over = property(lambda self: self.args[0])
    parts = property(lambda self: tuple(self.args[1]))

    @property
    def tables(self) -> dict[Label, dict[tuple[int, ...], Expr]]:
        """The blocks of each label, by the parts of those of its slots that run over the union."""
        return {
            label: {tuple(map(int, place)): body for place, body in rows}
            for label, rows in self.args[2]
        }

    @property
    def arrays(self) -> tuple[Label, ...]:
        """The given arrays among the labels."""
        return tuple(label for label in self.tables if label.given)

    def used_by(self, label: Label) -> set[Label]:
        """The given arrays that the blocks of a label are made of."""
        bodies = self.tables[label].values()
        return {e.label for body in bodies for e in body.atoms(Element) if e.label.given}

    def at(self, label: Label, slots: Sequence[Place | Expr]) -> Expr:
        """One element, each slot over the union given as its place in a part."""
        place = tuple(slot[0] for slot in slots if isinstance(slot, tuple))
        inner = [slot[1] if isinstance(slot, tuple) else slot for slot in slots]
        names = placeholders(self, label, place)
        known = {n: s for n, s in zip(names, inner, strict=True) if n is not None}
        return self.tables[label][place].xreplace(known)

    def located(self, position: int) -> Place:
        """The place of a numbered member."""
        first = 1
        for number, part in enumerate(self.parts):
            if not part.size.is_Integer:
                break
            if position < first + part.size:
                return (number, None if part.size == 1 else Integer(position - first + 1))
            first += int(part.size)
        raise MoveError(
            f"which part of {self.over.name} member {position} belongs to depends on the sizes "
            f"{[part.size for part in self.parts]}: sum over it, or make it a part of its own"
        )

    def opened(self, expr: Any) -> Any:
        """An expression over the union, in what stands on the parts."""
        return _open(expr, self, {})


def placeholders(blocks: Blocks, label: Label, place: tuple[int, ...]) -> tuple[Index | None, ...]:
    """The indices under which the block of a label is stored; None for a part of size one."""
    parts = iter(place)
    found: list[Index | None] = []
    for number, over in enumerate(label.ranges):
        own = blocks.parts[next(parts)] if over == blocks.over else over
        unit = over == blocks.over and own.size == 1
        found.append(None if unit else Index(f"\0b{number}", own))
    return tuple(found)


def table(blocks: Blocks, label: Label, entries: Any) -> dict[tuple[int, ...], Expr]:
    """The blocks of a label from nested lists, one level for each slot over the union.

    An entry is an array over the parts, the transpose ``w.T`` of one, a function of the indices, or
    a number or symbol: the same for all of them.

    Raises
    ------
    DeclarationError
        If the lists do not match the parts, or a symmetric label has blocks that are not.
    """
    depth = sum(over == blocks.over for over in label.ranges)
    found: dict[tuple[int, ...], Expr] = {}
    for place in cartesian(range(len(blocks.parts)), repeat=depth):
        entry = _entry(blocks, label, entries, place)
        slots = tuple(i for i in placeholders(blocks, label, place) if i is not None)
        body = _body(entry, slots)
        if stray := free_indices(body).difference(slots):
            raise DeclarationError(
                f"{label.name}: the block {body} has the free index {min(stray, key=str)}: give "
                "the array itself, or a function of the indices"
            )
        found[place] = body
    if label.symmetric and not is_symmetric(blocks, label, found):
        raise DeclarationError(
            f"{label.name} is symmetric, but its blocks are not: block (p, q) must be the "
            "transpose of block (q, p), w beside w.T"
        )
    return found


def _entry(blocks: Blocks, label: Label, entries: Any, place: tuple[int, ...]) -> Any:
    for part in place:
        rows = len(entries) if isinstance(entries, list | tuple) else None
        if rows != len(blocks.parts):
            raise DeclarationError(
                f"{label.name} has {'no list' if rows is None else rows} where the "
                f"{len(blocks.parts)} parts of {blocks.over.name} are listed: give one entry for "
                "each part, and nested lists for several slots"
            )
        entries = entries[part]
    if isinstance(entries, list | tuple):
        raise DeclarationError(
            f"{label.name} has {len(place)} slot(s) over {blocks.over.name}: the lists are nested "
            "deeper than that"
        )
    return entries


def _body(entry: Any, slots: tuple[Index, ...]) -> Expr:
    if isinstance(entry, Label | Transposed):
        return entry[slots]
    function: Callable[..., Any] | None = entry if callable(entry) else None
    return sympify(function(*slots) if function else entry)


def is_symmetric(blocks: Blocks, label: Label, rows: Mapping[tuple[int, ...], Expr]) -> bool:
    """Whether the blocks of a label with two slots over the union are transposes of each other."""
    if len(label.ranges) != 2 or set(label.ranges) != {blocks.over}:
        return False
    for place, body in rows.items():
        own = placeholders(blocks, label, place)
        other = placeholders(blocks, label, place[::-1])
        exchanged = {
            o: i for o, i in zip(other, own[::-1], strict=True) if o is not None and i is not None
        }
        if (body - rows[place[::-1]].xreplace(exchanged)).expand() != 0:
            return False
    return True


# --- opening sums over the union --------------------------------------------------------------


def _open(expr: Any, blocks: Blocks, at: dict[Index, Place]) -> Any:
    if isinstance(expr, Total | IndexedProduct):
        return _open_binder(expr, blocks, at)
    if isinstance(expr, Element):
        if expr.label not in blocks.tables:
            return expr
        return blocks.at(expr.label, list(_places(expr, blocks, at)))
    if isinstance(expr, KroneckerDelta):
        return _open_delta(expr, blocks, at)
    if isinstance(expr, Index) and expr.range == blocks.over:
        raise MoveError(
            f"the position {expr} itself enters, not only elements that it numbers: it has no "
            f"meaning on the parts of {blocks.over.name}"
        )
    if not expr.args or not _touches(expr, blocks):
        return expr
    return expr.func(*(_open(arg, blocks, at) for arg in expr.args))


def _touches(expr: Any, blocks: Blocks) -> bool:
    return any(i.range == blocks.over for i in expr.atoms(Index)) or any(
        e.label in blocks.tables for e in expr.atoms(Element)
    )


def _open_binder(binder: Any, blocks: Blocks, at: dict[Index, Place]) -> Expr:
    own = [i for i in binder.indices if i.range == blocks.over]
    kept = [i for i in binder.indices if i.range != blocks.over]
    taken = {i for i in binder.body.atoms(Index) | set(kept) if i not in own}
    taken |= {position for _, position in at.values() if isinstance(position, Index)}
    terms = []
    for chosen in cartesian(range(len(blocks.parts)), repeat=len(own)):
        places, used = dict(at), set(taken)
        for index, number in zip(own, chosen, strict=True):
            part = blocks.parts[number]
            position = None if part.size == 1 else fresh(Index(index.name, part), used)
            places[index] = (number, position)
            used |= {position} if position is not None else set()
        new = [places[i][1] for i in own if places[i][1] is not None]
        terms.append(binder.func(_open(binder.body, blocks, places), *kept, *new))
    return Add(*terms) if isinstance(binder, Total) else Mul(*terms)


def _places(element: Element, blocks: Blocks, at: dict[Index, Place]) -> Iterator[Place | Expr]:
    for slot, over in zip(element.slots, element.label.ranges, strict=True):
        yield _place(slot, blocks, at) if over == blocks.over else slot


def _place(slot: Expr, blocks: Blocks, at: dict[Index, Place]) -> Place:
    if slot in at:
        return at[slot]
    if isinstance(slot, Integer):
        return blocks.located(int(slot))
    raise MoveError(f"the slot {slot} is neither an index nor a number: it lies in no known part")


def _open_delta(delta: KroneckerDelta, blocks: Blocks, at: dict[Index, Place]) -> Expr:
    if not any(i.range == blocks.over for i in delta.atoms(Index)):
        return delta
    (part, position), (other, place) = (_place(slot, blocks, at) for slot in delta.args)
    if part != other:
        return S.Zero
    return S.One if position is None else KroneckerDelta(position, place)
