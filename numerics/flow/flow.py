"""The verb `flow`: order parameters followed in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sympy import Symbol

from numerics.errors import DomainError, NotANumberError, ShapeError
from numerics.flow.choice import chosen_backend
from numerics.flow.door import field_of
from numerics.flow.field import Field
from numerics.flow.runs import Settings
from numerics.flow.scipy_runs import METHODS, run_with_scipy
from numerics.flow.trajectories import Trajectories
from numerics.problem.errors import ProblemError
from numerics.simulation.door import whole

__all__ = ["flow"]

FINEST = 100 * float(np.finfo(float).eps)  # rounding exceeds the error of a step below
COARSEST = 0.1
TIGHTER = 0.01  # tolerances of the integration that tells the error of another


def flow(
    problem: Any,
    times: Sequence[float],
    start: Mapping[Any, Any],
    values: Mapping[Any, Any] | None = None,
    /,
    *,
    method: str = "DOP853",
    rtol: float = 1e-8,
    atol: float = 1e-10,
    max_steps: int = 100_000,
    time: Symbol | None = None,
    estimate_error: bool = False,
    backend: str = "auto",
    **parameters: Any,
) -> Trajectories:
    """Integrate the flow dy/dt = f(y, parameters) of the unknowns of a problem.

    Parameters
    ----------
    problem : Equations, or anything with ``.equations()``
        Unknowns are the state: symbols, and elements such as ``Q[i, k]`` for arrays.  There is one
        expression for each, its derivative by time, under the name of the unknown.
    times : sequence of float
        Where values are saved, ascending; the starts hold at the first of them.
    start : mapping
        By name or symbol the start of each unknown, an array with its own axes last.
    values : mapping, optional
        Parameters by name or symbol.
    method : str
        "DOP853" or "RK45", explicit Runge-Kutta methods of order 8 and 5.  With the NumPy backend
        also "RK23", "LSODA", and for stiff equations "Radau" and "BDF", which use the derived
        Jacobian; all of these are SciPy's.
    rtol, atol : float
        Each step keeps the root mean square of ``error/(atol + rtol*abs(y))`` below one.
    max_steps : int
        Of each trajectory.
    time : Symbol, optional
        What stands for the time, where the expressions depend on it.
    estimate_error : bool
        Integrate twice, at the tolerances and at a hundredth of them.  The second result is
        returned; the difference, which is nearly the error of the first, is taken for its error:
        `Trajectories.error`.
    backend : str
        "numpy"; "numba", whose trajectories run in lanes inside of compiled code, a hundred times
        as fast; or "auto", numba where it is installed and has the method and the expressions.
    **parameters
        Parameters by name.  Starts and parameters are broadcast against each other, batch axes
        first; each combination is a trajectory with a step size of its own.

    Returns
    -------
    Trajectories
        Indexed by the names of unknowns, with the status of each trajectory.

    Raises
    ------
    ProblemError
        If the expressions are no time derivatives of the unknowns, or there is no such method.
    NumericsError
        For times that do not ascend, tolerances out of range, starts and parameters that are
        missing, unknown, not finite, outside of their domain, or of shapes that do not broadcast.

    Notes
    -----
    A trajectory that leaves the domain of its unknowns, meets a right-hand side that is not finite
    or runs into a singularity ends there: its status says so, and later values are masked.

    Examples
    --------
    >>> from sympy import symbols
    >>> from derive.equations import Equations
    >>> from numerics.flow import flow
    >>> x, v, omega = symbols("x v omega", real=True)
    >>> pendulum = Equations((x, v), (omega,), (("x", v), ("v", -omega**2 * x)))
    >>> found = flow(pendulum, [0, 1, 2], {"x": 1, "v": 0}, omega=3.0, backend="numpy")
    >>> found["x"].round(5).tolist()
    [1.0, -0.98999, 0.96017]
    >>> found.sentence()
    'the last time was reached'
    """
    settings = Settings(*_checked(method, rtol, atol), whole("max_steps", max_steps, 1))
    saved = _ascending(times)
    field = field_of(problem, start, {**(values or {}), **parameters}, time)
    if not estimate_error:
        return _integrated(field, saved, settings, backend)
    finer = replace(settings, rtol=TIGHTER * rtol, atol=TIGHTER * atol)
    if finer.rtol < FINEST:
        raise DomainError(
            f"rtol={rtol!r}: an error is estimated from {FINEST / TIGHTER:.2g} on, below it "
            "rounding counts as much"
        )
    coarse = _integrated(field, saved, settings, backend)
    return _integrated(field, saved, finer, backend).with_errors_of(coarse)


def _integrated(field: Field, times: np.ndarray, settings: Settings, backend: str) -> Trajectories:
    name = chosen_backend(field, settings.method, backend)
    if name == "numba":
        from numerics.flow.lanes import run_in_lanes

        runs = run_in_lanes(field, times, settings)
    else:
        runs = run_with_scipy(field, times, settings)
    return Trajectories.of(field, times, settings.method, name, runs)


def _checked(method: str, rtol: float, atol: float) -> tuple[str, float, float]:
    if method not in METHODS:
        raise ProblemError(f"there is no method {method!r}: choose {', '.join(METHODS)}")
    for name, tolerance in (("rtol", rtol), ("atol", atol)):
        number = isinstance(tolerance, int | float | np.number) and not isinstance(tolerance, bool)
        if not number or not np.isfinite(tolerance):
            raise DomainError(f"{name}={tolerance!r}: give a positive number")
    if not FINEST <= rtol <= COARSEST:
        raise DomainError(f"rtol={rtol!r}: give a number from {FINEST:.2g} to {COARSEST:g}")
    if not atol > 0:
        raise DomainError(
            f"atol={atol!r}: give a positive number, the error that does not matter near zero"
        )
    return method, float(rtol), float(atol)


def _ascending(times: Any) -> np.ndarray:
    try:
        array = np.asarray(times, dtype=float)
    except (TypeError, ValueError):
        raise NotANumberError(f"times are no numbers: {times!r}") from None
    if array.ndim != 1 or len(array) < 2:
        raise ShapeError(
            f"times has shape {array.shape}: give the time of the start and at least one later one"
        )
    if not np.isfinite(array).all():
        raise NotANumberError("times: one is not finite")
    falls = np.nonzero(np.diff(array) <= 0)[0]
    if len(falls):
        k = int(falls[0])
        raise DomainError(
            f"times have to ascend, but {array[k]:g} is followed by {array[k + 1]:g} at index {k}"
        )
    return array
