"""Largest margins and separability, with their proofs checked from the patterns alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy import stats

import numerics as nm

st = nm.storage


def check_proof(X, y, found):
    """Margin and bound are those of the weights and multipliers, and prove the verdict."""
    A = np.asarray(y)[:, None] * np.asarray(X)
    p, n = A.shape
    scale = np.linalg.norm(A, axis=1).max()
    assert found.weights @ found.weights == pytest.approx(n, rel=1e-12, abs=0)
    assert found.margin == pytest.approx((A @ found.weights).min() / np.sqrt(n), abs=1e-12 * scale)
    assert found.multipliers.shape == (p,)
    assert (found.multipliers >= 0).all()
    assert found.multipliers.sum() == pytest.approx(1, rel=1e-12, abs=0)
    assert found.bound == pytest.approx(np.linalg.norm(found.multipliers @ A), abs=1e-12 * scale)
    assert found.gap >= -1e-12 * scale
    if found.verdict == st.Verdict.POSSIBLE:
        assert (A @ found.weights > 0).all()
    if found.verdict == st.Verdict.IMPOSSIBLE:
        assert np.linalg.norm(found.multipliers @ A) < 1e-10 * scale


@given(
    p=some.integers(1, 40),
    n=some.integers(1, 15),
    kind=some.sampled_from(["gaussian", "binary"]),
    seed=some.integers(0, 10**6),
)
def test_both_decide_alike_and_prove_it(p, n, kind, seed):
    X, y = st.random_patterns(p, n, patterns=kind, rng=seed)
    program, nearest = st.separable(X, y), st.max_margin(X, y)
    for found in (program, nearest):
        check_proof(X, y, found)
        assert found.verdict in (st.Verdict.POSSIBLE, st.Verdict.IMPOSSIBLE)
    assert program.verdict == nearest.verdict
    if nearest.separable:
        assert nearest.gap < 1e-11 * np.linalg.norm(X, axis=1).max()
        assert program.margin <= nearest.margin * (1 + 1e-12)


@given(seed=some.integers(0, 10**6))
def test_margins_turn_and_stretch_with_the_patterns(seed):
    rng = np.random.default_rng(seed)
    X, y = st.random_patterns(12, 9, rng=rng)
    base = st.max_margin(X, y)
    turned = st.max_margin(X @ stats.ortho_group.rvs(9, random_state=rng), y)
    assert turned.margin == pytest.approx(base.margin, rel=1e-9, abs=1e-12) or not base.separable
    assert turned.verdict == base.verdict
    for factor in (1e-8, 1e8):
        scaled = st.max_margin(factor * X, y)
        assert scaled.verdict == base.verdict
        if base.separable:
            assert scaled.margin == pytest.approx(factor * base.margin, rel=1e-9, abs=0)
    other = st.max_margin(-X, -y)  # a pattern with the opposite label is the same demand
    assert (other.margin, other.verdict) == (base.margin, base.verdict)


def test_orthogonal_patterns():
    """Lengths l_mu: 1/kappa**2 = sum_mu 1/l_mu**2."""
    lengths = np.array([1.0, 2.0, 5.0, 0.3])
    X = np.zeros((4, 7))
    X[np.arange(4), np.arange(4)] = lengths
    found = st.max_margin(X, [1, -1, 1, -1])
    assert found.margin == pytest.approx((lengths**-2.0).sum() ** -0.5, rel=1e-13, abs=0)
    assert found.gap == pytest.approx(0, abs=1e-13)


def test_against_every_direction_of_the_plane():
    """Two inputs: of both signs, also where the problem is not convex."""
    angle = np.linspace(0, 2 * np.pi, 200_001)
    circle = np.stack([np.cos(angle), np.sin(angle)])
    for seed in range(20):
        X, y = st.random_patterns(1 + seed % 6, 2, rng=seed)
        best = ((y[:, None] * X) @ circle).min(axis=0).max()
        step = 2e-5 * np.linalg.norm(X, axis=1).max()
        if best > 0:
            assert st.max_margin(X, y).margin == pytest.approx(best, abs=step), seed
        below, above = (st.local_search(X, y, best + d, restarts=20, rng=1) for d in (-1e-3, 1e-3))
        assert below.verdict == st.Verdict.POSSIBLE, seed
        assert above.verdict == st.Verdict.NOT_FOUND, seed
        assert below.margin >= best - 1e-3
        assert (below.errors, above.errors > 0) == (0, True)


def test_fewer_patterns_have_no_smaller_margin():
    X, y = st.random_patterns(60, 40, rng=1)
    margins = [st.max_margin(X[:p], y[:p]).margin for p in range(1, 61)]
    assert (np.diff(margins) <= 1e-12).all()


@pytest.mark.parametrize("decide", [st.separable, st.max_margin])
def test_patterns_that_contradict_each_other(decide):
    twice = [[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]
    assert decide(twice, [1, 1]).separable
    found = decide(twice, [1, -1])
    assert found.verdict == st.Verdict.IMPOSSIBLE
    np.testing.assert_allclose(found.multipliers, 0.5, rtol=1e-12)
    assert found.margin <= 0
    nothing = decide([[0.0, 0.0], [1.0, 0.0]], [1, 1])  # zero is on no side of any hyperplane
    assert nothing.verdict == st.Verdict.IMPOSSIBLE
    np.testing.assert_allclose(nothing.multipliers, [1, 0], atol=1e-12)
    assert decide([[0.0]], [1]).verdict == st.Verdict.IMPOSSIBLE


@pytest.mark.parametrize("angle", [1e-3, 1e-6, 1e-9])
def test_a_tiny_margin_is_found_and_proved(angle):
    """Two patterns nearly opposite: kappa* = sin(angle)."""
    X = [[np.cos(angle), np.sin(angle)], [-np.cos(angle), np.sin(angle)]]
    found = st.max_margin(X, [1, 1])
    assert found.separable
    assert found.margin <= np.sin(angle) * (1 + 1e-12) <= found.bound * (1 + 2e-12)
    assert found.gap < 1e-15 / angle  # rounding of the weights, over the angle


def test_a_margin_within_rounding_is_left_undecided_or_proved():
    X = [[1.0, 1e-17], [-1.0, 1e-17]]
    found = st.max_margin(X, [1, 1])
    assert not found.separable
    assert found.bound < 1e-10
    assert found.verdict.sentence in str(found)


@pytest.mark.parametrize("decide", [st.separable, st.max_margin])
def test_what_is_not_separable_still_gives_the_best_weights_met(decide):
    X, y = st.random_patterns(60, 20, rng=1)
    found = decide(X, y)
    assert found.verdict == st.Verdict.IMPOSSIBLE
    assert found.margin < 0 <= found.bound < 1e-10
    rng = np.random.default_rng(2)
    tried = np.column_stack([y @ X, *rng.standard_normal((1000, 20))])
    margins = ((y[:, None] * X) @ tried).min(axis=0) / np.linalg.norm(tried, axis=0)
    assert found.margin > margins.max()


def test_lengths_of_patterns_far_apart():
    """Whether they are separable does not depend on lengths, and stays proved."""
    rng = np.random.default_rng(1)
    for seed in range(60):
        X, y = st.random_patterns(1 + seed % 30, 1 + seed % 11, rng=seed)
        found = st.max_margin(X * 10.0 ** rng.uniform(-8, 8, (len(y), 1)), y)
        assert found.verdict == st.max_margin(X, y).verdict, seed
        assert found.verdict != st.Verdict.UNDECIDED


def test_random_patterns_are_repeated_by_their_seed_and_have_variance_one():
    X, y = st.random_patterns(50, 40, samples=30, rng=5)
    again = st.random_patterns(50, 40, samples=30, rng=5)
    np.testing.assert_array_equal(X, again[0])
    np.testing.assert_array_equal(y, again[1])
    assert (X.shape, y.shape) == ((30, 50, 40), (30, 50))
    assert stats.kstest(X.ravel(), "norm").pvalue > 1e-3
    assert set(np.unique(y)) == {-1.0, 1.0}
    signs, _ = st.random_patterns(50, 40, samples=30, patterns="binary", rng=5)
    assert set(np.unique(signs)) == {-1.0, 1.0}
    assert stats.binomtest(int((signs > 0).sum()), signs.size).pvalue > 1e-3
