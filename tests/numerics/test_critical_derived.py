"""Critical points of derived models: every route to the equations has the same transition."""

import numpy as np
import pytest
import sympy as sp

import derive as dv
import numerics as nm
from derive.models import two_layer_network, weighted_network
from tests.numerics.networks import COUPLINGS, CRITICAL_TEMPERATURE, EPS, symmetric

ROUTES = {
    "conjugate fields": weighted_network.derivation,
    "means alone": lambda: weighted_network.derivation().eliminate("U"),
    "linearised": weighted_network.by_hubbard_stratonovich,
}


@pytest.mark.parametrize("route", ROUTES)
def test_the_transition_of_the_network(route):
    found = nm.critical(ROUTES[route](), "beta", w=COUPLINGS, h=0)
    assert found.temperature == pytest.approx(CRITICAL_TEMPERATURE, rel=4 * EPS, abs=0)
    psi = found.mode["x" if route == "linearised" else "V"]
    amplitude = found.landau.amplitude * np.sum(psi**2)  # of the means alone
    assert amplitude == pytest.approx(3 * np.sum(psi**2) ** 2 / np.sum(psi**4), rel=1e-13, abs=0)


def test_first_and_second_order_of_a_glass():
    n = 300
    couplings = symmetric(n) * n
    np.fill_diagonal(couplings, 0)
    largest = np.linalg.eigh(couplings)[0][-1] / n
    first, second = (
        nm.critical(weighted_network.tap(order), "beta", w=couplings, h=0) for order in (1, 2)
    )
    assert first.temperature == pytest.approx(largest, rel=16 * EPS, abs=0)
    # 1 + beta^2 sum_j J_ij^2 - beta J: turns back near beta = 1 at a height of order N^(-2/3)
    assert second.status is nm.CriticalStatus.NONE
    place, height = second.nearest
    sums = np.sum((couplings / n) ** 2, axis=1)
    inverse = np.diag(1 + place**2 * sums) - place * couplings / n
    assert n * height == pytest.approx(np.linalg.eigh(inverse)[0][0], rel=1e-9)
    assert abs(place - 1) < 5 / 2 * n ** (-2 / 3)
    assert 0 < n * height < 5 * n ** (-2 / 3)


def test_two_layers_order_at_the_largest_singular_value():
    weights = np.array([[1.0, 2.0, -1.0], [0.5, 1.0, 3.0], [0.0, -2.0, 1.0]])
    found = nm.critical(two_layer_network.derivation(), "beta", W=weights)
    largest = np.linalg.svd(weights)[1][0]
    assert found.temperature == pytest.approx(largest / (2 * 3), rel=16 * EPS, abs=0)


def test_a_paramagnet_stable_at_both_ends_is_left_at_the_hot_one():
    """At low temperature TAP's paramagnet is stable again, where the expansion does not hold."""
    T, beta = sp.symbols("T beta", positive=True)
    i, j = dv.indices("i j", dv.size("N"))
    s, J = dv.Ising("s", i), dv.Given("J", i, j, symmetric=True, zero_diagonal=True)
    energy = -dv.total(J[i, j] * s[i] * s[j], i, j) / 2
    # couplings of one pattern and noise: one eigenvalue stands out
    rng = np.random.default_rng(11)
    n = 60
    noise = np.triu(rng.normal(size=(n, n)) / np.sqrt(n), 1)
    pattern = rng.choice([-1.0, 1.0], n)
    couplings = 1.5 * (np.outer(pattern, pattern) - np.eye(n)) / n + 0.5 * (noise + noise.T)
    found = {}
    for name, inverse in (("T", 1 / T), ("beta", beta)):
        ensemble = dv.Ensemble(trace=s, beta=inverse, hamiltonian=energy)
        theory = ensemble.derive().plefka("V", conjugate="U").eliminate("U")
        found[name] = nm.critical(theory, name, J=couplings)
    spectrum = [
        np.linalg.eigvalsh(np.diag(1 + b**2 * (couplings**2).sum(axis=0)) - b * couplings)[0]
        for b in (0.999 / found["T"].value, 1.001 / found["T"].value)
    ]
    assert spectrum[0] > 0 > spectrum[1]
    assert found["T"].value == pytest.approx(found["beta"].temperature, rel=1e-13, abs=0)
