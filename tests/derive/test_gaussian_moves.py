"""Moves of Gaussian averages: each is exact, which quadrature of both sides confirms."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sympy import (
    Add,
    DiracDelta,
    Heaviside,
    Matrix,
    Max,
    Rational,
    S,
    cosh,
    erf,
    erfc,
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
from tests.derive.average_quadrature import number

x, y, z, u, v, w, m, r, s = symbols("x y z u v w m r s", real=True)
U, V = symbols("U V", positive=True)
CORRELATED = [[V, r], [r, U]]
POINT = {m: 0.3, r: 0.4, V: 0.8, U: 1.1, w: 0.7, s: -0.2}

CURVED = GaussianAverage(tanh(x + y / 2) * log(2 * cosh(y)) * (1 + x), (x, y), (m, s), CORRELATED)
BOUNDED = GaussianAverage(exp(-((x * y) ** 2)) * tanh(w * x + 1), (x, y), (m, 0), CORRELATED)
NESTED = GaussianAverage(x * log(GaussianAverage(cosh(w * y * tanh(x)), y) + x**2), x, m, V)


def agree(left, right, point=POINT):
    """Whether two expressions have the same value, which is neither zero nor trivially the same."""
    expected = number(left, point)
    assert expected != 0
    return number(right, point) == pytest.approx(expected, rel=1e-11, abs=0)


# -- linearity -----------------------------------------------------------------------------------


def test_expand_is_linearity():
    average = GaussianAverage(w * z**2 + (1 + tanh(z)) ** 2, z)
    terms = average.expand()
    assert len(Add.make_args(terms)) == 4
    assert terms == 1 + w * GaussianAverage(z**2, z) + 2 * GaussianAverage(
        tanh(z), z
    ) + GaussianAverage(tanh(z) ** 2, z)
    assert agree(average, terms)


def test_expand_reaches_averages_in_expressions():
    expr = (1 + GaussianAverage(z + tanh(z), z)) * m
    assert expr.expand() == m + m * GaussianAverage(z, z) + m * GaussianAverage(tanh(z), z)


def test_expand_obeys_its_hints():
    average = GaussianAverage(z * (z + tanh(z)), z)
    assert average.expand(mul=False) == average
    shallow = GaussianAverage(z + tanh(z * (w + z)), z).expand(deep=False)
    assert shallow == GaussianAverage(z, z) + GaussianAverage(tanh(z * (w + z)), z)


# -- other variables -----------------------------------------------------------------------------


@pytest.mark.parametrize("average", [CURVED, BOUNDED, NESTED], ids=["curved", "bounded", "nested"])
def test_standardised(average):
    standard = average.standardised()
    assert standard.mean == (0,) * len(average.variables)
    assert standard.covariance == Matrix.eye(len(average.variables))
    assert agree(average, standard)


def test_standardised_is_written_without_cancellation():
    standard = GaussianAverage(tanh(x) * tanh(y), (x, y), 0, CORRELATED).standardised()
    assert standard.integrand == tanh(sqrt(V) * x) * tanh(r * x / sqrt(V) + y * sqrt(U - r**2 / V))


def test_standardised_with_a_singular_covariance():
    average = GaussianAverage(tanh(x) * (y + w), (x, y), (m, 0), [[V, 2 * V], [2 * V, 4 * V]])
    standard = average.standardised()
    assert len(standard.variables) == 1
    assert agree(average, standard)


def test_standardised_refuses_an_indefinite_covariance():
    average = GaussianAverage(tanh(x) * tanh(y), (x, y), 0, [[w, r], [r, w]])
    with pytest.raises(dv.DeclarationError, match="not positive semidefinite"):
        average.subs({w: 1}).subs(r, 3)


def test_change_of_one_variable():
    average = GaussianAverage(tanh(x) * exp(w * x), x, m, V)
    changed = average.change_variables({x: m + sqrt(V) * u}, u)
    assert changed == GaussianAverage(tanh(m + sqrt(V) * u) * exp(w * (m + sqrt(V) * u)), u)
    assert agree(average, changed)


def test_change_of_variables_mixes_them():
    changed = CURVED.change_variables({x: s + u - 2 * v, y: 3 * v - u / 2}, (u, v))
    assert agree(CURVED, changed)
    assert agree(CURVED, changed.change_variables({"u": x, "v": y + m}, (x, y)))


def test_some_variables_stay():
    changed = BOUNDED.change_variables({x: u + y}, u)
    assert set(changed.variables) == {u, y}
    assert agree(BOUNDED, changed)


def test_variables_are_exchanged_and_renamed():
    assert CURVED.change_variables({x: y, y: x}, (y, x)) == CURVED
    assert CURVED.change_variables({x: u, y: v}, (u, v)) == CURVED


def test_new_variables_capture_nothing():
    average = GaussianAverage(tanh(w * x), x)
    assert average.change_variables({x: 2 * w}, w) == GaussianAverage(
        tanh(2 * w * u), u, 0, Rational(1, 4)
    )


BAD_CHANGES = [
    (lambda: CURVED.change_variables({x: u**2}, u), "not linear"),
    (lambda: CURVED.change_variables({x: u, y: 2 * u}, (u, v)), "not determined"),
    (lambda: CURVED.change_variables({x: u + v}, (u, v)), "2 variables are not"),
    (lambda: CURVED.change_variables({w: u}, u), "no variable"),
    (lambda: CURVED.conditioned(w), "no variable"),
    (lambda: CURVED.stein(w), "no variable"),
    (lambda: GaussianAverage(tanh(x), x).stein(x), "no factor"),
]


@pytest.mark.parametrize(("build", "message"), BAD_CHANGES)
def test_moves_that_do_not_apply(build, message):
    with pytest.raises(dv.MoveError, match=message):
        build()


# -- conditioning and independence ---------------------------------------------------------------


@pytest.mark.parametrize("on", [x, y, "x"])
def test_conditioning(on):
    for average in (CURVED, BOUNDED):
        nested = average.conditioned(on)
        assert nested.variables == (symbols(str(on), real=True),)
        assert agree(average, nested)


def test_conditioning_on_all_or_nothing_changes_nothing():
    assert CURVED.conditioned((x, y)) == CURVED.conditioned(()) == CURVED


def test_conditioning_on_a_variable_that_determines_the_other():
    average = GaussianAverage(tanh(x) * (w + y) ** 2, (x, y), (m, 0), [[V, 2 * V], [2 * V, 4 * V]])
    assert average.conditioned(x) == GaussianAverage(tanh(x) * (w + 2 * (x - m)) ** 2, x, m, V)


def test_conditioning_on_a_singular_block():
    block = [[V, V, r], [V, V, r], [r, r, U]]
    average = GaussianAverage(exp(-((x + y) ** 2) * z**2), (x, y, z), 0, block)
    nested = average.conditioned((x, y))
    inner = GaussianAverage(exp(-((x + y) ** 2) * z**2), z, r * x / V, U - r**2 / V)
    assert nested == GaussianAverage(inner, (x, y), 0, [[V, V], [V, V]])


def test_independent_factors_are_averages_of_their_own():
    average = GaussianAverage(
        tanh(x) * exp(w * y) + x**2 * cosh(y), (x, y), (m, 0), [[V, 0], [0, U]]
    )
    product = GaussianAverage(tanh(x), x, m, V) * GaussianAverage(exp(w * y), y, 0, U)
    product += GaussianAverage(x**2, x, m, V) * GaussianAverage(cosh(y), y, 0, U)
    assert average.factorised() == product
    assert agree(average, product)
    assert CURVED.factorised().atoms(GaussianAverage)  # correlated: no product
    assert all(len(a.variables) == 2 for a in BOUNDED.factorised().atoms(GaussianAverage))


# -- integration by parts ------------------------------------------------------------------------


@pytest.mark.parametrize("variable", [x, y])
def test_stein(variable):
    average = GaussianAverage(
        x * y**2 * tanh(x + y) * log(2 * cosh(w * y)), (x, y), (m, s), CORRELATED
    )
    parts = average.stein(variable)
    assert parts != average
    assert agree(average, parts)


def test_stein_at_jumps_and_kinks():
    average = GaussianAverage(z * sign(z - w) * Max(z, 0), z, m, V)
    values = {m: Rational(1, 3), V: Rational(5, 4), w: Rational(-1, 7)}
    parts = average.stein(z).subs(values)
    assert float(parts.evalf()) == pytest.approx(
        float(average.subs(values).evalf()), rel=1e-13, abs=0
    )


def test_stein_derives_the_moments():
    moment = GaussianAverage(z**6, z, 0, V)
    for _ in range(3):
        moment = (
            moment.replace(
                lambda e: isinstance(e, GaussianAverage), lambda e: e.stein(e.variables[0])
            )
            if not isinstance(moment, GaussianAverage)
            else moment.stein(z)
        )
    assert moment.expand() == 15 * V**3


# -- delta functions -----------------------------------------------------------------------------

density = exp(-(m**2) / (2 * V)) / sqrt(2 * pi * V)
DELTAS = [
    (GaussianAverage(DiracDelta(z - m), z, 0, V), density),
    (GaussianAverage(DiracDelta(2 * z - 2 * m) * tanh(z), z, 0, V), density * tanh(m) / 2),
    (GaussianAverage(DiracDelta(z, 1) * tanh(z + m), z), -(1 - tanh(m) ** 2) / sqrt(2 * pi)),
    (GaussianAverage(DiracDelta(z, 2), z), -1 / sqrt(2 * pi)),
    (GaussianAverage(DiracDelta(x - y) * x**2, (x, y)), 1 / (4 * sqrt(pi))),
    (
        GaussianAverage(DiracDelta(x) * DiracDelta(y), (x, y), 0, [[2, 1], [1, 2]]),
        1 / (2 * pi * sqrt(3)),
    ),
    (GaussianAverage(DiracDelta(z**2 - 1) * exp(z), z), cosh(1) * exp(-S.Half) / sqrt(2 * pi)),
    (
        GaussianAverage(DiracDelta(x) * tanh(y), (x, y), (m, s), CORRELATED),
        density * GaussianAverage(tanh(y), y, s - m * r / V, U - r**2 / V),
    ),
]


@pytest.mark.parametrize(("average", "value"), DELTAS, ids=[str(a)[:60] for a, _ in DELTAS])
def test_delta_functions_are_integrated_out(average, value):
    found = average.without_deltas()
    assert not found.has(DiracDelta)
    assert (found - value).doit().rewrite(exp).expand() == 0
    assert not average.doit().has(DiracDelta)


def test_a_delta_function_without_average():
    with pytest.raises(dv.MoveError, match="not linear in"):
        GaussianAverage(exp(DiracDelta(z)), z).without_deltas()
    with pytest.raises(dv.MoveError, match="does not vary"):
        GaussianAverage(DiracDelta(x - y - 1), (x, y), 0, [[1, 1], [1, 1]]).without_deltas()
    with pytest.raises(dv.MoveError, match="root"):
        GaussianAverage(DiracDelta(x * y), (x, y)).without_deltas()


# -- parity and closed forms ---------------------------------------------------------------------


def test_parity():
    average = GaussianAverage(tanh(x) * (Heaviside(x) - S.Half) * y, (x, y))
    assert average.is_even_in(x)
    assert average.is_odd_in(y)
    assert average.is_odd_in()
    assert not average.is_even_in()
    assert not GaussianAverage(tanh(x + 1), x).is_odd_in()
    assert GaussianAverage(erfc(x) - 1, x).is_odd_in()


@pytest.mark.parametrize(
    "average",
    [
        GaussianAverage(tanh(w * z) ** 3, z),
        GaussianAverage(tanh(x) * tanh(y) * tanh(x + y), (x, y), 0, CORRELATED),
        GaussianAverage(tanh(x) * cosh(y) ** 2 / (1 + cosh(y)), (x, y), (0, m), [[V, 0], [0, U]]),
    ],
    ids=str,
)
def test_odd_averages_vanish(average):
    assert average.doit() == 0


def test_a_mean_breaks_the_parity():
    average = GaussianAverage(tanh(z), z, m)
    assert average.doit() == average


def test_terms_without_closed_form_stay_under_one_average():
    average = GaussianAverage(z**2 + tanh(z) ** 2 + z**2 * tanh(z) ** 4 + erf(z) ** 2, z, 0, V)
    value = average.doit()
    (left,) = value.atoms(GaussianAverage)
    assert left.integrand == tanh(z) ** 2 + z**2 * tanh(z) ** 4
    assert agree(average, value)


def test_inner_averages_first():
    inner = GaussianAverage(exp(y * tanh(x)), y)
    average = GaussianAverage(x * inner + log(inner), x, m, V)
    value = average.doit()
    assert value == GaussianAverage(x * exp(tanh(x) ** 2 / 2) + tanh(x) ** 2 / 2, x, m, V)
    assert agree(average, value)
    assert GaussianAverage(log(GaussianAverage(exp(y * x), y)), x, 0, V).doit() == V / 2
    assert average.doit(deep=False).has(inner)


def test_independent_variables_evaluate_apart():
    average = GaussianAverage(tanh(x) ** 2 * exp(w * y) * y, (x, y))
    assert average.doit() == w * exp(w**2 / 2) * GaussianAverage(tanh(x) ** 2, x)


def test_terms_that_converge_together_only():
    average = GaussianAverage(exp(z**2) * (1 - tanh(z**4)), z)
    assert average.doit() == average


numbers = st.builds(Rational, st.sampled_from([-7, -3, -1, 1, 2, 4, 8]), st.integers(3, 7))


@settings(max_examples=20)
@given(st.tuples(*[numbers] * 4), st.tuples(numbers, numbers))
@example((1, 1, 2, 2), (0, 1))
def test_any_covariance_and_any_change_of_variables(entries, shifts):
    """A A^T is positive semidefinite, singular now and then."""
    factor = Matrix(2, 2, entries)
    covariance = factor * factor.T
    average = GaussianAverage((tanh(x + 1) + x) * exp(-(y**2) / 9), (x, y), shifts, covariance)
    expected = number(average)
    assert number(average.standardised()) == pytest.approx(expected, rel=1e-9, abs=1e-12)
    changed = average.change_variables({"x": u - v, "y": 2 * v + 1}, (u, v))
    assert number(changed) == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert number(average.conditioned(x)) == pytest.approx(expected, rel=1e-9, abs=1e-12)
