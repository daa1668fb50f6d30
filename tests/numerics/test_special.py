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

# each function of one argument, or with the others fixed, and where it is tested
CASES = [
    (special.ArcCos(x), -0.999999999, 0.999999999),
    (special.ArcCosineKernel(x), -1 + 1e-15, 1.0),
    (special.ArcSin(x), -0.999999999, 0.999999999),
    (special.BinaryEntropy(x), 1e-300, 1 - 1e-12),
    (special.ExpDifference(x, -x / 3), -2000, 700),
    (special.Expm1(x), -1e4, 700),
    (special.GaussianInterval(x, x / 2 - 1), -30, 30),
    (special.GaussianTail(x), -40, 40),
    (special.InverseMills(x), -1e4, 1e4),
    (special.InverseMillsSlope(x), -1e4, 1e4),
    (special.Langevin(x), -1e4, 1e4),
    (special.LangevinSlope(x), -1e4, 1e4),
    (special.Log1mExp(x), 1e-300, 1e4),
    (special.Log1p(x), -1 + 1e-12, 1e300),
    (special.Log2Cosh(x), -1e4, 1e4),
    (special.LogCosh(x), -1e4, 1e4),
    (special.LogErfc(x), -30, 1e4),
    (special.LogGaussianInterval(x, x + 1), -30, 30),
    (special.LogGaussianTail(x), -30, 1e4),
    (special.LogMillsRatio(x), -1e3, 1e4),
    (special.LogRatio(1 + x, x, 1), 1e-300, 1e300),
    (special.LogSinhc(x), -1e4, 1e4),
    (special.Logistic(x), -1e4, 1e4),
    (special.LogisticDifference(x, x / 2), -700, 700),
    (special.Logit(x), 1e-300, 1 - 1e-12),
    (special.MillsRatio(x), -37, 1e4),
    (special.OnePlusXLog1p(x), -1 + 1e-12, 10),
    (special.Sech2(x), -1e4, 1e4),
    (special.Softplus(x), -1e4, 1e4),
    (special.SpinEntropy(x), -1e4, 1e4),
    (special.SpinInformation(x), -1, 1),
    (special.TailCumulant(1, x), -1e4, 1e4),
    (special.TailCumulant(2, x), -1e4, 1e4),
    (special.TailCumulant(3, x), -1e4, 1e4),
    (special.TailCumulant(4, x), -1e4, 1e4),
    (special.TailPower(x, x - (x - 2) ** 2, 2, x - 2), -500, 30),
    (special.XLogX(x), 1e-300, 1e3),
]
PARAMETERS = pytest.mark.parametrize(("function", "low", "high"), CASES, ids=lambda f: str(f))


def test_every_special_function_is_tested_here():
    listed = {getattr(special, name) for name in special.__all__} - {special.StableFunction}
    assert {case[0].func for case in CASES} == listed


@PARAMETERS
def test_recipe_keeps_its_bound_over_the_whole_domain(function, low, high):
    certificate = nm.certify(nm.compile(function), x=(low, high), samples=100)
    assert certificate.holds, certificate


@PARAMETERS
def test_derivative_is_that_of_the_textbook_formula(function, low, high):
    low, high = max(low, -30), min(high, 30)
    for point in np.linspace(low, high, 7)[1:-1] + 0.1 * (high - low) / 7:
        textbook = function.func.naive(*function.args)
        own, true = trusted([function.diff(x), textbook.diff(x)], {x: point})[0]
        assert abs(own - true) <= 1e-20 * abs(true)


@PARAMETERS
def test_evalf_gives_the_digits_asked_for(function, low, high):
    (true,), _ = trusted([function.func.naive(*function.args)], {x: 0.125}, digits=60)
    assert abs(function.subs(x, Rational(1, 8)).evalf(30) - Float(str(true), 50)) < 1e-29 * abs(
        true
    )
    assert abs(float(function.subs(x, 0.125)) - true) < 1e-15 * abs(true)


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
