"""What `solve` returns: branches of a problem over a batch of parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sympy import Expr

from derive.equations import Index, free_indices
from numerics.branches import Branches
from numerics.problem.errors import BranchError, ProblemError
from numerics.problem.given import is_array
from numerics.problem.status import Stability, Status
from numerics.summary import as_html, as_text

__all__ = ["Solution"]


@dataclass(frozen=True, repr=False, eq=False)
class Solution(Branches):
    """Branches of a problem over a batch of parameters; immutable, and it survives pickle.

    Every quantity has the batch axes first and then one branch axis. Slots without a branch are
    masked, so that nothing is read where there is no answer. Branches of a point are sorted by
    their unknowns, ascending, unless `continue_branch` gave each slot an identity of its own.

    Attributes
    ----------
    shape : tuple of int
        The batch shape: the parameters' shapes broadcast against each other.
    count, status : ndarray (batch)
        The number of branches, and a `Status` for each point.
    exists : ndarray of bool (batch, branch)
        Which slots hold a branch.
    potential, residual, error : masked ndarray (batch, branch)
        Free-entropy density, largest residual, and an estimate of the error of the unknowns: the
        rounding of the residuals carried through the inverse Jacobian, or, where that is nearly
        singular, how far the residual stays zero within rounding.
    stable : masked ndarray of bool (batch, branch)
        Whether the potential is maximal there beyond rounding; `stability` tells marginal ones.

    Examples
    --------
    >>> from sympy import symbols, tanh
    >>> from derive.equations import Equations
    >>> from numerics.solvers import solve
    >>> m, x = symbols("m x", real=True)
    >>> line = Equations((m,), (x,), (), residuals=(m - tanh(x),), observables=(("twice", 2 * m),))
    >>> solution = solve(line, x=[0.0, 1.0])
    >>> solution
    Solution of 2 points, 1 branch at most
      unknowns    m
      parameters  x (2)
      status      2 converged
    >>> solution.observable("twice").round(3).tolist()
    [[0.0], [1.523]]
    """

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

    @property
    def exists(self) -> np.ndarray:
        return self._batch(self.present)

    @property
    def count(self) -> np.ndarray:
        return self._batch(self.present.sum(axis=1))

    @property
    def status(self) -> np.ndarray:
        return self._batch(self.point_status)

    @property
    def branch_status(self) -> np.ndarray:
        """A `Status` for each slot (batch, branch)."""
        return self._batch(self.slot_status)

    @property
    def stability(self) -> np.ma.MaskedArray:
        """A `Stability` for each branch (batch, branch)."""
        return self._masked(self.places)

    @property
    def stable(self) -> np.ma.MaskedArray:
        return self._masked(self.places == Stability.STABLE)

    @property
    def potential(self) -> np.ma.MaskedArray:
        return self._masked(self.potentials)

    @property
    def residual(self) -> np.ma.MaskedArray:
        return self._masked(self.residuals)

    @property
    def error(self) -> np.ma.MaskedArray:
        return self._masked(self.errors)

    @property
    def branches(self) -> dict[str, np.ma.MaskedArray]:
        """Name of each unknown to its values on the branches."""
        return {name: self[name] for name in self.unknowns}

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

    def dominant(self, name: str | Expr, missing: float | None = None) -> np.ndarray:
        """An unknown, an observable or ``"potential"`` on the dominant branch of every point.

        The dominant branch is the stable (or marginal) one of largest potential. Of branches that
        tie within rounding, as +m and -m without a field, it is the last one in their order.

        Parameters
        ----------
        name : str or Expr
            What is asked for.
        missing : float, optional
            What stands where no branch is stable.

        Returns
        -------
        ndarray (batch)

        Raises
        ------
        BranchError
            If a point has no stable branch and `missing` is not given.
        ProblemError
            If the equations have no potential to rank the branches by.
        """
        slot = self.dominant_slot()
        if missing is None and (slot < 0).any():
            raise BranchError(self._no_branch(int(np.argmax(slot < 0))))
        values = self._flat(name)[np.arange(len(slot)), slot]
        absent = (slot < 0).reshape(-1, *(1,) * (values.ndim - 1))
        return self._batch(np.where(absent, np.nan if missing is None else missing, values))

    @property
    def coexisting(self) -> np.ndarray:
        """The number of stable branches that share the largest potential within rounding."""
        return self._batch(self.leading().sum(axis=1))

    def only(self, branches: str) -> Solution:
        """The same solution with its ``"stable"`` (and marginal) or its ``"dominant"`` branches."""
        keep = self.candidates()
        if branches == "dominant":
            keep = np.arange(keep.shape[1]) == self.dominant_slot()[:, None]
        return self.kept(keep)

    def best(self, name: str) -> np.ndarray:
        """The state of least residual that the search met, an answer only where status says so."""
        return self._batch(self._component(self.best_states, name))

    @property
    def best_residual(self) -> np.ndarray:
        """The largest residual at `best`; infinite where nothing finite was met."""
        return self._batch(self.best_residuals)

    def sentence(self, *index: int) -> str:
        """What happened at one point of the batch, in words."""
        flat = int(np.ravel_multi_index(index, self.shape)) if self.shape else 0
        return Status(int(self.point_status[flat])).sentence

    def to_xarray(self) -> Any:
        """An `xarray.Dataset` with the parameters as coordinates.

        Raises
        ------
        ImportError
            If xarray is not installed; the message names the extra that brings it.
        """
        from numerics.labelled import to_xarray

        return to_xarray(self)

    def plot(self, x: str | None = None, y: str | Expr | None = None, **options: Any) -> Any:
        """Draw a quantity against a parameter; see `numerics.plot.plot`."""
        from numerics.plot import plot

        return plot(self, x, y, **options)

    def __repr__(self) -> str:
        return as_text(self)

    def _repr_html_(self) -> str:
        return as_html(self)

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

    def _no_branch(self, flat: int) -> str:
        index = tuple(int(k) for k in np.unravel_index(flat, self.shape or (1,)))
        at = ", ".join(
            f"{name}={np.broadcast_to(value, self.shape)[index if self.shape else ()]:.6g}"
            for name, value in self.parameters.items()
            if self.system.given.core[name] == 0
        )
        reason = Status(int(self.point_status[flat])).sentence
        if self.present[flat].any():
            reason = "none of the branches there is stable"
        return f"no dominant branch at {at}: {reason}; pass missing=... to fill such points"

    def _batch(self, flat: np.ndarray) -> np.ndarray:
        return flat.reshape((*self.shape, *flat.shape[1:]))

    def _masked(self, flat: np.ndarray) -> np.ma.MaskedArray:
        axes = (1,) * (flat.ndim - 2)
        absent = np.broadcast_to(~self.present.reshape(*self.present.shape, *axes), flat.shape)
        hidden = absent | np.isnan(flat)
        return np.ma.MaskedArray(self._batch(flat), self._batch(hidden))
