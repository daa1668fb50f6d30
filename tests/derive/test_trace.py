"""Decoupled variables are traced site by site."""

import pytest
from sympy import Heaviside, Rational, Symbol, cosh, exp, log, sinh, symbols

import derive as dv
from derive import total
from derive.nested import LogZ

N = dv.size("N")
i, j = dv.indices("i j", N)
beta = symbols("beta", positive=True)
h = symbols("h", real=True)
a = dv.Index("a", 3)
s, t = dv.Ising("s", i), dv.Ising("t", i)
theta, field = dv.Given("theta", i), dv.Given("field", a)


def traced(variables, exponent, **options):
    several = variables if isinstance(variables, list) else [variables]
    return dv.Ensemble(trace=variables, exponent=exponent, **options).derive().trace(*several)


def test_free_spins():
    assert traced(s, beta * h * total(s[i], i)).state.exponent == N * log(2 * cosh(beta * h))


def test_spins_in_given_fields_keep_the_sum_over_sites():
    after = traced(s, total(theta[i] * s[i], i)).state
    assert after.exponent == total(log(2 * cosh(theta[i])), i)
    assert after.variables == ()


def test_colours_give_one_sum_over_colours():
    c = dv.Potts("c", i, a)
    after = traced(c, total(field[a] * c[i, a], i, a)).state
    assert after.exponent == N * log(total(exp(field[a]), a))


def test_two_spins_of_a_site_are_traced_together():
    after = traced([s, t], beta * total(s[i] * t[i], i)).state
    assert (after.exponent - N * log(4 * cosh(beta))).subs({N: 3, beta: Rational(1, 3)}).evalf(
        30
    ) == pytest.approx(0, abs=1e-28)


def test_an_interval_gives_a_langevin_function():
    x = dv.Interval("x", i)
    assert traced(x, h * total(x[i], i)).state.exponent == N * log(2 * sinh(h) / h)


def test_what_has_no_closed_form_stays_an_integral():
    x = dv.Real("x", i, weight=lambda y: exp(-(y**4)))
    after = traced(x, h * total(x[i], i)).state
    assert after.exponent.atoms(LogZ)
    assert after.exponent.free_symbols == {N, h}


def test_a_weight_per_site_is_traced_with_it():
    weight = dv.product(1 + beta * s[i], i)
    d = traced(s, h * total(s[i], i), weight=weight)
    assert d.state.weight == 1
    assert d.check(N=3, beta=0.5).holds
    step = traced(dv.Spin("S", i), 0 * h, weight=dv.product(Heaviside(dv.Spin("S", i)[i]), i))
    assert step.state.weight == 1


def test_a_weight_that_couples_sites_is_refused():
    weight = dv.product(Heaviside(total(dv.Given("W", i, j)[i, j] * s[j], j)), i)
    with pytest.raises(dv.CouplingError, match=r"sites of s alone.*constrain"):
        traced(s, h * total(s[i], i), weight=weight)


def test_variables_without_sites_are_traced_too():
    u = dv.Ising("u")
    d = traced(u, h * u.element * Symbol("k", real=True))
    assert d.state.exponent == log(2 * cosh(h * Symbol("k", real=True)))


def test_sites_with_two_indices():
    mu = dv.Index("mu", 2)
    u = dv.Ising("u", i, mu)
    xi = dv.Given("xi", i, mu)
    d = traced(u, total(xi[i, mu] * u[i, mu], i, mu))
    assert d.state.exponent == total(log(2 * cosh(xi[i, mu])), i, mu)
    assert d.check(N=2).holds


def test_the_order_of_traces_does_not_matter():
    k = dv.Index("k", dv.size("P"))
    v = dv.Spin("v", k)
    start = dv.Ensemble(trace=[s, v], exponent=h * total(s[i], i) - total(v[k] ** 2, k)).derive()
    assert start.trace(s).trace(v).state == start.trace(v).trace(s).state


def test_names_of_free_sums_are_not_captured():
    exponent = total(theta[i] * s[i], i) * h + total(theta[i] * t[i], i)
    after = dv.Ensemble(trace=[s, t], exponent=exponent).derive().trace(s).trace(t).state
    expected = total(log(2 * cosh(h * theta[i])), i) + total(log(2 * cosh(theta[j])), j)
    assert after.exponent == expected


def test_the_argument_of_a_weight_can_be_named_by_a_constraint():
    mu = dv.Index("mu", 2)
    xi = dv.Given("xi", mu, i)
    overlap = total(xi[mu, i] * s[i], i)
    start = dv.Ensemble(trace=s, exponent=0 * h, weight=dv.product(1 / (1 + overlap**2), mu))
    d = start.derive().constrain("u", overlap).trace(s)
    assert not d.state.weight.has(s[i])
    assert d.check(N=2).holds
