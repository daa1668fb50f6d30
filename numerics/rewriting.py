"""Programs copied binding by binding, for passes that write some of them otherwise."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace

from numerics.program import Let, Operand, Program

__all__ = ["Rewriting"]


class Rewriting(ABC):
    """A copy of a program in the making; subclasses say what becomes of each binding.

    Equal bindings become one, and those that nothing reads are left out.
    """

    def __init__(self, program: Program) -> None:
        self.old, self.count = program, len(program.inputs)
        self.lets: list[Let] = []
        self.made: dict[int, Operand] = {k: k for k in range(self.count)}
        self._known: dict[tuple[Let, tuple[type, ...]], int] = {}

    @abstractmethod
    def rewritten(self, register: int, let: Let) -> Operand:
        """Where the new program holds what a register of the old one held."""

    def program(self) -> Program:
        """The new program."""
        for register, let in enumerate(self.old.lets, self.count):
            self.made[register] = self.rewritten(register, let)
        outputs = tuple(replace(o, operand=self.new(o.operand)) for o in self.old.outputs)
        symmetric = frozenset(k for k in map(self.new, self.old.symmetric) if isinstance(k, int))
        made = replace(self.old, lets=tuple(self.lets), outputs=outputs, symmetric=symmetric)
        return made.used()

    def new(self, operand: Operand) -> Operand:
        """An operand of the old program in the new one."""
        return self.made[operand] if isinstance(operand, int) else operand

    def old_let(self, operand: Operand) -> Let | None:
        """The binding of an operand of the old program, if it has one."""
        if isinstance(operand, float) or operand < self.count:
            return None
        return self.old.lets[operand - self.count]

    def copied(self, let: Let) -> Operand:
        """A binding of the old program as it was."""
        return self.emit(replace(let, args=tuple(map(self.new, let.args))))

    def emit(self, let: Let) -> Operand:
        """The register of a binding of the new program."""
        kinds = tuple(type(arg) for arg in let.args)  # register 1 is not constant 1.0
        if (let, kinds) not in self._known:
            self.lets.append(let)
            self._known[let, kinds] = self.count + len(self.lets) - 1
        return self._known[let, kinds]
