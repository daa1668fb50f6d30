"""Loops around the elementary functions, and the points at which they are judged."""

import hashlib
from functools import cache

import numpy as np
import pytest

pytest.importorskip("numba")

from numba import njit

from numerics.native.functions import FUNCTIONS

# The domain where a function is finite, and the largest error in units of the last place.
DOMAIN = {
    "exp": ((-746, 710), 2),
    "expm1": ((-40, 710), 2),
    "log": ((0, np.inf), 2),
    "log1p": ((-1, np.inf), 2),
    "tanh": ((-20, 20), 2),
    "tanh_summed": ((-20, 20), 3),
    "erf": ((-6, 6), 2),
    "arcsin": ((-1, 1), 2),
    "arccos": ((-1, 1), 2),
    "arctan": ((-np.inf, np.inf), 2),
    "cosh": ((-711, 711), 2),
    "sinh": ((-711, 711), 3),
    "arcsinh": ((-np.inf, np.inf), 2),
    "arccosh": ((1, np.inf), 3),
    "arctanh": ((-1, 1), 3),
    "erfc": ((-6, 28), 4),
    "erfcx": ((-27, np.inf), 4),
}
SPECIAL = [0.0, 1.0, 0.5, 2.0, 5e-324, 1e-310, 2.0**-1022, 1e-300, 2.0**-54, 1e-8, 2.0**1023, 1e300]
SPECIAL += [np.finfo(float).max, np.inf, 709.782712893384, 709.7827128933841, 745.1332191019411]
SPECIAL += [745.1332191019412, 710.4758600739439, 710.475860073944, 26.628735713751402, 27.226]
SPECIAL += [1 - 2.0**-53, 1 + 2.0**-52, 19.0615474653985, 5.9, 37.42994775023705, 8.29]


@cache
def compiled(name):
    function = FUNCTIONS[name]

    @njit
    def loop(x, result):
        for i in range(x.size):
            result[i] = function(x[i])

    return loop


def evaluated(name, x):
    """A function of one variable at an array of points, by machine code."""
    result = np.empty_like(x)
    compiled(name)(x, result)
    return result


def points(name, count, rng):
    """Points of the domain, of its middle, near its hard places, and of random bits."""
    (low, high), _ = DOMAIN[name]
    few = count // 8
    signs = rng.choice([-1.0, 1.0], (4, few))
    halves = (rng.integers(-1080, 1030, few) + 0.5) * np.log(2) * rng.choice([0.5, 1.0], few)
    with np.errstate(over="ignore"):
        parts = [
            rng.uniform(max(low, -1e3), min(high, 1e3), 2 * few),
            rng.uniform(max(low, -2), min(high, 2), 2 * few),
            np.copysign(rng.integers(0, 2**63, few, dtype=np.int64).view(float), signs[0]),
            np.exp2(rng.uniform(-60, 11, few)) * signs[1],
            1 + np.exp2(rng.uniform(-53, 0, few)) * signs[2],
            halves + 1e-3 * rng.uniform(0, 1, few) * signs[3],
            np.array(SPECIAL),
            -np.array(SPECIAL),
            np.array([np.nan]),
        ]
    return np.concatenate(parts)


def fingerprint(names):
    """A digest of many results, all nans being alike."""
    digest = hashlib.sha256()
    for name in names:
        y = evaluated(name, points(name, 20_000, np.random.default_rng(3)))
        digest.update(np.where(np.isnan(y), np.nan, y).tobytes())
    return digest.hexdigest()
