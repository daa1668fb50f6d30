"""Coordinates in which the logarithm of an integrand is quadratic are integrated in closed form.

    int exp(a + b y - c y^2/2) dy = sqrt(2 pi/c) exp(a + b^2/(2c)),   Re c > 0.

Whether it is quadratic is found numerically: a parabola through three points meets the others, at
several positions of the other coordinates, and the weight does not depend on y.  Conjugates come
first: what is left is then an ordinary integral, without cancellation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
from mpmath import mp

from derive.errors import UnboundedError

__all__ = ["LogDensity", "without_quadratic"]

LogDensity = Callable[[tuple[Any, ...]], tuple[Any, Any]]  # position -> (exponent, weight)
CENTRE = mpmath.mpf(1) / 8  # the origin may be a step
ELSEWHERE = ("-4.1", "-1.7", "2.3", "5.3")
OTHERS = ("0.1", "-1.3", "2.9", "0.7")  # where the other coordinates are meanwhile


def without_quadratic(
    log_density: LogDensity, imaginary: list[bool], whole: list[bool]
) -> tuple[LogDensity, list[int]]:
    """The integrand without the coordinates that can be integrated, and which are left.

    Parameters
    ----------
    log_density : callable
        From a position to (exponent, weight).
    imaginary, whole : list of bool
        Which coordinates are conjugates, and which run over the whole line.
    """
    left = list(range(len(imaginary)))
    while True:
        order = sorted(range(len(left)), key=lambda k: not imaginary[left[k]])
        chosen = next(
            (k for k in order if whole[left[k]] and _is_quadratic(log_density, k, len(left))), None
        )
        if chosen is None:
            return log_density, left
        log_density = _integrated(log_density, chosen)
        left.pop(chosen)


def _is_quadratic(log_density: LogDensity, k: int, n: int) -> bool:
    for other in OTHERS[: 1 if n == 1 else None]:
        others = [mpmath.mpf(other) * (1 + mpmath.mpf(j) / 5) for j in range(n - 1)]
        along = _along(log_density, k, others)
        (low, weight), (middle, _), (high, _) = (along(y) for y in (-1, 0, 1))
        slope, bend = (high - low) / 2, (high + low - 2 * middle) / 2
        for y in map(mpmath.mpf, ELSEWHERE):
            exponent, own = along(y)
            expected = middle + slope * y + bend * y * y
            if own != weight or abs(exponent - expected) > mp.eps * 1e6 * (1 + abs(exponent)):
                return False
    return True


def _along(log_density: LogDensity, k: int, others: list[Any]) -> Callable[[Any], tuple[Any, Any]]:
    return lambda y: log_density((*others[:k], y + CENTRE, *others[k:]))


def _integrated(log_density: LogDensity, k: int) -> LogDensity:
    def integral(others: tuple[Any, ...]) -> tuple[Any, Any]:
        along = _along(log_density, k, list(others))
        (low, _), (middle, weight), (high, _) = (along(y) for y in (-1, 0, 1))
        slope, bend = (high - low) / 2, 2 * middle - high - low
        if not mpmath.re(bend) > 0:
            raise UnboundedError("a Gaussian integral diverges here: pass smaller couplings")
        return middle + slope**2 / (2 * bend) + mpmath.log(2 * mp.pi / bend) / 2, weight

    return integral
