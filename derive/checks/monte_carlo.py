"""Importance sampling of an integral over several coordinates, with its statistical error.

The proposal is the Gaussian of the integrand's own curvature at its maximum, widened, so that the
weights are bounded wherever the integrand falls at least as fast.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import mpmath
from mpmath import mp

from derive.errors import UnboundedError

__all__ = ["sampled_integral"]

SAMPLES = 2000
WIDENED = 1.3
STEP = mpmath.mpf("0.01")


def sampled_integral(
    log_density: Callable[[list[Any]], tuple[Any, Any]], start: list[Any], seed: int = 1
) -> tuple[Any, Any, float]:
    """The integral as (c, I, relative error), its value being exp(c) * I.

    Parameters
    ----------
    log_density : callable
        From a position to (exponent, factor).
    start : list
        Where the search for the maximum begins.
    seed : int
        Of the random numbers.
    """

    def height(x: list[Any]) -> Any:
        return mpmath.re(log_density(x)[0])

    with mp.workdps(15):
        centre = _maximum(height, start)
        root = _spread(height, centre)
        n, top = len(centre), height(centre)
        draw = random.Random(seed)
        volume = (2 * mp.pi) ** (mpmath.mpf(n) / 2) * abs(mpmath.det(root))
        values = []
        for _ in range(SAMPLES):
            z = [mpmath.mpf(draw.gauss(0, 1)) for _ in range(n)]
            shift = root * mpmath.matrix(z)
            exponent, factor = log_density([c + s for c, s in zip(centre, shift, strict=True)])
            half = mpmath.fsum(v * v for v in z) / 2
            values.append(mpmath.exp(exponent - top + half) * factor * volume)
        mean = mpmath.fsum(values) / SAMPLES
        variance = mpmath.fsum(abs(v - mean) ** 2 for v in values) / (SAMPLES - 1)
        return top, mean, float(mpmath.sqrt(variance / SAMPLES) / abs(mean))


def _maximum(height: Callable[[list[Any]], Any], start: list[Any]) -> list[Any]:
    """Climb along the coordinates with steps that grow on success and shrink on failure."""
    best, step = list(start), [mpmath.mpf("0.5")] * len(start)
    top = height(best)
    for _ in range(60):
        for k in range(len(best)):
            for sign in (1, -1):
                trial = list(best)
                trial[k] += sign * step[k]
                if (h := height(trial)) > top:
                    best, top, step[k] = trial, h, 2 * step[k]
                    break
            else:
                step[k] /= 3
        if max(step) < mpmath.mpf("1e-4"):
            break
    return best


def _spread(height: Callable[[list[Any]], Any], centre: list[Any]) -> mpmath.matrix:
    """A square root of the widened covariance, the inverse of minus the second differences."""
    n = len(centre)

    def at(*moved: tuple[int, int]) -> Any:
        position = list(centre)
        for k, sign in moved:
            position[k] += sign * STEP
        return height(position)

    precision = mpmath.matrix(n, n)
    for i in range(n):
        for j in range(n):
            mixed = at((i, 1), (j, 1)) - at((i, 1), (j, -1)) - at((i, -1), (j, 1))
            precision[i, j] = -(mixed + at((i, -1), (j, -1))) / (4 * STEP**2)
    values, vectors = mpmath.eigsy(precision)
    if min(values) <= 0:
        raise UnboundedError("the integrand has no maximum to sample around")
    return vectors * mpmath.diag([WIDENED / mpmath.sqrt(v) for v in values])
