"""The tools of the reference against integrals, roots and extrema that are known."""

import mpmath as mp
import pytest

from tests.replica.extremise import (
    extrapolated,
    gradient,
    hessian,
    root,
    settle,
    slope,
    stationary,
)
from tests.replica.quadrature import graded, legendre, mills, tail, target_digits, trapezoids


@pytest.fixture(autouse=True)
def _working_precision():
    with mp.workdps(40):
        yield


def near(a, b, digits=None):
    return abs(a - b) < mp.mpf(10) ** -(digits or target_digits())


def test_moments_by_both_rules():
    first, fourth, exponential = trapezoids(lambda z: (z, z**4, mp.exp(z)))
    assert near(first, 0)
    assert near(fourth, 3)
    assert near(exponential, mp.exp(mp.mpf(1) / 2))
    assert near(legendre(lambda z: z**4), 3)
    assert near(legendre(mp.exp), mp.exp(mp.mpf(1) / 2))


def test_a_pole_at_a_small_distance():
    # <1/(z^2 + d^2)> = sqrt(pi/2) exp(d^2/2) erfc(d/sqrt 2)/d
    d = mp.mpf("0.1")
    exact = mp.sqrt(mp.pi / 2) * mp.exp(d**2 / 2) * mp.erfc(d / mp.sqrt(2)) / d
    assert near(trapezoids(lambda z: (1 / (z * z + d * d),))[0], exact, 20)
    assert near(legendre(lambda z: 1 / (z * z + d * d), graded(0, d)), exact, 20)


def test_a_kink_is_split_or_refused():
    kink = mp.mpf("0.3")
    exact = mp.npdf(kink) - kink * tail(kink)
    assert near(legendre(lambda z: max(z - kink, 0), graded(kink, 1)), exact)
    with (
        mp.workdps(30),
        pytest.raises(ArithmeticError, match="has not converged: a kink, or a pole"),
    ):
        trapezoids(lambda z: (max(z - kink, mp.mpf(0)),))


def test_the_ratio_of_mills_far_in_either_tail():
    assert near(mills(mp.mpf(200)) - 200, 1 / mp.mpf(200), 6)
    assert near(mills(mp.mpf(-3)), mp.npdf(3) / mp.ncdf(3))


def test_roots_extrema_and_differences():
    def bowl(x, y):
        return mp.exp(x) - 2 * x + mp.cosh(y - x)

    assert all(near(v, mp.log(2)) for v in stationary(bowl, (mp.mpf("0.5"), mp.mpf("0.6"))))
    at = [mp.mpf("0.3"), mp.mpf("0.7")]
    shift = mp.sinh(mp.mpf("0.4"))
    x, y = gradient(bowl, at)
    assert near(x, mp.exp(at[0]) - 2 - shift)
    assert near(y, shift)
    curved = mp.cosh(mp.mpf("0.4"))
    second = hessian(bowl, at)
    assert near(second[0, 0], mp.exp(at[0]) + curved, 20)
    assert near(second[0, 1], -curved, 20)
    assert near(second[1, 1], curved, 20)
    assert near(slope(mp.sin, mp.mpf(1)), mp.cos(1))
    assert near(root(lambda x: [x**2 - 2], settle(lambda x: [2 / x], (1,)))[0], mp.sqrt(2))


def test_a_search_without_a_root_says_so():
    with pytest.raises(ArithmeticError, match=r"no root from \['1.0'\]"):
        root(lambda x: [x**2 + 1], (mp.mpf(1),))


def test_extrapolation_of_a_power_series():
    assert near(extrapolated([mp.exp(mp.mpf(2) ** -k) for k in range(4, 18)]), 1)
