"""Which operations keep a sparse matrix sparse: those under which zero stays zero."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from numerics.errors import NumericsError
from numerics.program import Axis, Let, Operand

__all__ = ["Densified", "stays_sparse"]

ZERO_AT_ZERO = frozenset(
    (
        *("absolute", "arcsin", "arcsinh", "arctan", "arctanh", "ceil", "erf", "expm1", "floor"),
        *("log1p", "negative", "sign", "sin", "sinh", "sqrt", "square", "tan", "tanh"),
    )
)


class Densified(NumericsError):
    """An operation would turn a sparse matrix into a dense one."""


def stays_sparse(
    let: Let,
    is_sparse: Callable[[Operand], bool],
    varies: Callable[[Operand], bool],
    axes_of: Callable[[Operand], Sequence[Axis]],
) -> bool:
    """Whether the result of a binding is sparse: a matrix that is zero where its operands are.

    Raises
    ------
    Densified
        If it is a matrix that is not zero there, or one for each point of a batch.
    """
    sparse = [is_sparse(arg) for arg in let.args]
    if not any(sparse):
        return False
    if let.op in ("view", "sum", "contract"):
        return len(let.axes) == 2 and (let.op == "view" or all(sparse))
    others = [arg for arg, known in zip(let.args, sparse, strict=True) if not known]
    if any(map(varies, others)):
        raise Densified("it takes another value at each point of the batch")
    if len(let.axes) > 2:
        raise Densified(f"it runs over {len(let.axes)} indices")
    if not _zero_stays(let, sparse, is_sparse):
        raise Densified(f"{let.op} is not zero where the sparse array is")
    same = {frozenset(axes_of(arg)) for arg in let.args if is_sparse(arg)}
    if len(same) > 1:
        raise Densified("its sparse factors run over different indices")
    return True


def _zero_stays(let: Let, sparse: Sequence[bool], is_sparse: Callable[[Operand], bool]) -> bool:
    if let.op in ZERO_AT_ZERO or let.op == "multiply":
        return True
    if let.op in ("add", "subtract"):
        return all(sparse)
    if let.op == "divide":
        return not sparse[1]
    exponent = let.args[-1]
    return let.op == "power" and not sparse[1] and isinstance(exponent, float) and exponent > 0
