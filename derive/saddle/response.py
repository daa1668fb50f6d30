"""Implicit differentiation: how a stationary point moves with the parameters.

On shell ``u = G(u, p)``, so that ``(1 - G_u) du/dp = G_p``; without a natural form
``-phi_uu du/dp = phi_up``.  Total derivatives of any observable follow by the chain rule, to any
order, because each result is again an expression in unknowns and parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sympy import Add, Expr, Matrix, eye

from derive.errors import DeriveError
from derive.saddle.linear import determinant, solve_linear
from derive.saddle.stationarity import NaturalForm, compact, tidy

__all__ = ["Linearisation"]


@dataclass(frozen=True)
class Linearisation:
    """The linear system that every response solves.

    Attributes
    ----------
    unknowns : tuple of Expr
        What responds.
    matrix : Matrix
        ``1 - G_u``, or minus the Hessian: the inverse response up to a factor.
    rows : tuple of Expr
        G, or the gradient: what is differentiated by a parameter for the right-hand side.
    natural : NaturalForm or None
        The saddle equations solved for the unknowns.
    """

    unknowns: tuple[Expr, ...]
    matrix: Matrix
    rows: tuple[Expr, ...]
    natural: NaturalForm | None

    @staticmethod
    def of(
        unknowns: Sequence[Expr], gradient: Sequence[Expr], natural: NaturalForm | None
    ) -> Linearisation:
        """Build the system from the natural form where there is one, else from the gradient."""
        unknowns = tuple(unknowns)
        if natural is None:
            rows = tuple(gradient)
            matrix = -Matrix([[row.diff(u) for u in unknowns] for row in rows])
        else:
            rows = natural.updates
            jacobian = Matrix([[row.diff(u) for u in unknowns] for row in rows])
            matrix = eye(len(unknowns)) - jacobian.applyfunc(natural.on_shell)
        return Linearisation(unknowns, matrix, rows, natural)

    def on_shell(self, expr: Expr) -> Expr:
        """Use the saddle equations to write an expression in the unknowns."""
        return self.natural.on_shell(expr) if self.natural else expr

    @property
    def inverse_response(self) -> Expr:
        """The determinant whose zero is a singular response."""
        return determinant(self.matrix)

    def response(self, parameter: Expr) -> dict[Expr, Expr]:
        """d unknown / d parameter for every unknown.

        Raises
        ------
        DeriveError
            If the linear system is singular whatever the parameters.
        """
        rhs = Matrix([self.on_shell(row.diff(parameter)) for row in self.rows])
        try:
            solution = solve_linear(self.matrix, rhs)
        except DeriveError:
            raise DeriveError(
                f"the Hessian over {list(self.unknowns)} is singular for all parameters: a "
                "direction is flat; eliminate or fix one of these unknowns first"
            ) from None
        return dict(zip(self.unknowns, solution, strict=True))

    def total_derivative(self, expr: Expr, *parameters: Expr) -> Expr:
        """Differentiate along the stationary point by each parameter in turn."""
        for parameter in parameters:
            explicit = self._slope(expr, parameter)
            slopes = {u: self._slope(expr, u) for u in self.unknowns}
            moving = {u: slope for u, slope in slopes.items() if slope != 0}
            if moving:
                response = self.response(parameter)
                explicit = Add(explicit, *(slope * response[u] for u, slope in moving.items()))
            expr = self.on_shell(compact(explicit))
        return expr

    def _slope(self, expr: Expr, variable: Expr) -> Expr:
        """A partial derivative, on shell: that of f by an unknown vanishes there."""
        return self.on_shell(tidy(expr.diff(variable), self.unknowns))
