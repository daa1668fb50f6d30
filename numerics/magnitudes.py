"""How large the registers of a program can be, as far as its own operations say."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from numerics.program import Operand, Program

__all__ = ["interval"]

Interval = tuple[float, float]
ANY: Interval = (-inf, inf)


def interval(program: Program, operand: Operand) -> Interval:
    """Bounds of an operand, for all values of the inputs; nan may come on top.

    Examples
    --------
    >>> import numerics as nm
    >>> from sympy import Symbol, cosh, log
    >>> program = nm.compile(log(2*cosh(Symbol("x", real=True)))).program
    >>> [interval(program, register) for register in range(3)]
    [(-inf, inf), (0.0, inf), (0.0, 40.0)]
    """
    known: dict[Operand, Interval] = {}

    def of(one: Operand) -> Interval:
        if isinstance(one, float):
            return one, one
        if one not in known:
            inputs = len(program.inputs)
            let = None if one < inputs else program.lets[one - inputs]
            rule = None if let is None else BOUNDS.get(let.op)
            known[one] = ANY if let is None or rule is None else rule(*map(of, let.args))
        return known[one]

    return of(operand)


def _absolute(x: Interval) -> Interval:
    return max(0.0, x[0], -x[1]), max(-x[0], x[1])


def _square(x: Interval) -> Interval:
    low, high = _absolute(x)
    return low * low, high * high


def _product(x: Interval, y: Interval) -> Interval:
    """With a factor that is nowhere infinite; else nothing is said."""
    if inf in (*map(abs, x), *map(abs, y)) and not (x[0] == x[1] != 0 or y[0] == y[1] != 0):
        return ANY
    corners = [a * b for a in x for b in y]
    return min(corners), max(corners)


BOUNDS: dict[str, Callable[..., Interval]] = {
    "absolute": _absolute,
    "square": _square,
    "negative": lambda x: (-x[1], -x[0]),
    "minimum": lambda x, y: (min(x[0], y[0]), min(x[1], y[1])),
    "maximum": lambda x, y: (max(x[0], y[0]), max(x[1], y[1])),
    "multiply": _product,
}
