"""Orthant probabilities and the special functions they end in: values, limits and derivatives."""

import pickle
from itertools import combinations, permutations

import mpmath
import pytest
from mpmath import mp
from sympy import (
    Float,
    Heaviside,
    Integer,
    Matrix,
    Mul,
    Rational,
    asin,
    atan,
    erf,
    erfc,
    exp,
    latex,
    oo,
    pi,
    sqrt,
    symbols,
)

from derive.gaussian.bivariate import BivariateNormal
from derive.gaussian.closed_form import closed_form
from derive.gaussian.special import OrthantProbability, OwenT
from tests.derive.gaussian_quadrature import below, line, one_factor, quadrant, two_factors

h, k, a, rho = symbols("h k a rho", real=True)
SIX = symbols("r12 r13 r14 r23 r24 r34", real=True)
HALF = Rational(1, 2)


def digits(expr):
    return mp.mpf(str(expr.evalf(40)))


def owen(h, a):
    """Return Owen's T by its definition, on pieces that are narrow enough for any slope."""
    h, a = mp.mpf(h), mp.mpf(a)

    def density(x):
        return mpmath.exp(-h * h * x * x / 2) / (1 + x * x)

    whole = mp.quad(density, mpmath.linspace(0, a, 33))
    return mpmath.exp(-h * h / 2) * whole / (2 * mp.pi)


@pytest.mark.parametrize(
    "at", [("1", "2"), ("3/10", "-7/10"), ("8", "1/2"), ("12", "3"), ("1/100", "40"), ("-2", "9/8")]
)
def test_owens_function_to_thirty_digits(at):
    at = tuple(map(Rational, at))
    with mp.workdps(44):
        assert abs(digits(OwenT(*at)) / owen(*map(digits, at)) - 1) < mp.mpf("1e-30")


def test_owens_function_far_out():
    """T(h, a) is half of the tail beyond h where a h is large."""
    with mp.workdps(44):
        tail = mpmath.erfc(30 / mp.sqrt(2)) / 4
        assert abs(digits(OwenT(30, Rational(9, 10))) / tail - 1) < mp.mpf("1e-30")


def test_owens_function_at_special_arguments():
    assert OwenT(0, a) == atan(a) / (2 * pi)
    assert OwenT(h, 0) == 0
    assert OwenT(oo, a) == 0
    assert OwenT(h, 1) == erfc(h / sqrt(2)) * erfc(-h / sqrt(2)) / 8
    assert OwenT(-h, a) == OwenT(h, a)
    assert OwenT(h, -a) == -OwenT(h, a)
    assert OwenT(2, oo) == erfc(sqrt(2)) / 4
    assert OwenT(h, a).subs(h, 0) == atan(a) / (2 * pi)


def slope_at(function, point, argument):
    """Return a derivative by a central difference of fourth order, with 18 digits."""
    step = Rational(1, 10**5)

    def moved(n):
        shifted = [x + n * step * int(m == argument) for m, x in enumerate(point)]
        return function(*shifted).evalf(28)

    return (8 * (moved(1) - moved(-1)) - (moved(2) - moved(-2))) / (12 * step)


FUNCTIONS = [
    (OwenT, (h, a), "6/5 -3/4"),
    (BivariateNormal, (h, k, rho), "6/5 -3/4 2/5"),
    (OrthantProbability, SIX, "3/10 1/2 -1/5 1/10 2/5 1/4"),
]


@pytest.mark.parametrize(("function", "names", "point"), FUNCTIONS)
def test_derivatives(function, names, point):
    point = [Rational(x) for x in point.split()]
    node = function(*names)
    at = dict(zip(node.args, node.subs(dict(zip(names, point, strict=True))).args, strict=True))
    for n, name in enumerate(node.args):
        found = node.diff(name).subs(at).evalf(20)
        assert abs(found - slope_at(function, [at[x] for x in node.args], n)) < Float("1e-18", 30)


@pytest.mark.parametrize(("function", "names", "point"), FUNCTIONS)
def test_nodes_survive(function, names, point):
    node = function(*names)
    assert node.func(*node.args) == node
    assert pickle.loads(pickle.dumps(node)) == node
    assert node.is_extended_real
    assert latex(node**2).count("^{2}") == 1
    assert function(*symbols("c:6")[: len(names)]).evalf() == function(
        *symbols("c:6")[: len(names)]
    )


def test_bivariate_normal_in_owens_function():
    node = BivariateNormal(h, k, rho)
    for point in ("1/3 -7/5 3/5", "2 1 99999/100000", "-3 -2 -4/5"):
        at = dict(zip((h, k, rho), map(Rational, point.split()), strict=True))
        found, expected = (e.subs(at).evalf(40) for e in (node.rewrite(OwenT), node))
        assert abs(found - expected) < Float("1e-36", 40)


def test_bivariate_normal_at_special_arguments():
    assert BivariateNormal(h, oo, rho) == erfc(-h / sqrt(2)) / 2
    assert BivariateNormal(h, -oo, rho) == 0
    assert BivariateNormal(k, h, rho) == BivariateNormal(h, k, rho)
    apart = BivariateNormal(h, k, 0) - erfc(-h / sqrt(2)) * erfc(-k / sqrt(2)) / 4
    assert apart.expand() == 0
    for sign, value in ((1, below(mp.mpf(-1))), (-1, below(mp.mpf(2)) - below(mp.mpf(1)))):
        assert float(BivariateNormal(-1, 2, sign).evalf(20)) == pytest.approx(
            float(value), abs=1e-15
        )
    with mp.workdps(40):
        for at in (("-6", "-7", "1/2"), ("2", "1", "9/10"), ("-1", "3", "-9/10")):
            exact = tuple(map(Rational, at))
            found = digits(BivariateNormal(*exact))
            assert abs(found / quadrant(*map(digits, exact)) - 1) < mp.mpf("1e-25")


# four centred variables


def test_one_in_five():
    assert abs(OrthantProbability(*[HALF] * 6).evalf(30) - Rational(1, 5)) < Float("1e-29", 30)


def test_the_order_of_four_variables_is_no_matter():
    matrix = Matrix(4, 4, lambda i, j: symbols(f"r{min(i, j) + 1}{max(i, j) + 1}", real=True))
    pairs = list(combinations(range(4), 2))
    values = {
        OrthantProbability(*(matrix[order[i], order[j]] for i, j in pairs))
        for order in permutations(range(4))
    }
    assert len(values) == 1


def test_four_variables_that_coincide_oppose_or_are_independent():
    r = symbols("r", real=True)
    two = Rational(1, 4) + asin(r) / (2 * pi)
    assert OrthantProbability(r, 0, 0, 0, 0, r) == two**2
    assert OrthantProbability(0, r, 0, 0, r, 0) == two**2
    assert OrthantProbability(r, 0, 0, 0, 0, 0) == two / 4
    assert OrthantProbability(1, r, r, r, r, 1).subs(r, HALF) == Rational(1, 3)
    assert OrthantProbability(-1, r, 0, -r, 0, 0) == 0


def test_two_common_factors():
    """Generic correlations, by an integral in two dimensions over products of tails."""
    loadings = [("1/2", "1/3"), ("-1/5", "3/5"), ("2/5", "-1/2"), ("3/10", "1/10")]
    rows = [[Rational(x) for x in pair] for pair in loadings]
    correlations = [
        rows[i][0] * rows[j][0] + rows[i][1] * rows[j][1] for i, j in combinations(range(4), 2)
    ]
    with mp.workdps(26):
        expected = two_factors([[digits(x) for x in pair] for pair in rows], step=0.3)
        found = mp.mpf(str(OrthantProbability(*correlations).evalf(26)))
        assert abs(found / expected - 1) < mp.mpf("1e-21")


@pytest.mark.parametrize(
    ("fourth", "expected"),
    [((1, 1, -1), "0.09795663800765181754271388980561"), ((-1, -1, -1), "0")],
)
def test_linearly_dependent_variables(fourth, expected):
    """The fourth is (x + y - z)/sqrt 3, or (-x - y - z)/sqrt 3, never positive with the others."""
    last = [Integer(sign) / sqrt(3) for sign in fourth]
    found = OrthantProbability(0, 0, last[0], 0, last[1], last[2]).evalf(30)
    assert abs(found - Float(expected, 30)) < Float("1e-28", 30)


# orthants through closed_form


def orthant(correlation, mean=None):
    size = correlation.rows
    names = symbols(f"x:{size}", real=True)
    return closed_form(Mul(*map(Heaviside, names)), names, mean or [0] * size, correlation)


def from_loadings(loadings):
    rows = [Rational(x) for x in loadings.split()]
    size = len(rows)
    return Matrix(size, size, lambda i, j: 1 if i == j else rows[i] * rows[j])


@pytest.mark.parametrize(
    "loadings",
    ["1/2 -3/5", "1/2 -3/5 4/5", "1/2 3/5 -2/5 4/5", "1/2 3/5 2/5 4/5 -3/10"],
)
def test_centred_orthants_to_five_variables(loadings):
    with mp.workdps(40):
        parts = [digits(Rational(x)) for x in loadings.split()]
        expected = one_factor([lambda p: p] * len(parts), parts)
        found = mp.mpf(str(orthant(from_loadings(loadings)).evalf(30)))
        assert abs(found / expected - 1) < mp.mpf("1e-28")


def test_three_centred_steps_are_arcsines():
    r, s, t = symbols("r s t")
    found = orthant(Matrix([[1, r, s], [r, 1, t], [s, t, 1]]))
    assert found == Rational(1, 8) + asin(r) / (4 * pi) + asin(s) / (4 * pi) + asin(t) / (4 * pi)


def test_independent_blocks_factorise():
    c = Rational(2, 5)
    pair = Matrix([[1, c], [c, 1]])
    blocks = Matrix.diag(pair, pair, pair)
    two = Rational(1, 4) + asin(c) / (2 * pi)
    assert (orthant(blocks) - two**3).expand() == 0


@pytest.mark.parametrize("size", [3, 4])
def test_more_than_two_thresholds_have_no_closed_form(size):
    correlated = from_loadings("1/2 3/5 2/5 4/5").extract(range(size), range(size))
    assert orthant(correlated, [1] * size) is None


def test_six_centred_steps_have_no_closed_form():
    assert orthant(from_loadings("1/2 3/5 2/5 4/5 3/10 1/5")) is None


@pytest.mark.parametrize(
    ("mean", "c"), [((1, 2), "1/2"), ((1, -2), "-2/5"), ((0, 1), "3/5"), ((-1, -1), "1/4")]
)
def test_two_thresholds(mean, c):
    found = orthant(Matrix([[1, Rational(c)], [Rational(c), 1]]), mean)
    with mp.workdps(40):
        expected = quadrant(*mean, digits(Rational(c)))
        assert abs(digits(found) / expected - 1) < mp.mpf("1e-28")
    assert found.has(OwenT)


def test_thresholds_whose_signs_are_not_known_are_smooth_at_zero():
    found = orthant(Matrix([[1, rho], [rho, 1]]), (h, k))
    assert found == BivariateNormal(h, k, rho)
    at_zero = found.subs({h: 0, k: 0}, simultaneous=True)
    assert at_zero == Rational(1, 4) + asin(rho) / (2 * pi)
    assert orthant(Matrix([[1, rho], [rho, 1]]), (h, h)).has(OwenT)


# coinciding, opposite and constant forms

x, y, z = symbols("x y z", real=True)
V = symbols("V", positive=True)
SAME, OPPOSITE = Matrix([[V, V], [V, V]]), Matrix([[V, -V], [-V, V]])


def relu(field):
    return field * Heaviside(field)


def average(integrand, variables, covariance, mean=None):
    return closed_form(integrand, variables, mean or [0] * len(variables), covariance)


def test_coinciding_and_opposite_fields():
    assert average(relu(x) * relu(y), (x, y), SAME) == V / 2
    assert average(relu(x) * relu(y), (x, y), OPPOSITE) == 0
    assert average(relu(x) * relu(-y), (x, y), OPPOSITE) == V / 2
    assert average(Heaviside(x) * Heaviside(y), (x, y), SAME) == HALF


def test_correlations_that_become_one_later():
    c = symbols("c", real=True)
    kernel = average(relu(x) * relu(y), (x, y), Matrix([[V, V * c], [V * c, V]]))
    assert [kernel.subs(c, value) for value in (1, -1, 0)] == [V / 2, 0, V / (2 * pi)]


def test_a_field_without_variance_is_its_mean():
    m = symbols("m", real=True)
    assert average(relu(x), (x,), Matrix([[0]]), (m,)) == m * Heaviside(m)
    assert average(erf(x) * exp(x), (x,), Matrix([[0]]), (m,)) == erf(m) * exp(m)
    assert average(x * y, (x, y), Matrix([[0, 0], [0, V]]), (m, 3)) == 3 * m


def test_dependent_fields():
    """z = x + y is positive where both are."""
    covariance = Matrix([[1, 0, 1], [0, 1, 1], [1, 1, 2]])
    steps = Heaviside(x) * Heaviside(y) * Heaviside(z)
    assert average(steps, (x, y, z), covariance) == Rational(1, 4)
    assert average(x * y * steps, (x, y, z), covariance) == 1 / (2 * pi)
    assert average(z * steps, (x, y, z), covariance) == 1 / sqrt(2 * pi)


def test_steps_on_one_line():
    unit = Matrix([[1]])
    assert average(Heaviside(x - 1) * Heaviside(x - 2), (x,), unit) == erfc(sqrt(2)) / 2
    assert average(Heaviside(x - 1) * Heaviside(-x), (x,), unit) == 0
    between = average(Heaviside(x - 1) * Heaviside(2 - x), (x,), unit)
    assert between == erfc(sqrt(2) / 2) / 2 - erfc(sqrt(2)) / 2
    unknown = average(Heaviside(x - h) * Heaviside(k - x), (x,), unit)
    assert unknown.subs({h: 1, k: 2}) == between
    assert unknown.subs({h: 2, k: 1}) == 0


def test_quadrature_of_two_thresholds_on_a_line():
    with mp.workdps(34):
        inside = line(lambda u: 1 if 1 < u < 2 else 0, 1, 2)
        between = average(Heaviside(x - 1) * Heaviside(2 - x), (x,), Matrix([[1]]))
        assert abs(digits(between) - inside) < mp.mpf("1e-30")
