"""Points without a solution whose equations drive an unknown to a singular end of its domain."""

from __future__ import annotations

import numpy as np

from numerics.problem import forms
from numerics.problem.system import System
from numerics.solvers.loop import State

__all__ = ["driven_to_ends"]

NEAR = 1e-6  # of an end, on the scale of the unknown
PLACES = np.linspace(0.02, 0.98, 25)[:, None, None]


def driven_to_ends(system: System, points: np.ndarray, ended: State | None) -> np.ndarray:
    """The limit of each point, with the end itself for unknowns that go there; nan elsewhere.

    Of one unknown with a potential: the potential must rise (of sign -1: fall) towards an open end
    all along the interval.  Otherwise most iterations must have ended next to one.

    Parameters
    ----------
    system : System
        The equations.
    points : ndarray
        Batch points without a solution.
    ended : State, optional
        The iterations that found none.
    """
    if system.intervals is None or not len(points):
        return np.full((len(points), system.n), np.nan)
    if system.n == 1 and system.equations.potential is not None:
        return _along_potential(system, points)
    return _where_iterations_ended(system, points, ended)


def _along_potential(system: System, points: np.ndarray) -> np.ndarray:
    from numerics.solvers.starts import placed

    x = placed(system, PLACES, points)
    rows = np.tile(points, len(x))
    slope = system.values(forms.gradient(system.equations), x.reshape(-1, 1), rows)
    upward = np.sign(slope.reshape(len(x), -1)) * (system.equations.signs or (1,))[0]
    domain = system.intervals
    assert domain is not None
    limit = np.full((len(points), 1), np.nan)
    for end, is_open, side in (
        (domain.high, domain.open_high, 1),
        (domain.low, domain.open_low, -1),
    ):
        there = (upward == side).all(axis=0) & is_open[points, 0]
        limit[there] = end[points[there]]
    return limit


def _where_iterations_ended(system: System, points: np.ndarray, ended: State | None) -> np.ndarray:
    limit = np.full((len(points), system.n), np.nan)
    domain = system.intervals
    if ended is None or not len(ended.x) or domain is None:
        return limit
    for place, point in enumerate(points):
        x = ended.x[ended.rows == point]
        x = x[np.isfinite(x).all(axis=1)]
        if not len(x):
            continue
        scale = NEAR * np.maximum(1, np.abs(x))
        high = domain.open_high[point] & (domain.high[point] - x <= scale)
        low = domain.open_low[point] & (x - domain.low[point] <= scale)
        at_end = (high | low).any(axis=1)
        if 2 * at_end.sum() > len(x):
            chosen = int(np.argmax(at_end))
            limit[place] = np.where(high[chosen], domain.high[point], x[chosen])
            limit[place] = np.where(low[chosen], domain.low[point], limit[place])
    return limit
