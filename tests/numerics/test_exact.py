"""Exact finite-size sums against reference values, high precision and brute force."""

from itertools import product
from math import comb

import mpmath as mp
import numpy as np
import pytest
from sympy import Rational, log, sqrt, symbols

from derive.equations import Element, Enumeration, FiniteSum, Index, Label, Total
from numerics.enumeration import enumerate_states
from numerics.errors import DomainError, MissingParameterError, ShapeError, UnknownParameterError
from numerics.exact import TooManyStatesError, exact
from numerics.solvers import ProblemError
from tests.numerics.models import CURIE_WEISS_SUM, D, J, M, N, beta, h

EPS = np.finfo(float).eps

# N, T, h: log Z, m, m2, m4, Binder cumulant at J = 1; 25 digits (mpmath).
REFERENCE = {
    (10, 0.8, 0.1): (
        "8.746851223157721782211789581",
        "0.5199271479335252140310575122",
        "0.5679344331401726926279517609",
        "0.4466209804616751573125594979",
        "0.5384471197040399761010750638",
    ),
    (50, 1.5, 0.3): (
        "37.65897829047864214727696261",
        "0.4549938571195336667493401668",
        "0.2398963853913282092862302867",
        "0.08263699269250704777865239581",
        "0.5213634707325594112748082292",
    ),
}

Q = symbols("Q", real=True)
SPIN_ONE = FiniteSum(
    ((-1, 1), (0, 0), (1, 1)), (0, 0, 0), (M, Q), beta * (J * M**2 / (2 * N) - D * Q), N,
    (beta, J, D),
)  # fmt: skip


@pytest.mark.parametrize(("point", "known"), REFERENCE.items())
def test_reference_sums_of_the_magnet(point, known):
    size, temperature, field = point
    log_z, m, m2, m4, binder = (float(number) for number in known)
    found = exact(CURIE_WEISS_SUM, N=size, beta=1 / temperature, J=1, h=field)
    assert found.log_z == pytest.approx(log_z, rel=4 * EPS, abs=0)
    # the rounding of 1/T moves the moments by their susceptibility, below 10 here
    for power, value in ((1, m), (2, m2), (4, m4)):
        assert found.moment(power) == pytest.approx(value, rel=10 * EPS, abs=0)
    assert found.binder == pytest.approx(binder, rel=10 * EPS, abs=0)


def high_precision(size, inverse, field):
    """log Z, m, m2, m4 and energy per site, by the same sum in 40 digits around its maximum."""
    with mp.workdps(40):
        b, f, n = mp.mpf(inverse), mp.mpf(field), mp.mpf(size)

        def term(k):
            return (
                mp.loggamma(n + 1) - mp.loggamma(k + 1) - mp.loggamma(n - k + 1)
                + b * ((2 * k - n) ** 2 / (2 * n) + f * (2 * k - n))
            )  # fmt: skip

        middle = max(range(0, size + 1, max(size // 400, 1)), key=term)
        width = int(40 * np.sqrt(size)) + size // 100
        sums = [mp.mpf(0)] * 5
        top = term(middle)
        weight = mp.e ** (term(max(middle - width, 0)) - top)
        for k in range(max(middle - width, 0), min(middle + width, size) + 1):
            x = (2 * k - n) / n
            for slot, value in enumerate((1, x, x**2, x**4, -(n * x**2 / 2 + n * f * x) / n)):
                sums[slot] += weight * value
            step = b * ((2 * (2 * k - n) + 2) / n + 2 * f)
            weight *= (n - k) / (k + 1) * mp.e**step
        return (top + mp.log(sums[0]), *(s / sums[0] for s in sums[1:]))


@pytest.mark.parametrize(
    ("size", "inverse", "field"), [(2000, 1.25, 0.1), (20_000, 0.7, -0.2), (100_000, 1.25, 0.001)]
)
def test_large_sizes_lose_nothing_to_the_cancellation_of_factorials(size, inverse, field):
    found = exact(CURIE_WEISS_SUM, N=size, beta=inverse, J=1, h=field)
    log_z, m, m2, m4, energy = high_precision(size, inverse, field)
    assert found.log_z == pytest.approx(float(log_z), rel=8 * EPS, abs=0)
    for power, value in ((1, m), (2, m2), (4, m4)):
        assert found.moment(power) == pytest.approx(float(value), rel=32 * EPS, abs=0)
    assert found.energy == pytest.approx(float(energy), rel=32 * EPS, abs=0)


def test_finite_size_scaling_at_the_critical_temperature():
    sizes = (1000, 4000, 16_000, 64_000)
    found = [exact(CURIE_WEISS_SUM, N=n, beta=1.0, J=1, h=0.0) for n in sizes]
    scaled = np.array([np.sqrt(n) * f.moment(2) for n, f in zip(sizes, found, strict=True)])
    binder = np.array([f.binder for f in found])
    # P(m) ~ exp(-N m**4 / 12): sqrt(12) Gamma(3/4) / Gamma(1/4), with corrections in N**(-1/2)
    for values, limit in ((scaled, 1.170828656607528920848), (binder, 0.2705201282578411203878)):
        error = np.abs(values - limit)
        np.testing.assert_allclose(error[:-1] / error[1:], 2, rtol=0.05)
        assert abs(2 * values[-1] - values[-2] - limit) < 0.01 * error[-1]


def brute_force(values, exponent, sites):
    """log Z and means of the total and its powers, over every state, in 30 digits."""
    with mp.workdps(30):
        z, m1, m2 = mp.mpf(0), mp.mpf(0), mp.mpf(0)
        for state in product(values, repeat=sites):
            weight = mp.e ** exponent(state)
            total = mp.mpf(sum(state)) / sites
            z, m1, m2 = z + weight, m1 + weight * total, m2 + weight * total**2
        return float(mp.log(z)), float(m1 / z), float(m2 / z)


@pytest.mark.parametrize("sites", [1, 2, 7, 12])
def test_every_state_of_a_small_magnet(sites):
    known = brute_force(
        (-1, 1), lambda s: 1.25 * (mp.mpf(sum(s)) ** 2 / (2 * sites) + 0.25 * sum(s)), sites
    )
    found = exact(CURIE_WEISS_SUM, N=sites, beta=1.25, J=1, h=0.25)
    assert (found.log_z, found.moment(1), found.moment(2)) == pytest.approx(
        known, rel=8 * EPS, abs=0
    )


def test_every_state_of_a_small_spin_one_system():
    def exponent(s):
        return 1.5 * (mp.mpf(sum(s)) ** 2 / 14 - 0.375 * sum(v * v for v in s))

    known = brute_force((-1, 0, 1), exponent, 7)
    found = exact(SPIN_ONE, N=7, beta=1.5, J=1, D=0.375)
    assert found.log_z == pytest.approx(known[0], rel=8 * EPS, abs=0)
    assert found.moment(2) == pytest.approx(known[2], rel=8 * EPS, abs=0)
    assert abs(found.moment(1)) < EPS
    of_squares = exact(SPIN_ONE, N=7, beta=1.5, J=1, D=0.375, of="Q", moments=(1,))
    # <sum S**2> = -d log Z / d (beta D), and D enters the exponent as -beta D Q
    assert found.derivatives["D"] == pytest.approx(
        -1.5 * 7 * of_squares.moment(1), rel=8 * EPS, abs=0
    )


def test_single_site_weights_are_the_same_as_terms_of_the_exponent():
    weighted = FiniteSum(
        ((-1,), (0,), (1,)), (-beta * D, 0, -beta * D), (M,), beta * J * M**2 / (2 * N), N,
        (beta, J, D),
    )  # fmt: skip
    one = exact(SPIN_ONE, N=60, beta=[1.5, 3.0], J=1, D=0.45, moments=(2, 4))
    two = exact(weighted, N=60, beta=[1.5, 3.0], J=1, D=0.45, moments=(2, 4))
    np.testing.assert_allclose(one.log_z, two.log_z, rtol=8 * EPS)
    np.testing.assert_allclose(one.binder, two.binder, rtol=1e-13)
    for name in ("beta", "J", "D"):
        np.testing.assert_allclose(one.derivatives[name], two.derivatives[name], rtol=1e-13)


def test_potts_occupations_agree_with_every_state():
    counts = symbols("n1:4", real=True)
    K = symbols("K", positive=True)
    potts = FiniteSum(
        ((1, 0, 0), (0, 1, 0), (0, 0, 1)), (0, 0, 0), counts,
        K / (2 * N) * sum(n**2 for n in counts), N, (K,),
    )  # fmt: skip

    def exponent(s):
        return mp.mpf(2.75) / 16 * sum(s.count(a) ** 2 for a in range(3))

    found = exact(potts, N=8, K=2.75)
    assert found.log_z == pytest.approx(brute_force((0, 1, 2), exponent, 8)[0], rel=8 * EPS, abs=0)
    assert found.moment(1) == pytest.approx(1 / 3, rel=8 * EPS, abs=0)


def test_the_distribution_without_coupling_is_binomial():
    free = FiniteSum(((-1,), (1,)), (0, 0), (M,), h * M, N, (h,))
    found = exact(free, N=40, h=[0.0, 0.3], distribution=True)
    assert found.support.tolist() == list(range(-40, 41, 2))
    p = 1 / (1 + np.exp(-2 * np.array([[0.0], [0.3]])))
    k = np.arange(41)
    ways = np.array([float(comb(40, n)) for n in k])
    np.testing.assert_allclose(found.probability, ways * p**k * (1 - p) ** (40 - k), rtol=1e-12)
    np.testing.assert_allclose(found.probability.sum(axis=-1), 1, rtol=8 * EPS)


def test_half_integer_values_and_steps():
    half = (Rational(-3, 2), Rational(-1, 2), Rational(1, 2), Rational(3, 2))
    spins = FiniteSum(tuple((v,) for v in half), (0,) * 4, (M,), h * M, N, (h,))
    found = exact(spins, N=3, h=0.5, distribution=True)
    assert found.support.tolist() == [k - 4.5 for k in range(10)]
    single = sum(np.exp(0.5 * float(v)) for v in half)
    assert found.log_z == pytest.approx(3 * np.log(single), rel=8 * EPS, abs=0)


def test_an_exponent_that_is_no_polynomial():
    odd = FiniteSum(((-1,), (1,)), (0, 0), (M,), N * log(1 + (M / N) ** 2), N, ())
    known = brute_force((-1, 1), lambda s: 9 * mp.log(1 + (mp.mpf(sum(s)) / 9) ** 2), 9)
    assert exact(odd, N=9).log_z == pytest.approx(known[0], rel=8 * EPS, abs=0)


def test_a_batch_equals_its_points():
    fields = np.linspace(-0.2, 0.2, 5)
    batch = exact(CURIE_WEISS_SUM, N=300, beta=np.array([[0.9], [1.3]]), J=1, h=fields)
    assert batch.log_z.shape == batch.binder.shape == (2, 5)
    for k, field in enumerate(fields):
        alone = exact(CURIE_WEISS_SUM, N=300, beta=1.3, J=1, h=field)
        assert alone.log_z == pytest.approx(batch.log_z[1, k], rel=4 * EPS, abs=0)
        assert alone.moment(1) == pytest.approx(batch.moments[1][1, k], rel=1e-13, abs=300 * EPS)


@pytest.mark.parametrize(
    ("changed", "error", "words"),
    [
        ({"N": 2.5}, DomainError, "N is declared an integer"),
        ({"N": 0}, DomainError, "N is declared positive"),
        ({"N": [10, 20]}, ShapeError, "one integer for the whole batch"),
        ({"beta": 0.0}, DomainError, "beta is declared positive"),
        ({"T": 1.0}, UnknownParameterError, "no parameter T"),
        ({"of": "S"}, UnknownParameterError, "no total S: there are M"),
    ],
)
def test_bad_input_is_refused_by_name(changed, error, words):
    with pytest.raises(error, match=words):
        exact(CURIE_WEISS_SUM, **({"N": 10, "beta": 1.0, "J": 1, "h": 0.0} | changed))


def test_missing_numbers_are_named():
    with pytest.raises(MissingParameterError, match="N has no value"):
        exact(CURIE_WEISS_SUM, beta=1.0, J=1, h=0.0)
    with pytest.raises(MissingParameterError, match="h has no value"):
        exact(CURIE_WEISS_SUM, N=10, beta=1.0, J=1)


def test_too_many_occupations_are_counted_before_they_are_summed():
    with pytest.raises(TooManyStatesError, match="5000150001 occupations"):
        exact(SPIN_ONE, N=100_000, beta=1.0, J=1, D=0.0)


def test_what_was_not_summed_is_refused():
    found = exact(CURIE_WEISS_SUM, N=10, beta=1.0, J=1, h=0.0, moments=(2,))
    with pytest.raises(ProblemError, match="moment 4 was not summed"):
        _ = found.binder
    uneven = FiniteSum(((0,), (sqrt(2),)), (0, 0), (M,), h * M, N, (h,))
    assert exact(uneven, N=5, h=0.1).log_z == pytest.approx(5 * np.log1p(np.exp(0.1 * 2**0.5)))
    with pytest.raises(ProblemError, match="not rational"):
        exact(uneven, N=5, h=0.1, distribution=True)
    with pytest.raises(ProblemError, match="neither is a parameter"):
        _ = exact(uneven, N=5, h=0.1).energy


i, j = Index("i", N), Index("j", N)
s, b = (Label(name, (i.range,)) for name in "sb")
A = Label("A", (i.range, i.range), symmetric=True)
GLASS = Enumeration(
    (s[i],),
    ((-1, 1),),
    beta * Total(A[i, j] * s[i] * s[j], i, j) / 2 + beta * Total(b[i] * s[i], i),
    (beta, A[i, j], b[i]),
)


def test_enumeration_of_arbitrary_couplings():
    rng = np.random.default_rng(3)
    couplings = rng.normal(size=(6, 6))
    couplings, fields = couplings + couplings.T, rng.normal(size=6)
    found = enumerate_states(GLASS, beta=[0.3, 1.1], A=couplings, b=fields)
    for k, inverse in enumerate((0.3, 1.1)):
        states = np.array(list(product((-1, 1), repeat=6)))
        energies = [inverse * (v @ couplings @ v / 2 + fields @ v) for v in states]
        weights = np.exp(np.array(energies) - max(energies))
        z = weights.sum()
        assert found.log_z[k] == pytest.approx(max(energies) + np.log(z), rel=1e-14, abs=0)
        np.testing.assert_allclose(found.mean[k], weights @ states / z, atol=1e-14)
        pairs = np.einsum("c,ci,cj->ij", weights, states, states) / z
        np.testing.assert_allclose(found.correlation[k], pairs, atol=1e-14)
        np.testing.assert_allclose(np.diag(found.correlation[k]), 1, rtol=1e-14)


@pytest.mark.parametrize("sites", [1, 12])
def test_enumeration_agrees_with_the_sum_over_occupations(sites):
    uniform = {"A": np.full((sites, sites), 1 / sites), "b": np.full(sites, 0.2)}
    every = enumerate_states(GLASS, beta=1.2, **uniform)
    grouped = exact(CURIE_WEISS_SUM, N=sites, beta=1.2, J=1, h=0.2)
    assert every.log_z == pytest.approx(float(grouped.log_z), rel=8 * EPS, abs=0)
    np.testing.assert_allclose(every.mean, grouped.moment(1), rtol=1e-13)
    assert every.correlation.mean() == pytest.approx(float(grouped.moment(2)), rel=1e-13, abs=0)


def test_enumeration_of_other_values_with_weights():
    spins = Enumeration(
        (s[i],), ((-1, 0, 1),), h * Total(s[i], i), (h, beta), weights=((-beta, 0, -beta),)
    )
    found = enumerate_states(spins, N=4, h=0.4, beta=0.7)
    single = 1 + 2 * np.exp(-0.7) * np.cosh(0.4)
    assert found.log_z == pytest.approx(4 * np.log(single), rel=8 * EPS, abs=0)
    np.testing.assert_allclose(found.mean, 2 * np.exp(-0.7) * np.sinh(0.4) / single, rtol=1e-14)


def test_enumeration_refuses_too_many_states_and_missing_sizes():
    with pytest.raises(TooManyStatesError, match="4294967296 states"):
        enumerate_states(GLASS, beta=1.0, A=np.zeros((32, 32)), b=np.zeros(32))
    free = Enumeration((s[i],), ((-1, 1),), h * Total(s[i], i), (h,))
    with pytest.raises(MissingParameterError, match="N has no value"):
        enumerate_states(free, h=0.1)
    assert isinstance(free.sites[0], Element)
