"""What theorists write with erf and erfc: the printed forms become Mills ratios, and stay exact."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import Max, Symbol, acos, asin, erf, erfc, exp, log, pi, sqrt, symbols

import numerics as nm
from numerics.reference import trusted
from numerics.special import (
    ArcCos,
    ArcCosineKernel,
    GaussianInterval,
    InverseMills,
    InverseMillsSlope,
    LogGaussianTail,
    TailCumulant,
)
from numerics.stable import stabilise

kappa, z, q = symbols("kappa z q", real=True)
A, B, C = symbols("A B C", positive=True)
u = (kappa - z * sqrt(q)) / sqrt(1 - q)
RATIO = pi * InverseMills(u) ** 2 / 2


@pytest.mark.parametrize(
    "printed",
    [
        exp(-(z**2) / 2 - (kappa - z * sqrt(q)) ** 2 / (1 - q))
        * erfc((kappa - z * sqrt(q)) / sqrt(2 * (1 - q))) ** -2,
        exp(-(z**2) / 2)
        * (exp(-((kappa - z * sqrt(q)) ** 2) / (2 - 2 * q)) / erfc(u / sqrt(2))) ** 2,
        exp(-(z**2) / 2 - u**2) / (1 - erf(u / sqrt(2))) ** 2,
        exp(-(z**2) / 2 + (kappa**2 - 2 * kappa * z * sqrt(q) + q * z**2) / (q - 1))
        / erfc(u / sqrt(2)) ** 2,
    ],
    ids=["printed", "squared", "erf", "expanded"],
)
def test_the_perceptron_integrand_however_it_is_written(printed):
    assert stabilise(printed) == (RATIO * exp(-(z**2) / 2),)


@pytest.mark.parametrize("tail", [erfc(z / sqrt(2)), 1 - erf(z / sqrt(2))])
def test_a_tail_that_the_terms_of_a_denominator_share_is_taken_out(tail):
    printed = exp(-(z**2)) / (q * tail**2 - tail**2).expand()
    assert stabilise(printed) == (pi * InverseMills(z) ** 2 / 2 / (q - 1),)


@given(st.floats(-30, 30), st.floats(-8, 8), st.floats(0.01, 8))
def test_the_perceptron_integrand_has_no_nan_and_keeps_its_bound(threshold, field, digits):
    printed = (exp(-(u**2) / 2) / erfc(u / sqrt(2))) ** 2
    values = {kappa: threshold, z: field, q: 1 - 10.0**-digits}
    got = nm.compile(printed, arguments=[kappa, z, q])(values)
    assert math.isfinite(got)
    (true,), _ = trusted([printed], values)
    slopes = [s * printed.diff(s) for s in values]
    moved = sum(abs(trusted([slope], values, agree=1e-3)[0][0]) for slope in slopes)
    assert abs(got - true) <= 8 * 2**-53 * (abs(true) + moved) + 2.0**-1022


def test_derivatives_of_log_h_by_hand_become_one_function():
    free = log(erfc(u / sqrt(2)) / 2)
    assert stabilise(free) == (LogGaussianTail(u),)
    assert stabilise(free.diff(kappa, 2)) == (InverseMillsSlope(u) / (q - 1),)
    (second,) = stabilise(free.diff(q, 2))
    assert not second.has(exp, erfc)
    assert second.has(InverseMillsSlope)


def test_the_stability_integrand_far_out():
    slope = (exp(-(z**2) / 2) / erfc(z / sqrt(2)) * sqrt(2 / pi)).diff(z)
    values = nm.compile(slope**2)([1e3, 1e6, 1e9])
    assert values == pytest.approx([1 - 2e-6 + 13e-12, 1 - 2e-12, 1.0], rel=1e-15, abs=0)


def test_rectified_moments_of_a_gaussian_in_the_tail():
    # E max(x - kappa, 0) for x of variance A, as its closed form is printed
    ramp = sqrt(A / (2 * pi)) * exp(-(kappa**2) / (2 * A)) - kappa * erfc(kappa / sqrt(2 * A)) / 2
    assert stabilise(ramp)[0].has(TailCumulant)
    certificate = nm.certify(nm.compile(ramp), kappa=(-5, 30), A=(0.1, 2), samples=60)
    assert certificate.holds, certificate
    # one over the capacity of the perceptron, (1 + kappa^2) Phi + kappa phi
    inverse = (1 + kappa**2) * (1 + erf(kappa / sqrt(2))) / 2 + kappa * exp(-(kappa**2) / 2) / sqrt(
        2 * pi
    )
    certificate = nm.certify(nm.compile(inverse), kappa=(-30, 30), samples=60)
    assert certificate.holds, certificate


def test_a_window_becomes_an_interval():
    window = erf((kappa - z) / sqrt(2)) / 2 + erf((kappa + z) / sqrt(2)) / 2
    assert stabilise(window)[0].has(GaussianInterval)
    certificate = nm.certify(nm.compile(window), kappa=(0.1, 2), z=(-30, 30), samples=60)
    assert certificate.holds, certificate


def test_kernels_of_rectified_units_near_opposite_inputs():
    printed = C * asin(C / (sqrt(A) * sqrt(B))) / (2 * pi) + C / 4 + sqrt(A * B - C**2) / (2 * pi)
    rho = C / (sqrt(A) * sqrt(B))
    assert stabilise(printed) == (sqrt(A) * sqrt(B) * ArcCosineKernel(rho) / (2 * pi),)
    r = Symbol("r", real=True)
    assert stabilise(sqrt(1 - r**2) + r * (pi - acos(r))) == (ArcCosineKernel(r),)
    kernel = nm.compile(sqrt(1 - r**2) + r * asin(r) + pi * r / 2)
    certificate = nm.certify(kernel, r=(-1 + 1e-12, 1 - 1e-12), samples=80)
    assert certificate.holds, certificate
    assert kernel(-1.0) == 0.0
    assert kernel(1.0) == pytest.approx(math.pi, rel=1e-15, abs=0)


def test_a_correlation_of_one_that_rounding_exceeds_has_an_angle():
    angle = nm.compile(acos(C / (sqrt(A) * sqrt(B))), arguments=[A, B, C])
    ones = [k / 10 for k in range(1, 40)]
    assert (angle(ones, ones, ones) < 3e-8).all()
    assert stabilise(pi / 2 + asin(z)) == (ArcCos(-z),)


def test_what_holds_no_tail_stays_as_it_is():
    for expr in (erfc(z), erf(z) ** 2, exp(-(z**2)) * erf(z), Max(z, 0) * erfc(kappa)):
        assert stabilise(expr) == (expr,)
