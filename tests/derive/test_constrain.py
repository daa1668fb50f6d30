"""Delta functions name sums and sites; a sphere is opened by one for its norm."""

import pytest
from sympy import I, cosh, exp, expand_log, log, pi, sinh, symbols, tanh

import derive as dv
from derive import total

N = dv.size("N")
i, j = dv.indices("i j", N)
beta, J = symbols("beta J", positive=True)
h = symbols("h", real=True)
s = dv.Ising("s", i)
M = total(s[i], i)


def model(exponent, trace=s):
    return dv.Ensemble(trace=trace, exponent=exponent).derive()


def test_a_sum_is_replaced_wherever_it_stands():
    after = model(J * M**3 / N**2 + h * M + exp(M / N)).constrain("m", M / N, "r").state
    m, r = after["m"].element, after["r"].element
    assert after.exponent == J * N * m**3 + h * N * m + exp(m) + r * M - r * N * m
    assert after["m"].measure.direction == 1
    assert after["r"].measure.direction == I
    assert (after.log_prefactor - expand_log(log(N / (2 * pi)))).expand() == 0


def test_the_conjugate_has_a_name_by_default():
    assert [v.name for v in model(M**3 / N**2).constrain("m", M / N).state.variables] == [
        "s",
        "m",
        "mhat",
    ]


def test_a_field_on_each_site_turns_couplings_into_fields():
    W = dv.Given("W", i, j, symmetric=True)
    d = model(total(W[i, j] * s[i] * s[j], i, j) / N).constrain("V", s[i], "U")
    V, U = d.state["V"].label, d.state["U"].label
    expected = total(W[i, j] * V[i] * V[j], i, j) / N + total(U[i] * (s[i] - V[i]), i)
    assert d.state.exponent == expected
    assert (d.state.log_prefactor + N * log(2 * pi)).expand().expand(log=True, force=True) == 0


def test_sums_with_free_indices_are_named_at_once():
    a = dv.Index("a", 3)
    c = dv.Potts("c", i, a)
    counts = total(c[i, a], i)
    d = model(total(counts**3, a) / N**2, trace=c).constrain("x", counts / N)
    x = d.state["x"].label
    assert x.ranges == (a.range,)
    assert d.trace(c).check(N=3).holds


def test_a_sphere_is_opened_by_its_norm():
    w = dv.Sphere("w", i, norm2=2 * N)
    d = model(h * total(w[i], i), trace=w).constrain(w, conjugate="lam")
    lam = d.state["lam"].element
    assert d.state.exponent == h * total(w[i], i) + lam * N - lam * total(w[i] ** 2, i) / 2
    assert d.state["lam"].measure.shift == 1
    assert d.steps[0].assumptions
    assert d.trace(w).check(N=3).holds


def test_two_sums_one_after_the_other():
    S = dv.Spin("S", i)
    A, B = total(S[i], i), total(S[i] ** 2, i)
    d = model(J * A**2 * B / N**2 - B**4 / N**3, trace=S)
    d = d.constrain("m", A / N).constrain("q", B / N).trace(S)
    assert d.check(N=3).holds


def test_conjugates_lead_to_the_saddle_point_that_squares_lead_to():
    square = beta * J * M**2 / (2 * N) + beta * h * M
    direct = model(square).hubbard_stratonovich("m").trace(s).saddle_point(N)
    other = model(square).constrain("m", M / N).trace(s).saddle_point(N)
    reduced = other.eliminate("mhat")
    m = direct.unknowns[0]
    assert direct.saddle_equations[0].rhs == tanh(beta * (J * m + h))
    assert reduced.saddle_equations[0].rhs.expand() == tanh((beta * (J * m + h)).expand())


def test_the_scale_of_the_definition_counts():
    for scale in (1, 2 / N, 1 / N**2):
        d = model(J * M**3 / N**2).constrain("m", scale * M).trace(s)
        assert d.check(N=3).holds


def test_a_sphere_without_its_definition_needs_to_be_one():
    with pytest.raises(dv.MoveError, match="s is not on a sphere"):
        model(h * M).constrain(s)


def test_functions_of_one_site_stay_with_the_variable():
    """A crystal field is treated by the trace; the mean-field equation is that of one spin."""
    N = dv.size("N")
    i, j = dv.indices("i j", N)
    S, J = dv.Spin("S", i), dv.Given("J", i, j, symmetric=True)
    beta, Delta = symbols("beta Delta", positive=True)
    squares = dv.total(S[i] ** 2, i)
    energy = -dv.total(J[i, j] * S[i] * S[j], i, j) / (2 * N) + Delta * squares
    d = dv.Ensemble(trace=S, beta=beta, hamiltonian=energy).derive().constrain("V", S[i], "U")
    assert d.exponent.coeff(squares) == -beta * Delta
    assert d.check(N=2).holds
    after = d.trace("S").saddle_point(N)
    U = after.unknowns[1]
    one = 2 * exp(-beta * Delta) * sinh(U) / (1 + 2 * exp(-beta * Delta) * cosh(U))
    assert (after.saddle_equations[0].rhs - one).rewrite(exp).together() == 0
