"""Derivatives of Gaussian averages with respect to whatever they depend on."""

import mpmath
import pytest
from sympy import (
    Abs,
    Derivative,
    DiracDelta,
    Function,
    Heaviside,
    Matrix,
    Max,
    Min,
    Piecewise,
    Rational,
    cosh,
    exp,
    log,
    pi,
    sign,
    sqrt,
    symbols,
    tanh,
)

import derive as dv
from derive import GaussianAverage
from derive.gaussian.digits import value
from tests.derive.average_quadrature import number

x, y, z, w, m, r, s, t = symbols("x y z w m r s t", real=True)
U, V = symbols("U V", positive=True)
CORRELATED = [[V, r], [r, U]]
POINT = {
    m: Rational(2, 7),
    r: Rational(1, 3),
    V: Rational(3, 4),
    U: Rational(5, 4),
    w: Rational(2, 3),
}
POINT |= {s: -Rational(1, 5)}


def slope(average, parameter):
    """Return the derivative by central differences in mpmath, to some 12 digits."""
    with mpmath.workdps(30):
        values = POINT | {parameter: t}

        def at(point):
            expr = average.xreplace(values).xreplace({t: Rational(str(point))})
            return value(expr, 70)._to_mpmath(70) if isinstance(expr, GaussianAverage) else expr

        centre, h = mpmath.mpf(str(POINT[parameter].evalf(30))), mpmath.mpf("1e-3")
        rule = [(1, mpmath.mpf(2) / 3), (2, -mpmath.mpf(1) / 12)]
        return mpmath.fsum(c * (at(centre + k * h) - at(centre - k * h)) for k, c in rule) / h


def agrees(average, parameter, rel=1e-11):
    """Whether the derivative is what differences of the average say."""
    derived = average.diff(parameter).subs(POINT).evalf(15)
    return float(derived) == pytest.approx(float(slope(average, parameter)), rel=rel, abs=0)


# -- by Price ------------------------------------------------------------------------------------


def test_price_in_one_variable():
    f = Function("f")
    average = GaussianAverage(f(z, w), z, m, V)
    law = (z, m, V)
    assert average.diff(m) == GaussianAverage(f(z, w).diff(z), *law)
    assert average.diff(V) == GaussianAverage(f(z, w).diff(z, 2), *law) / 2
    assert average.diff(w) == GaussianAverage(f(z, w).diff(w), *law)
    assert average.diff(s) == 0


def test_price_in_two_variables():
    f = Function("f")
    average = GaussianAverage(f(x, y), (x, y), (m, 0), CORRELATED)
    law = ((x, y), (m, 0), CORRELATED)
    assert average.diff(r) == GaussianAverage(f(x, y).diff(x, y), *law)
    assert average.diff(U) == GaussianAverage(f(x, y).diff(y, 2), *law) / 2
    assert average.diff(m) == GaussianAverage(f(x, y).diff(x), *law)


def test_one_parameter_may_be_everywhere():
    assert agrees(GaussianAverage(tanh(w * z), z, w**2, 1 + w**4), w)


SMOOTH = [
    GaussianAverage(tanh(w * z + m) ** 2, z, s, V),
    GaussianAverage(log(2 * cosh(w * z)) * z**3, z, m, V),
    GaussianAverage(z * exp(-w * z**2), z, m, V),
    GaussianAverage(log(1 + GaussianAverage(exp(w * tanh(z) * x), x)), z, m, V),
]


@pytest.mark.parametrize("average", SMOOTH, ids=str)
@pytest.mark.parametrize("parameter", [m, V, w])
def test_smooth_integrands(average, parameter):
    h = 1e-3
    values = [POINT | {parameter: POINT[parameter] + k * Rational(1, 1000)} for k in range(-3, 4)]
    at = [number(average, point) for point in values]
    expected = (at[6] - 9 * at[5] + 45 * at[4] - 45 * at[2] + 9 * at[1] - at[0]) / (60 * h)
    assert number(average.diff(parameter), POINT) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("parameter", [m, r, V, U, w])
def test_smooth_integrands_of_two_variables(parameter):
    average = GaussianAverage(tanh(w * x + y) * log(2 * cosh(y)) * x, (x, y), (m, s), CORRELATED)
    values = [POINT | {parameter: POINT[parameter] + k * Rational(1, 1000)} for k in range(-3, 4)]
    at = [number(average, point) for point in values]
    expected = (at[6] - 9 * at[5] + 45 * at[4] - 45 * at[2] + 9 * at[1] - at[0]) / (60 * 1e-3)
    assert number(average.diff(parameter), POINT) == pytest.approx(expected, rel=1e-9, abs=0)


# -- at jumps and kinks --------------------------------------------------------------------------

density = exp(-((s - m) ** 2) / (2 * V)) / sqrt(2 * pi * V)


def test_the_derivative_of_a_probability_is_the_density():
    average = GaussianAverage(Heaviside(z - s), z, m, V)
    assert (average.diff(m) - density).expand() == 0
    assert (average.diff(s) + density).expand() == 0
    assert (average.diff(V) - density * (s - m) / (2 * V)).expand() == 0


def test_the_sign_is_twice_the_step():
    average = GaussianAverage(sign(z - s) * tanh(z), z, m, V)
    assert agrees(average, s)
    assert agrees(average, V)


def test_jumps_whatever_function_they_stand_in():
    """theta^3 is theta; exp(sign) jumps by e - 1/e."""
    cubed = GaussianAverage(Heaviside(z - s) ** 3, z, m, V)
    assert (cubed.diff(s) + density).expand() == 0
    jump = GaussianAverage(exp(sign(z - s)), z, m, V)
    assert (jump.diff(s) + density * (exp(1) - exp(-1))).expand() == 0


KINKED = [
    GaussianAverage(Max(0, z - s) ** 2 * tanh(z), z, m, V),
    GaussianAverage(Abs(w * z - s), z, m, V),
    GaussianAverage(Max(z, w, 2 * z - 1), z, m, V),
    GaussianAverage(Min(z, w) * sign(z - s), z, m, V),
    GaussianAverage(Piecewise((z, z > w), (z**2, z > s), (w, True)), z, m, V),
    GaussianAverage(Abs(z**2 - w) * cosh(s * z), z, m, V),
    GaussianAverage(log(2 + Heaviside(z - w) * z), z, m, V),
    GaussianAverage(Heaviside(Abs(z) - w) * Heaviside(2 - z), z, m, V),
]


@pytest.mark.parametrize("average", KINKED, ids=str)
@pytest.mark.parametrize("parameter", [V, w])
def test_kinked_integrands(average, parameter):
    assert agrees(average, parameter)


SINGULAR = [
    GaussianAverage(log(Abs(z)), z, m, V),
    GaussianAverage(sqrt(Abs(z)) * tanh(w * z), z, m, V),
    GaussianAverage(Heaviside(z) * log(z), z, m, V),
]


@pytest.mark.parametrize("average", SINGULAR, ids=str)
def test_integrands_with_singular_points(average):
    """The second derivative has no average: the integrand is standardised."""
    assert agrees(average, V)


def test_singular_points_and_a_singular_covariance():
    average = GaussianAverage(log(Abs(x + y)) * tanh(y) ** 2, (x, y), 0, [[V, V], [V, V]])
    with pytest.raises(dv.MoveError, match="standardised"):
        average.diff(V)
    assert agrees(average.standardised(), V)
    moving = GaussianAverage(log(Abs(z - w)), z, m, V)
    with pytest.raises(dv.MoveError, match="moves with w"):
        moving.diff(w)
    still = moving.change_variables({z: w + x}, x)
    assert agrees(still, w)


def test_a_sum_that_factors_into_what_never_vanishes():
    tail = 2 + tanh(w * z)
    average = GaussianAverage(1 / ((1 + U) * tail**2).expand(), z, m, V)
    assert agrees(average, w)


def test_orthants():
    """d/dr <theta theta> = 1/(2 pi sqrt(det C)) at zero mean (Price)."""
    average = GaussianAverage(Heaviside(x) * Heaviside(y), (x, y), 0, CORRELATED)
    found = average.diff(r)
    assert float(found.subs(POINT)) == pytest.approx(
        float((1 / (2 * pi * sqrt(U * V - r**2))).subs(POINT)), rel=1e-15, abs=0
    )
    three = GaussianAverage(
        Heaviside(x) * Heaviside(y) * Heaviside(z), (x, y, z), 0, [[1, r, 0], [r, 1, w], [0, w, 1]]
    )
    assert (three.diff(r).doit() - 1 / (4 * pi * sqrt(1 - r**2))).subs(POINT).evalf(chop=True) == 0


CLOSED = [
    Max(0, x) * Max(0, y),
    x * Heaviside(x) * Heaviside(y) * y**2,
    sign(x - y) * Abs(y) * x,
    Max(x, y) ** 2 * Heaviside(x),
    exp(w * x) * Heaviside(x + y),
]


@pytest.mark.parametrize("integrand", CLOSED, ids=str)
@pytest.mark.parametrize("parameter", [r, V])
def test_derivatives_of_closed_forms(integrand, parameter):
    average = GaussianAverage(integrand, (x, y), 0, CORRELATED)
    direct = average.doit().diff(parameter).subs(POINT).evalf(30)
    moved = average.diff(parameter).doit().subs(POINT).evalf(30)
    assert direct != 0
    assert abs(moved - direct) < 1e-25 * abs(direct)


def test_second_derivatives_and_the_heat_equation():
    """<f> obeys d/dV = (1/2) d^2/dm^2 whatever f is."""
    for f in (tanh(z) * z, Max(z, s) ** 3, sign(z - s) * cosh(z)):
        average = GaussianAverage(f, z, m, V)
        heat = (average.diff(V) - average.diff(m, 2) / 2).doit().subs(POINT)
        assert abs(heat.evalf(15, chop=True)) < 1e-14


def test_expansions():
    average = GaussianAverage(tanh(w * z) ** 2, z, 0, V)
    assert average.series(w, 0, 5).removeO() == V * w**2 - 2 * V**2 * w**4
    heat = GaussianAverage(tanh(z), z, m, V).series(V, 0, 2).removeO()
    assert (heat - tanh(m) - V * (tanh(m) ** 3 - tanh(m))).expand() == 0
    assert (average / w).limit(w, 0) == 0
    assert (average / w**2).limit(w, 0) == V


def test_derivatives_with_respect_to_elements():
    i, j = dv.indices("i j", dv.size("N"))
    field = dv.Given("h", i)
    average = GaussianAverage(tanh(z + field[i]), z)
    delta = field[i].diff(field[j])
    assert average.diff(field[j]) == GaussianAverage(1 - tanh(z + field[i]) ** 2, z) * delta
    mean = GaussianAverage(tanh(z), z, field[i], V)
    assert mean.diff(field[j]) == GaussianAverage(1 - tanh(z) ** 2, z, field[i], V) * delta


def test_no_delta_function_is_left():
    for average in (*KINKED, *SINGULAR):
        for parameter in (m, V, w, s):
            assert not average.diff(parameter).has(DiracDelta)


def test_derivatives_of_unknown_functions_stay():
    g = Function("g")
    average = GaussianAverage(g(w * z), z, 0, V)
    assert average.diff(w).has(Derivative) or average.diff(w).args
    assert average.subs(g, tanh).doit() == GaussianAverage(tanh(w * z), z, 0, V).doit()


def test_a_matrix_of_derivatives():
    average = GaussianAverage(exp(-(x**2) - x * y - y**2), (x, y), (m, s), CORRELATED)
    found = Matrix([average]).jacobian([m, s])
    assert (found[0] - average.diff(m)) == 0
    assert float(found[1].doit().subs(POINT)) == pytest.approx(
        float(average.doit().diff(s).subs(POINT)), rel=1e-13, abs=0
    )
