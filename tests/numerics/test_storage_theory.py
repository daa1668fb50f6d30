"""Simulations, extrapolated in 1/n over several sizes, against replica theory: one p-value each.

The seed is 1 everywhere; sizes, samples and powers were fixed before the first run.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from scipy.special import log_ndtr

import numerics as nm
from tests.replica import table

st = nm.storage

Z = np.linspace(-9, 9, 4001)
DENSITY = np.exp(-(Z**2) / 2) / np.sqrt(2 * np.pi) * (Z[1] - Z[0])


@cache
def ising_entropy(alpha):
    """Replica-symmetric entropy of the Ising perceptron at kappa = 0, and its overlap.

    Extremum over q and r of -r (1-q)/2 + <log 2 cosh(sqrt(r) z)> + alpha <log H(-tau)>, with
    tau = sqrt(q/(1-q)) z: Krauth and Mezard, J. Phys. France 50, 3057 (1989).
    """
    q = 0.1
    for _ in range(1000):
        tau = np.sqrt(q / (1 - q)) * Z
        ratio = np.exp(-(tau**2) / 2 - log_ndtr(tau)) / np.sqrt(2 * np.pi)
        r = alpha * (DENSITY * ratio**2).sum() / (1 - q)
        q = (DENSITY * np.tanh(np.sqrt(r) * Z) ** 2).sum()
    spins = (DENSITY * np.log(2 * np.cosh(np.sqrt(r) * Z))).sum()
    tau = np.sqrt(q / (1 - q)) * Z
    return -r * (1 - q) / 2 + spins + alpha * (DENSITY * log_ndtr(tau)).sum()


@dataclass(frozen=True)
class Effort:
    """How many samples, how many sweeps of each, and the sizes."""

    samples: int
    sweeps: int
    overlaps: tuple[int, ...]
    margins: tuple[int, ...]
    ising: tuple[int, ...]


QUICK = Effort(120, 40, overlaps=(12, 16, 20), margins=(10, 20, 40), ising=(9, 12, 15))
SERIOUS = Effort(400, 80, overlaps=(20, 30, 40), margins=(20, 40, 80), ising=(9, 12, 15, 18))


def overlap(n, alpha, kappa, effort, rng):
    """The mean overlap of random solutions."""
    X, y = st.random_patterns(round(alpha * n), n, samples=effort.samples, rng=rng)
    how = {"sweeps": effort.sweeps, "burn_in": effort.sweeps, "chains": 2}
    return st.version_space(X, y, kappa, rng=rng, **how).mean_q


def load(n, kappa, effort, rng):
    """The mean load at a margin."""
    return st.capacity(n, kappa, samples=5 * effort.samples, rng=rng).alpha


def entropy(n, alpha, effort, rng):
    """The mean logarithm of the number of Ising solutions."""
    X, y = st.random_patterns(round(alpha * n), n, samples=effort.samples, rng=rng)
    found = [st.ising_solutions(*one).entropy[-1] for one in zip(X, y, strict=True)]
    return st.quenched(found)


def extrapolated(measure, sizes, *point, effort, rng):
    """A straight line in 1/n."""
    found = [measure(n, *point, effort, rng) for n in sizes]
    return nm.extrapolate(sizes, [x.value for x in found], [x.error for x in found])


def limits(effort):
    """Extrapolations and the numbers of theory, by name."""
    rng, found = np.random.default_rng(1), {}
    for alpha, kappa in ((0.5, 0), (1, 0), (0.3, 1)):
        if effort is SERIOUS or alpha == 0.5:
            key = f"rs_q_alpha{alpha}_k{kappa}"
            line = extrapolated(overlap, effort.overlaps, alpha, kappa, effort=effort, rng=rng)
            found[key] = (line, float(table.value(key)["q"]))
    for kappa in (0.5, 1.5) if effort is SERIOUS else (0.5,):
        key = f"alpha_c_k{kappa}"
        line = extrapolated(load, effort.margins, kappa, effort=effort, rng=rng)
        found[key] = (line, float(table.value(key)))
    line = extrapolated(entropy, effort.ising, 1 / 3, effort=effort, rng=rng)
    found["ising entropy"] = (line, ising_entropy(1 / 3))
    return found


def agreement(found):
    """The p-value of all deviations from theory together."""
    deviations = [line.value - theory for line, theory in found.values()]
    return nm.combined_p_value(deviations, [line.error for line, _ in found.values()])


def test_theory_at_three_sizes():
    found = limits(QUICK)
    assert agreement(found) > 1e-3, found


@pytest.mark.slow
def test_theory_in_earnest():
    """Three overlaps, two capacities, one entropy; lines do fit; and a wrong theory is refused."""
    found = limits(SERIOUS)
    assert agreement(found) > 1e-3, found
    squares = [(line.chi2, line.dof) for line, _ in found.values()]
    fits = nm.combined_p_value(np.sqrt([chi2 for chi2, dof in squares if dof == 1]))
    assert fits > 1e-3, found
    wrong_theory = {
        "q = 2 alpha/pi, its slope at zero": (found["rs_q_alpha1_k0"][0], 2 / np.pi),
        "alpha_c without its Gaussian measure": (found["alpha_c_k0.5"][0], 0.3835),
    }
    for name, wrong in wrong_theory.items():
        assert agreement({name: wrong}) < 1e-3, name


def test_the_entropy_of_theory_ends_at_the_known_capacity():
    """Zero at 0.833078599739579, by a secant."""
    known = 0.833078599739579
    low, high = ising_entropy(known - 1e-4), ising_entropy(known + 1e-4)
    assert low > 0 > high
    assert known - 1e-4 + 2e-4 * low / (low - high) == pytest.approx(known, rel=1e-8, abs=0)
