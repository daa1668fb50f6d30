"""Each row of the table of single-variable traces against sums and quadrature, to 30 digits."""

import mpmath
import pytest
from mpmath import mp, mpc, mpf
from sympy import Rational, Symbol, cosh, exp, lambdify, log, symbols, tanh

import derive as dv
from derive.indices import Element, Label
from derive.nested import Expect, LogZ, log_trace, site_ensemble
from derive.single_site import closed_log_trace
from derive.variables import Variable

DIGITS = 30
b, c = symbols("b c", real=True)
a = symbols("a", positive=True)
LAMBDA = Symbol("lambda")
field = Element(Label("field"))  # an order parameter; complex where it is a conjugate

POINTS = [
    {"b": mpf("0.3"), "c": mpf("-0.7"), "a": mpf("0.9")},
    {"b": mpf("-2.5"), "c": mpf("0.2"), "a": mpf("1.7")},
    {"b": mpf("41"), "c": mpf("3"), "a": mpf("0.25")},
]
CONTOUR = [
    {"b": mpc("0.3", "1.1"), "c": mpf("-0.7"), "a": mpf("0.9")},
    {"b": mpc("0", "2.7"), "c": mpc("0.1", "0.4"), "a": mpf("1.7")},
    {"b": mpc("-1.2", "-0.6"), "c": mpf("0.5"), "a": mpf("0.6")},
]


def bare(variable):
    """The same variable without its site."""
    kept = variable.label.ranges[len(variable.site_ranges) :]
    return Variable(Label(variable.name, kept), variable.measure)


i = dv.Index("i", dv.size("N"))
x = Element(Label("x"))

DISCRETE = {
    "Ising": (dv.Ising("x", i), [(-1, 1), (1, 1)]),
    "Binary": (dv.Binary("x", i), [(0, 1), (1, 1)]),
    "spin 1": (dv.Spin("x", i), [(-1, 1), (0, 1), (1, 1)]),
    "spin 3/2": (
        dv.Spin("x", i, spin=Rational(3, 2)),
        [(mpf(k) / 2, 1) for k in (-3, -1, 1, 3)],
    ),
    "weighted": (
        dv.Discrete("x", i, values=(-2, 0, 2, 3), weights=(1, 3, Rational(1, 2), 5)),
        [(-2, 1), (0, 3), (2, mpf(1) / 2), (3, 5)],
    ),
    "one value": (dv.Discrete("x", i, values=(2,)), [(2, 1)]),
}


def numerical(expr, point):
    return lambdify((b, c, a), expr, "mpmath")(point["b"], point["c"], point["a"])


def agrees(log_closed, value):
    """Compare Z rather than log Z, which knows its imaginary part up to 2 pi."""
    return abs(mpmath.exp(log_closed) - value) <= abs(value) * mpf(10) ** (-DIGITS)


@pytest.mark.parametrize("name", DISCRETE)
@pytest.mark.parametrize("point", [*POINTS, *CONTOUR])
@pytest.mark.parametrize("nonlinear", [False, True])
def test_sums_over_values(name, point, nonlinear):
    variable, states = DISCRETE[name]
    with mp.workdps(DIGITS + 15):
        extra = a * cosh(x / 2) + c * x**2 if nonlinear else 0
        closed = numerical(closed_log_trace(bare(variable), b * x + c + extra), point)

        def weight(v):
            e = point["b"] * v + point["c"]
            if nonlinear:
                e += point["a"] * mpmath.cosh(mpf(v) / 2) + point["c"] * v**2
            return mpmath.exp(e)

        assert agrees(closed, mpmath.fsum(w * weight(mpf(v)) for v, w in states))


@pytest.mark.parametrize("point", [*POINTS, *CONTOUR])
def test_colours(point):
    colour = dv.Index("q", 3)
    variable = bare(dv.Potts("x", i, colour))
    tilt = variable[1] * b + variable[3] * c
    with mp.workdps(DIGITS + 15):
        closed = numerical(closed_log_trace(variable, tilt), point)
        assert agrees(closed, mpmath.exp(point["b"]) + 1 + mpmath.exp(point["c"]))


def test_colours_under_a_sum_stay_a_sum():
    colour = dv.Index("q", dv.size("q"))
    variable, h = bare(dv.Potts("x", i, colour)), dv.Given("h", colour)
    closed = closed_log_trace(variable, dv.total(h[colour] * variable[colour], colour))
    assert closed == log(dv.total(exp(h[colour]), colour))


def gaussian(point):
    """int exp(-a x^2 + b x + c) dx by the trapezoid rule around the saddle, for complex b too."""
    centre = mpmath.re(point["b"]) / (2 * point["a"])

    def f(y):
        return mpmath.exp(-point["a"] * y * y + point["b"] * y + point["c"])

    return mpmath.quad(f, mpmath.linspace(centre - 25, centre + 25, 26))


@pytest.mark.parametrize("point", [*POINTS, *CONTOUR])
def test_gaussian_integrals(point):
    with mp.workdps(DIGITS + 15):
        closed = closed_log_trace(bare(dv.Real("x", i)), -a * x**2 + b * x + c)
        assert agrees(numerical(closed, point), gaussian(point))


@pytest.mark.parametrize("point", [*POINTS[:2], *CONTOUR])
def test_the_normal_measure_is_a_probability(point):
    variable = bare(dv.Gaussian("x", i, mean=Rational(1, 3), variance=a))
    with mp.workdps(DIGITS + 15):
        assert closed_log_trace(variable, 0 * b).expand().subs(a, 2).evalf(DIGITS) == pytest.approx(
            0, abs=1e-28
        )

        def density(y):
            v = point["a"]
            return mpmath.npdf(y, mpf(1) / 3, mpmath.sqrt(v)) * mpmath.exp(
                point["b"] * y + point["c"]
            )

        centre = mpf(1) / 3 + point["a"] * mpmath.re(point["b"])
        direct = mpmath.quad(density, mpmath.linspace(centre - 25, centre + 25, 26))
        assert agrees(numerical(closed_log_trace(variable, b * x + c), point), direct)


@pytest.mark.parametrize("real_part", ["0.4", "2"])
@pytest.mark.parametrize("imaginary_part", ["0", "0.9", "-3"])
def test_gaussian_integrals_with_a_conjugate_in_front_of_the_square(real_part, imaginary_part):
    """Re a > 0 on the shifted contour: the square root is the principal one."""
    with mp.workdps(DIGITS + 15):
        lam = mpc(real_part, imaginary_part)
        closed = closed_log_trace(bare(dv.Real("x", i)), -field * x**2 / 2 + b * x)
        at = lambdify((LAMBDA, b), closed.xreplace({field: LAMBDA}), "mpmath")
        direct = mpmath.quad(
            lambda y: mpmath.exp(-lam * y * y / 2 + y / 3), mpmath.linspace(-30, 30, 61)
        )
        assert agrees(at(lam, mpf(1) / 3), direct)


@pytest.mark.parametrize("ends", [(-1, 1), (0, 1), (Rational(-1, 3), Rational(5, 2))])
@pytest.mark.parametrize("point", [*POINTS, *CONTOUR])
def test_intervals(ends, point):
    variable = bare(dv.Interval("x", i, lower=ends[0], upper=ends[1]))
    with mp.workdps(DIGITS + 15):
        closed = numerical(closed_log_trace(variable, b * x + c), point)
        direct = mpmath.quad(
            lambda y: mpmath.exp(point["b"] * y + point["c"]),
            mpmath.linspace(*(mpf(Rational(end).p) / Rational(end).q for end in ends), 9),
        )
        assert agrees(closed, direct)


@pytest.mark.parametrize("ends", [(-1, 1), (Rational(-1, 3), 2)])
def test_a_constant_on_an_interval_gives_its_length(ends):
    variable = bare(dv.Interval("x", i, lower=ends[0], upper=ends[1]))
    assert closed_log_trace(variable, c) == c + log(ends[1] - ends[0])


# -- what has no row stays an integral ----


@pytest.mark.parametrize("at", ["0.4", "-1.3"])
def test_an_integral_without_closed_form_is_evaluated_and_differentiated(at):
    quartic = bare(dv.Real("x", i, weight=lambda y: exp(-(y**4))))
    z = log_trace((quartic,), b * x)
    assert isinstance(z, LogZ)
    with mp.workdps(DIGITS):
        number = mpf(at)

        def moment(power):
            return mpmath.quad(
                lambda y: y**power * mpmath.exp(-(y**4) + number * y), mpmath.linspace(-4, 4, 9)
            )

        one = moment(0)
        mean = moment(1) / one
        variance = moment(2) / one - mean**2
        sample = {b: Rational(at)}
        expected = (mpmath.log(one), mean, variance)
        for expr, wanted in zip((z, z.diff(b), z.diff(b, 2)), expected, strict=True):
            found = expr.subs(sample).evalf(25)
            assert abs(mpf(str(found)) - wanted) < mpf(10) ** -22


def test_averages_in_an_ensemble_with_a_closed_form_are_its_moments():
    spin = bare(dv.Ising("x", i))
    for power, expected in ((1, tanh(b)), (2, 1), (3, tanh(b))):
        averaged = Expect(site_ensemble((spin,), b * x), x**power)
        assert abs((averaged - expected).subs(b, Rational(1, 3)).evalf(20)) < 1e-19


@pytest.mark.parametrize(
    ("variable", "exponent"),
    [
        (dv.Real("x", i), a * x**2),
        (dv.Real("x", i), b * x),
        (dv.Real("x", i), a * x**4 - x**2),
        (dv.Real("x", i), -(x**3)),
        (dv.Real("x", i, lower=0), a * x),
        (dv.Real("x", i, upper=0), -a * x + c),
        (dv.Real("x", i, lower=1), c),
        (dv.Real("x", i, weight=lambda y: exp(y**2)), b * x),
    ],
)
def test_divergent_integrals_are_refused(variable, exponent):
    with pytest.raises(dv.UnboundedError, match=r"integral over x diverges.*dv\.Real\('x'"):
        closed_log_trace(bare(variable), exponent)


def test_a_half_line_on_which_the_exponent_falls_is_an_integral():
    half = bare(dv.Real("x", i, lower=0))
    z = log_trace((half,), -a * x)
    assert abs(z.subs(a, 2).evalf(20) + mpmath.log(2)) < 1e-18


@pytest.mark.parametrize("side", [1, -1])
def test_a_half_line_under_an_order_parameter_is_a_tail(side):
    """int_l^oo exp(-k x^2/2 + b x) dx, and its mirror image, against quadrature."""
    ends = {"lower": Rational(1, 3)} if side > 0 else {"upper": Rational(-1, 3)}
    x, k, b = dv.Real("x", **ends), Element(Label("k")), Symbol("b", real=True)
    found = closed_log_trace(x, -k * x.element**2 / 2 + b * x.element)
    with mpmath.workdps(40):
        for width, slope in (("0.7", "1.3"), ("2.5", "-0.4")):
            value = found.xreplace({k: Rational(width), b: Rational(slope)}).evalf(35)
            w, s = mpmath.mpf(width), side * mpmath.mpf(slope)

            def density(y, w=w, s=s):
                return mpmath.exp(-w * y * y / 2 + s * y)

            known = mpmath.log(mpmath.quad(density, [mpmath.mpf(1) / 3, 1, 3, 8, 30]))
            assert abs(mpmath.mpf(str(value)) - known) < mpmath.mpf("1e-30")
