"""Newton's method with the derived Jacobian, its steps shortened until they make progress."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from numerics.native.iterations import rules
from numerics.problem.status import Status
from numerics.problem.system import System
from numerics.solvers.loop import State

__all__ = ["Newton", "judged", "newton_direction"]


@dataclass(frozen=True)
class Newton:
    """Newton steps, each shortened until it makes progress.

    One step is one evaluation of residual and Jacobian at the trial point of every row. It is
    accepted if the residual falls (Armijo's rule), or if the next step by the old Jacobian would be
    shorter, which does not depend on how the residuals are scaled (Deuflhard, Newton Methods for
    Nonlinear Problems, 2004); otherwise the row tries a quarter of the step next time.

    Parameters
    ----------
    tol : float
        The Newton step, relative to max(1, |x|), below which a row has converged.
    max_steps : int
        Evaluations allowed.
    smallest : float
        The fraction of a Newton step below which a row is stalled.
    runaway : float
        A component beyond this has diverged.

    Examples
    --------
    >>> from numerics.solvers import Newton
    >>> Newton(max_steps=30).max_steps
    30
    """

    tol: float = 1e-12
    max_steps: int = 200
    smallest: float = 1e-9
    runaway: float = 1e12

    def start(self, system: System, x: np.ndarray, rows: np.ndarray) -> State:
        """Residual and first Newton step at the starting points."""
        residual, jacobian = system.linear(x, rows)
        direction = newton_direction(residual, jacobian)
        status = judged(x, residual, direction, self.tol, self.runaway)
        return State(x.copy(), residual, jacobian, direction, np.ones(len(x)), status, rows)

    def step(self, system: System, state: State) -> State:
        """Try each row's step; accept it, or shorten it for the next try."""
        step = state.fraction[:, None] * state.direction
        trial = system.moved(state.x, step, state.rows)
        residual, jacobian = system.linear(trial, state.rows)
        accept = _shorter(residual, state.residual, state.fraction)
        if system.n > 1 and not accept.all():
            worse = ~accept
            next_step = newton_direction(residual[worse], state.jacobian[worse])
            accept[worse] = _shorter(next_step, state.direction[worse], state.fraction[worse])
        x = np.where(accept[:, None], trial, state.x)
        residual = np.where(accept[:, None], residual, state.residual)
        jacobian = np.where(accept[:, None, None], jacobian, state.jacobian)
        direction = state.direction.copy()
        direction[accept] = newton_direction(residual[accept], jacobian[accept])
        fraction = rules.longer_or_shorter(accept, state.fraction)
        status = np.where(
            accept, judged(x, residual, direction, self.tol, self.runaway), Status.RUNNING
        )
        status = rules.stalled(status, fraction, self.smallest)
        return State(x, residual, jacobian, direction, fraction, status, state.rows)


def judged(
    x: np.ndarray, residual: np.ndarray, direction: np.ndarray, tol: float, runaway: float
) -> np.ndarray:
    """The status of each row from where it stands and the step that it would take next."""
    return np.asarray(
        rules.newton_status(
            zero=(residual == 0).all(axis=1),
            finite=np.isfinite(residual).all(axis=1),
            directed=np.isfinite(direction).all(axis=1),
            far=(np.abs(x) > runaway).any(axis=1),
            small=rules.is_small(direction, x, tol, 1.0).all(axis=1),
        )
    )


def _shorter(after: np.ndarray, before: np.ndarray, fraction: np.ndarray) -> np.ndarray:
    """Whether rows have shrunk, by the little that a step of this fraction promises."""
    with np.errstate(all="ignore"):
        now, then = (np.linalg.norm(vectors, axis=1) for vectors in (after, before))
        return np.asarray(rules.shorter(now, then, fraction))


def newton_direction(residual: np.ndarray, jacobian: np.ndarray) -> np.ndarray:
    """Solve ``jacobian @ direction = -residual`` row by row; not finite where it is singular."""
    with np.errstate(all="ignore"):
        if residual.shape[1] == 1:
            return np.where(residual == 0, 0.0, -residual / jacobian[:, 0])
        direction = np.full_like(residual, np.nan)
        usable = np.isfinite(jacobian).all(axis=(1, 2)) & np.isfinite(residual).all(axis=1)
        try:
            solved = np.linalg.solve(jacobian[usable], -residual[usable, :, None])
        except np.linalg.LinAlgError:  # it does not say which of them is singular
            usable[usable] = np.linalg.slogdet(jacobian[usable])[0] != 0
            solved = np.linalg.solve(jacobian[usable], -residual[usable, :, None])
        direction[usable] = solved[..., 0]
        return direction
