"""Averages over independent sites, and the cumulants of single sites as functions of the mean."""

import itertools

import mpmath
import pytest
from mpmath import mp
from sympy import Rational, S, Symbol, cosh, exp, log, sinh, sqrt

import derive as dv
from derive.checks.evaluate import evaluator
from derive.cumulants import average, cumulant, partitions
from derive.monomials import Monomial
from derive.site_cumulants import site_cumulants

N = dv.size("N")
i, j = dv.indices("i j", N)
s, w = dv.Ising("s", i), dv.Given("w", i, j)
U, D = Symbol("U", real=True), Symbol("D", real=True)
PAIR = Monomial(w[i, j], (i, j), ((s[i], 1), (s[j], 1)))


def kappa(order, site):
    return cumulant(s.label, order, (site,))


@pytest.mark.parametrize(("items", "number"), [(2, 1), (3, 1), (4, 4), (5, 11), (6, 41), (8, 715)])
def test_partitions_without_singles_are_counted(items, number):
    found = [tuple(map(tuple, p)) for p in partitions(items, lambda a, b: True)]
    assert len(found) == len(set(found)) == number


def test_a_pair_has_variance_of_both_orders_of_its_sites():
    """<(sum_{i != j} w_ij d_i d_j)^2> = sum_{i != j} (w_ij^2 + w_ij w_ji) kappa_2 kappa_2."""
    k2i, k2j = kappa(2, i), kappa(2, j)
    expected = dv.total((w[i, j] ** 2 + w[i, j] * w[j, i]) * k2i * k2j, i, j)
    expected -= 2 * dv.total(w[i, i] ** 2 * k2i**2, i)
    assert average([PAIR]) == 0  # different sites
    assert average([PAIR, PAIR]) == expected


def test_average_of_a_square_at_one_site():
    """Sites that are not different may coincide: <sum_ij d_i^2 d_j^2>, as two separate sums."""
    square = Monomial(S.One, (i,), ((s[i], 2),))
    k2 = dv.total(kappa(2, i), i)
    assert average([square]) == k2
    both = k2**2 + dv.total(kappa(4, i), i) + 2 * dv.total(kappa(2, i) ** 2, i)
    assert (average([square, square]) - both).expand() == 0
    assert (average([square, square], connected=True) - (both - k2**2)).expand() == 0


@pytest.mark.parametrize("power", [2, 3, 4])
def test_averages_agree_with_enumeration(power):
    """Cumulants of spins with given means on three sites, against the sum over all states."""
    means = [mp.mpf("0.3"), mp.mpf("-0.6"), mp.mpf("0.15")]
    couplings = {(a, b): mp.mpf(1 + a + 2 * b) / 7 for a in range(3) for b in range(3)}

    def integrand(state):
        d = [x - m for x, m in zip(state, means, strict=True)]
        return sum(couplings[a, b] * d[a] * d[b] for a in range(3) for b in range(3) if a != b)

    def weight(state):
        return mpmath.fprod((1 + x * m) / 2 for x, m in zip(state, means, strict=True))

    states = list(itertools.product((-1, 1), repeat=3))
    exact = mpmath.fsum(weight(x) * integrand(x) ** power for x in states)
    values = {(w, (a + 1, b + 1)): c for (a, b), c in couplings.items()}
    for order in range(2, 9):
        ising = site_cumulants(log(2 * cosh(U)), U)
        expr = ising.kappa(order)
        label = kappa(order, i).label
        for a, m in enumerate(means):
            values[label, (a + 1,)] = mp.mpf(expr.subs(ising.unknown, m))
    found = evaluator(average([PAIR] * power), {N: 3})(values)
    assert abs(found - exact) < mp.mpf("1e-13")


# log z(U), and whether kappa_1 has a closed inverse
SITES = {
    "Ising": (log(2 * cosh(U)), True),
    "{0,1}": (log(1 + exp(U)), True),
    "{-1,3} with weights": (log(exp(-U) + 2 * exp(3 * U)), True),
    "spin 1": (log(1 + 2 * cosh(U)), True),
    "spin 1 in a crystal field": (log(1 + 2 * exp(D) * cosh(U)), True),
    "three values": (log(1 + exp(U + D) + exp(2 * U)), True),
    "Gaussian": (U**2 / 2 + 3 * U, True),
    "spin 3/2": (log(2 * cosh(U / 2) + 2 * cosh(3 * U / 2)), False),
    "interval": (log(2 * sinh(U) / U), False),
}


@pytest.mark.parametrize("name", SITES)
def test_cumulants_are_derivatives_of_the_single_site_trace(name):
    log_trace, closed = SITES[name]
    site = site_cumulants(log_trace, U)
    assert site.is_closed is closed
    # 4 exp(2 D) = 1 is where the quadratic of spin 1 degenerates
    for u, d in ((Rational(2, 5), -log(2)), (Rational(-9, 10), Rational(1, 3))):
        at = {U: u, D: d}
        here = {site.unknown: log_trace.diff(U).subs(at).evalf(40) if closed else u, D: d}
        for order in (2, 3, 4):
            exact = log_trace.diff(U, order).subs(at).evalf(30)
            assert abs(site.kappa(order).subs(here).evalf(30) - exact) < 1e-25


def test_variances_as_written_on_paper():
    V = Symbol("V", real=True)
    variances = {
        "Ising": 1 - V**2,
        "{0,1}": V - V**2,
        "spin 1": (1 - V**2) / (1 + 1 / sqrt(4 - 3 * V**2)),
        "Gaussian": 1,
    }
    for name, variance in variances.items():
        site = site_cumulants(SITES[name][0], U)
        at = {V: Rational(3, 7), site.unknown: Rational(3, 7)}
        assert (site.second - variance).subs(at).evalf(30, chop=1e-25) == 0
