"""Heat-bath sweeps, with the analysis of their errors, against a loop over sites by hand.

The loop is what one writes in an afternoon: it updates a site of all replicas at once, and measures
the magnetisation after every sweep.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from sympy import Symbol

import derive as dv
import numerics as nm
from benchmarks.harness import Candidate, Prepared, Workload

CHAINS = 4
FIELD = 0.05


def by_hand(couplings: np.ndarray, betas: np.ndarray, sweeps: int) -> np.ndarray:
    """Magnetisation (sweeps, replicas) of Ising spins in couplings and a uniform field."""
    rng = np.random.default_rng(1)
    count, replicas = len(couplings), CHAINS * len(betas)
    twice = 2 * np.tile(betas, CHAINS)
    spins = rng.choice([-1.0, 1.0], (count, replicas))
    magnetisation = np.empty((sweeps, replicas))
    for sweep in range(sweeps):
        for site in range(count):
            fields = couplings[site] @ spins + FIELD
            up = 1 / (1 + np.exp(-twice * fields))
            spins[site] = np.where(rng.random(replicas) < up, 1.0, -1.0)
        magnetisation[sweep] = spins.mean(axis=0)
    return magnetisation


def network() -> dv.Ensemble:
    """Ising spins in given couplings."""
    N = dv.size("N")
    i, j = dv.indices("i j", N)
    s, w = dv.Ising("s", i), dv.Given("w", i, j, symmetric=True)
    beta, h = Symbol("beta", positive=True), Symbol("h", real=True)
    energy = -dv.total(w[i, j] * s[i] * s[j], i, j) / (2 * N) - h * dv.total(s[i], i)
    return dv.Ensemble(trace=s, beta=beta, hamiltonian=energy)


def _prepared(w: np.ndarray, temperatures: int, sweeps: int) -> Prepared:
    np.fill_diagonal(w, 0.0)
    betas = np.linspace(0.3, 1.5, temperatures)
    model, couplings = network(), w / len(w)

    def simulated(sites: bool) -> Callable[[], Any]:
        return lambda: nm.simulate(
            model, sweeps=sweeps, burn_in=0, chains=CHAINS, rng=1, sites=sites,
            w=w, beta=betas, h=FIELD,
        )  # fmt: skip

    return Prepared(
        candidates=[
            Candidate("loop over sites by hand", lambda: by_hand(couplings, betas, sweeps)),
            Candidate("nm.simulate", simulated(sites=False)),
            Candidate("nm.simulate, means of sites too", simulated(sites=True)),
        ],
        reference="loop over sites by hand",
    )


def dense(sites: int, temperatures: int, sweeps: int) -> Callable[[], Prepared]:
    """Couplings between all pairs."""

    def prepare() -> Prepared:
        matrix = np.random.default_rng(1).normal(size=(sites, sites)) * np.sqrt(sites / 2)
        return _prepared(matrix + matrix.T, temperatures, sweeps)

    return prepare


def layers(first: int, second: int, temperatures: int, sweeps: int) -> Callable[[], Prepared]:
    """Couplings between two layers only."""

    def prepare() -> Prepared:
        sites = first + second
        matrix = np.zeros((sites, sites))
        block = np.random.default_rng(1).normal(size=(first, second)) * np.sqrt(sites)
        matrix[:first, first:], matrix[first:, :first] = block, block.T
        return _prepared(matrix, temperatures, sweeps)

    return prepare


WORKLOADS = [
    Workload("heat_bath_74", "74 coupled spins, 20 temperatures, 1000 sweeps", dense(74, 20, 1000)),
    Workload(
        "heat_bath_1000", "1000 coupled spins, 20 temperatures, 20 sweeps", dense(1000, 20, 20)
    ),
    Workload(
        "heat_bath_layers", "64 and 10, 20 temperatures, 1000 sweeps", layers(64, 10, 20, 1000)
    ),
]
