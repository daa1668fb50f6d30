"""Gaussian averages in the mpmath reference: known values, narrow and far features, refusals."""

import numpy as np
import pytest
from mpmath import MPContext
from sympy import (
    Abs,
    Heaviside,
    Matrix,
    Max,
    Piecewise,
    Symbol,
    cos,
    erfc,
    exp,
    log,
    pi,
    sign,
    sqrt,
    symbols,
    tanh,
)

import derive as dv
from numerics.reference import Undefined, evaluate, trusted
from numerics.reference_line import Feature, line_average

average = dv.GaussianAverage
z, u, v, w = symbols("z u v w", real=True)
a, b, c, kappa = symbols("a b c kappa", real=True)
q, V = symbols("q V", nonnegative=True)
mp = MPContext()
mp.dps = 40

TAU = (kappa - sqrt(q) * z) / sqrt(1 - q)
MILLS = exp(-(TAU**2) / 2) / sqrt(2 * pi) / (erfc(TAU / sqrt(2)) / 2)
PAIR = Matrix([[1, c], [c, 1]])


def close(got, expected, digits=24):
    return abs(got - expected) <= mp.mpf(10) ** -digits * abs(expected)


@pytest.mark.parametrize(
    ("integrand", "value"),
    [
        (Abs(z), lambda: mp.sqrt(2 / mp.pi)),
        (Abs(z - 3) * sign(z - 3), lambda: mp.mpf(-3)),
        (Heaviside(z - 30), lambda: mp.erfc(30 / mp.sqrt(2)) / 2),
        (Max(z, 1, 2 * z - 3), lambda: 1 + tail_mean(1) + tail_mean(3)),
        (Piecewise((z**2, z < -1), (0, True)), lambda: tail(1) + density(1)),
        (exp(30 * z), lambda: mp.exp(450)),
        (z**20, lambda: mp.mpf(654729075)),
        (cos(7 * z), lambda: mp.exp(mp.mpf(-49) / 2)),
        (exp(z**2 * 2 / 5), lambda: mp.sqrt(5)),
        (1 / (1 + z**2), lambda: mp.sqrt(mp.pi * mp.e / 2) * mp.erfc(1 / mp.sqrt(2))),
        (log(Abs(z)), lambda: -(mp.euler + mp.log(2)) / 2),
    ],
    ids=lambda value: getattr(value, "__name__", None) or str(value),
)
def test_one_variable_where_the_value_is_known(integrand, value):
    (got,), _ = trusted([average(integrand, z)], {})
    assert close(got, value())


def density(x):
    return mp.npdf(x)


def tail(x):
    return mp.erfc(x / mp.sqrt(2)) / 2


def tail_mean(x):
    """The average of the positive part of z - x."""
    return density(x) - x * tail(x)


def test_a_feature_narrower_than_any_grid_is_found():
    (got,), _ = trusted([average(1 - tanh(sqrt(V) * (z - a)) ** 2, z)], {V: 1e30, a: 2.0})
    assert close(got, 2 * density(2) / mp.sqrt(mp.mpf(1e30)), 24)


@pytest.mark.parametrize("variance", [0.0, 1e-300, 1e-4, 1.0, 1e6])
def test_the_variance_map_over_its_range(variance):
    by_factor, by_law = (
        trusted([expr], {V: variance})[0][0]
        for expr in (average(tanh(sqrt(V) * z) ** 2, z), average(tanh(z) ** 2, z, covariance=V))
    )
    assert by_factor == by_law == 0 if variance == 0 else close(by_factor, by_law)
    if 0 < variance < 1e-3:
        series = mp.mpf(variance) - 2 * mp.mpf(variance) ** 2 + mp.mpf(variance) ** 3 * 17 / 3
        assert close(by_factor, series, 10)
    if variance == 1e6:
        assert close(1 - by_factor, 2 * density(0) / 1000, 6)


@pytest.mark.parametrize("margin", [-30.0, 0.0, 30.0])
def test_the_perceptron_near_saturation(margin):
    (got,), _ = trusted([average(MILLS**2, z)], {q: 1 - 1e-8, kappa: margin})
    leading = ((1 + margin**2) * tail(-margin) + margin * density(margin)) / (1 - mp.mpf(1 - 1e-8))
    assert close(got, leading, 3 if margin < 0 else 6) or margin == -30.0
    if margin == -30.0:  # the tail of scale 1/30 feels the smoothing by 1e-4
        assert leading / 2 < got < 2 * leading


def test_the_perceptron_at_a_known_point():
    (got,), _ = trusted([q / (1 - q) / average(MILLS**2, z)], {q: 0.5, kappa: 1.0})
    assert close(got, mp.mpf("0.2308462594117217934038227150"), 25)


def test_two_rules_agree():
    """The trapezoid rule in a substituted variable, and panels that a far kink asks for."""
    function = lambda x: mp.tanh(50 * x - 3) ** 2  # noqa: E731
    smooth = Feature(mp.mpf(3) / 50, mp.mpf(1) / 50)
    other = [smooth, Feature(mp.mpf(-1), mp.mpf(0))]
    assert close(
        line_average(mp, function, 28, [smooth])[0], line_average(mp, function, 28, other)[0]
    )


@pytest.mark.parametrize("correlation", [1.0, -1.0])
def test_full_correlation_leaves_one_variable(correlation):
    (got,), _ = trusted([average(tanh(u) * tanh(v), (u, v), covariance=PAIR)], {c: correlation})
    assert close(got, correlation * evaluate(average(tanh(z) ** 2, z), {}, 30))


@pytest.mark.slow
def test_two_variables():
    law = Matrix([[a, c], [c, b]])
    values = {a: 1.3, b: 0.7, c: 0.4}
    (got,), _ = trusted([average(tanh(u) * tanh(v), (u, v), covariance=law)], values)
    assert close(got, mp.mpf("0.15091976410914173"), 15)


def test_averages_of_averages():
    inner = average(exp(a * z * w), w)  # exp(a**2 z**2/2)
    (got,), _ = trusted([average(log(inner), z)], {a: 0.7})
    assert close(got, mp.mpf(0.7) ** 2 / 2, 19)


def test_sums_over_arrays_inside_and_outside():
    i, j = dv.indices("i j", dv.size("N"))
    m = dv.Given("m", i)
    values = {m: np.array([0.5, -0.25]), dv.size("N"): 2}
    moments = average(dv.total(m[j] * z**2, j) + z * m[i] + m[i], z)
    assert abs(evaluate(moments, values, at={i: 2})) < 1e-45
    logs = average(log(dv.total(exp(m[j] * z), j)), z)
    direct = average(log(exp(z / 2) + exp(-z / 4)), z)
    assert close(evaluate(logs, values, 30), evaluate(direct, {}, 30), 28)


def test_what_cancels_in_the_integrand_gets_more_digits():
    (got,), _ = trusted([average(1 - tanh(z + a) ** 2, z)], {a: 200.0})
    assert close(got, 4 * mp.exp(-400 + 2), 20)
    (odd,), _ = trusted([average(tanh(z + a), z)], {a: 1e-20})
    slope = evaluate(average(1 - tanh(z) ** 2, z), {}, 30)
    assert close(odd, mp.mpf(1e-20) * slope, 20)


@pytest.mark.parametrize(
    ("expr", "values"),
    [
        (average(exp(a * z**2), z), {a: 0.5}),
        (average(log(z - a), z), {a: 1.0}),
        (average(tanh(u) * tanh(v), (u, v), covariance=PAIR), {c: 1.5}),
        (average(tanh(z), z, covariance=a), {a: -1.0}),
    ],
    ids=str,
)
def test_where_there_is_no_value_it_says_so(expr, values):
    with pytest.raises(Undefined):
        evaluate(expr, values, 20)


def test_unknown_functions_in_averages_are_refused():
    from sympy import besselj

    from numerics import errors

    x = Symbol("x", real=True)
    with pytest.raises(errors.UnsupportedExpressionError, match="besselj"):
        evaluate(average(besselj(0, x * z), z), {x: 1.0})
