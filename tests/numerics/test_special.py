"""Special functions: their recipes and derivatives against mpmath, over their whole domains."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import Float, Rational, Symbol

import numerics as nm
from numerics import special
from numerics.errors import NonFiniteError
from numerics.exponentials import LogSumExp, SoftAverage
from numerics.reference import trusted

x = Symbol("x", real=True)

DOMAINS = {
    special.BinaryEntropy: (1e-300, 1 - 1e-12),
    special.Expm1: (-1e4, 700),
    special.Langevin: (-1e4, 1e4),
    special.LangevinSlope: (-1e4, 1e4),
    special.Log1mExp: (1e-300, 1e4),
    special.Log1p: (-1 + 1e-12, 1e300),
    special.Log2Cosh: (-1e4, 1e4),
    special.LogCosh: (-1e4, 1e4),
    special.LogSinhc: (-1e4, 1e4),
    special.Logistic: (-1e4, 1e4),
    special.Logit: (1e-300, 1 - 1e-12),
    special.OnePlusXLog1p: (-1 + 1e-12, 10),
    special.Sech2: (-1e4, 1e4),
    special.Softplus: (-1e4, 1e4),
    special.SpinEntropy: (-1e4, 1e4),
    special.XLogX: (1e-300, 1e3),
}


def test_every_special_function_has_a_domain_here():
    listed = {getattr(special, name) for name in special.__all__} - {special.StableFunction}
    assert set(DOMAINS) == listed


@pytest.mark.parametrize("function", DOMAINS, ids=lambda f: f.__name__)
def test_recipe_keeps_its_bound_over_the_whole_domain(function):
    certificate = nm.certify(nm.compile(function(x)), x=DOMAINS[function], samples=120)
    assert certificate.holds, certificate


@pytest.mark.parametrize("function", DOMAINS, ids=lambda f: f.__name__)
def test_derivative_is_that_of_the_textbook_formula(function):
    low, high = (max(DOMAINS[function][0], -30), min(DOMAINS[function][1], 30))
    for point in np.linspace(low, high, 7)[1:-1] + 0.1 * (high - low) / 7:
        own, true = trusted([function(x).diff(x), function.naive(x).diff(x)], {x: point})[0]
        assert abs(own - true) <= 1e-20 * abs(true)


@pytest.mark.parametrize("function", DOMAINS, ids=lambda f: f.__name__)
def test_evalf_gives_the_digits_asked_for(function):
    point = Rational(1, 8)
    (true,), _ = trusted([function.naive(x)], {x: 0.125}, digits=60)
    assert abs(function(point).evalf(30) - Float(str(true), 50)) < 1e-29 * abs(true)
    assert abs(float(function(0.125)) - true) < 1e-15 * abs(true)


def test_values_at_the_ends_of_the_domain():
    ends = [
        (special.XLogX, 0.0, 0.0),
        (special.OnePlusXLog1p, -1.0, 0.0),
        (special.BinaryEntropy, 0.0, 0.0),
        (special.BinaryEntropy, 1.0, 0.0),
        (special.LogSinhc, 1e-200, 0.0),
        (special.Langevin, 0.0, 0.0),
        (special.LangevinSlope, 0.0, 1 / 3),
        (special.Sech2, 0.0, 1.0),
    ]
    for function, point, value in ends:
        assert nm.compile(function(x))(point) == value, function


def test_outside_of_its_domain_an_entropy_is_no_number_and_says_so():
    with pytest.raises(NonFiniteError, match=r"x = -0\.5"):
        nm.compile(special.XLogX(x))(-0.5)


finite = st.floats(-1e4, 1e4)


@given(st.lists(st.tuples(st.floats(1e-3, 1e3), finite), min_size=2, max_size=5))
def test_log_sum_exp_of_any_weights(pairs):
    weights = [Symbol(f"w{k}") for k in range(len(pairs))]
    exponents = [Symbol(f"a{k}") for k in range(len(pairs))]
    expr = LogSumExp(*(s for pair in zip(weights, exponents, strict=True) for s in pair))
    numbers = [*(w for w, _ in pairs), *(a for _, a in pairs)]
    values = dict(zip(weights + exponents, numbers, strict=True))
    (true,), _ = trusted([expr], values)
    scale = abs(true) + sum(abs(values[s] * trusted([expr.diff(s)], values)[0][0]) for s in values)
    assert abs(nm.compile(expr)(values) - true) <= 4 * 2**-53 * scale


def test_log_sum_exp_with_weights_that_vanish():
    a, w = Symbol("a"), Symbol("w")
    f = nm.compile(LogSumExp(w, a, 1, 0))
    assert f(a=1000.0, w=0.0) == 0.0
    assert f(a=[1000.0, -3.0], w=[0.0, 0.0]).tolist() == [0.0, 0.0]


def test_log_of_a_normalised_average_is_accurate_near_zero():
    a, b, q = Symbol("a"), Symbol("b"), Symbol("q", positive=True)
    certificate = nm.certify(
        nm.compile(LogSumExp(q, a, 1 - q, b)),
        a=(1e-12, 1e-9),
        b=(1e-12, 1e-9),
        q=(0.1, 0.9),
        samples=40,
    )
    assert certificate.holds, certificate


def test_soft_average_derivatives_do_not_cancel():
    a, b, c = symbols = [Symbol(name) for name in "abc"]
    average = SoftAverage(-1, 1, a, 0, 2, b, 1, 1, c)
    kernel = nm.compile(average, arguments=symbols).jacobian(symbols)
    certificate = nm.certify(kernel, a=(1, 50), b=(-50, -1), c=(1, 50), samples=40)
    assert certificate.holds, certificate
