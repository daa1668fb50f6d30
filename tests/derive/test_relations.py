"""The normal form of an exponent uses what measures say of their variables, and nothing more."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Rational, cosh, exp, symbols

import derive as dv
from derive import total
from derive.checks.evaluate import evaluator
from derive.measures import Finite
from derive.relations import normal_form

N = dv.size("N")
i, j, k = dv.indices("i j k", N)
q = dv.IndexRange(3)
a, b, c = (dv.Index(name, q) for name in "abc")
x = symbols("x")


def reduced(expr, *variables):
    return normal_form(expr, {v.label: v.measure for v in variables})


def test_ising_squares_are_one():
    s = dv.Ising("s", i)
    assert reduced(total(s[i] ** 2, i), s) == N
    assert reduced(total(s[i] ** 7, i), s) == total(s[i], i)
    assert reduced(total(s[i] ** 2 * s[j] ** 3, i, j), s) == N * total(s[i], i)


def test_binary_units_are_idempotent_and_spin_one_cubes_to_itself():
    n, S = dv.Binary("n", i), dv.Spin("S", i)
    assert reduced(total(n[i] ** 5, i), n) == total(n[i], i)
    assert reduced(total(S[i] ** 3, i), S) == total(S[i], i)
    assert reduced(total(S[i] ** 4, i), S) == total(S[i] ** 2, i)
    assert reduced(total(S[i] ** 2, i), S) == total(S[i] ** 2, i)


def test_squares_of_sums_are_no_sums_of_squares():
    s = dv.Ising("s", i)
    M = total(s[i], i)
    assert reduced(M**2, s) == M**2
    assert reduced(M**2 * total(s[i] ** 2, i), s) == N * M**2


@settings(max_examples=60)
@given(
    st.lists(
        st.builds(Rational, st.integers(-6, 6), st.integers(1, 4)),
        min_size=1,
        max_size=5,
        unique=True,
    ),
    st.integers(1, 9),
)
def test_powers_of_a_finite_measure_reduce_below_the_number_of_values(values, power):
    polynomial = Finite(values).reduce_power(power)
    assert max(polynomial) < len(values)
    for value in values:
        assert sum(c * value**p for p, c in polynomial.items()) == value**power


def test_indicators_of_one_site_exclude_each_other():
    v = dv.Potts("v", i, a)
    assert reduced(total(v[i, a] * v[i, b] * x, i, a, b), v) == x * N
    assert reduced(total(v[i, a] ** 4, i), v) == total(v[i, a], i)
    assert reduced(total(v[i, a], i, a), v) == N
    assert reduced(total(v[i, 1] * v[i, 2], i), v) == 0
    assert reduced(total(v[i, 1] * v[i, 1], i), v) == total(v[i, 1], i)


@pytest.mark.parametrize(
    "make",
    [
        lambda v, f: total(f[a] * v[i, a] * v[i, b] * v[j, b], i, j, a, b),
        lambda v, f: total(v[i, a] * v[j, a] * v[j, b] * f[b], i, j, a, b),
        lambda v, f: total(f[a] * v[i, a] * v[i, b] * v[i, c] * f[c], i, a, b, c),
        lambda v, f: total(v[i, 1] * v[j, a] * v[i, a], i, j, a),
        lambda v, f: total(total(v[i, a], i) ** 3 * f[a], a),
    ],
)
def test_reduction_of_indicators_keeps_every_value(make):
    v, f = dv.Potts("v", i, a), dv.Given("f", a)
    plain = make(v, f)
    short = reduced(plain, v)
    fields = {1: 2, 2: -3, 3: 5}
    for colours in product((1, 2, 3), repeat=2):
        at = {(v.label, (k + 1, q)): int(colours[k] == q) for k in range(2) for q in fields}
        at |= {(f, (q,)): value for q, value in fields.items()}
        values = [evaluator(expr, {N: 2})(at) for expr in (plain, short)]
        assert values[0] == values[1]


def test_functions_and_other_variables_are_left_alone():
    s, y = dv.Ising("s", i), dv.Real("y", i)
    assert reduced(total(y[i] ** 2, i), s, y) == total(y[i] ** 2, i)
    assert reduced(total(cosh(s[i]) * s[i] ** 2, i), s) == total(cosh(s[i]), i)
    assert reduced(exp(x) * (x + 1) ** 2, s) == (exp(x) * (x**2 + 2 * x + 1)).expand()


def test_an_ensemble_stores_the_normal_form():
    s = dv.Ising("s", i)
    beta, J = symbols("beta J", positive=True)
    pairs = dv.Ensemble(trace=s, exponent=beta * J / N * total(s[i] * s[j], i < j))
    M = total(s[i], i)
    assert pairs.exponent == beta * J * M**2 / (2 * N) - beta * J / 2
