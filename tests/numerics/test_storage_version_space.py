"""Hit-and-run on the solutions, against overlaps that are known exactly at finite size."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy import integrate, special

import numerics as nm
from numerics.storage.great_circles import draw_in_arc, draw_in_gaps

st = nm.storage


def axes(p, n):
    """p orthogonal patterns of length sqrt(n), so that margins are weights."""
    return np.sqrt(n) * np.eye(p, n), np.ones(p)


def known(space, expected):
    """The p-value that independent samples of one problem have this overlap."""
    assert space.found.all()
    mean = space.mean_q
    return nm.combined_p_value(mean.value - expected, mean.error, dof=space.q.value.size - 1)


def run(X, y, kappa=0.0, samples=60, seed=1, **options):
    """The same patterns many times, for an error bar that the program did not make."""
    X, y = (np.repeat(np.asarray(a)[None], samples, axis=0) for a in (X, y))
    options = {"sweeps": 60, "burn_in": 30, "chains": 2} | options
    return st.version_space(X, y, kappa, rng=seed, **options)


@pytest.mark.parametrize(("p", "n"), [(1, 2), (1, 7), (3, 3), (4, 9)])
def test_orthants(p, n):
    """p orthogonal patterns: q = p <|x|>**2 over the sphere, <|x|> by a ratio of gammas."""
    mean = special.gamma(n / 2) / (np.sqrt(np.pi) * special.gamma((n + 1) / 2))
    assert known(run(*axes(p, n)), p * mean**2) > 1e-3


@pytest.mark.parametrize("kappa", [-1.2, -0.3, 0.4, 1.5])
@pytest.mark.parametrize("n", [3, 8])
def test_caps(n, kappa):
    """One pattern: the mean of x >= kappa/sqrt(n) with density (1 - x**2)**((n-3)/2)."""
    low = kappa / np.sqrt(n)
    norm, mean = (
        integrate.quad(lambda x, k=k: x**k * (1 - x * x) ** ((n - 3) / 2), low, 1)[0]
        for k in (0, 1)
    )
    assert known(run(*axes(1, n), kappa), (mean / norm) ** 2) > 1e-3


@pytest.mark.parametrize("kappa", [-0.8, -0.2, 0.0, 0.3])
def test_the_plane(kappa):
    """Two inputs: the solutions are arcs of one circle, found on a fine grid."""
    angle = (np.arange(100_000) + 0.5) * 2 * np.pi / 100_000
    circle = np.sqrt(2) * np.stack([np.cos(angle), np.sin(angle)])
    for seed in (1, 2):
        X, _ = st.random_patterns(3, 2, rng=seed)
        y = np.sign(X @ circle[:, 12_345])
        kept = circle[:, (y[:, None] * (X @ circle) >= kappa * np.sqrt(2)).all(axis=0)]
        assert kept.size
        expected = (kept.mean(axis=1) ** 2).sum() / 2
        assert known(run(X, y, kappa), expected) > 1e-3, seed


@pytest.mark.parametrize("kappa", [-0.4, 0.0, 0.2])
def test_against_rejection(kappa):
    """Four inputs, five patterns: what is left of many points drawn from the sphere."""
    X, y = st.random_patterns(5, 4, rng=3)
    y *= np.sign(y * (X @ st.max_margin(X, y).weights))  # labels that can be stored
    points = np.random.default_rng(1).standard_normal((4, 400_000))
    points *= 2 / np.linalg.norm(points, axis=0)
    kept = points[:, (y[:, None] * (X @ points) >= 2 * kappa).all(axis=0)]
    blocks = np.array_split(kept, 40, axis=1)
    assert blocks[0].shape[1] > 50
    q = [one.mean(axis=1) @ other.mean(axis=1) / 4 for one, other in zip(blocks[::2], blocks[1::2],
                                                                         strict=True)]  # fmt: skip
    space = run(X, y, kappa)
    error = np.hypot(space.mean_q.error, np.std(q, ddof=1) / np.sqrt(20))
    assert nm.combined_p_value(space.mean_q.value - np.mean(q), error, dof=19) > 1e-3


@given(
    seed=some.integers(0, 10**6),
    kappa=some.sampled_from([0.0, 1e-9, 0.2, 1.0]),
    p=some.integers(1, 8),
)
def test_the_arc_is_what_the_gaps_leave(seed, kappa, p):
    """Two ways to the same angles; every one of them is feasible, and the ends are tight."""
    rng = np.random.default_rng(seed)
    a, b = kappa + rng.exponential(size=(5, p)), rng.normal(size=(5, p))
    first, last = (draw_in_arc(a, b, kappa, np.full(5, part)) for part in (0.0, 1.0))
    part = rng.random(5)
    length = part * (last - first)
    expected = np.where(length < last, length, length + first - last)
    found = draw_in_gaps(a, b, kappa, part)
    np.testing.assert_allclose(np.exp(1j * found), np.exp(1j * expected), atol=1e-10)
    for angle, tight in ((first, True), (last, True), (expected, False)):
        lowest = (a * np.cos(angle)[:, None] + b * np.sin(angle)[:, None]).min(axis=-1)
        assert (lowest > kappa - 1e-10).all()
        assert not tight or np.abs(lowest - kappa).max() < 1e-10


@given(seed=some.integers(0, 10**6), kappa=some.floats(-2, -0.01), p=some.integers(1, 8))
def test_gaps_are_filled_evenly(seed, kappa, p):
    """Below zero: equal parts are equal lengths of what a grid says is feasible."""
    rng = np.random.default_rng(seed)
    a, b = kappa + rng.exponential(size=p), rng.normal(size=p)
    angle = (np.arange(20_000) + 0.5) * 2 * np.pi / 20_000
    grid = np.cos(angle)[:, None] * a + np.sin(angle)[:, None] * b
    free = angle[(grid >= kappa).all(axis=-1)]
    part = (np.arange(10) + 0.5) / 10
    found = draw_in_gaps(np.tile(a, (10, 1)), np.tile(b, (10, 1)), kappa, part)
    share = (free[:, None] < found).mean(axis=0)
    np.testing.assert_allclose(share, part, atol=4 * (p + 1) / len(free))


@pytest.mark.parametrize("kappa", [-0.5, 0.0, 0.5])
def test_last_solutions_store_the_patterns(kappa):
    X, y = st.random_patterns(16, 30, samples=4, rng=1)
    space = st.version_space(X, y, kappa, sweeps=30, rng=2)
    assert space.weights.shape == (4, 4, 30)
    margins = y * np.einsum("spn,csn->csp", X, space.weights) / np.sqrt(30)
    assert (margins >= kappa - 1e-9).all()
    np.testing.assert_allclose((space.weights**2).sum(axis=-1), 30, rtol=1e-12)
    assert space.series.shape == (30, 2, 4)
    assert (space.margin >= kappa).all()
    assert any("kappa < 0" in text for text in space.warnings) == (kappa < 0)


def test_error_bars_know_of_autocorrelation():
    """The spread of runs of one problem is what each run says of its own error."""
    X, y = st.random_patterns(10, 10, rng=5)
    y = np.sign(X @ st.max_margin(X, np.ones(10)).weights)
    space = run(X, y, samples=60, sweeps=400, burn_in=100, chains=4)
    assert space.q.tau.mean() > 1
    ratio = space.q.value.std(ddof=1) / space.q.error.mean()
    assert 0.75 < ratio < 1.35  # 9 % from the spread of 60


def test_beyond_capacity_it_says_so_and_gives_the_best_weights():
    X, y = st.random_patterns(60, 12, rng=1)
    space = st.version_space(X, y, sweeps=20, rng=1)
    assert space.verdict == st.Verdict.IMPOSSIBLE
    assert not space.found
    assert np.isnan(space.q.value)
    assert np.isnan(space.series).all()
    assert not space.q.reliable
    with pytest.raises(nm.ShapeError, match="no samples to average over"):
        space.mean_q  # noqa: B018
    assert "IMPOSSIBLE: 1 of 1 samples: no weights do" in str(space)
    np.testing.assert_array_equal(space.weights, np.broadcast_to(space.weights[0], (4, 12)))
    stored = (y * (X @ space.weights[0])).min() / np.sqrt(12)
    assert space.margin == pytest.approx(stored, rel=1e-12, abs=0)


def test_samples_with_and_without_solutions_in_one_batch():
    X, y = st.random_patterns(24, 12, samples=12, rng=1)
    space = st.version_space(X, y, sweeps=40, rng=1)
    stored = [st.max_margin(*one).separable for one in zip(X, y, strict=True)]
    assert space.found.tolist() == stored
    assert 0 < sum(stored) < 12
    assert (np.isfinite(space.q.value) == space.found).all()
    assert space.mean_q.value == pytest.approx(space.q.value[space.found].mean(), rel=1e-14)


@pytest.mark.parametrize(
    ("kappa", "verdict"),
    [(1.01, st.Verdict.IMPOSSIBLE), (-0.9, st.Verdict.POSSIBLE), (0.99, st.Verdict.POSSIBLE)],
)
def test_margins_next_to_the_largest(kappa, verdict):
    """Two orthogonal patterns of length sqrt(2) have the largest margin one."""
    space = st.version_space(*axes(2, 2), kappa, sweeps=20, rng=1)
    assert space.verdict == verdict
    assert space.margin == pytest.approx(1.0, rel=1e-9) or kappa < 0


def test_a_search_that_fails_proves_nothing():
    X, y = st.random_patterns(200, 5, rng=1)
    space = st.version_space(X, y, -0.1, sweeps=20, rng=1)
    assert space.verdict == st.Verdict.NOT_FOUND
    assert "proves nothing" in str(space)


def test_a_run_is_repeated_by_its_seed():
    X, y = st.random_patterns(6, 10, samples=2, rng=1)
    for kappa in (-0.2, 0.0, 0.2):
        one, other = (st.version_space(X, y, kappa, sweeps=10, rng=4) for _ in range(2))
        np.testing.assert_array_equal(one.series, other.series)
        np.testing.assert_array_equal(one.weights, other.weights)
