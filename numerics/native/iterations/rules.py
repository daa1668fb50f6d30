"""The rules of the iterations, each written once: for arrays of NumPy, and for a lane of a vector.

The solvers call these functions with one entry for each row.  The compiled iterations contain their
text, and call them with numbers: `where`, `minimum` and so on are named alike in both.
"""

from __future__ import annotations

import inspect
from typing import Any

from numpy import isfinite, maximum, minimum, where

from numerics.problem.status import Status

__all__ = [
    "CONSTANTS",
    "fixed_point_status",
    "is_small",
    "is_steady",
    "is_undone",
    "longer_or_shorter",
    "newton_status",
    "relative",
    "shorter",
    "stalled",
    "text",
]

CONVERGED = int(Status.CONVERGED)
STALLED = int(Status.STALLED)
DIVERGED = int(Status.DIVERGED)
NOT_FINITE = int(Status.NOT_FINITE)
RUNNING = int(Status.RUNNING)

LEAST_DESCENT = 1e-4  # Armijo's: what part of the descent that a step promises is enough
LONGER, SHORTER = 4.0, 0.25  # the next fraction after an accepted and a refused step
CONSTANT = 1e-9  # a change whose size varies by less than this from step to step may be a cycle

CONSTANTS = {
    name: value for name, value in list(globals().items()) if isinstance(value, int | float)
} | {"MAX_STEPS": int(Status.MAX_STEPS), "CYCLE": int(Status.CYCLE)}


def shorter(after: Any, before: Any, fraction: Any) -> Any:
    """Whether a length has shrunk, by the little that a step of this fraction promises."""
    return after <= (1.0 - LEAST_DESCENT * fraction) * before


def longer_or_shorter(accepted: Any, fraction: Any) -> Any:
    """The fraction of its Newton step that a row takes next."""
    return where(accepted, minimum(1.0, LONGER * fraction), SHORTER * fraction)


def is_small(step: Any, x: Any, tol: Any, floor: Any) -> Any:
    """Whether a step is within the tolerance, relative to a component but at least to a floor."""
    return abs(step) <= tol * maximum(floor, abs(x))


def newton_status(zero: Any, finite: Any, directed: Any, far: Any, small: Any) -> Any:
    """How a row stands: residual zero or finite, step finite, state far away, step small."""
    moving = where(far, DIVERGED, where(small, CONVERGED, RUNNING))
    return where(zero, CONVERGED, where(finite, where(directed, moving, STALLED), NOT_FINITE))


def stalled(status: Any, fraction: Any, smallest: Any) -> Any:
    """The status of a row whose next step may be too short to be tried."""
    return where(fraction < smallest, STALLED, status)


def relative(change: Any, x: Any) -> Any:
    """A change by an update, relative to max(1, |x|)."""
    return abs(change) / maximum(1.0, abs(x))


def fixed_point_status(size: Any, far: Any, tol: Any) -> Any:
    """How a row stands from its largest relative change."""
    near = where(size <= tol, CONVERGED, RUNNING)
    return where(far, DIVERGED, where(isfinite(size), near, NOT_FINITE))


def is_steady(size: Any, before: Any) -> Any:
    """Whether two changes in turn are equally large, as in a cycle."""
    return abs(size / before - 1.0) < CONSTANT


def is_undone(left: Any, size: Any, tol: Any) -> Any:
    """Whether a change undoes the last one: what is left of both together is nothing."""
    return left <= maximum(tol, CONSTANT * size)


def text() -> str:
    """The rules as the text of compiled functions."""
    rules = (
        shorter,
        longer_or_shorter,
        is_small,
        newton_status,
        stalled,
        relative,
        fixed_point_status,
        is_steady,
        is_undone,
    )
    plain = [f"{name} = {value!r}" for name, value in CONSTANTS.items()]
    return "\n\n\n".join(["\n".join(plain), *(f"@inline\n{_bare(rule)}" for rule in rules)])


def _bare(rule: Any) -> str:
    """The text of a function without its annotations."""
    source = inspect.getsource(rule)
    names = ", ".join(inspect.signature(rule).parameters)
    body = source[source.index("\n") + 1 :]
    return f"def {rule.__name__}({names}):\n{body}".rstrip()
