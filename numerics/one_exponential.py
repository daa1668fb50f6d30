"""Hyperbolic functions of one argument from one exponential, for backends that compile.

With E = exp(2|x|) - 1, which keeps every digit near x = 0 and none of which is lost far out,

    tanh|x| = E/(E + 2),    1/cosh(x)**2 = 4 (E + 1)/(E + 2)**2,
    log(1 + exp(-2|x|)) = 2 artanh(s) with s = 1/(2 E + 3) <= 1/3.

NumPy calls a function of its own for each; in a loop that is compiled the exponential and the
division are what these cost, and a function and its derivative ask for both at the same place.
"""

from __future__ import annotations

from collections.abc import Callable

from numerics.program import Let, Operand, Program
from numerics.rewriting import Rewriting

__all__ = ["angle_of_secant", "with_one_exponential"]

# (artanh(s)/s - 1)/s**2 in s**2 up to 1/9, at Chebyshev nodes; the relative error is below 1e-16
ARTANH = (
    0.33333333333341286,
    0.199999999976438,
    0.1428571455582858,
    0.11111095430673142,
    0.09091429900236955,
    0.07681838124445817,
    0.06795652742789947,
    0.04940394524382393,
    0.08890381913056651,
)
FAR = 354.8913564  # half of the log of the largest double; beyond, 1/cosh(x)**2 is below the normal
NEAR = 40.0  # beyond, tanh is 1 and the logarithm does not count beside |x|


def with_one_exponential(program: Program) -> Program:
    """The same program; where two of these functions have one argument, they share."""
    return _Sharing(program).program()


class _Sharing(Rewriting):
    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.shared: dict[Operand, tuple[Operand, ...]] = {}
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

        if x not in self.shared:
            self.shared[x] = self._parts(self.new(x), self.asked[x], emit)
        grown, under, share, s = self.shared[x]
        if kind == "tanh":
            size = emit("multiply", grown, share)
            lost = emit("subtract", grown, emit("multiply", size, under))
            size = emit("add", size, emit("multiply", lost, share))
            return emit("select", self.new(x), 0.0, emit("negative", size), size)
        if kind == "sech2":
            part = emit("multiply", emit("add", grown, 1.0), share)
            value = emit("multiply", 4.0, emit("multiply", part, share))
            return emit("select", FAR, emit("absolute", self.new(x)), 0.0, value)
        return self._twice_artanh(s, emit)

    def _parts(
        self, x: Operand, asked: set[str], emit: Callable[..., Operand]
    ) -> tuple[Operand, ...]:
        """E, E + 2, 1/(E + 2) and 1/(2 E + 3), by one division where their product is a number."""
        size = emit("minimum", emit("absolute", x), FAR if "sech2" in asked else NEAR)
        grown = emit("expm1", emit("multiply", 2.0, size))
        under, other = emit("add", grown, 2.0), emit("add", emit("multiply", 2.0, grown), 3.0)
        if "sech2" in asked:
            return grown, under, emit("divide", 1.0, under), emit("divide", 1.0, other)
        both = emit("divide", 1.0, emit("multiply", under, other))
        return grown, under, emit("multiply", other, both), emit("multiply", under, both)

    def _twice_artanh(self, s: Operand, emit: Callable[..., Operand]) -> Operand:
        z = emit("multiply", s, s)
        value: Operand = ARTANH[-1]
        for coefficient in reversed(ARTANH[:-1]):
            value = emit("add", emit("multiply", value, z), coefficient)
        twice = emit("multiply", 2.0, s)
        return emit("add", emit("multiply", emit("multiply", twice, z), value), twice)


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
    """log1p(exp(-2 |x|)), where |x| may be limited."""
    doubled = _chain(let_of, operand, ("log1p", ()), ("exp", ()), ("multiply", (-2.0,)))
    if doubled is None:
        return None
    limited = _argument(let_of, doubled, "minimum", 40.0)
    return _argument(let_of, doubled if limited is None else limited, "absolute")


ROWS = {"tanh": _of_tanh, "sech2": angle_of_secant, "log": _of_log}
