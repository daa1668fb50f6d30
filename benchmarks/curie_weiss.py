"""Curie-Weiss free energy and residual on a million points: the kernel against careful hand work.

``f = J m**2/2 - log(2 cosh(beta (J m + h)))/beta`` and ``m - tanh(beta (J m + h))`` in one call.
The second workload is colder: there the textbook formula overflows, and shows an infinite error.
"""

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from mpmath import mp
from sympy import cosh, lambdify, log, symbols, tanh

import numerics as nm
from benchmarks.harness import Candidate, Prepared, Workload, relative_error

POINTS = 1_000_000
BLOCK = 16384
SAMPLE = range(0, POINTS, 10_007)

Arrays = tuple[Any, Any, Any]

C_SOURCE = """
#include <math.h>
void curie_weiss(long n, const double *m, const double *beta, const double *h,
                 double *f, double *g) {
  for (long i = 0; i < n; i++) {
    double x = beta[i] * (m[i] + h[i]), a = fabs(x);
    f[i] = 0.5 * m[i] * m[i] - (a + log1p(exp(-2 * a))) / beta[i];
    g[i] = m[i] - tanh(x);
  }
}
"""


def _points(coldest: float) -> Arrays:
    rng = np.random.default_rng(0)
    m, h = rng.uniform(-1, 1, POINTS), rng.normal(size=POINTS)
    return m, rng.uniform(0.1, coldest, POINTS), h


def _expressions() -> tuple[Any, Any]:
    m, beta, J, h = symbols("m beta J h", real=True)
    field = beta * (J * m + h)
    return (m, beta, J, h), (J * m**2 / 2 - log(2 * cosh(field)) / beta, m - tanh(field))


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


def _lambdify_in_blocks(function: Callable[..., Any], points: Arrays) -> Callable[[], Any]:
    def call() -> Any:
        f, g = np.empty(POINTS), np.empty(POINTS)
        for start in range(0, POINTS, BLOCK):
            part = slice(start, min(start + BLOCK, POINTS))
            m, beta, h = (array[part] for array in points)
            f[part], g[part] = function(m, beta, 1.0, h)
        return f, g

    return call


def _compiled_c(points: Arrays) -> Callable[[], Any] | None:
    """A scalar loop by gcc -O3, where there is gcc."""
    if shutil.which("gcc") is None:
        return None
    folder = Path(tempfile.mkdtemp())
    (folder / "w.c").write_text(C_SOURCE)
    library = folder / "w.so"
    command = ["gcc", "-O3", "-shared", "-fPIC", "-o", str(library), str(folder / "w.c"), "-lm"]
    subprocess.run(command, check=True)
    function = ctypes.CDLL(str(library)).curie_weiss
    shutil.rmtree(folder)
    pointer = np.ctypeslib.ndpointer(np.float64, flags="C_CONTIGUOUS")
    function.argtypes = [ctypes.c_long, *[pointer] * 5]
    function.restype = None

    def call() -> Any:
        f, g = np.empty(POINTS), np.empty(POINTS)
        function(POINTS, *points, f, g)
        return f, g

    return call


def _judge(points: Arrays) -> Callable[[Any], float]:
    """The larger of the two outputs' errors, that of the residual relative to m."""
    free = relative_error(
        lambda m, b, h: m**2 / 2 - mp.log(2 * mp.cosh(b * (m + h))) / b, *points, at=SAMPLE
    )
    update = relative_error(lambda m, b, h: mp.tanh(b * (m + h)), *points, at=SAMPLE)
    return lambda result: max(free(result[0]), update(points[0] - result[1]))


def _prepare(coldest: float) -> Prepared:
    arguments, expressions = _expressions()
    points = _points(coldest)
    m, beta, h = points
    function = lambdify(arguments, expressions, cse=True)
    kernel = nm.compile(list(expressions), arguments=arguments)
    outs = (np.empty(POINTS), np.empty(POINTS))

    def by_lambdify() -> Any:
        with np.errstate(over="ignore"):
            return function(m, beta, 1.0, h)

    in_blocks = _lambdify_in_blocks(function, points)

    def by_lambdify_in_blocks() -> Any:
        with np.errstate(over="ignore"):
            return in_blocks()

    candidates = [
        Candidate("lambdify cse", by_lambdify),
        Candidate("lambdify cse, blocks by hand", by_lambdify_in_blocks),
        Candidate("NumPy by hand, blocks and out=", _by_hand(points)),
        Candidate("numpy backend", lambda: kernel(m, beta, 1.0, h)),
        Candidate("numpy backend, out=", lambda: kernel(m, beta, 1.0, h, out=outs)),
    ]
    scalar_loop = _compiled_c(points)
    if scalar_loop is not None:
        candidates.append(Candidate("C scalar loop, gcc -O3", scalar_loop))
    return Prepared(candidates, reference="lambdify cse", error=_judge(points))


WORKLOADS = [
    Workload(
        "curie_weiss",
        "W1: f and m - tanh(beta (J m + h)), 1e6 points, beta up to 10",
        lambda: _prepare(10.0),
    ),
    Workload(
        "curie_weiss_cold",
        "the same, beta up to 1e4: textbook formulas overflow",
        lambda: _prepare(1e4),
    ),
]
