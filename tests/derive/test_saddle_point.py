"""Laplace's method: what it gives, what it assumes, what it refuses."""

import pytest
from sympy import Eq, Symbol, cosh, log, pi, symbols, tanh

import derive as dv
from derive import Kind, total

N = dv.size("N")
i, j = dv.indices("i j", N)
beta, J, K = symbols("beta J K", positive=True)
h = symbols("h", real=True)
m = Symbol("m", real=True)
s = dv.Ising("s", i)
M = total(s[i], i)


def magnet(sign=1, field=beta * h * M):
    model = dv.Ensemble(trace=s, exponent=sign * beta * J * M**2 / (2 * N) + field)
    return model.derive().hubbard_stratonovich("m").trace(s)


def test_the_density_is_the_exponent_per_site():
    f = magnet().saddle_point(N).state
    assert (f.density - log(2 * cosh(beta * (J * m + h))) + beta * J * m**2 / 2).expand() == 0
    assert f.unknowns == (m,)
    assert f.signs == (1,)
    assert f.beta == beta
    assert f.size == N


@pytest.mark.parametrize("size", [N, "N"])
def test_the_size_may_be_given_by_name(size):
    d = magnet().saddle_point(size)
    assert d.saddle_equations == [Eq(m, tanh(beta * (J * m + h)))]
    assert d.steps[-1].kind == Kind.ASYMPTOTIC


def test_an_imaginary_field_is_minimal_at_the_saddle():
    d = magnet(sign=-1).saddle_point(N)
    assert d.signs == (-1,)
    assert d.check(beta=0.7, J=1, h=0.4).holds


def test_a_pair_of_conjugates_has_both_signs():
    model = dv.Ensemble(trace=s, exponent=beta * J * M**3 / N**2 + beta * h * M)
    d = model.derive().constrain("m", M / N, "r").trace(s).saddle_point(N)
    assert d.signs == (1, -1)


@pytest.mark.parametrize(("couplings", "signs"), [((3, 2, 1), (1, 1)), ((1, 1, 2), (1, -1))])
def test_the_inertia_of_coupled_fields_follows_from_their_form(couplings, signs):
    S = dv.Spin("S", i)
    A, B = total(S[i], i), total(S[i] ** 2, i)
    a, b, c = couplings
    model = dv.Ensemble(trace=S, exponent=J * (a * A**2 + b * B**2 + 2 * c * A * B) / (2 * N))
    d = model.derive().hubbard_stratonovich("m", "q").trace(S).saddle_point(N)
    assert d.signs == signs


def test_an_undecided_inertia_is_asked_for():
    k = dv.Index("k", dv.IndexRange(2 * N, "second"))
    t = dv.Ising("t", k)
    L = total(t[k], k)
    model = dv.Ensemble(trace=[s, t], exponent=(J * M**2 + K * L**2 + beta * M * L) / N)
    d = model.derive().hubbard_stratonovich("m", "n").trace(s).trace(t)
    with pytest.raises(dv.MoveError, match=r"eigenvalues.*signature=\(2, 0\)"):
        d.saddle_point(N)
    decided = d.saddle_point(N, signature=(2, 0))
    assert decided.steps[-1].assumptions == ("the quadratic form of m, n has signature (2, 0)",)


def test_as_many_fields_as_sites_are_an_approximation():
    W = dv.Given("W", i, j, symmetric=True)
    model = dv.Ensemble(trace=s, exponent=beta * total(W[i, j] * s[i] * s[j], i, j) / (2 * N))
    for d in (
        model.derive().constrain("V", s[i], "U").trace(s).saddle_point(N),
        model.derive().hubbard_stratonovich("x").trace(s).saddle_point(N),
    ):
        assert d.steps[-1].kind == Kind.APPROXIMATION
        assert "nothing controls" in d.steps[-1].assumptions[0]


def test_what_falls_below_the_leading_order_is_kept_as_a_correction():
    model = dv.Ensemble(trace=s, exponent=beta * J * total(s[i] * s[j], i < j) / N + beta * h * M)
    pairs = model.derive().hubbard_stratonovich("m").trace(s).saddle_point(N)
    squares = magnet().saddle_point(N)
    assert pairs.density == squares.density
    assert (pairs.state.correction - squares.state.correction).expand() == -beta * J / 2
    assert pairs.check(beta=0.6, J=1, h=0.3).holds


def test_a_second_population_is_counted_in_units_of_the_first():
    c = symbols("c", positive=True)
    k = dv.Index("k", dv.IndexRange(c * N, "second"))
    t = dv.Ising("t", k)
    L = total(t[k], k)
    model = dv.Ensemble(trace=[s, t], exponent=beta * J * (M + L) ** 2 / (2 * N))
    d = model.derive().hubbard_stratonovich("m", "n").trace(s).trace(t)
    assert d.check(N=2, c=1).holds


def test_bounded_and_discrete_variables_are_traced_not_approximated():
    x = dv.Interval("x", i)
    square = total(x[i], i) ** 2 / N
    bounded = dv.Ensemble(trace=x, exponent=square).derive().hubbard_stratonovich("m")
    with pytest.raises(dv.MoveError, match=r"x is bounded.*trace\('x'\)"):
        bounded.saddle_point(N)
    w = dv.Sphere("w", i)
    with pytest.raises(dv.MoveError, match=r"w is on a sphere: constrain\('w'\)"):
        dv.Ensemble(trace=w, exponent=h * total(w[i], i)).derive().saddle_point(N)


def test_couplings_handed_in_may_scale_in_any_way_and_the_step_says_so():
    N = dv.size("N")
    i, j = dv.indices("i j", N)
    s, J = dv.Ising("s", i), dv.Given("J", i, j, symmetric=True)
    beta = Symbol("beta", positive=True)
    energy = -dv.total(J[i, j] * s[i] * s[j], i, j) / 2
    sparse = dv.Ensemble(trace=s, beta=beta, hamiltonian=energy).derive()
    d = sparse.constrain("V", s[i], "U").trace("s").saddle_point(N)
    assert any("entries of J" in assumed for assumed in d.steps[-1].assumptions)
    V, U = d.unknowns
    assert d.saddle_equations[1] == Eq(U, beta * dv.total(J[i, j] * V.label[j], j))


def test_layers_of_several_sizes_grow_together_when_told():
    N, M = dv.size("N"), dv.size("M")
    i, k = dv.Index("i", N), dv.Index("k", M)
    a, b, W = dv.Ising("a", i), dv.Ising("b", k), dv.Given("W", i, k)
    beta = Symbol("beta", positive=True)
    energy = -dv.total(W[i, k] * a[i] * b[k], i, k) - dv.total(b[k], k)
    layers = dv.Ensemble(trace=[a, b], beta=beta, hamiltonian=energy).derive()
    fields = layers.constrain("A", a[i], "P").constrain("B", b[k], "Q").trace("a").trace("b")
    with pytest.raises(dv.NotExtensiveError, match=r"[BQ] occurs only .* saddle_point\(N, M\)"):
        fields.saddle_point(N)
    d = fields.saddle_point(N, M)
    assert "M grow in proportion to N" in d.steps[-1].assumptions
    A = d.unknowns[0]
    assert d.saddle_equations[3].rhs == beta + beta * dv.total(W[i, k] * A.label[i], i)
    assert (d.correction + (N + M) * (log(2) + log(pi))).expand() == 0
