"""Which registers share a loop, in which order loops follow each other, and what is stored.

See `numerics.nest` for what comes out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from numerics.loops import Loop, Node, Pair, Run, Section, Step, let_of
from numerics.program import Axis, Let, Operand, Program
from numerics.symmetry import Symmetry

__all__ = ["READS", "Scheduler"]

# Done again wherever they are read, if that reads nothing but arrays and outer loops: cheaper than
# to store them for every value of an axis
REPEATED = frozenset(("add", "subtract", "multiply", "negative", "equal"))
READS = frozenset(("view", "positions"))
Place = tuple[Step | None, bool]  # a loop, and whether it holds further loops


@dataclass
class _Group:
    """Registers that share a loop over an axis, or stand in a run."""

    place: Place
    members: list[int] = field(default_factory=list)


class Scheduler:
    """Schedules some registers of a program; all others are there beforehand.

    Those in `kept` are read by another section.  If sums are not to be `halved` innermost loops
    are to become vectors, and none of what stands in these is left beside a loop.
    """

    def __init__(
        self, program: Program, numbers: Sequence[int], kept: frozenset[int], halved: bool
    ) -> None:
        self.program, self.numbers = program, frozenset(numbers)
        self.kept, self.apart = kept, not halved
        self.viewed = {let.args[0] for let in program.lets if let.op == "view"}
        self.inline = frozenset(k for k in numbers if self._is_inline(k))
        self.items = [k for k in numbers if k not in self.inline]
        self.made: dict[int, tuple[Loop | object, ...]] = {}
        self.read: dict[int, list[tuple[object, ...]]] = {}
        self.moved: dict[int, set[Axis]] = {}
        self.mirrored, self.doubled = halves(self, halved)
        self.starts = self._starts()

    # -- what reads what -----------------------------------------------------------------------

    def _is_inline(self, number: int) -> bool:
        let = let_of(self.program, number)
        if let.op in READS:
            return True
        if let.op not in REPEATED or not let.axes or number in self.kept or number in self.viewed:
            return False
        return all(self._is_at_hand(arg, let) for arg in let.args)

    def _is_at_hand(self, arg: Operand, let: Let) -> bool:
        """Whether reading an operand inside of the loops of a binding costs nothing."""
        if isinstance(arg, float) or arg < len(self.program.inputs) or arg not in self.numbers:
            return True
        is_read = let_of(self.program, arg).op in READS
        return is_read or len(self.program.axes_of(arg)) < len(let.axes)

    def operands(self, number: int) -> Iterator[tuple[int, frozenset[Axis]]]:
        """The registers that must be there, and the axes along which at other places too."""
        let = let_of(self.program, number)
        for arg in let.args:
            if isinstance(arg, float) or arg < len(self.program.inputs):
                continue
            if arg in self.inline:
                yield from self.operands(arg)
            else:
                yield arg, self._elsewhere(let, arg)

    def _elsewhere(self, let: Let, arg: int) -> frozenset[Axis]:
        axes = self.program.axes_of(arg)
        if let.op == "view":
            return frozenset(a for a, slot in zip(axes, let.slots, strict=True) if a != slot)
        return frozenset(let.over if let.op == "log_det" else self.mirrored.get(arg, ()))

    def inlined(self, number: int) -> Iterator[int]:
        """The registers that are computed again for this one, in order."""
        for arg in let_of(self.program, number).args:
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
            let = let_of(self.program, number)
            for dropped in let.over:
                before[dropped].update(let.axes)
        placed: list[Axis] = []
        while axes:
            free = [a for a in axes if not (before[a] - {a}).intersection(axes)]
            placed.append((free or axes)[0])
            axes.remove(placed[-1])
        return {axis: place for place, axis in enumerate(placed)}

    def space(self, number: int) -> tuple[Step, ...]:
        """The loops that a register stands in."""
        starts = self.starts.get(number, {})
        return tuple((axis, starts.get(axis)) for axis in self.axes(number))

    def axes(self, number: int) -> tuple[Axis, ...]:
        """The axes of a register in the order of loops."""
        let = let_of(self.program, number)
        kept = [a for a in let.axes if let.op != "stack" or a not in let.slots]
        place = self.order.__getitem__
        return (*sorted(kept, key=place), *sorted(let.over, key=place))

    def _starts(self) -> dict[int, dict[Axis, Axis]]:
        """Where the loops of a register begin, if all that reads it is content with a half."""
        found: dict[int, dict[Axis, Axis]] = {}
        asked: dict[int, list[dict[Axis, Axis]]] = {}
        for number in reversed(self.items):
            own = {inner: outer for outer, inner in self._pairs(number)}
            if not own and not let_of(self.program, number).over and number in asked:
                axes = let_of(self.program, number).axes
                common = set.intersection(*(set(each.items()) for each in asked[number]))
                own = {a: b for a, b in common if a in axes and b in axes}
            found[number] = own
            for operand, elsewhere in self.operands(number):
                half = {a: b for a, b in own.items() if not elsewhere.intersection((a, b))}
                asked.setdefault(operand, []).append(half)
        return found

    def _pairs(self, number: int) -> tuple[Pair, ...]:
        kept = [self.mirrored[number]] if number in self.mirrored else []
        return (*kept, *self.doubled.get(number, ()))

    # -- nests ---------------------------------------------------------------------------------

    def section(self) -> Section:
        """The nodes, and what is stored."""
        body = self._nodes(self.items, (), ())
        stored = {}
        for number in self.items:
            axes = self._storage(number)
            if axes is not None:
                stored[number] = axes
        return Section(body, stored, self.mirrored, self.doubled)

    def _nodes(
        self, items: Sequence[int], open_: tuple[Axis, ...], path: tuple[object, ...]
    ) -> tuple[Node, ...]:
        groups = self._groups(items, open_)
        nodes: list[Node] = []
        for group in groups:
            here = (*path, group)
            if group.place[0] is None:
                nodes.append(self._run(group, here))
                continue
            axis, first = group.place[0]
            body = self._nodes(group.members, (*open_, axis), here)
            begun = [k for k in group.members if self._begins(k, axis, open_)]
            for number in begun:
                self.made[number] = here  # its value is known after the loop
            nodes.append(Loop(axis, body, tuple(begun), first))
        return tuple(nodes)

    def _begins(self, number: int, axis: Axis, open_: tuple[Axis, ...]) -> bool:
        over = let_of(self.program, number).over
        return axis in over and not set(over).intersection(open_)

    def _run(self, group: _Group, path: tuple[object, ...]) -> Run:
        registers: dict[int, None] = {}
        for number in group.members:
            registers.update(dict.fromkeys(self.inlined(number)))
            registers[number] = None
            self.made[number] = path
            for operand, elsewhere in self.operands(number):
                self.read.setdefault(operand, []).append(path)
                self.moved.setdefault(operand, set()).update(elsewhere)
        return Run(tuple(registers))

    def _groups(self, items: Sequence[int], open_: tuple[Axis, ...]) -> list[_Group]:
        """Loops and runs at one place, in order, and what stands in which.

        A register goes into the first loop over its axis at which all that it reads is known, so
        that reductions share loops; what is no reduction then moves on to where it is read.
        """
        groups: list[_Group] = []
        place: dict[int, int] = {}
        steps = {k: self._place(k, open_) for k in items}
        for number in items:
            first = 0
            for operand, elsewhere in self.operands(number):
                if operand in place:
                    shares = self._shares(steps[number], operand, steps[operand], elsewhere)
                    first = max(first, place[operand] + (not shares))
            later = range(first, len(groups))
            chosen = next((k for k in later if groups[k].place == steps[number]), len(groups))
            if chosen == len(groups):
                groups.append(_Group(steps[number]))
            place[number] = chosen
        self._sink(items, steps, groups, place)
        for number in items:
            groups[place[number]].members.append(number)
        return [group for group in groups if group.members]

    def _place(self, number: int, open_: tuple[Axis, ...]) -> Place:
        """The next loop around a register inside of those that are open."""
        steps = [step for step in self.space(number) if step[0] not in open_]
        return (steps[0] if steps else None), self.apart and len(steps) > 1

    def _sink(
        self,
        items: Sequence[int],
        steps: Mapping[int, Place],
        groups: Sequence[_Group],
        place: dict[int, int],
    ) -> None:
        """Move what is no reduction into the last loop over its axis before it is read."""
        last = dict.fromkeys(items, len(groups) - 1)
        for number in reversed(items):
            if not let_of(self.program, number).over and steps[number][0] is not None:
                reach = range(last[number], place[number], -1)
                fitting = (k for k in reach if groups[k].place == steps[number])
                place[number] = next(fitting, place[number])
            for operand, elsewhere in self.operands(number):
                if operand in last:
                    shares = self._shares(steps[number], operand, steps[operand], elsewhere)
                    last[operand] = min(last[operand], place[number] - (not shares))

    def _shares(self, place: Place, operand: int, own: Place, elsewhere: frozenset[Axis]) -> bool:
        """Whether an operand can be read in the same turn of the loop that makes it."""
        step, _ = place
        if own != place or step is None:
            return own == place and not elsewhere
        return step[0] in self.program.axes_of(operand) and step[0] not in elsewhere

    def _storage(self, number: int) -> tuple[Axis, ...] | None:
        """The axes that a register is stored over; None if no other run reads it."""
        let = let_of(self.program, number)
        if number in self.kept or number in self.mirrored or let.op == "stack":
            return let.axes
        readers = self.read.get(number, [])
        path = self.made[number]
        viewed = number in self.viewed
        if not let.over and not viewed and all(reader == path for reader in readers):
            return None
        around = path[:-1]
        for reader in readers:
            around = tuple(a for a, b in zip(around, reader, strict=False) if a is b)
        steps = (group.place[0] for group in around if isinstance(group, _Group))
        shared = {step[0] for step in steps if step}
        shared -= self.moved.get(number, set())
        order = self.order.__getitem__  # the innermost loop goes along rows
        return tuple(axis for axis in sorted(let.axes, key=order) if axis not in shared)


def halves(scheduler: Scheduler, sums: bool) -> tuple[dict[int, Pair], dict[int, tuple[Pair, ...]]]:
    """Reductions that are symmetric in two axes which they keep, and in two which they drop."""
    program, symmetry = scheduler.program, Symmetry(scheduler.program)
    mirrored: dict[int, Pair] = {}
    doubled: dict[int, tuple[Pair, ...]] = {}
    for number in scheduler.items:
        let = let_of(program, number)
        if let.op not in ("sum", "contract") or len(let.axes) + len(let.over) < 3:
            continue
        order = scheduler.axes(number)
        kept = _symmetric(symmetry, let, [a for a in order if a not in let.over])
        dropped = _symmetric(symmetry, let, [a for a in order if a in let.over]) if sums else []
        if kept:
            mirrored[number] = kept[0]
        if dropped:
            doubled[number] = (dropped[0],)
    return mirrored, doubled


def _symmetric(symmetry: Symmetry, let: Let, axes: Sequence[Axis]) -> list[Pair]:
    pairs = ((a, b) for k, a in enumerate(axes) for b in axes[k + 1 :] if a.over == b.over)
    return [pair for pair in pairs if symmetry.holds(let, pair)]
