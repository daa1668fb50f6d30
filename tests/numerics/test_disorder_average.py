"""Spin glasses by parallel tempering: against enumeration, identities, and replica symmetry."""

import numpy as np
import pytest

import derive as dv
import numerics as nm
from numerics.simulation.sample_energies import SampleEnergies
from numerics.simulation.tempering import Tempering
from tests.numerics import glasses
from tests.numerics import spin_models as net
from tests.numerics.test_simulation import hotelling

SK, HOPFIELD, N = glasses.SK, glasses.HOPFIELD, glasses.N
COPIES = 300
k = dv.Index("k", N)
A, B, C = dv.Ising("a", net.i), dv.Ising("b", k), dv.Given("c", net.i, k)
BIPARTITE = dv.Ensemble(
    trace=[A, B],
    beta=net.beta,
    hamiltonian=-dv.total(C[net.i, k] * A[net.i] * B[k], net.i, k) - net.h * dv.total(B[k], k),
)


def deviations(ensemble, betas, seed, **parameters):
    """p-values of m, energy, q and q2: copies of a sample are independent runs."""
    arrays = {name: np.tile(v, (COPIES, 1, 1)) for name, v in parameters.items() if np.ndim(v)}
    run = nm.parallel_tempering(
        ensemble, sweeps=60, burn_in=40, rng=seed, beta=betas, **{**parameters, **arrays}
    )
    p_values = []
    for place, inverse in enumerate(betas):
        found = nm.enumerate_states(ensemble, beta=inverse, **parameters)
        q, q2 = (found.mean**2).mean(), (found.correlation**2).mean()  # replicas are independent
        values = [run[name][:, place] for name in ("m", "energy", "q", "q2")]
        expected = np.array([found.mean.mean(), found.energy, q, q2])
        p_values.append(hotelling(np.stack(values, axis=1), expected))
    return p_values


def test_samples_agree_with_enumeration_at_all_temperatures():
    """Fields and couplings, sums over patterns, and two variables; states are exchanged."""
    rng = np.random.default_rng(1)
    w = rng.normal(size=(9, 9)) * 6
    found = [
        *deviations(net.NETWORK, [0.4, 1.0, 1.6], 1, w=w + w.T, h=0.3),
        *deviations(net.PATTERNS, [1.5, 0.8], 2, xi=rng.choice([-1.0, 1.0], (7, 3)), h=0.3),
        *deviations(BIPARTITE, [0.9, 0.3], 3, c=rng.normal(size=(4, 4)), h=0.3),
    ]
    assert min(found) > 1e-3 / len(found), found


def test_every_sample_has_couplings_of_its_own():
    """Free spins in fields of their own, below a large coupling of two: m = tanh(beta h)."""
    couplings = np.zeros((3, 2, 2))
    couplings[:, 0, 1] = couplings[:, 1, 0] = [0.0, 8.0, -8.0]
    run = nm.parallel_tempering(net.NETWORK, sweeps=6000, rng=1, beta=0.5, h=1.0, w=couplings)
    # <s> of two spins: sinh(2 b h) / (cosh(2 b h) + exp(-2 b w/N))
    expected = np.sinh(1.0) / (np.cosh(1.0) + np.exp(-np.array([0.0, 4.0, -4.0])))
    np.testing.assert_allclose(run["m"], expected, atol=0.02)


def test_exchange_finds_the_state_that_a_heat_bath_does_not():
    """A cold ferromagnet that starts in the less likely of its two states."""
    arguments = {"w": np.ones((12, 60, 60)), "beta": 1.6, "h": 0.04, "sweeps": 100, "rng": 1}
    arguments |= {"burn_in": 200, "start": "down", "patterns": {"down": -np.ones(60)}}
    cold = nm.parallel_tempering(net.NETWORK, exchange=False, **arguments)
    found = nm.parallel_tempering(net.NETWORK, **arguments)
    expected = nm.exact(net.CURIE_WEISS, N=60, J=1.0, beta=1.6, h=0.04).moment(1)
    assert cold["m"].mean() < 0 < expected
    assert found["m"].mean() == pytest.approx(expected, rel=0.05, abs=0)
    assert found.rates.min() > 0.3


def test_disorder_is_drawn_from_its_law():
    drawn = nm.draw_disorder(SK, samples=500, rng=1, N=12, J0=2.0)["J"]
    assert drawn.shape == (500, 12, 12)
    np.testing.assert_array_equal(drawn, drawn.swapaxes(1, 2))
    upper = drawn[:, *np.triu_indices(12)] / np.sqrt(4 / 12)
    assert abs(upper.mean()) < 4 / np.sqrt(upper.size)
    assert abs((upper**2).mean() - 1) < 4 * np.sqrt(2 / upper.size)
    xi = nm.draw_disorder(HOPFIELD, samples=400, rng=1, N=20, alpha=0.1)["xi"]
    assert xi.shape == (400, 20, 2)
    assert set(np.unique(xi)) == {-1.0, 1.0}
    assert abs(xi.mean()) < 4 / np.sqrt(xi.size)
    f = dv.Discrete("f", net.i, values=(0, 3), weights=(3, 1))
    biased = dv.Ensemble(trace=net.s, disorder=f, exponent=dv.total(f[net.i] * net.s[net.i], net.i))
    found = nm.draw_disorder(biased, samples=1000, rng=1, N=4)["f"]
    assert abs((found == 3).mean() - 0.25) < 4 * np.sqrt(0.1875 / found.size)


def test_the_energy_of_gaussian_couplings_follows_from_overlaps():
    """e = -h m - beta J0^2 (1 - q2)/2 at every N, by partial integration over the couplings."""
    run = nm.disorder_average(
        SK, sizes=[8, 16], samples=1000, sweeps=40, rng=3, beta=[0.6, 1.3], J0=1.0, h=0.2
    )
    assert run.reliable, run.warnings
    scores = []
    for size in run.runs:
        difference = size["energy"] + 0.2 * size["m"] + size.betas * (1 - size["q2"]) / 2
        scores.append(difference[:, 1].mean() / (difference[:, 1].std() / np.sqrt(1000)))
    assert nm.combined_p_value(scores) > 1e-3


def extrapolated(ensemble, name, expected, **how):
    """The deviation of a quantity from its limit, and its error."""
    run = nm.disorder_average(ensemble, **how)
    assert run.reliable, run.warnings
    found = run.extrapolate(name, powers=(1, 2))
    return found.value - expected, found.error


def test_replica_symmetry_at_small_sizes():
    """Sherrington-Kirkpatrick and Hopfield in a field, extrapolated over four sizes."""
    sizes = {"sizes": [16, 24, 32, 48], "samples": [500, 400, 300, 200], "sweeps": 60}
    patterns = {"patterns": glasses.first_pattern, "start": "overlap", "alpha": 1 / 8, "h": 0.3}
    found = [
        extrapolated(
            SK, "q", glasses.sk_rs(0.8, 0.3)["q"], rng=1, beta=0.8, h=0.3, J0=1.0,
            exchange=False, **sizes,
        ),
        extrapolated(
            HOPFIELD, "overlap", glasses.hopfield_rs(1.5, 1 / 8, 0.3)["overlap"], rng=2, beta=1.5,
            exchange=False, **patterns, **sizes,
        ),
    ]  # fmt: skip
    assert nm.combined_p_value(*zip(*found, strict=True)) > 1e-3, found


@pytest.mark.slow
def test_replica_symmetry_of_glasses():
    """Independent runs, a quantity of each, one p-value."""
    sizes = {"sizes": [32, 64, 128, 192], "samples": [2000, 1000, 500, 300], "sweeps": 120}
    patterns = {"patterns": glasses.first_pattern, "start": "overlap", "alpha": 1 / 16, "h": 0.2}
    found = []
    for seed, (name, inverse, field) in enumerate(
        [("q", 0.8, 0.3), ("m", 1.0, 0.5), ("energy", 0.6, 0.2), ("q", 1.2, 0.5)], start=1
    ):
        expected = glasses.sk_rs(inverse, field)[name]
        point = {"beta": inverse, "h": field, "J0": 1.0}
        found.append(
            extrapolated(SK, name, expected, rng=seed, exchange=inverse > 1, **point, **sizes)
        )
    expected = glasses.bipartite_rs(0.8, 0.5, 0.3)["q"]
    point = {"beta": 0.8, "alpha": 0.5, "h": 0.3}
    found.append(
        extrapolated(glasses.BIPARTITE, "q", expected, rng=7, exchange=False, **point, **sizes)
    )
    for seed, name in enumerate(("overlap", "q"), start=5):
        expected = glasses.hopfield_rs(2.0, 1 / 16, 0.2)[name]
        found.append(
            extrapolated(
                HOPFIELD, name, expected, rng=seed, exchange=False, beta=2.0, **patterns, **sizes
            )
        )
    assert nm.combined_p_value(*zip(*found, strict=True)) > 1e-3, found


def test_the_same_seed_gives_the_same_run():
    how = {"sizes": [8, 16, 24], "samples": 5, "sweeps": 10, "beta": 0.5, "h": 0.1, "J0": 1.0}
    first, again, other = (nm.disorder_average(SK, rng=seed, **how) for seed in (1, 1, 2))
    assert first["q"].value.tolist() == again["q"].value.tolist()
    assert first["q"].value.tolist() != other["q"].value.tolist()
    assert first["q"].value.shape == (3,)
    assert "energy" in str(first)


POINT = {"J0": 1.0, "h": 0.1, "beta": 0.5}
ONE = {"sizes": [8], "samples": 4, "sweeps": 4}


@pytest.mark.parametrize(
    ("ensemble", "changes", "error", "text"),
    [
        (SK, {"sizes": [8, 8]}, nm.DomainError, "repeat"),
        (SK, {"samples": 1}, nm.DomainError, "samples=1"),
        (SK, {"samples": [4, 4]}, nm.ShapeError, "1 sizes and 2 numbers"),
        (SK, {"J": np.zeros((8, 8))}, nm.UnknownParameterError, "J is drawn"),
        (SK, {"j0": 2}, nm.UnknownParameterError, "no parameter j0; there are: J0, beta, h"),
        (SK, {"N": 8}, nm.UnknownParameterError, "it follows sizes="),
        (SK, {"beta": 0.0}, nm.DomainError, "beta must be positive"),
        (SK, {"beta": np.nan}, nm.NotANumberError, "beta"),
        (SK, {"beta": [[0.5]]}, nm.ShapeError, "one axis"),
        (SK, {"h": [0.1, 0.2]}, nm.NumericsError, "h"),
        (SK, {"J0": 0.0}, nm.DomainError, "variance"),
        (SK, {"start": "up"}, nm.ProblemError, "there are random"),
        (SK, {"sweeps": 1}, nm.DomainError, "sweeps"),
        (SK, {"rng": "x"}, nm.DomainError, "seed"),
        (HOPFIELD, {"alpha": 0.05, "J0": None}, nm.DomainError, "0.4 members at .*alpha = 0.05"),
        (net.NETWORK, {}, nm.NumericsError, "disorder"),
    ],
)
def test_what_is_refused(ensemble, changes, error, text):
    arguments = {**POINT, **ONE, "rng": 1, **changes}
    given = {name: value for name, value in arguments.items() if value is not None}
    with pytest.raises((error, dv.MoveError), match=text):
        nm.disorder_average(ensemble, **given)


def test_spins_that_are_not_ising_and_temperatures_that_do_not_multiply():
    with pytest.raises(nm.ProblemError, match="Ising spins; use simulate"):
        nm.parallel_tempering(net.CRYSTAL, sweeps=4, beta=1, w=np.zeros((3, 3)), D=1, h=1)
    outside = dv.Ensemble(
        trace=net.s,
        beta=net.beta,
        exponent=(net.beta * net.h + net.J) * dv.total(net.s[net.i], net.i),
    )
    with pytest.raises(nm.ProblemError, match=r"not -beta\*H"):
        nm.parallel_tempering(outside, sweeps=4, beta=1.0, N=3, h=0.1, J=0.1)
    with pytest.raises(nm.ShapeError, match="pattern p has shape"):
        nm.parallel_tempering(
            net.NETWORK,
            sweeps=4,
            beta=1.0,
            h=0.1,
            w=np.zeros((2, 3, 3)),
            patterns={"p": np.ones(4)},
        )


def test_states_are_exchanged_with_the_probability_of_metropolis():
    """One spin in a field 1 at beta = 1 and 1/2: always towards order, back with exp(-1)."""
    samples = 20000
    energies = SampleEnergies(np.zeros((samples, 1, 1)), np.ones((samples, 1)), np.zeros(samples))
    for cold, expected in ((-1.0, 1.0), (1.0, np.exp(-1.0))):
        spins = np.empty((1, samples, 2, 2))
        spins[..., 0], spins[..., 1] = cold, -cold
        state = Tempering(energies, np.array([1.0, 0.5]), spins, np.random.default_rng(1))
        state.exchange(0)
        rate = (state.spins[0, ..., 0] == -cold).mean()
        assert rate == pytest.approx(expected, rel=0.02, abs=0)
        assert state.exchanged / state.attempted == pytest.approx(rate, rel=1e-12, abs=0)
        np.testing.assert_array_equal(state.energies, -state.spins[0])
