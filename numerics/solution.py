"""What `solve` returns: branches of a problem over a batch of parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sympy import Expr

from numerics.problem.errors import BranchError
from numerics.problem.status import Stability, Status
from numerics.quantities import Quantities
from numerics.summary import as_html, as_text

if TYPE_CHECKING:
    from numerics.refined import Refined
    from numerics.solvers.spinodal import Spinodal

__all__ = ["Solution"]


@dataclass(frozen=True, repr=False, eq=False)
class Solution(Quantities):
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
        singular, how far the residual stays zero within rounding. Of many unknowns solved for by
        `DampedFixedPoint`: what the last change and the rate of the changes leave.
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

    def refined(self, digits: int = 30, **exact: Any) -> Refined:
        """Every root to many digits, by Newton's method in mpmath.

        The reference evaluator walks the expressions themselves and shares no code with the
        compiled functions, so that this checks them too.

        Parameters
        ----------
        digits : int
            How many digits, relative to max(1, |x|).
        **exact
            Parameters whose value is no double, such as ``h="0.05"`` or ``beta=Rational(2, 3)``;
            the doubles that were solved for stand for the others.

        Returns
        -------
        Refined
            Indexed by the names of unknowns; it has `observable`, `residual` and `error`. Branches
            that do not reach the digits, as where the Jacobian is singular, are masked.

        Raises
        ------
        ProblemError
            If there are more unknowns than mpmath can carry.

        Examples
        --------
        >>> from mpmath import nstr
        >>> from sympy import cos, symbols
        >>> from derive.equations import Equations
        >>> from numerics.solvers import solve
        >>> x, a = symbols("x a", real=True)
        >>> fixed = Equations((x,), (a,), (), update=(cos(a * x),), bounds=((0, 1),))
        >>> nstr(solve(fixed, a=1.0).refined(25)["x"][0], 25)
        '0.7390851332151606416553121'
        """
        from numerics.refined import refined

        return refined(self, digits, exact)

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

    def nearest_spinodal(self, parameter: str, *index: int, branch: int | None = None) -> Spinodal:
        """The fold nearest to a point, such as where a branch that is missing there has ended.

        Newton's method on the extended system of `spinodal` starts from the branch, or, at a point
        without one, from the best state that the search met, which lies next to the fold.

        Parameters
        ----------
        parameter : str
            The scalar parameter that may vary; the others stay as they are at the point.
        *index : int
            The point of the batch. Of a solution along one parameter, `branch` alone will do: the
            fold is sought from where that branch ends.
        branch : int, optional
            The slot of a branch; not needed where there is one at most.

        Raises
        ------
        BranchError
            If it is not clear where to start.
        ProblemError
            If there are too many unknowns for a dense method.

        Examples
        --------
        >>> from sympy import symbols
        >>> from derive.equations import Equations
        >>> from numerics.solvers import solve
        >>> x, a = symbols("x a", real=True)
        >>> bay = Equations((x,), (a,), (), residuals=(x**2 - x + a,), bounds=((-1, 1),))
        >>> lost = solve(bay, a=0.3)
        >>> lost.sentence().split(",")[0], round(lost.nearest_spinodal("a").value, 12)
        ('no further step lowers the residual', 0.25)
        """
        from numerics.solvers.nearest import nearest_spinodal

        return nearest_spinodal(self, parameter, index, branch)

    def sentence(self, *index: int) -> str:
        """What happened at one point of the batch, in words."""
        flat = int(np.ravel_multi_index(index, self.shape)) if self.shape else 0
        status = Status(int(self.point_status[flat]))
        return f"{self._beyond(flat)}{status.sentence}"

    def _beyond(self, flat: int) -> str:
        """Which ends of their domain unknowns are driven to: "no solution with q < 1: "."""
        domain = self.system.intervals
        if self.point_status[flat] != Status.AT_END or domain is None:
            return ""
        best, found = self.best_states[flat], []
        for unknown, own in zip(self.system.equations.unknowns, self.system.slices, strict=True):
            for end, sign in ((domain.high[flat], "<"), (domain.low[flat], ">")):
                if (best[own] == end[own]).any():
                    found.append(f"{unknown} {sign} {end[own][0]:g}")
        return f"no solution with {', '.join(found)}: "

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
