"""Trajectories by SciPy's integrators, one after the other."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from numerics.flow.endings import Ending
from numerics.flow.field import Field, Refusal
from numerics.flow.runs import Runs, Settings
from numerics.flow.stiff import jacobian

__all__ = ["METHODS", "run_with_scipy"]

METHODS = ("DOP853", "RK45", "RK23", "LSODA", "BDF", "Radau")  # as SciPy calls them
WITH_JACOBIAN = ("BDF", "Radau")  # LSODA takes few steps with one


def run_with_scipy(field: Field, times: np.ndarray, settings: Settings) -> Runs:
    """Integrate every trajectory of a batch with its own step size."""
    runs = Runs.empty(field.starts, times)
    for row in range(field.given.points):
        _run(field, row, times, settings, runs)
    return runs


def _run(field: Field, row: int, times: np.ndarray, settings: Settings, runs: Runs) -> None:
    refusal = Refusal()
    derivative = field.derivative(row, refusal)
    runs.states[row, 0] = field.starts[row]
    if not np.isfinite(derivative(times[0], field.starts[row])).all():
        runs.endings[row] = _reason(refusal)
        return
    extra: dict[str, Any] = {}
    if settings.method in WITH_JACOBIAN:
        extra["jac"] = jacobian(field, row)
    from scipy import integrate  # a tenth of a second that only flows need

    solver = getattr(integrate, settings.method)(
        derivative,
        times[0],
        field.starts[row],
        times[-1],
        rtol=settings.rtol,
        atol=settings.atol,
        **extra,
    )
    saved = 1
    while solver.status == "running" and runs.steps[row] < settings.max_steps:
        refusal.clear()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # LSODA's own words; its status tells the same
            solver.step()
        if solver.status == "failed" or not np.isfinite(solver.y).all():
            break
        saved = _save(solver, times, saved, runs.states[row])
        runs.steps[row] += 1
        runs.last_times[row], runs.last_states[row] = solver.t, solver.y
    runs.evaluations[row] = solver.nfev
    runs.endings[row] = _ending(solver, refusal)


def _save(solver: Any, times: np.ndarray, saved: int, states: np.ndarray) -> int:
    """Values at the times that the last step went over, by the method's interpolant."""
    passed = int(np.searchsorted(times, solver.t, side="right"))
    if passed > saved:
        states[saved:passed] = solver.dense_output()(times[saved:passed]).T
    return passed


def _ending(solver: Any, refusal: Refusal) -> Ending:
    if solver.status == "finished":
        return Ending.COMPLETED
    if solver.status == "running" and np.isfinite(solver.y).all():
        return Ending.MAX_STEPS
    return _reason(refusal)


def _reason(refusal: Refusal) -> Ending:
    if refusal.outside:
        return Ending.LEFT_DOMAIN
    return Ending.NOT_FINITE if refusal.not_finite else Ending.STEP_UNDERFLOW
