"""The hand-over of quenched disorder: the model of a sample, and the law of samples."""

import pytest
from sympy import Symbol, log, symbols

import derive as dv
from derive.equations import DiscreteDisorder, GaussianDisorder
from derive.errors import CouplingError, MoveError

N = dv.size("N")
i, j, k = dv.indices("i j k", N)
beta, J0, alpha = symbols("beta J0 alpha", positive=True)
h = Symbol("h", real=True)
mu = dv.Index("mu", alpha * N)
s = dv.Ising("s", i)


def quenched(disorder, hamiltonian):
    return dv.Ensemble(trace=s, disorder=disorder, beta=beta, hamiltonian=hamiltonian).quenched()


def test_gaussian_couplings():
    J = dv.Gaussian("J", i, j, mean=h / N, variance=J0**2 / N, symmetric=True)
    found = quenched(J, -dv.total(J[i, j] * s[i] * s[j], i < j) - h * dv.total(s[i], i))
    array = dv.Given("J", i, j, symmetric=True)
    assert found.pairwise.coupling("s") == beta * array[i, j]
    assert found.pairwise.field("s") == beta * h
    assert set(found.pairwise.parameters) == {beta, h, array[i, j]}
    assert found.disorder == (GaussianDisorder(array[i, j], h / N, J0**2 / N),)


def test_patterns_and_random_fields():
    """Several kinds of disorder; elements under sums, and one at a fixed place."""
    xi = dv.Ising("xi", i, mu)
    f = dv.Discrete("f", i, values=(0, 2), weights=(3, 1))
    overlap = dv.total(xi[i, mu] * s[i], i)
    energy = -dv.total(overlap**2, mu) / (2 * N) - dv.total((f[i] + h * xi[i, 1]) * s[i], i)
    found = quenched([xi, f], energy)
    X, F = dv.Given("xi", i, mu), dv.Given("f", i)
    assert found.pairwise.coupling("s") == beta * dv.total(X[i, mu] * X[j, mu], mu) / N
    assert (found.pairwise.field("s") - beta * (F[i] + h * X[i, 1])).expand() == 0
    values = {law.element.name: (law.values, law.weights) for law in found.disorder}
    assert values == {"xi": ((-1, 1), (0, 0)), "f": ((0, 2), (log(3), 0))}
    assert all(isinstance(law, DiscreteDisorder) for law in found.disorder)


def test_what_is_refused():
    uniform = dv.Interval("f", i)
    with pytest.raises(MoveError, match=r"f is neither Gaussian .* dv.Given\('f'"):
        quenched(uniform, -dv.total(uniform[i] * s[i], i))
    with pytest.raises(MoveError, match="no disorder"):
        quenched((), -h * dv.total(s[i], i))
    T = dv.Gaussian("T", i, j, k)
    with pytest.raises(CouplingError, match="higher order"):
        quenched(T, -dv.total(T[i, j, k] * s[i] * s[j] * s[k], i, j, k))
