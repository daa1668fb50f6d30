"""W3: the average in the saddle-point equation of the capacity of the perceptron, <(G/H)^2>.

E. Gardner (1988).  By the scaled complementary error function, for with the textbook's formula the
result would not be finite.  Where SciPy's is not at hand, it is a polynomial: the one that the
hand-written C has.  The nodes of our rule move with q and kappa; a rule that does not move is a row
of its own.
"""

import math
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from mpmath import mp
from scipy.integrate import quad, quad_vec
from scipy.special import erfcx
from sympy import Function, erfc, exp, lambdify, pi, sqrt, symbols

import derive as dv
import numerics as nm
from benchmarks import c_library as c
from benchmarks.erfcx import erfcx_by, erfcx_in_numbers, polynomial
from benchmarks.harness import Offer, Prepared, Workload, present, relative_error
from benchmarks.peers import (
    AT_ONCE,
    BLOCK,
    Call,
    at_some,
    compiled_loops,
    in_blocks,
    jax_in_double,
    jitted,
    on_backends,
    others,
)
from benchmarks.rules import DENSITY, Rule, even_nodes, gauss_hermite, rules_of

POINTS = 100_000
SAMPLE = range(0, POINTS, 5003)
RANGES = {"q": (0.01, 0.99), "kappa": (-3.0, 3.0)}
Q, KAPPA, Z = symbols("q kappa z", real=True)
TAU = (KAPPA - sqrt(Q) * Z) / sqrt(1 - Q)


@cache
def points() -> tuple[Any, Any]:
    """Overlaps and margins."""
    rng = np.random.default_rng(0)
    return rng.uniform(*RANGES["q"], POINTS), rng.uniform(*RANGES["kappa"], POINTS)


def kernel(backend: str = "numpy") -> nm.Kernel:
    """The average as a user compiles it, by the textbook's formula."""
    ratio = exp(-(TAU**2) / 2) / sqrt(2 * pi) / (erfc(TAU / sqrt(2)) / 2)
    mean = dv.GaussianAverage(ratio**2, Z)
    return nm.compile(mean, arguments=(Q, KAPPA), backend=backend, ranges=RANGES)


@cache
def rule() -> Rule:
    """Ours, for the ranges of the points."""
    (found,) = rules_of(kernel())
    return found


def exact(q: Any, kappa: Any) -> Any:
    """By mpmath, in panels about the place where the integrand turns."""
    root, rest = mp.sqrt(q), mp.sqrt(1 - q)

    def squared(t: Any) -> Any:
        x = (kappa - root * t) / rest
        return (mp.npdf(x) / mp.ncdf(-x)) ** 2 * mp.npdf(t)

    return mp.quad(squared, sorted({mp.mpf(k) for k in range(-12, 13)} | {kappa / root}))


@cache
def judge() -> Callable[[Any], float]:
    """The largest relative error at some of the points."""
    return relative_error(exact, *points(), at=SAMPLE, digits=25)


# -- the candidates ------------------------------------------------------------------------------


def _lambdify(nodes: Rule, block: int = BLOCK) -> Call:
    scaled = sqrt(2 / pi) / Function("erfcx")(TAU / sqrt(2))
    integrand = lambdify((Z, Q, KAPPA), scaled**2, [{"erfcx": erfcx}, "numpy"])

    def function(q: Any, kappa: Any) -> Any:
        place, weight = nodes.at(q, kappa)
        return nodes.total(integrand(place, q[:, None], kappa[:, None]), weight)

    return in_blocks(function, points(), len(nodes), block)


def _loops(
    q: Any, kappa: Any, place: Any, weight: Any, centre: Any, scaled: Any, table: Any, out: Any
) -> None:
    for i in range(q.size):
        scale = 1 / math.sqrt(2 * (1 - q[i]))
        start, slope, middle = kappa[i] * scale, math.sqrt(q[i]) * scale, centre(q[i], kappa[i])
        total = 0.0
        for k in range(place.size):
            z = middle + place[k]
            e = scaled(start - z * slope, table)
            total += weight[k] * math.exp(-0.5 * z * z) / (e * e)
        out[i] = 2 / math.pi * DENSITY * total


def _numba(nodes: Rule, fast: bool) -> Call:
    function, given = compiled_loops(_loops, fast), points()
    centre = compiled_loops(lambdify(nodes.arguments, nodes.centre, "math"), fast)
    scaled, table = compiled_loops(erfcx_in_numbers, fast), polynomial()

    def call() -> Any:
        out = np.empty(POINTS)
        function(*given, nodes.place, nodes.weight, centre, scaled, table, out)
        return out

    return call


def _jax(nodes: Rule) -> Call:
    jax, jnp = jax_in_double()
    centre = lambdify(nodes.arguments, nodes.centre, "jax")

    def if_negative(x: Any, yes: Any, no: Any) -> Any:
        return jnp.where(x < 0, yes, no)

    def some(q: Any, kappa: Any) -> Any:
        scale = 1 / jnp.sqrt(2 * (1 - q))
        start, slope, middle = kappa * scale, jnp.sqrt(q) * scale, centre(q, kappa)

        def step(k: Any, total: Any) -> Any:
            z = middle + jnp.asarray(nodes.place)[k]
            e = erfcx_by(start - z * slope, jnp.exp, if_negative)
            return total + jnp.asarray(nodes.weight)[k] * jnp.exp(-0.5 * z * z) / (e * e)

        total = jax.lax.fori_loop(0, len(nodes), step, jnp.zeros_like(q))
        return 2 / math.pi * DENSITY * total

    rows = [p.reshape(100, -1) for p in points()]
    return jitted(lambda q, k: jax.lax.map(lambda p: some(*p), (q, k)).ravel(), *rows)


def _unrolled(nodes: Rule, exp: Any, if_negative: Any, arguments: Sequence[Any]) -> Any:
    """The sum over all nodes as one expression of another tool."""
    start, slope, centre = arguments
    total = 0.0
    for place, weight in zip(nodes.place.tolist(), nodes.weight.tolist(), strict=True):
        z = centre + place
        scaled = erfcx_by(start - z * slope, exp, if_negative)
        total = total + weight * exp(-0.5 * z * z) / (scaled * scaled)
    return 2 / math.pi * DENSITY * total


def _straight(nodes: Rule) -> tuple[Any, Any, Any]:
    """What the unrolled sum takes: start and slope of the argument of erfcx, and the centre."""
    q, kappa = points()
    scale = 1 / np.sqrt(2 * (1 - q))
    return kappa * scale, np.sqrt(q) * scale, nodes.centre_of(q, kappa)


def _heyoka(nodes: Rule) -> Call:
    heyoka = import_module("heyoka")
    arguments = heyoka.make_vars("start", "slope", "centre")

    def if_negative(x: Any, yes: Any, no: Any) -> Any:
        return heyoka.select(heyoka.lt(x, 0.0), yes, no)

    total = _unrolled(nodes, heyoka.exp, if_negative, arguments)
    function = heyoka.cfunc([total], arguments, fast_math=True)
    return lambda: function(np.stack(_straight(nodes)))[0]


def _symengine(nodes: Rule) -> Call:
    symengine = import_module("symengine")
    arguments = symengine.symbols("start slope centre")

    def if_negative(x: Any, yes: Any, no: Any) -> Any:
        return symengine.Piecewise((yes, x < 0), (no, True))

    total = _unrolled(nodes, symengine.exp, if_negative, arguments)
    function = symengine.Lambdify(arguments, [total], backend="llvm", cse=True)
    return lambda: function(np.stack(_straight(nodes), axis=1))[:, 0]


def _c(nodes: Rule, name: str) -> Call:
    types = (c.LONG, c.ARRAY, c.ARRAY, c.LONG, *[c.ARRAY] * 3)
    macros = nodes.macro() if nodes.moving else None
    function, given = c.function("gardner", name, types, macros=macros), points()

    def call() -> Any:
        out = np.empty(POINTS)
        function(POINTS, *given, len(nodes), nodes.place, nodes.weight, out)
        return out

    return call


def _quad_vec() -> Call:
    q, kappa = points()
    start, slope = kappa / np.sqrt(2 * (1 - q)), np.sqrt(q / (2 * (1 - q)))

    def integrand(z: float) -> Any:
        return math.exp(-z * z / 2) / erfcx(start - z * slope) ** 2

    def call() -> Any:
        with np.errstate(over="ignore"):
            mean, _ = quad_vec(integrand, -9, 9, epsabs=1e-12, epsrel=1e-12, norm="max")
        return 2 / math.pi * DENSITY * mean

    return call


def _quad(q: float, kappa: float) -> float:
    scale = 1 / math.sqrt(2 * (1 - q))
    start, slope = kappa * scale, math.sqrt(q) * scale

    def integrand(z: float) -> float:
        return float(math.exp(-z * z / 2) * (1 / erfcx(start - z * slope)) ** 2)

    return float(
        2 / math.pi * DENSITY * quad(integrand, -9, 9, epsabs=1e-14, epsrel=1e-13, limit=200)[0]
    )


def _ours(backend: str) -> Call:
    compiled, given = kernel(backend), points()
    return lambda: compiled(*given)


# -- the workloads -------------------------------------------------------------------------------


def _prepare() -> Prepared:
    nodes, part = rule(), len(SAMPLE) / POINTS
    lambdified = "lambdify with SciPy's erfcx, in blocks"
    candidates = present(
        Offer(lambdified, lambda: _lambdify(nodes)),
        *on_backends(_ours),
        Offer(c.HAND, lambda: _c(nodes, "gardner_moving")),
        Offer("numba, plain loops", lambda: _numba(nodes, fast=False)),
        Offer("numba, plain loops, fastmath", lambda: _numba(nodes, fast=True)),
        Offer("jax.jit", lambda: _jax(nodes)),
        Offer("heyoka, cfunc of the unrolled sum", lambda: _heyoka(nodes)),
        Offer("symengine, LLVM, unrolled sum", lambda: _symengine(nodes)),
        Offer("SciPy quad_vec, its own nodes", _quad_vec),
        Offer(
            f"SciPy quad, {len(SAMPLE)} points scaled",
            lambda: at_some(_quad, points(), SAMPLE),
            part,
        ),
        Offer(
            f"mpmath quad, {len(SAMPLE)} points scaled",
            lambda: at_some(exact, points(), SAMPLE),
            part,
        ),
    )
    groups = {"C": [c.HAND], "lambdify": [lambdified], "others": others(candidates)}
    return Prepared(candidates, lambdified, judge(), groups)


def _fixed_rules() -> Prepared:
    names = ["lambdify, 128 Gauss-Hermite", "lambdify, 320 even nodes"]
    hand = f"{c.HAND}, 320 even nodes"
    candidates = present(
        Offer(f"{names[0]}, all at once", lambda: _lambdify(gauss_hermite(128), AT_ONCE)),
        Offer(names[0], lambda: _lambdify(gauss_hermite(128))),
        Offer(names[1], lambda: _lambdify(even_nodes(320))),
        Offer(hand, lambda: _c(even_nodes(320), "gardner_fixed")),
        *on_backends(_ours),
    )
    return Prepared(candidates, names[0], judge(), {"C": [hand], "lambdify": names})


WORKLOADS = [
    Workload("gardner_average", f"W3: <(G/H)^2>, q <= 0.99, {POINTS:.0e} (q, kappa)", _prepare, 5),
    Workload("gardner_average_rules", "W3 by rules that do not move", _fixed_rules, 5),
]
