"""Programs in which slopes only steer: they may be computed from what residuals need anyway.

The stable form of the square of a hyperbolic secant is ``1/(1 + sinh(x)**2)``, with all digits in
its tails.  A Jacobian that steers an iteration needs no digits there, and ``1 - tanh(x)**2`` costs
a product where the hyperbolic tangent is known.
"""

from __future__ import annotations

from dataclasses import replace

from numerics.program import Let, Operand, Program

__all__ = ["steered"]


def steered(program: Program, leading: int) -> Program:
    """The program with such forms in what only outputs beyond the leading ones need."""
    return _Rewriting(program, leading).program()


class _Rewriting:
    def __init__(self, program: Program, leading: int) -> None:
        self.old, self.count = program, len(program.inputs)
        self.exact = self._needed_by([o.operand for o in program.outputs[:leading]])
        self.lets: list[Let] = []
        self.known: dict[Let, int] = {}
        self.made: dict[int, Operand] = {k: k for k in range(self.count)}

    def _needed_by(self, wanted: list[Operand]) -> set[int]:
        found: set[int] = set()
        while wanted:
            one = wanted.pop()
            if isinstance(one, int) and one >= self.count and one not in found:
                found.add(one)
                wanted += self.old.lets[one - self.count].args
        return found

    def program(self) -> Program:
        for register, let in enumerate(self.old.lets, self.count):
            angle = None if register in self.exact else self._secant(let)
            if angle is None:
                args = tuple(self._new(arg) for arg in let.args)
                self.made[register] = self._emit(replace(let, args=args))
            else:
                tangent = self._emit(Let("tanh", (self._new(angle),), let.axes))
                product = self._emit(Let("square", (tangent,), let.axes))
                self.made[register] = self._emit(Let("subtract", (1.0, product), let.axes))
        outputs = tuple(replace(o, operand=self._new(o.operand)) for o in self.old.outputs)
        symmetric = frozenset(k for k in map(self._new, self.old.symmetric) if isinstance(k, int))
        return replace(self.old, lets=tuple(self.lets), outputs=outputs, symmetric=symmetric)

    def _secant(self, let: Let) -> Operand | None:
        """The angle x of ``1/(1 + sinh(x)**2)``."""
        if let.op != "divide" or let.args[0] != 1.0:
            return None
        below = self._let(let.args[1])
        if below is None or below.op != "add" or below.args[0] != 1.0:
            return None
        product = self._let(below.args[1])
        if product is None or product.op not in ("multiply", "square"):
            return None
        sine = self._let(product.args[0])
        if sine is None or sine.op != "sinh" or {*product.args} != {product.args[0]}:
            return None
        return sine.args[0] if sine.axes == let.axes else None

    def _let(self, operand: Operand) -> Let | None:
        if not isinstance(operand, int) or operand < self.count:
            return None
        return self.old.lets[operand - self.count]

    def _new(self, operand: Operand) -> Operand:
        return self.made[operand] if isinstance(operand, int) else operand

    def _emit(self, let: Let) -> int:
        if let not in self.known:
            self.known[let] = self.count + len(self.lets)
            self.lets.append(let)
        return self.known[let]
