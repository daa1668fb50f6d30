"""Where the lowest eigenvalue of a family of symmetric maps first meets zero.

For every vector v the first zero of ``v A(p) v`` lies at or beyond that of the lowest eigenvalue.
Taking the lowest mode there, and the first zero of its form, converges quadratically (Rayleigh
functionals; Voss and Werner, Math. Meth. Appl. Sci. 4, 415 (1982)).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from numerics.criticality.lowest import EPS, Lowest, lowest
from numerics.criticality.response import Response

__all__ = ["Met", "first_zero", "is_positive", "spread"]

ROUNDING = 8 * EPS
COARSE = 1e-3  # residual, relative to the spread, of modes that only show the way
LOOKS = 4  # values between the stable end and a zero at which an earlier one is looked for
STRIDE = 8  # every so many values of the grid, where nothing else is unstable
ROUNDS = 30
SETTLED = 1e-8  # relative change of the place of a minimum, whose height changes by its square


@dataclass(frozen=True)
class Met:
    """Where the lowest eigenvalue meets zero, or comes nearest to it.

    Attributes
    ----------
    value : float
        Of the parameter.
    pair : Lowest
        The lowest eigenpair there.
    crosses : bool
        Whether the eigenvalue changes sign; if not, it has a minimum.
    """

    value: float
    pair: Lowest
    crosses: bool


class _Curve:
    """The lowest eigenpair along the parameter; each search begins from the modes met before."""

    def __init__(self, response: Response, grid: np.ndarray) -> None:
        self.response, self.grid = response, grid
        uniform = np.ones(response.n)
        self.modes = [uniform / np.sqrt(response.n)]

    def pair(self, value: float, tolerance: float = 0.0, below: float | None = None) -> Lowest:
        found = lowest(
            lambda v: self.response.product(value, v),
            np.stack([*self.modes[:1], *self.modes[-2:]]),
            tolerance,
            below,
        )
        self.modes.append(found.vector)
        return found

    def is_negative(self, pair: Lowest) -> bool:
        """Whether the eigenvalue is below zero beyond rounding."""
        return pair.value < -ROUNDING * pair.scale

    def until(self, value: float) -> np.ndarray:
        """The grid up to a value, and the value."""
        along = np.sign(self.grid[-1] - self.grid[0])
        return np.append(self.grid[along * (value - self.grid) > 0], value)

    def first_zero(self, vector: np.ndarray, value: float) -> float | None:
        """The first zero of a vector's form on the way to a value; None if it stays positive."""
        from scipy.optimize import brentq

        points = self.until(value)
        negative = np.nonzero(self.forms(points, vector) < 0)[0]
        if not negative.size or negative[0] == 0:
            return None
        ends = float(points[negative[0] - 1]), float(points[negative[0]])

        def form(point: float) -> float:
            return float(self.response.form(point, vector)[0])

        if form(ends[0]) <= 0 or form(ends[1]) >= 0:  # zero within rounding, alone or in a batch
            return ends[0] if form(ends[0]) <= 0 else ends[1]
        return float(brentq(form, *ends, xtol=EPS / 4 * max(np.abs(ends)), rtol=4 * EPS))

    def forms(self, points: np.ndarray, vector: np.ndarray) -> np.ndarray:
        """The form of a vector at several values, of a long vector one by one."""
        if len(vector) * len(points) <= 10**6:
            return self.response.form(points, vector)
        return np.array([self.response.form(p, vector)[0] for p in points])

    def first_negatives(self, vectors: list[np.ndarray]) -> list[int]:
        """For each vector whose form is negative somewhere on the grid, where first."""
        found = (np.nonzero(self.forms(self.grid, v) < 0)[0] for v in vectors)
        return [int(negative[0]) for negative in found if negative.size]

    def slope(self, value: float, vector: np.ndarray) -> float:
        return self.response.slope(value, self.response.completed(value, vector))


def is_positive(response: Response, value: float) -> bool:
    """Whether the map is positive definite at a value."""
    pair = lowest(lambda v: response.product(value, v), np.ones((1, response.n)), COARSE, 0.0)
    return pair.value > ROUNDING * pair.scale


def spread(response: Response, value: float) -> float:
    """How far the eigenvalues of a positive map lie apart at a value, relative to the largest."""
    begin = np.ones((1, response.n))
    least = lowest(lambda v: response.product(value, v), begin, COARSE).value
    largest = -lowest(lambda v: -response.product(value, v), begin, COARSE).value
    return 1 - least / largest


def first_zero(response: Response, grid: np.ndarray, resolution: float) -> Met | None:
    """The first meeting with zero from the stable end of the grid on.

    Parameters
    ----------
    response : Response
        The family.
    grid : ndarray
        Values of the parameter, monotone; the map is positive definite at the first one.
    resolution : float
        A minimum that is this near to zero, from either side and relative to the largest
        eigenvalue, counts as touching.

    Returns
    -------
    Met or None
        None if the lowest eigenvalue has neither a zero nor a minimum inside.
    """
    curve = _Curve(response, grid)
    beyond, low = _first_negative(curve), None
    if beyond is None:
        low = _lowest_minimum(curve)
        if low is None or not curve.is_negative(low.pair):
            return low
        beyond = low.value
    while beyond is not None:
        value, pair = _descend(curve, beyond)
        beyond = _earlier(curve, value)
    if resolution:
        low = low or _minimum(curve, pair.vector, value)
        if low is not None and low.pair.value >= -resolution * low.pair.scale:
            return low
    return Met(value, pair, crosses=True)


def _lowest_minimum(curve: _Curve) -> Met | None:
    """A local minimum of the lowest eigenvalue, from the mode that promises the lowest."""
    modes = sorted(curve.modes, key=lambda mode: float(curve.forms(curve.grid, mode).min()))
    return next((low for mode in modes if (low := _minimum(curve, mode, None))), None)


def _first_negative(curve: _Curve) -> float | None:
    """The first grid value at which the form of some vector is negative; None if none is met.

    The lowest modes at both ends and a random vector are tried, then modes from in between.
    """
    for value in curve.grid[[-1, 0]]:
        curve.pair(float(value), COARSE)
    trial = np.random.default_rng(1).normal(size=curve.response.n)
    firsts = curve.first_negatives([*curve.modes, trial])
    if not firsts:
        between = [curve.pair(float(p), COARSE) for p in curve.grid[STRIDE:-1:STRIDE]]
        firsts = curve.first_negatives([pair.vector for pair in between])
    return float(curve.grid[min(firsts)]) if firsts else None


def _descend(curve: _Curve, value: float) -> tuple[float, Lowest]:
    """From a value with a negative eigenvalue back to the first zero."""
    tolerance = COARSE
    for _ in range(ROUNDS):
        pair = curve.pair(value, tolerance)
        zero = curve.first_zero(pair.vector, value)
        settled = zero is None or abs(zero - value) <= 4 * EPS * abs(value)
        value = value if zero is None else zero
        if tolerance == 0 and (settled or not pair.resolved):
            break
        tolerance = 0.0
    return value, pair


def _earlier(curve: _Curve, value: float) -> float | None:
    """A value before this one at which some other mode is unstable already."""
    begin = float(curve.grid[0])
    for part in np.arange(LOOKS, 0, -1) / (LOOKS + 1):
        inward = begin * value > 0 and abs(begin) > abs(value)  # as from a high temperature
        at = value / part if inward else begin + part * (value - begin)
        pair = curve.pair(at, COARSE, below=0.0)
        if curve.is_negative(pair):
            return float(at)
    return None


def _minimum(curve: _Curve, vector: np.ndarray, beyond: float | None) -> Met | None:
    """The local minimum of the lowest eigenvalue next to that of a vector's form.

    The form is least over the parameter where its slope vanishes, over vectors for the lowest mode:
    both in turn.
    """
    from scipy.optimize import brentq

    points = curve.grid
    if beyond is not None:
        points = np.append(beyond, points[len(curve.until(beyond)) - 1 :])
    value, tolerance = np.inf, COARSE
    for _ in range(ROUNDS):
        least = int(np.argmin(curve.forms(points, vector)))
        ends = points[max(least - 1, 0)], points[min(least + 1, len(points) - 1)]
        if curve.slope(ends[0], vector) * curve.slope(ends[1], vector) >= 0:
            return None
        before = value
        value = float(brentq(lambda p, v=vector: curve.slope(p, v), *ends, rtol=4 * EPS))
        pair = curve.pair(value, tolerance)
        vector = pair.vector
        settled = abs(value - before) <= SETTLED * abs(value)
        if tolerance == 0 and (settled or not pair.resolved):
            break
        tolerance = 0.0
    return Met(value, pair, crosses=False)
