"""Copies that share the disorder: the ensemble of Z**n."""

import pytest
from sympy import Heaviside, Rational, sqrt, symbols

import derive as dv

N, n = dv.size("N"), dv.replicas("n")
i, j = dv.indices("i j", N)
beta, h = symbols("beta h", positive=True)
s = dv.Ising("s", i)


def chain():
    """Spins in couplings that are handed in, a field and a constant."""
    J = dv.Given("J", i, j)
    pairs = beta * dv.total(J[i, j] * s[i] * s[j], i, j)
    return dv.Ensemble(trace=s, exponent=pairs + h * dv.total(s[i], i), log_prefactor=h)


@pytest.mark.parametrize("copies", [1, 2, 3])
def test_copies_that_nothing_couples_multiply(copies):
    numbers = {"N": 2, "beta": "0.7", "h": "0.3", "J": [[0, Rational(1, 2)], [-1, 0]]}
    replicated = chain().derive().replicate("a", copies).state
    together = replicated.log_partition(**numbers)
    assert together == pytest.approx(copies * chain().log_partition(**numbers), rel=1e-24, abs=0)


def test_the_disorder_is_shared_and_what_is_traced_is_not():
    J = dv.Gaussian("J", i, j, variance=1 / N, symmetric=True)
    glass = dv.Ensemble(trace=s, disorder=J, exponent=dv.total(J[i, j] * s[i] * s[j], i < j))
    d = glass.derive().replicate("a", n)
    assert [over.size for over in d["s"].label.ranges] == [n, N]
    assert d["J"] == J
    assert d.steps[0].kind is dv.Kind.EXACT


def test_every_copy_has_the_weight():
    mu = dv.Index("mu", dv.size("P"))
    w, x = dv.Sphere("w", i), dv.Gaussian("x", i, mu)
    stable = dv.product(Heaviside(dv.total(w[i] * x[i, mu], i) / sqrt(N)), mu)
    d = dv.Ensemble(trace=w, disorder=x, exponent=0, weight=stable).derive().replicate("a", n)
    assert {over.size for over in (k.range for k in d.weight.indices)} == {n, mu.range.size}


def test_an_index_may_be_given():
    a = dv.Index("a", n)
    assert chain().derive().replicate(a).state == chain().derive().replicate("a", n).state
