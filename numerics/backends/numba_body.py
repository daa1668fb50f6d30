"""The statements of a loop nest as Python for numba: runs, loops, totals, what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, isnan

from numerics.backends.places import Places
from numerics.magnitudes import interval
from numerics.nest import Loop, Nest, Node, Run, Section
from numerics.program import Axis, Let, Operand, Range

__all__ = ["Body", "indented"]

INFIX = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}
SUMMED = {"tanh": "tanh_summed"}
BOUNDED = {"exp": "exp_moderate", "expm1": "expm1_moderate"}
MODERATE = 708.7  # as large as the arguments of these may be
STARTS = {"sum": "0.0", "contract": "0.0", "prod": "1.0", "max": "-np.inf"}
ADDED = {"sum": "plus", "contract": "plus", "prod": "times", "max": "maximum"}
SHORT = 64  # entries of a row of totals


class Body:
    """The statements of one section."""

    def __init__(
        self, places: Places, nest: Nest, section: Section, lanes: int, varying: Sequence[int]
    ) -> None:
        self.places, self.nest, self.section, self.lanes = places, nest, section, lanes
        self.program, self.varying = nest.program, frozenset(varying)
        self.count = len(self.program.inputs)
        self.rows: dict[int, Axis] = {}  # reductions with a total for every index of an axis
        self.open: list[Axis] = []  # the loops around

    def lines(self) -> list[str]:
        return self._nodes(self.section.body)

    def _nodes(self, nodes: Sequence[Node]) -> list[str]:
        lines: list[str] = []
        for node in nodes:
            lines += self._run(node) if isinstance(node, Run) else self._loop(node)
        return lines

    def _loop(self, loop: Loop) -> list[str]:
        p = self.places
        self.rows.update({k: axis for k in loop.begun if (axis := self._row(loop, k))})
        lines = [line for k in loop.begun if k in self.rows for line in self._row_started(k)]
        plain = [k for k in loop.begun if k not in self.rows]
        lines += self._laned([f"{self._total(k)} = {STARTS[self.nest.let(k).op]}" for k in plain])
        first = "" if loop.first is None else f"{p.loops[loop.first]}, "
        lines.append(f"for {p.loops[loop.axis]} in range({first}{p.extent(loop.axis.over)}):")
        self.open.append(loop.axis)
        lines += indented(self._nodes(loop.body))
        self.open.pop()
        lines += [line for k in loop.begun if k in self.rows for line in self._row_ended(k)]
        ended: list[str] = []
        for k in loop.begun:  # with one lane a total is a variable until the loop ends
            if self._is_variable(k) and self._is_array(k):
                ended.append(f"{self._stored(k)} = r{k}")
            if k in self.section.mirrored:
                ended.append(f"{self._mirror(k)} = {self._stored(k)}")
        return lines + self._laned(ended)

    def _row(self, loop: Loop, number: int) -> Axis | None:
        """The innermost axis of a reduction over several, if it is short and becomes a vector.

        One total for each of its indices: the entries of a vector are added up one time at the end.
        """
        inner = _innermost(loop, number)
        if self.lanes > 1 or inner is None or inner is loop:
            return None
        return inner.axis if 1 < (self.places.size(inner.axis.over) or 0) <= SHORT else None

    def _row_started(self, number: int) -> list[str]:
        size, start = self.places.size(self.rows[number].over), STARTS[self.nest.let(number).op]
        return [
            f"t{number} = stack({size})",
            f"for e in range({size}):",
            f"    t{number}[e] = {start}",
        ]

    def _row_ended(self, number: int) -> list[str]:
        op, size = self.nest.let(number).op, self.places.size(self.rows[number].over)
        added = f"{ADDED[op]}(r{number}, t{number}[e])"
        return [f"r{number} = {STARTS[op]}", f"for e in range({size}):", f"    r{number} = {added}"]

    def _laned(self, lines: list[str]) -> list[str]:
        if self.lanes == 1 or not lines:
            return lines
        return [f"for lane in range({self.lanes}):", *indented(lines)]

    def _is_variable(self, number: int) -> bool:
        return self.lanes == 1

    def _is_array(self, number: int) -> bool:
        """Whether a register is stored in memory, and not in a variable of the function."""
        axes = self.section.stored.get(number)
        outer = number in self.nest.once.stored and self.section is self.nest.once
        return axes is not None and (bool(axes) or self.lanes > 1 or outer)

    def _stored(self, number: int) -> str:
        axes = self.section.stored[number]
        return self.places.entry(f"s{number}", axes, self.lanes)

    def _mirror(self, number: int) -> str:
        """The cell of a register with two of its axes exchanged."""
        one, other = self.section.mirrored[number]
        exchanged = {one: other, other: one}
        axes = [exchanged.get(axis, axis) for axis in self.section.stored[number]]
        return self.places.entry(f"s{number}", axes, self.lanes)

    def _total(self, number: int) -> str:
        if number in self.rows:
            return f"t{number}[{self.places.loops[self.rows[number]]}]"
        return f"r{number}" if self._is_variable(number) else self._stored(number)

    # -- runs ----------------------------------------------------------------------------------

    def _run(self, run: Run) -> list[str]:
        known: set[int] = set()
        lines: list[str] = []
        for number in run.registers:
            let = self.nest.let(number)
            for arg in let.args if let.op != "view" else ():
                lines += self._loaded(arg, known)
            lines += self._statement(number, let)
            if not let.over:
                known.add(number)
        return self._laned(lines)

    def _loaded(self, arg: Operand, known: set[int]) -> list[str]:
        """An operand that another run or section stored, or an input."""
        if isinstance(arg, float) or arg in known:
            return []
        text = self._source_of(arg)
        known.add(arg)
        return [] if text is None else [f"r{arg} = {text}"]

    def _source_of(self, arg: int) -> str | None:
        p = self.places
        if arg < self.count:
            given = self.program.inputs[arg]
            if given.is_size:
                return f"float({p.extent(given.ranges[0])})"
            varies = arg in self.varying
            return p.cell(p.names[arg], "", self.lanes if varies else 1)
        if arg not in self.nest.varies and self.section is self.nest.block:
            axes = self.nest.once.stored[arg]
            return p.entry(f"s{arg}", axes, 1)
        if arg in self.section.stored and self._is_array(arg):
            return self._stored(arg)
        return None

    def _statement(self, number: int, let: Let) -> list[str]:
        if let.op == "store":
            name = f"o{number - self.nest.stores}"
            entry, value = self.places.entry(name, let.axes, self.lanes), _operand(let.args[0])
            looked_at = [f"f0[lane] += {value} * 0.0"] if self.lanes > 1 else []  # nan stays
            return [f"{entry} = {value}", *looked_at]
        if let.op == "stack":
            return self._stack(number, let)
        if let.over:
            term = " * ".join([*map(_operand, let.args), *self._weights(number)])
            total = self._total(number)
            if (self.lanes > 1 or number in self.rows) and let.op != "max":
                return [f"{total} = {total} {'+' if ADDED[let.op] == 'plus' else '*'} {term}"]
            return [f"{total} = {ADDED[let.op]}({total}, {term})"]
        lines = [f"r{number} = {self._expression(let)}"]
        if self._is_array(number):
            lines.append(f"{self._stored(number)} = r{number}")
        return lines

    def _weights(self, number: int) -> list[str]:
        """Terms off a diagonal stand for two."""
        loops = self.places.loops
        pairs = self.section.doubled.get(number, ())
        return [f"(1.0 if {loops[a]} == {loops[b]} else 2.0)" for a, b in pairs]

    def _expression(self, let: Let) -> str:
        args = list(map(_operand, let.args))
        if let.op == "view":
            return self._view(let)
        if let.op == "positions":
            return f"float({self.places.loops[let.axes[0]]} + 1)"
        if let.op in INFIX:
            return f" {INFIX[let.op]} ".join(args)
        if let.op == "negative":
            return f"-{args[0]}"
        if let.op == "square":
            return f"{args[0]} * {args[0]}"
        return f"{self._function(let)}({', '.join(args)})"

    def _function(self, let: Let) -> str:
        """The function of an operation, or a cheaper one that does here.

        Over the nodes of a rule errors average out in the sum; and some arguments are bounded.
        """
        over_nodes = any(axis.over in self.places.counts for axis in let.axes)
        if let.op in BOUNDED:
            low, high = interval(self.program, let.args[0])
            if max(-low, high) <= MODERATE:
                return BOUNDED[let.op]
            decays = let.op == "exp" and high <= MODERATE
            return "exp_decaying" if decays and over_nodes else let.op
        return SUMMED.get(let.op, let.op) if over_nodes else let.op

    def _view(self, let: Let) -> str:
        p, root = self.places, int(let.args[0])
        order = self._along_rows(let) if root < self.count else let.slots
        slots = [p.loops[s] if isinstance(s, Axis) else str(s) for s in order]
        if root < self.count:
            ranges: Sequence[Range] = self.program.inputs[root].ranges
            name, varies = p.names[root], root in self.varying
        else:
            varies = root in self.nest.varies
            section = self.nest.block if varies else self.nest.once
            named = dict(zip(self.nest.let(root).axes, slots, strict=True))
            slots = [named[axis] for axis in section.stored[root]]
            name, ranges = f"s{root}", [axis.over for axis in section.stored[root]]
        return p.cell(name, p.place(ranges, slots), self.lanes if varies else 1)

    def _along_rows(self, let: Let) -> Sequence[Axis | int]:
        """The slots of an array: of a symmetric one, the innermost loop's last."""
        label = getattr(self.program.inputs[int(let.args[0])].symbol, "label", None)
        if not getattr(label, "symmetric", False) or not set(let.slots) <= set(self.open):
            return let.slots
        return sorted((s for s in let.slots if isinstance(s, Axis)), key=self.open.index)

    def _stack(self, number: int, let: Let) -> list[str]:
        p, lines = self.places, []
        slots = [slot for slot in let.slots if isinstance(slot, Axis)]
        for count, arg in enumerate(let.args):
            left, places = count, dict[Axis, int]()
            for axis in reversed(slots):
                left, places[axis] = divmod(left, p.size(axis.over) or 1)
            names = [str(places[a]) if a in places else p.loops[a] for a in let.axes]
            place = p.place([a.over for a in let.axes], names)
            lines.append(f"{p.cell(f's{number}', place, self.lanes)} = {_operand(arg)}")
        return lines


def _innermost(loop: Loop, number: int) -> Loop | None:
    """The loop whose run adds to a reduction."""
    for node in loop.body:
        if isinstance(node, Run) and number in node.registers:
            return loop
        found = _innermost(node, number) if isinstance(node, Loop) else None
        if found is not None:
            return found
    return None


def _operand(arg: Operand) -> str:
    if isinstance(arg, int):
        return f"r{arg}"
    return repr(arg) if isfinite(arg) else f"({'-' * (arg < 0)}np.{'nan' if isnan(arg) else 'inf'})"


def indented(lines: Sequence[str]) -> list[str]:
    """Lines one level further in."""
    return [f"    {line}" for line in lines]
