"""Steps are located to working precision, and integrals are exact on both sides of them."""

import mpmath
import pytest
from mpmath import mp

from derive.checks.gaussian_axes import without_quadratic
from derive.checks.jumps import jumps, log_piecewise_integral
from derive.errors import UnboundedError


def stepped(y):
    return -y * y / 2, mpmath.mpf(y > mpmath.mpf(1) / 3)


def test_a_step_is_located():
    with mp.workdps(34):
        (place,) = jumps(stepped)
        assert abs(place - mpmath.mpf(1) / 3) < mpmath.mpf("1e-32")


def test_a_step_of_the_exponent_is_located():
    with mp.workdps(34):
        (place,) = jumps(lambda y: (-y * y / 2 - (y > mpmath.mpf(1) / 3) / mpmath.mpf(5), 1))
        assert abs(place - mpmath.mpf(1) / 3) < mpmath.mpf("1e-32")


def test_a_smooth_integrand_has_no_steps():
    with mp.workdps(16):
        assert jumps(lambda y: (-mpmath.cosh(y - 1) / 100, mpmath.mpf(1))) == []


def test_half_a_gaussian():
    with mp.workdps(34):
        top, value = log_piecewise_integral(stepped, jumps(stepped), -mpmath.inf, mpmath.inf)
        exact = mpmath.sqrt(mp.pi / 2) * mpmath.erfc(mpmath.mpf(1) / 3 / mpmath.sqrt(2))
        assert abs(mpmath.exp(top) * value / exact - 1) < mpmath.mpf("1e-28")


def test_conjugates_are_integrated_in_closed_form():
    """int dy exp(i y (x - 2) - y^2/2) = sqrt(2 pi) exp(-(x - 2)^2/2), and x stays."""

    def density(position):
        x, y = position
        return mpmath.mpc(0, y) * (x - 2) - y * y / 2, mpmath.mpf(x > 1)

    with mp.workdps(30):
        reduced, left = without_quadratic(density, [False, True], [True, True])
        exponent, weight = reduced((mpmath.mpf("1.5"),))
        exact = mpmath.log(2 * mp.pi) / 2 - mpmath.mpf(1) / 8
        assert left == [0]
        assert weight == 1
        assert abs(exponent - exact) < mpmath.mpf("1e-27")


def test_a_gaussian_that_grows_is_refused():
    with mp.workdps(30):
        reduced, left = without_quadratic(lambda y: (y[0] ** 2, 1), [False], [True])
        assert left == []
        with pytest.raises(UnboundedError, match="diverges"):
            reduced(())
