"""Which numbers C functions take and where they keep them: names, lengths, arrays, rooms."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from sympy import Expr

from numerics.backends.names import identifiers
from numerics.export.c_nest import HELPERS, Places
from numerics.export.names import C_NAMES
from numerics.export.subject import Domain, Subject
from numerics.nest import Section, nest
from numerics.program import Axis

__all__ = ["DOUBLES", "LANES", "Layout"]

LANES = 32  # points side by side: loops over them become vector instructions
ON_STACK = 16384  # doubles of all arrays of a function; what is beyond is allocated
# names in the functions that are printed
OWN = ("LANES", "agrees", "allowed", "bad", "block", "entry", "good", "lane", "lanes", "largest")
LOOPS = ("matrix", "n", "other", "room", "sample", "start")
DOUBLES = "double *restrict "


class Layout:
    """Of a kernel with this name: inputs by number, `sizes` first, and what is stored.

    Attributes
    ----------
    sizes, given : list of int
        Inputs that say how long an index range is, and the other arguments.
    varying : frozenset of int
        Those of `given` that have an entry for each point.
    names, outputs : list of str
        Of inputs and outputs, as identifiers.
    """

    def __init__(self, subject: Subject, name: str) -> None:
        self.subject = subject
        self.nest = nest(subject.program, subject.shared)
        self.inputs = self.nest.program.inputs
        outputs = [output.name for output in self.nest.program.outputs]
        taken = {name, *identifiers(given.name for given in self.inputs)}
        outputs = [f"{o}_result" if taken.issuperset(identifiers([o])) else o for o in outputs]
        wanted = [*(given.name for given in self.inputs), *outputs]
        names = identifiers(wanted, (*C_NAMES, *OWN, *LOOPS, *HELPERS, name))
        self.names, self.outputs = names[: len(self.inputs)], names[len(self.inputs) :]
        free = [k for k in range(len(self.inputs)) if k not in subject.constants]
        self.sizes = [k for k in free if self._is_length(k)]
        self.given = [k for k in free if k not in self.sizes]
        self.varying = frozenset(self.given) - subject.shared
        self.places = Places(self.names, self.varying, self.outputs, self._lengths())

    def _is_length(self, number: int) -> bool:
        given = self.inputs[number]
        return given.is_size or (number in self.subject.shared and not given.ranges)

    def _lengths(self) -> dict[Expr, str]:
        """How long index ranges are: a number, or an argument."""
        ranges = [over for given in self.inputs for over in given.ranges]
        ranges += [axis.over for axis in self.nest.program.axes]
        found = {over.size: str(over.size) for over in ranges if over.size.is_Integer}
        for k, given in enumerate(self.inputs):
            if k in self.sizes:
                found[given.symbol] = self.names[k]
            elif given.is_size:
                found[given.symbol] = str(int(self.subject.constants[k]))
        return found

    @property
    def domains(self) -> dict[int, Domain]:
        """Where arguments may lie, by the number of the input."""
        return {self.subject.number(domain): domain for domain in self.subject.domains}

    def signature(self, name: str) -> str:
        """The head of the function."""
        takes = ["size_t n", *(f"size_t {self.names[k]}" for k in self.sizes)]
        takes += [f"const {DOUBLES}{self.names[k]}" for k in self.given]
        takes += [f"{DOUBLES}{output}" for output in self.outputs]
        return f"size_t {name}({', '.join(takes)})"

    def input_sizes(self, number: int) -> list[Expr]:
        """The sizes of the ranges of an input."""
        return [over.size for over in self.inputs[number].ranges]

    def results(self) -> Iterator[tuple[str, list[Expr]]]:
        """The name of each output, and the sizes of its ranges."""
        for name, output in zip(self.outputs, self.nest.program.outputs, strict=True):
            yield name, [axis.over.size for axis in output.axes]

    # -- what is stored ------------------------------------------------------------------------

    def arrays(self, once: bool) -> Iterator[tuple[str, str, bool]]:
        """The name and the length of what is stored, and whether that stands on the stack."""
        used = 0
        for name, axes in _stored(self.nest.once if once else self.nest.block, self):
            sizes = [axis.over.size for axis in axes]
            lengths = [self.places.lengths[size] for size in sizes]
            known = all(length.isdigit() for length in lengths)
            number = math.prod(map(int, lengths)) * (1 if once else LANES) if known else ON_STACK
            count = self.places.count(sizes)
            if not once:
                count = f"{count} * LANES" if sizes else "LANES"
            is_local = used + number < ON_STACK
            used += number if is_local else 0
            yield name, count if sizes or not once else "", is_local

    def rooms(self) -> dict[str, str]:
        """What is allocated, and how many numbers that is."""
        found = [*self.arrays(once=True), *self.arrays(once=False)]
        return {name: count for name, count, is_local in found if not is_local}

    def locals(self, once: bool) -> list[str]:
        """Declarations of what is not allocated."""
        return [
            f"double {name}[{count}];" if count else f"double {name};"
            for name, count, is_local in self.arrays(once)
            if is_local
        ]

    def taken(self) -> dict[str, tuple[str, str]]:
        """What `block` may read: how it is declared, and what is handed to it."""
        found = {self.names[k]: (f"size_t {self.names[k]}", self.names[k]) for k in self.sizes}
        for k in self.given:
            name = self.names[k]
            offset = f" + {self._offset(self.input_sizes(k))}" if k in self.varying else ""
            found[name] = f"const {DOUBLES}{name}", f"{name}{offset}"
        for name, count, _ in self.arrays(once=True):
            found[name] = f"const {DOUBLES}{name}" if count else f"double {name}", name
        for name in self.rooms():
            found.setdefault(name, (f"{DOUBLES}{name}", name))
        for name, sizes in self.results():
            found[name] = f"{DOUBLES}{name}", f"{name} + {self._offset(sizes)}"
        return found

    def _offset(self, sizes: Sequence[Expr]) -> str:
        return f"start * {self.places.count(sizes)}" if sizes else "start"


def _stored(section: Section, layout: Layout) -> Iterator[tuple[str, tuple[Axis, ...]]]:
    """Registers that are stored, and the matrices of determinants."""
    for number, axes in section.stored.items():
        yield f"s{number}", axes
        let = layout.nest.let(number)
        if let.op == "log_det":
            yield f"m{number}", let.over
