"""The verb `solve`: all branches of a problem over a batch of parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from numerics.problem.errors import ProblemError
from numerics.problem.given import as_equations, bind
from numerics.problem.roots import Roots
from numerics.problem.status import Status
from numerics.problem.system import System
from numerics.solution import Solution
from numerics.solvers.compiled import backend_for
from numerics.solvers.ends import driven_to_ends
from numerics.solvers.find import find
from numerics.solvers.loop import Solver, State
from numerics.solvers.roots import least_of_each
from numerics.solvers.starts import Starts

__all__ = ["assemble", "build", "solve"]


def solve(
    problem: Any,
    *,
    method: str | Solver = "auto",
    starts: Starts = None,
    branches: str = "all",
    tol: float = 1e-10,
    max_steps: int | None = None,
    backend: str = "numpy",
    **parameters: Any,
) -> Solution:
    """Solve the equations of a problem at every point of a batch of parameters.

    One unknown is searched on a grid over its bounds, every change of sign bisected to a root;
    several unknowns from a Sobol sequence in the box of their bounds, raw and settled by a few
    fixed-point steps. Each root is polished by Newton steps to its rounding floor and given an
    error estimate. No finite search proves that there is no further root: bounds that are tight
    and more `starts` help.

    Equations with Gaussian averages are solved inside of their domain, with steps that shrink with
    the distance from its singular ends: an overlap of 1 - 1e-8 is resolved. Of a thousand points or
    more a coarse part is searched, and its branches start the others; a branch that none of these
    neighbours has is missed. Where the equations drive an unknown to a singular end, as an overlap
    to 1 above capacity, the status is `Status.AT_END` and `Solution.best` gives the limit.

    More than a few hundred unknowns are solved without a matrix over them: by fixed-point steps for
    the whole batch at once, from near either end of the diagonal of the box, its middle and some
    random states in it. Couplings of mixed sign have exponentially many solutions, of which
    these find a few.

    Parameters
    ----------
    problem : Equations, or anything with ``.equations()``
        What is solved.
    method : {"auto", "newton", "fixed_point"} or a solver
        How. A solver is `Newton`, `NewtonKrylov`, `DampedFixedPoint` or `AndersonFixedPoint` with
        settings of your own. Of many unknowns, "auto" is `AndersonFixedPoint` where the equations
        have a fixed-point form, and "newton" is `NewtonKrylov`.
    starts : int, mapping or Solution, optional
        The number of starting points; or their values for each unknown, of shape ``()``, ``(k,)``
        for k starts of a scalar, ``(n,)`` or ``(k, n)`` of a vector; or an earlier solution, whose
        branches are the starts, point by point if the batch has as many points.
    branches : {"all", "stable", "dominant"}
        Which roots are kept. Stable ones include marginal ones.
    tol : float
        The error estimate, relative to max(1, |x|), within which a root counts as converged.
    max_steps : int, optional
        Steps allowed for each start; by default what the solver allows.
    backend : {"numpy", "numba", "auto"}
        ``"numba"`` compiles the equations to machine code, which takes some seconds at first and
        less from the cache on disk; up to eight scalar unknowns are iterated in there as well.
        ``"auto"`` does so for a thousand points or more, where numba is installed.
    **parameters
        A number or array for each parameter; shapes are broadcast against each other. Arrays of
        elements such as ``w[i, j]`` carry their own axes last.

    Returns
    -------
    Solution
        Branches, their status, stability, potential, residual and error estimate.

    Raises
    ------
    ProblemError
        If the equations lack what the call needs.
    NumericsError
        For parameters that are missing, unknown, complex, not finite, out of their domain, or of
        shapes that do not broadcast; the message names the parameter.

    Notes
    -----
    A point without a root keeps the best point that was met, its residual and a status that says
    what went wrong; see `Solution.best`.

    Examples
    --------
    >>> from sympy import symbols, tanh
    >>> from derive.equations import Equations
    >>> m = symbols("m", real=True)
    >>> beta = symbols("beta", positive=True)
    >>> magnet = Equations((m,), (beta,), (), update=(tanh(beta * m),), bounds=((-1, 1),))
    >>> solution = solve(magnet, beta=[0.5, 1.5])
    >>> solution.count.tolist()
    [1, 3]
    >>> float(solution["m"][1, 2].round(12))
    0.85855963664
    """
    if branches not in ("all", "stable", "dominant"):
        raise ProblemError(f"branches is {branches!r}: choose 'all', 'stable' or 'dominant'")
    equations = as_equations(problem)
    given = bind(equations, parameters)
    system = System(equations, given, backend_for(backend, given))
    found = assemble(system, *find(system, method, starts, tol, max_steps))
    return found if branches == "all" else found.only(branches)


def assemble(system: System, roots: Roots, ended: State | None = None) -> Solution:
    """Put roots, sorted by batch point, into slots in their order; unused slots are masked."""
    counts = np.bincount(roots.rows, minlength=system.given.points)
    slot = np.arange(len(roots.rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    return build(system, roots, slot, ended)


def build(system: System, roots: Roots, slot: np.ndarray, ended: State | None) -> Solution:
    """A solution with each root in the slot given."""
    best, best_residual, status = _best(system, ended)
    status[roots.rows] = Status.CONVERGED
    status[roots.rows[roots.status == Status.MARGINAL]] = Status.MARGINAL
    lost = np.nonzero(status > Status.MARGINAL)[0]
    limit = driven_to_ends(system, lost, ended)
    driven = np.isfinite(limit).all(axis=1)
    status[lost[driven]], best[lost[driven]] = Status.AT_END, limit[driven]
    return Solution(system, roots, slot, status, best, best_residual)


def _best(system: System, ended: State | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Per batch point: the state of least residual that was met, that residual, how it ended."""
    points = system.given.points
    best = np.full((points, system.n), np.nan)
    residual = np.full(points, np.inf)
    status = np.full(points, int(Status.NO_BRANCH))
    if ended is None or not len(ended.x):
        return best, residual, status
    size = np.abs(ended.residual).max(axis=1)
    size = np.where(np.isfinite(size), size, np.inf)
    chosen = least_of_each(ended.rows, size)
    at = ended.rows[chosen]
    best[at], residual[at] = ended.x[chosen], size[chosen]
    # An iteration that ended well at what is no zero of the residuals has only stalled.
    ends = ended.status[chosen]
    status[at] = np.where(ends == Status.CONVERGED, Status.STALLED, ends)
    return best, residual, status
