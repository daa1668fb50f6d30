"""Newton's method from products of the Jacobian with vectors, for many unknowns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from numerics.problem.operator import Operator
from numerics.problem.status import Status
from numerics.problem.system import System
from numerics.solvers.krylov import blocks_of, solved
from numerics.solvers.loop import State
from numerics.solvers.newton import judged

__all__ = ["NewtonKrylov", "inexact_direction"]


@dataclass(frozen=True)
class NewtonKrylov:
    """Newton steps whose linear systems are solved by GMRES; no matrix is formed.

    A step is accepted if the residual falls (Armijo's rule); otherwise the row tries a quarter of
    it. Steps are exact enough for quadratic convergence only in the end: the linear systems are
    solved to `forcing` (Dembo, Eisenstat and Steihaug, SIAM J. Numer. Anal. 19, 400 (1982)).

    Parameters
    ----------
    tol : float
        The step, relative to max(1, |x|), below which a row has converged.
    max_steps : int
        Steps allowed, tries included.
    forcing : float
        The relative residual to which linear systems are solved.
    products : int
        Products of the Jacobian with a vector for one step, at most.
    smallest, runaway
        As of `Newton`.

    Examples
    --------
    >>> from numerics.solvers import NewtonKrylov
    >>> NewtonKrylov(products=20).products
    20
    """

    tol: float = 1e-12
    max_steps: int = 60
    forcing: float = 1e-4
    products: int = 60
    smallest: float = 1e-6
    runaway: float = 1e12

    def start(self, system: System, x: np.ndarray, rows: np.ndarray) -> State:
        """Residual and first step at the starting points."""
        residual = system.residual(x, rows)
        direction = self._direction(system, x, rows, residual)
        status = judged(x, residual, direction, self.tol, self.runaway)
        none = np.zeros((len(x), 0, 0))
        return State(x.copy(), residual, none, direction, np.ones(len(x)), status, rows)

    def step(self, system: System, state: State) -> State:
        """Try each row's step; accept it, or shorten it for the next try."""
        trial = state.x + state.fraction[:, None] * state.direction
        residual = system.residual(trial, state.rows)
        with np.errstate(all="ignore"):
            bound = (1 - 1e-4 * state.fraction) * np.linalg.norm(state.residual, axis=1)
            accept = np.linalg.norm(residual, axis=1) <= bound
        x = np.where(accept[:, None], trial, state.x)
        residual = np.where(accept[:, None], residual, state.residual)
        direction = state.direction.copy()
        where = (x[accept], state.rows[accept], residual[accept])
        direction[accept] = self._direction(system, *where)
        fraction = np.where(accept, np.minimum(1, 4 * state.fraction), state.fraction / 4)
        status = np.where(
            accept, judged(x, residual, direction, self.tol, self.runaway), Status.RUNNING
        )
        status = np.where(fraction < self.smallest, Status.STALLED, status)
        return State(x, residual, state.jacobian, direction, fraction, status, state.rows)

    def _direction(
        self, system: System, x: np.ndarray, rows: np.ndarray, residual: np.ndarray
    ) -> np.ndarray:
        return inexact_direction(system, x, rows, residual, self.forcing, self.products)


def inexact_direction(
    system: System,
    x: np.ndarray,
    rows: np.ndarray,
    residual: np.ndarray,
    tol: float,
    products: int,
) -> np.ndarray:
    """Solve ``jacobian @ direction = -residual`` row by row, as far as the products go."""
    direction = np.zeros_like(x)
    usable = np.nonzero(np.isfinite(residual).all(axis=1) & (residual != 0).any(axis=1))[0]
    for part in blocks_of(len(usable), x.shape[1], products):
        here = usable[part]
        operator = Operator(system, x[here], rows[here])
        direction[here] = solved(operator.jacobian, -residual[here], tol, products).x
    return direction
