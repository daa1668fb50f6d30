"""The state of a flow as one vector: every independent entry of every unknown once.

Of an array that was declared symmetric the state holds Q[i, k] for i <= k, so that rounding cannot
make it unsymmetric on the way; a diagonal that is known is not in the state at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import prod

import numpy as np
from sympy import Expr

from derive.equations import Index
from numerics.errors import MissingParameterError
from numerics.problem.given import is_array

__all__ = ["Block", "Layout", "length_of"]


@dataclass(frozen=True)
class Block:
    """Where one unknown lies in the state.

    Attributes
    ----------
    symbol : Expr
        The unknown.
    shape : tuple of int
        Of its array; () for a scalar.
    start, count : int
        Its first entry in the state, and how many it has there.
    """

    symbol: Expr
    shape: tuple[int, ...]
    start: int
    count: int

    @property
    def name(self) -> str:
        return str(self.symbol.name)

    @property
    def own(self) -> slice:
        return slice(self.start, self.start + self.count)

    @cached_property
    def _entries(self) -> tuple[np.ndarray, np.ndarray]:
        return _independent(self.symbol, self.shape)

    @property
    def independent(self) -> np.ndarray:
        """The places in the flat array of the entries that the state holds."""
        return self._entries[0]

    @property
    def source(self) -> np.ndarray:
        """For each entry of the flat array its place among `count`; -1 where it is known."""
        return self._entries[1]

    @property
    def known(self) -> float:
        """The entries that are known: those of a declared diagonal."""
        diagonal = self.symbol.label.diagonal if is_array(self.symbol) else None
        return 0.0 if diagonal is None else float(diagonal)

    def array(self, states: np.ndarray) -> np.ndarray:
        """The array of the unknown, of states ``(..., n)``."""
        own = states[..., self.own]
        flat = np.where(self.source < 0, self.known, own[..., self.source])
        return flat.reshape((*states.shape[:-1], *self.shape))

    def places(self, axes: Sequence[Index]) -> np.ndarray:
        """Where the entries of the state stand in a flat array over some indices of the unknown."""
        place = np.zeros(self.count, dtype=int)
        for index in axes:
            axis = self.symbol.slots.index(index)
            slot = np.unravel_index(self.independent, self.shape)[axis]
            place = place * self.shape[axis] + slot
        return place


@lru_cache(maxsize=256)
def _independent(symbol: Expr, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    slots = np.indices(shape).reshape(len(shape), prod(shape))
    held = np.ones(prod(shape), dtype=bool)
    chosen = np.arange(prod(shape))
    if is_array(symbol) and symbol.label.symmetric:
        chosen = np.ravel_multi_index(tuple(np.sort(slots, axis=0)), shape)
    if is_array(symbol) and symbol.label.diagonal is not None:
        held = slots[0] != slots[1]
    independent = np.unique(chosen[held])
    source = np.where(held, np.searchsorted(independent, chosen), -1)
    for shared in (independent, source):
        shared.flags.writeable = False
    return independent, source


@dataclass(frozen=True)
class Layout:
    """The blocks of all unknowns, one after the other."""

    blocks: tuple[Block, ...]

    @classmethod
    def of(cls, unknowns: Sequence[Expr], sizes: Mapping[Expr, int]) -> Layout:
        blocks: list[Block] = []
        start = 0
        for symbol in unknowns:
            ranges = symbol.label.ranges if is_array(symbol) else ()
            shape = tuple(length_of(over.size, sizes) for over in ranges)
            count = len(_independent(symbol, shape)[0])
            blocks.append(Block(symbol, shape, start, count))
            start += count
        return cls(tuple(blocks))

    @property
    def count(self) -> int:
        """The number of entries of a state."""
        return sum(block.count for block in self.blocks)

    def states(self, arrays: Mapping[str, np.ndarray], points: int) -> np.ndarray:
        """The states ``(points, n)`` that hold arrays, with or without an axis of points."""
        found = np.empty((points, self.count))
        for block in self.blocks:
            array = arrays[block.name]
            flat = array.reshape(-1, int(np.prod(block.shape, dtype=int)))
            found[:, block.own] = flat[:, block.independent]
        return found

    def arrays(self, states: np.ndarray) -> dict[str, np.ndarray]:
        """The array of each unknown by its name."""
        return {block.name: block.array(states) for block in self.blocks}


def length_of(size: Expr, sizes: Mapping[Expr, int]) -> int:
    """The number of values of a range.

    Raises
    ------
    MissingParameterError
        If no array tells it.
    """
    if size in sizes:  # a substitution takes longer than a short integration
        return sizes[size]
    value = size.subs(sizes)
    if not value.is_Integer:
        names = ", ".join(sorted(str(symbol) for symbol in value.free_symbols))
        raise MissingParameterError(
            f"{names} has no value: pass {names}=... or an array over that range"
        )
    return int(value)
