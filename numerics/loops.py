"""The parts of a loop nest: runs of statements, loops, and what one hands to another."""

from __future__ import annotations

from dataclasses import dataclass

from numerics.program import Axis, Let, Program

__all__ = ["Loop", "Nest", "Node", "Pair", "Run", "Section", "Step", "let_of"]


@dataclass(frozen=True)
class Run:
    """Registers computed one after the other at one place, and outputs written there.

    Numbers from `Nest.stores` on are outputs.  A reduction stands where its terms are added.
    """

    registers: tuple[int, ...]


@dataclass(frozen=True)
class Loop:
    """A loop over an axis; `begun` are the reductions that start before it and end with it.

    With `first`, an outer axis of the same range, it begins at that one's index: the other half of
    what is symmetric in the two is known from this half.
    """

    axis: Axis
    body: tuple[Node, ...]
    begun: tuple[int, ...] = ()
    first: Axis | None = None


Node = Run | Loop
Pair = tuple[Axis, Axis]  # the outer and the inner of two loops
Step = tuple[Axis, Axis | None]  # a loop, and where it begins


@dataclass(frozen=True)
class Section:
    """A sequence of nodes, and the axes over which each register that is handed on is stored.

    A register that is not in `stored` lives in one run only.  `mirrored` registers are computed for
    one half of two of their axes and stored in both; of reductions in `doubled`, terms off the
    diagonals of pairs of axes count twice.
    """

    body: tuple[Node, ...]
    stored: dict[int, tuple[Axis, ...]]
    mirrored: dict[int, Pair]
    doubled: dict[int, tuple[Pair, ...]]


@dataclass(frozen=True)
class Nest:
    """What does not vary along the batch, then what does.

    `stores` is the number of the first output among registers.
    """

    program: Program
    once: Section
    block: Section
    varies: frozenset[int]
    stores: int

    def let(self, number: int) -> Let:
        """The binding of a register; of an output, the copy of its operand."""
        return let_of(self.program, number)


def let_of(program: Program, number: int) -> Let:
    """The binding of a register; of an output, the copy of its operand."""
    count, lets = len(program.inputs), program.lets
    if number < count + len(lets):
        return lets[number - count]
    output = program.outputs[number - count - len(lets)]
    return Let("store", (output.operand,), output.axes)
