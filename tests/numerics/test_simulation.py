"""Heat-bath Monte Carlo against exact sums: every mean and correlation, by valid p-values.

Points of a batch with equal parameters are independent runs.  Their averages are compared with
enumeration by Hotelling's T^2, which makes no use of the runs' own error bars (those are judged in
test_simulation_errors.py).  Seeds are 1, 2, 3, ...
"""

import numpy as np
import pytest
from scipy import stats
from sympy import KroneckerDelta, tanh

import numerics as nm
from numerics.simulation import heat_bath
from tests.numerics import spin_models as net

RUNS = 200


def hotelling(vectors, expected):
    """The p-value that independent vectors (runs, components) have this mean.

    Directions in which nothing varies, such as s_i^2 = 1, must agree to rounding.
    """
    runs = len(vectors)
    spread = vectors - vectors.mean(axis=0)
    size, axes = np.linalg.eigh(spread.T @ spread / (runs - 1))
    free = size > 1e-12 * size.max()
    deviation = (vectors.mean(axis=0) - expected) @ axes
    np.testing.assert_allclose(deviation[~free], 0, atol=1e-9)
    count = int(free.sum())
    squared = runs * float((deviation[free] ** 2 / size[free]).sum())
    return stats.f.sf(squared * (runs - count) / (count * (runs - 1)), count, runs - count)


def combined(p_values):
    """Fisher's combination of independent p-values."""
    p_values = np.maximum(p_values, 1e-300)
    return stats.chi2.sf(-2 * np.log(p_values).sum(), 2 * len(p_values))


def repeated(parameters):
    """The same point many times over."""
    return {**parameters, "beta": np.full(RUNS, parameters["beta"])}


def agreement(ensemble, parameters, seed, sweeps=150):
    """How probable the deviations of means, correlations and energy from enumeration are.

    The energy is a sum of the others, and must be the same sum in both.
    """
    run = nm.simulate(
        ensemble, sweeps=sweeps, burn_in=60, chains=1, rng=seed, correlations=True,
        **repeated(parameters),
    )  # fmt: skip
    exact = nm.enumerate_states(ensemble, **parameters)
    upper = np.triu_indices(exact.mean.shape[-1])
    energy = run["energy"].value[:, None]
    vectors = np.hstack([run.means.value, run.correlations.value[:, *upper], energy])
    return hotelling(vectors, np.hstack([exact.mean, exact.correlation[upper], exact.energy]))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_all_means_and_correlations_agree_with_enumeration(seed):
    found = {
        name: agreement(ensemble, parameters, seed)
        for name, ensemble, parameters in net.cases(np.random.default_rng(seed))
    }
    assert combined(list(found.values())) > 1e-3, found


def test_updating_coupled_spins_at_once_is_noticed(monkeypatch):
    """The same test refuses a parallel dynamics."""
    together = lambda matrices, place: [np.arange(place.start, place.stop)]  # noqa: E731
    monkeypatch.setattr(heat_bath, "colour_classes", together)
    free = ("alone", "free", "heavy")
    chosen = [case for case in net.cases(np.random.default_rng(1)) if case[0] not in free]
    found = {name: agreement(ensemble, values, 1) for name, ensemble, values in chosen}
    assert sum(p < 1e-6 for p in found.values()) >= 8, found


def test_weaker_noise_than_the_heat_bath_is_noticed(monkeypatch):
    """So does it a temperature that is 3 % off."""
    _, ensemble, parameters = net.cases(np.random.default_rng(1))[1]
    colder = {**parameters, "beta": 1.03 * parameters["beta"]}
    run = nm.simulate(ensemble, sweeps=1500, chains=1, rng=1, **repeated(colder))
    exact = nm.enumerate_states(ensemble, **parameters)
    assert hotelling(run.means.value, exact.mean) < 1e-6


def test_curie_weiss_at_two_hundred_spins():
    """Moments of m and the energy, at, above and below the transition, against exact sums."""
    p_values = {}
    for seed, inverse in enumerate((0.8, 1.0, 1.2), start=1):
        point = {"N": 200, "J": 1.0, "h": 0.05}
        run = nm.simulate(
            net.CURIE_WEISS, sweeps=60, burn_in=50, chains=1, rng=seed, sites=False,
            beta=np.full(RUNS, inverse), **point,
        )  # fmt: skip
        exact = nm.exact(net.CURIE_WEISS, beta=inverse, **point)
        names = ("m", "m2", "m4", "energy")
        vectors = np.stack([run[name].value for name in names], axis=1)
        expected = [*(exact.moment(p) for p in (1, 2, 4)), exact.energy]
        p_values[inverse] = hotelling(vectors, np.array(expected))
    assert combined(list(p_values.values())) > 1e-3, p_values


def test_one_spin_is_up_with_the_logistic_probability():
    """P(s = 1) = 1/(1 + exp(-2 beta h))."""
    field = np.linspace(-2, 2, 9)
    run = nm.simulate(
        net.ALONE, sweeps=400, chains=8, rng=1, beta=0.7, f=np.repeat(field, 300)[None]
    )
    up = (run.states.reshape(8, 9, 300) > 0).sum(axis=(0, 2))
    expected = 1 / (1 + np.exp(-1.4 * field))
    pulls = (up - 2400 * expected) / np.sqrt(2400 * expected * (1 - expected))
    assert stats.chi2.sf((pulls**2).sum(), 9) > 1e-3


def test_sparse_and_dense_couplings_give_the_same_states():
    import scipy.sparse as sparse

    rng = np.random.default_rng(5)
    half = sparse.random_array((300, 300), density=0.01, rng=rng)
    couplings = 300 * (half + half.T)
    runs = [
        nm.simulate(net.NETWORK, sweeps=30, rng=1, beta=[0.3, 1.0], h=0.1, w=w)
        for w in (couplings, couplings.toarray())
    ]
    np.testing.assert_array_equal(runs[0].states, runs[1].states)
    np.testing.assert_allclose(runs[0]["energy"].value, runs[1]["energy"].value, rtol=1e-12)


def test_couplings_of_any_symmetry_and_form_are_one_network():
    """w_ij, (w_ij + w_ji)/2 and each pair once, and both layers of a network as one."""
    rng = np.random.default_rng(3)
    matrix = rng.normal(size=(7, 7))
    common = {"sweeps": 20, "rng": 4, "beta": 0.6, "f": rng.normal(size=7)}
    one = nm.simulate(net.UNSYMMETRIC, u=matrix, **common)
    other = nm.simulate(net.UNSYMMETRIC, u=(matrix + matrix.T) / 2, **common)
    np.testing.assert_array_equal(one.states, other.states)


def test_a_lattice_of_two_indices_is_a_network_of_its_sites():
    dv, x, y = net.dv, net.dv.Index("x", net.K), net.dv.Index("y", net.L)
    up, right = net.dv.Index("X", net.K), net.dv.Index("Y", net.L)
    s = dv.Ising("s", x, y)
    bonds = dv.total(s[x, y] * s[up, y] * KroneckerDelta(up, x + 1), x, y, up) + dv.total(
        s[x, y] * s[x, right] * KroneckerDelta(right, y + 1), x, y, right
    )
    lattice = net.ensemble(s, -net.J * bonds - net.h * dv.total(s[x, y], x, y))
    chain = [np.eye(n, k=1) + np.eye(n, k=-1) for n in (4, 5)]
    w = 20 * (np.kron(chain[0], np.eye(5)) + np.kron(np.eye(4), chain[1]))
    point = {"sweeps": 50, "rng": 1, "beta": [0.2, 0.5], "h": 0.1}
    grid = nm.simulate(lattice, K=4, L=5, J=1.0, **point)
    flat = nm.simulate(net.NETWORK, w=w, **point)
    np.testing.assert_array_equal(grid.states, flat.states)
    np.testing.assert_allclose(grid.series["energy"], flat.series["energy"], rtol=1e-12)


def test_couplings_that_depend_on_the_temperature_otherwise():
    """tanh(beta w_ij) is another matrix at every temperature; the energy is -d log Z/d beta."""
    i, j = net.i, net.j
    exponent = net.dv.total(tanh(net.beta * net.w[i, j]) * net.s[i] * net.s[j], i < j)
    model = net.dv.Ensemble(trace=net.s, exponent=exponent + net.h * net.s[1])
    matrix = np.random.default_rng(1).normal(size=(4, 4))
    point = {"w": matrix + matrix.T, "h": 0.2, "beta": [0.3, 0.9]}
    run = nm.simulate(model, sweeps=4000, rng=1, **point)
    exact = nm.enumerate_states(model, **point)
    for name in ("m", "energy"):
        pulls = (run[name].value - getattr(exact, name)) / run[name].error
        assert np.abs(pulls).max() < 4, name


def test_the_energy_is_that_of_the_states():
    """It is carried along from change to change, over many sweeps and several matrices."""
    rng = np.random.default_rng(6)
    matrix = rng.normal(size=(70, 70))
    w = matrix + matrix.T
    run = nm.simulate(net.NETWORK, sweeps=500, rng=1, beta=[0.2, 2.0], h=0.3, w=w)
    s = run.states
    energy = -np.einsum("...i,ij,...j", s, w, s) / (2 * 70) - 0.3 * s.sum(axis=-1)
    np.testing.assert_allclose(run.series["energy"][-1], energy / 70, rtol=1e-11)
    np.testing.assert_allclose(run.series["m"][-1], s.mean(axis=-1), rtol=1e-14)


def test_fields_that_vary_from_site_to_site_and_from_point_to_point():
    rng = np.random.default_rng(8)
    u, f = rng.normal(size=(5, 5)) / 2, rng.normal(size=(3, 5))
    point = {"u": u, "f": f, "beta": [0.4, 0.8, 1.2]}
    run = nm.simulate(net.UNSYMMETRIC, sweeps=4000, rng=1, **point)
    exact = nm.enumerate_states(net.UNSYMMETRIC, **point)
    pulls = (run.means.value - exact.mean) / run.means.error
    assert np.abs(pulls).max() < 4.5
    s, coupled = run.states, u - np.diag(np.diag(u))
    energy = -np.einsum("...i,ij,...j", s, coupled, s) - (f * s).sum(axis=-1)
    np.testing.assert_allclose(run.series["energy"][-1], energy / 5, rtol=1e-11, atol=1e-13)


def test_response_functions_are_fluctuations_of_the_series():
    run = nm.simulate(net.CURIE_WEISS, sweeps=300, rng=2, N=20, J=1.0, h=0.1, beta=[0.5, 1.5])
    m, e, inverse = run.series["m"], run.series["energy"], np.array([0.5, 1.5])

    def mean(x):
        return x.mean(axis=(0, 1))

    expected = {
        "m": mean(m),
        "abs_m": mean(abs(m)),
        "m2": mean(m**2),
        "m4": mean(m**4),
        "chi": inverse * 20 * (mean(m**2) - mean(m) ** 2),
        "chi_abs": inverse * 20 * (mean(m**2) - mean(abs(m)) ** 2),
        "binder": 1 - mean(m**4) / (3 * mean(m**2) ** 2),
        "energy": mean(e),
        "specific_heat": inverse**2 * 20 * (mean(e**2) - mean(e) ** 2),
    }
    assert set(expected) == set(run)
    for name, value in expected.items():
        np.testing.assert_allclose(run[name].value, value, rtol=1e-10, err_msg=name)


def test_a_run_is_repeated_by_its_seed_and_goes_on_from_its_states():
    point = {"N": 30, "J": 1.0, "h": 0.0, "beta": [0.9, 1.1]}
    whole = nm.simulate(net.CURIE_WEISS, sweeps=60, burn_in=0, rng=7, **point)
    again = nm.simulate(net.CURIE_WEISS, sweeps=60, burn_in=0, rng=7, **point)
    np.testing.assert_array_equal(whole.series["m"], again.series["m"])
    rng = np.random.default_rng(7)
    first = nm.simulate(net.CURIE_WEISS, sweeps=20, burn_in=0, rng=rng, **point)
    then = nm.simulate(net.CURIE_WEISS, sweeps=40, start=first.states, rng=rng, **point)
    together = np.concatenate([first.series["m"], then.series["m"]])
    np.testing.assert_array_equal(together, whole.series["m"])
    assert then.burn_in == 0


def test_shapes_of_batches_of_numbers_and_of_arrays():
    rng = np.random.default_rng(1)
    w = rng.normal(size=(3, 1, 5, 5))
    run = nm.simulate(net.NETWORK, sweeps=40, rng=1, w=w + w.swapaxes(-1, -2), h=0.1,
                      beta=[0.5, 1.0], chains=2, correlations=True, every=2)  # fmt: skip
    assert run.shape == (3, 2)
    assert run["chi"].error.shape == (3, 2)
    assert (run.means.value.shape, run.correlations.value.shape) == ((3, 2, 5), (3, 2, 5, 5))
    assert (run.series["m"].shape, run.states.shape) == ((20, 2, 3, 2), (2, 3, 2, 5))
    scalar = nm.simulate(net.NETWORK, sweeps=40, rng=1, w=w[0, 0] + w[0, 0].T, h=0.1, beta=1.0)
    assert scalar.shape == scalar["m"].status.shape == ()
    assert scalar.states.shape == (4, 5)


def test_several_variables_their_means_and_own_observables():
    v = np.random.default_rng(2).normal(size=(3, 4))
    run = nm.simulate(
        net.LAYERS, sweeps=200, rng=1, v=v, beta=1.0, h=0.2, of="o",
        observables={"overlap": lambda n, o: n[..., 0] * o[..., 0], "n": lambda n, o: n.mean(-1)},
    )  # fmt: skip
    assert run["m"].value == pytest.approx(run.means.value[3:].mean())
    assert run["n"].value == pytest.approx(run.means.value[:3].mean())
    assert run["overlap"].value <= min(run.means.value[[0, 3]])
    assert run["chi"].value == pytest.approx(4 * run.series["m"].var())


def test_an_energy_needs_an_inverse_temperature():
    free = net.dv.Ensemble(trace=net.s, exponent=net.h * net.dv.total(net.s[net.i], net.i))
    run = nm.simulate(free, sweeps=40, rng=1, N=6, h=0.3)
    assert "energy" not in run
    with pytest.raises(nm.ProblemError, match="give the exponent an inverse temperature"):
        _ = run["energy"]


def test_colours_of_networks():
    from numerics.simulation.colouring import colour_classes

    rng = np.random.default_rng(1)
    graph = np.triu(rng.random((60, 60)) < 0.1, 1)
    graph = (graph | graph.T).astype(float)
    classes = colour_classes([graph], slice(0, 60))
    assert sorted(np.concatenate(classes)) == list(range(60))
    assert all(not graph[np.ix_(sites, sites)].any() for sites in classes)
    assert len(classes) <= graph.sum(axis=0).max() + 1
    layers = np.zeros((7, 7))
    layers[:3, 3:] = layers[3:, :3].T + 1
    layers[3:, :3] = 1
    parts = [colour_classes([layers], place) for place in (slice(0, 3), slice(3, 7))]
    assert [[c.tolist() for c in part] for part in parts] == [[[0, 1, 2]], [[3, 4, 5, 6]]]
