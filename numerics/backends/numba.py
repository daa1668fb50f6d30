"""The numba backend: fused loop nests as Python source that numba compiles.

Two functions are printed for each program.  `once` computes what does not vary along the batch;
`block` computes the outputs of as many points as there are lanes, which lie side by side in memory,
in loops over the lanes that become vector instructions.  With one lane there is no such loop:
what becomes vectors are the innermost loops over axes.  `kernel` is the inner loop of a NumPy ufunc
around them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sympy import Expr

from numerics.backends.names import identifiers
from numerics.errors import UnsupportedExpressionError
from numerics.nest import Loop, Nest, Node, Run, Section, nest
from numerics.program import Axis, Let, Operand, Program, Range

__all__ = ["Unit", "print_numba", "shown"]

INFIX = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}
STARTS = {"sum": "0.0", "contract": "0.0", "prod": "1.0", "max": "-inf"}
ADDED = {"sum": "plus", "contract": "plus", "prod": "times", "max": "maximum"}
RESERVED = ("kernel", "once", "block", "lane", "start", "count", "points", "data", "args", "steps")
ON_STACK = 4096  # doubles of one array; what is larger is allocated


@dataclass(frozen=True)
class Unit:
    """Source with what its caller has to provide.

    `varying` are the inputs that come with the batch and `fixed` those whose addresses `data`
    holds, followed by the `counts` of ranges whose sizes are not in the source.
    """

    source: str
    lanes: int
    varying: tuple[int, ...]
    fixed: tuple[int, ...]
    counts: tuple[Range, ...]


def print_numba(
    program: Program, uniform: frozenset[int], sizes: Mapping[Expr, int], lanes: int
) -> Unit:
    """Print a program, given the inputs that do not vary and the sizes that are to be fixed.

    Every name in the source is made by `identifiers`, so that no symbol's name can inject code.

    Raises
    ------
    UnsupportedExpressionError
        For sparse arrays and for determinants.
    """
    if program.sparse:
        raise UnsupportedExpressionError(
            'sparse arrays are for backend="numpy"; hand in dense ones (.toarray()) to use numba'
        )
    if any(let.op == "log_det" for let in program.lets):
        raise UnsupportedExpressionError(
            'a determinant has no compiled form: compile with backend="numpy"'
        )
    return _Printer(nest(program, uniform, halved=lanes > 1), uniform, sizes, lanes).unit()


def shown(program: Program, uniform: frozenset[int], lanes: int = 64) -> str:
    """The source to be read: given arrays have three entries in every direction."""
    given = {over.size for k, one in enumerate(program.inputs) for over in one.ranges}
    tables = {over.size for k in uniform for over in program.inputs[k].ranges}
    sizes = {size: 3 for size in given - tables if not size.is_Integer}
    return print_numba(program, uniform, sizes, lanes).source


class _Printer:
    def __init__(
        self, made: Nest, uniform: frozenset[int], sizes: Mapping[Expr, int], lanes: int
    ) -> None:
        self.nest, self.program, self.lanes = made, made.program, lanes
        self.count = len(self.program.inputs)
        self.sizes = sizes
        inputs = range(self.count)
        is_size = [given.is_size for given in self.program.inputs]
        self.varying = tuple(k for k in inputs if k not in uniform and not is_size[k])
        self.fixed = tuple(k for k in inputs if k in uniform and not is_size[k])
        found = {axis.over: None for axis in self.program.axes}
        self.counts = tuple(over for over in found if self._size(over) is None)
        self.names = identifiers((given.name for given in self.program.inputs), RESERVED)
        self.loops = {axis: f"i{k}" for k, axis in enumerate(self.program.axes)}

    def unit(self) -> Unit:
        once, block = self.nest.once, self.nest.block
        lines = [
            *(self._function("once", once, 1) if once.body else []),
            *self._function("block", block, self.lanes),
            *self._kernel(),
        ]
        return Unit("\n".join(lines) + "\n", self.lanes, self.varying, self.fixed, self.counts)

    # -- sizes and places ----------------------------------------------------------------------

    def _size(self, over: Range) -> int | None:
        return int(over.size) if over.size.is_Integer else self.sizes.get(over.size)

    def _extent(self, over: Range) -> str:
        size = self._size(over)
        return f"n{self.counts.index(over)}" if size is None else str(size)

    def _length(self, axes: Sequence[Axis]) -> str:
        """How many numbers an array over these axes has, for one point."""
        known, text = 1, []
        for axis in axes:
            size = self._size(axis.over)
            known *= 1 if size is None else size
            text += [self._extent(axis.over)] if size is None else []
        return " * ".join([*text, str(known)] if known != 1 or not text else text)

    def _place(self, ranges: Sequence[Range], slots: Sequence[str]) -> str:
        """Where an entry stands, the last slot fastest."""
        result = ""
        for over, slot in zip(ranges, slots, strict=True):
            result = f"({result}) * {self._extent(over)} + {slot}" if result else slot
        return result

    def _cell(self, name: str, place: str, lanes: int) -> str:
        if lanes == 1:
            return f"{name}[{place or 0}]"
        return f"{name}[({place}) * {lanes} + lane]" if place else f"{name}[lane]"

    def _entry(self, name: str, axes: Sequence[Axis], lanes: int) -> str:
        place = self._place([a.over for a in axes], [self.loops[a] for a in axes])
        return self._cell(name, place, lanes)

    # -- functions -----------------------------------------------------------------------------

    def _function(self, name: str, section: Section, lanes: int) -> list[str]:
        takes = [*(self._block_takes() if name == "block" else self._once_takes())]
        body = _Body(self, section, lanes).lines()
        local = [
            f"s{k} = stack({self._static(axes) * lanes})"
            for k, axes in section.stored.items()
            if self._is_local(name, k, axes, lanes)
        ]
        lines = ["apart()", *local, *body]
        return ["@device", f"def {name}({', '.join(takes)}):", *_indented(lines), "", ""]

    def _static(self, axes: Sequence[Axis]) -> int:
        result = 1
        for axis in axes:
            result *= self._size(axis.over) or 0
        return result

    def _is_local(self, name: str, number: int, axes: Sequence[Axis], lanes: int) -> bool:
        if name == "once" or (lanes == 1 and not axes):
            return False
        return 0 < self._static(axes) * lanes <= ON_STACK

    def _shared(self) -> list[int]:
        """What `once` computes for `block`."""
        return list(self.nest.once.stored)

    def _rooms(self) -> list[int]:
        """What `block` stores in memory that is allocated beforehand."""
        stored = self.nest.block.stored
        return [
            k
            for k, axes in stored.items()
            if not self._is_local("block", k, axes, self.lanes) and (axes or self.lanes > 1)
        ]

    def _once_takes(self) -> list[str]:
        return [
            *(self.names[k] for k in self.fixed),
            *(f"s{k}" for k in self._shared()),
            *(f"n{k}" for k in range(len(self.counts))),
        ]

    def _block_takes(self) -> list[str]:
        return [
            *(self.names[k] for k in self.varying),
            *(f"o{k}" for k in range(len(self.program.outputs))),
            *(self.names[k] for k in self.fixed),
            *(f"s{k}" for k in (*self._shared(), *self._rooms())),
            *(f"n{k}" for k in range(len(self.counts))),
        ]

    # -- the loop over the batch ---------------------------------------------------------------

    def _kernel(self) -> list[str]:
        first = 1 + len(self.fixed)
        lines = ["points = dimensions[0]"]
        lines += [f"{self.names[k]} = pointer(data[{1 + p}])" for p, k in enumerate(self.fixed)]
        lines += [f"n{k} = data[{first + k}]" for k in range(len(self.counts))]
        lines += self._allocated()
        if self.nest.once.body:
            lines.append(f"once({', '.join(self._once_takes())})")
        lines += ["bad = 0", *self._rooms_of_lanes()]
        lines.append(f"for start in range(0, points, {self.lanes}):")
        lines += _indented(self._turn())
        lines += ["if bad:", "    data[0] = 1"]
        if self._taken():
            lines.append("released(room)")
        return ["def kernel(args, dimensions, steps, data):", *_indented(lines)]

    def _taken(self) -> list[tuple[str, str]]:
        """Names and lengths of what is allocated."""
        once, block = self.nest.once.stored, self.nest.block.stored
        shared = [(f"s{k}", self._length(once[k])) for k in self._shared()]
        rooms = [(f"s{k}", f"{self._length(block[k])} * {self.lanes}") for k in self._rooms()]
        return shared + rooms + [(f"b{p}", f"{length}") for p, length in self._copies(large=True)]

    def _allocated(self) -> list[str]:
        taken = self._taken()
        if not taken:
            return []
        total = " + ".join(length for _, length in taken)
        lines = [f"room = allocated({total})", "if address(room) == 0:", "    data[0] = 2"]
        lines += ["    return"]
        place = "room"
        for name, length in taken:
            lines.append(f"{name} = {place}")
            place = f"offset({name}, {length})"
        return lines

    def _entries(self, ranges: Sequence[Range]) -> int:
        result = 1
        for over in ranges:
            result *= self._size(over) or 0
        return result

    def _operands(self) -> Iterator[tuple[int, str, int]]:
        """Position among the arguments, name in `block`, and entries for one point."""
        for p, k in enumerate(self.varying):
            yield p, self.names[k], self._entries(self.program.inputs[k].ranges)
        for k, output in enumerate(self.program.outputs):
            yield len(self.varying) + k, f"o{k}", self._entries([a.over for a in output.axes])

    def _copies(self, large: bool) -> Iterator[tuple[int, int]]:
        """Arguments that are copied to lanes, and how many numbers that takes."""
        for p, _, entries in self._operands():
            if self.lanes > 1 and (entries * self.lanes > ON_STACK) == large:
                yield p, entries * self.lanes

    def _rooms_of_lanes(self) -> list[str]:
        return [f"b{p} = stack({length})" for p, length in self._copies(large=False)]

    def _turn(self) -> list[str]:
        """One block: arguments in lanes, the outputs, and whether all of them are finite."""
        lines = [f"count = min({self.lanes}, points - start)"]
        after: list[str] = []
        inputs = range(len(self.varying))
        apart_from = " and ".join(f"args[{{0}}] != args[{p}]" for p in inputs) or "True"
        for p, name, entries in self._operands():
            base, many = f"args[{p}]", entries != 1
            is_input = p in inputs
            if self.lanes == 1:
                lines.append(f"{name} = pointer({base} + start * steps[{p}])")
            elif many and is_input:
                lines += [f"{name} = b{p}", f"for e in range({entries}):"]
                copy = f"spread({base} + 8 * e, steps[{p}], start, count, "
                lines.append(f"    {copy}offset(b{p}, e * {self.lanes}), {self.lanes})")
            elif is_input:
                lines.append(
                    f"{name} = gathered({base}, steps[{p}], start, count, b{p}, {self.lanes})"
                )
            elif many:
                lines.append(f"{name} = b{p}")
                after.append(f"for e in range({entries}):")
                place = f"offset(b{p}, e * {self.lanes}), {base} + 8 * e"
                after.append(f"    scattered({place}, steps[{p}], start, count)")
            else:
                direct = f"steps[{p}] == 8 and count == {self.lanes}"
                lines.append(f"{name} = b{p}")
                lines.append(f"if {direct} and {apart_from.format(p)}:")
                lines.append(f"    {name} = pointer({base} + 8 * start)")
                after.append(f"if address({name}) == address(b{p}):")
                after.append(f"    scattered(b{p}, {base}, steps[{p}], start, count)")
        lines.append(f"block({', '.join(self._block_takes())})")
        for p, name, entries in self._operands():
            if p not in inputs:
                lines.append(f"bad |= unfinished({name}, {entries * self.lanes})")
        return [*lines, *after]


class _Body:
    """The statements of one section."""

    def __init__(self, printer: _Printer, section: Section, lanes: int) -> None:
        self.printer, self.section, self.lanes = printer, section, lanes
        self.nest, self.program = printer.nest, printer.program
        self.reductions: set[int] = set()

    def lines(self) -> list[str]:
        return self._nodes(self.section.body)

    def _nodes(self, nodes: Sequence[Node]) -> list[str]:
        lines: list[str] = []
        for node in nodes:
            lines += self._run(node) if isinstance(node, Run) else self._loop(node)
        return lines

    def _loop(self, loop: Loop) -> list[str]:
        p = self.printer
        starts = [(k, STARTS[self.nest.let(k).op]) for k in loop.begun]
        extent = p._extent(loop.axis.over)
        lines = self._laned([f"{self._total(k)} = {value}" for k, value in starts])
        first = "" if loop.first is None else f"{p.loops[loop.first]}, "
        lines.append(f"for {p.loops[loop.axis]} in range({first}{extent}):")
        lines += _indented(self._nodes(loop.body))
        ended: list[str] = []
        for k in loop.begun:  # with one lane a total is a variable until the loop ends
            if self._is_variable(k) and self._is_array(k):
                ended.append(f"{self._stored(k)} = r{k}")
            if k in self.section.mirrored:
                ended.append(f"{self._mirror(k)} = {self._stored(k)}")
        return lines + self._laned(ended)

    def _laned(self, lines: list[str]) -> list[str]:
        if self.lanes == 1 or not lines:
            return lines
        return [f"for lane in range({self.lanes}):", *_indented(lines)]

    def _is_variable(self, number: int) -> bool:
        return self.lanes == 1

    def _is_array(self, number: int) -> bool:
        """Whether a register is stored in memory, and not in a variable of the function."""
        axes = self.section.stored.get(number)
        outer = number in self.nest.once.stored and self.section is self.nest.once
        return axes is not None and (bool(axes) or self.lanes > 1 or outer)

    def _stored(self, number: int) -> str:
        axes = self.section.stored[number]
        return self.printer._entry(f"s{number}", axes, self.lanes)

    def _mirror(self, number: int) -> str:
        """The cell of a register with two of its axes exchanged."""
        one, other = self.section.mirrored[number]
        exchanged = {one: other, other: one}
        axes = [exchanged.get(axis, axis) for axis in self.section.stored[number]]
        return self.printer._entry(f"s{number}", axes, self.lanes)

    def _total(self, number: int) -> str:
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
        p = self.printer
        if arg < p.count:
            given = self.program.inputs[arg]
            if given.is_size:
                return f"float({p._extent(given.ranges[0])})"
            varies = arg in p.varying
            return p._cell(p.names[arg], "", self.lanes if varies else 1)
        if arg not in self.nest.varies and self.section is self.nest.block:
            axes = self.nest.once.stored[arg]
            return p._entry(f"s{arg}", axes, 1)
        if arg in self.section.stored and self._is_array(arg):
            return self._stored(arg)
        return None

    def _statement(self, number: int, let: Let) -> list[str]:
        if let.op == "store":
            name = f"o{number - self.nest.stores}"
            entry = self.printer._entry(name, let.axes, self.lanes)
            return [f"{entry} = {_operand(let.args[0])}"]
        if let.op == "stack":
            return self._stack(number, let)
        if let.over:
            term = " * ".join([*map(_operand, let.args), *self._weights(number)])
            if self.lanes > 1 and let.op != "max":
                sign = "+" if ADDED[let.op] == "plus" else "*"
                total = self._total(number)
                return [f"{total} = {total} {sign} {term}"]
            total = self._total(number)
            return [f"{total} = {ADDED[let.op]}({total}, {term})"]
        lines = [f"r{number} = {self._expression(let)}"]
        if self._is_array(number):
            lines.append(f"{self._stored(number)} = r{number}")
        return lines

    def _weights(self, number: int) -> list[str]:
        """Terms off a diagonal stand for two."""
        loops = self.printer.loops
        pairs = self.section.doubled.get(number, ())
        return [f"(1.0 if {loops[a]} == {loops[b]} else 2.0)" for a, b in pairs]

    def _expression(self, let: Let) -> str:
        args = list(map(_operand, let.args))
        if let.op == "view":
            return self._view(let)
        if let.op == "positions":
            return f"float({self.printer.loops[let.axes[0]]} + 1)"
        if let.op in INFIX:
            return f" {INFIX[let.op]} ".join(args)
        if let.op == "negative":
            return f"-{args[0]}"
        if let.op == "square":
            return f"{args[0]} * {args[0]}"
        return f"{let.op}({', '.join(args)})"

    def _view(self, let: Let) -> str:
        p, root = self.printer, int(let.args[0])
        slots = [p.loops[s] if isinstance(s, Axis) else str(s) for s in let.slots]
        if root < p.count:
            ranges: Sequence[Range] = self.program.inputs[root].ranges
            name, varies = p.names[root], root in p.varying
        else:
            varies = root in self.nest.varies
            section = self.nest.block if varies else self.nest.once
            axes = self.nest.let(root).axes
            slots = [n for a, n in zip(axes, slots, strict=True) if a in section.stored[root]]
            name, ranges = f"s{root}", [a.over for a in section.stored[root]]
        return p._cell(name, p._place(ranges, slots), self.lanes if varies else 1)

    def _stack(self, number: int, let: Let) -> list[str]:
        p, lines = self.printer, []
        slots = [slot for slot in let.slots if isinstance(slot, Axis)]
        for count, arg in enumerate(let.args):
            left, places = count, dict[Axis, int]()
            for axis in reversed(slots):
                left, places[axis] = divmod(left, p._size(axis.over) or 1)
            names = [str(places[a]) if a in places else p.loops[a] for a in let.axes]
            place = p._place([a.over for a in let.axes], names)
            lines.append(f"{p._cell(f's{number}', place, self.lanes)} = {_operand(arg)}")
        return lines


def _operand(arg: Operand) -> str:
    if isinstance(arg, int):
        return f"r{arg}"
    return repr(arg) if abs(arg) < float("inf") else f"({arg!r})"


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" for line in lines]
