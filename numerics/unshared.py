"""A program for loops: what is cheap is done again under other names, and few divisions are left.

The builder computes a register once and reads it under other names of its axes, which is right
where registers are arrays.  In a loop a product of two entries is cheaper than an array that keeps
it; and a quotient whose denominator changes in an outer loop is a product with what is computed
there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from numerics.one_exponential import with_one_exponential
from numerics.program import Axis, Let, Operand, Program

__all__ = ["CHEAP", "unshared"]

CHEAP = frozenset(("add", "subtract", "multiply", "negative", "square", "equal", "positions"))
Called = Mapping[Axis, Axis]


def unshared(program: Program) -> Program:
    """The same results with views of arrays that have to be kept anyway alone."""
    return _Rewriting(with_one_exponential(program)).program()


class _Rewriting:
    def __init__(self, program: Program) -> None:
        self.old = program
        self.count = len(program.inputs)
        self.lets: list[Let] = []
        self.known: dict[Let, int] = {}
        self.made: dict[int, Operand] = {k: k for k in range(self.count)}

    def program(self) -> Program:
        for register, let in enumerate(self.old.lets, self.count):
            self.made[register] = self._copied(let, {})
        outputs = tuple(replace(o, operand=self._new(o.operand)) for o in self.old.outputs)
        symmetric = (self._new(k) for k in self.old.symmetric)
        kept = frozenset(k for k in symmetric if isinstance(k, int))
        made = replace(self.old, lets=tuple(self.lets), outputs=outputs, symmetric=kept)
        return _used(made)

    def _new(self, operand: Operand) -> Operand:
        return self.made[operand] if isinstance(operand, int) else operand

    def _axes_of(self, operand: Operand) -> tuple[Axis, ...]:
        if isinstance(operand, float) or operand < self.count:
            return ()
        return self.lets[operand - self.count].axes

    def _named(self, operand: Operand, called: Called) -> Operand:
        """An operand of the old program under other names of its axes."""
        if isinstance(operand, float) or operand < self.count:
            return operand
        let = self.old.lets[operand - self.count]
        if all(called.get(axis, axis) == axis for axis in let.axes):
            return self.made[operand]
        if let.op in CHEAP or let.op == "view":
            return self._copied(let, called)
        root = self.made[operand]
        slots = tuple(called.get(axis, axis) for axis in self._axes_of(root))
        return self._emit(Let("view", (root,), slots, slots=slots))

    def _copied(self, let: Let, called: Called) -> Operand:
        """A binding, its axes under other names."""
        if let.op == "view" and let.args[0] >= self.count:  # other names of a register's axes
            root = int(let.args[0])
            own = self.old.lets[root - self.count].axes
            slots = (called.get(s, s) for s in let.slots if isinstance(s, Axis))
            return self._named(root, dict(zip(own, slots, strict=True)))
        args = tuple(self._named(arg, called) for arg in let.args)
        slots_of = tuple(called.get(s, s) if isinstance(s, Axis) else s for s in let.slots)
        axes = tuple(called.get(axis, axis) for axis in let.axes)
        if let.op == "divide":
            return self._quotient(args, axes)
        return self._emit(replace(let, args=args, axes=axes, slots=slots_of))

    def _quotient(self, args: tuple[Operand, ...], axes: tuple[Axis, ...]) -> Operand:
        above, below = args
        factors = list(self._outer(below, axes))
        if not factors:
            return self._emit(Let("divide", (above, below), axes))
        for factor in factors:
            inverse = self._inverse(factor)
            both = {*self._axes_of(above), *self._axes_of(inverse)}
            above = self._emit(Let("multiply", (above, inverse), tuple(both)))
        return above

    def _inverse(self, factor: Operand) -> Operand:
        """One over a factor, known under all names of its axes."""
        axes = self._axes_of(factor)
        let = self.lets[factor - self.count] if isinstance(factor, int) and axes else None
        if let is None or let.op != "view" or let.args[0] < self.count:
            return self._emit(Let("divide", (1.0, factor), axes))
        return self._emit(replace(let, args=(self._inverse(let.args[0]),)))

    def _outer(self, below: Operand, axes: tuple[Axis, ...]) -> tuple[Operand, ...]:
        """The factors of a denominator, if all of them change in outer loops only."""
        if isinstance(below, float) or below < self.count:
            return (below,) if axes and below != 0 else ()
        let = self.lets[below - self.count]
        if len(let.axes) < len(axes):
            return (below,)
        if let.op != "multiply":
            return ()
        parts = [self._outer(arg, axes) for arg in let.args]
        return (*parts[0], *parts[1]) if all(parts) else ()

    def _emit(self, let: Let) -> Operand:
        order = self.old.axes.index
        let = replace(let, axes=tuple(sorted(let.axes, key=order)))
        if let not in self.known or _kinds(self.lets[self.known[let] - self.count]) != _kinds(let):
            self.lets.append(let)
            self.known[let] = self.count + len(self.lets) - 1
        return self.known[let]


def _kinds(let: Let) -> tuple[type, ...]:
    return tuple(type(arg) for arg in let.args)  # register 1 is not constant 1.0


def _used(program: Program) -> Program:
    """Without bindings that nothing reads."""
    count = len(program.inputs)
    wanted = {o.operand for o in program.outputs if isinstance(o.operand, int)}
    for k in range(len(program.lets) - 1, -1, -1):
        if count + k in wanted:
            wanted.update(a for a in program.lets[k].args if isinstance(a, int))
    kept = [k for k in range(len(program.lets)) if count + k in wanted]
    moved = {k: k for k in range(count)} | {count + k: count + n for n, k in enumerate(kept)}

    def new(operand: Operand) -> Operand:
        return moved[operand] if isinstance(operand, int) else operand

    lets = tuple(
        replace(let, args=tuple(map(new, let.args))) for let in (program.lets[k] for k in kept)
    )
    outputs = tuple(replace(o, operand=new(o.operand)) for o in program.outputs)
    symmetric = frozenset(moved[k] for k in program.symmetric if k in moved)
    return replace(program, lets=lets, outputs=outputs, symmetric=symmetric)
