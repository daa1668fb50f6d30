"""Laplace's method: known series, Wick contractions in several dimensions, rotated contours."""

import mpmath
import pytest
from sympy import Function, Matrix, Rational, Symbol, exp, log, pi, symbols

from derive import DeriveError
from derive.saddle.laplace import laplace, wick_corrections

N = Symbol("N", positive=True)
x, y = symbols("x y", real=True)


def test_first_correction_of_an_unknown_function():
    g = Function("g")
    (first,) = laplace(g(x), x, x, N, order=1).corrections
    d2, d3, d4 = (g(x).diff(x, k) for k in (2, 3, 4))
    assert (first - (5 * d3**2 / (24 * d2**3) - d4 / (8 * d2**2))).expand() == 0


def test_stirlings_series():
    positive = Symbol("x", positive=True)
    expansion = laplace(positive - log(positive), positive, 1, N, order=5)
    # log Gamma(N + 1) = log(N**(N + 1) I), Abramowitz and Stegun 6.1.41
    assert expansion.corrections == (Rational(1, 12), 0, Rational(-1, 360), 0, Rational(1, 1260))
    assert expansion.factors[:3] == (Rational(1, 12), Rational(1, 288), Rational(-139, 51840))
    assert (expansion.log_prefactor - log(2 * pi / N) / 2).expand() == 0
    with mpmath.workdps(30):
        value = expansion.log_integral.subs(N, 50).evalf(30)
        exact = mpmath.loggamma(51) - 51 * mpmath.log(50)
        assert abs(mpmath.mpf(str(value)) - exact) < 1e-15  # 50**-7/1680 is the next term


def test_integral_and_its_logarithm_agree():
    expansion = laplace(x**2 / 2 + x**4 / 4, x, 0, N, order=3)
    series = log(1 + sum(f / N**k for k, f in enumerate(expansion.factors, start=1)))
    u = Symbol("u", positive=True)
    expanded = series.subs(N, 1 / u).series(u, 0, 4).removeO()
    assert expanded.expand() == sum(c * u**k for k, c in enumerate(expansion.corrections, 1))


@pytest.mark.parametrize("order", [1, 2, 3])
def test_error_falls_with_the_order(order):
    f = x**2 / 2 + x**3 / 5 + x**4 / 4
    log_integral = laplace(f, x, 0, N, order=order).log_integral

    def error(size):
        weight = lambda t: mpmath.exp(-size * (t**2 / 2 + t**3 / 5 + t**4 / 4))  # noqa: E731
        exact = mpmath.log(mpmath.quad(weight, [-3, -1, 0, 1, 3]))
        return abs(exact - mpmath.mpf(str(log_integral.subs(N, size).evalf(25))))

    with mpmath.workdps(25):
        halved = error(200) / error(400)
    assert halved == pytest.approx(2 ** (order + 1), rel=0.1)


def test_two_dimensions_against_a_change_of_variables():
    # independent of the coordinates: a shear of unit determinant changes no coefficient
    f = x - log(1 + x) + y**2 + y**4 + x**2 * y**2
    sheared = f.subs(x, x + 2 * y + y**2)  # unit Jacobian, nonlinear
    flat = laplace(f, (x, y), (0, 0), N, order=2)
    assert laplace(sheared, (x, y), (0, 0), N, order=2).corrections == flat.corrections
    assert flat.corrections[0] != 0


def test_independent_directions_add():
    f, g = x - log(1 + x), y**2 / 2 + y**3 + y**4
    together = laplace(f + g, (x, y), (0, 0), N, order=3).corrections
    apart = zip(
        laplace(f, x, 0, N, order=3).corrections,
        laplace(g, y, 0, N, order=3).corrections,
        strict=True,
    )
    assert together == tuple(a + b for a, b in apart)


def test_terms_of_lower_order_in_the_exponent():
    # exp(-N x**2/2 + a x + b x**2/2 + c x**2/N): a Gaussian integral, known to all orders
    a, b, c = symbols("a b c")
    exponents = [-(x**2) / 2, a * x + b * x**2 / 2, c * x**2]
    first, second = wick_corrections(exponents, (x,), {x: 0}, Matrix([[1]]), 2)
    u = Symbol("u")
    stiffness = 1 - b * u - 2 * c * u**2  # in units of N = 1/u
    exact = (a**2 * u / (2 * stiffness) - log(stiffness) / 2).series(u, 0, 3).removeO()
    assert (exact - first * u - second * u**2).expand() == 0


def test_a_delta_function_in_fourier_form_is_exact():
    # int dm dk/(2 pi i) exp(N [g(m) - k m]) = g at m = 0: real m, imaginary k, every order zero
    g = Function("g")(x)
    exponent = g - y * x
    hessian = Matrix([[g.diff(x, 2), -1], [-1, 0]])
    (first,) = wick_corrections([exponent], (x, y), {}, (-hessian).inv(), 1)
    assert first.expand() == 0


def test_refuses_what_is_no_minimum():
    with pytest.raises(DeriveError, match="no stationary point"):
        laplace(x**2, x, 1, N)
    with pytest.raises(DeriveError, match="singular"):
        laplace(x**4, x, 0, N)


def test_exponent_and_integral():
    expansion = laplace(x**2 / 2 + 3, x, 0, N)
    assert expansion.exponent == -3 * N
    assert (expansion.integral / exp(-3 * N)).subs(N, 2 * pi).evalf(20) == pytest.approx(1)
