"""The integrals that checks are made of, against closed forms."""

import mpmath
import pytest
from mpmath import mp

from derive.checks.integrals import Axis, OutOfReach, TwoDimensional, delta_function, separated
from derive.checks.quadrature import log_line_integral
from derive.errors import UnboundedError


def real_axis(name, imaginary=False):
    turn = mpmath.mpc(0, 1) if imaginary else mpmath.mpf(1)
    return Axis({name: turn}, {name: mpmath.mpf(0)}, -mpmath.inf, mpmath.inf, imaginary)


def value(estimate):
    return mpmath.exp(estimate.exponent) * estimate.value


@pytest.mark.parametrize(
    ("exponent", "factor", "exact"),
    [
        (lambda y: -(y**2) / 2, lambda y: 1, lambda: mpmath.sqrt(2 * mp.pi)),
        (lambda y: -((y - 40) ** 2), lambda y: y, lambda: 40 * mpmath.sqrt(mp.pi)),
        (lambda y: -(y**4), lambda y: 1, lambda: mpmath.gamma(mpmath.mpf(1) / 4) / 2),
        (
            lambda y: -(y**2) / 2 + 3j * y,
            lambda y: 1,
            lambda: mpmath.sqrt(2 * mp.pi) * mpmath.exp(-4.5),
        ),
        (lambda y: -4 * mpmath.log(1 + y**2), lambda y: 1, lambda: 5 * mp.pi / 16),
    ],
    ids=["gaussian", "far from the origin", "quartic", "oscillating", "algebraic tails"],
)
def test_lines_to_thirty_digits(exponent, factor, exact):
    with mp.workdps(34):
        top, integral = log_line_integral(
            lambda y: (exponent(y), factor(y)), -mpmath.inf, mpmath.inf
        )
        assert abs(mpmath.exp(top) * integral / exact() - 1) < mpmath.mpf("1e-28")


def test_an_integrand_that_does_not_fall_is_refused():
    with pytest.raises(UnboundedError, match="fall off"):
        log_line_integral(lambda y: (mpmath.mpf(0), 1), -mpmath.inf, mpmath.inf)


def coupled_by_a_weight(position):
    x, y = position
    return -(x * x + y * y) / 2, 1 + (x * y) ** 2


def test_coupled_coordinates_are_seen_and_integrated():
    axes = [real_axis("x"), real_axis("y")]
    with mp.workdps(30), pytest.raises(TwoDimensional):
        separated(coupled_by_a_weight, axes)
    with mp.workdps(16):
        found = separated(coupled_by_a_weight, axes)
        assert found.dimension == 2
        assert abs(value(found) / (4 * mp.pi) - 1) < mpmath.mpf("1e-13")


def test_coupled_gaussian_coordinates_are_integrated_in_closed_form():
    axes = [real_axis("x"), real_axis("y")]
    with mp.workdps(34):
        found = separated(
            lambda p: (-(p[0] ** 2 + p[1] ** 2) / 2 + p[0] * p[1] / 3, mpmath.mpf(1)), axes
        )
        exact = 2 * mp.pi / mpmath.sqrt(1 - mpmath.mpf(1) / 9)
        assert found.dimension == 1
        assert abs(value(found) / exact - 1) < mpmath.mpf("1e-30")


def test_independent_coordinates_factorise():
    axes = [real_axis(k) for k in range(4)]
    with mp.workdps(34):
        found = separated(lambda x: (-mpmath.fsum(v**2 for v in x), mpmath.mpf(1)), axes)
        assert found.dimension == 1
        assert abs(value(found) / mp.pi**2 - 1) < mpmath.mpf("1e-28")


def test_a_conjugate_is_integrated_along_its_saddle():
    """exp(lam x + lam^2/2 - x^2/9) over lam = i y and x: modulus one in x alone would not do."""
    axes = [real_axis("x"), real_axis("lam", imaginary=True)]

    def density(position):
        x, lam = position[0], 1j * position[1]
        return lam * x + lam**2 / 2 + x**2 / 9, mpmath.mpf(1)

    with mp.workdps(16):
        # over y: sqrt(2 pi) exp(-x^2/2); then over x: sqrt(2 pi / (1 - 2/9))
        exact = 2 * mp.pi / mpmath.sqrt(1 - mpmath.mpf(2) / 9)
        assert abs(value(separated(density, axes)) / exact - 1) < mpmath.mpf("1e-13")


def test_linear_conjugates_are_delta_functions():
    """int dx dy/(2 pi) exp(i y (3 x - 2)) F(x) = F(2/3)/3."""
    axes = [real_axis("x"), real_axis("lam", imaginary=True)]

    def density(position):
        x, lam = position[0], 1j * position[1]
        return lam * (3 * x - 2) + mpmath.sin(x), 1 / (2 * mp.pi)

    with mp.workdps(34):
        exact = mpmath.exp(mpmath.sin(mpmath.mpf(2) / 3)) / 3
        assert abs(value(delta_function(density, axes)) / exact - 1) < mpmath.mpf("1e-28")


def test_a_vanishing_weight_is_out_of_reach():
    with pytest.raises(OutOfReach, match="does not vanish"):
        separated(lambda x: (-(x[0] ** 2), mpmath.mpf(0)), [real_axis("x")])
