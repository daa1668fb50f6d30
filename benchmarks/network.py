"""`solve` on many couplings and temperatures against a loop around matrix products by hand.

The hand-written loop does the same iterations with the same stopping rule and lets go of rows that
are done. `solve` does besides what it always does: it checks parameters, residuals and errors.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from sympy import Symbol

import derive as dv
import numerics as nm
from benchmarks.harness import Candidate, Prepared, Workload

FIELD = 0.02
TOL = 1e-12
MAX_STEPS = 2000


def _network() -> Any:
    """Binary units with any couplings, in mean-field form V = tanh(beta (w V / N + h))."""
    beta, h = Symbol("beta", positive=True), Symbol("h", real=True)
    size = dv.size("N")
    i, j = dv.indices("i j", size)
    w, s = dv.Given("w", i, j, symmetric=True), dv.Ising("s", i)
    energy = -dv.total(w[i, j] * s[i] * s[j], i, j) / (2 * size) - h * dv.total(s[i], i)
    ensemble = dv.Ensemble(trace=s, beta=beta, hamiltonian=energy)
    derived = ensemble.derive().constrain("V", s[i], "U").trace("s").saddle_point(size)
    return derived.eliminate("U")


def _dense(n: int) -> Any:
    """Random couplings of mean one, as wide."""
    upper = np.triu(np.random.default_rng(0).normal(size=(n, n)), 1)
    return 1.0 + upper + upper.T


def _sparse(n: int, neighbours: int = 20) -> Any:
    """About twice so many neighbours for each unit, all couplings positive."""
    from scipy import sparse

    rng = np.random.default_rng(0)
    ends = rng.integers(0, n, size=(2, n * neighbours))
    one_way = sparse.coo_array((rng.uniform(0, n / neighbours, ends.shape[1]), ends), (n, n))
    return (one_way + one_way.T).tocsr()


def _by_hand(w: Any, beta: Any, start: Any) -> Callable[[], Any]:
    n = w.shape[0]

    def call() -> Any:
        result = np.empty((len(beta), n))
        active = np.arange(len(beta))
        state = np.tile(start, (len(beta), 1))
        scale = beta[:, None]
        for _ in range(MAX_STEPS):
            new = state @ w
            new *= scale / n
            new += scale * FIELD
            np.tanh(new, out=new)
            done = np.abs(new - state).max(axis=1) <= TOL
            state = new
            if done.any():
                result[active[done]] = state[done]
                active, state, scale = active[~done], state[~done], scale[~done]
            if not active.size:
                break
        return result

    return call


def _prepare(w: Any, beta: Any) -> Prepared:
    problem = _network()
    start = np.full(w.shape[0], 0.9)
    by_hand = _by_hand(w, beta, start)
    truth = by_hand()

    def solved(method: Any) -> Any:
        found = nm.solve(problem, method=method, starts={"V": start}, beta=beta, h=FIELD, w=w)
        return found["V"][:, 0]

    candidates = [
        Candidate("BLAS loop by hand", by_hand),
        Candidate("solve, fixed_point", lambda: solved("fixed_point")),
        Candidate("solve, auto", lambda: solved("auto")),
    ]
    reference = candidates[0].name
    return Prepared(candidates, reference, lambda found: float(np.abs(found - truth).max()))


def _scan(critical: float, points: int) -> Any:
    """From half to one and a half times the critical temperature."""
    return 1 / (critical * np.linspace(0.5, 1.5, points))


WORKLOADS = [
    Workload(
        "network_dense",
        "V = tanh(beta (w V / N + h)), 2000 x 2000 couplings, 100 temperatures through T_c",
        lambda: _prepare(_dense(2000), _scan(1.0, 100)),
    ),
    Workload(
        "network_sparse",
        "the same, 1e5 units with about 40 neighbours each, 4 temperatures",
        lambda: _prepare(_sparse(100_000), _scan(1.0, 4)),
    ),
]
