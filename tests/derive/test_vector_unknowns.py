"""Unknowns with an index: block Hessians, response, explicit components."""

import pickle

import pytest
from sympy import (
    Eq,
    Rational,
    cosh,
    exp,
    log,
    tanh,
)

import derive as dv
from derive import DeriveError, FreeEntropy
from tests.derive.mean_field import (
    J,
    N,
    beta,
    h,
)


def network():
    i, j = dv.indices("i j", N)
    w, V, U = dv.Given("w", i, j, symmetric=True), dv.Real("V", i), dv.Real("U", i)
    exponent = (
        beta / (2 * N) * dv.total(w[i, j] * V[i] * V[j], i, j)
        + beta * h * dv.total(V[i], i)
        - dv.total(U[i] * V[i], i)
        + dv.total(log(2 * cosh(U[i])), i)
    )
    free_entropy = FreeEntropy(exponent / N, (V[i], U[i]), (1, -1), N, beta, kind="approximation")
    return free_entropy, (i, j), (w, V, U)


def test_vector_saddle_equations_and_hessian_blocks():
    net, (i, j), (w, V, U) = network()
    field = beta * dv.total(w[i, j] * V[j], j) / N + beta * h
    assert net.saddle_equations == [Eq(V[i], tanh(U[i])), Eq(U[i], field)]
    delta = U[i].diff(U[j])
    assert net.hessian_block("V", "V") == beta * w[i, j] / N**2
    assert net.hessian_block("V", "U") == -delta / N
    assert (net.hessian_block("U", "U") - delta * (1 - V[i] ** 2) / N).expand() == 0
    assert net.magnetisation() == dv.total(V[i], i) / N


def test_vector_response_is_implicit_differentiation():
    net, (i, j), (w, V, _) = network()
    shell = net.on_shell("U")
    (equation,) = shell.saddle_equations
    assert equation == Eq(V[i], tanh(beta * (h + dv.total(w[i, j] * V[j], j) / N)))
    response = shell.response_equation("V", "h")
    dV = response.lhs.label
    expected = beta * (1 - V[i] ** 2) * (1 + dv.total(w[i, j] * dV[j], j) / N)
    assert response.lhs == dV[i]
    assert (response.rhs - expected).expand() == 0


def test_vector_conjugate_is_eliminated_site_by_site():
    net, (i, j), (w, V, _) = network()
    rate = net.eliminate("U")
    assert rate.unknowns == (V[i],)
    field = beta * (h + dv.total(w[i, j] * V[j], j) / N)
    assert rate.saddle_equations == [Eq(V[i], tanh(field))]
    with pytest.raises(DeriveError, match=r"couples its components: use on_shell\('V'\)"):
        net.eliminate("V")


def test_vector_unknowns_refuse_what_needs_a_finite_matrix():
    net, *_ = network()
    for use in (lambda: net.hessian, lambda: net.inverse_response, lambda: net.corrections(1)):
        with pytest.raises(DeriveError, match="hessian_block"):
            use()
    names = [name for name, _ in net.equations().observables]
    assert names == ["free_energy", "energy", "entropy", "magnetisation"]


def test_finite_index_is_written_out():
    a = dv.Index("a", 3)
    x = dv.Real("m", a)
    phi = log(dv.total(exp(beta * J * x[a]), a)) - beta * J * dv.total(x[a] ** 2, a) / 2
    potts = FreeEntropy(phi, x[a], size=N, beta=beta)
    total = dv.total(exp(beta * J * x[a]), a)
    assert potts.saddle_equations == [Eq(x[a], exp(beta * J * x[a]) / total)]
    assert potts.energy == -J * dv.total(x[a] ** 2, a) / 2
    assert potts.equations().bounds == ((0, 1),)
    assert potts.explicit.unknowns == (x[1], x[2], x[3])
    critical = potts.critical_point(at={x[k]: Rational(1, 3) for k in (1, 2, 3)})
    assert critical.values == (3 / J,)
    assert [len(modes) for modes in critical.modes] == [2]


def test_vectors_survive_pickle():
    net = network()[0]
    assert pickle.loads(pickle.dumps(net)) == net
    assert net.func(*net.args) == net
