"""Small models of every kind, with random couplings, for simulation against enumeration."""

import numpy as np
import scipy.sparse as sparse
from sympy import KroneckerDelta, Ne, Symbol, exp, symbols

import derive as dv

N, K, L, P = (dv.size(name) for name in ("N", "K", "L", "P"))
i, j = dv.indices("i j", N)
k, l, mu = dv.Index("k", K), dv.Index("l", L), dv.Index("mu", P)
beta, J, D = symbols("beta J D", positive=True)
h = Symbol("h", real=True)
s, S = dv.Ising("s", i), dv.Spin("S", i, spin=1)
q = dv.Discrete("q", i, values=(2, -1, 0), weights=(1, exp(-beta), 3))
r = dv.Discrete("r", i, values=(0, 1, 3), weights=(1, exp(-(beta**2)), 2))
n, o = dv.Binary("n", k), dv.Binary("o", l)
w, u = dv.Given("w", i, j, symmetric=True), dv.Given("u", i, j)
f, xi, v = dv.Given("f", i), dv.Given("xi", i, mu), dv.Given("v", k, l)


def ensemble(variables, hamiltonian):
    return dv.Ensemble(trace=variables, beta=beta, hamiltonian=hamiltonian)


NETWORK = ensemble(s, -dv.total(w[i, j] * s[i] * s[j], i, j) / (2 * N) - h * dv.total(s[i], i))
CURIE_WEISS = ensemble(s, -J * dv.total(s[i], i) ** 2 / (2 * N) - h * dv.total(s[i], i))
ALONE = ensemble(s, -dv.total(f[i] * s[i], i))
UNSYMMETRIC = ensemble(s, -dv.total(u[i, j] * s[i] * s[j], Ne(i, j)) - dv.total(f[i] * s[i], i))
CRYSTAL = ensemble(
    S, -dv.total(w[i, j] * S[i] * S[j], i, j) / 2 + D * dv.total(S[i] ** 2, i) - h * S[1]
)
UNEVEN = ensemble(q, -dv.total(w[i, j] * q[i] * q[j], i < j) / 4 - dv.total(f[i] * q[i], i))
FREE = ensemble(S, D * dv.total(S[i] ** 2, i) - h * dv.total(S[i], i))
SPIN_RING = ensemble(
    S, -J * dv.total(S[i] * S[j] * KroneckerDelta(j, i + 1), i, j) + D * dv.total(S[i] ** 2, i)
)
HEAVY = ensemble(r, -h * dv.total(r[i], i))
LAYERS = ensemble([n, o], -dv.total(v[k, l] * n[k] * o[l], k, l) - h * dv.total(o[l], l))
RING = ensemble(
    s, -J * dv.total(s[i] * s[j] * KroneckerDelta(j, i + 1), i, j) - dv.total(f[i] * s[i], i)
)
PATTERNS = ensemble(s, -dv.total(dv.total(xi[i, mu] * s[i], i) ** 2, mu) / (2 * N) - h * s[2])
TWO_KINDS = ensemble(
    [s, S],
    -J * dv.total(s[i] * S[i], i)
    - dv.total(u[i, j] * s[i] * S[j], i, j) / N
    - dv.total(w[i, j] * S[i] * S[j], i, j) / (2 * N)
    - h * dv.total(s[i], i),
)


def cases(rng):
    """(name, ensemble, parameters) of random couplings, up to 27 means and correlations."""

    def matrix(size):
        return rng.normal(size=(size, size))

    def mirrored(size):
        a = matrix(size)
        return a + a.T

    return [
        ("alone", ALONE, {"f": rng.normal(size=5), "beta": 0.8}),
        ("network", NETWORK, {"w": 4 * mirrored(6), "beta": 0.7, "h": 0.3}),
        ("sparse", NETWORK, {"w": sparse.csr_array(3 * np.eye(6)[::-1]), "beta": 0.9, "h": 0.2}),
        ("curie_weiss", CURIE_WEISS, {"N": 5, "J": 1.2, "beta": 0.9, "h": 0.1}),
        ("unsymmetric", UNSYMMETRIC, {"u": matrix(5) / 2, "f": rng.normal(size=5), "beta": 0.8}),
        ("crystal", CRYSTAL, {"w": mirrored(4) / 2, "D": 0.3, "beta": 0.9, "h": 0.4}),
        ("uneven", UNEVEN, {"w": mirrored(4) / 2, "f": rng.normal(size=4), "beta": 0.6}),
        ("free", FREE, {"N": 3, "D": 0.3, "beta": 0.9, "h": 0.4}),
        ("spin_ring", SPIN_RING, {"N": 6, "D": 0.3, "J": 0.7, "beta": 0.9}),
        ("heavy", HEAVY, {"N": 4, "beta": 0.9, "h": 0.4}),
        ("layers", LAYERS, {"v": rng.normal(size=(2, 4)), "beta": 1.2, "h": 0.3}),
        ("ring", RING, {"N": 5, "f": rng.normal(size=5), "J": 0.6, "beta": 1.0}),
        ("patterns", PATTERNS, {"xi": rng.normal(size=(5, 2)), "beta": 0.8, "h": 0.3}),
        (
            "two_kinds",
            TWO_KINDS,
            {"u": matrix(3), "w": mirrored(3), "J": 0.4, "beta": 0.8, "h": 0.2},
        ),
    ]
