"""The loop program: let-bindings over inputs, with sums over indices kept as sums.

A program is what every backend prints.  Its operands are integers (registers: the inputs first,
then one per `Let`) and floats (constants).  Each register has axes, the indices over which it is an
array, always in the program's one order; the batch of points is not among them, for every backend
blocks it as it likes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sympy import Expr

__all__ = ["Axis", "Builder", "Input", "Let", "Output", "Program", "Range", "Value"]

Operand = int | float

# Operations are elementwise, each the NumPy ufunc or SciPy function of that name, except
#   fill_zero(x)        x, but 1 where x = 0
#   select(a, b, x, y)  x where a < b, else y
# and, from the size of a range, `positions`: 1, 2, ..., size along an axis.
# Reductions drop the axes named in `over`; `contract` sums a product of two operands over them.
REDUCTIONS = frozenset(("sum", "max", "prod", "contract"))

# Operands whose being infinite or nan makes the result so, whatever the others are
# (inf - inf and 0 * inf are nan; tanh(inf) and x/inf are finite, and do not tell).
TELLING = {
    **dict.fromkeys(("add", "subtract", "multiply"), (0, 1)),
    **dict.fromkeys(("divide", "negative", "square", "absolute", "log", "log1p", "cosh"), (0,)),
}


@dataclass(frozen=True)
class Range:
    """What an index runs over: its name and its size, which may be symbolic."""

    name: str
    size: Expr


@dataclass(frozen=True)
class Axis:
    """An index that a register runs over."""

    name: str
    over: Range


@dataclass(frozen=True)
class Input:
    """One argument of the kernel: a symbol, an array with its ranges, or the size of a range."""

    name: str
    symbol: Expr
    ranges: tuple[Range, ...] = ()
    is_size: bool = False


@dataclass(frozen=True)
class Let:
    """One binding: an operation applied to operands.

    `over` are the axes that a reduction drops; `slots` say what a view puts into each slot of an
    array: an axis, or a position counted from zero.
    """

    op: str
    args: tuple[Operand, ...]
    axes: tuple[Axis, ...]
    over: tuple[Axis, ...] = ()
    slots: tuple[Axis | int, ...] = ()


@dataclass(frozen=True)
class Output:
    """A named result: the operand that holds it and its axes, in the order the caller sees."""

    name: str
    operand: Operand
    axes: tuple[Axis, ...]


@dataclass(frozen=True)
class Program:
    """Inputs, bindings in the order of evaluation, outputs, and the one order of axes."""

    inputs: tuple[Input, ...]
    lets: tuple[Let, ...]
    outputs: tuple[Output, ...]
    axes: tuple[Axis, ...]

    def axes_of(self, operand: Operand) -> tuple[Axis, ...]:
        """The axes of an operand; an array has none before it is viewed."""
        count = len(self.inputs)
        if isinstance(operand, float) or operand < count:
            return ()
        return self.lets[operand - count].axes

    def told(self) -> frozenset[int]:
        """Inputs that cannot be infinite or nan while all outputs are finite."""
        count = len(self.inputs)
        telling = {o.operand for o in self.outputs if isinstance(o.operand, int)}
        for k in range(len(self.lets) - 1, -1, -1):
            let = self.lets[k]
            if k + count in telling:
                found = (let.args[position] for position in TELLING.get(let.op, ()))
                telling.update(arg for arg in found if isinstance(arg, int))
        return frozenset(k for k in telling if k < count)

    def varying(self, uniform: frozenset[int]) -> frozenset[int]:
        """Registers that change along the batch, given the inputs that do not."""
        found = {k for k in range(len(self.inputs)) if k not in uniform}
        for k, let in enumerate(self.lets, len(self.inputs)):
            if any(isinstance(arg, int) and arg in found for arg in let.args):
                found.add(k)
        return frozenset(found)


@dataclass(frozen=True)
class Value:
    """An operand with arithmetic: what the recipes of special functions are written in."""

    builder: Builder = field(repr=False)
    operand: Operand

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The axes of the operand."""
        return self.builder.axes_of(self.operand)

    @property
    def weight(self) -> tuple[int, int]:
        """What its evaluation costs: how often it is computed, and its number of axes."""
        return self.builder.level(self.operand), len(self.axes)

    def is_constant(self, number: float) -> bool:
        """Whether this is that constant."""
        return isinstance(self.operand, float) and self.operand == number

    def __add__(self, other: Any) -> Value:
        return self.builder.emit("add", self, other)

    def __radd__(self, other: Any) -> Value:
        return self.builder.emit("add", other, self)

    def __sub__(self, other: Any) -> Value:
        return self.builder.emit("subtract", self, other)

    def __rsub__(self, other: Any) -> Value:
        return self.builder.emit("subtract", other, self)

    def __mul__(self, other: Any) -> Value:
        return self.builder.emit("multiply", self, other)

    def __rmul__(self, other: Any) -> Value:
        return self.builder.emit("multiply", other, self)

    def __truediv__(self, other: Any) -> Value:
        return self.builder.emit("divide", self, other)

    def __rtruediv__(self, other: Any) -> Value:
        return self.builder.emit("divide", other, self)

    def __neg__(self) -> Value:
        return self.builder.emit("negative", self)

    def __abs__(self) -> Value:
        return self.builder.emit("absolute", self)


class Builder:
    """Collects bindings, each distinct one once: common subexpressions are shared as they arise."""

    def __init__(
        self,
        inputs: Sequence[Input],
        axes: Sequence[Axis],
        uniform: frozenset[int] = frozenset(),
        bound: frozenset[int] = frozenset(),
    ) -> None:
        self.inputs = tuple(inputs)
        self.axes = tuple(axes)
        self.lets: list[Let] = []
        # 0: one time for all calls, 1: one time per call, 2: at every point of the batch
        self._levels = {
            k: 0 if k in bound else 1 if k in uniform else 2 for k in range(len(self.inputs))
        }
        self._known: dict[Any, int] = {}

    def input(self, number: int) -> Value:
        """The register of an input."""
        return Value(self, number)

    def constant(self, number: float) -> Value:
        """A constant operand."""
        return Value(self, float(number))

    def varies(self, operand: Operand) -> bool:
        """Whether an operand varies along the batch."""
        return self.level(operand) == 2

    def level(self, operand: Operand) -> int:
        """How often an operand is computed: for all calls, per call (1), per point (2)."""
        return self._levels[operand] if isinstance(operand, int) else 0

    def axes_of(self, operand: Operand) -> tuple[Axis, ...]:
        """The axes of an operand; constants have none, and arrays none before they are viewed."""
        count = len(self.inputs)
        if isinstance(operand, float) or operand < count:
            return ()
        return self.lets[operand - count].axes

    def emit(
        self,
        op: str,
        *args: Any,
        over: Sequence[Axis] = (),
        slots: Sequence[Axis | int] = (),
        along: Sequence[Axis] = (),
    ) -> Value:
        """Bind a result, over the axes of the operands, of the slots of a view, and `along`."""
        operands = tuple(a.operand if isinstance(a, Value) else float(a) for a in args)
        # SymPy's cache may hand back an equal sum with other names of its bound indices
        new = [a for a in (*slots, *along) if isinstance(a, Axis) and a not in self.axes]
        self.axes += tuple(dict.fromkeys(new))
        present = {axis for operand in operands for axis in self.axes_of(operand)}
        present.update(along, (slot for slot in slots if isinstance(slot, Axis)))
        kept = tuple(a for a in self.axes if a in present and a not in over)
        let = Let(op, operands, kept, tuple(a for a in self.axes if a in over), tuple(slots))
        key = (let, tuple(type(operand) for operand in operands))  # register 1 is not constant 1.0
        if key not in self._known:
            self.lets.append(let)
            self._known[key] = len(self.inputs) + len(self.lets) - 1
            self._levels[self._known[key]] = max(map(self.level, operands))
        return Value(self, self._known[key])

    def finish(self, outputs: Sequence[Output]) -> Program:
        """The program of what the outputs need, unused bindings left out."""
        count, wanted = len(self.inputs), {o.operand for o in outputs if isinstance(o.operand, int)}
        for k in range(len(self.lets) - 1, -1, -1):
            if count + k in wanted:
                wanted.update(a for a in self.lets[k].args if isinstance(a, int))
        kept = [k for k in range(len(self.lets)) if count + k in wanted]
        moved = {k: k for k in range(count)} | {count + k: count + n for n, k in enumerate(kept)}

        def renamed(operand: Operand) -> Operand:
            return moved[operand] if isinstance(operand, int) else operand

        lets = tuple(
            replace(let, args=tuple(renamed(a) for a in let.args))
            for let in (self.lets[k] for k in kept)
        )
        named = tuple(Output(o.name, renamed(o.operand), o.axes) for o in outputs)
        return Program(self.inputs, lets, named, self.axes)
