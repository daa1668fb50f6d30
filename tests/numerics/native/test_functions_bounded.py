"""Exponentials of arguments that are known to be bounded, against mpmath."""

import mpmath
import numpy as np
import pytest

pytest.importorskip("numba")

from sympy import Symbol, exp, sqrt, tanh

import derive as dv
import numerics as nm
from numerics.native.functions.exponential import LEAST
from tests.numerics.native.loops import evaluated

EXACT = {"exp_moderate": mpmath.exp, "expm1_moderate": mpmath.expm1, "exp_decaying": mpmath.exp}


def points(rng):
    halves = (rng.integers(-1020, 1020, 3000) + 0.5) * np.log(2)
    small = rng.choice([-1, 1], 3000) * 10.0 ** rng.uniform(-320, 0, 3000)
    x = np.concatenate([rng.uniform(-707, 708, 4000), rng.uniform(-2, 2, 4000), halves, small])
    return x[(x >= LEAST) & (x <= 708)]


@pytest.mark.parametrize("name", list(EXACT))
def test_error_in_units_of_the_last_place(name):
    x = points(np.random.default_rng(3))
    values = evaluated(name, x)
    with mpmath.workdps(40):
        exact = [EXACT[name](mpmath.mpf(v)) for v in x]
        errors = [
            abs(value - e) / mpmath.mpf(float(np.spacing(abs(float(e)))))
            for value, e in zip(map(mpmath.mpf, values), exact, strict=True)
        ]
    assert max(errors) <= 2


def test_what_ends_below_the_normal_numbers_is_zero_and_nan_stays():
    values = evaluated("exp_decaying", np.array([LEAST * 1.001, -745.0, -1e300, -np.inf, np.nan]))
    assert values.tolist()[:4] == [0, 0, 0, 0]
    assert np.isnan(values[4])


def test_zero_and_subnormal_numbers_are_kept():
    x = np.array([0.0, 5e-324, -5e-324, 1e-310])
    np.testing.assert_array_equal(evaluated("expm1_moderate", x), x)
    np.testing.assert_array_equal(evaluated("exp_moderate", x), np.ones(4))


@pytest.mark.parametrize("exponent", [-1, 1])
def test_averages_with_and_without_growing_exponentials(exponent):
    a, z = Symbol("a", positive=True), Symbol("z", real=True)
    slope = z**2 if exponent < 0 else z
    mean = dv.GaussianAverage(exp(exponent * a * slope) * tanh(sqrt(a) * z) ** 2, z)
    kernel = nm.compile(mean, backend="numba", ranges={a: (0.1, 3)})
    values = np.array([0.1, 1.0, 3.0])
    np.testing.assert_allclose(kernel(values), nm.compile(mean)(values), rtol=2e-15)
    assert ("exp_decaying(" in kernel.source) == (exponent > 0)  # the density, where nodes move
