"""Elementary functions in machine code: errors in units of the last place over all doubles.

They are judged by long doubles, and these by mpmath.
"""

import os
import platform
import subprocess
import sys

import mpmath
import numpy as np
import pytest

pytest.importorskip("numba")

from tests.numerics.native import long_doubles
from tests.numerics.native.loops import DOMAIN, evaluated, fingerprint, points

pytestmark = pytest.mark.skipif(
    np.finfo(np.longdouble).nmant < 63, reason="long doubles have to carry 64 bits"
)
NAMES = list(DOMAIN)
HOT = ("exp", "expm1", "log", "log1p", "tanh", "erf", "arcsin", "erfc", "erfcx")
MPMATH = {"arcsin": "asin", "arccos": "acos", "arctan": "atan"}
MPMATH |= {"arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh"}


def by_mpmath(name, x):
    name = name.removesuffix("_summed")
    if name == "erfcx":
        return mpmath.exp(x * x) * mpmath.erfc(x)
    return getattr(mpmath, MPMATH.get(name, name))(x)


def errors(name, x):
    return long_doubles.units(evaluated(name, x), long_doubles.exact(name, x))


def climbed(name, x, rounds, rng):
    """The largest error found from these points on, by small random steps uphill."""
    best = errors(name, x)
    for _ in range(rounds):
        scale = 10.0 ** rng.uniform(-16, -3, (x.size, 32))
        tried = x[:, None] * (1 + scale * rng.choice([-1, 1], scale.shape))
        found = errors(name, tried.ravel()).reshape(scale.shape)
        place = (np.arange(x.size), found.argmax(axis=1))
        better = found[place] > best
        x, best = np.where(better, tried[place], x), np.where(better, found[place], best)
    return best.max()


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_agrees_with_mpmath(name):
    x = points(name, 240, np.random.default_rng(2))
    x = x[np.isfinite(x) & (np.abs(x) < 1e4)]
    got = long_doubles.exact(name, x)
    checked = 0
    for a, y in zip(x, got, strict=True):
        if np.isfinite(y) and 1e-300 < abs(y) < 1e300:
            with mpmath.workdps(60):
                wanted = by_mpmath(name, mpmath.mpf(a))
                value = mpmath.mpf(float(y)) + mpmath.mpf(float(y - np.longdouble(float(y))))
                assert abs(value / wanted - 1) < mpmath.mpf(2) ** -59, a
            checked += 1
    assert checked > 60


@pytest.mark.parametrize("name", NAMES)
def test_error_in_units_of_the_last_place(name):
    rng = np.random.default_rng(1)
    x = points(name, 200_000, rng)
    found = errors(name, x)
    assert found.max() <= DOMAIN[name][1], x[found.argmax()]
    worst = x[np.argsort(found)[-50:]]
    assert climbed(name, worst, 6, rng) <= DOMAIN[name][1]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_error_at_ten_million_points(name):
    rng = np.random.default_rng(4)
    for _ in range(20):
        x = points(name, 500_000, rng)
        found = errors(name, x)
        assert found.max() <= DOMAIN[name][1], x[found.argmax()]
        assert climbed(name, x[np.argsort(found)[-100:]], 40, rng) <= DOMAIN[name][1]


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="for x86 only")
def test_same_bits_on_a_machine_with_narrower_vectors():
    code = f"from tests.numerics.native.loops import fingerprint; print(fingerprint({HOT}))"
    haswell = {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx2,+fma,+bmi,+bmi2,+lzcnt"}
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **haswell, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == fingerprint(HOT)
