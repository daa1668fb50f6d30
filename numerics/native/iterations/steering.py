"""Programs in which slopes only steer: they may be computed from what residuals need anyway.

The stable form of the square of a hyperbolic secant is ``1/(1 + sinh(x)**2)``, with all digits in
its tails.  A Jacobian that steers an iteration needs no digits there, and ``1 - tanh(x)**2`` costs
a product where the hyperbolic tangent is known.
"""

from __future__ import annotations

from numerics.one_exponential import angle_of_secant
from numerics.program import Let, Operand, Program
from numerics.rewriting import Rewriting

__all__ = ["steered"]


def steered(program: Program, leading: int) -> Program:
    """The program with such forms in what only outputs beyond the leading ones need."""
    return _Steering(program, leading).program()


class _Steering(Rewriting):
    def __init__(self, program: Program, leading: int) -> None:
        super().__init__(program)
        self.exact = self._needed_by([o.operand for o in program.outputs[:leading]])

    def _needed_by(self, wanted: list[Operand]) -> set[int]:
        found: set[int] = set()
        while wanted:
            one = wanted.pop()
            if isinstance(one, int) and one >= self.count and one not in found:
                found.add(one)
                wanted += self.old.lets[one - self.count].args
        return found

    def rewritten(self, register: int, let: Let) -> Operand:
        angle = None if register in self.exact else angle_of_secant(self.old_let, register)
        if angle is None:
            return self.copied(let)
        tangent = self.emit(Let("tanh", (self.new(angle),), let.axes))
        product = self.emit(Let("square", (tangent,), let.axes))
        return self.emit(Let("subtract", (1.0, product), let.axes))
