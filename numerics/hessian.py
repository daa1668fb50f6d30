"""Gradients and Hessians: arrays of derivatives by scalars, what entries share computed once."""

from __future__ import annotations

from collections.abc import Sequence

from sympy import Expr

from derive.equations import GaussianAverage, Index, free_indices
from numerics.stable import stabilise
from numerics.straight_line import StraightLine
from numerics.tape import Tape

__all__ = ["gradients", "hessians"]


def gradients(
    expressions: Sequence[Expr], variables: Sequence[Expr], axis: Index
) -> list[StraightLine]:
    """The derivatives of each expression by scalars, along an axis.

    In reverse mode: of one number, all its derivatives cost a few times what it does.

    Examples
    --------
    >>> from sympy import symbols
    >>> from derive.equations import Index
    >>> x, y = symbols("x y", real=True)
    >>> gradients([x*y], [x, y], Index("k", 2))[0].entries
    (y, x)
    """
    tape = Tape(variables)
    return [tape.array(_gradient(tape, expr), [axis]) for expr in _stable(expressions)]


def hessians(
    expressions: Sequence[Expr], variables: Sequence[Expr], row: Index, column: Index
) -> list[StraightLine]:
    """The second derivatives of each expression by scalars, along two axes, exactly symmetric.

    In forward mode over reverse mode, each pair of variables once.

    Examples
    --------
    >>> from sympy import symbols
    >>> from derive.equations import Index
    >>> x, y = symbols("x y", real=True)
    >>> hessians([x*y**2], [x, y], Index("j", 2), Index("k", 2))[0].entries
    (0, 2*y, 2*y, 2*x)
    """
    tape = Tape(variables)
    made = []
    for expr in _stable(expressions):
        slopes = _gradient(tape, expr)
        rows = [
            [tape.tangent(slope, variable) for variable in variables[: k + 1]]
            for k, slope in enumerate(slopes)
        ]
        number = range(len(variables))
        entries = [rows[max(a, b)][min(a, b)] for a in number for b in number]
        made.append(tape.array(entries, [row, column]))
    return made


def _gradient(tape: Tape, expr: Expr) -> list[Expr]:
    term = tape.add(expr)
    if free_indices(expr):  # many numbers: one variable at a time
        return [tape.tangent(term, variable) for variable in tape.variables]
    return tape.gradient(term)


def _stable(expressions: Sequence[Expr]) -> tuple[Expr, ...]:
    """Averages become stable when their rule is known; what holds them is left alone."""
    return tuple(e if e.has(GaussianAverage) else stabilise(e)[0] for e in expressions)
