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

from numerics.backends.numba_body import Body, indented
from numerics.backends.places import Places
from numerics.errors import UnsupportedExpressionError
from numerics.lower import ELEMENTARY
from numerics.nest import Nest, Section, nest
from numerics.program import Axis, Program, Range

__all__ = ["Unit", "print_numba", "shown"]

# What the source names by itself: the kernel's own words, what memory is reached by, operations
OWN = "kernel once block lane start count points data args dimensions steps room e np inf nan"
BUILT_IN = "range min max float inline device"
MEMORY = (
    "address allocated apart gathered offset plus pointer released scattered spread stack times"
)
OTHERS = "unfinished sqrt square power log1p expm1 erfcx minimum maximum select fill_zero equal"
VARIANTS = "tanh_summed exp_decaying exp_moderate expm1_moderate"
RESERVED = (*f"{OWN} {BUILT_IN} {MEMORY} {OTHERS} {VARIANTS}".split(), *ELEMENTARY.values())
ON_STACK = 2048  # doubles of one array; what is larger is allocated: LLVM slows down on large ones
VECTOR = 8  # doubles of the widest vectors


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
        self.width = max(lanes, VECTOR)
        inputs = range(len(self.program.inputs))
        is_size = [given.is_size for given in self.program.inputs]
        self.varying = tuple(k for k in inputs if k not in uniform and not is_size[k])
        self.fixed = tuple(k for k in inputs if k in uniform and not is_size[k])
        self.places = Places(self.program, sizes, RESERVED)
        self.names, self.counts = self.places.names, self.places.counts

    def unit(self) -> Unit:
        once, block = self.nest.once, self.nest.block
        lines = [
            *(self._function("once", once, 1) if once.body else []),
            *self._function("block", block, self.lanes),
            *self._kernel(),
        ]
        return Unit("\n".join(lines) + "\n", self.lanes, self.varying, self.fixed, self.counts)

    # -- functions -----------------------------------------------------------------------------

    def _function(self, name: str, section: Section, lanes: int) -> list[str]:
        takes = [*(self._block_takes() if name == "block" else self._once_takes())]
        body = Body(self.places, self.nest, section, lanes, self.varying).lines()
        local = [
            f"s{k} = stack({self._entries(axes) * lanes})"
            for k, axes in section.stored.items()
            if self._is_local(name, k, axes, lanes)
        ]
        lines = ["apart()", *local, *body]
        return ["@device", f"def {name}({', '.join(takes)}):", *indented(lines), "", ""]

    def _is_local(self, name: str, number: int, axes: Sequence[Axis], lanes: int) -> bool:
        if name == "once" or (lanes == 1 and not axes):
            return False
        return 0 < self._entries(axes) * lanes <= ON_STACK

    def _entries(self, axes: Sequence[Axis]) -> int:
        return self.places.entries([axis.over for axis in axes])

    def _length(self, axes: Sequence[Axis]) -> str:
        return self.places.length([axis.over for axis in axes])

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
            *(["f0"] if self.lanes > 1 else []),
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
        lines += [f"f0 = stack({self.width})", f"for lane in range({self.width}):"]
        lines += ["    f0[lane] = 0.0", *self._rooms_of_lanes()]
        lines.append(f"for start in range(0, points, {self.lanes}):")
        lines += indented(self._turn())
        lines += [f"if unfinished(f0, {self.width}):", "    data[0] = 1"]
        if self._taken():
            lines.append("released(room)")
        return ["def kernel(args, dimensions, steps, data):", *indented(lines)]

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

    def _operands(self) -> Iterator[tuple[int, str, int]]:
        """Position among the arguments, name in `block`, and entries for one point."""
        for p, k in enumerate(self.varying):
            yield p, self.names[k], self.places.entries(self.program.inputs[k].ranges)
        for k, output in enumerate(self.program.outputs):
            yield len(self.varying) + k, f"o{k}", self._entries(output.axes)

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
                lines += [f"{name} = b{p}", f"if start == 0 or steps[{p}] != 0:"]
                copy = f"spread({base} + 8 * e, steps[{p}], start, count, "
                lines.append(f"    for e in range({entries}):")
                lines.append(f"        {copy}offset(b{p}, e * {self.lanes}), {self.lanes})")
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
        if self.lanes == 1:
            for p, name, entries in self._operands():
                lines += [] if p in inputs else self._looked_at(name, entries)
        return [*lines, *after]

    def _looked_at(self, name: str, length: int) -> list[str]:
        """Zero times each result is added up side by side: nan, unless all of them are finite.

        With more lanes than one that is done where results are stored.
        """
        whole, rest = divmod(length, self.width)
        step = f"    f0[lane] += {name}[{{0}} * {self.width} + lane] * 0.0"
        lines = [f"for e in range({whole}):"] if whole else []
        lines += indented([f"for lane in range({self.width}):", step.format("e")]) if whole else []
        if rest:
            lines += [f"for lane in range({rest}):", step.format(whole)]
        return lines
