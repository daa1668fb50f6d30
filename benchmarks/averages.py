"""Gaussian averages on grids: kernels that choose their rule against 128 Gauss-Hermite nodes.

The map of the variance through one layer of a wide network and that of the correlation of two
inputs (B. Poole et al. 2016), and the average in the saddle-point equation of the capacity of the
perceptron (E. Gardner 1988).  By hand the integrand is made a function by lambdify and evaluated
at all points and nodes at once, as is usual; of the ratio of Gaussian density and tail by the
scaled complementary error function, for with the textbook's formula the result would not be finite.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from mpmath import mp
from scipy.special import erfcx
from sympy import Function, erfc, exp, lambdify, pi, sqrt, symbols, tanh

import derive as dv
import numerics as nm
from benchmarks.harness import Candidate, Prepared, Workload, relative_error

NODES = 128
GRID = 300  # of the variance map
PAIRS = 100  # of the correlation map
POINTS = 100_000  # of the capacity

Arrays = tuple[Any, ...]


def _nodes() -> Arrays:
    """Nodes and weights for an average over a standard normal."""
    z, weights = np.polynomial.hermite_e.hermegauss(NODES)
    return z, weights / np.sqrt(2 * np.pi)


def _broadcast(function: Callable[..., Any], points: Arrays) -> Callable[[], Any]:
    """The integrand at all points and nodes at once."""
    z, weights = _nodes()

    def call() -> Any:
        with np.errstate(over="ignore"):
            return function(z, *(p[..., None] for p in points)) @ weights

    return call


def _line(function: Callable[..., Any], *breaks: Any) -> Any:
    """The average of a function over a standard normal in mpmath, by panels of unit length."""
    ends = sorted({mp.mpf(k) for k in range(-12, 13)} | set(breaks))
    return mp.quad(lambda z: function(z) * mp.npdf(z), ends)


# -- the variance of a layer ---------------------------------------------------------------------


def _variance_map() -> Prepared:
    z, V, weight, bias = symbols("z V sigma_w sigma_b", real=True)
    mean = dv.GaussianAverage(tanh(sqrt(V) * z) ** 2, z)
    kernel = nm.compile(weight**2 * mean + bias**2, arguments=(V, weight, bias))
    widths, biases = np.linspace(0.5, 4, GRID)[:, None], np.linspace(0.05, 1, GRID)
    variance = 0.6 * widths**2 + biases**2  # as after a step from a variance of one
    points = variance, widths * np.ones(GRID), biases * np.ones((GRID, 1))
    integrand = lambdify((z, V), tanh(sqrt(V) * z) ** 2)
    average = _broadcast(integrand, (variance,))

    def exact(v: Any, w: Any, b: Any) -> Any:
        return w**2 * _line(lambda t: mp.tanh(mp.sqrt(v) * t) ** 2) + b**2

    flat = [p.ravel() for p in points]
    judge = relative_error(exact, *flat, at=range(0, GRID**2, 4001), digits=25)
    return Prepared(
        [
            Candidate("lambdify, 128 nodes", lambda: points[1] ** 2 * average() + points[2] ** 2),
            Candidate("numpy backend", lambda: kernel(*points)),
        ],
        reference="lambdify, 128 nodes",
        error=lambda result: judge(np.ravel(result)),
    )


# -- the correlation of two inputs ---------------------------------------------------------------


def _correlation_map() -> Prepared:
    x, y, V, c = symbols("x y V c", real=True)
    mean = dv.GaussianAverage(tanh(x) * tanh(y), (x, y), covariance=[[V, c * V], [c * V, V]])
    kernel = nm.compile(mean, arguments=(V, c))
    variances, overlaps = np.linspace(0.1, 4, PAIRS)[:, None], np.linspace(0, 0.99, PAIRS)
    pairs = np.broadcast_arrays(variances, overlaps)
    first, second = tanh(sqrt(V) * x), tanh(sqrt(V) * (c * x + sqrt(1 - c**2) * y))
    integrand = lambdify((x, y, V, c), first * second)
    z, weights = _nodes()

    def by_hand() -> Any:
        found = integrand(z[:, None], z, pairs[0][..., None, None], pairs[1][..., None, None])
        return found @ weights @ weights

    def exact(v: Any, r: Any) -> Any:
        """By the trapezoid rule, which converges exponentially for the product."""
        step, root, rest = mp.mpf(1) / 16, mp.sqrt(v), mp.sqrt(1 - r**2)
        places = [k * step for k in range(-160, 161)]
        held = [(t, step * mp.npdf(t)) for t in places]
        return sum(
            a * mp.tanh(root * s) * sum(b * mp.tanh(root * (r * s + rest * t)) for t, b in held)
            for s, a in held
        )

    judge = relative_error(exact, *(p.ravel() for p in pairs), at=(150, 4444, 9899), digits=20)
    return Prepared(
        [
            Candidate("lambdify, 128 x 128 nodes", by_hand),
            Candidate("numpy backend", lambda: kernel(*pairs)),
        ],
        reference="lambdify, 128 x 128 nodes",
        error=lambda result: judge(np.ravel(result)),
    )


# -- the capacity of the perceptron --------------------------------------------------------------


def _capacity() -> Prepared:
    z, q, kappa = symbols("z q kappa", real=True)
    tau = (kappa - sqrt(q) * z) / sqrt(1 - q)
    ratio = exp(-(tau**2) / 2) / sqrt(2 * pi) / (erfc(tau / sqrt(2)) / 2)
    kernel = nm.compile(dv.GaussianAverage(ratio**2, z), arguments=(q, kappa))
    rng = np.random.default_rng(0)
    points = rng.uniform(0.01, 0.99, POINTS), rng.uniform(-3, 3, POINTS)
    scaled = sqrt(2 / pi) / Function("erfcx")(tau / sqrt(2))
    integrand = lambdify((z, q, kappa), scaled**2, [{"erfcx": erfcx}, "numpy"])

    def exact(overlap: Any, margin: Any) -> Any:
        root, rest = mp.sqrt(overlap), mp.sqrt(1 - overlap)

        def squared(t: Any) -> Any:
            x = (margin - root * t) / rest
            return (mp.npdf(x) / mp.ncdf(-x)) ** 2

        return _line(squared, margin / root)

    return Prepared(
        [
            Candidate("lambdify with erfcx, 128 nodes", _broadcast(integrand, points)),
            Candidate("numpy backend", lambda: kernel(*points)),
        ],
        reference="lambdify with erfcx, 128 nodes",
        error=relative_error(exact, *points, at=range(0, POINTS, 5003), digits=25),
    )


WORKLOADS = [
    Workload("variance_map", f"sigma_w^2 <tanh^2> + sigma_b^2, {GRID} x {GRID}", _variance_map),
    Workload("correlation_map", f"<tanh tanh>, V <= 4, {PAIRS} x {PAIRS}", _correlation_map),
    Workload("gardner_average", f"<(G/H)^2>, q <= 0.99, {POINTS:.0e} (q, kappa)", _capacity),
]
