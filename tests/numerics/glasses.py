"""Spin systems with quenched disorder as ensembles, and their replica-symmetric order parameters.

The equations are those of the literature, solved here by SciPy with Gauss-Hermite sums:
Sherrington and Kirkpatrick, Phys. Rev. Lett. 35, 1792 (1975); Amit, Gutfreund and Sompolinsky,
Ann. Phys. 173, 30 (1987), with a field along the condensed pattern.
"""

import numpy as np
from scipy import optimize
from sympy import Symbol, symbols

import derive as dv

beta, J0, alpha = symbols("beta J0 alpha", positive=True)
h = Symbol("h", real=True)
N = dv.size("N")
i, j = dv.indices("i j", N)
mu = dv.Index("mu", alpha * N)
s = dv.Ising("s", i)
J = dv.Gaussian("J", i, j, variance=J0**2 / N, symmetric=True)
xi = dv.Ising("xi", i, mu)

SK = dv.Ensemble(
    trace=s,
    disorder=J,
    beta=beta,
    hamiltonian=-dv.total(J[i, j] * s[i] * s[j], i < j) - h * dv.total(s[i], i),
)
HOPFIELD = dv.Ensemble(
    trace=s,
    disorder=xi,
    beta=beta,
    hamiltonian=-dv.total(dv.total(xi[i, mu] * s[i], i) ** 2, mu) / (2 * N)
    - h * dv.total(xi[i, 1] * s[i], i),
)

k = dv.Index("k", alpha * N)
a, b = dv.Ising("a", i), dv.Ising("b", k)
K = dv.Gaussian("K", i, k, variance=1 / N)
BIPARTITE = dv.Ensemble(
    trace=[a, b],
    disorder=K,
    beta=beta,
    hamiltonian=-dv.total(K[i, k] * a[i] * b[k], i, k)
    - h * dv.total(a[i], i)
    - h * dv.total(b[k], k),
)

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(100)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def average(values):
    return WEIGHTS @ values


def sk_rs(inverse, field):
    """q, m and the energy per site of the SK model with J0 = 1."""

    def spins(q):
        return np.tanh(inverse * (field + np.sqrt(q) * NODES))

    q = optimize.brentq(lambda q: average(spins(q) ** 2) - q, 1e-9, 1, xtol=1e-14)
    m = average(spins(q))
    return {"q": q, "m": m, "energy": -inverse * (1 - q**2) / 2 - field * m}


def hopfield_rs(inverse, load, field):
    """m and q in the retrieval phase."""

    def residual(x):
        m, q = x
        r = q / (1 - inverse * (1 - q)) ** 2
        spins = np.tanh(inverse * (m + field + np.sqrt(load * r) * NODES))
        return average(spins) - m, average(spins**2) - q

    found = optimize.root(residual, (0.95, 0.92), tol=1e-13)
    assert found.success
    return {"overlap": found.x[0], "q": found.x[1]}


def bipartite_rs(inverse, share, field):
    """q of both layers together, with alpha*N spins in the second."""

    def overlaps(x):
        first = np.tanh(inverse * (field + np.sqrt(share * x[1]) * NODES))
        second = np.tanh(inverse * (field + np.sqrt(x[0]) * NODES))
        return np.array([average(first**2), average(second**2)])

    found = optimize.root(lambda x: overlaps(x) - x, (0.2, 0.2), tol=1e-13)
    assert found.success
    return {"q": (found.x[0] + share * found.x[1]) / (1 + share)}


def first_pattern(xi):
    return {"overlap": xi[:, :, 0]}
