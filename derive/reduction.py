"""Lyapunov-Schmidt reduction: a free entropy of several unknowns, as a series in the critical one.

One coordinate x of the critical direction is kept; the other unknowns are solved from their own
stationarity order by order in x, which needs only that their block of the Hessian be regular.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sympy import Expr, Matrix, S

from derive.errors import DeriveError
from derive.linear import solve_linear
from derive.series import Series, along_curve, cancelled, neat

__all__ = ["Curve", "reduce_to"]


@dataclass(frozen=True)
class Curve:
    """The unknowns as series in the deviation of one of them from the symmetric point."""

    coordinate: Expr
    series: dict[Expr, Series]
    order: int

    def expand(self, expr: Expr) -> Series:
        """The coefficients of an expression of the unknowns along the curve."""
        return [neat(c) for c in along_curve(expr, self.series, self.order)]


def reduce_to(
    coordinate: Expr,
    unknowns: Sequence[Expr],
    gradient: Sequence[Expr],
    point: dict[Expr, Expr],
    order: int,
) -> Curve:
    """Solve all unknowns but one as series in its deviation.

    Parameters
    ----------
    coordinate : Expr
        The unknown that is kept.
    unknowns, gradient : sequence of Expr
        All unknowns and the derivatives of phi by them.
    point : dict
        The symmetric point.
    order : int
        The last power kept.

    Raises
    ------
    DeriveError
        If the other unknowns are degenerate too.
    """
    others = [u for u in unknowns if u != coordinate]
    rows = [row for u, row in zip(unknowns, gradient, strict=True) if u != coordinate]
    series = {u: [point[u], *(S.Zero,) * order] for u in unknowns}
    series[coordinate][1:2] = [S.One]
    if not others:
        return Curve(coordinate, series, order)
    block = Matrix([[row.diff(u).subs(point) for u in others] for row in rows])
    for k in range(1, order):  # phi to order `order` needs the others one order less
        unbalanced = [along_curve(row, series, k)[k] for row in rows]
        if not any(unbalanced):
            continue
        try:
            step = solve_linear(block, -Matrix(unbalanced))
        except DeriveError:
            raise DeriveError(
                f"besides {coordinate}, a direction of {others} is critical at the same point: one "
                "order parameter is not enough; set them equal or opposite by substitution first"
            ) from None
        for u, value in zip(others, step, strict=True):
            series[u][k] = cancelled(value)
    return Curve(coordinate, series, order)
