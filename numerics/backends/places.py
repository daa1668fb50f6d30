"""Where numbers stand: sizes of ranges, lengths of arrays, cells of an entry in every lane."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sympy import Expr

from numerics.backends.names import identifiers
from numerics.program import Axis, Program, Range

__all__ = ["Places"]


@dataclass(frozen=True)
class Places:
    """The places of a program's arrays in generated source.

    Attributes
    ----------
    program : Program
        Whose arrays they are.
    sizes : mapping
        The sizes that are written as numbers; the others are variables of the source.
    reserved : tuple of str
        What no input may be called.
    """

    program: Program
    sizes: Mapping[Expr, int]
    reserved: tuple[str, ...] = ()

    @cached_property
    def names(self) -> list[str]:
        """What the inputs are called."""
        return identifiers((given.name for given in self.program.inputs), self.reserved)

    @cached_property
    def loops(self) -> dict[Axis, str]:
        """What the indices of loops are called."""
        return {axis: f"i{k}" for k, axis in enumerate(self.program.axes)}

    @cached_property
    def counts(self) -> tuple[Range, ...]:
        """The ranges whose sizes are variables."""
        found = {axis.over: None for axis in self.program.axes}
        return tuple(over for over in found if self.size(over) is None)

    def size(self, over: Range) -> int | None:
        """The size of a range, if it is written as a number."""
        return int(over.size) if over.size.is_Integer else self.sizes.get(over.size)

    def extent(self, over: Range) -> str:
        """The size of a range as it is written."""
        size = self.size(over)
        return f"n{self.counts.index(over)}" if size is None else str(size)

    def entries(self, ranges: Sequence[Range]) -> int:
        """How many numbers an array has for one point; 0 if that is not known beforehand."""
        return math.prod(self.size(over) or 0 for over in ranges)

    def length(self, ranges: Sequence[Range]) -> str:
        """How many numbers an array has for one point, as it is written."""
        known = math.prod(self.size(over) or 1 for over in ranges)
        open_ = [self.extent(over) for over in ranges if self.size(over) is None]
        return " * ".join([*open_, str(known)] if known != 1 or not open_ else open_)

    def place(self, ranges: Sequence[Range], slots: Sequence[str]) -> str:
        """Where an entry stands, the last slot fastest."""
        result = ""
        for over, slot in zip(ranges, slots, strict=True):
            result = f"({result}) * {self.extent(over)} + {slot}" if result else slot
        return result

    def cell(self, name: str, place: str, lanes: int) -> str:
        """The entry at a place, of the lane in hand."""
        if lanes == 1:
            return f"{name}[{place or 0}]"
        return f"{name}[({place}) * {lanes} + lane]" if place else f"{name}[lane]"

    def entry(self, name: str, axes: Sequence[Axis], lanes: int) -> str:
        """The entry at the indices of the loops around."""
        place = self.place([a.over for a in axes], [self.loops[a] for a in axes])
        return self.cell(name, place, lanes)
