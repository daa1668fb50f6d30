"""What has a closed form, what has none, and what diverges."""

import pytest
from mpmath import mp
from sympy import (
    Abs,
    DiracDelta,
    Function,
    Heaviside,
    I,
    Integer,
    Matrix,
    Max,
    Min,
    Or,
    Piecewise,
    Rational,
    Symbol,
    cos,
    cosh,
    erf,
    erfc,
    exp,
    log,
    pi,
    sign,
    sin,
    sqrt,
    symbols,
    tanh,
)

from derive.errors import UnboundedError
from derive.gaussian.bivariate import BivariateNormal
from derive.gaussian.closed_form import closed_form
from derive.gaussian.special import OwenT
from tests.derive.gaussian_quadrature import below, line

x, y, z = symbols("x y z", real=True)
m, s, t, b, kappa = symbols("m s t b kappa", real=True)
V = symbols("V", positive=True)


def one(integrand, mean=0, variance=1):
    return closed_form(integrand, (x,), (mean,), Matrix([[variance]]))


def two(integrand, covariance, mean=(0, 0)):
    return closed_form(integrand, (x, y), mean, Matrix(covariance))


def digits(expr):
    return mp.mpf(str(expr.evalf(36)))


# polynomials and exponentials


def test_moments_are_those_of_isserlis():
    assert one(x**4, m, V) == m**4 + 6 * V * m**2 + 3 * V**2
    assert one(x**20, 0, V) == 654729075 * V**10
    a, c, d = symbols("a c d")
    assert two(x**2 * y**2, [[a, c], [c, d]]) == a * d + 2 * c**2
    assert (two(x**3 * y, [[a, c], [c, d]]) - 3 * a * c).expand() == 0


def test_exponentials():
    assert one(exp(t * x), m, V) == exp(V * t**2 / 2 + m * t)
    assert one(exp(I * t * x), m, V) == exp(-V * t**2 / 2 + I * m * t)
    assert one(cosh(t * x), 0, V) == exp(V * t**2 / 2)
    assert one(cos(t * x), m, V) == exp(-V * t**2 / 2) * cos(m * t)
    assert one(sin(x), m, V) == exp(-V / 2) * sin(m)
    assert one(x * sin(t * x), 0, V) == V * t * exp(-V * t**2 / 2)
    assert one(2**x, 0, V) == exp(V * log(2) ** 2 / 2)


def test_quadratic_exponents_widen_or_narrow_the_gaussian():
    s = symbols("s", positive=True)
    assert one(exp(-s * x**2 / 2), 0, V) == 1 / sqrt(V * s + 1)
    assert one(x**2 * exp(-s * x**2 / 2), 0, V) == V / (V * s + 1) ** Rational(3, 2)
    shifted = one(exp(-s * x**2 / 2 + b * x), m, V)
    assert shifted == exp((V * b**2 - s * m**2 + 2 * b * m) / (2 * (1 + V * s))) / sqrt(1 + V * s)
    assert two(exp(t * x * y), [[1, 0], [0, 1]]) == 1 / sqrt(1 - t**2)
    waves = one(cos(x) * exp(-(x**2) / 2), m, V)
    expected = exp(-(m**2 + V) / (2 * (1 + V))) * cos(m / (1 + V)) / sqrt(1 + V)
    assert (waves / expected).equals(1)


def test_a_quadratic_exponent_under_a_singular_covariance():
    assert two(exp(-x * y), [[V, V], [V, V]]) == 1 / sqrt(2 * V + 1)
    assert two(exp(-(x**2) / 2) * Heaviside(y), [[V, V], [V, V]]) == 1 / (2 * sqrt(V + 1))


# kinks


def test_rectified_fields_with_a_mean():
    tail, density = erfc(m / sqrt(2 * V)) / 2, sqrt(V) * exp(-(m**2) / (2 * V)) / sqrt(2 * pi)
    assert (one(Max(0, x), m, V) - m * (1 - tail) - density).expand() == 0
    assert (one(x**2 * Heaviside(x), m, V) - (m**2 + V) * (1 - tail) - m * density).expand() == 0
    assert (one(Abs(x), m, V) - m * erf(m / sqrt(2 * V)) - 2 * density).expand() == 0


def test_storage_at_capacity():
    """The average of (kappa - z)^2 over z < kappa (Gardner, J. Phys. A 21, 257 (1988), eq. 27)."""
    value = one(Max(0, kappa - x) ** 2).subs(kappa, 1)
    assert abs(1 / value.evalf(30) - Rational("0.5195722296049379695")) < 1e-18


LEAKS = [
    Piecewise((x, x > 0), (x / 5, True)),
    Max(x, x / 5),
    Max(0, x) + Min(0, x) / 5,
    Heaviside(x) * x + Heaviside(-x) * x / 5,
    (3 * x + 2 * Abs(x)) / 5,
    Rational(3, 5) * x + Rational(2, 5) * x * sign(x),
]


@pytest.mark.parametrize("leak", LEAKS, ids=str)
def test_one_function_in_many_words(leak):
    expected = 3 * m / 5 + Rational(2, 5) * one(Abs(x), m, V)
    assert (one(leak, m, V) - expected).rewrite(erfc).expand() == 0


def test_a_leak_of_unknown_size():
    found = one(Max(x, s * x), 0, V)
    for slope in (Rational(1, 5), -2, 3):
        expected = abs(1 - slope) * sqrt(V) / sqrt(2 * pi)
        assert (found.subs(s, slope) - expected).expand() == 0
    assert found.subs(s, 1) == 0


@pytest.mark.parametrize(
    ("integrand", "kinks"),
    [
        (Max(-1, Min(1, x)), (-1, 1)),
        (Piecewise((x**2, (x > -1) & (x < 1)), (1, True)), (-1, 1)),
        (Piecewise((1, Or(x < -1, x > 1)), (0, True)), (-1, 1)),
        (Piecewise((x, x < 0), (x**2, x < 1), (1, True)), (0, 1)),
        (Abs(x**2 - 1), (-1, 1)),
        (sign(x * (x - 1) * (x + 2)), (-2, 0, 1)),
        (exp(-Abs(x)), (0,)),
        (exp(-Abs(x - 1)) * x**3, (1,)),
        (Abs(x) ** 3 * exp(x / 2), (0,)),
        (Max(0, x + Max(0, x - 1)), (0, 1)),
        (Heaviside(x) ** 2 * x, (0,)),
        (erf(2 * x - 1) * x**2, ()),
        (erf(x) ** 2 * exp(-(x**2)), ()),
        (erfc(x) * Heaviside(x), (0,)),
        (erf(x) * Abs(x - 1), (1,)),
        (x * exp(-(x**2) / 3 + x / 2) * Heaviside(x - Rational(1, 2)), ("0.5",)),
    ],
    ids=str,
)
def test_kinks_and_probits_against_quadrature(integrand, kinks):
    from sympy import lambdify

    function = lambdify(x, integrand, "mpmath")
    mean, spread = Rational(1, 5), Rational(3, 2)
    found = one(integrand, mean, spread**2)
    with mp.workdps(36):
        low, wide = digits(mean), digits(spread)
        roots = [(mp.mpf(k) - low) / wide for k in kinks]
        expected = line(lambda u: function(low + wide * u), *roots)
        assert abs(digits(found) / expected - 1) < mp.mpf("1e-29")


def test_the_larger_of_two_and_three():
    """Clark, Oper. Res. 9, 145 (1961)."""
    a, c, d = symbols("a c d", positive=True)
    spread = sqrt(a + d - 2 * c)
    assert two(Max(x, y), [[a, c], [c, d]]) == spread / sqrt(2 * pi)
    assert closed_form(Max(x, y, z), (x, y, z), (0, 0, 0), Matrix.eye(3)) == 3 / (2 * sqrt(pi))


# probits


def test_probit_of_a_gaussian_field():
    probit = erfc(-(s * x + b) / sqrt(2)) / 2
    expected = erfc(-(b + s * m) / sqrt(2 * (1 + s**2 * V))) / 2
    at = {m: Rational(1, 3), V: 2, s: -Rational(3, 4), b: Rational(1, 5)}
    assert abs((one(probit, m, V).subs(at).evalf(30) / expected.subs(at).evalf(30)) - 1) < 1e-28
    assert one(erf(x + b), m, V) == erf((m + b) / sqrt(2 * V + 1))


def test_biased_erf_units_are_owens():
    found = one(erf(x) ** 2, m, V)
    assert found == 1 - 8 * OwenT(sqrt(2) * m / sqrt(2 * V + 1), 1 / sqrt(4 * V + 1))
    pair = two(erf(x) * erf(y), [[1, Rational(1, 3)], [Rational(1, 3), 2]], (m, b))
    assert pair.has(BivariateNormal)
    with mp.workdps(30):
        at = {m: Rational(1, 2), b: -Rational(2, 3)}

        def given_x(u):  # y = b + u/3 + sqrt(2 - 1/9) w
            mean, rest = u / 3 - mp.mpf(2) / 3, 2 - mp.mpf(1) / 9
            return mp.erf(u + mp.mpf(1) / 2) * mp.erf(mean / mp.sqrt(1 + 2 * rest))

        assert abs(mp.mpf(str(pair.subs(at).evalf(30))) / line(given_x) - 1) < mp.mpf("1e-27")


def test_a_tail_at_a_threshold():
    """The fraction of fields above kappa, whether averaged at once or one after the other."""
    q = symbols("q", positive=True)
    tail = erfc(kappa / sqrt(2)) / 2
    at_once = two(Heaviside(sqrt(q) * x + sqrt(1 - q) * y - kappa), [[1, 0], [0, 1]])
    assert at_once == tail
    assert one(erfc((kappa - sqrt(q) * x) / sqrt(2 * (1 - q))) / 2) == tail


def test_rectified_units_with_biases():
    covariance = [[Rational(7, 10), Rational(2, 5)], [Rational(2, 5), 1]]
    found = two(Max(0, x + Rational(3, 10)) * Max(0, y - Rational(1, 5)), covariance)
    assert abs(found.evalf(30) - Rational("0.2767479934196765406000401029")) < 1e-27


# delta functions


def test_delta_functions_condition():
    c = symbols("c")
    height = exp(-Rational(1, 4)) / sqrt(4 * pi)
    assert two(DiracDelta(x + y - 1), [[1, 0], [0, 1]]) == height
    assert two(DiracDelta(x + y - 1) * x, [[1, 0], [0, 1]]) == height / 2
    squared = two(DiracDelta(x) * y**2, [[V, c], [c, 1]])
    assert (squared - (1 - c**2 / V) / sqrt(2 * pi * V)).expand() == 0
    assert two(DiracDelta(x) * Heaviside(y), [[V, c], [c, 1]]) == 1 / (2 * sqrt(2 * pi * V))
    assert one(DiracDelta(x - 1) * cos(x)) == exp(-Rational(1, 2)) * cos(1) / sqrt(2 * pi)


def test_a_delta_function_makes_an_exponential_converge():
    assert one(exp(x**2) * DiracDelta(x)) == 1 / sqrt(2 * pi)


# what has none, what diverges, and odd input

UNKNOWN = Function("f")
NONE = [
    *(tanh(x), log(x), 1 / x, sqrt(Abs(x)), x**s, UNKNOWN(x), exp(x**3), exp(-(x**4)), erf(x**2)),
    *(
        cos(x**2),
        cos(x) * Heaviside(x),
        exp(I * x) * erf(x),
        1 / (1 + exp(x)),
        erf(Abs(x)) * tanh(x),
    ),
    *(DiracDelta(x) ** 2, DiracDelta(x**2 - 1), DiracDelta(x, 1), Heaviside(exp(x) - x)),
    *(Piecewise((x, x > 0)), x * tanh(x) + x, Heaviside(x**2 - kappa), 1 / cosh(x)),
    *(erf(x + 1) * erf(x + 2) * erf(x + 3),),
]


@pytest.mark.parametrize("integrand", NONE, ids=str)
def test_no_closed_form(integrand):
    assert one(integrand) is None


DIVERGING = [
    (exp(x**2), [[1, 0], [0, 1]], "along x:"),
    (exp(x**2 / 2), [[1, 0], [0, 1]], "along x:"),
    (1 + exp(2 * x * y), [[1, 0], [0, 1]], r"along x \+ y:"),
    (exp(-2 * x * y), [[1, 0], [0, 1]], r"along x - y:|along -x \+ y:"),
    (y * exp(x**2) * Heaviside(x), [[1, 0], [0, 1]], "along x:"),
    (exp(x**2) * (1 - erf(x)), [[1, 0], [0, 1]], "along x:"),
    (exp(V * x**2), [[1 / V, 0], [0, 1]], "along x:"),
]


@pytest.mark.parametrize(("integrand", "covariance", "direction"), DIVERGING)
def test_divergence_names_its_direction(integrand, covariance, direction):
    with pytest.raises(UnboundedError, match=direction):
        two(integrand, covariance)


def test_steps_may_keep_what_diverges_out():
    assert two(exp(-2 * x * y) * Heaviside(x) * Heaviside(y), [[1, 0], [0, 1]]) is None


def test_decimal_fractions_are_meant_exactly():
    found = two(Heaviside(x) * Heaviside(y), [[0.5, 0.5], [0.5, 0.5]])
    assert found == Rational(1, 2)
    assert one(x**2 * 0.1, 0.3, 0.2) == Rational(29, 1000)


def test_symbols_of_the_same_name_stay_apart():
    """The variable is bound: the same symbol in the covariance or the mean is another one."""
    assert one(x**2, x, V) == x**2 + V
    assert closed_form(exp(x), (x,), (0,), Matrix([[Symbol("x", real=True)]])) == exp(x / 2)


def test_constants_and_unused_variables():
    assert one(Integer(3)) == 3
    assert one(tanh(s), 0, V) == tanh(s)
    assert two(x**2, [[V, t], [t, 5]]) == V
    assert one(x * tanh(s) + erf(t), m, V) == m * tanh(s) + erf(t)


def test_half_lines_hold_their_digits_far_out():
    found = one(Heaviside(x - 30))
    with mp.workdps(30):
        assert abs(mp.mpf(str(found.evalf(30))) / below(mp.mpf(-30)) - 1) < mp.mpf("1e-27")
