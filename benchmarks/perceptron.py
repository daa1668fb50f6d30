"""The overlap of solutions of a perceptron, q(alpha, kappa), on a grid: W6.

E. Gardner's saddle-point equation (J. Phys. A 21, 257 (1988)), q = alpha (1 - q) <(G/H)^2>, is
solved by `solve` from its free entropy, and by programs as they are written by hand: the integrand
and its derivative made functions by lambdify, summed over the nodes of one rule for all points, row
by row, in a vectorised Newton iteration with an active set; Picard's iteration; and, at some
points, SciPy's quad and brentq.  All by the scaled complementary error function.
"""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from mpmath import mp
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import erfcx, ndtr
from sympy import Function, Heaviside, Symbol, erfc, exp, lambdify, log, pi, sqrt, symbols

import derive as dv
import numerics as nm
from benchmarks.harness import Candidate, Prepared, Workload, relative_error
from derive.saddle.free_entropy import FreeEntropy

GRID = 300
FEW = 10
MARGINS = (-0.5, 1.5)
FRACTIONS = (0.02, 0.95)  # of the capacity
ROOT = np.sqrt(2 / np.pi)


def _free_entropy() -> FreeEntropy:
    q, kappa, x = symbols("q kappa x", real=True)
    alpha = Symbol("alpha", positive=True)
    tail = erfc((kappa - x) / sqrt(2 * (1 - q))) / 2
    energy = alpha * dv.GaussianAverage(log(tail), x, covariance=q)
    return FreeEntropy(energy + log(2 * pi) / 2 + log(1 - q) / 2 + 1 / (2 * (1 - q)), q, -1)


def _points(count: int) -> tuple[Any, Any]:
    """Loads and margins (count, count)."""
    kappa = np.linspace(*MARGINS, count)
    density = np.exp(-(kappa**2) / 2) / np.sqrt(2 * np.pi)
    capacity = 1 / ((1 + kappa**2) * ndtr(kappa) + kappa * density)
    alpha = np.linspace(*FRACTIONS, count)[:, None] * capacity
    return alpha, np.broadcast_to(kappa, alpha.shape)


# -- by hand -------------------------------------------------------------------------------------


def _by_lambdify() -> Callable[..., Any]:
    """The integrands of <(G/H)^2> and of (1 - q) d/dq of it: h^2 (h - tau)(3 h - tau) - h^2."""
    z, q, kappa = symbols("z q kappa", real=True)
    tau = (kappa - sqrt(q) * z) / sqrt(1 - q)
    h = sqrt(2 / pi) / Function("erfcx")(tau / sqrt(2))
    pair = (h**2, h**2 * ((h - tau) * (3 * h - tau) - 1))
    return np.errstate(over="ignore")(
        lambdify((z, q, kappa), pair, [{"erfcx": erfcx}, "numpy"], cse=True)
    )


def _trapezoid(count: int) -> tuple[Any, Any]:
    z = np.linspace(-8.7, 8.7, count)
    return z, (z[1] - z[0]) * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)


def _gauss_hermite(count: int) -> tuple[Any, Any]:
    z, weights = np.polynomial.hermite_e.hermegauss(count)
    return z, weights / np.sqrt(2 * np.pi)


def _newton(nodes: tuple[Any, Any], alpha: Any, kappa: Any) -> Callable[[], Any]:
    """In u = -log(1 - q), so that no step leaves the interval; rows of the grid warm each other."""
    (z, weights), integrands = nodes, _by_lambdify()

    def call() -> Any:
        found, start = np.empty_like(alpha), np.full(alpha.shape[1], 1e-2)
        for row in range(len(alpha)):
            q, active = start.copy(), np.arange(alpha.shape[1])
            for _ in range(60):
                first, second = integrands(z, q[active, None], kappa[row, active, None])
                a, e = alpha[row, active], 1 - q[active]
                value = q[active] / e - a * (first @ weights)
                slope = 1 / e - a * (second @ weights)
                u = -np.log(e)
                step = np.maximum(np.clip(-value / slope, -2, 2), -0.75 * u)
                q[active] = -np.expm1(-(u + step))
                active = active[np.abs(step) > 1e-9]
                if not active.size:
                    break
            found[row] = start = q
        return found

    return call


def _picard(nodes: tuple[Any, Any], alpha: Any, kappa: Any) -> Callable[[], Any]:
    """q/(1 - q) = alpha <(G/H)^2>, iterated for all points of a row."""
    (z, weights), integrands = nodes, _by_lambdify()

    def call() -> Any:
        found, start = np.empty_like(alpha), np.full(alpha.shape[1], 1e-2)
        for row in range(len(alpha)):
            q, active = start.copy(), np.arange(alpha.shape[1])
            while active.size:
                first, _ = integrands(z, q[active, None], kappa[row, active, None])
                odds = alpha[row, active] * (first @ weights)
                new = odds / (1 + odds)
                moved = np.abs(new - q[active])
                q[active] = new
                active = active[moved > 1e-13]
            found[row] = start = q
        return found

    return call


def _by_scipy(alpha: Any, kappa: Any) -> Callable[[], Any]:
    def residual(q: float, a: float, k: float) -> float:
        def integrand(z: float) -> float:
            tau = (k - np.sqrt(q) * z) / np.sqrt(1 - q)
            return float((ROOT / erfcx(tau / np.sqrt(2))) ** 2 * np.exp(-z * z / 2))

        mean = quad(integrand, -9, 9, epsabs=1e-13, epsrel=1e-12, limit=200)[0]
        return float(q / (1 - q) - a * mean / np.sqrt(2 * np.pi))

    def root(a: float, k: float) -> float:
        return float(brentq(residual, 1e-9, 1 - 1e-9, args=(a, k), xtol=1e-13, rtol=1e-13))

    return lambda: np.vectorize(root)(alpha, kappa)


def _by_jax(nodes: tuple[Any, Any], alpha: Any, kappa: Any) -> Callable[[], Any]:
    """Newton's method with automatic differentiation, compiled; erfcx by the tail of log_ndtr."""
    jax, jnp = import_module("jax"), import_module("jax.numpy")
    jax.config.update("jax_enable_x64", True)
    z, weights = map(jnp.asarray, nodes)

    def residual(u: Any, a: Any, k: Any) -> Any:
        q = -jnp.expm1(-u)
        tau = (k - jnp.sqrt(q) * z) / jnp.sqrt(1 - q)
        h = jnp.exp(-(tau**2) / 2 - jax.scipy.special.log_ndtr(-tau)) / jnp.sqrt(2 * jnp.pi)
        return q / (1 - q) - a * (h**2 @ weights)

    def root(a: Any, k: Any) -> Any:
        def step(_: Any, u: Any) -> Any:
            value, slope = jax.value_and_grad(residual)(u, a, k)
            return jnp.maximum(u / 4, u - jnp.clip(value / slope, -2, 2))

        return -jnp.expm1(-jax.lax.fori_loop(0, 12, step, 0.5))

    rows = jax.jit(lambda a, k: jax.lax.map(lambda pair: jax.vmap(root)(*pair), (a, k)))
    return lambda: np.asarray(rows(alpha, kappa))


# -- the workloads -------------------------------------------------------------------------------


def _exact(alpha: Any, kappa: Any) -> Any:
    """The root in mpmath, by panels about the place where the integrand turns."""

    def residual(q: Any) -> Any:
        root, rest = mp.sqrt(q), mp.sqrt(1 - q)

        def squared(z: Any) -> Any:
            tau = (kappa - root * z) / rest
            return (mp.npdf(tau) / mp.ncdf(-tau)) ** 2 * mp.npdf(z)

        turn = kappa / root
        near = [turn + side * 2**k * rest for side in (-1, 1) for k in range(-1, 5)]
        ends = sorted({mp.mpf(k) for k in range(-11, 12)} | {p for p in near if abs(p) < 11})
        return q / (1 - q) - alpha * mp.quad(squared, ends)

    start = float(_by_scipy(np.array(float(alpha)), np.array(float(kappa)))())
    return mp.findroot(residual, (start, start * (1 - 1e-9)), tol=1e-30)


def _map() -> Prepared:
    alpha, kappa = _points(GRID)
    problem = _free_entropy()
    trapezoid = _trapezoid(320)
    candidates = [
        Candidate("lambdify, Newton, 320 even nodes", _newton(trapezoid, alpha, kappa)),
        Candidate(
            "lambdify, Newton, 128 Gauss-Hermite", _newton(_gauss_hermite(128), alpha, kappa)
        ),
        Candidate("solve", lambda: nm.solve(problem, alpha=alpha, kappa=kappa)["q"].data[..., 0]),
    ]
    if find_spec("jax") is None:
        print("without a row for JAX, which is not installed")
    else:
        candidates.append(
            Candidate("JAX, Newton, 320 even nodes", _by_jax(trapezoid, alpha, kappa))
        )
    judge = relative_error(
        _exact, alpha.ravel(), kappa.ravel(), at=range(7, GRID**2, 17377), digits=30
    )
    return Prepared(candidates, candidates[0].name, lambda result: judge(np.ravel(result)))


def _few() -> Prepared:
    alpha, kappa = _points(FEW)
    problem = _free_entropy()
    judge = relative_error(_exact, alpha.ravel(), kappa.ravel(), at=range(3, FEW**2, 19), digits=30)
    return Prepared(
        [
            Candidate("SciPy quad and brentq", _by_scipy(alpha, kappa)),
            Candidate("lambdify, Picard, 320 even nodes", _picard(_trapezoid(320), alpha, kappa)),
            Candidate(
                "solve", lambda: nm.solve(problem, alpha=alpha, kappa=kappa)["q"].data[..., 0]
            ),
        ],
        "SciPy quad and brentq",
        lambda result: judge(np.ravel(result)),
    )


def _inverse() -> Prepared:
    """The load at given overlap, alpha(q, kappa): explicit."""
    q, kappa, z = symbols("q kappa z", real=True)
    tau = (kappa - sqrt(q) * z) / sqrt(1 - q)
    ratio = exp(-(tau**2) / 2) / sqrt(2 * pi) / (erfc(tau / sqrt(2)) / 2)
    kernel = nm.compile(q / (1 - q) / dv.GaussianAverage(ratio**2, z), arguments=(q, kappa))
    overlaps, margins = np.linspace(0.01, 0.99, GRID)[:, None], np.linspace(*MARGINS, GRID)
    points = np.broadcast_arrays(overlaps, margins)
    places, weights = _trapezoid(320)
    scaled = sqrt(2 / pi) / Function("erfcx")(tau / sqrt(2))
    integrand = np.errstate(over="ignore")(
        lambdify((z, q, kappa), scaled**2, [{"erfcx": erfcx}, "numpy"], cse=True)
    )

    def by_hand() -> Any:
        rows = [integrand(places, x, margins[:, None]) @ weights for x in overlaps[:, 0]]
        return overlaps / (1 - overlaps) / np.stack(rows)

    def exact(x: Any, k: Any) -> Any:
        root, rest = mp.sqrt(x), mp.sqrt(1 - x)

        def squared(t: Any) -> Any:
            u = (k - root * t) / rest
            return (mp.npdf(u) / mp.ncdf(-u)) ** 2 * mp.npdf(t)

        near = [k / root + side * 2**p * rest for side in (-1, 1) for p in range(-1, 5)]
        ends = sorted({mp.mpf(p) for p in range(-11, 12)} | {p for p in near if abs(p) < 11})
        return x / (1 - x) / mp.quad(squared, ends)

    flat = [p.ravel() for p in points]
    judge = relative_error(exact, *flat, at=range(7, GRID**2, 17377), digits=30)
    return Prepared(
        [
            Candidate("lambdify, 320 even nodes", by_hand),
            Candidate("numpy backend", lambda: kernel(*points)),
        ],
        "lambdify, 320 even nodes",
        lambda result: judge(np.ravel(result)),
    )


def _capacity() -> Prepared:
    """1/alpha_c = <(kappa + z)^2 theta(kappa + z)>, whose closed form is found."""
    kappa, z = symbols("kappa z", real=True)
    kernel = nm.compile(1 / dv.GaussianAverage((kappa + z) ** 2 * Heaviside(kappa + z), z))
    margins = np.linspace(-1, 3, 1000)

    def by_quad() -> Any:
        def mean(k: float) -> float:
            found = quad(lambda t: (k + t) ** 2 * np.exp(-t * t / 2), -k, 12, epsrel=1e-13)[0]
            return float(found / np.sqrt(2 * np.pi))

        return np.array([1 / mean(k) for k in margins])

    def exact(k: Any) -> Any:
        return 1 / ((1 + k**2) * mp.ncdf(k) + k * mp.npdf(k))

    return Prepared(
        [
            Candidate("SciPy quad", by_quad),
            Candidate("numpy backend", lambda: kernel(margins)),
        ],
        "SciPy quad",
        relative_error(exact, margins, at=range(0, 1000, 37)),
    )


WORKLOADS = [
    Workload("perceptron_map", f"W6: q(alpha, kappa), {GRID} x {GRID}", _map),
    Workload("perceptron_points", f"q(alpha, kappa), {FEW} x {FEW}", _few),
    Workload("perceptron_inverse", f"alpha(q, kappa), {GRID} x {GRID}", _inverse),
    Workload("perceptron_capacity", "alpha_c at 1000 margins", _capacity),
]
