"""Where integrands are not analytic, and their sides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import (
    Abs,
    Add,
    DiracDelta,
    Function,
    Heaviside,
    Integral,
    Max,
    Min,
    Mul,
    N,
    Piecewise,
    Rational,
    Symbol,
    acosh,
    asin,
    cosh,
    erf,
    erfc,
    exp,
    floor,
    gamma,
    log,
    oo,
    sign,
    sin,
    sqrt,
    symbols,
    tan,
    tanh,
)

import derive as dv
from derive import GaussianAverage
from derive.equations import kinks
from derive.gaussian.bivariate import BivariateNormal
from derive.gaussian.ranges import never_zero, values
from derive.gaussian.sides import in_steps, sides
from derive.gaussian.special import OwenT

x, y, z, a, b, w = symbols("x y z a b w", real=True)
V = Symbol("V", positive=True)

FOUND = [
    (Heaviside(a * z - b), (b / a,)),
    (Max(z, 0) * sign(z - V), (0, V)),
    (Min(z, 2 * z - 1), (1,)),
    (Max(z, 2 * z, 1 - z), (0, Rational(1, 3), Rational(1, 2))),
    (Abs(z**2 - 1), (-1, 1)),
    (Abs(z**2 - V), (-sqrt(V), sqrt(V))),
    (Heaviside(z**3 - z), (-1, 0, 1)),
    (Heaviside(z * (z - a) * (z + 2) ** 3), (-2, 0, a)),
    (sqrt(z - 1) + Abs(z) ** Rational(1, 3), (0, 1)),
    (log(Abs(z - a)), (a,)),
    (1 / (z - 1), (1,)),
    (asin(z), (-1, 1)),
    (acosh(z), (-1, 1)),
    (DiracDelta(z - 1), (1,)),
    (Piecewise((z, z > 1), (z**2, z > -1), (Abs(z + 3), True)), (-3, -1, 1)),
    (Piecewise((1, (z > a) & (z < b)), (0, True)), (a, b)),
    (Heaviside(tanh(z - a)), (a,)),
    (Heaviside(exp(2 * z) - 9), (log(3),)),
    (Heaviside(1 + erf(z - 2) * 3), None),
    (tanh(Abs(Abs(z) - 1)), (-1, 0, 1)),
    (Heaviside(Max(z, 2 * z) - a), (0, a, a / 2)),
    (Heaviside(exp(z) + 2), ()),
    (Abs(z**2 + 1), ()),
    (z**3 * exp(-(z**2)) * tanh(a * z) * sin(z), ()),
    (log(2 * cosh(a * z + b)), ()),
    (log(erfc(z) / 2), ()),
    ((exp(-(z**2) / 2) / erfc(z)) ** 2, ()),
    (log(1 - tanh(z) ** 2), ()),
    (sqrt(1 + z**2) / (1 + exp(-z)), ()),
    ((1 + z**2) ** a * 2**z, ()),
    (1 / (1 - erf(z) * tanh(z)), ()),
    (Heaviside(a) * z, ()),
    (OwenT(a * z, b) * BivariateNormal(z, b, Rational(1, 2)), ()),
    (GaussianAverage(Max(x, z), x), ()),
    (log(1 + GaussianAverage(tanh(x) ** 2 * Heaviside(x * z - 1), x)), ()),
    (log(1 + GaussianAverage(exp(x * Abs(z - 1)), x)), (1,)),
]


@pytest.mark.parametrize(("integrand", "points"), FOUND, ids=[str(f) for f, _ in FOUND])
def test_kinks_are_found(integrand, points):
    if points is None:  # judged by the value
        found = kinks(integrand, z)
        arguments = [n.args[0] for n in integrand.atoms(Heaviside, Abs)]
        assert found
        assert all(min(abs(N(f.subs(z, p))) for f in arguments) < 1e-12 for p in found)
        return
    assert set(kinks(integrand, z)) == set(points)


def test_points_that_are_numbers_ascend():
    assert kinks(Max(z, 2) * Abs(z + 3) * sign(z - sqrt(2)), z) == (-3, sqrt(2), 2)


def test_roots_that_may_be_complex_are_the_vertex_then():
    lower, upper = kinks(Heaviside(z**2 - 2 * z + a), z)
    assert (lower.subs(a, -3), upper.subs(a, -3)) == (-1, 3)
    assert (lower.subs(a, 4), upper.subs(a, 4)) == (1, 1)


REFUSED = [
    (log(z + exp(z)), "not found"),
    (Heaviside(a * z**3 - z - 1), "degree"),
    (Heaviside(exp(z) - w), "not known"),
    (Function("f")(z), "f is analytic"),
    (floor(z), "floor is analytic"),
    (tan(z), "tan is analytic"),
    (gamma(z), "gamma is analytic"),
    (tanh(z) ** z, "not real"),
    (Integral(exp(z * w), (w, 0, 1)), "not known"),
    (Heaviside(GaussianAverage(tanh(x + z), x)), "not found"),
]


@pytest.mark.parametrize(("integrand", "message"), REFUSED, ids=[str(f) for f, _ in REFUSED])
def test_kinks_that_cannot_be_found_are_an_error(integrand, message):
    with pytest.raises(dv.KinkError, match=message):
        kinks(integrand, z)


def test_the_kinks_of_an_average():
    average = GaussianAverage(Max(x, a) * sign(y), (x, y), (0, 1))
    assert average.kinks(x) == average.kinks("x") == (a,)
    with pytest.raises(dv.MoveError, match="no variable"):
        average.kinks(z)


# -- sides ---------------------------------------------------------------------------------------

KINKED = [
    Max(a, z),
    Max(z, 0) * sign(z - V),
    exp(sign(z)) * Abs(z),
    Abs(z**2 - 1) + Abs(z**2 - a),
    Max(x, y, 1 - x),
    Piecewise((z, (z > -1) & (z < 1)), (sign(z), True)),
    Heaviside(-2 * z) * Heaviside(z) + Heaviside(3 * z + 3) * Heaviside(z + 1),
    Abs(Abs(z) - 1),
    Max(x, 0) * Max(y, 0) * Heaviside(x + y),
    Heaviside(x) ** 3 * sign(x) ** 2 * tanh(Abs(x)),
    log(Abs(z - a)),
    Min(z, 1 - z) ** 2,
    Abs(x * y),
]
points = st.fixed_dictionaries(
    {s: st.builds(Rational, st.integers(-40, 40), st.just(13)) for s in (x, y, z, a)}
    | {V: st.builds(Rational, st.integers(1, 40), st.just(13))}
)


@given(st.sampled_from(KINKED), points)
def test_sides_add_up(integrand, point):
    shifted = {s: value + Rational(1, 3 + k) / 100 for k, (s, value) in enumerate(point.items())}
    parts = sides(integrand, [x, y, z])
    total = Add(*(value * Mul(*map(Heaviside, where)) for where, value in parts))
    assert abs(N((total - integrand).subs(shifted), 20)) < 1e-15
    assert not any(value.has(Heaviside, sign, Abs, Max, Min, Piecewise) for _, value in parts)


def test_sides_that_exclude_each_other_are_left_out():
    assert in_steps(Heaviside(z - 1) * Heaviside(-z), [z]) == 0
    assert len(sides(Abs(z) * Abs(z - 1), [z])) == 3
    assert in_steps(Heaviside(z) ** 5 * tanh(z), [z]) == Heaviside(z) * tanh(z)


def test_an_average_is_split_at_its_kinks():
    average = GaussianAverage(tanh(Abs(z) - 1), z)
    halves = average.split()
    assert halves == GaussianAverage(tanh(z - 1) * Heaviside(z), z) + GaussianAverage(
        tanh(-z - 1) * Heaviside(-z), z
    )
    assert float(halves.evalf()) == pytest.approx(float(average.evalf()), rel=1e-14, abs=0)


def test_an_analytic_average_is_one_side():
    average = GaussianAverage(tanh(w * z), z)
    assert average.split() == average


# -- the values of an expression -----------------------------------------------------------------

RANGES = [
    (1 - tanh(z) ** 2, 0, 1, True),
    (1 + exp(z), 1, oo, True),
    (erfc(a * z), 0, 2, True),
    (cosh(z) - 1, 0, oo, False),
    (1 / (1 + exp(-z)), 0, 1, True),
    (log(1 + exp(z)), 0, oo, True),
    (3 - 2 * sin(z), 1, 5, True),
    (V + z**2, 0, oo, True),
    (-exp(z) * erfc(z) ** 2, -oo, 0, True),
    (Max(z, 1) * Abs(w), 0, oo, False),
    (1 - tanh(z) * erf(w), 0, 2, True),
    (z**3, -oo, oo, False),
    ((1 + exp(z)) ** -3, 0, 1, True),
    (GaussianAverage(tanh(z) ** 2, z), 0, 1, True),
    (GaussianAverage(Heaviside(w * z - 1), z), 0, 1, True),
]


@pytest.mark.parametrize(
    ("expr", "low", "high", "nonzero"), RANGES, ids=[str(r[0]) for r in RANGES]
)
def test_ranges(expr, low, high, nonzero):
    found = values(expr)
    assert (found.start, found.end) == (low, high)
    assert never_zero(expr) is nonzero
