"""Rules composed at random: closed forms against quadrature in float64."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import special
from sympy import (
    Abs,
    Heaviside,
    Integer,
    Matrix,
    Max,
    Min,
    Mul,
    Piecewise,
    Rational,
    cos,
    cosh,
    erf,
    erfc,
    exp,
    lambdify,
    sign,
    sin,
    symbols,
)

from derive.gaussian.closed_form import closed_form
from tests.derive.gaussian_quadrature import axis, plane, space

x = symbols("x:3", real=True)
FUNCTIONS = ["numpy", {"erf": special.erf, "erfc": special.erfc}]
eighths = st.integers(-12, 12).map(lambda n: Rational(n, 8))
small = st.integers(-4, 4).map(lambda n: Rational(n, 8))


def linear(size, constants=eighths, slopes=eighths):
    """A linear form of the variables with a constant, not itself constant."""
    coefficients = st.lists(slopes, min_size=size, max_size=size).filter(any)
    return st.tuples(coefficients, constants).map(lambda t: (*t[0], t[1]))


def written(form):
    *coefficients, constant = form
    return sum(c * v for c, v in zip(coefficients, x)) + constant  # noqa: B905 (fewer than three)


KINKS = {
    "step": Heaviside,
    "sign": sign,
    "modulus": Abs,
    "rectified": lambda f: Max(0, f),
    "least": lambda f: Min(f, Rational(1, 2) * f),
    "leaky": lambda f: Piecewise((f, f > 0), (f / 4, True)),
}
SMOOTH = {
    "erf": erf,
    "erfc": erfc,
    "exp": lambda f: exp(f / 3),  # the mass stays within reach of the nodes
    "cosh": lambda f: cosh(f / 3),
    "tilt": lambda f: exp(-(f**2) / 2),
    "power": lambda f: f**2,
    "itself": lambda f: f,
}
WAVES = {
    "cos": cos,
    "sin": sin,
    "tilt": lambda f: exp(-(f**2)),
    "power": lambda f: f**3,
    "exp": lambda f: exp(f / 3),
}


def factors(table, size, most, constants=eighths, slopes=eighths):
    """Return lists of (name, form)."""
    return st.lists(
        st.tuples(st.sampled_from(sorted(table)), linear(size, constants, slopes)), max_size=most
    )


def product(table, chosen):
    return Mul(*(table[name](written(form)) for name, form in chosen))


@st.composite
def gaussians(draw, size, means=eighths):
    """Return a mean and a lower triangular L: the covariance is L L^T, now and then singular."""
    mean = Matrix([draw(means) for _ in range(size)])
    below = Matrix(size, size, lambda i, j: draw(eighths) if j <= i else Integer(0))
    assume(any(below))
    return mean, below


def in_normals(integrand, mean, below):
    """Return the integrand as a NumPy function of independent standard normals."""
    size = len(mean)
    normals = symbols(f"n:{size}", real=True)
    fields = mean + below * Matrix(normals)
    moved = integrand.xreplace(dict(zip(x[:size], fields, strict=True)))
    compiled = lambdify(normals, moved, FUNCTIONS)

    def value(*at):
        with np.errstate(under="ignore"):
            return np.asarray(compiled(*at)) + np.zeros(np.broadcast_shapes(*map(np.shape, at)))

    return value


def line_of(form, mean, below):
    """Return a form of two fields as (a, b, c) in two standard normals."""
    *coefficients, constant = form
    row = Matrix([coefficients])
    a, b = row * below
    return float(a), float(b), float((row * mean)[0, 0] + constant)


def closed(integrand, size, mean, below):
    return closed_form(integrand, x[:size], list(mean), below * below.T)


def assert_equal(found, expected, scale):
    assert found is not None
    assert float(found.evalf(20)) == pytest.approx(expected, rel=0, abs=2e-12 * scale + 1e-300)


@settings(max_examples=40)
@given(factors(KINKS, 1, 3), factors(SMOOTH, 1, 3), gaussians(1))
def test_one_variable(kinked, smooth, gaussian):
    mean, below = gaussian
    integrand = product(KINKS, kinked) * product(SMOOTH, smooth)
    found = closed(integrand, 1, mean, below)
    if found is None:
        tails = [name for name, _ in smooth if name in ("erf", "erfc")]
        assert len(kinked) + len(tails) > 2
        return
    roots = [-(slope * mean[0] + shift) / (slope * below[0, 0]) for _, (slope, shift) in kinked]
    assert_equal(found, *axis(in_normals(integrand, mean, below), map(float, roots)))


@settings(max_examples=16)
@given(factors(KINKS, 2, 2), factors(SMOOTH, 2, 2), gaussians(2))
def test_two_variables(kinked, smooth, gaussian):
    mean, below = gaussian
    integrand = product(KINKS, kinked) * product(SMOOTH, smooth)
    found = closed(integrand, 2, mean, below)
    if found is None:
        tails = [name for name, _ in smooth if name in ("erf", "erfc")]
        assert len(kinked) + len(tails) > 2
        return
    lines = [line_of(form, mean, below) for _, form in kinked]
    assert_equal(found, *plane(in_normals(integrand, mean, below), lines))


@settings(max_examples=10)
@given(
    factors(KINKS, 2, 2, st.just(Integer(0))),
    factors(SMOOTH, 2, 2, st.just(Integer(0))),
    gaussians(2, st.just(Integer(0))),
)
def test_centred_fields_meet_four_steps(kinked, smooth, gaussian):
    mean, below = gaussian
    kept = [(name, form) for name, form in smooth if name not in ("exp", "cosh")]
    integrand = product(KINKS, kinked) * product(SMOOTH, kept)
    lines = [line_of(form, mean, below) for _, form in kinked]
    expected = plane(in_normals(integrand, mean, below), lines)
    assert_equal(closed(integrand, 2, mean, below), *expected)


@settings(max_examples=12)
@given(factors(SMOOTH, 3, 3, small, small), gaussians(3, small))
def test_three_variables(smooth, gaussian):
    mean, below = gaussian
    integrand = product(SMOOTH, smooth)
    found = closed(integrand, 3, mean, below)
    if found is None:
        assert sum(name in ("erf", "erfc") for name, _ in smooth) > 2
        return
    assert_equal(found, *space(in_normals(integrand, mean, below)))


@settings(max_examples=12)
@given(factors(WAVES, 2, 3), gaussians(2))
def test_waves(chosen, gaussian):
    mean, below = gaussian
    integrand = product(WAVES, chosen)
    expected = plane(in_normals(integrand, mean, below), [])
    assert_equal(closed(integrand, 2, mean, below), *expected)
