"""Networks of binary units by their means, in several forms, with couplings to put in."""

import numpy as np
from scipy.sparse import csr_array
from sympy import log, symbols, tanh

from derive.equations import Equations, Total
from tests.numerics.models import N, V, beta, h, i, j, w

EPS = np.finfo(float).eps
COUPLINGS = np.array(
    [[0.0, 1.0, 2.0, 0.5], [1.0, 0.0, 1.5, 1.0], [2.0, 1.5, 0.0, 1.0], [0.5, 1.0, 1.0, 0.5]]
)
CRITICAL_TEMPERATURE = float("0.9222983675113469885028580363")  # mpmath, 25 digits

T = symbols("T", positive=True)


def entropy(p):
    return -p * log(p)


# The network with its conjugate field eliminated: the potential is maximal in every V_i.
S = Total(entropy((1 + V[i]) / 2) + entropy((1 - V[i]) / 2), i)
GIBBS = Equations(
    (V[i],),
    (beta, h, w[i, j]),
    (),
    potential=(beta / (2 * N) * Total(w[i, j] * V[i] * V[j], i, j) + beta * h * Total(V[i], i) + S)
    / N,
)
HEATED = Equations(
    (V[i],),
    (T, h, w[i, j]),
    (),
    potential=(Total(w[i, j] * V[i] * V[j], i, j) / (2 * N * T) + h / T * Total(V[i], i) + S) / N,
)
NATURAL = Equations(
    (V[i],),
    (beta, h, w[i, j]),
    (),
    update=(tanh(beta * (Total(w[i, j] * V[j], j) / N + h)),),
)
# The next order of Plefka's expansion.
ONSAGER = Total(w[i, j] ** 2 * (1 - V[i] ** 2) * (1 - V[j] ** 2), i, j)
TAP = Equations(
    (V[i],),
    (beta, h, w[i, j]),
    (),
    potential=GIBBS.potential + beta**2 / (4 * N**3) * ONSAGER,
)


def symmetric(n, seed=0):
    """Gaussian couplings with a semicircle of eigenvalues on (-2, 2)."""
    matrix = np.random.default_rng(seed).normal(size=(n, n))
    return (matrix + matrix.T) / np.sqrt(2 * n)


def cycles(n, count, seed=0):
    """Sparse couplings of a random graph of `count` cycles through all sites: degree 2 count."""
    generator = np.random.default_rng(seed)
    orders = [np.arange(n), *(generator.permutation(n) for _ in range(count - 1))]
    rows, columns = np.concatenate(orders), np.concatenate([np.roll(o, 1) for o in orders])
    matrix = csr_array((np.ones(count * n), (rows, columns)), shape=(n, n))
    return csr_array(matrix + matrix.T)
