"""Compiled iterations from starts to ends, over as many plans of averages as that takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.errors import NumericsError
from numerics.kernel import Kernel
from numerics.native.iterations.codes import Codes
from numerics.native.iterations.run import Ends, Rows, run
from numerics.native.iterations.source import LEFT

__all__ = ["Ended", "fixed_point", "iterated", "newton"]

Inside = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Ended:
    """Where an iteration has ended.

    Attributes
    ----------
    x : ndarray (rows, n)
        The states.
    step : ndarray (rows, n)
        The step from there that would come next: of Newton's method that which was found to be
        small, so that ``x + step`` is more accurate still.
    status : ndarray (rows,)
        A `Status` each.
    evaluations : int
        Of the equations, over all rows.
    """

    x: np.ndarray
    step: np.ndarray
    status: np.ndarray
    evaluations: int


def iterated(
    kind: str,
    codes: Codes,
    x: np.ndarray,
    points: np.ndarray,
    given: Mapping[str, Any],
    ends: Ends | None,
    most: int,
    settings: Sequence[float],
    inside: Inside | None = None,
) -> tuple[Rows, int]:
    """Iterate every row until it is done; where all rows stand, and the number of evaluations.

    A row whose next state is outside of what a plan serves goes on under the next plan.  One whose
    next state is not `inside` of where the equations have a meaning, as no start is, needs none:
    any code refuses it.
    """
    rows = _started(kind, x, points)
    given = {name: np.asarray(a, dtype=float, order="C") for name, a in given.items()}
    left, tally = np.arange(len(x)), 0
    states, here = rows.carried["TRIAL"], given
    alike = all(a.size == len(x) for a in given.values() if a.ndim)
    if not (alike and np.array_equal(points, left)):
        here = _at(given, points)
    while left.size:
        for code, part in codes.at(states, here):
            tally += run(kind, code, rows, left[part], given, ends, most, settings)
        left = np.flatnonzero(rows.status == LEFT)
        if inside is not None and left.size:
            refused = left[~inside(rows.carried["TRIAL"][left], points[left])]
            tally += run(kind, code, rows, refused, given, ends, most, settings)
            left = np.flatnonzero(rows.status == LEFT)
        states, here = rows.carried["TRIAL"][left], _at(given, points[left])
    return rows, tally


def _at(given: Mapping[str, Any], points: np.ndarray) -> dict[str, Any]:
    """What is given at some points; what is the same everywhere stays."""
    return {name: a[points] if a.ndim else a for name, a in given.items()}


def _started(kind: str, x: np.ndarray, points: np.ndarray) -> Rows:
    count, n = x.shape
    x = np.ascontiguousarray(x, dtype=float)
    widths = {"X": n, "RESIDUAL": n, "DIRECTION": n}
    widths |= {} if kind == "newton" else {"SIZES": 4}
    told = len(widths)
    widths |= {"JACOBIAN": n * n, "FRACTION": 1} if kind == "newton" else {}
    widths["TRIAL"] = n
    carried = {name: np.empty((count, width)) for name, width in widths.items()}
    carried["TRIAL"][:] = x
    status, steps = np.empty(count, dtype=np.int64), np.full(count, -1, dtype=np.int64)
    return Rows(carried, told, np.ascontiguousarray(points, dtype=np.int64), status, steps)


def newton(
    kernel: Kernel,
    starts: Mapping[str, Any],
    given: Mapping[str, Any],
    *,
    tol: float = 1e-12,
    floor: float = 1.0,
    max_steps: int = 200,
    smallest: float = 1e-9,
    runaway: float = 1e12,
) -> Ended:
    """Newton's method inside of compiled code, for a kernel of residuals and their Jacobian.

    This is the iteration of `solve(..., backend="numba")` by itself: no search, no verification.
    A row is done when its next step is within `tol` of ``max(floor, |x|)``.

    Parameters
    ----------
    kernel : Kernel
        Compiled for ``"numba"``: n residuals, then their Jacobian row by row, all scalars.
    starts : mapping
        Starting values of the n unknowns by name, in the order of the Jacobian's columns.
    given : mapping
        The values of the parameters by name.  All arrays broadcast against each other.
    tol, floor, max_steps, smallest, runaway
        As in `Newton`.

    Returns
    -------
    Ended
        Rows are the points of the batch, flat.
    """
    n = len(starts)
    _check(kernel, n * (n + 1), f"{n} residuals and their Jacobian row by row")
    settings = (tol, smallest, runaway, floor)
    return _by_hand("newton", kernel, starts, given, max_steps, settings)


def fixed_point(
    kernel: Kernel,
    starts: Mapping[str, Any],
    given: Mapping[str, Any],
    *,
    damping: float = 1.0,
    tol: float = 1e-12,
    max_steps: int = 2000,
    runaway: float = 1e12,
) -> Ended:
    """The damped fixed point inside of compiled code, for a kernel of the update.

    Parameters
    ----------
    kernel : Kernel
        Compiled for ``"numba"``: one scalar for each unknown.
    starts, given : mapping
        As for `newton`.
    damping, tol, max_steps, runaway
        As in `DampedFixedPoint`.

    Returns
    -------
    Ended
        Rows are the points of the batch, flat.
    """
    _check(kernel, len(starts), f"the updates of {len(starts)} unknowns")
    settings = (tol, damping, runaway)
    return _by_hand("fixed_point", kernel, starts, given, max_steps - 1, settings)


def _check(kernel: Kernel, count: int, words: str) -> None:
    if kernel.backend != "numba":
        raise NumericsError(
            f"the kernel is compiled for {kernel.backend!r}: compile(..., backend='numba')"
        )
    if len(kernel.outputs) != count:
        raise NumericsError(f"the kernel has {len(kernel.outputs)} outputs: give {words}")


def _by_hand(
    kind: str,
    kernel: Kernel,
    starts: Mapping[str, Any],
    given: Mapping[str, Any],
    most: int,
    settings: Sequence[float],
) -> Ended:
    names, arrays = [*starts, *given], [np.asarray(a, dtype=float) for a in starts.values()]
    arrays += [np.asarray(a, dtype=float) for a in given.values()]
    spread = np.broadcast_arrays(*arrays)
    x = np.stack([a.ravel() for a in spread[: len(starts)]], axis=1)
    values = {
        name: np.float64(a.ravel()[0]) if a.size == 1 else np.ascontiguousarray(s).ravel()
        for name, a, s in zip(names, arrays, spread, strict=True)
        if name in given
    }
    codes = Codes(kernel, tuple(starts), len(starts), tuple(range(len(kernel.outputs))))
    points = np.arange(len(x))
    rows, tally = iterated(kind, codes, x, points, values, None, most, settings)
    return Ended(rows.carried["X"], rows.carried["DIRECTION"], rows.status, tally)
