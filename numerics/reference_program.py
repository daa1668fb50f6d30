"""Straight-line programs in mpmath: their intermediates one by one, as source that is made once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from sympy import Expr

from derive.equations import Element, GaussianAverage, Index
from numerics.errors import PrecisionError, UnsupportedExpressionError
from numerics.reference_code import CONTEXT, Source
from numerics.straight_line import StraightLine

__all__ = ["is_scalar_program", "spreads", "trusted_entries"]

LARGEST_PRECISION = 2000  # digits
STEP = 2.0**-20
TINY = CONTEXT.mpf(10) ** -360


def is_scalar_program(expr: Any) -> bool:
    """Whether an expression is an array of entries that depend on scalars alone."""
    if not isinstance(expr, StraightLine):
        return False
    inner = (*(value for _, value in expr.definitions), *expr.entries)
    return not any(value.has(Index, Element, GaussianAverage) for value in inner)


def trusted_entries(
    program: StraightLine, values: Mapping[Any, Any], digits: int = 34, agree: float = 1e-25
) -> tuple[list[Any], int]:
    """The entries of a program, at a precision that is raised until two precisions agree.

    Returns
    -------
    values : list
        As mpmath numbers, in the order of the entries.
    digits : int
        The precision that was enough.

    Raises
    ------
    PrecisionError
        If no precision was enough.

    Examples
    --------
    >>> from sympy import Dummy, Symbol, tanh
    >>> x, t = Symbol("x"), Dummy("t")
    >>> found, _ = trusted_entries(StraightLine([1 - t], [(t, tanh(x)**2)]), {x: 20.0})
    >>> print(CONTEXT.nstr(found[0], 10))
    1.699341702e-17
    """
    function, arguments, constants, numbers = _function(program)
    before: list[Any] = []
    while digits <= LARGEST_PRECISION:
        CONTEXT.dps = digits
        given = [CONTEXT.mpf(values[a]) for a in arguments]
        now = function(given, [CONTEXT.mpmathify(c.evalf(digits + 5)) for c in constants])
        if before and all(
            abs(a - b) <= agree * abs(b) or max(abs(a), abs(b)) < TINY
            for a, b in zip(before, now, strict=True)
        ):
            return [now[k] for k in numbers], digits
        before = now
        digits *= 2
    raise PrecisionError(f"{program}: no two precisions agree at {dict(values)}")


def spreads(problem: Any, number: int, point: Any) -> Any:
    """The sum over arguments of abs(x df/dx), for each entry of an output, by differences.

    The kernel itself is differenced: mpmath would take one run of the program for each argument.
    That an error of the kernel disturbs the difference cannot hide it.  An error E raises the sum
    by E/STEP at most for each argument, and what is allowed for it by 8 u E/STEP, which is 1e-9 E.
    """
    values = [np.asarray(value, float) for value in problem.arguments(point[None])]
    scalars = [k for k, given in enumerate(problem.kernel.arguments) if not given.ranges]
    for row, k in enumerate(scalars, 1):
        values[k] = np.full(len(scalars) + 1, values[k].item())
        values[k][row] *= 1 - STEP  # inwards: where a domain ends, it ends outwards
    found = problem.kernel.evaluate(values, nonfinite="keep")
    own = found[number] if isinstance(found, tuple) else found
    with np.errstate(invalid="ignore"):
        return np.abs(own[1:] - own[0]).sum(axis=0) / STEP


class _Source(Source):
    """Source in which the names of intermediates stand for what was computed before."""

    def define(self, name: Expr, value: Expr) -> None:
        self._memo[name] = self(value)

    def depends(self, expr: Any) -> bool:
        return super().depends(expr) or not self._memo.keys().isdisjoint(expr.free_symbols)


@lru_cache(maxsize=8)
def _function(program: StraightLine) -> tuple[Any, list[Expr], list[Expr], list[int]]:
    """A function for the distinct entries, its arguments and constants, and where each entry is."""
    arguments = sorted(program.free_symbols, key=str)
    constants: dict[Expr, str] = {}
    source = _Source(arguments, constants, _no_average)
    for name, value in program.definitions:
        source.define(name, value)
    numbers = {entry: k for k, entry in enumerate(dict.fromkeys(program.entries))}
    function = source.function(list(numbers))
    return function, arguments, list(constants), [numbers[entry] for entry in program.entries]


def _no_average(average: Any) -> Any:
    raise UnsupportedExpressionError(f"{average} is no scalar")
