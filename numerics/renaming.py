"""Bindings that differ by the names of their axes are one binding read under other names.

``sum_j w_ij V_j`` with i free and the same inside of ``sum_ij V_i w_ij V_j`` are computed once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from numerics.program import Axis, Let

__all__ = ["Renaming"]

Named = tuple[int, tuple[Axis, ...]]  # a register, and what its axes are called


@dataclass
class Renaming:
    """Which register holds what, up to the names of axes.

    `roots` tells of a register that only renames which one it renames; `symmetric` are registers
    whose two axes may be exchanged.
    """

    roots: dict[int, Named] = field(default_factory=dict)
    symmetric: set[int] = field(default_factory=set)
    known: dict[Any, Named] = field(default_factory=dict)

    def find(self, let: Let, axes_of: Callable[[Any], Sequence[Axis]]) -> tuple[Any, Named | None]:
        """The key of a binding, and the register that holds it with its axes under new names."""
        key, order = self._key(let, axes_of)
        if key not in self.known:
            return (key, order), None
        register, before = self.known[key]
        called = dict(zip(before, order, strict=True))
        return (key, order), (register, tuple(called[axis] for axis in axes_of(register)))

    def note(self, key: tuple[Any, tuple[Axis, ...]], register: int) -> None:
        """Remember a register under a key that `find` gave."""
        self.known.setdefault(key[0], (register, key[1]))

    def _key(
        self, let: Let, axes_of: Callable[[Any], Sequence[Axis]]
    ) -> tuple[Any, tuple[Axis, ...]]:
        """The least of the keys that symmetric operands allow, and the axes in its order."""
        named = [self._named(arg, axes_of) for arg in let.args]
        turns = [2 if root in self.symmetric and isinstance(root, int) else 1 for root, _ in named]
        found = []
        for turned in product(*(range(turn) for turn in turns)):
            read = [
                (root, axes[::-1] if turn else axes)
                for (root, axes), turn in zip(named, turned, strict=True)
            ]
            numbers: dict[Axis, int] = {}
            for axis in (*(a for _, axes in read for a in axes), *let.slots, *let.axes, *let.over):
                if isinstance(axis, Axis):
                    numbers.setdefault(axis, len(numbers))
            found.append((_numbered(let, read, numbers), tuple(numbers)))
        places, order = min(found, key=lambda pair: pair[0])
        roots = tuple((type(root), root) for root, _ in named)  # register 1 is not constant 1.0
        ranges = tuple(axis.over for axis in order)
        return (let.op, roots, places, ranges), order

    def _named(
        self, arg: Any, axes_of: Callable[[Any], Sequence[Axis]]
    ) -> tuple[Any, tuple[Axis, ...]]:
        if isinstance(arg, float):
            return arg, ()
        return self.roots.get(arg, (arg, tuple(axes_of(arg))))


def _numbered(let: Let, read: Sequence[Any], numbers: Mapping[Axis, int]) -> tuple[Any, ...]:
    slots = tuple((1, numbers[slot]) if isinstance(slot, Axis) else (0, slot) for slot in let.slots)
    return (
        tuple(tuple(numbers[axis] for axis in axes) for _, axes in read),
        tuple(sorted(numbers[axis] for axis in let.over)),
        tuple(sorted(numbers[axis] for axis in let.axes)),
        slots,
    )
