"""Spinodals: where a metastable state ceases to be a maximum of the free entropy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sympy import Expr

from derive.equations import Equations
from derive.inversion import NotInvertible, solve_for

if TYPE_CHECKING:
    from derive.free_entropy import FreeEntropy

__all__ = ["Spinodal", "spinodal"]


@dataclass(frozen=True)
class Spinodal:
    """The points at which gradient and inverse response vanish together.

    Attributes
    ----------
    unknowns : tuple of Expr
        The order parameters and, last, the field.
    parameters : tuple of Expr
        What is held fixed.
    system : tuple of Expr
        Zero at a spinodal point: as many equations as unknowns.
    solutions : tuple of dict
        Values of the unknowns in closed form, where they can be found; else empty.
    """

    unknowns: tuple[Expr, ...]
    parameters: tuple[Expr, ...]
    system: tuple[Expr, ...]
    solutions: tuple[dict[Expr, Expr], ...]

    def equations(self) -> Equations:
        """The extended system as something that numerics can solve."""
        return Equations(
            unknowns=self.unknowns,
            parameters=self.parameters,
            expressions=tuple((f"residual_{k}", r) for k, r in enumerate(self.system)),
            residuals=self.system,
        )


def spinodal(free_entropy: FreeEntropy, source: object) -> Spinodal:
    """Set up, and where possible solve, ``gradient = 0`` and ``det(inverse response) = 0``.

    Parameters
    ----------
    free_entropy : FreeEntropy
        What to examine.
    source : Symbol or str
        The field in which the metastable state ends.
    """
    field = free_entropy.parameter(source)
    condition = free_entropy.inverse_response_determinant
    return Spinodal(
        unknowns=(*free_entropy.unknowns, field),
        parameters=tuple(p for p in free_entropy.parameters if p != field),
        system=(*free_entropy.residuals, condition),
        solutions=_solutions(free_entropy, field, condition),
    )


def _solutions(
    free_entropy: FreeEntropy, field: Expr, condition: Expr
) -> tuple[dict[Expr, Expr], ...]:
    """One unknown whose condition is free of the field: solve it, then invert the equation."""
    if len(free_entropy.unknowns) != 1 or condition.has(field):
        return ()
    (unknown,) = free_entropy.unknowns
    try:
        (strength,) = solve_for(free_entropy.residuals[0], field)
        ends = solve_for(condition, unknown)
    except (NotInvertible, ValueError):
        return ()
    return tuple({unknown: end, field: strength.subs(unknown, end)} for end in ends)
