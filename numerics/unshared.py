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
from numerics.rewriting import Rewriting

__all__ = ["CHEAP", "unshared"]

CHEAP = frozenset(("add", "subtract", "multiply", "negative", "square", "equal", "positions"))
Called = Mapping[Axis, Axis]


def unshared(program: Program) -> Program:
    """The same results with views of arrays that have to be kept anyway alone."""
    return _Unsharing(with_one_exponential(program)).program()


class _Unsharing(Rewriting):
    def rewritten(self, register: int, let: Let) -> Operand:
        return self._copied(let, {})

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
        return self.emit(replace(let, axes=tuple(sorted(let.axes, key=order))))
