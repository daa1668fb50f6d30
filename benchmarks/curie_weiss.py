"""Curie-Weiss free energy and residual on a million points: the kernel against careful hand work.

``f = m**2/2 - log(2 cosh(beta (m + h)))/beta`` and ``m - tanh(beta (m + h))`` in one call.
The second workload is colder: there the textbook formula overflows, and shows an infinite error.
"""

import math
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from mpmath import mp
from sympy import cosh, lambdify, log, symbols, tanh

import numerics as nm
from benchmarks import c_library as c
from benchmarks.harness import Offer, Prepared, Workload, present, relative_error
from benchmarks.peers import Call, compiled_loops, jax_in_double, jitted, on_backends, others

POINTS = 1_000_000
BLOCK = 16384
SAMPLE = range(0, POINTS, 10_007)

Arrays = tuple[Any, Any, Any]


def random_points(coldest: float) -> Arrays:
    """Magnetisations, inverse temperatures and fields."""
    rng = np.random.default_rng(0)
    m, h = rng.uniform(-1, 1, POINTS), rng.normal(size=POINTS)
    return m, rng.uniform(0.1, coldest, POINTS), h


def _expressions() -> tuple[Any, Any]:
    m, beta, h = symbols("m beta h", real=True)
    field = beta * (m + h)
    return (m, beta, h), (m**2 / 2 - log(2 * cosh(field)) / beta, m - tanh(field))


def kernel(backend: str) -> nm.Kernel:
    """Both in one call, as a user compiles them."""
    arguments, expressions = _expressions()
    return nm.compile(list(expressions), arguments=arguments, backend=backend)


def _by_hand(points: Arrays) -> Callable[[], Any]:
    """What an expert writes: stable, in blocks, every temporary allocated once."""

    def call() -> Any:
        f, g = np.empty(POINTS), np.empty(POINTS)
        x, size, rare = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
        for start in range(0, POINTS, BLOCK):
            stop = min(start + BLOCK, POINTS)
            m, beta, h = (array[start:stop] for array in points)
            y, a, e = x[: stop - start], size[: stop - start], rare[: stop - start]
            np.add(m, h, out=y)
            np.multiply(beta, y, out=y)
            np.absolute(y, out=a)
            np.multiply(a, -2.0, out=e)
            np.exp(e, out=e)
            np.log1p(e, out=e)
            np.add(a, e, out=a)
            np.divide(a, beta, out=a)
            np.square(m, out=e)
            np.multiply(e, 0.5, out=e)
            np.subtract(e, a, out=f[start:stop])
            np.tanh(y, out=y)
            np.subtract(m, y, out=g[start:stop])
        return f, g

    return call


def _outs() -> tuple[Any, Any]:
    """Arrays for results, with their memory."""
    return np.zeros(POINTS), np.zeros(POINTS)


def _lambdify_in_blocks(function: Callable[..., Any], points: Arrays) -> Callable[[], Any]:
    def call() -> Any:
        f, g = np.empty(POINTS), np.empty(POINTS)
        for start in range(0, POINTS, BLOCK):
            part = slice(start, min(start + BLOCK, POINTS))
            m, beta, h = (array[part] for array in points)
            f[part], g[part] = function(m, beta, h)
        return f, g

    return call


def _c(points: Arrays, name: str, *flags: str, outs: Any = None) -> Call:
    function = c.function("curie_weiss", name, (c.LONG, *[c.ARRAY] * 5), flags)

    def call() -> Any:
        f, g = outs or (np.empty(POINTS), np.empty(POINTS))
        function(POINTS, *points, f, g)
        return f, g

    return call


def _loops(m: Any, beta: Any, h: Any, f: Any, g: Any) -> None:
    for i in range(m.size):
        x = beta[i] * (m[i] + h[i])
        size = abs(x)
        f[i] = m[i] * m[i] / 2 - (size + math.log1p(math.exp(-2 * size))) / beta[i]
        g[i] = m[i] - math.tanh(x)


def _numba(points: Arrays, fast: bool) -> Call:
    function = compiled_loops(_loops, fast)

    def call() -> Any:
        f, g = np.empty(POINTS), np.empty(POINTS)
        function(*points, f, g)
        return f, g

    return call


def _jax(points: Arrays) -> Call:
    _, jnp = jax_in_double()

    def function(m: Any, beta: Any, h: Any) -> Any:
        x = beta * (m + h)
        size = jnp.abs(x)
        f = m * m / 2 - (size + jnp.log1p(jnp.exp(-2 * size))) / beta
        return f, m - jnp.tanh(x)

    return jitted(function, *points)


def _heyoka(points: Arrays) -> Call:
    heyoka = import_module("heyoka")
    m, beta, h = heyoka.make_vars("m", "beta", "h")
    x = beta * (m + h)
    size = heyoka.select(heyoka.lt(x, 0.0), -x, x)
    f = 0.5 * m * m - (size + heyoka.log1p(heyoka.exp(-2.0 * size))) / beta
    function = heyoka.cfunc([f, m - heyoka.tanh(x)], [m, beta, h], fast_math=True)
    rows = np.stack(points)
    return lambda: function(rows)


def _symengine(points: Arrays) -> Call:
    symengine = import_module("symengine")
    m, beta, h = symengine.symbols("m beta h")
    x = beta * (m + h)
    size = symengine.Abs(x)
    f = m * m / 2 - (size + symengine.log(1 + symengine.exp(-2 * size))) / beta
    function = symengine.Lambdify([m, beta, h], [f, m - symengine.tanh(x)], backend="llvm")
    columns = np.stack(points, axis=1)
    return lambda: function(columns).T


def _free_energy(m: Any, beta: Any, h: Any) -> Any:
    return m**2 / 2 - mp.log(2 * mp.cosh(beta * (m + h))) / beta


def _tanh(m: Any, beta: Any, h: Any) -> Any:
    return mp.tanh(beta * (m + h))


def _mpmath(points: Arrays) -> Call:
    def call() -> Any:
        f, g = np.full(POINTS, np.nan), np.full(POINTS, np.nan)
        for k in SAMPLE:
            m, beta, h = (float(p[k]) for p in points)
            f[k], g[k] = _free_energy(m, beta, h), m - _tanh(m, beta, h)
        return f, g

    return call


def _judge(points: Arrays) -> Callable[[Any], float]:
    """The larger of the two outputs' errors, that of the residual relative to m."""
    free = relative_error(_free_energy, *points, at=SAMPLE)
    update = relative_error(_tanh, *points, at=SAMPLE)
    return lambda result: max(free(result[0]), update(points[0] - result[1]))


def _backend(backend: str, points: Arrays, given: bool) -> Call:
    compiled, (m, beta, h) = kernel(backend), points
    outs = _outs() if given else None
    return lambda: compiled(m, beta, h, out=outs)


def _prepare(coldest: float) -> Prepared:
    arguments, expressions = _expressions()
    points = random_points(coldest)
    m, beta, h = points
    function = np.errstate(over="ignore")(lambdify(arguments, expressions, cse=True))
    lambdified = ["lambdify cse", "lambdify cse, blocks by hand"]
    part, hand_out = len(SAMPLE) / POINTS, f"{c.HAND}, out="
    candidates = present(
        Offer(lambdified[0], lambda: lambda: function(m, beta, h)),
        Offer(lambdified[1], lambda: _lambdify_in_blocks(function, points)),
        Offer("NumPy by hand, blocks and out=", lambda: _by_hand(points)),
        *on_backends(lambda backend: _backend(backend, points, given=False)),
        *on_backends(lambda backend: _backend(backend, points, given=True), ", out="),
        Offer(c.HAND, lambda: _c(points, "curie_weiss_hand")),
        Offer(hand_out, lambda: _c(points, "curie_weiss_hand", outs=_outs())),
        Offer("C, plain loop", lambda: _c(points, "curie_weiss_plain")),
        Offer("C, plain loop, -ffast-math", lambda: _c(points, "curie_weiss_plain", "-ffast-math")),
        Offer("numba, plain loop", lambda: _numba(points, fast=False)),
        Offer("numba, plain loop, fastmath", lambda: _numba(points, fast=True)),
        Offer("jax.jit", lambda: _jax(points)),
        Offer("heyoka, cfunc", lambda: _heyoka(points)),
        Offer("symengine, LLVM", lambda: _symengine(points)),
        Offer(f"mpmath, {len(SAMPLE)} points scaled", lambda: _mpmath(points), part),
    )
    groups = {
        "C": [c.HAND],
        "C, out=": [hand_out],
        "lambdify": lambdified,
        "others": others(candidates),
    }
    return Prepared(candidates, lambdified[0], _judge(points), groups)


WORKLOADS = [
    Workload(
        "curie_weiss",
        "W1: f and m - tanh(beta (m + h)), 1e6 points, beta up to 10",
        lambda: _prepare(10.0),
    ),
    Workload(
        "curie_weiss_cold",
        "the same, beta up to 1e4: textbook formulas overflow",
        lambda: _prepare(1e4),
    ),
]
