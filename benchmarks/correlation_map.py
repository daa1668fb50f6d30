"""W2b: the correlation of two inputs in a wide network, <tanh(u) tanh(v)> of variance V, overlap c.

The map of B. Poole et al. (2016): u = sqrt(V) x and v = sqrt(V) (c x + sqrt(1 - c^2) y) with
normal x and y.  Our rule sums over x to the right of zero, and over nodes of y that move with V, c
and x, so that the integrand is smooth from node to node however large V is.  A rule that does not
move is a row of its own.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from mpmath import mp
from scipy.integrate import dblquad, quad_vec
from sympy import Expr, Float, exp, lambdify, sqrt, symbols, tanh

import derive as dv
import numerics as nm
from benchmarks import c_library as c_code
from benchmarks.harness import Offer, Prepared, Workload, present, relative_error
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
    on_backends,
    others,
)
from benchmarks.rules import DENSITY, Rule, even_nodes, gauss_hermite, half, rules_of

GRID = 100
SAMPLE = (150, 4444, 9899)
MANY = np.union1d(SAMPLE, np.arange(0, GRID**2, 20))
RANGES = {"V": (0.1, 4.0), "c": (0.0, 0.99)}
V, C, X, Y, CENTRE = symbols("V c x y centre", real=True)

Rules = tuple[Rule, Rule]


def points() -> tuple[Any, Any]:
    """Variances and overlaps, flat."""
    pairs = np.meshgrid(np.linspace(0.1, 4, GRID), np.linspace(0, 0.99, GRID), indexing="ij")
    return pairs[0].ravel(), pairs[1].ravel()


def kernel(backend: str = "numpy") -> nm.Kernel:
    """The map as a user compiles it."""
    law = [[V, C * V], [C * V, V]]
    mean = dv.GaussianAverage(tanh(X) * tanh(Y), (X, Y), covariance=law)
    return nm.compile(mean, arguments=(V, C), backend=backend, ranges=RANGES)


@cache
def rules() -> Rules:
    """Ours for x, and that for y which moves with V, c and x."""
    outer, inner = rules_of(kernel(), "x")
    return outer, inner


def exact(v: Any, r: Any) -> Any:
    """By the trapezoid rule in mpmath, which converges exponentially for the product."""
    step, root, rest = mp.mpf(1) / 10, mp.sqrt(v), mp.sqrt(1 - r**2)
    held = [(k * step, step * mp.npdf(k * step)) for k in range(-95, 96)]
    return sum(
        a * mp.tanh(root * s) * sum(b * mp.tanh(root * (r * s + rest * t)) for t, b in held)
        for s, a in held
    )


@cache
def judge() -> Callable[[Any], float]:
    """The largest relative error at some of the points."""
    found = relative_error(exact, *points(), at=SAMPLE, digits=20)
    return lambda result: found(np.ravel(result))


# -- the candidates ------------------------------------------------------------------------------


def _lambdify(nodes: Rules, block: int = BLOCK) -> Call:
    outer, inner = nodes
    first = lambdify((X, V), tanh(sqrt(V) * X))
    second = lambdify((X, Y, V, C), tanh(sqrt(V) * (C * X + sqrt(1 - C**2) * Y)))

    def function(v: Any, c: Any) -> Any:
        v, c = v[:, None], c[:, None]
        place, weight = inner.at(v, c, outer.place)
        found = second(outer.place[:, None], place, v[..., None], c[..., None])
        return (first(outer.place, v) * inner.total(found, weight)) @ outer.weight

    return in_blocks(function, points(), len(outer) * len(inner), block)


def _loops(
    v: Any, c: Any, x: Any, wx: Any, y: Any, wy: Any, centre: Callable[..., float], out: Any
) -> None:
    for i in range(v.size):
        root, rest, total = math.sqrt(v[i]), math.sqrt(1 - c[i] * c[i]), 0.0
        for a in range(x.size):
            middle, inner = centre(v[i], c[i], x[a]), 0.0
            for b in range(y.size):
                z = middle + y[b]
                density = wy[b] * math.exp(-0.5 * z * z)
                inner += density * math.tanh(root * (c[i] * x[a] + rest * z))
            total += wx[a] * math.tanh(root * x[a]) * inner
        out[i] = DENSITY * total


def _numba(nodes: Rules, fast: bool) -> Call:
    outer, inner = nodes
    function, given = compiled_loops(_loops, fast), points()
    centre = compiled_loops(lambdify(inner.arguments, inner.centre, "math"), fast)

    def call() -> Any:
        out = np.empty(GRID**2)
        function(*given, outer.place, outer.weight, inner.place, inner.weight, centre, out)
        return out

    return call


def _jax(nodes: Rules) -> Call:
    jax, jnp = jax_in_double()
    outer, inner = nodes
    centre = lambdify(inner.arguments, inner.centre, "jax")

    def at_one(v: Any, c: Any) -> Any:
        root, rest = jnp.sqrt(v), jnp.sqrt(1 - c**2)
        z = centre(v, c, outer.place)[:, None] + inner.place
        weight = DENSITY * inner.weight * jnp.exp(-0.5 * z * z)
        found = jnp.tanh(root * (c * outer.place[:, None] + rest * z))
        return jnp.sum(outer.weight * jnp.tanh(root * outer.place) * jnp.sum(weight * found, 1))

    return jitted(lambda v, c: jax.lax.map(lambda p: at_one(*p), (v, c), batch_size=8), *points())


def _conditional(inner: Rule) -> Expr:
    """The sum over all nodes of y as one expression of V, c, x and the centre."""
    total: Expr = Float(0)
    for place, weight in zip(inner.place, inner.weight, strict=True):
        z = CENTRE + Float(float(place))
        density = Float(float(weight * DENSITY)) * exp(-(z**2) / 2)
        total += density * tanh(sqrt(V) * (C * X + sqrt(1 - C**2) * z))
    return total


def _conditionally(nodes: Rules, by: Callable[..., Call]) -> Call:
    """The inner sum by another tool, at all points and nodes of x; the outer one by NumPy."""
    outer, inner = nodes
    v, c = points()
    rows = [np.repeat(v, len(outer)), np.repeat(c, len(outer)), np.tile(outer.place, GRID**2)]
    centre = inner.centre_of(*rows)
    called = by([_conditional(inner)], (V, C, X, CENTRE), [*rows, centre])

    def call() -> Any:
        first = np.tanh(np.sqrt(v)[:, None] * outer.place)
        return (first * called().reshape(GRID**2, len(outer))) @ outer.weight

    return call


def _c(nodes: Rules, name: str) -> Call:
    outer, inner = nodes
    arrays = [c_code.LONG, c_code.ARRAY, c_code.ARRAY]
    types = (c_code.LONG, c_code.ARRAY, c_code.ARRAY, *arrays, *arrays, c_code.ARRAY)
    macros = inner.macro() if inner.moving else None
    function, given = c_code.function("correlation_map", name, types, macros=macros), points()
    tables = [(len(r), r.place, r.weight) for r in (outer, inner.padded(8))]

    def call() -> Any:
        out = np.empty(GRID**2)
        function(GRID**2, *given, *tables[0], *tables[1], out)
        return out

    return call


def _quad_vec() -> Call:
    """Over many points and a trapezoid of x at once."""
    v, c = (p[MANY, None] for p in points())
    outer = half(even_nodes(128))
    root, rest = np.sqrt(v), np.sqrt(1 - c**2)
    along = root * c * outer.place

    def integrand(y: float) -> Any:
        return np.tanh(along + root * rest * y) * math.exp(-y * y / 2)

    def call() -> Any:
        out = np.full(GRID**2, np.nan)
        inner, _ = quad_vec(integrand, -9, 9, epsabs=1e-12, epsrel=1e-12, norm="max")
        out[MANY] = DENSITY * (np.tanh(root * outer.place) * inner) @ outer.weight
        return out

    return call


def _dblquad(v: float, c: float) -> float:
    root, rest = math.sqrt(v), math.sqrt(1 - c * c)

    def integrand(y: float, x: float) -> float:
        density = math.exp(-(x * x + y * y) / 2) / math.pi
        return math.tanh(root * x) * math.tanh(root * (c * x + rest * y)) * density

    return float(dblquad(integrand, 0, 9, -9, 9, epsabs=1e-12, epsrel=1e-12)[0])


def _ours(backend: str) -> Call:
    compiled, given = kernel(backend), points()
    return lambda: compiled(*given)


# -- the workloads -------------------------------------------------------------------------------


def _prepare() -> Prepared:
    nodes, part = rules(), len(SAMPLE) / GRID**2
    lambdified = "lambdify, in blocks"
    candidates = present(
        Offer(lambdified, lambda: _lambdify(nodes)),
        *on_backends(_ours),
        Offer(c_code.HAND, lambda: _c(nodes, "correlation_map_moving")),
        Offer("numba, plain loops", lambda: _numba(nodes, fast=False)),
        Offer("numba, plain loops, fastmath", lambda: _numba(nodes, fast=True)),
        Offer("jax.jit", lambda: _jax(nodes)),
        Offer("heyoka, cfunc of the inner sum", lambda: _conditionally(nodes, by_heyoka)),
        Offer("symengine, LLVM, inner sum", lambda: _conditionally(nodes, by_symengine)),
        Offer(f"SciPy quad_vec, {len(MANY)} points scaled", _quad_vec, len(MANY) / GRID**2),
        Offer(
            f"SciPy dblquad, {len(SAMPLE)} points scaled",
            lambda: at_some(_dblquad, points(), SAMPLE),
            part,
        ),
        Offer(
            f"mpmath trapezoid, {len(SAMPLE)} points scaled",
            lambda: at_some(exact, points(), SAMPLE),
            part,
        ),
    )
    groups = {"C": [c_code.HAND], "lambdify": [lambdified], "others": others(candidates)}
    return Prepared(candidates, lambdified, judge(), groups)


def _fixed_rules() -> Prepared:
    """Rules that do not move, as people write them."""
    fixed = half(even_nodes(128)), even_nodes(128)
    usual = gauss_hermite(128), gauss_hermite(128)
    names = ["lambdify, 128 x 128 Gauss-Hermite", "lambdify, 64 x 128 even nodes"]
    hand = f"{c_code.HAND}, 64 x 128 even nodes"
    candidates = present(
        Offer(f"{names[0]}, all at once", lambda: _lambdify(usual, AT_ONCE)),
        Offer(names[0], lambda: _lambdify(usual)),
        Offer(names[1], lambda: _lambdify(fixed)),
        Offer(hand, lambda: _c(fixed, "correlation_map_fixed")),
        *on_backends(_ours),
    )
    return Prepared(candidates, names[0], judge(), {"C": [hand], "lambdify": names})


WORKLOADS = [
    Workload("correlation_map", f"W2b: <tanh tanh>, V <= 4, {GRID} x {GRID}", _prepare, 5),
    Workload("correlation_map_rules", "W2b by rules that do not move", _fixed_rules, 3),
]
