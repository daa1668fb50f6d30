"""Error bars of a simulation: their coverage, the autocorrelation behind them, and warnings.

Seeds are 1, 2, 3, ...
"""

import numpy as np
import pytest
from scipy import stats

import numerics as nm
from numerics.simulation.estimate import written
from numerics.simulation.sampling import potential_scale_reduction
from tests.numerics import spin_models as net


def two_sided(squares, freedom):
    """How probable a sum of squared pulls is that is as far from its mean, on either side."""
    below = stats.chi2.cdf(squares, freedom)
    return 2 * min(below, 1 - below)


@pytest.mark.parametrize("seed", [1, 2])
def test_pulls_have_unit_variance_for_every_quantity(seed):
    """200 independent runs: deviations from enumeration in units of their own errors."""
    rng = np.random.default_rng(seed)
    matrix = 2 * rng.normal(size=(6, 6))
    point = {"w": matrix + matrix.T, "h": 0.3}
    run = nm.simulate(net.NETWORK, sweeps=1000, rng=seed, beta=np.full(200, 0.8), **point)
    exact = nm.enumerate_states(net.NETWORK, beta=0.8, **point)
    assert run.reliable
    found = {}
    for name, estimate in run.items():
        pulls = (estimate.value - getattr(exact, name)) / estimate.error
        found[name] = two_sided((pulls**2).sum(), 200), float(pulls.std())
        assert abs(pulls.mean()) < 4 / np.sqrt(200), name
    # nine correlated quantities, and two seeds: each at a twentieth of one in a thousand
    assert min(p for p, _ in found.values()) > 5e-5, found
    pulls = (run.means.value - exact.mean) / run.means.error
    assert two_sided((pulls[:, 0] ** 2).sum(), 200) > 5e-5


def autoregressive(a, length, chains, rng):
    """x(t) = a x(t-1) + noise, in equilibrium from the start: rho(t) = a^t, unit variance."""
    x = np.empty((length, chains))
    x[0] = rng.normal(size=chains)
    noise = np.sqrt(1 - a * a) * rng.normal(size=(length, chains))
    for t in range(1, length):
        x[t] = a * x[t - 1] + noise[t]
    return x


@pytest.mark.parametrize("a", [-0.5, 0.0, 0.5, 0.9, 0.97])
def test_autocorrelation_of_a_process_with_known_time(a):
    """tau = (1 + a) / (2 (1 - a)), less what the window cuts off; 100 series of 4 chains."""
    rng = np.random.default_rng(1)
    expected = (1 + a) / (2 * (1 - a))
    found = [nm.autocorrelation(autoregressive(a, 5000, 4, rng)) for _ in range(100)]
    assert all(one.reached for one in found)
    summed = np.array([0.5 + a * (1 - a**one.window) / (1 - a) for one in found])
    assert np.abs(summed / expected - 1).max() < 0.04
    ratios = np.array([one.tau for one in found]) / summed
    assert ratios.mean() == pytest.approx(1, abs=4 * ratios.std() / 10)
    claimed = np.mean([one.tau_error for one in found]) / expected
    assert 0.5 < ratios.std() / claimed < 2
    pulls = np.array([one.mean / one.error for one in found])
    assert two_sided((pulls**2).sum(), 100) > 1e-3
    assert found[0].effective == pytest.approx(20000 / (2 * found[0].tau))


def test_a_series_shorter_than_its_memory_says_so():
    walk = np.cumsum(np.random.default_rng(1).normal(size=60))
    apart = np.random.default_rng(1).normal(size=(30, 40)) + np.repeat([-5, 5], 20)
    assert not nm.autocorrelation(apart).reached
    assert nm.autocorrelation(np.linspace(0, 1, 40)).effective < 10
    assert nm.autocorrelation(walk).effective < 10
    with pytest.raises(nm.ShapeError, match="a series of 3 measurements"):
        nm.autocorrelation(np.zeros(3))


def test_autocorrelation_agrees_with_a_direct_sum():
    series = autoregressive(0.6, 300, 3, np.random.default_rng(2))
    found = nm.autocorrelation(series)
    x = series - series.mean()
    gamma = [np.sum(x[: 300 - t] * x[t:]) / (3 * (300 - t)) for t in range(found.window + 1)]
    plain = gamma[0] + 2 * sum(gamma[1:])
    variance = gamma[0] + plain / 900
    spectral = plain * (1 + (2 * found.window + 1) / 900)
    assert found.tau == pytest.approx(spectral / (2 * variance), rel=1e-12, abs=0)
    assert found.error == pytest.approx(np.sqrt(spectral / 900), rel=1e-12, abs=0)


def test_split_r_hat_of_chains():
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(400, 4))
    assert potential_scale_reduction(noise) < 1.02
    assert potential_scale_reduction(noise + np.arange(4)) > 1.3
    assert potential_scale_reduction(noise[:, :1] + np.linspace(0, 3, 400)[:, None]) > 1.2
    assert potential_scale_reduction(np.ones((10, 2))) == 1
    assert potential_scale_reduction(np.tile([0.0, 1.0], (10, 1))) == np.inf


MAGNET = {"N": 100, "J": 1.0}


def test_chains_in_opposite_wells_are_reported():
    """Below the transition without field: the sign of m is not sampled, |m| and the energy are."""
    wells = np.array([1.0, 1.0, -1.0, -1.0])[:, None]
    run = nm.simulate(net.CURIE_WEISS, sweeps=400, start=wells, burn_in=100, rng=1, h=0.0,
                      beta=2.0, **MAGNET)  # fmt: skip
    assert run["m"].status == nm.Sampling.NOT_MIXED
    assert run["m"].error > 0.5
    assert run["abs_m"].status == run["energy"].status == nm.Sampling.RELIABLE
    assert run["abs_m"].value == pytest.approx(
        float(nm.exact(net.CURIE_WEISS, moments=(2,), h=0.0, beta=2.0, **MAGNET).moment(2) ** 0.5),
        abs=0.01,
    )
    assert not run.reliable
    assert "NOT_MIXED: m, chi" in run.warnings[0]
    assert "chains disagree" in str(run)
    assert run.means.status == nm.Sampling.NOT_MIXED


def test_short_runs_are_reported():
    run = nm.simulate(net.CURIE_WEISS, sweeps=40, burn_in=400, rng=1, h=0.01, beta=1.0, **MAGNET)
    assert run["m"].status in (nm.Sampling.SHORT_RUN, nm.Sampling.NOT_MIXED)
    assert not run["m"].reliable


def test_a_short_burn_in_is_reported_unless_the_start_is_given():
    point = {"N": 20, "J": 1.0, "h": 0.1, "beta": 0.9}
    run = nm.simulate(net.CURIE_WEISS, sweeps=2000, burn_in=3, rng=1, **point)
    assert run["m"].status == nm.Sampling.SHORT_BURN_IN
    assert "raise burn_in" in run.warnings[0]
    then = nm.simulate(net.CURIE_WEISS, sweeps=2000, start=run.states, rng=1, **point)
    assert then["m"].status == nm.Sampling.RELIABLE


def test_what_never_changes_is_reported():
    run = nm.simulate(net.CURIE_WEISS, sweeps=50, start="ordered", rng=1, h=1.0, beta=50.0,
                      N=10, J=1.0)  # fmt: skip
    assert (run["m"].value, run["m"].error) == (1, 0)
    assert run["m"].status == nm.Sampling.FROZEN
    assert "never changed" in str(run)
    np.testing.assert_array_equal(run.means.error, 0)


def test_errors_fall_as_one_over_root_n_and_bins_agree_with_windows():
    points = {"N": 20, "J": 1.0, "h": 0.2, "beta": np.full(40, 0.8)}
    runs = [
        nm.simulate(net.CURIE_WEISS, sweeps=length, rng=1, burn_in=100, **points)
        for length in (500, 2000)
    ]
    ratio = runs[0]["m"].error.mean() / runs[1]["m"].error.mean()
    assert ratio == pytest.approx(2, rel=0.1)
    alone = net.ensemble(net.s, -net.h * net.dv.total(net.s[net.i], net.i))
    run = nm.simulate(alone, sweeps=1000, rng=1, N=50, h=0.3, beta=1.0)
    expected = np.sqrt((1 - np.tanh(0.3) ** 2) / 4000)
    assert run.means.error.mean() == pytest.approx(expected, rel=0.05)
    assert run["m"].error == pytest.approx(expected / np.sqrt(50), rel=0.15)


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.43217, 0.00123, "0.4322(12)"),
        (-12.34, 4.56, "-12.3(46)"),
        (1234.5, 31.0, "1234(31)"),
        (0.5, 0.0996, "0.50(10)"),
        (2.0, 0.0, "2(0)"),
        (0.1, np.inf, "0.1(inf)"),
    ],
)
def test_numbers_with_errors_in_the_last_digits(value, error, text):
    assert written(value, error) == text


def test_a_run_as_text_and_as_a_dataset():
    run = nm.simulate(net.CURIE_WEISS, sweeps=200, rng=1, N=20, J=1.0, h=[[0.1], [0.2]],
                      beta=np.linspace(0.1, 0.5, 8))  # fmt: skip
    text = str(run)
    assert text.startswith("Run of 4 chains, 200 sweeps after 50, 20 sites, 16 points\n")
    assert str(run["m"]) in text
    data = run.to_xarray()
    assert dict(data.sizes) == {"h": 2, "beta": 8, "site": 20}
    assert data["m"].sel(h=0.2, beta=0.5) == run["m"].value[1, -1]
    assert (data["chi_error"].values == run["chi"].error).all()
