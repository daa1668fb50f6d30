"""Spinodals: where a metastable state ceases to be a maximum of the free entropy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sympy import Expr

from derive.equations import Equations
from derive.saddle.inversion import NotInvertible, solve_for

if TYPE_CHECKING:
    from derive.saddle.free_entropy import FreeEntropy
from derive.typesetting.typeset import Typeset

__all__ = ["Spinodal", "spinodal"]


@dataclass(frozen=True)
class Spinodal(Typeset):
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
    return Spinodal(
        unknowns=(*free_entropy.unknowns, field),
        parameters=tuple(p for p in free_entropy.parameters if p != field),
        system=(*free_entropy.residuals, free_entropy.inverse_response_determinant),
        solutions=_solutions(free_entropy, field),
    )


def _solutions(free_entropy: FreeEntropy, field: Expr) -> tuple[dict[Expr, Expr], ...]:
    """Solve the condition for the one unknown left, then its saddle equation for the field."""
    reduced, removed = _down_to_one(free_entropy)
    condition = reduced.inverse_response_determinant
    if len(reduced.unknowns) != 1 or condition.has(field):
        return ()
    (unknown,) = reduced.unknowns
    try:
        (strength,) = solve_for(reduced.residuals[0], field)
        ends = solve_for(condition, unknown)
    except (NotInvertible, ValueError):
        return ()
    found = []
    for end in ends:
        solution = {unknown: end, field: strength.subs(unknown, end)}
        for other, value in removed:
            solution[other] = value.subs(solution)
        found.append(solution)
    return tuple(found)


def _down_to_one(free_entropy: FreeEntropy) -> tuple[FreeEntropy, list[tuple[Expr, Expr]]]:
    """Put in the saddle values of unknowns that others give, imaginary fields first."""
    removed: list[tuple[Expr, Expr]] = []
    while len(free_entropy.unknowns) > 1 and free_entropy.natural_form is not None:
        pairs = zip(free_entropy.unknowns, free_entropy.natural_form.updates, strict=True)
        given = [(u, value) for u, value in pairs if not value.has(u)]
        if not given:
            break
        signs = dict(zip(free_entropy.unknowns, free_entropy.signs, strict=True))
        unknown, value = min(given, key=lambda pair: signs[pair[0]])
        free_entropy = free_entropy.on_shell(unknown)
        removed.insert(0, (unknown, value))
    return free_entropy, removed
