"""Which registers do not change when two of their indices change places.

Two registers are equal if their expressions are, down to the inputs, whatever the order of terms
and factors, and of the slots of an array that was declared symmetric.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from numerics.program import Axis, Let, Operand, Program

__all__ = ["Symmetry"]

ALIKE = frozenset(("minimum", "maximum", "equal"))
Name = Axis | tuple[str, int, Any]  # of an index: its own, or a number if it is summed over
Called = dict[Axis, Name]
Pair = tuple[Axis, Axis]


class Symmetry:
    """Symmetries of the registers of one program; what was found is kept."""

    def __init__(self, program: Program) -> None:
        self.program, self.count = program, len(program.inputs)
        self._numbers: dict[Any, int] = {}
        self._keys: dict[Any, int] = {}

    def holds(self, let: Let, pair: Pair) -> bool:
        """Whether what a reduction adds stays what it is when two axes change places."""
        swapped: Called = {pair[0]: pair[1], pair[1]: pair[0]}
        before, after = (
            sorted(k for arg in let.args for k in self._factors(arg, called))
            for called in ({}, swapped)
        )
        return before == after

    def _key(self, operand: Operand, called: Called) -> int:
        """A number that equal expressions share, under other names of their indices."""
        if isinstance(operand, float):
            return self._number(("constant", operand))
        let = self._let(operand)
        axes = let.axes if let else ()
        if let is not None and let.op == "view" and let.args[0] >= self.count:
            return self._key(int(let.args[0]), self._through(let, called))
        at = operand, tuple(called.get(axis, axis) for axis in axes), _bound(called)
        if at not in self._keys:
            self._keys[at] = self._number(self._content(operand, let, called))
        return self._keys[at]

    def _number(self, content: Any) -> int:
        return self._numbers.setdefault(content, len(self._numbers))

    def _content(self, operand: int, let: Let | None, called: Called) -> Any:
        if let is None:
            return "input", operand
        if let.op == "view":
            return self._entry(let, called)
        if let.op in ("add", "subtract", "negative"):
            return "sum", tuple(sorted(self._terms(operand, called, 1)))
        if let.op in ("multiply", "square"):
            return "product", tuple(sorted(self._factors(operand, called)))
        depth = _bound(called)
        bound = {axis: ("bound", depth + n, axis.over) for n, axis in enumerate(let.over)}
        args = [self._key(arg, {**called, **bound}) for arg in let.args]
        along = tuple(called.get(axis, axis) for axis in let.axes) if let.op == "positions" else ()
        slots = tuple(_named(slot, called) for slot in let.slots)
        over = tuple(sorted(axis.over.name for axis in let.over))
        return let.op, tuple(sorted(args) if let.op in ALIKE else args), slots, along, over

    def _through(self, let: Let, called: Called) -> Called:
        """What the axes of a register are called where it is read under other names."""
        summed = {axis: name for axis, name in called.items() if isinstance(name, tuple)}
        own = self.program.axes_of(let.args[0])
        slots = (_named(slot, called) for slot in let.slots)
        return {**summed, **dict(zip(own, slots, strict=True))}

    def _entry(self, let: Let, called: Called) -> Any:
        """An entry of an array."""
        slots = [_named(slot, called) for slot in let.slots]
        label = getattr(self.program.inputs[int(let.args[0])].symbol, "label", None)
        if len(slots) == 2 and getattr(label, "symmetric", False):
            slots.sort(key=str)
        return "entry", let.args[0], tuple(slots)

    def _terms(self, operand: Operand, called: Called, sign: int) -> Iterator[tuple[int, int]]:
        let = self._let(operand)
        if let is not None and let.op == "view" and let.args[0] >= self.count:
            yield from self._terms(let.args[0], self._through(let, called), sign)
            return
        if let is None or let.op not in ("add", "subtract", "negative"):
            yield self._key(operand, called), sign
            return
        signs = {"add": (1, 1), "subtract": (1, -1), "negative": (-1,)}[let.op]
        for arg, own in zip(let.args, signs, strict=True):
            yield from self._terms(arg, called, sign * own)

    def _factors(self, operand: Operand, called: Called) -> Iterator[int]:
        let = self._let(operand)
        if let is not None and let.op == "view" and let.args[0] >= self.count:
            yield from self._factors(let.args[0], self._through(let, called))
            return
        if let is None or let.op not in ("multiply", "square"):
            yield self._key(operand, called)
            return
        for arg in let.args * (2 if let.op == "square" else 1):
            yield from self._factors(arg, called)

    def _let(self, operand: Operand) -> Let | None:
        if isinstance(operand, float) or operand < self.count:
            return None
        return self.program.lets[operand - self.count]


def _bound(called: Called) -> int:
    """How many indices around an expression are summed over."""
    return len({name for name in called.values() if isinstance(name, tuple)})


def _named(slot: Axis | int, called: Called) -> Any:
    return called.get(slot, slot) if isinstance(slot, Axis) else slot
