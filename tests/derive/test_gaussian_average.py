"""Gaussian averages as objects: equality, parts, values, text, and what is refused."""

import copy
import pickle

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import (
    Abs,
    Dummy,
    EulerGamma,
    Expr,
    Function,
    Heaviside,
    I,
    Matrix,
    Max,
    N,
    Rational,
    S,
    Symbol,
    Tuple,
    atan,
    cosh,
    erf,
    erfc,
    exp,
    gamma,
    latex,
    log,
    nan,
    pi,
    sign,
    sin,
    sinh,
    sqrt,
    symbols,
    tanh,
)

import derive as dv
from derive import GaussianAverage
from derive.typesetting.latex import latex_of

x, y, z, u, w, m, r = symbols("x y z u w m r", real=True)
U, V = symbols("U V", positive=True)
CORRELATED = [[V, r], [r, U]]


# -- equality, and what an average is made of ----------------------------------------------------


def test_the_name_of_a_variable_does_not_matter():
    first = GaussianAverage(tanh(w * z) ** 2, z, m, V)
    second = GaussianAverage(tanh(w * u) ** 2, u, m, V)
    assert first == second
    assert hash(first) == hash(second)
    assert first - second == 0
    assert first != GaussianAverage(tanh(m * z) ** 2, z, m, V)
    assert first != GaussianAverage(tanh(w * z) ** 2, z, 0, V)


def test_the_order_of_variables_does_not_matter():
    integrand = x * tanh(x + w * y)
    first = GaussianAverage(integrand, (x, y), (m, 0), CORRELATED)
    assert first == GaussianAverage(integrand, (y, x), (0, m), [[U, r], [r, V]])
    assert first != GaussianAverage(integrand, (y, x), (m, 0), CORRELATED)


@given(st.permutations(range(4)))
def test_any_order_of_variables_that_look_alike(order):
    names = symbols("a:4", real=True)
    integrand = Max(0, names[0] + names[1]) * tanh(names[2] * names[3])
    rename = dict(zip(names, (names[k] for k in order), strict=True))
    assert GaussianAverage(integrand, names) == GaussianAverage(
        integrand.xreplace(rename), [names[k] for k in order]
    )


def nested(outer, inner):
    average = GaussianAverage(exp(inner * tanh(outer)), inner)
    return GaussianAverage(outer * log(1 + average), outer, m, V)


def test_nested_averages_are_equal_whatever_the_names():
    assert nested(x, y) == nested(y, x) == nested(z, w)
    assert hash(nested(x, y)) == hash(nested(z, w))


def test_inner_and_outer_variables_are_not_mixed_up():
    inner = GaussianAverage(exp(z * x), z)
    assert GaussianAverage(x * log(inner), x) != GaussianAverage(w * log(inner), w)
    shadowed = GaussianAverage(log(GaussianAverage(cosh(x), x) + x**2), x)
    assert shadowed == GaussianAverage(log(GaussianAverage(cosh(y), y) + z**2), z)


EXAMPLES = [
    GaussianAverage(tanh(w * z) ** 2, z, m, V),
    GaussianAverage(x * tanh(y * x), (x, y), (m, 0), CORRELATED),
    nested(x, y),
    nested(x, x),
    GaussianAverage(Function("f")(z, w), z),
]


@pytest.mark.parametrize("average", EXAMPLES, ids=str)
def test_an_average_is_what_it_is_made_of(average):
    assert average.func(*average.args) == average
    assert pickle.loads(pickle.dumps(average)) == average
    assert copy.deepcopy(average) == copy.copy(average) == average
    assert isinstance(average, Expr)


def test_parts_can_be_read():
    average = GaussianAverage(x * tanh(y * x), Tuple(x, y), Matrix([m, 0]), Matrix(CORRELATED))
    assert average.integrand == x * tanh(y * x)
    assert average.variables == (x, y)
    assert average.mean == (m, 0)
    assert average.covariance == Matrix(CORRELATED)
    assert average.free_symbols == {m, r, U, V}


# -- normal form ---------------------------------------------------------------------------------


def test_constant_factors_stand_outside():
    assert GaussianAverage(3 * w * tanh(z), z) == 3 * w * GaussianAverage(tanh(z), z)
    assert GaussianAverage(w, z) == w
    assert GaussianAverage(0, z) == 0


def test_variables_that_do_not_occur_are_integrated_out():
    average = GaussianAverage(tanh(x), (y, x), (1, m), [[U, r], [r, V]])
    assert average == GaussianAverage(tanh(x), x, m, V)


def test_a_variable_without_variance_is_its_mean():
    assert GaussianAverage(tanh(z), z, m, 0) == tanh(m)
    pair = GaussianAverage(x * tanh(y), (x, y), (m, 0), [[0, 0], [0, V]])
    assert pair == m * GaussianAverage(tanh(y), y, 0, V)
    assert GaussianAverage(tanh(z), z, m, V).subs(V, 0) == tanh(m)


def test_a_bound_variable_is_real_and_captures_no_namesake():
    plain = Symbol("z")
    average = GaussianAverage(Abs(plain) ** 2, plain)
    assert average == GaussianAverage(z**2, z)
    other = GaussianAverage(tanh(plain * z), plain)
    assert other.free_symbols == {z}
    assert other == GaussianAverage(tanh(u * z), u)
    first, second = Dummy("a"), Dummy("a")
    assert len(set(GaussianAverage(tanh(first + 2 * second), (first, second)).variables)) == 2


def test_signs_are_known():
    assert GaussianAverage(cosh(z), z).is_positive
    assert GaussianAverage(tanh(z) ** 2, z).is_nonnegative
    assert GaussianAverage(tanh(w * z), z).is_real
    assert GaussianAverage(exp(I * z) * tanh(z), z).is_real is None
    assert GaussianAverage(tanh(w * z), z).is_even is None  # of numbers: the integrand is odd


# -- values --------------------------------------------------------------------------------------

VALUES = [
    (GaussianAverage(z**4, z), 3),
    (GaussianAverage(exp(50 * z), z), exp(1250)),
    (GaussianAverage(exp(z**2 * Rational(49, 100)), z), sqrt(50)),
    (
        GaussianAverage(exp(-(10**6) * (z - Rational(5, 4)) ** 2), z),
        exp(-Rational(25, 32) * 2 * 10**6 / (2 * 10**6 + 1)) / sqrt(2 * 10**6 + 1),
    ),
    (GaussianAverage(1 + exp(100 * z - 3000), z), 1 + exp(2000)),
    (GaussianAverage(sqrt(Abs(z)), z), 2 ** Rational(1, 4) * gamma(Rational(3, 4)) / sqrt(pi)),
    (GaussianAverage(log(Abs(z)), z), -(log(2) + EulerGamma) / 2),
    (GaussianAverage(Max(z, 1), z), (1 + erf(1 / sqrt(2))) / 2 + exp(-S.Half) / sqrt(2 * pi)),
    (GaussianAverage(Heaviside(z - 20), z), erfc(20 / sqrt(2)) / 2),
    (
        GaussianAverage(sign(z - 1) * Heaviside(2 - z), z),
        (erf(sqrt(2)) - 2 * erf(1 / sqrt(2)) - 1) / 2,
    ),
    (GaussianAverage(exp(3 * I * z), z), exp(-Rational(9, 2))),
    (GaussianAverage(tanh(x + y), (x, y), (1, -1), [[1, -1], [-1, 1]]), 0),
]


@pytest.mark.parametrize(("average", "value"), VALUES, ids=lambda v: str(v)[:40])
def test_values_to_any_number_of_digits(average, value):
    with mpmath.workdps(60):
        exact = mpmath.mpmathify(N(value, 60))
        for digits in (15, 40):
            error = abs(mpmath.mpmathify(average.evalf(digits)) - exact)
            assert error <= mpmath.mpf(10) ** (1 - digits) * (abs(exact) or 0.1)


def test_a_boundary_layer_is_seen():
    """1 - tanh(a(z - b))^2 has the weight 2 phi(b)/a, up to 1/a^3."""
    dip = GaussianAverage(1 - tanh(10**6 * z - 3 * 10**5) ** 2, z)
    leading = 2 * exp(-Rational(9, 200)) / sqrt(2 * pi) / 10**6
    assert float(dip.evalf() / leading) == pytest.approx(1, rel=1e-11, abs=0)


def test_the_value_of_a_nested_average():
    average = GaussianAverage(log(GaussianAverage(cosh(z * x), z)) * x**2, x)  # log exp(x^2/2) x^2
    assert float(average.evalf(8)) == pytest.approx(1.5, rel=1e-8, abs=0)


def test_the_value_of_an_average_over_two_variables():
    """<exp(-x A x/2)> = det(1 + C A)^(-1/2), but the quadrature does not know."""
    average = GaussianAverage(exp(-(x**2) - x * y - y**2), (x, y), 0, [[2, 1], [1, 1]])
    exact = 1 / sqrt((Matrix.eye(2) + Matrix([[2, 1], [1, 1]]) * Matrix([[2, 1], [1, 2]])).det())
    assert float(average.evalf(14)) == pytest.approx(float(exact), rel=1e-14, abs=0)


def test_an_average_with_symbols_stays():
    assert GaussianAverage(tanh(w * z), z).evalf() == GaussianAverage(tanh(w * z), z)


def test_expressions_of_averages_evaluate():
    second = GaussianAverage(tanh(z) ** 2, z)
    with mpmath.workdps(30):
        exact = mpmath.quad(lambda t: mpmath.tanh(t) ** 2 * mpmath.npdf(t), [-12, -3, 0, 3, 12])
        error = abs(
            mpmath.mpmathify(N(2 * second + log(second), 25)) - 2 * exact - mpmath.log(exact)
        )
        assert error < mpmath.mpf(10) ** -24


# -- text ----------------------------------------------------------------------------------------

TEXTS = [
    (GaussianAverage(tanh(z), z), "GaussianAverage(tanh(z), z)"),
    (GaussianAverage(tanh(z), z, m, V), "GaussianAverage(tanh(z), z, mean=m, covariance=V)"),
    (
        GaussianAverage(x * tanh(y * x), (x, y), (m, 0), CORRELATED),
        "GaussianAverage(x*tanh(x*y), (x, y), mean=(m, 0), covariance=[[V, r], [r, U]])",
    ),
    (
        GaussianAverage(x * log(x + GaussianAverage(cosh(w * x), x)), x),
        "GaussianAverage(x*log(x + GaussianAverage(cosh(w*x1), x1)), x)",
    ),
]


@pytest.mark.parametrize(("average", "text"), TEXTS, ids=[text for _, text in TEXTS])
def test_text(average, text):
    assert str(average) == repr(average) == text


z1, z2, xi = symbols("z1 z2 xi", real=True)
FORMULAS = [
    (GaussianAverage(tanh(z), z), r"\int Dz\, \tanh z"),
    (GaussianAverage(tanh(z1 * z2), (z1, z2)), r"\int Dz_{1}\,Dz_{2}\, \tanh(z_{1} z_{2})"),
    (GaussianAverage(atan(xi), xi), r"\int D\xi\, \operatorname{atan}(\xi)"),
    (GaussianAverage(1 + tanh(z), z), r"\int Dz\, (\tanh z + 1)"),
    (GaussianAverage(tanh(z), z) ** 2, r"\left(\int Dz\, \tanh z\right)^{2}"),
    (w * GaussianAverage(tanh(z), z), r"w \int Dz\, \tanh z"),
    (
        GaussianAverage(tanh(z), z) * GaussianAverage(cosh(z), z),
        r"\left(\int Dz\, \cosh z\right) \int Dz\, \tanh z",
    ),
    (1 / GaussianAverage(sinh(u), u), r"\frac{1}{\int Du\, \sinh u}"),
    (log(GaussianAverage(exp(w * z), z)), r"\ln \int Dz\, e^{w z}"),
    (
        GaussianAverage(tanh(z), z, m, V),
        r"\left\langle \tanh z \right\rangle_{z \sim \mathcal{N}\left(m, V\right)}",
    ),
    (
        GaussianAverage(tanh(x * y), (x, y), 0, CORRELATED),
        r"\left\langle \tanh(x y) \right\rangle_{\left(x, y\right) \sim \mathcal{N}\left(0, "
        r"\left(\begin{smallmatrix}V & r \\ r & U\end{smallmatrix}\right)\right)}",
    ),
    (
        GaussianAverage(log(GaussianAverage(exp(z * sin(x)), z) + z), z),
        r"\int Dz\, \ln\left(z + \int Dz_{1}\, e^{z_{1} \sin x}\right)",
    ),
]


@pytest.mark.parametrize(("average", "formula"), FORMULAS, ids=[f for _, f in FORMULAS])
def test_formulas(average, formula):
    assert latex_of(average) == formula


def test_the_printer_of_sympy_brackets_what_is_open():
    average = GaussianAverage(tanh(z), z)
    integral = r"\left(\int Dz\, \tanh{\left(z \right)}\right)"
    assert latex(w * average**2) == rf"w {integral}^{{2}}"
    assert average._repr_latex_() == r"$\displaystyle \int Dz\, \tanh z$"


# -- bad input -----------------------------------------------------------------------------------

REFUSED = [
    (lambda: GaussianAverage(z, 1), "no symbol"),
    (lambda: GaussianAverage(z, "z"), "no symbol"),
    (lambda: GaussianAverage(z, []), "at least one"),
    (lambda: GaussianAverage(z, (z, z)), "twice"),
    (lambda: GaussianAverage(V, V), "every real value"),
    (lambda: GaussianAverage(Symbol("n"), Symbol("n", integer=True)), "every real value"),
    (lambda: GaussianAverage("z", z), "no scalar"),
    (lambda: GaussianAverage(z > 0, z), "no scalar"),
    (lambda: GaussianAverage(Matrix([z]), z), "no scalar"),
    (lambda: GaussianAverage(x * y, (x, y), (0, 0, 0)), "3 means"),
    (lambda: GaussianAverage(x * y, (x, y), 0, 2), r"shape \(2, 2\)"),
    (lambda: GaussianAverage(x * y, (x, y), 0, [[1, 0]]), r"shape \(2, 2\)"),
    (lambda: GaussianAverage(x * y, (x, y), 0, [[1, 0], [0]]), "differ in length"),
    (lambda: GaussianAverage(x * y, (x, y), 0, [[1, r], [m, 1]]), "not symmetric"),
    (lambda: GaussianAverage(z, z, mean=z + 1), "mentions z"),
    (lambda: GaussianAverage(z, z, covariance=z**2), "mentions z"),
    (lambda: GaussianAverage(z, z, mean=I), "not real"),
    (lambda: GaussianAverage(z, z, covariance=I), "not positive semidefinite"),
    (lambda: GaussianAverage(z, z, covariance=-1), "not positive semidefinite"),
    (lambda: GaussianAverage(z, z, covariance=-V), "not positive semidefinite"),
    (lambda: GaussianAverage(x * y, (x, y), 0, [[1, 2], [2, 1]]), "not positive semidefinite"),
    (lambda: GaussianAverage(x * y, (x, y), 0, [[0, 1], [1, 1]]), "not positive semidefinite"),
    (
        lambda: GaussianAverage(
            x * y * w, (x, y, w), 0, 2 * Matrix.eye(3) - sqrt(2) * Matrix.ones(3, 3)
        ),
        "not positive semidefinite",
    ),
]


@pytest.mark.parametrize(("build", "message"), REFUSED)
def test_declarations_that_cannot_stand(build, message):
    with pytest.raises(dv.DeclarationError, match=message):
        build()


@pytest.mark.parametrize(
    "build", [lambda: GaussianAverage(nan, z), lambda: GaussianAverage(1 / z, z, 0, 0)]
)
def test_what_has_no_value(build):
    with pytest.raises(dv.ParameterError, match="no value"):
        build()


DIVERGING = [
    (lambda: GaussianAverage(exp(z**2), z), "along z"),
    (lambda: GaussianAverage(z * tanh(z) * exp(z**2 / 2 / V), z, 0, V), "along z"),
    (lambda: GaussianAverage(exp(z**2) * Heaviside(z), z), "along z"),
    (lambda: GaussianAverage(exp(z**2) / (1 + z**2), z), "along z"),
    (lambda: GaussianAverage(exp(x * y), (x, y)), "along x . y|along y . x"),
    (lambda: GaussianAverage(exp(w * x**2 - y**2), (x, y)).subs(w, 3), "along x"),
    (lambda: GaussianAverage(exp(exp(z)), z).evalf(), "towards .infinity"),
    (lambda: GaussianAverage(exp(Abs(z) ** 3), z).evalf(), "towards .infinity"),
]


@pytest.mark.parametrize(("build", "message"), DIVERGING)
def test_averages_that_diverge_say_in_which_direction(build, message):
    with pytest.raises(dv.UnboundedError, match=message):
        build()


def test_a_denominator_may_save_an_average():
    """With the exponential the density is flat, and int dz/(1 + z**2) = pi."""
    flat = GaussianAverage(exp(z**2 / 2) / (1 + z**2), z)
    assert flat.integrand == exp(z**2 / 2) / (1 + z**2)


def test_a_value_needs_a_known_function():
    with pytest.raises(dv.KinkError, match="f is analytic"):
        GaussianAverage(Function("f")(z), z).evalf()


def test_what_only_seems_to_diverge_is_kept():
    assert GaussianAverage(exp(z**2) * erfc(z) * Heaviside(z), z).has(exp)
    assert GaussianAverage(exp(z**2) * Heaviside(z) * Heaviside(1 - z), z).has(exp)
    assert GaussianAverage(exp(w * z**2), z).has(exp)
    assert GaussianAverage(exp(x * y / 2), (x, y)).has(exp)
