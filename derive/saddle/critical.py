"""Critical points: where the response at a symmetric point diverges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sympy import Expr, Matrix, S, cancel, fraction, sympify, together

from derive.errors import DeriveError, ParameterError
from derive.saddle.inversion import NotInvertible, solve_for
from derive.saddle.linear import determinant, null_space, vanishes
from derive.saddle.series import value_at

if TYPE_CHECKING:
    from derive.saddle.free_entropy import FreeEntropy
from derive.typesetting.typeset import Typeset

__all__ = ["CriticalPoint", "critical_point", "symmetric_point", "wanted_parameter"]


@dataclass(frozen=True)
class CriticalPoint(Typeset):
    """Where the inverse response at a symmetric point vanishes.

    Attributes
    ----------
    parameter : Symbol
        What was solved for.
    values : tuple of Expr
        Its critical values; empty if the condition has no closed-form solution (then `condition`
        is what numerics has to solve).
    modes : tuple of tuple of Matrix
        For each value the vectors, over the unknowns, along which the response diverges.
    condition : Expr
        Zero at criticality.  For vectors of unknowns, in an eigenvalue of a given array; the
        transition that is met first is that of the largest one.
    at : tuple of (Expr, Expr)
        The symmetric point.
    operator : Matrix or None
        For vectors of unknowns, the inverse response at that point as blocks in index notation,
        singular at criticality.
    over : tuple of Expr
        The unknowns that the operator acts on, the others being eliminated.
    """

    parameter: Expr
    values: tuple[Expr, ...]
    modes: tuple[tuple[Matrix, ...], ...]
    condition: Expr
    at: tuple[tuple[Expr, Expr], ...]
    operator: Matrix | None = None
    over: tuple[Expr, ...] = ()

    @property
    def value(self) -> Expr:
        """The critical value, where there is exactly one.

        Raises
        ------
        DeriveError
            If there is none in closed form, or several.
        """
        if len(self.values) != 1:
            raise DeriveError(
                f"{len(self.values)} critical values of {self.parameter} in closed form "
                f"{list(self.values)}: choose from .values, pass solve_for= another symbol, or "
                f"solve .condition = 0 numerically: {self.condition}"
            )
        return self.values[0]

    @property
    def mode(self) -> Matrix:
        """The critical direction, where value and direction are unique."""
        _ = self.value
        if len(self.modes[0]) != 1:
            raise DeriveError(
                f"{len(self.modes[0])} directions become critical together: see .modes"
            )
        return self.modes[0][0]

    def __str__(self) -> str:
        if not self.values and self.operator is not None:
            shown = self.operator[0, 0] if self.operator.rows == 1 else self.operator.tolist()
            return (
                f"critical where the operator {shown} on {', '.join(map(str, self.over))} is "
                "singular: no polynomial of one array, numerics.critical finds where"
            )
        if not self.values:
            return f"critical where {self.condition} = 0"
        return ", ".join(f"{self.parameter} = {value}" for value in self.values)


def symmetric_point(
    free_entropy: FreeEntropy, at: Any, parameters: dict[Any, Any]
) -> tuple[dict[Expr, Expr], dict[Expr, Expr]]:
    """The point `at` (all unknowns zero by default) and the parameter values, both by symbol.

    Raises
    ------
    DeriveError
        If the point does not solve the saddle equations at these parameters.
    """
    values = {free_entropy.parameter(name): sympify(v) for name, v in parameters.items()}
    given = {free_entropy.explicit.unknown(name): sympify(v) for name, v in dict(at or {}).items()}
    point = {u: given.get(u, S.Zero) for u in free_entropy.unknowns}
    for u, row in zip(free_entropy.unknowns, free_entropy.gradient, strict=True):
        slope = value_at(row.subs(values), point)
        if not vanishes(slope):
            fields = [str(p) for p in free_entropy.parameters if slope.has(p)]
            raise DeriveError(
                f"{_shown(point)} is no saddle point: d phi/d {u} = {slope} there; pass at= a "
                f"symmetric point, or values of {', '.join(fields)} that make it one (a field: h=0)"
            )
    return point, values


def critical_point(
    free_entropy: FreeEntropy, at: Any, solve_for_: Any, parameters: dict[Any, Any]
) -> CriticalPoint:
    """Find where the inverse response vanishes at a symmetric point.

    Parameters
    ----------
    free_entropy : FreeEntropy
        What to examine.
    at : dict, optional
        Values of unknowns at the symmetric point; zero by default.
    solve_for_ : Symbol or str, optional
        The parameter; the symbol of the inverse temperature by default.
    parameters : dict
        Values of other parameters, such as ``h=0``.

    Raises
    ------
    DeriveError
        If the point is no saddle, or the condition does not depend on the parameter.
    """
    point, values = symmetric_point(free_entropy, at, parameters)
    symbol = wanted_parameter(free_entropy, solve_for_, values)
    # where the saddle equations solve a linear response away (1 = 1), the Hessian still has it
    for inverse in (lambda: free_entropy.inverse_response, lambda: -free_entropy.explicit.hessian):
        matrix = inverse().applyfunc(lambda e: cancel(value_at(e.subs(values), point)))
        condition = fraction(together(determinant(matrix)))[0]
        if condition.has(symbol):
            break
    else:
        raise DeriveError(
            f"the inverse response at {_shown(point)} is {condition}, whatever {symbol}: pass "
            "solve_for= a parameter that it depends on"
        )
    try:
        roots = tuple(r for r in solve_for(condition, symbol) if r != 0)
    except NotInvertible:
        roots = ()
    else:
        if not roots:
            raise DeriveError(
                f"no critical {symbol}: {condition} = 0 has no solution that its assumptions allow"
            )
    modes = tuple(tuple(null_space(matrix.subs(symbol, root))) for root in roots)
    return CriticalPoint(symbol, roots, modes, condition, tuple(point.items()))


def wanted_parameter(free_entropy: FreeEntropy, solve_for_: Any, values: dict[Expr, Expr]) -> Expr:
    if solve_for_ is None:
        try:
            symbol = free_entropy.beta_symbol
        except ParameterError as problem:
            raise ParameterError(f"{problem}; or pass solve_for= a parameter") from None
    else:
        symbol = free_entropy.parameter(solve_for_)
    if symbol in values:
        raise ParameterError(f"{symbol} is given as {values[symbol]} and cannot be solved for too")
    return symbol


def _shown(point: dict[Expr, Expr]) -> str:
    return ", ".join(f"{u} = {v}" for u, v in point.items())
