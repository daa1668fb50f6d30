"""Loads of random sequences against exact distributions at finite size; Ising weights by hand."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy import stats

import numerics as nm
from numerics.storage.nested import largest

st = nm.storage


@pytest.mark.parametrize("n", [3, 20])
def test_loads_without_a_margin_are_tosses_up_to_the_nth_head(n):
    """P(load >= p) is Cover's probability: all of the distribution, at one finite size."""
    found = st.capacity(n, samples=600, rng=1)
    assert (found.bound, found.warnings) == ("exact", ())
    edges = np.unique(stats.nbinom.ppf(np.arange(1, 10) / 10, n, 0.5).astype(int) + n)
    cells = np.append(1 - st.cover(edges + 1, n), 1.0)
    expected = 600 * np.diff(cells, prepend=0)
    counts = np.bincount(np.searchsorted(edges, found.loads), minlength=len(cells))
    assert stats.chisquare(counts, expected).pvalue > 1e-3
    assert (found.loads >= n).all()


def test_the_separable_fraction_is_covers():
    """By linear programs, below, at, and above two patterns per input."""
    n, samples = 12, 80
    counts, expected = [], []
    for k, p in enumerate((18, 24, 30)):
        X, y = st.random_patterns(p, n, samples=samples, rng=1 + k)
        counts.append(sum(st.separable(*one).separable for one in zip(X, y, strict=True)))
        expected.append(float(st.cover(p, n)))
    spread = np.sqrt(samples * np.array(expected) * (1 - np.array(expected)))
    deviations = np.array(counts) - samples * np.array(expected)
    assert nm.combined_p_value(deviations, spread) > 1e-3


@pytest.mark.parametrize("kappa", [0.4, 1.0])
def test_loads_at_a_margin_are_those_of_single_margins(kappa):
    """P(load >= p) = P(kappa* of p patterns >= kappa), from patterns drawn anew."""
    n, samples = 12, 400
    loads = st.capacity(n, kappa, samples=samples, rng=1).loads
    p = int(np.median(loads))
    X, y = st.random_patterns(p, n, samples=samples, rng=2)
    stored = sum(st.max_margin(*one).margin >= kappa for one in zip(X, y, strict=True))
    pair = [[stored, samples - stored], [(loads >= p).sum(), (loads < p).sum()]]
    assert 0.1 < stored / samples < 0.9
    assert stats.fisher_exact(pair).pvalue > 1e-3


def test_binary_patterns_have_nearly_the_same_capacity():
    found = st.capacity(15, patterns="binary", samples=300, rng=1)
    assert abs(found.alpha.value - 2) < 4 * found.alpha.error + 0.05
    assert found.bound == "exact"


def test_below_zero_the_load_is_a_lower_bound_and_says_so():
    found = st.capacity(10, -0.5, samples=8, rng=1)
    assert found.bound == "lower"
    assert "a lower bound" in found.warnings[0]
    assert "unstable to replica symmetry breaking" in found.warnings[0]
    assert found.alpha.value > 2.5  # far beyond 2, that of kappa = 0
    assert "alpha >= " in str(found)
    assert found.warnings[0] in str(found)


def test_what_can_always_be_stored_ends_somewhere():
    for weights in ("spherical", "ising"):
        found = st.capacity(3, -50.0, weights=weights, samples=2, rng=1)
        assert found.loads.tolist() == [300, 300]
        assert found.bound == "lower"
        assert "where counting ends" in found.warnings[-1]


def test_a_margin_longer_than_every_pattern_stores_none():
    for weights in ("spherical", "ising"):
        found = st.capacity(3, 50.0, weights=weights, samples=2, rng=1)
        assert found.loads.tolist() == [0, 0]
        assert found.alpha.value == 0


@given(
    truth=some.integers(0, 60),
    guess=some.integers(1, 80),
    step=some.integers(1, 9),
    most=some.integers(1, 60),
)
def test_the_largest_number_is_found_from_any_guess(truth, guess, step, most):
    asked = []

    def stores(p):
        assert 1 <= p <= most
        assert p not in asked
        asked.append(p)
        return p <= truth

    assert largest(stores, guess, step, most) == min(truth, most)


def brute_force(X, y, kappa):
    """Weights that store the patterns, all tried."""
    n = X.shape[1]
    tried = np.array(list(product((1, -1), repeat=n)))
    return tried[((tried @ (y[:, None] * X).T) / np.sqrt(n) >= kappa).all(axis=1)]


@pytest.mark.parametrize("kind", ["gaussian", "binary"])
@pytest.mark.parametrize("kappa", [0.0, 0.3, -0.7])
@pytest.mark.parametrize("n", [1, 2, 7, 10])
def test_ising_counts_against_all_weights_tried(n, kappa, kind):
    X, y = st.random_patterns(2 * n + 3, n, patterns=kind, rng=n)
    found = st.ising_solutions(X, y, kappa)
    for p in range(1, len(y) + 1):
        solutions = brute_force(X[:p], y[:p], kappa)
        assert found.counts[p] == len(solutions), p
        if p == found.stored:
            assert found.weights.tolist() in solutions.tolist()
    assert found.counts[0] == 2**n
    assert found.entropy[0] == pytest.approx(np.log(2), rel=1e-14, abs=0)
    np.testing.assert_allclose(np.exp(n * found.entropy), found.counts, rtol=1e-12)


def test_mean_ising_counts_are_the_annealed_ones():
    """Gaussian patterns: <Z> = 2**n H(kappa)**p and <Z**2>, by Slepian's two fields, exactly."""
    n, p, samples = 9, 4, 2000
    for kappa in (0.0, 0.4):
        X, y = st.random_patterns(p, n, samples=samples, rng=1)
        z = np.array([st.ising_solutions(*one, kappa).counts[p] for one in zip(X, y, strict=True)])
        mean = 2**n * stats.norm.sf(kappa) ** p
        overlap = 1 - 2 * np.arange(n + 1) / n
        both = [
            stats.norm.sf(kappa) if r == 1 else 0.0 if r == -1 and kappa >= 0 else
            stats.multivariate_normal.cdf([-kappa, -kappa], cov=[[1, r], [r, 1]])
            for r in overlap
        ]  # fmt: skip
        second = 2**n * (stats.binom.pmf(range(n + 1), n, 0.5) * 2**n * np.power(both, p)).sum()
        assert abs(z.mean() - mean) < 4 * np.sqrt((second - mean**2) / samples)
        assert abs((z**2).mean() - second) < 4 * (z**2).std() / np.sqrt(samples)


def test_ising_loads_are_where_the_counts_end():
    """P(load >= p) = P(some weights store p patterns), from patterns drawn anew."""
    n, samples = 11, 500
    found = st.capacity(n, weights="ising", samples=samples, rng=1)
    assert found.bound == "exact"
    assert "large corrections" in found.warnings[0]
    p = int(np.median(found.loads))
    X, y = st.random_patterns(p, n, samples=samples, rng=2)
    stored = sum(st.ising_solutions(*one).stored == p for one in zip(X, y, strict=True))
    pair = [[stored, samples - stored], [(found.loads >= p).sum(), (found.loads < p).sum()]]
    assert stats.fisher_exact(pair).pvalue > 1e-3
    assert 0.7 < found.alpha.value < 1.0


def test_twenty_inputs_and_a_block_at_a_time():
    """More weights than a block holds: the last solution does store its patterns."""
    X, y = st.random_patterns(25, 22, rng=1)
    found = st.ising_solutions(X, y)
    fields = y[: found.stored] * (X[: found.stored] @ found.weights)
    assert (fields >= 0).all()
    assert found.counts[found.stored + 1 :].tolist() == [0] * (25 - found.stored)
    assert 12 <= found.stored <= 24
    first = (st.ising_solutions(-X[:1], y[:1]).counts + found.counts[:2])[1]
    assert first == 2**22  # the two sides of one hyperplane


def test_the_error_of_a_mean_over_samples_is_that_of_the_mean():
    values = np.random.default_rng(1).exponential(size=150)
    found = st.quenched(values)
    assert found.value == pytest.approx(values.mean(), rel=1e-14)
    assert found.error == pytest.approx(stats.sem(values), rel=1e-12)
    assert found.reliable
    assert not st.quenched(values[:50]).reliable  # too few to trust their spread
    assert st.quenched([0.5]).error == np.inf


def test_a_run_is_repeated_by_its_seed():
    for options in ({}, {"kappa": -0.3}, {"weights": "ising"}, {"patterns": "binary"}):
        one, other = (st.capacity(6, samples=5, rng=3, **options).loads for _ in range(2))
        np.testing.assert_array_equal(one, other)
