"""W5: the fixed point of the variance map, V = sigma_b^2 + sigma_w^2 <tanh(sqrt(V) z)^2>.

On a grid of weights and biases, from one start above all roots, by Newton's method and by Picard's
iteration with the same nodes and stopping rule for all; `solve` stops by a rule of its own, and
checks its results besides.
"""

import math
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from mpmath import mp
from scipy.integrate import quad
from scipy.optimize import brentq
from sympy import lambdify, sqrt, symbols, tanh

import derive as dv
import numerics as nm
from benchmarks import c_library as c
from benchmarks.harness import Offer, Prepared, Workload, present, relative_error
from benchmarks.peers import (
    BLOCK,
    Call,
    at_some,
    compiled_loops,
    jax_in_double,
    jitted,
    on_backend,
    on_backends,
    others,
)
from benchmarks.rules import Rule, rules_of
from numerics.kernel import Kernel

GRID = 300
SAMPLE = range(17, GRID**2, 17377)
START = 17.0  # above sigma_w^2 + sigma_b^2, which no root exceeds
NEWTON, PICARD = 1e-9, 1e-14  # the last relative step: Newton's error is of the order of its square
MOST = 5000
GIVEN = ("sigma_w", "sigma_b")
RANGES = {"V": (0.0025, START), "sigma_w": (0.5, 4), "sigma_b": (0.05, 1)}
V, WEIGHT, BIAS = symbols("V sigma_w sigma_b", positive=True)
Z = symbols("z", real=True)

Step = Callable[..., Any]


@cache
def points() -> tuple[Any, Any]:
    """Widths of weights and biases, flat."""
    widths, biases = np.linspace(0.5, 4, GRID), np.linspace(0.05, 1, GRID)
    w, b = np.meshgrid(widths, biases, indexing="ij")
    return w.ravel(), b.ravel()


def _update() -> Any:
    return WEIGHT**2 * dv.GaussianAverage(tanh(sqrt(V) * Z) ** 2, Z) + BIAS**2


def equations() -> dv.Equations:
    """The problem as `solve` takes it."""
    return dv.Equations((V,), (WEIGHT, BIAS), (), update=(_update(),), bounds=((0, START),))


def update() -> nm.Kernel:
    """The right-hand side, for all variances that an iteration meets."""
    return nm.compile(_update(), arguments=(V, WEIGHT, BIAS), ranges=RANGES)


@cache
def rule() -> Rule:
    """Ours."""
    (found,) = rules_of(update())
    return found


def exact(w: Any, b: Any) -> Any:
    """The root in mpmath."""
    ends = [mp.mpf(k) for k in range(13)]

    def residual(v: Any) -> Any:
        mean = 2 * mp.quad(lambda t: mp.tanh(mp.sqrt(v) * t) ** 2 * mp.npdf(t), ends)
        return v - w**2 * mean - b**2

    near = _brentq(float(w), float(b))
    return mp.findroot(residual, (near, near * (1 + mp.mpf(10) ** -9)))


@cache
def judge() -> Callable[[Any], float]:
    """The largest relative error at some of the points."""
    found = relative_error(exact, *points(), at=SAMPLE, digits=25)
    return lambda result: found(np.ravel(result))


# -- the mean and its slope by other tools -------------------------------------------------------


def _by_numpy(nodes: Rule, slopes: bool) -> Step:
    """What lambdify makes of the integrands, with tanh shared; a block of points at a time."""
    t = symbols("t")
    integrands = lambdify((t, Z), (t**2, Z * t * (1 - t**2)))
    size = BLOCK // len(nodes)

    def some(v: Any) -> Any:
        root = np.sqrt(v)
        found = np.tanh(root[:, None] * nodes.place)
        if not slopes:
            return (np.square(found) @ nodes.weight,)
        square, slope = integrands(found, nodes.place)
        return square @ nodes.weight, slope @ nodes.weight / root

    def step(v: Any) -> Any:
        parts = [some(v[start : start + size]) for start in range(0, len(v), size)]
        return [np.concatenate(column) for column in zip(*parts, strict=True)]

    return step


def _unrolled(nodes: Rule, tool: Any, v: Any, slopes: bool) -> list[Any]:
    """The sums over all nodes as expressions of another tool."""
    root, mean, slope = tool.sqrt(v), 0.0, 0.0
    for place, weight in zip(nodes.place.tolist(), nodes.weight.tolist(), strict=True):
        t = tool.tanh(root * place)
        mean = mean + weight * t * t
        slope = slope + weight * place * t * (1.0 - t * t)
    return [mean, slope / root] if slopes else [mean]


def _by_heyoka(nodes: Rule, slopes: bool) -> Step:
    heyoka = import_module("heyoka")
    v = heyoka.make_vars("v")
    made = heyoka.cfunc(_unrolled(nodes, heyoka, v, slopes), [v], fast_math=True)
    return lambda values: made(values[None])


def _by_symengine(nodes: Rule, slopes: bool) -> Step:
    symengine = import_module("symengine")
    v = symengine.Symbol("v")
    sums = _unrolled(nodes, symengine, v, slopes)
    made = symengine.Lambdify([v], sums, backend="llvm", cse=True)
    return lambda values: made(values[:, None]).reshape(-1, len(sums)).T


# -- iterations ----------------------------------------------------------------------------------


def _newton(sums: Step) -> Call:
    """With an active set."""
    w, b = (p**2 for p in points())

    def call() -> Any:
        v, active = np.full(GRID**2, START), np.arange(GRID**2)
        for _ in range(MOST):
            here, scale = v[active], w[active]
            mean, slope = sums(here)
            change = (here - scale * mean - b[active]) / (1 - scale * slope)
            v[active] = here = here - change
            active = active[np.abs(change) > NEWTON * here]
            if not active.size:
                break
        return v

    return call


def _picard(sums: Step) -> Call:
    w, b = (p**2 for p in points())

    def call() -> Any:
        v, active = np.full(GRID**2, START), np.arange(GRID**2)
        for _ in range(MOST):
            here = v[active]
            v[active] = found = w[active] * sums(here)[0] + b[active]
            active = active[np.abs(found - here) > PICARD * found]
            if not active.size:
                break
        return v

    return call


def _newton_loops(w: Any, b: Any, place: Any, weight: Any, out: Any) -> None:
    for i in range(w.size):
        v = START
        for _ in range(MOST):
            root, mean, slope = math.sqrt(v), 0.0, 0.0
            for k in range(place.size):
                t = math.tanh(root * place[k])
                mean += weight[k] * t * t
                slope += weight[k] * place[k] * t * (1 - t * t)
            scale = w[i] * w[i]
            change = (v - scale * mean - b[i] * b[i]) / (1 - scale * slope / root)
            v -= change
            if abs(change) <= NEWTON * v:
                break
        out[i] = v


def _picard_loops(w: Any, b: Any, place: Any, weight: Any, out: Any) -> None:
    for i in range(w.size):
        v = START
        for _ in range(MOST):
            root, mean, before = math.sqrt(v), 0.0, v
            for k in range(place.size):
                t = math.tanh(root * place[k])
                mean += weight[k] * t * t
            v = w[i] * w[i] * mean + b[i] * b[i]
            if abs(v - before) <= PICARD * v:
                break
        out[i] = v


def _numba(loops: Callable[..., Any], nodes: Rule, fast: bool) -> Call:
    function, given = compiled_loops(loops, fast), points()

    def call() -> Any:
        out = np.empty(GRID**2)
        function(*given, nodes.place, nodes.weight, out)
        return out

    return call


def _c(name: str, nodes: Rule, tolerance: float) -> Call:
    types = (c.LONG, c.ARRAY, c.ARRAY, c.DOUBLE, c.DOUBLE, c.LONG, c.LONG, *[c.ARRAY] * 3)
    function, given = c.function("fixed_point", name, types), points()

    def call() -> Any:
        out = np.empty(GRID**2)
        size = GRID**2, *given, START, tolerance, MOST, len(nodes)
        function(*size, nodes.place, nodes.weight, out)
        return out

    return call


def _jax(nodes: Rule) -> Call:
    """Newton's method of a row of the grid until its last point is done."""
    jax, jnp = jax_in_double()

    def row(pair: Any) -> Any:
        w, b = pair[0] ** 2, pair[1] ** 2

        def step(state: Any) -> Any:
            v, _ = state
            root = jnp.sqrt(v)
            t = jnp.tanh(root[:, None] * nodes.place)
            mean = jnp.sum(nodes.weight * t * t, axis=1)
            slope = jnp.sum(nodes.weight * nodes.place * t * (1 - t * t), axis=1)
            change = (v - w * mean - b) / (1 - w * slope / root)
            return v - change, jnp.max(jnp.abs(change) / (v - change))

        start = jnp.full(GRID, START), jnp.inf
        return jax.lax.while_loop(lambda state: state[1] > NEWTON, step, start)[0]

    rows = [p.reshape(GRID, GRID) for p in points()]
    return jitted(lambda w, b: jax.lax.map(row, (w, b)), *rows)


def _brentq(w: float, b: float) -> float:
    def residual(v: float) -> float:
        root = math.sqrt(v)

        def integrand(z: float) -> float:
            return math.tanh(root * z) ** 2 * math.exp(-z * z / 2)

        mean = math.sqrt(2 / math.pi) * quad(integrand, 0, 9, epsabs=1e-14, epsrel=1e-13)[0]
        return float(v - w**2 * mean - b**2)

    return float(brentq(residual, b**2, START, xtol=1e-13, rtol=1e-13))


def _solve(method: str) -> Callable[[str], Call]:
    def make(backend: str) -> Call:
        problem, (w, b) = equations(), points()
        options: dict[str, Any] = {} if backend == "numpy" else {"backend": backend}

        def call() -> Any:
            found = nm.solve(
                problem, method=method, starts={"V": START}, sigma_w=w, sigma_b=b, **options
            )
            return found["V"].data[:, 0]

        return call

    return make


def _compiled_newton() -> Call:
    """The iteration in compiled code by itself, as `solve` runs it: nothing is verified."""
    residual = V - _update()
    named = (("residual", residual), ("slope", residual.diff(V)))
    problem = dv.Equations((V,), (WEIGHT, BIAS), named)
    kernel = on_backend(lambda: Kernel(problem, "numba", (), RANGES, leading=1))
    rounds = import_module("numerics.native.iterations.rounds")
    start, given = np.full(GRID**2, START), dict(zip(GIVEN, points(), strict=True))

    def call() -> Any:
        found = rounds.newton(kernel, {"V": start}, given, tol=NEWTON, floor=0.0)
        return (found.x + found.step)[:, 0]

    return call


# -- the workloads -------------------------------------------------------------------------------


def _prepare_newton() -> Prepared:
    nodes, part = rule(), len(SAMPLE) / GRID**2
    lambdified = "lambdify, active set"
    candidates = present(
        Offer(lambdified, lambda: _newton(_by_numpy(nodes, slopes=True))),
        *on_backends(_solve("newton"), ", solve"),
        Offer("numba backend, the iteration alone", _compiled_newton),
        Offer(c.HAND, lambda: _c("fixed_point_newton", nodes, NEWTON)),
        Offer("numba, plain loops", lambda: _numba(_newton_loops, nodes, fast=False)),
        Offer("numba, plain loops, fastmath", lambda: _numba(_newton_loops, nodes, fast=True)),
        Offer("jax.jit, row by row", lambda: _jax(nodes)),
        Offer("heyoka, cfunc, active set", lambda: _newton(_by_heyoka(nodes, slopes=True))),
        Offer("symengine, LLVM, active set", lambda: _newton(_by_symengine(nodes, slopes=True))),
        Offer(
            f"SciPy quad and brentq, {len(SAMPLE)} points scaled",
            lambda: at_some(_brentq, points(), SAMPLE),
            part,
        ),
        Offer(
            f"mpmath findroot, {len(SAMPLE)} points scaled",
            lambda: at_some(exact, points(), SAMPLE),
            part,
        ),
    )
    groups = {"C": [c.HAND], "lambdify": [lambdified], "others": others(candidates)}
    return Prepared(candidates, lambdified, judge(), groups)


def _prepare_picard() -> Prepared:
    nodes = rule()
    names = ["lambdify, Picard, active set", "lambdify, Newton, active set"]
    hand = [f"{c.HAND}, Picard", f"{c.HAND}, Newton"]
    candidates = present(
        Offer(names[0], lambda: _picard(_by_numpy(nodes, slopes=False))),
        Offer(names[1], lambda: _newton(_by_numpy(nodes, slopes=True))),
        *on_backends(_solve("fixed_point"), ", solve by Picard"),
        Offer(hand[0], lambda: _c("fixed_point_picard", nodes, PICARD)),
        Offer(hand[1], lambda: _c("fixed_point_newton", nodes, NEWTON)),
        Offer("numba, plain loops, Picard", lambda: _numba(_picard_loops, nodes, fast=False)),
        Offer("heyoka, cfunc, Picard", lambda: _picard(_by_heyoka(nodes, slopes=False))),
    )
    groups = {"C, Picard": hand[:1], "lambdify, Picard": names[:1]}
    return Prepared(candidates, names[0], judge(), groups)


WORKLOADS = [
    Workload("fixed_point", f"W5: V = V(V), Newton, {GRID} x {GRID}", _prepare_newton, 5),
    Workload("fixed_point_picard", "W5 by Picard's iteration", _prepare_picard, 3),
]
