"""Saddle equations with one more condition, and a parameter as one more unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sympy import Expr, S, oo

from derive.equations import Equations
from derive.errors import ParameterError

if TYPE_CHECKING:
    from derive.saddle.free_entropy import FreeEntropy

__all__ = ["interval", "with_condition"]


def with_condition(
    free_entropy: FreeEntropy, parameter: Any, condition: Expr, name: str
) -> Equations:
    """The saddle equations and ``condition = 0``, for the unknowns and a parameter.

    Raises
    ------
    ParameterError
        If neither the condition nor the saddle depends on the parameter.
    """
    scalar = free_entropy.explicit
    wanted = scalar.parameter(parameter)
    rows = (*scalar.residuals, condition)
    if not any(row.has(wanted) for row in rows):
        raise ParameterError(f"neither the {name} nor the saddle depends on {wanted}")
    names = (*(f"residual_{u}" for u in scalar.unknowns), name)
    return Equations(
        unknowns=(*scalar.unknowns, wanted),
        parameters=tuple(p for p in scalar.parameters if p != wanted),
        expressions=tuple(zip(names, rows, strict=True)),
        residuals=rows,
        bounds=tuple(interval(u) for u in (*scalar.unknowns, wanted)),
    )


def interval(unknown: Expr) -> tuple[Expr, Expr]:
    """Where a solver may look for it, by what its symbol declares."""
    return (S.Zero if unknown.is_nonnegative else -oo, oo)
