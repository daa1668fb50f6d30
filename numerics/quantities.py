"""Quantities on branches: unknowns, observables, and how they move with a parameter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sympy import Expr

from derive.equations import Index, free_indices
from numerics.branches import Branches
from numerics.problem.errors import ProblemError
from numerics.problem.given import is_array

__all__ = ["Quantities"]


@dataclass(frozen=True, repr=False, eq=False)
class Quantities(Branches):
    """Branches with the batch axes of the parameters, and what is read on them."""

    @property
    def shape(self) -> tuple[int, ...]:
        return self.system.given.shape

    @property
    def unknowns(self) -> tuple[str, ...]:
        """The names of the unknowns."""
        return tuple(unknown.name for unknown in self.system.equations.unknowns)

    @property
    def parameters(self) -> dict[str, np.ndarray]:
        """The parameters, as they were given."""
        return dict(self.system.given.values)

    def __getitem__(self, name: str) -> np.ma.MaskedArray:
        """An unknown on every branch ``(batch, branch)``, a vector with its own axis last."""
        return self._masked(self._component(self.states, name))

    def observable(self, observable: str | Expr) -> np.ma.MaskedArray:
        """An observable of the equations, or an expression of your own, on every branch.

        Values that are not a number are masked; an infinite one, such as the susceptibility at a
        critical point, stays infinite.

        Raises
        ------
        ProblemError
            If the equations have no observable of this name.
        """
        return self._masked(self._observable(observable))

    def quantity(self, name: str | Expr) -> np.ma.MaskedArray:
        """An unknown, an observable, ``"potential"`` or ``"error"`` on every branch."""
        return self._masked(self._flat(name))

    def response(self, parameter: str) -> dict[str, np.ma.MaskedArray]:
        """The derivative of each unknown by a scalar parameter along every branch.

        Where the Jacobian is singular within rounding, as at a critical point or a fold, components
        that diverge are infinite and the others masked.

        Parameters
        ----------
        parameter : str
            The name of a scalar parameter, such as a field ``h`` that acts on every unit.

        Returns
        -------
        dict
            Name of each unknown to its derivative ``(batch, branch)``, of a vector with its own
            axis last.

        Raises
        ------
        UnknownParameterError
            If the problem has no such scalar parameter.

        Examples
        --------
        >>> from sympy import symbols, tanh
        >>> from derive.equations import Equations
        >>> from numerics.solvers import solve
        >>> m, h = symbols("m h", real=True)
        >>> spin = Equations((m,), (h,), (), update=(tanh(h),))
        >>> solve(spin, h=[0.0, 1.0]).response("h")["m"].round(6).tolist()
        [[1.0], [0.419974]]
        """
        from numerics.response import tangents

        states = self._spread(tangents(self.system, self.roots, parameter).values, np.nan)
        return {name: self._masked(self._component(states, name)) for name in self.unknowns}

    def derivative(self, observable: str | Expr, parameter: str) -> np.ma.MaskedArray:
        """The total derivative of an observable by a scalar parameter along every branch.

        Its explicit part included. Infinite where the branch is singular and the observable
        diverges with it; masked where that cannot be told.

        Parameters
        ----------
        observable : str or Expr
            As of `observable`, or the name of an unknown.
        parameter : str
            The name of a scalar parameter.

        Raises
        ------
        ProblemError, UnknownParameterError
            If there is no such observable, or no such scalar parameter.
        """
        from numerics.response import derivative

        if isinstance(observable, str) and observable in self.unknowns:
            return self.response(parameter)[observable]
        expression = self._expression(observable)
        return self._masked(
            self._spread(derivative(self.system, self.roots, expression, parameter), np.nan)
        )

    def susceptibility(self, field: str = "h") -> np.ma.MaskedArray:
        """The derivative of the observable ``"magnetisation"`` by its field, on every branch.

        Raises
        ------
        ProblemError
            If the equations have no observable of that name.
        """
        return self.derivative("magnetisation", field)

    def _flat(self, name: str | Expr) -> np.ndarray:
        if isinstance(name, str) and name in self.unknowns:
            return self._component(self.states, name)
        if name == "potential":
            return self.potentials
        if name == "error":
            return self.errors
        return self._observable(name)

    def _component(self, states: np.ndarray, name: str) -> np.ndarray:
        if name not in self.unknowns:
            raise ProblemError(f"there is no unknown {name}: there are {', '.join(self.unknowns)}")
        which = self.unknowns.index(name)
        columns = self.system.slices[which]
        vector = is_array(self.system.equations.unknowns[which])
        return states[..., columns] if vector else states[..., columns.start]

    def _observable(self, observable: str | Expr) -> np.ndarray:
        """Values (point, branch, ...), nan where there is no branch."""
        expression = self._expression(observable)
        layout = tuple(sorted(free_indices(expression), key=Index.sort_key))
        point, slot = np.nonzero(self.present)
        values = self.system.evaluate((expression,), [layout], self.states[point, slot], point)[0]
        table = np.full((*self.present.shape, *values.shape[1:]), np.nan)
        table[point, slot] = values
        return table

    def _expression(self, observable: str | Expr) -> Expr:
        if isinstance(observable, Expr):
            return observable
        known = dict(self.system.equations.observables)
        if observable not in known:
            have = ", ".join(known) or "none"
            raise ProblemError(
                f"there is no observable {observable}: there are {have}; an expression of the "
                "unknowns and parameters will do as well"
            )
        return known[observable]

    def _batch(self, flat: np.ndarray) -> np.ndarray:
        return flat.reshape((*self.shape, *flat.shape[1:]))

    def _masked(self, flat: np.ndarray) -> np.ma.MaskedArray:
        axes = (1,) * (flat.ndim - 2)
        absent = np.broadcast_to(~self.present.reshape(*self.present.shape, *axes), flat.shape)
        hidden = absent | np.isnan(flat)
        return np.ma.MaskedArray(self._batch(flat), self._batch(hidden))
