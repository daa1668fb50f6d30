"""W2: the variance of a layer in a wide network, sigma_w^2 <tanh(sqrt(V) z)^2> + sigma_b^2.

The map of B. Poole et al. (2016) on a grid of weights and biases. All candidates sum over the nodes
of our rule, to the right of zero with twice their weights; other rules are rows of their own.
"""

import math
import time
from collections.abc import Callable
from functools import cache
from statistics import median
from typing import Any

import numpy as np
from mpmath import mp
from scipy.integrate import quad, quad_vec
from sympy import Expr, Float, lambdify, sqrt, symbols, tanh

import derive as dv
import numerics as nm
from benchmarks import c_library as c
from benchmarks.elsewhere import elsewhere
from benchmarks.harness import Elsewhere, Offer, Prepared, Workload, present, relative_error
from benchmarks.peers import (
    AT_ONCE,
    BLOCK,
    Call,
    at_some,
    by_heyoka,
    by_symengine,
    compiled_loops,
    in_blocks,
    jax_in_double,
    jitted,
    on_backend,
    on_backends,
    others,
)
from benchmarks.rules import Rule, even_nodes, gauss_hermite, half, rules_of

GRID = 300
SAMPLE = range(0, GRID**2, 4001)
RANGES = {"V": (0.15, 10.6), "sigma_w": (0.5, 4), "sigma_b": (0.05, 1)}
ACCURACY = 1e-12
V, WEIGHT, BIAS, Z = symbols("V sigma_w sigma_b z", real=True)


def points() -> tuple[Any, Any, Any]:
    """Variances, widths of the weights and of the biases, flat."""
    widths, biases = np.meshgrid(
        np.linspace(0.5, 4, GRID), np.linspace(0.05, 1, GRID), indexing="ij"
    )
    w, b = widths.ravel(), biases.ravel()
    return 0.6 * w**2 + b**2, w, b  # as after a step from a variance of one


def kernel(backend: str = "numpy", **options: Any) -> nm.Kernel:
    """The map as a user compiles it."""
    mean = dv.GaussianAverage(tanh(sqrt(V) * Z) ** 2, Z)
    expr = WEIGHT**2 * mean + BIAS**2
    return nm.compile(expr, arguments=(V, WEIGHT, BIAS), backend=backend, ranges=RANGES, **options)


@cache
def rule() -> Rule:
    """Ours, for the ranges of the grid."""
    (found,) = rules_of(kernel())
    return found


def exact(v: Any, w: Any, b: Any) -> Any:
    """By mpmath, in panels of unit length."""
    ends = [mp.mpf(k) for k in range(-12, 13)]
    mean = mp.quad(lambda t: mp.tanh(mp.sqrt(v) * t) ** 2 * mp.npdf(t), ends)
    return w**2 * mean + b**2


@cache
def judge() -> Callable[[Any], float]:
    """The largest relative error at some of the points."""
    found = relative_error(exact, *points(), at=SAMPLE, digits=25)
    return lambda result: found(np.ravel(result))


# -- the candidates ------------------------------------------------------------------------------


def _lambdified(nodes: Rule) -> Callable[..., Any]:
    integrand = lambdify((Z, V), tanh(sqrt(V) * Z) ** 2)

    def function(v: Any, w: Any, b: Any) -> Any:
        return w**2 * (integrand(nodes.place, v[:, None]) @ nodes.weight) + b**2

    return function


def _lambdify(nodes: Rule, block: int = BLOCK) -> Call:
    return in_blocks(_lambdified(nodes), points(), len(nodes), block)


def _loops(v: Any, w: Any, b: Any, place: Any, weight: Any, out: Any) -> None:
    for i in range(v.size):
        root, total = math.sqrt(v[i]), 0.0
        for k in range(place.size):
            t = math.tanh(root * place[k])
            total += weight[k] * t * t
        out[i] = w[i] ** 2 * total + b[i] ** 2


def _numba(nodes: Rule, fast: bool) -> Call:
    function, given = compiled_loops(_loops, fast), points()

    def call() -> Any:
        out = np.empty(GRID**2)
        function(*given, nodes.place, nodes.weight, out)
        return out

    return call


def _jax(nodes: Rule) -> Call:
    _, jnp = jax_in_double()

    def function(v: Any, w: Any, b: Any) -> Any:
        t = jnp.tanh(jnp.sqrt(v)[:, None] * nodes.place)
        return w**2 * jnp.sum(nodes.weight * t * t, axis=1) + b**2

    return jitted(function, *points())


def _unrolled(nodes: Rule) -> Expr:
    """The sum over all nodes as one expression."""
    pairs = zip(nodes.place, nodes.weight, strict=True)
    total = sum(Float(float(w)) * tanh(sqrt(V) * Float(float(z))) ** 2 for z, w in pairs)
    return WEIGHT**2 * total + BIAS**2


def _c(nodes: Rule, name: str, *flags: str) -> Call:
    types = (c.LONG, *[c.ARRAY] * 3, c.LONG, *[c.ARRAY] * 3)
    function, given = c.function("variance_map", name, types, flags), points()

    def call() -> Any:
        out = np.empty(GRID**2)
        function(GRID**2, *given, len(nodes), nodes.place, nodes.weight, out)
        return out

    return call


def _quad_vec() -> Call:
    v, w, b = points()
    root = np.sqrt(v)

    def integrand(z: float) -> Any:
        return np.tanh(root * z) ** 2 * math.exp(-z * z / 2)

    def call() -> Any:
        mean, _ = quad_vec(integrand, 0, 9, epsabs=1e-12, epsrel=1e-12, norm="max")
        return w**2 * mean * math.sqrt(2 / math.pi) + b**2

    return call


def _quad(v: float, w: float, b: float) -> float:
    def integrand(z: float) -> float:
        return math.tanh(math.sqrt(v) * z) ** 2 * math.exp(-z * z / 2)

    mean, _ = quad(integrand, 0, 9, epsabs=1e-13, epsrel=1e-13)
    return float(w**2 * mean * math.sqrt(2 / math.pi) + b**2)


def _ours(backend: str) -> Call:
    compiled, given = kernel(backend), points()
    return lambda: compiled(*given)


# -- the same nodes ------------------------------------------------------------------------------


def _prepare() -> Prepared:
    nodes, part, given = rule(), len(SAMPLE) / GRID**2, points()
    unrolled, arguments = [_unrolled(nodes)], (V, WEIGHT, BIAS)
    hand, lambdified = c.HAND, ("lambdify, all at once", "lambdify, in blocks")
    candidates = present(
        Offer(lambdified[0], lambda: _lambdify(nodes, AT_ONCE)),
        Offer(lambdified[1], lambda: _lambdify(nodes)),
        *on_backends(_ours),
        Offer(hand, lambda: _c(nodes, "variance_map_hand")),
        Offer("C, plain loops", lambda: _c(nodes, "variance_map_plain")),
        Offer(
            "C, plain loops, -ffast-math", lambda: _c(nodes, "variance_map_plain", "-ffast-math")
        ),
        Offer("numba, plain loops", lambda: _numba(nodes, fast=False)),
        Offer("numba, plain loops, fastmath", lambda: _numba(nodes, fast=True)),
        Offer("jax.jit", lambda: _jax(nodes)),
        Offer(
            "heyoka, cfunc of the unrolled sum",
            lambda: by_heyoka(unrolled, arguments, given),
        ),
        Offer(
            "symengine, LLVM, unrolled sum",
            lambda: by_symengine(unrolled, arguments, given),
        ),
        Offer("SciPy quad_vec, its own nodes", _quad_vec),
        Offer(
            f"SciPy quad, {len(SAMPLE)} points scaled",
            lambda: at_some(_quad, given, SAMPLE),
            part,
        ),
        Offer(
            f"mpmath quad, {len(SAMPLE)} points scaled",
            lambda: at_some(exact, given, SAMPLE),
            part,
        ),
    )
    groups = {"C": [hand], "lambdify": lambdified, "others": others(candidates)}
    return Prepared(candidates, lambdified[1], judge(), groups)


# -- other rules, and two threads ----------------------------------------------------------------


def _fewest(make: Callable[[int], Rule]) -> int:
    """How many nodes (even) of a family of rules reach the accuracy, all of them."""
    low, high = 2, 4

    def misses(count: int) -> bool:
        return judge()(_lambdified(half(make(count)))(*points())) > ACCURACY

    while misses(high):
        low, high = high, 2 * high
    while high - low > 2:
        middle = (low + high) // 4 * 2
        low, high = (middle, high) if misses(middle) else (low, middle)
    return high


def _other_rules() -> Prepared:
    usual, nodes = gauss_hermite(128), rule()
    hermite, even = _fewest(gauss_hermite), _fewest(even_nodes)
    names = [
        f"lambdify, {hermite} Gauss-Hermite by parity",
        f"lambdify, {even} even nodes by parity",
    ]
    hand = [f"{c.HAND}, {even} even nodes {how}" for how in ("by parity", "by a recurrence")]
    candidates = present(
        Offer("lambdify, 128 Gauss-Hermite, all at once", lambda: _lambdify(usual, AT_ONCE)),
        Offer("lambdify, 128 Gauss-Hermite", lambda: _lambdify(usual)),
        Offer(names[0], lambda: _lambdify(half(gauss_hermite(hermite)))),
        Offer(names[1], lambda: _lambdify(half(even_nodes(even)))),
        Offer(f"lambdify, our {len(nodes)} nodes", lambda: _lambdify(nodes)),
        Offer(hand[0], lambda: _c(half(even_nodes(even)), "variance_map_hand")),
        Offer(hand[1], lambda: _c(half(even_nodes(even)), "variance_map_recurrence")),
        *on_backends(_ours),
    )
    groups = {"C": hand, "Gauss-Hermite": names[:1], "lambdify": names}
    return Prepared(candidates, names[0], judge(), groups)


def timed(threads: str) -> tuple[float, float]:
    """In a fresh process: the median of calls with some threads, and the error."""
    compiled, given = kernel("numba", threads=int(threads)), points()
    error = judge()(compiled(*given))
    spent = []
    for _ in range(100):
        start = time.perf_counter()
        compiled(*given)
        spent.append(time.perf_counter() - start)
    return median(spent), error


def _threads() -> Prepared:
    on_backend(lambda: kernel("numba", threads=2))

    def offer(count: int) -> Offer:
        def call() -> Elsewhere:
            return elsewhere(__name__, "timed", str(count), all_cores=True)

        return Offer(f"numba backend, threads={count}", lambda: call)

    candidates = present(offer(1), offer(2))
    return Prepared(candidates, candidates[0].name, lambda error: float(error))


WORKLOADS = [
    Workload("variance_map", f"W2: sigma_w^2 <tanh^2> + sigma_b^2, {GRID} x {GRID}", _prepare),
    Workload("variance_map_rules", "W2 by other rules, to an error of 1e-12", _other_rules),
    Workload("variance_map_threads", "W2 on all cores, in processes of its own", _threads, 3),
]
