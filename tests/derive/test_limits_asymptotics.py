"""Asymptotic expansions of expressions with Gaussian averages."""

import pickle

import pytest
from sympy import (
    Abs,
    Function,
    Heaviside,
    Max,
    Rational,
    cosh,
    erf,
    erfc,
    exp,
    log,
    oo,
    pi,
    sign,
    sinh,
    sqrt,
    symbols,
    tanh,
)

import derive as dv
from tests.derive.limit_models import kappa, log_volume, q

x, y, a = symbols("x y a", real=True)
beta, eps, c = symbols("beta epsilon c", positive=True)
A = dv.GaussianAverage


@pytest.mark.parametrize(
    ("expr", "leading"),
    [
        (log(2 * cosh(beta * a)), beta * Abs(a)),
        (tanh(beta * a), sign(a)),
        (erf(beta * a), sign(a)),
        (log(exp(beta) + exp(3 * beta) + beta), 3 * beta),
        (log(erfc(beta * c)), -(beta**2) * c**2),
        (log(erfc(-beta * c)), log(2)),
        (log(1 + exp(beta * c)), beta * c),
        (sinh(beta) / cosh(beta) ** 2 * exp(beta), 2),
        (sqrt(beta**2 * c + beta), beta * sqrt(c)),
        (1 / (1 + exp(-beta * c)), 1),
        (Max(beta * a, 0), beta * a * Heaviside(a)),
    ],
    ids=str,
)
def test_functions_of_large_arguments(expr, leading):
    assert (dv.asymptotics(expr, beta, oo).leading - leading).expand() == 0


def test_powers_beyond_the_leading_one():
    found = dv.asymptotics(log(erfc(beta)), beta, oo, relative=4)
    terms = -(beta**2) - log(beta) - log(pi) / 2 - 1 / (2 * beta**2)
    assert found.expr.subs(log(1 / beta), -log(beta)) == terms
    exact = log(erfc(beta))
    errors = [abs((exact - terms).subs(beta, b).evalf(30)) for b in (10, 20, 40)]
    assert errors[0] / errors[1] == pytest.approx(16, rel=0.1, abs=0)
    assert errors[1] / errors[2] == pytest.approx(16, rel=0.1, abs=0)


def test_the_sign_of_the_large_argument_decides_inside_an_average():
    volume = log(erfc((kappa - x) / sqrt(2 * eps)) / 2)
    found = dv.asymptotics(A(volume, x), eps, 0, side="+")
    piecewise = A(-((kappa - x) ** 2) / 2 * Heaviside(kappa - x), x)
    difference = (found.coefficient(-1) - piecewise.doit()).subs(kappa, Rational(2, 7))
    assert abs(difference.evalf(30)) < 1e-25
    assert [(power, logs) for power, logs, _ in found.terms] == [(-1, 0), (0, 1), (0, 0)]
    assert found.order == Rational(1, 2)


@pytest.mark.parametrize(
    "expr",
    [
        A(log(2 * cosh((x + Rational(1, 3)) / eps)), x, covariance=1 - eps),
        A(log(erfc((Rational(1, 3) - x) / sqrt(2 * eps)) / 2), x, covariance=1 - eps),
        A(tanh((x - Rational(1, 4)) / eps) * x, x, mean=eps),
        A(Max(0, x - Rational(1, 5) + eps) ** 2, x),
        A(log(1 + exp(x / eps) + exp((1 - x) / eps)), x),
    ],
    ids=["log cosh", "log erfc", "tanh", "shifted kink", "tropical maximum"],
)
def test_remainders_fall_as_they_claim(expr):
    """Also where the law moves with the parameter, and a kink with it."""
    found = dv.asymptotics(expr, eps, 0, side="+")
    values = [Rational(1, n) for n in (64, 256, 1024)]
    errors = [abs((expr - found.expr).subs(eps, v).evalf(16)) for v in values]
    power = log(errors[1] / errors[2]).evalf() / log(4).evalf()
    assert power > found.order - 0.1


def test_a_layer_is_all_that_is_left_of_a_peak():
    found = dv.asymptotics(A(1 - tanh(x / eps) ** 2, x), eps, 0, side="+")
    assert found.terms == ()
    assert found.order == 1
    with pytest.raises(dv.LimitError, match="nothing is known"):
        _ = found.leading


def test_nested_averages():
    inner = A(exp(eps * log(2 * cosh((x + y) / eps))), y)
    found = dv.asymptotics(A(log(inner), x), eps, 0, side="+")
    inside = A(exp(Abs(x + y)), y).doit()
    expected = A(log(inside), x).evalf(8)
    assert float(found.coefficient(0).evalf(8)) == pytest.approx(float(expected), rel=1e-7, abs=0)


def test_a_variance_that_vanishes_or_diverges_is_put_in_proportion():
    wide = dv.asymptotics(A(log(2 * cosh(x)), x, covariance=beta**2 * c), beta, oo)
    assert wide.leading == sqrt(2) * beta * sqrt(c) / sqrt(pi)
    narrow = dv.asymptotics(A(x**2 + a, x, covariance=eps), eps, 0, side="+")
    assert narrow.expr == a + eps


def test_limits_and_why_there_is_none():
    assert dv.asymptotics(tanh(beta * c), beta, oo).limit == 1
    with pytest.raises(dv.LimitError, match=r"from below.*behaves as"):
        _ = dv.asymptotics(log_volume(kappa), q, 1).limit
    with pytest.raises(dv.LimitError, match="not in the table"):
        dv.asymptotics(Function("f")(beta), beta, oo)
    with pytest.raises(dv.LimitError, match="known below the power"):
        dv.asymptotics(log_volume(kappa), q, 1).coefficient(1)
    with pytest.raises(dv.DeclarationError, match="neither"):
        dv.asymptotics(tanh(beta), beta, oo, side="left")


def test_an_average_that_grows_exponentially_is_done_in_closed_form():
    """<exp(beta x)> = exp(beta^2/2), which no fixed x knows of."""
    found = dv.asymptotics(log(A(exp(beta * x), x)), beta, oo)
    assert found.expr == beta**2 / 2


def test_expansions_survive_a_round_trip():
    found = dv.asymptotics(log_volume(kappa), q, 1)
    assert pickle.loads(pickle.dumps(found)) == found
    assert found.func(*found.args) == found
    assert "mathcal{O}" in found._repr_latex_()
