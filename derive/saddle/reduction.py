"""Lyapunov-Schmidt reduction: a free entropy of several unknowns, as a series in the critical one.

One coordinate x of the critical direction is kept; the other unknowns are solved from their own
stationarity order by order in x, which needs only that their block of the Hessian be regular.

The coefficients found on the way keep names, and later ones are expressed by earlier ones: written
out, they would grow beyond what can be read or cancelled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sympy import Add, Dummy, Expr, Matrix, S

from derive.saddle.linear import determinant, solve_linear, vanishes
from derive.saddle.series import Series, along_curve, neat, value_at

__all__ = ["Curve", "evaluated", "reduce_to"]


@dataclass(frozen=True)
class Curve:
    """The unknowns as series in the deviation of one of them from the symmetric point.

    Attributes
    ----------
    coordinate : Expr
        The unknown that is kept.
    series : dict
        For each unknown its coefficients, by name where they are not zero.
    definitions : tuple of (Dummy, Expr)
        The named coefficients, each in terms of earlier ones and the parameters.
    order : int
        The last power kept.
    regularity : Expr
        The Hessian determinant of the other unknowns: where it vanishes, one coordinate is not
        enough.
    """

    coordinate: Expr
    series: dict[Expr, Series]
    definitions: tuple[tuple[Expr, Expr], ...]
    order: int
    regularity: Expr = S.One

    def expand(self, expr: Expr) -> Series:
        """The coefficients of an expression of the unknowns, in the named coefficients."""
        return along_curve(expr, self.series, self.order)

    def written_out(self, expr: Expr) -> Expr:
        """An expression with the named coefficients replaced by what they stand for."""
        for name, definition in reversed(self.definitions):
            expr = expr.xreplace({name: definition})
        return neat(expr)

    def names_at(self, values: dict[Expr, Expr]) -> dict[Expr, Expr]:
        """The named coefficients at given values of the parameters."""
        known: dict[Expr, Expr] = {}
        for name, definition in self.definitions:
            known[name] = neat(definition.subs(values).xreplace(known))
        return known

    def derivative(self, expr: Expr, parameter: Expr) -> Expr:
        """The derivative by a parameter, through the named coefficients too."""
        slopes: dict[Expr, Expr] = {}
        for name, definition in self.definitions:
            slopes[name] = _chain(definition, parameter, slopes)
        return _chain(expr, parameter, slopes)


def evaluated(expr: Expr, values: dict[Expr, Expr], names: dict[Expr, Expr]) -> Expr:
    """An expression at given values; exactly zero if it vanishes there."""
    value = neat(expr.subs(values).xreplace(names))
    return S.Zero if vanishes(value) else value


def _chain(expr: Expr, parameter: Expr, slopes: dict[Expr, Expr]) -> Expr:
    through = (expr.diff(name) * slope for name, slope in slopes.items() if expr.has(name))
    return Add(expr.diff(parameter), *through)


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
        If the other unknowns are degenerate for all parameters.
    """
    others = [u for u in unknowns if u != coordinate]
    rows = [row for u, row in zip(unknowns, gradient, strict=True) if u != coordinate]
    series = {u: [point[u], *(S.Zero,) * order] for u in unknowns}
    series[coordinate][1:2] = [S.One]
    definitions: list[tuple[Expr, Expr]] = []
    block = Matrix([[value_at(row.diff(u), point) for u in others] for row in rows])
    for k in range(1, order if others else 1):  # phi to `order` needs the others one order less
        unbalanced = [along_curve(row, series, k)[k] for row in rows]
        if not any(unbalanced):
            continue
        step = solve_linear(block, -Matrix(unbalanced))
        for u, value in zip(others, step, strict=True):
            if value != 0:
                series[u][k] = Dummy(f"{u}_{k}")
                definitions.append((series[u][k], value))
    return Curve(coordinate, series, tuple(definitions), order, determinant(block))
