"""From ended iterations to roots with error estimates, without a matrix over the unknowns."""

from __future__ import annotations

import numpy as np

from numerics.problem import forms
from numerics.problem.operator import Operator
from numerics.problem.roots import Roots, joined
from numerics.problem.status import Status
from numerics.problem.system import System
from numerics.solvers.krylov import LARGEST_BASIS, blocks_of, solved
from numerics.solvers.loop import State
from numerics.solvers.newton_krylov import inexact_direction
from numerics.solvers.roots import ACCEPT, EPS, NOISE, UNDERFLOW, leaders, reach

__all__ = ["verify"]

NUDGE = 4 * EPS  # relative change of a state that shows how the rounding of its residual follows
STEPS = 8  # Newton steps that polish at most
FEWEST = 40
PRODUCTS = 150  # with the Jacobian, for one polishing step or one error estimate
MEETING = 1e4  # of the last change: starts that ended this close, relatively, go on as one
SAFETY = 4.0  # of an error that was sampled, not bounded


def verify(system: System, ended: State, tol: float) -> Roots:
    """Roots among ended iterations, each with an estimate of its error.

    Where an iteration has contracted, what is left of the way to the root follows from the last
    change and the rate of the changes, ``change / (1 - rate)``. Where that is not within the
    tolerance, or the solver saw no rate, Newton steps by GMRES polish the state to its rounding
    floor; then the error is that of rounding, sent through the inverse Jacobian. What then is no
    zero within rounding is dropped.

    Parameters
    ----------
    system : System
        The equations.
    ended : State
        Ended iterations.
    tol : float
        An error estimate below this, relative to max(1, |x|), counts as converged.
    """
    near = (Status.CONVERGED, Status.STALLED, Status.MAX_STEPS)
    usable = np.isfinite(ended.x).all(axis=1) & np.isin(ended.status, near)
    gain = getattr(ended, "gain", np.full(len(usable), np.inf))[usable]
    x, rows, status = ended.x[usable].copy(), ended.rows[usable], ended.status[usable]
    x[np.abs(x) < UNDERFLOW] = 0.0  # a root at zero is approached until the numbers end
    if not len(x):
        none = np.zeros(0)
        return Roots(x, rows, none, none, x, none.astype(int))
    residual, magnitude = system.residual_and_magnitude(x, rows)
    error = _contracted(system, x, rows, residual, gain)
    scale = np.maximum(1, np.abs(x).max(axis=1))
    certain = error <= tol * scale
    floor = _floor(system, x[~certain], rows[~certain], residual[~certain], magnitude[~certain])
    hopeful = status[~certain] != Status.MAX_STEPS
    hopeful |= (np.abs(residual[~certain]) <= floor[0]).all(axis=1)
    left = np.nonzero(~certain)[0][hopeful]
    close = MEETING * np.maximum(np.abs(residual[left]).max(axis=1, initial=0), EPS * scale[left])
    left = left[leaders(x[left], rows[left], np.abs(residual[left]).max(axis=1, initial=0), close)]
    converged = Roots(
        x=x[certain],
        rows=rows[certain],
        residual=np.abs(residual[certain]).max(axis=1),
        error=error[certain],
        weakest=np.zeros_like(x[certain]),
        status=np.full(int(certain.sum()), int(Status.CONVERGED)),
    )
    return joined(converged, _polished(system, x[left], rows[left], tol))


def _contracted(
    system: System, x: np.ndarray, rows: np.ndarray, residual: np.ndarray, gain: np.ndarray
) -> np.ndarray:
    """The error that a contraction leaves; infinite where none was seen."""
    error = np.full(len(x), np.inf)
    seen = np.nonzero(np.isfinite(gain))[0]
    if not seen.size or not system.equations.update:
        return error
    change = forms.sign_of_changes(system.equations) * residual[seen]
    if not forms.sign_of_changes(system.equations):
        change = system.update(x[seen], rows[seen]) - x[seen]
    there = _nudged(x[seen])
    moved = system.update(there, rows[seen]) - there
    rounding = np.abs(moved - change).max(axis=1)
    error[seen] = gain[seen] * (np.abs(change).max(axis=1) + rounding)
    return error


def _nudged(x: np.ndarray) -> np.ndarray:
    """States at the distance of a few roundings, the same ones every time."""
    return x * (1 + NUDGE * np.random.default_rng(0).choice((-1.0, 1.0), x.shape[1]))


def _floor(
    system: System, x: np.ndarray, rows: np.ndarray, residual: np.ndarray, magnitude: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Below what a residual is zero (rows, n), and how large its rounding is (rows, n)."""
    if not len(x):
        return magnitude, magnitude
    moved = np.abs(system.residual(_nudged(x), rows) - residual).max(axis=1, keepdims=True)
    return ACCEPT * magnitude + ACCEPT / NUDGE * moved, NOISE * magnitude + moved


def _polished(system: System, x: np.ndarray, rows: np.ndarray, tol: float) -> Roots:
    """Newton steps to the rounding floor; what then is no zero within rounding is dropped."""
    active = np.arange(len(x))
    size = np.abs(system.residual(x, rows)).max(axis=1) if len(x) else np.zeros(0)
    for _ in range(STEPS):
        if not active.size:
            break
        residual = system.residual(x[active], rows[active])
        step = inexact_direction(system, x[active], rows[active], residual, 1e-6, _products(x))
        trial = x[active] + step
        trial_size = np.abs(system.residual(trial, rows[active])).max(axis=1)
        better = trial_size < size[active]
        x[active[better]], size[active[better]] = trial[better], trial_size[better]
        short = np.abs(step).max(axis=1) <= NUDGE * np.maximum(1, np.abs(trial).max(axis=1))
        active = active[better & ~short]
    residual, magnitude = system.residual_and_magnitude(x, rows)
    floor, noise = _floor(system, x, rows, residual, magnitude)
    zero = (np.abs(residual) <= floor).all(axis=1) & np.isfinite(size)
    noise = np.maximum(noise, np.abs(residual))
    return _with_errors(system, x[zero], rows[zero], residual[zero], noise[zero], tol)


def _with_errors(
    system: System,
    x: np.ndarray,
    rows: np.ndarray,
    residual: np.ndarray,
    noise: np.ndarray,
    tol: float,
) -> Roots:
    error, weakest, partner = np.zeros(len(x)), np.zeros_like(x), np.zeros_like(x)
    rough = np.nonzero((noise > 0).any(axis=1))[0]
    signs = np.random.default_rng(1).choice((-1.0, 1.0), x.shape[1])
    for part in blocks_of(len(rough), x.shape[1], _products(x)):
        here = rough[part]
        operator = Operator(system, x[here], rows[here])
        sent = solved(operator.jacobian, noise[here] * signs, 1e-2, _products(x))
        weakest[here], partner[here] = sent.weakest, sent.partner
        with np.errstate(all="ignore"):
            along = (np.abs(sent.partner) * noise[here]).sum(axis=1) / sent.least
        sampled = SAFETY * np.abs(sent.x).max(axis=1)
        error[here] = np.maximum(sampled, along * np.abs(sent.weakest).max(axis=1))
    scale = np.maximum(1, np.abs(x).max(axis=1))
    doubtful = np.nonzero(~(error <= 1e-9 * scale))[0]
    if doubtful.size:
        error[doubtful] = reach(
            lambda there: (system.residual(there, rows[doubtful]), 2 * noise[doubtful]),
            *(part[doubtful] for part in (x, weakest, partner)),
        )
    status = np.where(error <= tol * scale, Status.CONVERGED, Status.MARGINAL)
    return Roots(x, rows, np.abs(residual).max(axis=1, initial=0), error, weakest, status)


def _products(x: np.ndarray) -> int:
    """How many products a Krylov space may take, whose vectors are all kept."""
    return int(np.clip(LARGEST_BASIS // x.shape[1], FEWEST, PRODUCTS))
