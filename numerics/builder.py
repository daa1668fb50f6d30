"""Collecting a loop program: operands with arithmetic, each distinct binding once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from numerics.program import REDUCTIONS, Axis, Input, Let, Operand, Output, Program
from numerics.renaming import Renaming
from numerics.sparsity import stays_sparse

__all__ = ["Builder", "Value"]


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
    def sparse(self) -> bool:
        """Whether this is a SciPy sparse matrix."""
        return self.builder.is_sparse(self.operand)

    @property
    def last_slot(self) -> Axis | None:
        """The axis along which an array lies in memory."""
        return self.builder.last_slot(self.operand)

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
    """Collects bindings, each distinct one once: common subexpressions are shared as they arise.

    Parameters
    ----------
    inputs : sequence of Input
        Inputs, the first registers.
    axes : sequence of Axis
        The order of axes; further ones are appended as they occur.
    uniform, bound, sparse : frozenset of int
        Inputs that do not vary along the batch, not even from call to call, and those that are
        sparse matrices.
    """

    def __init__(
        self,
        inputs: Sequence[Input],
        axes: Sequence[Axis],
        uniform: frozenset[int] = frozenset(),
        bound: frozenset[int] = frozenset(),
        sparse: frozenset[int] = frozenset(),
    ) -> None:
        self.inputs = tuple(inputs)
        self.axes = tuple(axes)
        self.lets: list[Let] = []
        # 0: one time for all calls, 1: one time per call, 2: at every point of the batch
        self._levels = {
            k: 0 if k in bound else 1 if k in uniform else 2 for k in range(len(self.inputs))
        }
        self._known: dict[Any, int] = {}
        self._sparse = set(sparse)
        self._renaming = Renaming()

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

    def is_sparse(self, operand: Operand) -> bool:
        """Whether an operand is a SciPy sparse matrix."""
        return isinstance(operand, int) and operand in self._sparse

    def axes_of(self, operand: Operand) -> tuple[Axis, ...]:
        """The axes of an operand; constants have none, and arrays none before they are viewed."""
        count = len(self.inputs)
        if isinstance(operand, float) or operand < count:
            return ()
        return self.lets[operand - count].axes

    def last_slot(self, operand: Operand) -> Axis | None:
        """The axis of the last slot of an array, or the last axis of what was computed."""
        if isinstance(operand, float) or not self.axes_of(operand):
            return None
        root, called = self._renaming.roots.get(operand, (operand, self.axes_of(operand)))
        let = self.lets[root - len(self.inputs)]
        last = let.slots[-1] if let.op == "view" else let.axes[-1]
        return called[let.axes.index(last)] if isinstance(last, Axis) else None

    def emit(
        self,
        op: str,
        *args: Any,
        over: Sequence[Axis] = (),
        slots: Sequence[Axis | int] = (),
        along: Sequence[Axis] = (),
    ) -> Value:
        """Bind a result, over the axes of the operands, of the slots of a view, and `along`.

        Raises
        ------
        Densified
            If it is a matrix that is not zero where its sparse operands are.
        """
        let = self._let(op, args, over, slots, along)
        exact = self._exact(let)
        if exact not in self._known:
            self._known[exact] = self._renamed(let) if let.axes or let.over else self._append(let)
        return Value(self, self._known[exact])

    def has(self, op: str, *args: Any, over: Sequence[Axis] = ()) -> bool:
        """Whether a result is bound already, under whatever names of its axes."""
        let = self._let(op, args, over)
        return self._renaming.find(let, self.axes_of)[1] is not None

    def _let(
        self,
        op: str,
        args: Sequence[Any],
        over: Sequence[Axis],
        slots: Sequence[Axis | int] = (),
        along: Sequence[Axis] = (),
    ) -> Let:
        operands = tuple(a.operand if isinstance(a, Value) else float(a) for a in args)
        # SymPy's cache may hand back an equal sum with other names of its bound indices
        new = [a for a in (*slots, *along) if isinstance(a, Axis) and a not in self.axes]
        self.axes += tuple(dict.fromkeys(new))
        present = {axis for operand in operands for axis in self.axes_of(operand)}
        present.update(along, (slot for slot in slots if isinstance(slot, Axis)))
        kept = tuple(a for a in self.axes if a in present and a not in over)
        return Let(op, operands, kept, tuple(a for a in self.axes if a in over), tuple(slots))

    @staticmethod
    def _exact(let: Let) -> Any:
        return let, tuple(type(operand) for operand in let.args)  # register 1 is not constant 1.0

    def _renamed(self, let: Let) -> int:
        """The register of a binding, or one that gives new names to the axes of an equal one."""
        key, found = self._renaming.find(let, self.axes_of)
        if found is None:
            register = self._append(let)
            self._renaming.note(key, register)
            return register
        register, called = found
        if called == self.axes_of(register):
            return register
        view = Let("view", (register,), let.axes, slots=called)
        if self._exact(view) not in self._known:
            self._known[self._exact(view)] = self._append(view)
            self._renaming.roots[self._known[self._exact(view)]] = found
        return self._known[self._exact(view)]

    def _append(self, let: Let) -> int:
        sparse = stays_sparse(let, self.is_sparse, self.varies, self.axes_of)
        self.lets.append(let)
        register = len(self.inputs) + len(self.lets) - 1
        self._levels[register] = max(map(self.level, let.args))
        if sparse:
            self._sparse.add(register)
        if self._is_symmetric(let):
            self._renaming.symmetric.add(register)
        return register

    def _is_symmetric(self, let: Let) -> bool:
        """A declared symmetric array, or numbers computed from such ones entry by entry."""
        if let.op in REDUCTIONS or len(let.axes) != 2:
            return False
        if let.op == "view" and let.args[0] < len(self.inputs):
            label = getattr(self.inputs[int(let.args[0])].symbol, "label", None)
            return bool(getattr(label, "symmetric", False)) and len(let.slots) == 2
        known, roots = self._renaming.symmetric, self._renaming.roots
        return all(
            not self.axes_of(arg)
            or (roots.get(int(arg), (arg,))[0] in known and set(self.axes_of(arg)) == set(let.axes))
            for arg in let.args
        )

    def finish(self, outputs: Sequence[Output]) -> Program:
        """The program of what the outputs need, unused bindings left out."""
        marks = frozenset(self._sparse), frozenset(self._renaming.symmetric)
        return Program(self.inputs, tuple(self.lets), tuple(outputs), self.axes, *marks).used()
