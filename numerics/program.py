"""The loop program: let-bindings over inputs, with sums over indices kept as sums.

A program is what every backend prints.  Its operands are integers (registers: the inputs first,
then one per `Let`) and floats (constants).  Each register has axes, the indices over which it is an
array, always in the program's one order; the batch of points is not among them, for every backend
blocks it as it likes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from sympy import Expr

__all__ = ["REDUCTIONS", "Axis", "Input", "Let", "Operand", "Output", "Program", "Range"]

Operand = int | float

# Operations are elementwise, each the NumPy ufunc or SciPy function of that name, except
#   fill_zero(x)        x, but 1 where x = 0
#   select(a, b, x, y)  x where a < b, else y
#   stack(x, y, ...)    the array with these entries along the axes in `slots`, in order
# and, from the size of a range, `positions`: 1, 2, ..., size along an axis.
# Reductions drop the axes named in `over`; `contract` sums a product of two operands over them.
REDUCTIONS = frozenset(("sum", "max", "prod", "contract", "log_det"))

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
    array: an axis, or a position counted from zero.  A view of a register gives its axes new names.
    Of a stack, `slots` are the axes along which its entries run.
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
    """Inputs, bindings in the order of evaluation, outputs, and the one order of axes.

    Registers in `sparse` hold SciPy sparse matrices, those in `symmetric` matrices equal to their
    transpose.
    """

    inputs: tuple[Input, ...]
    lets: tuple[Let, ...]
    outputs: tuple[Output, ...]
    axes: tuple[Axis, ...]
    sparse: frozenset[int] = frozenset()
    symmetric: frozenset[int] = frozenset()

    @cached_property
    def depth(self) -> int:
        """The most axes that a binding has, with those that it drops."""
        return max((len(let.axes) + len(let.over) for let in self.lets), default=0)

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

    def used(self) -> Program:
        """The same program without bindings that nothing reads."""
        count, wanted = (
            len(self.inputs),
            {o.operand for o in self.outputs if isinstance(o.operand, int)},
        )
        for k in range(len(self.lets) - 1, -1, -1):
            if count + k in wanted:
                wanted.update(a for a in self.lets[k].args if isinstance(a, int))
        kept = [k for k in range(len(self.lets)) if count + k in wanted]
        moved = {k: k for k in range(count)} | {count + k: count + n for n, k in enumerate(kept)}

        def renamed(operand: Operand) -> Operand:
            return moved[operand] if isinstance(operand, int) else operand

        lets = tuple(
            replace(let, args=tuple(map(renamed, let.args))) for let in (self.lets[k] for k in kept)
        )
        outputs = tuple(replace(o, operand=renamed(o.operand)) for o in self.outputs)
        sparse, symmetric = (
            frozenset(moved[k] for k in found if k in moved)
            for found in (self.sparse, self.symmetric)
        )
        return Program(self.inputs, lets, outputs, self.axes, sparse, symmetric)
