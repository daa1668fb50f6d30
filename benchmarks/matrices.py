"""Networks with given couplings: a kernel with bound couplings against matrix products by hand.

One mean-field update ``tanh(beta (h + w V / N))``, for states beside each other and for one alone,
with dense and sparse couplings, and the second-order update, which also takes ``w**2``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sympy import Expr, Symbol, tanh

import derive as dv
import numerics as nm
from benchmarks.harness import Candidate, Prepared, Workload

FIELD = 0.2
NEIGHBOURS = 20
SAMPLE = 50


@dataclass(frozen=True)
class _Network:
    couplings: Any
    states: Any
    beta: Any

    @property
    def size(self) -> int:
        return int(self.couplings.shape[0])


def _states(sites: int, points: int, rng: Any) -> tuple[Any, Any]:
    return rng.uniform(-1, 1, size=(points, sites)), np.linspace(0.5, 2, points)


def _dense(sites: int, points: int) -> _Network:
    rng = np.random.default_rng(0)
    couplings = rng.normal(size=(sites, sites))
    couplings += couplings.T
    return _Network(couplings, *_states(sites, points, rng))


def _sparse(sites: int, points: int) -> _Network:
    from scipy.sparse import coo_array

    rng = np.random.default_rng(0)
    rows, columns = rng.integers(0, sites, size=(2, sites * NEIGHBOURS // 2))
    half = coo_array((rng.normal(size=len(rows)), (rows, columns)), shape=(sites, sites)).tocsr()
    return _Network((half + half.T).tocsr(), *_states(sites, points, rng))


def _equation(second_order: bool) -> Expr:
    size, beta, h = dv.size("N"), Symbol("beta", positive=True), Symbol("h", real=True)
    i, j = dv.indices("i j", size)
    w, V = dv.Given("w", i, j, symmetric=True), dv.Given("V", i)
    argument = beta * (h + dv.total(w[i, j] * V[j], j) / size)
    if second_order:
        reaction = dv.total(w[i, j] ** 2 * (1 - V[j] ** 2), j)
        argument -= beta**2 * V[i] * reaction / size**2
    return tanh(argument)


def _by_hand(given: _Network, second_order: bool) -> Callable[[], Any]:
    """What an expert writes, the squares of the couplings taken before."""
    w, V, beta, n = given.couplings, given.states, given.beta[:, None], given.size
    squares = (w * w if isinstance(w, np.ndarray) else w.multiply(w)) if second_order else None

    def product(matrix: Any, states: Any) -> Any:
        return states @ matrix if isinstance(matrix, np.ndarray) else (matrix @ states.T).T

    def call() -> Any:
        argument = beta * (FIELD + product(w, V) / n)
        if squares is not None:
            argument -= beta**2 * V * product(squares, 1 - V**2) / n**2
        return np.tanh(argument)

    return call


def _judge(given: _Network, second_order: bool) -> Callable[[Any], float]:
    """The largest absolute error of the first points at some sites, in extended precision."""
    sites = np.linspace(0, given.size - 1, SAMPLE).astype(int)
    rows = given.couplings[sites]
    rows = (rows if isinstance(rows, np.ndarray) else rows.toarray()).astype(np.longdouble)
    truth = []
    for state, beta in zip(given.states[:3].astype(np.longdouble), given.beta[:3], strict=True):
        argument = beta * (FIELD + rows @ state / given.size)
        if second_order:
            argument -= beta**2 * state[sites] * (rows**2 @ (1 - state**2)) / given.size**2
        truth.append(np.tanh(argument))
    return lambda result: float(np.max(np.abs(result[: len(truth), sites] - np.array(truth))))


def _prepare(given: _Network, second_order: bool = False) -> Prepared:
    kernel = nm.compile(_equation(second_order))
    known = {"h": FIELD, "beta": given.beta}
    bound = kernel.bind({**known, "w": given.couplings})
    out = np.empty(given.states.shape)
    whole = {**known, "w": given.couplings, "V": given.states}
    candidates = [
        Candidate("NumPy by hand", _by_hand(given, second_order)),
        Candidate("kernel, couplings bound", lambda: bound(given.states)),
        Candidate("kernel, couplings bound, out=", lambda: bound(given.states, out=out)),
        Candidate("kernel, couplings checked at each call", lambda: kernel(whole)),
    ]
    return Prepared(candidates, reference="NumPy by hand", error=_judge(given, second_order))


WORKLOADS = [
    Workload(
        "matrices_dense",
        "tanh(beta (h + w V / N)), N = 2000, 100 states",
        lambda: _prepare(_dense(2000, 100)),
    ),
    Workload(
        "matrices_second_order",
        "the same with the reaction term of w**2",
        lambda: _prepare(_dense(2000, 100), second_order=True),
    ),
    Workload(
        "matrices_one_state",
        "tanh(beta (h + w V / N)), N = 10000, one state: w is read once",
        lambda: _prepare(_dense(10_000, 1)),
    ),
    Workload(
        "matrices_sparse",
        "N = 100000 with 20 couplings a site, one state",
        lambda: _prepare(_sparse(100_000, 1)),
    ),
    Workload(
        "matrices_sparse_batch",
        "N = 100000 with 20 couplings a site, 20 states",
        lambda: _prepare(_sparse(100_000, 20)),
    ),
]
