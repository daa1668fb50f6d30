"""W4: the right-hand side of the flow of a soft committee's order parameters, with erf units.

R (K, M) and Q (K, K) of D. Saad and S. A. Solla (1995).  Our kernel has its sums as loops, for any
K and M; what other tools take is the sum written out for one K and M.  States one at a time, as
an integrator of one trajectory needs them, and many in one call.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import cache, partial
from importlib import import_module
from typing import Any
from unittest.mock import patch

import numpy as np
import sympy
from mpmath import mp

import numerics as nm
from benchmarks import c_library as c
from benchmarks.harness import Offer, Prepared, Workload, present
from benchmarks.peers import (
    Call,
    compiled_loops,
    jax_in_double,
    jitted,
    on_backend,
    on_backends,
    others,
)
from benchmarks.soft_committee_forms import Tool, by_arrays, rate_in_loops, written_out
from tests.numerics.soft_committee import equations

STATES, ONE, SAMPLE = 1000, 100, (0, 400, 999)
ETA = 0.5
RUNNER = "numerics.native.runner"
HAND, FAST = "C by hand, gcc -ffast-math", "-ffast-math"  # which makes vectors of the arcsine


@cache
def states(units: int) -> tuple[Any, Any, Any]:
    """R and Q (STATES, K, K) of students near to teachers with T (K, K), K = M."""
    rng = np.random.default_rng(0)
    teacher = np.linalg.qr(rng.normal(size=(50, units)))[0].T
    student = 0.4 * teacher + 0.1 * rng.normal(size=(STATES, units, 50))
    r = student @ teacher.T
    q = student @ np.swapaxes(student, 1, 2)
    q = (q + np.swapaxes(q, 1, 2)) / 2
    return r, q, np.eye(units)


def _symbols(make: Callable[[str], Any], units: int) -> tuple[list[Any], list[Any], list[Any]]:
    """R, Q by its upper triangle, and the flat list of all."""
    names = range(units)
    R = [[make(f"R_{i}_{n}") for n in names] for i in names]
    upper = {(i, k): make(f"Q_{i}_{k}") for i in names for k in range(i, units)}
    Q = [[upper[min(i, k), max(i, k)] for k in names] for i in names]
    return R, Q, [*(x for row in R for x in row), *upper.values()]


def _columns(units: int, count: int = STATES) -> Any:
    """The values of that list for states, one row each."""
    R, Q, _ = states(units)
    upper = np.triu_indices(units)
    return np.concatenate([R.reshape(STATES, -1).T, Q[:, *upper].T])[:, :count]


def expressions(
    tool: Tool, make: Callable[[str], Any], units: int, eta: float = ETA
) -> tuple[list[Any], list[Any]]:
    """All results as expressions of another tool, and their arguments."""
    R, Q, flat = _symbols(make, units)
    dR, dQ = written_out(tool, R, Q, np.eye(units).tolist(), eta)
    return [*dR, *dQ], flat


# -- the candidates ------------------------------------------------------------------------------


@cache
def lambdified(units: int) -> Callable[..., Any]:
    """By lambdify, with common subexpressions once."""
    tool = Tool(sympy.sqrt, sympy.asin, lambda terms: sympy.Add(*terms))
    found, flat = expressions(tool, sympy.Symbol, units)
    made: Callable[..., Any] = sympy.lambdify(flat, found, cse=True)
    return made


def _lambdify(units: int) -> Call:
    function, columns = lambdified(units), _columns(units)
    return lambda: np.stack(function(*columns), axis=1)


def _one_by_one(function: Callable[[Any], Any], rows: Sequence[Any]) -> Call:
    """A function of one state at some states; the others stay without a value."""

    def call() -> Any:
        out: Any = None
        for k, row in enumerate(rows):
            found = function(row)
            out = np.full((STATES, len(found)), np.nan) if out is None else out
            out[k] = found
        return out

    return call


def _lambdify_one(units: int) -> Call:
    function = lambdified(units)
    rows = [[float(x) for x in column] for column in _columns(units, ONE).T]
    return _one_by_one(lambda row: function(*row), rows)


def _heyoka(units: int) -> Call:
    heyoka = import_module("heyoka")
    tool = Tool(heyoka.sqrt, heyoka.asin, lambda terms: heyoka.sum(list(terms)))
    found, flat = expressions(tool, heyoka.expression, units)
    function = heyoka.cfunc(found, flat, fast_math=True, compact_mode=units > 4)
    columns = np.ascontiguousarray(_columns(units))
    return lambda: function(columns).T


def _symengine(units: int) -> Call:
    symengine = import_module("symengine")
    tool = Tool(symengine.sqrt, symengine.asin, lambda terms: symengine.Add(*terms))
    found, flat = expressions(tool, symengine.Symbol, units)
    function = symengine.Lambdify(flat, found, backend="llvm", cse=True)
    rows = np.ascontiguousarray(_columns(units).T)
    return lambda: function(rows)


def _numpy_one(units: int) -> Call:
    R, Q, T = states(units)
    return _one_by_one(
        lambda pair: by_arrays(np, pair[0], pair[1], T, ETA), list(zip(R, Q, strict=True))[:ONE]
    )


def _jax(units: int, together: bool) -> Call:
    jax, jnp = jax_in_double()
    R, Q, T = states(units)

    def one(pair: Any) -> Any:
        return by_arrays(jnp, pair[0], pair[1], jnp.asarray(T), ETA)

    if together:
        return jitted(lambda r, q: jax.lax.map(one, (r, q), batch_size=8), R, Q)
    return jitted(lambda r, q: jax.lax.map(one, (r, q)), R, Q)


def _numba(units: int, fast: bool) -> Call:
    numba, rate = import_module("numba"), compiled_loops(rate_in_loops, fast)
    R, Q, T = states(units)

    @numba.njit
    def all_of_them(R: Any, Q: Any, T: Any, dR: Any, dQ: Any) -> None:
        for s in range(len(R)):
            rate(R[s], Q[s], T, ETA, dR[s], dQ[s])

    def call() -> Any:
        dR, dQ = np.empty_like(R), np.empty_like(Q)
        all_of_them(R, Q, T, dR, dQ)
        return dR, dQ

    return call


def _c(name: str, units: int) -> Call:
    types = (c.LONG, c.LONG, *[c.ARRAY] * 3, c.DOUBLE, c.ARRAY, c.ARRAY)
    function, given = c.function("soft_committee", name, types, (FAST,)), states(units)

    def call() -> Any:
        dR, dQ = np.empty_like(given[0]), np.empty_like(given[1])
        function(STATES, units, *given, ETA, dR, dQ)
        return dR, dQ

    return call


def kernel(backend: str) -> nm.Kernel:
    """For all K and M."""
    return nm.compile(equations(), backend=backend)


def _ours(units: int) -> Callable[[str], Call]:
    def make(backend: str) -> Call:
        compiled, (R, Q, T) = kernel(backend), states(units)
        return lambda: compiled(R=R, Q=Q, T=T, eta=ETA)

    return make


def _ours_one(units: int) -> Call:
    """A call from Python for each state."""
    compiled, (R, Q, T) = on_backend(lambda: kernel("numba")), states(units)

    def at(pair: Any) -> Any:
        dR, dQ = compiled(R=pair[0], Q=pair[1], T=T, eta=ETA)
        return np.concatenate([dR.ravel(), dQ.ravel()])

    on_backend(lambda: at((R[0], Q[0])))
    return _one_by_one(at, list(zip(R, Q, strict=True))[:ONE])


def _unchecked(units: int, one_lane: bool) -> Call:
    """Our machine code as a flow calls it: states are not looked at, and may come one by one."""
    call = on_backend(lambda: _ours(units)("numba"))

    def alone() -> Any:
        with ExitStack() as stack:
            stack.enter_context(patch(f"{RUNNER}.NativeRunner._check_before", lambda *_: None))
            if one_lane:
                stack.enter_context(patch(f"{RUNNER}.lanes_for", lambda *_: (1, 1)))
            return call()

    on_backend(alone)
    return alone


# -- the workloads -------------------------------------------------------------------------------


def _exact(units: int, state: int) -> Any:
    """In mpmath, flat."""
    R, Q, T = ([[mp.mpf(float(x)) for x in row] for row in a] for a in _state(units, state))
    tool = Tool(mp.sqrt, mp.asin, mp.fsum, mp.pi)
    return [x for part in written_out(tool, R, Q, T, mp.mpf(ETA)) for x in part]


def _state(units: int, state: int) -> tuple[Any, Any, Any]:
    R, Q, T = states(units)
    return R[state], Q[state], T


def _flat(result: Any, units: int) -> Any:
    """(STATES, 2 K K) of a pair of arrays, or of columns."""
    if isinstance(result, tuple):
        return np.concatenate([np.reshape(part, (STATES, units**2)) for part in result], axis=1)
    return np.asarray(result)


def _judge(units: int, sample: Sequence[int]) -> Callable[[Any], float]:
    """The largest error of a component of some states, relative to the largest component."""
    with mp.workdps(30):
        truth = {k: _exact(units, k) for k in sample}

    def judge(result: Any) -> float:
        rows, worst = _flat(result, units), mp.mpf(0)
        with mp.workdps(30):
            for k, true in truth.items():
                errors = [abs(mp.mpf(float(x)) - t) for x, t in zip(rows[k], true, strict=True)]
                worst = max(worst, max(errors) / max(map(abs, true)))
        return float(worst)

    return judge


def _one_at_a_time(units: int) -> Prepared:
    part, reference = ONE / STATES, f"lambdify cse, {ONE} calls scaled"
    candidates = present(
        Offer(reference, lambda: _lambdify_one(units), part),
        Offer(f"NumPy by hand, {ONE} calls scaled", lambda: _numpy_one(units), part),
        Offer(f"numba backend, {ONE} calls scaled", lambda: _ours_one(units), part),
        Offer("numba backend, machine code", lambda: _unchecked(units, one_lane=True)),
        Offer(HAND, lambda: _c("soft_committee_states", units)),
        Offer("numba, plain loops", lambda: _numba(units, fast=False)),
        Offer("numba, plain loops, fastmath", lambda: _numba(units, fast=True)),
        Offer("jax.jit, state by state", lambda: _jax(units, together=False)),
    )
    groups = {"C": [HAND], "lambdify": [reference], "others": others(candidates)}
    return Prepared(candidates, reference, _judge(units, (0, ONE // 2)), groups)


def _together(units: int) -> Prepared:
    reference, lanes = "lambdify cse, all states", f"{HAND}, eight lanes"
    candidates = present(
        Offer(reference, lambda: _lambdify(units)),
        *on_backends(_ours(units)),
        Offer("numba backend, machine code", lambda: _unchecked(units, one_lane=False)),
        Offer(lanes, lambda: _c("soft_committee_lanes", units)),
        Offer("jax.jit, eight states", lambda: _jax(units, together=True)),
        Offer("heyoka, cfunc", lambda: _heyoka(units)),
        Offer("symengine, LLVM", lambda: _symengine(units)),
    )
    groups = {"C": [lanes], "lambdify": [reference], "others": others(candidates)}
    return Prepared(candidates, reference, _judge(units, SAMPLE), groups)


def _workloads(units: int) -> list[Workload]:
    job = f"W4: soft committee, K = M = {units}, {STATES} states"
    return [
        Workload(
            f"soft_committee_{units}", f"{job} one at a time", partial(_one_at_a_time, units), 5
        ),
        Workload(
            f"soft_committee_{units}_lanes", f"{job} in one call", partial(_together, units), 5
        ),
    ]


WORKLOADS = [*_workloads(2), *_workloads(8)]
