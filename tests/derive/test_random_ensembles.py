"""Every exact move on random small ensembles: pointwise by `check`, and from end to end by hand."""

from itertools import product

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf
from sympy import I, Rational, Symbol, lambdify, symbols

import derive as dv
from derive import Kind, total
from tests.derive.strategies import FAMILIES, N, a, fractions, g, h, i, signed

EXAMPLES = {  # 204 in all, fewer of those that take long
    "separate squares": 30,
    "coupled form": 16,
    "two families": 22,
    "array form": 14,
    "shared squares": 26,
    "constrained sums": 34,
    "constrained sites": 22,
    "opened sphere": 30,
    "joint trace": 10,
}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_exact_move_holds_at_finite_size(family):
    checked = 0

    @settings(max_examples=EXAMPLES[family])
    @given(FAMILIES[family])
    def holds(case):
        nonlocal checked
        report = case.derivation.check(seed=case.seed, **case.sizes)
        assert report.holds, report
        assert {row.kind for row in report.rows} == {Kind.EXACT}
        assert all(row.digits >= row.wanted >= 12 for row in report.rows)
        checked += 1

    holds()
    assert checked == EXAMPLES[family]


# -- from end to end, with nothing of derive that expands or evaluates ----

VALUES = {
    "Ising": (lambda: dv.Ising("s", i), [(-1, 1), (1, 1)]),
    "Binary": (lambda: dv.Binary("s", i), [(0, 1), (1, 1)]),
    "spin 1": (lambda: dv.Spin("s", i), [(-1, 1), (0, 1), (1, 1)]),
    "spin 3/2": (
        lambda: dv.Spin("s", i, spin=Rational(3, 2)),
        [(Rational(v, 2), 1) for v in (-3, -1, 1, 3)],
    ),
    "weighted": (
        lambda: dv.Discrete("s", i, values=(-1, 0, 2), weights=(2, 1, Rational(1, 3))),
        [(-1, 2), (0, 1), (2, Rational(1, 3))],
    ),
}


def by_hand(states, size, exponent):
    """Z as the sum over all states: exponent is a function of the list of the sites' values."""
    total_weight = mpf(0)
    for configuration in product(states, repeat=size):
        weight = mpmath.fprod(_number(w) for _, w in configuration)
        total_weight += weight * mpmath.exp(exponent([_number(v) for v, _ in configuration]))
    return total_weight


def _number(rational):
    return mpf(Rational(rational).p) / Rational(rational).q


def integrated(ensemble, at):
    """int exp(exponent) over the one field that is left, along the real or the imaginary axis."""
    (field,) = ensemble.variables
    y = Symbol("y", real=True)
    contour = I * y if field.measure.is_imaginary else y
    exponent = ensemble.exponent.subs(at).xreplace({field.element: contour})
    integrand = lambdify(y, exponent, "mpmath")
    prefactor = lambdify((), ensemble.log_prefactor.subs(at), "mpmath")()
    # the trapezoid rule: the integrand is entire and falls at least like exp(-0.3 a N y^2)
    far = 6 + mpmath.sqrt(150 / (mpf(at[N]) * _number(at[a])))
    mesh = far / 250
    grid = (mesh * (k + mpf("0.37")) for k in range(-250, 250))
    return mpmath.exp(prefactor) * mesh * mpmath.fsum(mpmath.exp(integrand(z)) for z in grid)


@settings(max_examples=15)
@given(
    name=st.sampled_from(sorted(VALUES)),
    size=st.integers(2, 4),
    strength=fractions,
    negative=st.booleans(),
    tilt=signed,
    crystal=signed,
)
def test_the_last_integral_is_the_sum_over_all_states(
    name, size, strength, negative, tilt, crystal
):
    make, states = VALUES[name]
    v = make()
    sign = -1 if negative else 1
    exponent = sign * a * total(v[i], i) ** 2 / (2 * N) + total(g * v[i] + h * v[i] ** 2, i)
    d = dv.Ensemble(trace=v, exponent=exponent).derive().hubbard_stratonovich("m").trace(v)
    at = {N: size, a: strength, g: tilt, h: crystal / 3}
    with mp.workdps(42):
        A, B, C = _number(strength) * sign / (2 * size), _number(tilt), _number(crystal) / 3
        direct = by_hand(
            states, size, lambda s: A * sum(s) ** 2 + B * sum(s) + C * sum(x * x for x in s)
        )
        found = integrated(d.state, at)
        assert abs(found - direct) <= direct * mpf(10) ** -25


@settings(max_examples=6)
@given(strength=fractions, negative=st.booleans(), tilt=signed, variance=fractions)
def test_gaussian_variables_from_end_to_end(strength, negative, tilt, variance):
    """Z = det(1 - v A)^(-1/2) exp(v b (1 - v A)^-1 b / 2), with A the matrix of all strength/N."""
    size = 3
    coupling = (-strength if negative else strength / 8) / (variance if variance > 1 else 1)
    v = dv.Gaussian("x", i, variance=variance)
    square = (-a if negative else a) * total(v[i], i) ** 2 / (2 * N)
    model = dv.Ensemble(trace=v, exponent=square + g * total(v[i], i))
    d = model.derive().hubbard_stratonovich("m").trace(v)
    with mp.workdps(42):
        stiffness = 1 - _number(variance * coupling)
        b, var = _number(tilt), _number(variance)
        direct = mpmath.exp(size * var * b * b / 2 / stiffness) / mpmath.sqrt(stiffness)
        found = integrated(d.state, {N: size, a: abs(coupling), g: tilt, h: 0})
        assert abs(found - direct) <= direct * mpf(10) ** -25


@pytest.mark.parametrize("sign", [1, -1])
def test_an_interval_from_end_to_end(sign):
    v = dv.Interval("x", i, lower=-1, upper=2)
    model = dv.Ensemble(
        trace=v, exponent=sign * a * total(v[i], i) ** 2 / (2 * N) + g * total(v[i], i)
    )
    d = model.derive().hubbard_stratonovich("m").trace(v)
    with mp.workdps(18):
        direct = mpmath.quad(
            lambda x, y: mpmath.exp(sign * mpf("0.7") * (x + y) ** 2 / 4 + (x + y) / 5),
            [-1, 2],
            [-1, 2],
        )
        found = integrated(d.state, {N: 2, a: Rational(7, 10), g: Rational(1, 5)})
        assert abs(found - direct) <= direct * mpf(10) ** -12


@pytest.mark.parametrize("name", ["Ising", "spin 1", "weighted"])
def test_a_constraint_from_end_to_end(name):
    """A quartic term that decays: the field is integrated first, then its conjugate."""
    make, states = VALUES[name]
    v = make()
    size, steps, width, reach = 2, 60, mpf("1.8"), mpf(24)
    density = total(v[i], i) / N
    model = dv.Ensemble(
        trace=v, exponent=-a * N * density**4 - a * N * density**2 + g * total(v[i], i)
    )
    (m, r), state = _fields(model.derive().constrain("m", density, "r").trace(v).state)
    at = {N: size, a: 2, g: Rational(1, 3)}
    x, y = symbols("x y", real=True)
    exponent = (state.exponent + state.log_prefactor).subs(at).xreplace({m: x, r: I * y})
    integrand = lambdify((x, y), exponent, "mpmath")
    with mp.workdps(18):
        direct = by_hand(
            states,
            size,
            lambda s: -2 * size * ((sum(s) / size) ** 4 + (sum(s) / size) ** 2) + sum(s) / mpf(3),
        )
        grid = [mpf(k) / steps for k in range(-steps, steps + 1)]
        found = mpmath.fsum(mpmath.exp(integrand(width * p, reach * q)) for p in grid for q in grid)
        found *= width * reach / steps**2
        assert abs(found - direct) <= direct * mpf(10) ** -12


def _fields(state):
    return [v.element for v in state.variables], state
