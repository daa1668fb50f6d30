"""A network of given couplings as a user asks about it: orders of mean field against exact sums."""

import numpy as np
import pytest
import scipy.stats
import sympy as sp

import derive as dv
import numerics as nm

N = dv.size("N")
i, j = dv.indices("i j", N)
beta = sp.Symbol("beta", positive=True)
J = dv.Given("J", i, j, symmetric=True, zero_diagonal=True)
b = dv.Given("b", i)
SIZE = 14
SCALES = 2.0 ** -np.arange(2, 6)


def network(s):
    energy = -dv.total(J[i, j] * s[i] * s[j], i, j) / 2 - dv.total(b[i] * s[i], i)
    return dv.Ensemble(trace=s, beta=beta, hamiltonian=energy)


def sample(seed):
    rng = np.random.default_rng(seed)
    couplings = rng.normal(size=(SIZE, SIZE)) / np.sqrt(SIZE)
    couplings = np.triu(couplings, 1)
    return couplings + couplings.T, rng.normal(size=SIZE)


def mean_errors(ensemble, order, seed):
    """The largest error of a mean, with the couplings scaled down."""
    d = ensemble.derive().plefka("V", conjugate="U", order=order).eliminate("U")
    couplings, fields = sample(seed)
    errors = []
    for scale in SCALES:
        given = {"beta": 1.0, "J": scale * couplings, "b": fields}
        V = nm.solve(d, branches="dominant", **given).dominant("V")
        errors.append(np.abs(V - nm.enumerate_states(ensemble, **given).mean).max())
    return np.array(errors)


@pytest.mark.parametrize("variable", [dv.Ising, dv.Binary], ids=["spins", "binary units"])
def test_the_error_of_each_order_falls_with_the_couplings_as_its_derivation_says(variable):
    ensemble = network(variable("s", i))
    found = {order: mean_errors(ensemble, order, seed=1) for order in (1, 2, 3)}
    for order, errors in found.items():
        # of the two smallest couplings; the next order still shows in the exponent
        exponent = np.log2(errors[-2] / errors[-1])
        assert exponent == pytest.approx(order + 1, abs=0.35)
    assert (found[2] < found[1]).all()
    assert found[3][-1] < found[2][-1]


def test_the_weak_coupling_magnet_is_the_same_by_every_route():
    spins = network(dv.Ising("s", i))
    couplings, fields = sample(3)
    given = {"beta": 1.0, "J": couplings / 8, "b": fields}
    exact = nm.enumerate_states(spins, **given)
    tap = nm.solve(spins.derive().plefka("V", conjugate="U").eliminate("U"), **given)
    run = nm.simulate(spins, sweeps=4000, rng=5, **given)
    assert run.reliable
    pulls = (run.means.value - exact.mean) / run.means.error
    assert scipy.stats.chi2.sf(np.sum(pulls**2), SIZE) > 1e-3
    assert np.abs(tap.dominant("V") - exact.mean).max() < 2e-3
