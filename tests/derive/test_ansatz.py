"""Indexed order parameters on a form with fewer unknowns."""

import pytest
from sympy import KroneckerDelta, Symbol, exp, log, symbols, tanh

import derive as dv
from derive import Kind, Uniform, total
from derive.moves.ansatz import resolve_deltas, without_common_exponents

N = dv.size("N")
i, j = dv.indices("i j", N)
beta, J = symbols("beta J", positive=True)
h = symbols("h", real=True)
m, u, v = symbols("m u v", real=True)
a = dv.Index("a", 3)


def potts():
    c = dv.Potts("c", i, a)
    model = dv.Ensemble(trace=c, exponent=beta * J * total(total(c[i, a], i) ** 2, a) / (2 * N))
    return model.derive().hubbard_stratonovich("x").trace(c).saddle_point(N)


def network():
    s = dv.Ising("s", i)
    W = dv.Given("W", i, j, symmetric=True)
    exponent = beta * total(W[i, j] * s[i] * s[j], i, j) / (2 * N) + beta * h * total(s[i], i)
    model = dv.Ensemble(trace=s, exponent=exponent)
    return model.derive().hubbard_stratonovich("x").trace(s).saddle_point(N)


def test_one_colour_apart_from_the_others():
    d = potts().ansatz("x", lambda a: (1 - m) / 3 + m * KroneckerDelta(a, 1))
    weight = exp(beta * J * m)
    expected = log(weight + 2) + beta * J * ((1 - m) / 3 - (1 + 2 * m**2) / 6)
    at = {beta: 0.7, J: 1.3, m: 0.4}
    assert abs((d.density - expected).subs(at)) < 1e-15
    assert d.unknowns == (m,)
    assert d.steps[-1].kind == Kind.ANSATZ
    assert d.check(N=2, beta=1, J=1).rows[-1].verdict == "holds"


def test_components_listed_one_by_one():
    d = potts().ansatz("x", {1: u, 2: v, 3: v})
    assert d.unknowns == (u, v)
    assert d.check(N=2, beta=1, J=1).rows[-1].verdict == "holds"


@pytest.mark.parametrize("rule", [None, Uniform()])
def test_uniform_components_keep_the_name(rule):
    d = potts().ansatz("x", rule)
    assert d.unknowns == (Symbol("x", real=True),)
    assert d.steps[-1].assumptions == ("x[a] = x",)


def test_an_ansatz_that_symmetry_does_not_support_fails_its_check():
    d = potts().ansatz("x", lambda a: u + v * a)
    assert d.check(N=2, beta=1, J=1).rows[-1].verdict == "FAILS"


def test_what_brings_no_unknown_is_refused():
    with pytest.raises(dv.MoveError, match="brings no unknown"):
        potts().ansatz("x", lambda a: beta * KroneckerDelta(a, 1))
    with pytest.raises(dv.MoveError, match="is no ansatz"):
        potts().ansatz("x", 3)


def test_sums_over_deltas_are_opened():
    f = total(exp(beta * KroneckerDelta(a, 1)), a)
    assert resolve_deltas(f) == exp(beta) + 2
    two = total(exp(u * KroneckerDelta(a, 1) + v * KroneckerDelta(a, 2)), a)
    assert resolve_deltas(two) == exp(u) + exp(v) + 1


def test_shared_exponents_leave_the_logarithm():
    assert without_common_exponents(log(exp(u + v) + 2 * exp(u - v))) == u + log(
        exp(v) + 2 * exp(-v)
    )
    for kept in (log(exp(u) + exp(v)), log(exp(u + v) + 1), log(u), tanh(u)):
        assert without_common_exponents(kept) == kept


# -- one order parameter equals another --


def layers(columns=None, symmetric=True):
    p = j if columns is None else dv.Index("j", dv.IndexRange(columns, "out"))
    s, t = dv.Ising("s", i), dv.Ising("t", p)
    W = dv.Given("W", i, p, symmetric=symmetric and columns is None)
    exponent = beta * total(W[i, p] * s[i] * t[p], i, p) / (2 * N)
    d = dv.Ensemble(trace=[s, t], exponent=exponent).derive()
    d = d.constrain("A", s[i], "P").constrain("B", t[p], "Q").trace(s).trace(t)
    return d.saddle_point(N).eliminate("P", "Q")


@pytest.mark.parametrize("rule", ["A", dv.Real("A", i), lambda k: dv.Real("A", i)[k]])
def test_a_vector_may_equal_another(rule):
    d = layers().ansatz("B", rule)
    A, W = dv.Real("A", i), dv.Given("W", i, j, symmetric=True)
    assert d.unknowns == (A[i],)
    (equation,) = d.saddle_equations
    assert equation.lhs == A[i]
    assert equation.rhs == tanh(beta * total(W[i, j] * A[j], j) / (2 * N))
    assert d.steps[-1].assumptions == ("B[j] = A[j]",)
    assert d.check(N=3).rows[-1].verdict == "holds"


def test_also_over_another_range_of_the_same_size():
    d = layers(columns=N).ansatz("B", "A")
    assert d.unknowns == (dv.Real("A", i)[i],)
    assert {e.label.ranges for e in d.density.atoms(dv.Element)} == {
        (dv.IndexRange(N),),
        (dv.IndexRange(N), dv.IndexRange(N)),
    }
    # a rectangular array is not symmetric, so that nothing supports the ansatz
    assert d.check(N=3).rows[-1].verdict == "FAILS"


def test_opposite_layers_are_an_ansatz_too():
    d = layers().ansatz("B", lambda k: -dv.Real("A", i)[k])
    assert d.check(N=3).rows[-1].verdict == "holds"


def test_vectors_of_different_sizes_are_refused():
    with pytest.raises(dv.MoveError, match="of equal size"):
        layers(columns=2 * N).ansatz("B", "A")
    with pytest.raises(dv.MoveError, match="is no ansatz"):
        layers().ansatz("B", "C")
