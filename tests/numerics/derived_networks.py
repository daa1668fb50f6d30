"""Networks of binary units with couplings of several kinds, derived and not typed."""

from functools import lru_cache

import numpy as np
from sympy import Symbol

import derive as dv

beta, h = Symbol("beta", positive=True), Symbol("h", real=True)
N = dv.size("N")
i, j = dv.indices("i j", N)

COUPLINGS = np.array(
    [[0.0, 1.0, 2.0, 0.5], [1.0, 0.0, 1.5, 1.0], [2.0, 1.5, 0.0, 1.0], [0.5, 1.0, 1.0, 0.5]]
)


@lru_cache
def network(eliminated=True, values=(-1, 1), order=1):
    """Means V alone (eliminated), or with their conjugate fields U; order 2 has the reaction."""
    w = dv.Given("w", i, j, symmetric=True)
    s = dv.Ising("s", i) if values == (-1, 1) else dv.Discrete("s", i, values=values)
    energy = -dv.total(w[i, j] * s[i] * s[j], i, j) / (2 * N) - h * dv.total(s[i], i)
    ensemble = dv.Ensemble(trace=s, beta=beta, hamiltonian=energy)
    if order == 2:
        return ensemble.derive().plefka("V", conjugate="U").eliminate("U")
    derived = ensemble.derive().constrain("V", s[i], "U").trace("s").saddle_point(N)
    return derived.eliminate("U") if eliminated else derived


def ferromagnet(n):
    """Positive couplings of mean one."""
    upper = np.triu(np.random.default_rng(0).uniform(0, 2, size=(n, n)), 1)
    return upper + upper.T


def glass(n, mean=0.0):
    """Couplings of Sherrington-Kirkpatrick type: variance n, so that w / n has a spectrum to 2."""
    upper = np.triu(np.random.default_rng(0).normal(size=(n, n)), 1) * np.sqrt(n)
    return upper + upper.T + mean


def critical(w):
    """The critical temperature of the mean-field equations."""
    return np.linalg.eigvalsh(w)[-1] / len(w)
