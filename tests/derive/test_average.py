"""Averages over quenched disorder: Gaussian exactly, other laws by their cumulants."""

import itertools
import math

import mpmath as mp
import pytest
from sympy import Abs, Heaviside, Rational, cosh, exp, log, sqrt, symbols

import derive as dv
from tests.derive.replica_values import agree, normal

N, n = dv.size("N"), dv.replicas("n")
i, j, k = dv.indices("i j k", N)
alpha, beta, p = symbols("alpha beta p", positive=True)
mu = dv.Index("mu", alpha * N)
s = dv.Ising("s", i)


def test_a_random_field_at_one_site():
    h = dv.Gaussian("h", i, mean=Rational(1, 5), variance=Rational(1, 2))
    model = dv.Ensemble(trace=s, disorder=h, exponent=dv.total(h[i] * s[i], i))
    averaged = model.derive().replicate("a", 3).average(h).state
    with mp.workdps(50):
        third = normal(lambda z: (2 * mp.cosh(mp.mpf("0.2") + z)) ** 3, mp.mpf("0.5"))
        found = mp.mpf(str(averaged.log_partition(digits=30, N=1)))
        assert agree(found, mp.log(third))


def glass_by_enumeration(sites, copies, variance):
    """log E[Z^n] of a glass: E exp(sum_(i<j) J_ij x_ij) with x_ij = sum_a s_i s_j."""
    states = itertools.product(itertools.product((-1, 1), repeat=sites), repeat=copies)
    pairs = list(itertools.combinations(range(sites), 2))
    return math.log(
        sum(
            math.exp(variance / 2 * sum(sum(c[u] * c[v] for c in state) ** 2 for u, v in pairs))
            for state in states
        )
    )


@pytest.mark.parametrize("copies", [1, 2])
def test_symmetric_couplings_are_one_for_each_pair(copies):
    J = dv.Gaussian("J", i, j, variance=1 / N, symmetric=True)
    glass = dv.Ensemble(trace=s, disorder=J, exponent=beta * dv.total(J[i, j] * s[i] * s[j], i < j))
    averaged = glass.derive().replicate("a", copies).average(J).state
    found = float(averaged.log_partition(N=3, beta="0.8"))
    assert found == pytest.approx(glass_by_enumeration(3, copies, 0.64 / 3), rel=1e-13, abs=0)


def stored(x):
    """The average over patterns of a law, for spherical weights."""
    w = dv.Sphere("w", i)
    field = dv.total(w[i] * x[i, mu], i) / sqrt(N)
    model = dv.Ensemble(trace=w, disorder=x, exponent=0, weight=dv.product(Heaviside(field), mu))
    return model.derive().replicate("a", n).local_fields("u").average(x)


LAWS = {
    "signs": dv.Ising("x", i, mu),
    "uniform": dv.Interval("x", i, mu, lower=-sqrt(3), upper=sqrt(3)),
    "three values": dv.Discrete(
        "x", i, mu, values=(-2, 0, 2), weights=[Rational(w, 8) for w in (1, 6, 1)]
    ),
    "exponential": dv.Real("x", i, mu, weight=lambda x: exp(-sqrt(2) * Abs(x))),
}


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_laws_of_equal_variance_agree_at_leading_order(law):
    gaussian, other = stored(dv.Gaussian("x", i, mu)), stored(law)
    assert other.exponent == gaussian.exponent
    assert gaussian.steps[-1].kind is dv.Kind.EXACT
    assert other.steps[-1].kind is dv.Kind.ASYMPTOTIC
    (assumed,) = other.steps[-1].assumptions
    assert "the next one, of order 4, is of order N**(0)" in assumed


def test_a_biased_law_is_as_the_gaussian_of_its_mean_and_variance():
    biased = dv.Discrete("x", i, mu, values=(-1, 1), weights=((1 - p) / 2, (1 + p) / 2))
    gaussian = dv.Gaussian("x", i, mu, mean=p, variance=1 - p**2)
    assert (stored(biased).exponent - stored(gaussian).exponent).expand() == 0
    assert "of order 3, is of order N**(1/2)" in stored(biased).steps[-1].assumptions[0]


def test_couplings_of_signs_give_the_gaussian_glass():
    def pairs(J):
        model = dv.Ensemble(
            trace=s, disorder=J, exponent=beta * dv.total(J[i, j] * s[i] * s[j], i, j) / sqrt(2 * N)
        )
        return model.derive().replicate("a", n).average(J).exponent

    assert pairs(dv.Ising("J", i, j)) == pairs(dv.Gaussian("J", i, j))


def test_triples_need_no_more_than_the_variance():
    J = dv.Ising("J", i, j, k)
    triples = dv.total(J[i, j, k] * s[i] * s[j] * s[k], i, j, k) / N
    averaged = dv.Ensemble(trace=s, disorder=J, exponent=beta * triples).derive()
    d = averaged.replicate("a", n).average(J)
    assert "of order 4, is of order N**(-1)" in d.steps[-1].assumptions[0]


def test_what_is_kept_becomes_a_probability():
    field = dv.Discrete("h", i, values=(-1, 2), weights=(2, 3))
    model = dv.Ensemble(trace=s, disorder=field, exponent=beta * dv.total(field[i] * s[i], i))
    d = model.derive().replicate("a", n).average(field, keep=True)
    assert d.disorder == ()
    weights = [exp(weight) for weight in d["h"].measure.log_weights]
    assert weights == [Rational(2, 5), Rational(3, 5)]
    site = d.trace().continue_replicas(n).exponent / N
    known = 2 * log(2 * cosh(beta)) / 5 + 3 * log(2 * cosh(2 * beta)) / 5
    assert abs((site - known).subs(beta, Rational(7, 10)).evalf(30)) < 1e-28


def test_several_laws_are_averaged_one_after_the_other():
    h, g = dv.Gaussian("h", i), dv.Gaussian("g", i, variance=2)
    model = dv.Ensemble(trace=s, disorder=[h, g], exponent=dv.total((h[i] + g[i]) * s[i], i))
    d = model.derive().replicate("a", n)
    both = d.average()
    assert both.disorder == ()
    assert both.exponent == d.average(g).average(h).exponent
    sum_of_both = dv.Gaussian("h", i, variance=3)
    one = dv.Ensemble(trace=s, disorder=sum_of_both, exponent=dv.total(sum_of_both[i] * s[i], i))
    assert both.exponent == one.derive().replicate("a", n).average().exponent
