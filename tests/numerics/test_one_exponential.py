"""Functions of one argument that share an exponential, against mpmath, on the numba backend."""

import mpmath
import numpy as np
import pytest
from sympy import Symbol, cosh, exp, log, tanh

import numerics as nm
from numerics.magnitudes import interval
from numerics.native.coefficients import LOG1P
from numerics.one_exponential import FAR

pytest.importorskip("numba")

x = Symbol("x", real=True)
POINTS = np.array([0.0, 5e-324, 1e-310, 1e-20, 1e-5, 0.1, 0.34, 1, 3, 19, 39.99, 40.01, 300])
FORMS = {
    tanh(x): mpmath.tanh,
    log(2 * cosh(x)): lambda v: abs(v) + mpmath.log1p(mpmath.exp(-2 * abs(v))),
    1 - tanh(x) ** 2: lambda v: mpmath.sech(v) ** 2,
}


@pytest.mark.parametrize("chosen", [(0, 1), (0, 2), (1, 2), (0, 1, 2)])
def test_shared_functions_keep_their_digits(chosen):
    forms = [list(FORMS)[k] for k in chosen]
    kernel = nm.compile(forms, arguments=(x,), backend="numba")
    points = np.concatenate([-POINTS[::-1], POINTS])
    with mpmath.workdps(30):
        for form, values in zip(forms, kernel(points), strict=True):
            exact = [FORMS[form](mpmath.mpf(v)) for v in points]
            errors = [
                abs(value - e) / abs(e) if e else abs(value)
                for value, e in zip(values, exact, strict=True)
            ]
            assert max(errors) < 6e-16


def test_far_out_they_reach_their_limits_and_nan_stays():
    kernel = nm.compile(list(FORMS), arguments=(x,), backend="numba")
    far = np.array([FAR * 0.999, FAR * 1.001, 1e300, np.inf, -np.inf, np.nan])
    tangent, free, slope = kernel.ufunc(far)
    assert tangent.tolist()[:5] == [1, 1, 1, 1, -1]
    assert free.tolist()[:5] == [far[0], far[1], 1e300, np.inf, np.inf]
    assert slope[0] == pytest.approx(float(mpmath.sech(far[0]) ** 2), rel=1e-12, abs=0)
    assert slope.tolist()[1:5] == [0, 0, 0, 0]
    assert np.isnan([tangent[5], free[5], slope[5]]).all()


def test_the_polynomial_of_the_logarithm():
    with mpmath.workdps(40):
        for u in np.linspace(0, 1, 1001)[1:]:
            u = mpmath.mpf(float(u))
            found = u * mpmath.polyval(list(reversed(LOG1P)), u - 0.5)
            assert abs(found / mpmath.log1p(u) - 1) < mpmath.mpf(2) ** -55.9


def test_arguments_that_are_bounded_take_the_cheaper_exponential():
    kernel = nm.compile([log(2 * cosh(x)), tanh(x)], arguments=(x,), backend="numba")
    assert "expm1_moderate(" in kernel.source
    assert "_moderate" not in nm.compile(exp(x), arguments=(x,), backend="numba").source


def test_intervals_of_registers():
    program = nm.compile(log(2 * cosh(x))).program
    bounds = [interval(program, register) for register in range(4)]
    assert bounds == [(-np.inf, np.inf), (0, np.inf), (0, 40), (-80, 0)]
    assert interval(program, 2.5) == (2.5, 2.5)
