"""What a referee must not call equal: small and hidden differences, mutations, divergences."""

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sympy import (
    Abs,
    Float,
    Heaviside,
    Integral,
    Rational,
    S,
    atan,
    cosh,
    erf,
    erfc,
    exp,
    expand,
    factor,
    log,
    oo,
    pi,
    sin,
    sqrt,
    symbols,
    tanh,
    together,
)

from derive import GaussianAverage, referee

y = symbols("y", positive=True)
x, z = symbols("x z", real=True)


# -- what must not be called equal --------------------------------------------------------------


@pytest.mark.parametrize(
    ("published", "derived"),
    [
        (1 + exp(-1000 * y), 1 + exp(-1000 * y**2)),
        (erf(12 + y), erf(13 + y)),
        (Abs(x), x),
        (x + x * Heaviside(x - 200), x),
        (exp(pi * sqrt(163)), S(640320) ** 3 + 744),
        (tanh(1000000 * y), tanh(3000000 * y)),
        (sin(x) + y / 10**40, sin(x) + y / 10**41),
    ],
)
def test_small_and_hidden_differences(published, derived):
    verdict = referee(published, derived)
    assert verdict.verdict == "different"
    point = dict(verdict.counterexample.point)
    one, two = (e.xreplace(point).evalf(500) for e in (published, derived))
    assert one != two
    for shown, value in (
        (verdict.counterexample.published, one),
        (verdict.counterexample.derived, two),
    ):
        assert abs(shown[0] / value - 1) < 1e-20
    assert verdict.counterexample.published != verdict.counterexample.derived


def test_a_small_term_beside_an_average():
    average = GaussianAverage(tanh(y * z) ** 2, z)
    verdict = referee(average + exp(-99 * (1 + y)), average, domain={y: (0.5, 1)})
    assert verdict.verdict == "different"
    assert verdict.reason.startswith("the difference there is ")


def test_what_cannot_be_evaluated_is_not_verified():
    conditional = Integral(sin(z * y) / z, (z, 0, oo))
    verdict = referee(conditional, pi / 2 + 0 * y, rename={y: y})
    assert verdict.verdict == "not verified"
    assert "falls off too slowly" in verdict.reason
    damped = Integral(sin(z) / z * exp(-y * z), (z, 0, oo))
    assert referee(damped, atan(1 / y), domain={y: (0.5, 2)}).equal


@pytest.mark.parametrize(
    ("integral", "known"),
    [
        (Integral(1 / sqrt(z), (z, 0, 1)), S(2)),
        (
            Integral(
                log(z - Rational(1, 3)) / sqrt(z - Rational(1, 3)),
                (z, Rational(1, 3), Rational(4, 3)),
            ),
            S(-4),
        ),
        (Integral(exp(-100 * (z - 30) ** 2), (z, -oo, oo)), sqrt(pi) / 10),
        (Integral(exp(-Abs(z - 1)), (z, -oo, oo)), S(2)),
        (Integral(exp(-(z**2)) * Heaviside(z - 2), (z, -oo, oo)), sqrt(pi) * erfc(2) / 2),
    ],
)
def test_integrals_are_evaluated_as_they_are_printed(integral, known):
    assert referee(integral, known).equal
    wrong = referee(integral, known + Rational(1, 10**25))
    assert wrong.verdict == "different"


@pytest.mark.parametrize(
    "integral",
    [
        Integral(1 / z, (z, 0, 1)),
        Integral(1 / (z - Rational(1, 3)), (z, Rational(1, 3), 1)),
        Integral(1 / z, (z, 1, oo)),
        Integral(tanh(z) ** 2, (z, -oo, oo)),
    ],
)
def test_divergent_integrals_are_told(integral):
    verdict = referee(integral, S.One)
    assert verdict.verdict == "different"
    first, second, third = (value for _, value in verdict.divergence.cut_off)
    assert third - second >= (second - first) * Rational(999, 1000) > 0


def test_a_derived_side_may_diverge_too():
    growing = Integral(exp(-y * z), (z, 0, oo))
    assert referee(growing, 1 / y).equal
    verdict = referee(-1 / y, Integral(exp(y * z), (z, 0, oo)))
    assert verdict.verdict == "different"
    assert verdict.divergence.side == "derived"


# -- random expressions -------------------------------------------------------------------------

LEAVES = st.sampled_from([x, y, x + y, S(2), Rational(1, 3), x * y])
WRAPPED = [
    lambda f: tanh(f),
    lambda f: erfc(f),
    lambda f: exp(-(f**2)),
    lambda f: 1 / (1 + f**2),
    lambda f: sqrt(2 + 2 * f**2),
    lambda f: log(1 + f**2),
]
REWRITTEN = [
    lambda f: expand(f),
    lambda f: together(f),
    lambda f: factor(f),
    lambda f: f.replace(tanh, lambda u: 2 / (1 + exp(-2 * u)) - 1),
    lambda f: f.replace(erfc, lambda u: 1 - erf(u)),
    lambda f: f.replace(log, lambda u: 2 * log(sqrt(3) * u) - log(3) - log(u)),
    lambda f: f * cosh(x) ** 2 - f * (cosh(2 * x) - 1) / 2,
    lambda f: (f**2 - y**4) / (f + y**2) + y**2,
]


@st.composite
def expressions(draw):
    """Two functions of x and y, added and multiplied."""
    parts = [draw(st.sampled_from(WRAPPED))(draw(LEAVES)) for _ in range(2)]
    return parts[0] * draw(LEAVES) + draw(st.sampled_from([1, -2, 3])) * parts[1] * y


def mutations(expr):
    """All expressions that differ in one place: an integer, a sign or a function."""
    for node in sorted(set(expr.atoms(S.One.func, Rational, tanh, erfc, exp, log)), key=str):
        if node.is_number and node.is_Rational:
            yield expr.xreplace({node: node + 1})
        elif isinstance(node, tanh):
            yield expr.xreplace({node: sin(node.args[0])})
        elif node.func in (erfc, exp):
            yield expr.xreplace({node: node.func(-node.args[0])})
        else:
            yield expr.xreplace({node: 2 * node})


REPEATED = settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])


@REPEATED
@given(expressions(), st.lists(st.sampled_from(REWRITTEN), min_size=1, max_size=2))
def test_rewritings_are_equal(expr, rewritings):
    other = expr
    for rewrite in rewritings:
        other = rewrite(other)
    verdict = referee(other, expr, rename={s: s for s in other.free_symbols})
    assert verdict.equal, verdict


@REPEATED
@given(expressions(), st.data())
def test_mutations_are_different(expr, data):
    other = data.draw(st.sampled_from(list(mutations(expr)) or [expr + y]))
    probe = {x: Rational(7, 10), y: Rational(13, 10)}
    assume(abs((other - expr).xreplace(probe).evalf(30)) > 1e-6)
    assume(other.free_symbols <= expr.free_symbols)
    verdict = referee(other, expr)
    assert not verdict.equal
    assert verdict.verdict != "not verified"
    point = dict(verdict.counterexample.point)
    values = [e.xreplace(point).evalf(60) for e in (other, expr)]
    shown = [verdict.counterexample.published[0], verdict.counterexample.derived[0]]
    assert values[0] != values[1]
    assert all(abs(a - b) <= abs(b) * Float(10) ** -20 for a, b in zip(shown, values, strict=True))
