"""Hyperbolic functions of one argument from one exponential, for backends that compile.

With u = exp(-2|x|) and L = u - 1, which keeps every digit near x = 0,

    tanh|x| = -L/(L + 2),    1/cosh(x)**2 = 4 u/(L + 2)**2,    log(1 + u) = u P(u - 1/2),

where P is a polynomial.

NumPy calls a function of its own for each; in a loop that is compiled the exponential and
divisions are what these cost, and a function and its derivative ask for both at the same place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from numerics.native.coefficients import LOG1P
from numerics.program import Let, Operand, Program
from numerics.rewriting import Rewriting

__all__ = ["angle_of_secant", "with_one_exponential"]

FAR = 354.35  # beyond, 1/cosh(x)**2 is as good as zero: below 2**-1020
NEAR = 40.0  # beyond, tanh is 1 and the logarithm does not count beside |x|

Emit = Callable[..., Operand]


class _Parts(NamedTuple):
    """What functions of one x share; those that ask for less leave the rest out."""

    left: Operand  # u
    less: Operand  # L
    under: Operand  # L + 2
    share: Operand  # 1/(L + 2)


def with_one_exponential(program: Program) -> Program:
    """The same program; where two of these functions have one argument, they share."""
    return _Sharing(program).program()


class _Sharing(Rewriting):
    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.shared: dict[Operand, _Parts] = {}
        self.kinds: dict[int, tuple[str, Operand]] = {}
        for register in range(self.count, self.count + len(program.lets)):
            for kind, argument_of in ROWS.items():
                argument = argument_of(self.old_let, register)
                if argument is not None:
                    self.kinds[register] = kind, argument
        self.asked: dict[Operand, set[str]] = {}
        for kind, x in self.kinds.values():
            self.asked.setdefault(x, set()).add(kind)

    def rewritten(self, register: int, let: Let) -> Operand:
        kind, x = self.kinds.get(register, ("", 0.0))
        shares = kind and len(self.asked[x]) > 1
        return self._written(kind, x, let) if shares else self.copied(let)

    # -- the functions -------------------------------------------------------------------------

    def _written(self, kind: str, x: Operand, let: Let) -> Operand:
        def emit(op: str, *args: Operand) -> Operand:
            return self.emit(Let(op, args, let.axes))

        argument, asked = self.new(x), self.asked[x]
        if x not in self.shared:
            self.shared[x] = _parts(argument, asked, emit)
        parts = self.shared[x]
        if kind == "tanh":
            size = _corrected_tanh(parts, emit) if "sech2" in asked else _tanh(parts, emit)
            return emit("select", argument, 0.0, emit("negative", size), size)
        if kind == "sech2":
            root = emit("multiply", 4.0, emit("multiply", parts.left, parts.share))
            value = emit("multiply", root, parts.share)
            return emit("select", FAR, emit("absolute", argument), 0.0, value)
        return _log(parts, emit)


def _parts(x: Operand, asked: set[str], emit: Emit) -> _Parts:
    """The exponential by itself where its last digits count: far out, in 1/cosh(x)**2."""
    size = emit("minimum", emit("absolute", x), FAR if "sech2" in asked else NEAR)
    doubled = emit("multiply", -2.0, size)
    less = emit("expm1", doubled)
    left = emit("exp", doubled) if "sech2" in asked else emit("add", less, 1.0)
    under = emit("add", less, 2.0)
    return _Parts(left, less, under, emit("divide", 1.0, under))


def _tanh(parts: _Parts, emit: Emit) -> Operand:
    """tanh|x|."""
    return emit("divide", emit("negative", parts.less), parts.under)


def _corrected_tanh(parts: _Parts, emit: Emit) -> Operand:
    """tanh|x| by the share that is there, and what a product with it has lost."""
    above = emit("negative", parts.less)
    size = emit("multiply", above, parts.share)
    lost = emit("subtract", above, emit("multiply", size, parts.under))
    return emit("add", size, emit("multiply", lost, parts.share))


def _log(parts: _Parts, emit: Emit) -> Operand:
    """log(1 + u); even and odd powers are chains that run side by side."""
    middle = emit("subtract", parts.left, 0.5)
    square = emit("multiply", middle, middle)

    def chain(coefficients: tuple[float, ...]) -> Operand:
        value: Operand = coefficients[-1]
        for coefficient in reversed(coefficients[:-1]):
            value = emit("add", emit("multiply", value, square), coefficient)
        return value

    odd = emit("multiply", chain(LOG1P[1::2]), middle)
    return emit("multiply", parts.left, emit("add", odd, chain(LOG1P[::2])))


Lets = Callable[[Operand], Let | None]


def _argument(let_of: Lets, operand: Operand, op: str, *fixed: float) -> Operand | None:
    """The operand of a binding beside constants, if this is the binding."""
    let = let_of(operand)
    if let is None or let.op != op:
        return None
    rest = list(let.args)
    for constant in fixed:
        if constant not in [arg for arg in rest if isinstance(arg, float)]:
            return None
        rest.remove(constant)
    return rest[0] if len(rest) == 1 else None


def _chain(let_of: Lets, operand: Operand, *ops: tuple[str, tuple[float, ...]]) -> Operand | None:
    """The argument of one operation after the other, from the outermost."""
    for op, fixed in ops:
        found = _argument(let_of, operand, op, *fixed)
        if found is None:
            return None
        operand = found
    return operand


def _of_tanh(let_of: Lets, operand: Operand) -> Operand | None:
    return _chain(let_of, operand, ("tanh", ()))


def angle_of_secant(let_of: Lets, operand: Operand) -> Operand | None:
    """The angle x of 1/cosh(x)**2, which stands as 1/(1 + sinh(x)**2); None for all else."""
    return _chain(
        let_of, operand, ("divide", (1.0,)), ("add", (1.0,)), ("square", ()), ("sinh", ())
    )


def _of_log(let_of: Lets, operand: Operand) -> Operand | None:
    """log1p(exp(-2 |x|)) with |x| limited, as it stands where it is added to |x|."""
    doubled = _chain(let_of, operand, ("log1p", ()), ("exp", ()), ("multiply", (-2.0,)))
    limited = None if doubled is None else _argument(let_of, doubled, "minimum", NEAR)
    return None if limited is None else _argument(let_of, limited, "absolute")


ROWS = {"tanh": _of_tanh, "sech2": angle_of_secant, "log": _of_log}
