"""The rewrite table: each row at its samples, rows inside of longer expressions, and composed."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mpf
from sympy import Rational, cosh, exp, log, sinh, symbols, tanh

import numerics as nm
from numerics.reference import trusted
from numerics.special import (
    Langevin,
    Log1p,
    Log2Cosh,
    Logistic,
    LogSinhc,
    Sech2,
    Softplus,
    SpinEntropy,
    XLogX,
)
from numerics.stable import PATTERNS, WORKED, a, b, stabilise, x

J, h, N, beta, m = symbols("J h N beta m")
U = 2.0**-53
SMALLEST = mpf(10) ** -320  # where a double has underflowed


def values_of(row, sample):
    names = sorted(row.before.free_symbols, key=lambda s: "xab".index(s.name))
    return dict(zip(names, sample[: len(names)], strict=True)), names


def error_in_units(expr, values):
    """The kernel's error in units of u (1 + K)."""
    (true,), _ = trusted([expr], values)
    got = nm.compile(expr)(values)
    assert math.isfinite(got), (expr, values)
    if abs(got - true) < 2.0**-1022:
        return 0.0
    slopes = [s * expr.diff(s) for s in values]
    moved = sum(abs(trusted([slope], values, agree=1e-3)[0][0]) for slope in slopes)
    return float(abs(got - true) / (U * (abs(true) + moved)))


@pytest.mark.parametrize("row", PATTERNS + WORKED, ids=lambda row: str(row.before))
def test_row_is_applied(row):
    assert stabilise(row.before) == (row.after,)


@pytest.mark.parametrize("row", PATTERNS + WORKED, ids=lambda row: str(row.before))
def test_row_is_an_identity_and_stable_at_its_samples(row):
    for sample in row.samples:
        values, _ = values_of(row, sample)
        before, after = trusted([row.before, row.after], values)[0]
        assert abs(before - after) <= max(1e-20 * abs(before), SMALLEST)
        assert error_in_units(row.before, values) <= 4


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (N * log(2 * cosh(x)) / beta + m**2, N * Log2Cosh(x) / beta + m**2),
        (J * beta - J * beta * tanh(x) ** 2 + h, J * beta * Sech2(x) + h),
        (3 - tanh(x) ** 2, 3 - tanh(x) ** 2),
        (m - tanh(x), m - tanh(x)),
        (N * log(exp(a) + exp(-a)) - 1, N * Log2Cosh(a) - 1),
        (log(2 * cosh(x) * exp(-a)), Log2Cosh(x) - a),
        (log(2 * sinh(beta * h) / h), LogSinhc(beta * h) + log(2 * beta)),
        (beta * (cosh(h) / sinh(h) - 1 / h), beta * Langevin(h)),
        (2 * m * log(2) + m * log(3), 2 * m * log(2) + m * log(3)),
        (exp(x) / cosh(x), 2 * Logistic(2 * x)),
        (exp(-a) * cosh(x), exp(Log2Cosh(x) - a) / 2),
        (log(exp(a) / (exp(a) + exp(b))), -Softplus(b - a)),
        (exp(x) / (1 + exp(x)) ** 2, Logistic(x) * Logistic(-x)),
        (-(1 + m) / 2 * log((1 + m) / 2), -XLogX(m / 2 + Rational(1, 2))),
        (log(1 + m) * J, J * Log1p(m)),
        (log(2 * cosh(x)) / beta**2 - x * tanh(x) / beta**2, SpinEntropy(x) / beta**2),
    ],
    ids=str,
)
def test_rows_inside_of_longer_expressions(before, after):
    assert stabilise(before) == (after,)


def test_derivatives_of_a_log_partition_function_stay_stable():
    free = log(1 + 2 * exp(-beta * J) * cosh(beta * m))
    first = stabilise(free)[0].diff(m)
    assert first == beta * Logistic(Log2Cosh(beta * m) - J * beta) * tanh(beta * m)
    values = {J: 1.5, beta: 1e4, m: -1.0}
    assert error_in_units(free, values) <= 4
    assert error_in_units(stabilise(first.diff(m))[0], {J: 0.7, beta: 300.0, m: 1.0}) <= 4


UNARY = [
    lambda y: log(2 * cosh(y)),
    lambda y: log(exp(y) + exp(-y)) - log(2),
    lambda y: 1 - tanh(y) ** 2,
    tanh,
    lambda y: 1 / (1 + exp(-y)),
    lambda y: log(1 + 2 * exp(-Rational(1, 3)) * cosh(y)),
    lambda y: 2 * sinh(y) / (1 + 2 * cosh(y)),
    lambda y: 1 + tanh(y),
]


@given(
    st.sampled_from(UNARY),
    st.sampled_from(UNARY),
    st.floats(-1e4, 1e4),
    st.floats(-2.0, 2.0),
)
def test_composed_rows_have_no_nan_where_the_value_is_finite(outer, inner, scale, shift):
    """outer(x inner(a)): |x| up to 1e4, so that its argument overflows every naive formula."""
    expr = outer(x * inner(a))
    assert error_in_units(expr, {x: scale, a: shift}) <= 4


@given(st.sampled_from(UNARY), st.sampled_from(UNARY), st.floats(-1e4, 1e4), st.floats(0.1, 10))
def test_sums_of_rows_keep_the_bound(one, other, field, weight):
    expr = weight * one(x) + other(x)
    if trusted([expr], {x: field})[0][0] != 0:
        assert error_in_units(one(x) * J + other(x), {x: field, J: weight}) <= 4


def test_langevin_from_an_interval_measure():
    average = log(2 * sinh(beta * h) / (beta * h)).diff(h)
    assert error_in_units(average, {beta: 1e3, h: 2.0}) <= 4
    assert nm.compile(Langevin(x))(1e-12) == pytest.approx(1e-12 / 3, rel=1e-15, abs=0)
