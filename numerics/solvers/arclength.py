"""Pseudo-arclength continuation: a branch is followed through its folds, a few points at a time.

State and parameter move together along the curve of solutions (H. B. Keller, in Applications of
Bifurcation Theory, Academic Press 1977, p. 359), whose tangent is the null vector of the Jacobian
by both.  A fold is where the parameter turns round; there the extended system of Moore and Spence
(SIAM J. Numer. Anal. 17, 567 (1980)), ``F = 0, F_u v = 0, v v = 1``, is regular.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from derive.equations import Equations
from numerics.problem.given import bind
from numerics.problem.status import Status
from numerics.problem.system import System
from numerics.solvers.roots import EPS, NOISE

__all__ = ["Curve", "Fold", "first_fold", "fold_near"]

FIRST, LARGEST, SMALLEST = 0.02, 0.1, 1e-9  # steps, in units of the scales
STEPS = 2000
CORRECTIONS = 10
QUICK = 4
STRAIGHT = 0.97  # the least cosine between tangents of neighbouring points
CLOSE = 1e-11
DIFFERENCE = 1e-5  # of a scale: second derivatives by central differences steer only
FINE = 1e-3
STENCIL = np.array([(-2, 1 / 12), (-1, -2 / 3), (1, 2 / 3), (2, -1 / 12)])  # places and weights
LEAST_SCALE = 1e-2
SINGULAR = 1e-7  # of the extended system, relative


@dataclass(frozen=True)
class Fold:
    """Where a branch turns round: its state, the parameter, and the error of either."""

    status: Status
    state: np.ndarray
    value: float
    error: float


@dataclass(frozen=True)
class Curve:
    """The equations with one parameter among the unknowns: points are ``(state, parameter)``."""

    equations: Equations
    parameter: str
    fixed: Mapping[str, Any]

    def linear(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Residuals (rows, n), Jacobians by the state (rows, n, n), magnitudes (rows, n)."""
        given = bind(self.equations, {**self.fixed, self.parameter: points[:, -1]})
        rows = np.arange(len(points))
        with np.errstate(all="ignore"):
            return System(self.equations, given).linear_and_magnitude(points[:, :-1], rows)

    def slopes(self, points: np.ndarray, scale: np.ndarray) -> np.ndarray:
        """Jacobians by the state (rows, n, n), by differences of the residuals to fourth order.

        A fold is where the Jacobian is singular, so that it has to be as accurate as they are.
        """
        rows, n = len(points), len(scale) - 1
        given = bind(self.equations, {**self.fixed, self.parameter: points[:, -1]})
        room = System(self.equations, given).room(points[:, :-1], np.arange(rows))
        steps = FINE * np.minimum(scale[:n], room)
        moved = np.repeat(points[:, None, None, :], n, axis=1).repeat(len(STENCIL), axis=2)
        for k in range(n):
            moved[:, k, :, k] += STENCIL[:, 0] * steps[:, k, None]
        residual = self.linear(moved.reshape(-1, n + 1))[0].reshape(rows, n, len(STENCIL), n)
        sums = np.einsum("rksn,s->rkn", residual, STENCIL[:, 1])
        return np.asarray(np.swapaxes(sums / steps[..., None], 1, 2))

    def whole(self, point: np.ndarray, scale: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The residual (n,) and its Jacobian by state and parameter (n, n + 1)."""
        step = DIFFERENCE * scale[-1]
        there = np.stack([point, point, point])
        there[1:, -1] += step, -step
        residual, jacobian, _ = self.linear(there)
        by_parameter = (residual[1] - residual[2]) / (2 * step)
        return residual[0], np.concatenate([jacobian[0], by_parameter[:, None]], axis=1)


def first_fold(curve: Curve, state: np.ndarray, low: float, high: float) -> Fold | None:
    """The first fold from one value of the parameter towards another; None if there is none.

    A branch that is lost on the way gives the last point, with the status that says so.
    """
    point = np.append(state, low)
    scale = np.append(np.maximum(np.abs(state), LEAST_SCALE), abs(high - low))
    tangent = _tangent(curve, point, scale, np.append(np.zeros(len(state)), high - low))
    step = FIRST
    for _ in range(STEPS):
        new, corrections = _corrected(curve, point, tangent, step, scale)
        turned = None if new is None else _tangent(curve, new, scale, tangent)
        if new is None or turned is None or turned @ tangent < STRAIGHT:
            step /= 2
            if step < SMALLEST:
                return Fold(Status.STALLED, point[:-1], float(point[-1]), np.inf)
            continue
        if turned[-1] * tangent[-1] <= 0:
            part = tangent[-1] / (tangent[-1] - turned[-1])
            return fold_near(curve, point + part * (new - point))
        if (new[-1] - high) * (high - low) >= 0:
            return None
        point, tangent = new, turned
        step = min(LARGEST, 1.5 * step if corrections <= QUICK else step)
    return Fold(Status.MAX_STEPS, point[:-1], float(point[-1]), np.inf)


def _tangent(curve: Curve, point: np.ndarray, scale: np.ndarray, along: np.ndarray) -> np.ndarray:
    """The direction of the curve in units of the scales, on the side of a given direction."""
    _, jacobian = curve.whole(point, scale)
    if not np.isfinite(jacobian).all():
        return np.full(len(point), np.nan)
    null = np.linalg.svd(jacobian * scale)[2][-1]
    return np.asarray(null if null @ along >= 0 else -null)


def _corrected(
    curve: Curve, point: np.ndarray, tangent: np.ndarray, step: float, scale: np.ndarray
) -> tuple[np.ndarray | None, int]:
    """Newton's method in the plane across the tangent at a step; None if it does not converge."""
    if not np.isfinite(tangent).all():
        return None, 0
    guess = y = point + step * scale * tangent
    for count in range(1, CORRECTIONS + 1):
        residual, jacobian = curve.whole(y, scale)
        matrix = np.concatenate([jacobian * scale, tangent[None]])
        right = np.append(residual, tangent @ ((y - guess) / scale))
        if not (np.isfinite(matrix).all() and np.isfinite(right).all()):
            return None, count
        try:
            change = np.linalg.solve(matrix, -right)
        except np.linalg.LinAlgError:
            return None, count
        y = y + scale * change
        size = np.abs(change).max()
        if size > 2 * max(step, LARGEST):
            return None, count
        if size <= CLOSE:
            return y, count
    return None, CORRECTIONS


def fold_near(curve: Curve, point: np.ndarray) -> Fold:
    """The fold that Newton's method on the extended system finds from near one."""
    n = len(point) - 1
    scale = np.maximum(np.abs(point), LEAST_SCALE)
    null = np.linalg.svd(curve.linear(point[None])[1][0])[2][-1]
    y, last = np.concatenate([point[:n], null, point[n:]]), np.inf
    for _ in range(4 * CORRECTIONS):
        right, matrix, noise = _extended(curve, y, scale)
        if not (np.isfinite(right).all() and np.isfinite(matrix).all()):
            return Fold(Status.NOT_FINITE, y[:n], float(y[-1]), np.inf)
        change = np.linalg.lstsq(matrix, -right, rcond=None)[0]
        size = float(np.abs(change).max() / max(1.0, np.abs(y).max()))
        if size >= last / 2 and last < CLOSE:
            break
        y, last = y + change, size
    right, matrix, noise = _extended(curve, y, scale)
    inverse = np.linalg.pinv(matrix)
    spread = np.abs(inverse) @ (np.abs(right) + noise)
    error = float(max(spread[:n].max(), spread[-1]))
    values = np.linalg.svd(matrix, compute_uv=False)
    regular = values[-1] > SINGULAR * values[0] and last < CLOSE
    if last > np.sqrt(CLOSE):
        return Fold(Status.STALLED, y[:n], float(y[-1]), np.inf)
    status = Status.CONVERGED if regular else Status.MARGINAL
    return Fold(status, y[:n], float(y[-1]), error)


def _extended(
    curve: Curve, y: np.ndarray, scale: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The extended residuals (2n + 1,), their Jacobian, and the rounding of the residuals."""
    n = len(scale) - 1
    point, null = np.append(y[:n], y[-1]), y[n:-1]
    steps = np.diag(DIFFERENCE * scale)
    points = np.concatenate([point[None], point + steps, point - steps])
    residual, _, magnitude = curve.linear(points)
    jacobian = curve.slopes(points, scale)
    ahead, behind = slice(1, n + 2), slice(n + 2, None)
    width = 2 * DIFFERENCE * scale
    by_parameter = (residual[ahead][-1] - residual[behind][-1]) / width[-1]
    bent = ((jacobian[ahead] - jacobian[behind]) @ null) / width[:, None]  # (n + 1, n)
    matrix = np.zeros((2 * n + 1, 2 * n + 1))
    matrix[:n, :n], matrix[:n, -1] = jacobian[0], by_parameter
    matrix[n:-1, :n], matrix[n:-1, -1] = bent[:n].T, bent[n]
    matrix[n:-1, n:-1], matrix[-1, n:-1] = jacobian[0], 2 * null
    right = np.concatenate([residual[0], jacobian[0] @ null, [null @ null - 1]])
    turned = np.abs(jacobian[0]) @ np.abs(null) / FINE
    noise = NOISE * np.concatenate([magnitude[0], turned, [1.0]]) + EPS * np.abs(right)
    return right, matrix, noise
