"""W7: the flow of a soft committee's order parameters to alpha = 1000, erf units, K = M = 2.

D. Saad and S. A. Solla (1995).  From small overlaps through the symmetric plateau to perfect
generalisation; judged on the plateau and as the students specialise, where errors grow.  At one
tolerance; methods of higher order take fewer steps.
"""

import math
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
import sympy
from mpmath import mp
from scipy.integrate import solve_ivp

from benchmarks import c_library as c
from benchmarks.harness import Offer, Prepared, Workload, present
from benchmarks.mpmath_flow import flow_in_mpmath
from benchmarks.peers import Call, compiled_loops, jax_in_double, on_backends, others
from benchmarks.soft_committee import FAST, HAND, expressions
from benchmarks.soft_committee_forms import Tool, by_arrays, rate_in_loops, written_out
from tests.numerics.soft_committee import equations

TIMES = (0.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
JUDGED = 3  # times after the first: later all is at its limit
ETA, RTOL, ATOL, FIRST = 1.0, 1e-8, 1e-10, 1e-3
R = np.array([[0.02, 0.005], [0.004, 0.015]])
Q = np.array([[0.3, 0.01], [0.01, 0.2]])
T = np.eye(2)
START = np.concatenate([R.ravel(), Q.ravel()])
UPPER = np.array([0, 1, 2, 3, 4, 5, 7])  # R and the upper triangle of Q, of R and Q
WHOLE = np.array([0, 1, 2, 3, 4, 5, 5, 6])  # and back


# -- the candidates ------------------------------------------------------------------------------


def _ours(method: str) -> Callable[[str], Call]:
    def make(backend: str) -> Call:
        from numerics.flow import flow

        problem = equations()

        def call() -> Any:
            found = flow(
                problem, TIMES, {"R": R, "Q": Q}, T=T, eta=ETA,
                method=method, rtol=RTOL, atol=ATOL, backend=backend,
            )  # fmt: skip
            parts = [np.asarray(found[name]).reshape(len(TIMES), -1) for name in ("R", "Q")]
            return np.concatenate(parts, axis=1)

        return call

    return make


def _c() -> Call:
    types = (c.LONG, c.ARRAY, c.DOUBLE, c.LONG, c.ARRAY, *[c.DOUBLE] * 3, c.ARRAY)
    function = c.function("soft_committee", "soft_committee_flow", types, (FAST,))
    times = np.array(TIMES)

    def call() -> Any:
        saved = np.empty((len(TIMES), 8))
        saved[0] = START
        function(2, T, ETA, len(times), times, FIRST, RTOL, ATOL, saved)
        return saved

    return call


def _by_scipy(rate: Callable[[float, Any], Any], method: str) -> Call:
    def call() -> Any:
        found = solve_ivp(
            rate, TIMES[::5], START[UPPER], method, t_eval=TIMES, rtol=RTOL, atol=ATOL
        )
        return found.y.T[:, WHOLE]

    return call


def _lambdify(method: str) -> Call:
    tool = Tool(sympy.sqrt, sympy.asin, lambda terms: sympy.Add(*terms))
    found, flat = expressions(tool, sympy.Symbol, 2, ETA)
    function = sympy.lambdify(flat, [found[k] for k in UPPER], modules="math", cse=True)
    return _by_scipy(lambda _, y: function(*y.tolist()), method)


def _symengine() -> Call:
    symengine = import_module("symengine")
    tool = Tool(symengine.sqrt, symengine.asin, lambda terms: symengine.Add(*terms))
    found, flat = expressions(tool, symengine.Symbol, 2, ETA)
    function = symengine.Lambdify(flat, [found[k] for k in UPPER], backend="llvm", cse=True)
    return _by_scipy(lambda _, y: function(y), "DOP853")


def _heyoka(tolerance: float) -> Call:
    heyoka = import_module("heyoka")
    tool = Tool(heyoka.sqrt, heyoka.asin, lambda terms: heyoka.sum(list(terms)))
    found, flat = expressions(tool, heyoka.expression, 2, ETA)
    system = list(zip(flat, [found[k] for k in UPPER], strict=True))
    integrator = heyoka.taylor_adaptive(system, START[UPPER], tol=tolerance)

    def call() -> Any:
        integrator.time, integrator.state[:] = 0.0, START[UPPER]
        return integrator.propagate_grid(list(TIMES))[-1][:, WHOLE]

    return call


STAGES = np.array(
    [
        [1 / 5, 0, 0, 0, 0, 0],
        [3 / 40, 9 / 40, 0, 0, 0, 0],
        [44 / 45, -56 / 15, 32 / 9, 0, 0, 0],
        [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729, 0, 0],
        [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656, 0],
        [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
    ]
)
ERRORS = np.array([-71 / 57600, 0, 71 / 16695, -71 / 1920, 17253 / 339200, -22 / 525, 1 / 40])


def _numba(fast: bool) -> Call:
    """The loop of the C, with the same controller, as one writes it for numba."""
    rate_of = compiled_loops(rate_in_loops, fast)

    def rate(y: Any, dy: Any) -> None:
        parts = y.reshape((2, 2, 2)), dy.reshape((2, 2, 2))
        rate_of(parts[0][0], parts[0][1], T, ETA, parts[1][0], parts[1][1])

    compiled_rate = compiled_loops(rate, fast)

    def loops(times: Any, saved: Any) -> None:
        y, t, h, k = saved[0].copy(), times[0], FIRST, np.empty((7, 8))
        compiled_rate(y, k[0])
        for at in range(1, len(times)):
            while t < times[at]:
                step = min(h, times[at] - t)
                for stage in range(6):
                    new = y.copy()
                    for j in range(stage + 1):
                        new += step * STAGES[stage, j] * k[j]
                    compiled_rate(new, k[stage + 1])
                squares = 0.0
                for i in range(8):
                    d = 0.0
                    for j in range(7):
                        d += ERRORS[j] * k[j, i]
                    scale = ATOL + RTOL * max(abs(y[i]), abs(new[i]))
                    squares += (step * d / scale) ** 2
                error = math.sqrt(squares / 8)
                factor = 10.0 if error == 0 else 0.9 * error**-0.2
                if error < 1:
                    t = times[at] if step < h else t + step
                    y[:], k[0] = new, k[6]
                    grown = step * min(factor, 10.0)
                    h = max(h, grown) if step < h else grown
                else:
                    h = step * max(factor, 0.2)
            saved[at] = y

    function, times = compiled_loops(loops, fast), np.array(TIMES)

    def call() -> Any:
        saved = np.empty((len(TIMES), 8))
        saved[0] = START
        function(times, saved)
        return saved

    return call


def _jax() -> Call:
    jax, jnp = jax_in_double()
    ode = import_module("jax.experimental.ode")

    def rate(y: Any, _: Any) -> Any:
        return by_arrays(jnp, y[:4].reshape(2, 2), y[4:].reshape(2, 2), jnp.eye(2), ETA)

    solved = jax.jit(lambda y, t: ode.odeint(rate, y, t, rtol=RTOL, atol=ATOL))
    start, times = jnp.asarray(START), jnp.asarray(TIMES)
    return lambda: np.asarray(solved(start, times))


# -- the workload --------------------------------------------------------------------------------


@cache
def _truth() -> Any:
    """The states at the judged times, by mpmath."""
    tool = Tool(mp.sqrt, mp.asin, mp.fsum, mp.pi)

    def rate(y: Sequence[Any]) -> list[Any]:
        r, q = ([y[k : k + 2], y[k + 2 : k + 4]] for k in (0, 4))
        return [x for part in written_out(tool, r, q, T.tolist(), ETA) for x in part]

    found = flow_in_mpmath(rate, START.tolist(), TIMES[1 : JUDGED + 1])
    return np.array(found, dtype=float)


def _error(found: Any) -> float:
    """The largest error; the order parameters are of order one."""
    return float(np.max(np.abs(np.asarray(found)[1 : JUDGED + 1] - _truth())))


def _prepare() -> Prepared:
    reference = "SciPy RK45, lambdify cse"
    higher = "SciPy DOP853, lambdify cse"
    hand = f"{HAND}, Dormand-Prince 5"
    candidates = present(
        Offer(reference, lambda: _lambdify("RK45")),
        Offer(higher, lambda: _lambdify("DOP853")),
        Offer("SciPy LSODA, lambdify cse", lambda: _lambdify("LSODA")),
        Offer("SciPy DOP853, symengine LLVM", _symengine),
        *on_backends(_ours("RK45"), ", flow RK45"),
        *on_backends(_ours("DOP853"), ", flow DOP853"),
        Offer(hand, _c),
        Offer("numba, plain loops, Dormand-Prince 5", lambda: _numba(fast=False)),
        Offer("numba, the same, fastmath", lambda: _numba(fast=True)),
        Offer("jax odeint, Dormand-Prince 5", _jax),
        Offer("heyoka, Taylor, tol 1e-8", lambda: _heyoka(1e-8)),
        Offer("heyoka, Taylor, tol 1e-15", lambda: _heyoka(1e-15)),
    )
    groups = {"C": [hand], "lambdify": [reference, higher], "others": others(candidates)}
    return Prepared(candidates, reference, _error, groups)


WORKLOADS = [
    Workload(
        "soft_committee_flow", "W7: the flow to alpha = 1000, K = M = 2, rtol 1e-8", _prepare, 5
    ),
]
