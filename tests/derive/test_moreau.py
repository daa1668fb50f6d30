"""Moreau envelopes, proximal operators, and the ground states of convex regression."""

import pickle

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import (
    Abs,
    Heaviside,
    Max,
    Piecewise,
    Rational,
    exp,
    latex,
    log,
    oo,
    pi,
    sqrt,
    symbols,
)

import derive as dv
from derive.models import regression

u, c, x, y = symbols("u c x y", real=True)
w, k, d, beta, C = symbols("w k d beta C", positive=True)
LOGISTIC = log(1 + exp(-y * u))

CONVEX = {
    "quadratic": u**2 / 2,
    "modulus": Abs(u - y),
    "hinge": Max(0, 1 - u),
    "squared hinge": Max(0, 1 - u) ** 2 / 2,
    "insensitive": Max(0, Abs(u - y) - k),
    "Huber": Piecewise((u**2 / 2, Abs(u) <= d), (d * Abs(u) - d**2 / 2, True)),
    "elastic net": k * Abs(u) + d * u**2 / 2,
    "three lines": Max(0, -u, 2 * u - 1),
}
LETTERS = {k: Rational(1, 2), d: Rational(4, 5), y: Rational(1, 7)}
fractions = st.fractions(-5, 5, max_denominator=12).map(
    lambda f: Rational(f.numerator, f.denominator)
)


@pytest.mark.parametrize("name", CONVEX)
@pytest.mark.parametrize("centre", [Rational(-31, 7), Rational(-1, 3), Rational(1, 5), 5])
def test_closed_forms_agree_with_the_minimum_in_numbers(name, centre):
    at = {**LETTERS, c: centre, w: Rational(7, 10)}
    for node in (dv.MoreauEnvelope(CONVEX[name], u, c, w), dv.Proximal(CONVEX[name], u, c, w)):
        closed = node.doit()
        assert not closed.has(dv.MoreauEnvelope, dv.Proximal)
        assert abs(closed.subs(at) - node.subs(at).evalf(25)) < Rational(1, 10**24)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(fractions, st.integers(1, 4)), min_size=1, max_size=3),
    fractions.map(abs),
    fractions,
    fractions,
)
def test_any_convex_piecewise_quadratic_loss_against_a_golden_section(kinks, a, slope, centre):
    loss = a * u**2 / 2 + slope * u + sum(weight * Abs(u - at) for at, weight in kinks)
    found = dv.MoreauEnvelope(loss, u, centre, Rational(3, 2)).doit()

    def total(v):
        bends = sum(weight * abs(v - float(at)) for at, weight in kinks)
        return float(a) * v**2 / 2 + float(slope) * v + bends + (v - float(centre)) ** 2 / 3

    low, high, ratio = -60.0, 60.0, (5**0.5 - 1) / 2
    for _ in range(80):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, right) if total(left) < total(right) else (left, high)
    assert float(found) == pytest.approx(total((low + high) / 2), rel=1e-10, abs=1e-10)


def test_the_minimum_binds_its_variable():
    node = dv.MoreauEnvelope(Abs(u - y), u, c, w)
    assert node == dv.MoreauEnvelope(Abs(x - y), x, c, w)
    assert hash(node) == hash(dv.MoreauEnvelope(Abs(x - y), x, c, w))
    assert node.free_symbols == {c, w, y}
    assert node.subs(y, u) == dv.MoreauEnvelope(Abs(x - u), x, c, w)
    assert node.xreplace({c: u}).subs(u, 2) == node.subs(c, 2)
    assert node != dv.Proximal(*node.args)
    for each in (node, dv.Proximal(*node.args)):
        assert each.func(*each.args) == each
        assert pickle.loads(pickle.dumps(each)) == each
    assert r"\min_{u}" in latex(node)
    assert r"\operatorname{arg\,min}_{u}" in latex(dv.Proximal(*node.args))


def test_what_needs_no_minimum():
    assert dv.MoreauEnvelope(y + u**2, u, c, w) == y + dv.MoreauEnvelope(u**2, u, c, w)
    assert dv.MoreauEnvelope(LOGISTIC, u, c, 0) == LOGISTIC.subs(u, c)
    assert dv.Proximal(y, u, c, w) == dv.Proximal(LOGISTIC, u, c, 0) == c
    with pytest.raises(dv.ParameterError, match="negative"):
        dv.MoreauEnvelope(u**2, u, c, -1)


def test_what_is_not_seen_to_be_convex_stays():
    for loss in (LOGISTIC, -Abs(u), Max(0, 1 - y * u), Heaviside(u), u**4):
        node = dv.MoreauEnvelope(loss, u, c, w)
        assert node.doit() == node
    double_well = dv.Proximal((u**2 - 1) ** 2, u, Rational(1, 10), 1)
    force = mpmath.polyroots([4, 0, -3, -0.1])
    assert double_well.evalf(15) == pytest.approx(float(max(force).real), rel=1e-13, abs=0)
    with pytest.raises(dv.MoveError, match="no minimum"):
        dv.MoreauEnvelope(-(u**2), u, 0, 2).evalf()


@pytest.mark.parametrize("parameter", [c, w, y])
def test_derivatives_are_those_of_the_minimum(parameter):
    at = {c: Rational(3, 10), w: Rational(7, 10), y: Rational(13, 10)}
    step = Rational(1, 10**12)
    for node in (dv.MoreauEnvelope(LOGISTIC, u, c, w), dv.Proximal(LOGISTIC, u, c, w)):
        above, below = (
            node.subs({**at, parameter: at[parameter] + s * step}).evalf(50) for s in (1, -1)
        )
        slope = node.diff(parameter).subs(at).evalf(25)
        assert abs(slope - (above - below) / (2 * step)) < Rational(1, 10**20)


def test_a_moving_kink_is_differentiated_in_closed_form():
    node = dv.MoreauEnvelope(Abs(u - y), u, c, w)
    stuck = {c: Rational(1, 2), y: Rational(1, 3), w: 1}
    assert node.diff(y).doit().subs(stuck) == -Rational(1, 6)
    assert node.diff(c).doit().subs(stuck) == Rational(1, 6)
    with pytest.raises(dv.MoveError, match="smooth"):
        dv.Proximal(LOGISTIC + Abs(u), u, c, w).diff(c)


def test_the_largest_exponent_and_what_it_leaves():
    """beta*(log<exp(-beta l)>/beta + M) -> -log(1 + C l'')/2."""
    loss = log(1 + exp(-u))
    inner = dv.GaussianAverage(exp(-beta * loss), u, mean=c, covariance=C / beta)
    leading = dv.asymptotics(log(inner), beta, oo).leading
    assert leading == -beta * dv.MoreauEnvelope(loss, u, c, C)
    at, far = {c: Rational(1, 3), C: 2}, 4000
    left = (log(inner) - leading).subs({**at, beta: far}).evalf(15)
    stiffness = dv.Proximal(loss, u, c, C).stiffness.subs(at)
    assert float(left) == pytest.approx(float((-log(stiffness) / 2).evalf(15)), rel=1e-3, abs=0)


def energy_by_envelope(loss, q, R, width, alpha, lam, noise):
    """The ground-state energy of weights of squared norm q with a quadratic regulariser."""
    v, z, nu = symbols("v z nu", real=True)
    cost = dv.MoreauEnvelope(loss(v + nu, u), u, R * v + z, width)
    outputs = dv.GaussianAverage(dv.GaussianAverage(cost, nu, covariance=noise**2), v)
    mean = dv.GaussianAverage(outputs, z, covariance=q - R**2)
    return alpha * mean + lam * q / 2 - (q - R**2) / (2 * width)


def named(ground):
    letters = {s.name: s for s in (*ground.unknowns, *ground.parameters)}
    return (letters[name] for name in ("C", "R", "alpha", "lambda", "sigma"))


def test_ridge_regression_by_its_envelope_is_that_of_the_closed_form():
    derived = regression.derivation()
    q = derived.unknowns[0]
    ground = derived.limit("beta", oo, scaling={"q_d": q + C / beta})
    width, R, alpha, lam, noise = named(ground)
    by_hand = energy_by_envelope(regression.squared_loss, q, R, width, alpha, lam, noise)
    assert (by_hand.doit() + ground.density).factor() == 0


@pytest.mark.slow
def test_absolute_deviations_by_their_envelope_in_closed_form_and_in_numbers():
    derived = regression.derivation(lambda output, prediction: Abs(output - prediction))
    ground = derived.limit("beta", oo, scaling={"q_d": derived.unknowns[0] + C / beta})
    width, R, alpha, lam, noise = named(ground)
    at = {derived.unknowns[0]: Rational(4, 5), R: Rational(3, 5), width: Rational(2, 3)}
    at |= {alpha: 2, lam: Rational(1, 10), noise: Rational(1, 2)}
    spread = sqrt(Rational(17, 20))  # of the output minus the centre
    closed = dv.GaussianAverage(
        dv.MoreauEnvelope(Abs(u), u, x, width), x, covariance=spread**2
    ).doit()
    assert not closed.has(dv.GaussianAverage)
    rest = Rational(1, 25) - Rational(11, 25) * Rational(3, 4)
    expected = (2 * closed + rest).subs(at).evalf(20)
    assert abs(-ground.density.subs(at).evalf(20) - expected) < Rational(1, 10**18)
    s, C0 = mpmath.mpf(17) / 20, mpmath.mpf(2) / 3

    def huber(t):
        return (t**2 / (2 * C0) if t < C0 else t - C0 / 2) * mpmath.exp(-(t**2) / (2 * s))

    mean = 2 * mpmath.quad(huber, [0, C0, 3, 9]) / mpmath.sqrt(2 * mpmath.pi * s)
    assert float(closed.subs(at).evalf(15)) == pytest.approx(float(mean), rel=1e-12, abs=0)


def test_a_logistic_loss_stays_a_proximal_operator():
    lam, alpha, q, Q = symbols("lambda alpha q Q", positive=True)
    inner = dv.GaussianAverage(exp(-beta * log(1 + exp(-u))), u, mean=x, covariance=Q - q)
    volume = log(Q - q) / 2 + q / (2 * (Q - q)) + log(2 * pi) / 2
    cost = alpha * dv.GaussianAverage(log(inner), x, covariance=q)
    phi = dv.FreeEntropy(cost + volume - beta * lam * Q / 2, (q, Q), (-1, 1), beta=beta)
    found = phi.limit(beta, oo, scaling={q: Q - C / beta})
    width = C
    envelope = dv.MoreauEnvelope(log(1 + exp(-u)), u, x, width)
    mean = dv.GaussianAverage(envelope, x, covariance=Q)
    assert (found.density - (Q / (2 * width) - lam * Q / 2 - alpha * mean)).expand() == 0
    at = {alpha: 2, lam: Rational(1, 10), Q: Rational(3, 2)}
    step = Rational(1, 10**3)
    above, below = (found.density.subs({**at, width: 1 + s * step}).evalf(11) for s in (1, -1))
    row = found.gradient[0].subs({**at, width: 1}).evalf(10)
    assert float(row) == pytest.approx(float((above - below) / (2 * step)), rel=1e-5, abs=0)
    with pytest.raises(dv.LimitError, match="entropy is not known"):
        _ = found.entropy


def test_a_regulariser_without_closed_form_becomes_an_envelope():
    derived = regression.derivation(regulariser=lambda weight: sqrt(weight**2 + 1))
    q, _, qhat, _, _, Rhat = derived.unknowns
    D = symbols("D", positive=True)
    rules = {"q_d": q + C / beta, "qhat_d": qhat * beta**2 - D * beta}
    rules |= {"qhat": qhat * beta**2, "Rhat": Rhat * beta}
    step = derived.limit("beta", oo, scaling=rules).steps[-1]
    (envelope,) = step.after.density.atoms(dv.MoreauEnvelope)
    lam = next(s for s in derived.parameters if s.name == "lambda")
    assert envelope == dv.MoreauEnvelope(lam * sqrt(u**2 + 1), u, envelope.centre, 1 / D)
    assert "the minimum of each Moreau envelope is unique" in step.assumptions
