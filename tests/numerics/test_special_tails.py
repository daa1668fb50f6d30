"""The Gaussian tail family: bounds over all of the doubles, identities between its members."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import Symbol, erfc, exp, log, pi, sqrt

import numerics as nm
from numerics.errors import UnsupportedExpressionError
from numerics.reference import trusted
from numerics.special import (
    GaussianTail,
    InverseMills,
    InverseMillsSlope,
    LogErfc,
    LogGaussianTail,
    LogMillsRatio,
    MillsRatio,
    TailCumulant,
)
from numerics.special.tail_fits import FITS

x = Symbol("x", real=True)
U = 2.0**-53
UNDERFLOW = 2.0**-1073  # two units of the smallest double

FAMILY = [
    GaussianTail(x),
    InverseMills(x),
    InverseMillsSlope(x),
    LogErfc(x),
    LogGaussianTail(x),
    LogMillsRatio(x),
    MillsRatio(x),
    *(TailCumulant(n, x) for n in FITS),
]
KERNELS = {f: nm.compile(f) for f in FAMILY}
EACH = pytest.mark.parametrize("function", FAMILY, ids=str)

# where a recipe changes its formula, where a tail underflows, and zeros of the functions
PLACES = [
    0.0,
    0.5,
    0.7,
    -0.7,
    -1.0,
    -1.5,
    -1.002369342268370633,
    0.30263,
    -26.6,
    -37.5,
    -38.5,
    38.4,
]
BESIDE = [math.nextafter(p, side) for p in PLACES for side in (-math.inf, math.inf)]


def units(function, point):
    """The error in units of u (1 + K), up to two units of the smallest double."""
    (true,), _ = trusted([function], {x: point})
    got = KERNELS[function](point)
    assert math.isfinite(got)
    off = abs(got - true) - UNDERFLOW
    if off <= 0:
        return 0.0
    moved = abs(trusted([x * function.diff(x)], {x: point}, agree=1e-3)[0][0])
    return float(off / (U * (abs(true) + moved)))


def is_representable(function, point):
    """Whether the value is in range of doubles, and mpmath can tell within its digits."""
    if isinstance(function, MillsRatio):
        return point > -37.6
    return abs(point) < (1e3 if isinstance(function, LogMillsRatio) else 1e150)


@EACH
@pytest.mark.parametrize("point", [*PLACES, *BESIDE])
def test_bound_where_formulas_change(function, point):
    if is_representable(function, point):
        assert units(function, point) <= 8


@EACH
@given(st.floats(-38.6, 40.0))
def test_bound_at_moderate_arguments(function, point):
    if is_representable(function, point):
        assert units(function, point) <= 8


@EACH
@given(st.floats(-320, 12), st.booleans())
def test_bound_over_all_magnitudes(function, exponent, negative):
    point = 10.0**exponent * (-1 if negative else 1)
    growing = LogErfc | LogGaussianTail | LogMillsRatio | MillsRatio
    if point > -30 or not isinstance(function, growing):
        assert units(function, point) <= 8


def test_far_out_values_are_those_of_the_asymptotic_series():
    far = np.array([1e20, 1e150, 1e300])
    assert nm.compile(InverseMills(x))(far).tolist() == far.tolist()
    assert nm.compile(MillsRatio(x))(far).tolist() == (1 / far).tolist()
    for n in FITS:
        near = far[:1] if n > 2 else far[: 4 - n]
        got = nm.compile(TailCumulant(n, x))(near)
        assert got == pytest.approx(math.factorial(n - 1) / near**n, rel=1e-15, abs=0)


def test_far_out_on_the_other_side_nothing_is_left_of_the_density():
    far = np.array([-40.0, -1e20, -1e300])
    assert nm.compile(GaussianTail(x))(far).tolist() == [1.0, 1.0, 1.0]
    assert nm.compile(InverseMills(x))(far).tolist() == [0.0, 0.0, 0.0]
    assert nm.compile(TailCumulant(1, x))(far).tolist() == (-far).tolist()
    assert nm.compile(TailCumulant(2, x))(far).tolist() == [1.0, 1.0, 1.0]
    assert nm.compile(TailCumulant(3, x))(far).tolist() == [0.0, 0.0, 0.0]


def test_subnormal_tails_are_rounded_and_not_flushed():
    for point in (-38.0, -38.4, 38.0, 38.4):
        tail = InverseMills(x) if point < 0 else GaussianTail(x)
        (true,), _ = trusted([tail], {x: point})
        got = nm.compile(tail)(point)
        assert 0 < got < 2.0**-1022
        assert abs(got - true) <= UNDERFLOW + 8 * U * (1 + point**2) * true


@pytest.mark.parametrize(
    ("function", "derivative"),
    [
        (GaussianTail(x), -exp(-(x**2) / 2) / sqrt(2 * pi)),
        (LogGaussianTail(x), -InverseMills(x)),
        (LogMillsRatio(x), -TailCumulant(1, x)),
        (InverseMills(x), InverseMillsSlope(x)),
        (InverseMillsSlope(x), TailCumulant(3, x)),
        (MillsRatio(x), -MillsRatio(x) * TailCumulant(1, x)),
        (TailCumulant(1, x), -TailCumulant(2, x)),
        (TailCumulant(3, x), -TailCumulant(4, x)),
        (LogErfc(x), -sqrt(2) * InverseMills(sqrt(2) * x)),
    ],
    ids=str,
)
def test_derivatives_stay_in_the_family(function, derivative):
    assert function.diff(x) == derivative


def test_cumulants_are_derivatives_of_log_h():
    for n in (2, 3, 4, 5):
        textbook = log(erfc(x / sqrt(2)) / 2).diff(x, n) * (-1) ** n + (1 if n == 2 else 0)
        own, true = trusted([TailCumulant(n, x), textbook], {x: 0.8})[0]
        assert abs(own - true) <= 1e-20 * abs(true)


def test_higher_derivatives_of_log_h_keep_the_bound_without_being_simplified():
    for order in (1, 2, 3, 4):
        kernel = nm.compile(LogGaussianTail(x).diff(x, order))
        certificate = nm.certify(kernel, x=(-1e3, 1e6), samples=80)
        assert certificate.holds, certificate


def test_a_cumulant_of_high_order_has_a_meaning_but_no_recipe():
    assert TailCumulant(4, x).diff(x) == -TailCumulant(5, x)
    with pytest.raises(UnsupportedExpressionError, match="up to order 4"):
        nm.compile(TailCumulant(5, x))


def test_variance_beyond_a_threshold_lies_between_zero_and_one():
    at = np.linspace(-50, 1e3, 2001)
    variance = nm.compile(TailCumulant(2, x))(at)
    assert (variance > 0).all()
    assert (variance <= 1).all()
    assert (np.diff(variance) <= 0).all()
