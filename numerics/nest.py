"""The loop program as fused loop nests: what is computed inside of which loop, and what is stored.

NumPy computes every register as an array.  Compiled code runs each loop one time for all registers
that can share it, keeps what is used at once in machine registers, and stores only what one loop
hands to another.

A nest is a sequence of `Run` (statements, one after the other) and `Loop` (over an axis).  The
batch of points is not among the axes: a printer puts it inside of every run (lanes) or around the
whole (one point at a time).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from numerics.program import Axis, Let, Operand, Program
from numerics.unshared import unshared

__all__ = ["Loop", "Nest", "Node", "Run", "Section", "nest"]

# Done again wherever they are read, if that reads nothing but arrays and outer loops: cheaper than
# to store them for every value of an axis
REPEATED = frozenset(("add", "subtract", "multiply", "negative", "equal"))
READS = frozenset(("view", "positions"))
WHOLE = frozenset(("view", "log_det"))  # what reads other entries than that of the loops around it


@dataclass(frozen=True)
class Run:
    """Registers computed one after the other at one place, and outputs written there.

    Numbers from `Nest.stores` on are outputs.  A reduction stands where its terms are added.
    """

    registers: tuple[int, ...]


@dataclass(frozen=True)
class Loop:
    """A loop over an axis; `begun` are the reductions that start before it and end with it."""

    axis: Axis
    body: tuple[Node, ...]
    begun: tuple[int, ...] = ()


Node = Run | Loop


@dataclass(frozen=True)
class Section:
    """A sequence of nodes, and the axes over which each register that is handed on is stored.

    A register that is not in `stored` lives in one run only.
    """

    body: tuple[Node, ...]
    stored: dict[int, tuple[Axis, ...]]


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
        return _let(self.program, number)


def nest(program: Program, uniform: frozenset[int]) -> Nest:
    """The loops of a program, given the inputs that do not vary along the batch.

    Examples
    --------
    >>> from sympy import Symbol, tanh
    >>> import derive as dv
    >>> from numerics.lower import lower
    >>> from numerics.nest import nest
    >>> from numerics.signature import inputs_of
    >>> i = dv.Index("i", 3)
    >>> V, a = dv.Given("V", i), Symbol("a")
    >>> made = lower([("y", dv.total(tanh(a*V[i]), i))], inputs_of([a, V[i]]))
    >>> (loop, run) = nest(made, frozenset()).block.body
    >>> loop.axis.name, [made.lets[k - 2].op for k in loop.body[0].registers]
    ('i', ['view', 'multiply', 'tanh', 'sum'])
    """
    program = unshared(program)
    varies = program.varying(uniform)
    count = len(program.inputs)
    stores = count + len(program.lets)
    own = range(count, stores)
    outputs = range(stores, stores + len(program.outputs))
    read = [k for k in own if k not in varies and program.lets[k - count].op in READS]
    varying = [k for k in own if k in varies]
    block = _Scheduler(program, [*read, *varying, *outputs])
    shared = block.read_outside()
    once = _Scheduler(program, [k for k in own if k not in varies], shared)
    return Nest(program, once.section(), block.section(), varies, stores)


def _let(program: Program, number: int) -> Let:
    count, lets = len(program.inputs), program.lets
    if number < count + len(lets):
        return lets[number - count]
    output = program.outputs[number - count - len(lets)]
    return Let("store", (output.operand,), output.axes)


@dataclass
class _Group:
    """Registers that share a loop over an axis, or stand in a run."""

    axis: Axis | None
    members: list[int] = field(default_factory=list)


class _Scheduler:
    """Schedules some registers of a program; all others are there beforehand.

    Those in `kept` are read by another section.
    """

    def __init__(
        self, program: Program, numbers: Sequence[int], kept: frozenset[int] = frozenset()
    ) -> None:
        self.program, self.numbers = program, frozenset(numbers)
        viewed = (let.args[0] for let in program.lets if let.op in WHOLE)
        self.kept = kept.union(k for k in viewed if isinstance(k, int))
        self.inline = frozenset(k for k in numbers if self._is_inline(k))
        self.items = [k for k in numbers if k not in self.inline]
        self.made: dict[int, tuple[Loop | object, ...]] = {}
        self.read: dict[int, list[tuple[object, ...]]] = {}

    # -- what reads what -----------------------------------------------------------------------

    def _is_inline(self, number: int) -> bool:
        let = _let(self.program, number)
        if let.op in READS:
            return True
        if let.op not in REPEATED or not let.axes or number in self.kept:
            return False
        return all(self._is_at_hand(arg, let) for arg in let.args)

    def _is_at_hand(self, arg: Operand, let: Let) -> bool:
        """Whether reading an operand inside of the loops of a binding costs nothing."""
        if isinstance(arg, float) or arg < len(self.program.inputs) or arg not in self.numbers:
            return True
        is_read = _let(self.program, arg).op in READS
        return is_read or len(self.program.axes_of(arg)) < len(let.axes)

    def operands(self, number: int) -> Iterator[tuple[int, bool]]:
        """The registers that must be there, and whether at all places of their axes."""
        let = _let(self.program, number)
        for arg in let.args:
            if isinstance(arg, float) or arg < len(self.program.inputs):
                continue
            if arg in self.inline:
                yield from self.operands(arg)
            else:
                yield arg, let.op in WHOLE

    def inlined(self, number: int) -> Iterator[int]:
        """The registers that are computed again for this one, in order."""
        for arg in _let(self.program, number).args:
            if isinstance(arg, int) and arg in self.inline:
                yield from self.inlined(arg)
                yield arg

    def read_outside(self) -> frozenset[int]:
        """Registers of another section that are read here."""
        found = {operand for number in self.items for operand, _ in self.operands(number)}
        return frozenset(found - self.numbers)

    # -- the order of loops --------------------------------------------------------------------

    @cached_property
    def order(self) -> dict[Axis, int]:
        """One order of all axes, in which those that a reduction keeps come before those it drops.

        Where two reductions ask for opposite orders, the program's own decides.
        """
        axes = list(self.program.axes)
        before = {a: set[Axis]() for a in axes}
        for number in self.items:
            let = _let(self.program, number)
            for dropped in let.over:
                before[dropped].update(let.axes)
        placed: list[Axis] = []
        while axes:
            free = [a for a in axes if not (before[a] - {a}).intersection(axes)]
            placed.append((free or axes)[0])
            axes.remove(placed[-1])
        return {axis: place for place, axis in enumerate(placed)}

    def space(self, number: int) -> tuple[Axis, ...]:
        """The loops that a register stands in."""
        let = _let(self.program, number)
        kept = [a for a in let.axes if let.op != "stack" or a not in let.slots]
        place = self.order.__getitem__
        return (*sorted(kept, key=place), *sorted(let.over, key=place))

    # -- nests ---------------------------------------------------------------------------------

    def section(self) -> Section:
        """The nodes, and what is stored."""
        body = self._nodes(self.items, (), ())
        stored = {}
        for number in self.items:
            axes = self._storage(number)
            if axes is not None:
                stored[number] = axes
        return Section(body, stored)

    def _nodes(
        self, items: Sequence[int], open_: tuple[Axis, ...], path: tuple[object, ...]
    ) -> tuple[Node, ...]:
        groups = self._groups(items, open_)
        nodes: list[Node] = []
        for group in groups:
            here = (*path, group)
            if group.axis is None:
                nodes.append(self._run(group, here))
                continue
            axis = group.axis
            body = self._nodes(group.members, (*open_, axis), here)
            begun = [k for k in group.members if self._begins(k, axis, open_)]
            for number in begun:
                self.made[number] = here  # its value is known after the loop
            nodes.append(Loop(axis, body, tuple(begun)))
        return tuple(nodes)

    def _begins(self, number: int, axis: Axis, open_: tuple[Axis, ...]) -> bool:
        over = _let(self.program, number).over
        return axis in over and not set(over).intersection(open_)

    def _run(self, group: _Group, path: tuple[object, ...]) -> Run:
        registers: dict[int, None] = {}
        for number in group.members:
            registers.update(dict.fromkeys(self.inlined(number)))
            registers[number] = None
            self.made[number] = path
            for operand, _ in self.operands(number):
                self.read.setdefault(operand, []).append(path)
        return Run(tuple(registers))

    def _groups(self, items: Sequence[int], open_: tuple[Axis, ...]) -> list[_Group]:
        """Loops and runs at one place, in order, and what stands in which.

        A register goes into the first loop over its axis at which all that it reads is known, so
        that reductions share loops; what is no reduction then moves on to where it is read.
        """
        groups: list[_Group] = []
        place: dict[int, int] = {}
        axes = {k: next((a for a in self.space(k) if a not in open_), None) for k in items}
        for number in items:
            first = 0
            for operand, whole in self.operands(number):
                if operand in place:
                    shares = not whole and self._shares(axes[number], operand, axes[operand])
                    first = max(first, place[operand] + (not shares))
            later = range(first, len(groups))
            chosen = next((k for k in later if groups[k].axis == axes[number]), len(groups))
            if chosen == len(groups):
                groups.append(_Group(axes[number]))
            place[number] = chosen
        self._sink(items, axes, groups, place)
        for number in items:
            groups[place[number]].members.append(number)
        return [group for group in groups if group.members]

    def _sink(
        self,
        items: Sequence[int],
        axes: Mapping[int, Axis | None],
        groups: Sequence[_Group],
        place: dict[int, int],
    ) -> None:
        """Move what is no reduction into the last loop over its axis before it is read."""
        last = dict.fromkeys(items, len(groups) - 1)
        for number in reversed(items):
            if not _let(self.program, number).over and axes[number] is not None:
                reach = range(last[number], place[number], -1)
                fitting = (k for k in reach if groups[k].axis == axes[number])
                place[number] = next(fitting, place[number])
            for operand, whole in self.operands(number):
                if operand in last:
                    shares = not whole and self._shares(axes[number], operand, axes[operand])
                    last[operand] = min(last[operand], place[number] - (not shares))

    def _shares(self, axis: Axis | None, operand: int, own: Axis | None) -> bool:
        """Whether an operand can be read in the same turn of the loop that makes it."""
        return own == axis and (axis is None or axis in self.program.axes_of(operand))

    def _storage(self, number: int) -> tuple[Axis, ...] | None:
        """The axes that a register is stored over; None if no other run reads it."""
        let = _let(self.program, number)
        if number in self.kept or let.op == "stack":
            return let.axes
        readers = self.read.get(number, [])
        path = self.made[number]
        if not let.over and all(reader == path for reader in readers):
            return None
        around = path[:-1]
        for reader in readers:
            around = tuple(a for a, b in zip(around, reader, strict=False) if a is b)
        shared = {group.axis for group in around if isinstance(group, _Group)}
        return tuple(axis for axis in let.axes if axis not in shared)
