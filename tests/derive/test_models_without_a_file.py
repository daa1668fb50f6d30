"""Models for which no file exists, each stated through the public API, against what is known."""

import math

import numpy as np
import pytest
from sympy import KroneckerDelta, Matrix, Rational, Symbol, exp, log, symbols

import derive as dv
import numerics as nm
from derive import total

N = dv.size("N")
i = dv.Index("i", N)
beta, J = symbols("beta J", positive=True)
h = symbols("h", real=True)
m = Symbol("m", real=True)


# -- infinite-range spin 1 with crystal field ----


def spin_one():
    Delta = Symbol("Delta", positive=True)
    S = dv.Spin("S", i)
    M, Q = total(S[i], i), total(S[i] ** 2, i)
    model = dv.Ensemble(trace=S, exponent=beta * (J * M**2 / (2 * N) - Delta * Q + h * M))
    return model.derive().hubbard_stratonovich("m").trace(S).saddle_point(N), Delta


def test_spin_one_has_its_critical_line_and_tricritical_point():
    d, Delta = spin_one()
    assert d.check(N=3, beta=0.7, J=1, Delta=0.3, h=0.2).holds
    line = beta * d.critical_point(h=0, solve_for=J).value
    assert (line - 1 - exp(beta * Delta) / 2).expand() == 0
    expansion = d.landau(6, h=0)
    tricritical = {J: 3 / beta, Delta: log(4) / beta}
    assert [expansion.coefficients[n].subs(tricritical).expand() for n in (2, 4)] == [0, 0]
    assert expansion.coefficients[6].subs(tricritical).subs(beta, 1) > 0
    for strength, continuous in ((log(3), True), (log(5), False)):
        on_the_line = {J: line / beta, Delta: strength / beta}
        quartic = expansion.coefficients[4].subs(on_the_line).subs(on_the_line).subs(beta, 1)
        assert bool(quartic > 0) is continuous


# -- Potts with three colours ----


def potts():
    K = Symbol("K", positive=True)
    a = dv.Index("a", 3)
    c = dv.Potts("c", i, a)
    model = dv.Ensemble(trace=c, exponent=K / (2 * N) * total(total(c[i, a], i) ** 2, a))
    d = model.derive().hubbard_stratonovich("x").trace(c).saddle_point(N)
    return d.ansatz("x", lambda a: (1 - m) / 3 + m * KroneckerDelta(a, 1))


def test_potts_with_three_colours_jumps_where_it_should():
    d = potts()
    assert d.check(N=3).holds
    found = nm.transition(d, "K", (2.6, 2.95))
    assert found.status.name == "FIRST_ORDER"
    assert found.value == pytest.approx(4 * math.log(2), abs=1e-9)  # 2 (q-1)/(q-2) ln(q-1)
    jump = [float(found.before["m"]), float(found.after["m"])]
    assert jump == pytest.approx([0, 0.5], abs=1e-9)  # (q-2)/(q-1)


# -- a ferromagnet of triples ----


def triples():
    s = dv.Ising("s", i)
    M = total(s[i], i)
    model = dv.Ensemble(trace=s, exponent=beta * J * M**3 / N**2 + beta * h * M)
    return model.derive().constrain("m", M / N).trace(s).saddle_point(N)


def test_triples_order_at_a_first_order_transition_after_a_spinodal():
    d = triples()
    assert d.check(N=3, beta=0.2, J=1, h=0.5).holds
    reduced = d.eliminate("mhat")

    def potential(b, x):
        entropy = -((1 + x) * math.log((1 + x) / 2) + (1 - x) * math.log((1 - x) / 2)) / 2
        return b * x**3 + entropy

    found = nm.transition(reduced, "beta", (0.3, 1.2), J=1.0, h=0.0)
    assert found.status.name == "FIRST_ORDER"
    x = float(found.after["m"])
    assert x == pytest.approx(math.tanh(3 * found.value * x**2), rel=1e-9)
    assert potential(found.value, x) == pytest.approx(math.log(2), rel=1e-9)
    edge = nm.spinodal(reduced, "beta", (0.9, 0.3), J=1.0, h=0.0)
    y = edge.state["m"]
    assert edge.value < found.value
    assert y == pytest.approx(math.tanh(3 * edge.value * y**2), rel=1e-9)
    assert 6 * edge.value * y * (1 - y**2) == pytest.approx(1, rel=1e-9)


# -- two coupled populations ----


def populations():
    c, J1, J2, J12 = symbols("c J1 J2 J12", positive=True)
    k = dv.Index("k", dv.IndexRange(c * N, "second"))
    s, t = dv.Ising("s", i), dv.Ising("t", k)
    M, L = total(s[i], i), total(t[k], k)
    form = J1 * M**2 + J2 * L**2 + 2 * J12 * M * L
    model = dv.Ensemble(trace=[s, t], exponent=beta * (form / (2 * N) + h * (M + L)))
    d = model.derive().hubbard_stratonovich("m1", "m2").trace(s).trace(t)
    return d.saddle_point(N, signature=(2, 0)), (c, J1, J2, J12)


def test_two_populations_order_where_the_coupling_matrix_says():
    d, (c, J1, J2, J12) = populations()
    assert [step.kind for step in d.steps[:-1]] == [dv.Kind.EXACT] * 3
    determinant = Matrix([[1 - beta * J1, -beta * c * J12], [-beta * J12, 1 - beta * c * J2]]).det()
    at = {d.unknowns[0]: 0, d.unknowns[1]: 0, h: 0}
    numbers = {J1: Rational(3, 2), J2: Rational(4, 5), J12: Rational(1, 2), c: Rational(2, 3)}
    inverse = d.inverse_response_determinant.subs(at).subs(numbers)
    wanted = determinant.subs(numbers)
    roots = np.roots([float(x) for x in wanted.as_poly(beta).all_coeffs()])
    first = min(float(r) for r in roots)
    assert abs(float(inverse.subs(beta, first))) < 1e-12
    assert abs(float(inverse.subs(beta, first * 0.9))) > 1e-3
    eqs = {"J1": 1.5, "J2": 0.8, "J12": 0.5, "c": 2 / 3, "h": 0.0}
    cold, hot = (nm.solve(d, beta=first * x, **eqs) for x in (1.05, 0.95))
    assert abs(float(hot.dominant("m1"))) < 1e-12
    assert abs(float(cold.dominant("m1"))) > 0.1
    assert np.sign(cold.dominant("m1")) == np.sign(cold.dominant("m2"))
