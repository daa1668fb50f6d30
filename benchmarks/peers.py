"""What the workloads share in calling other tools, each at its best honest use.

A helper imports its tool when it is called, so that an absent tool is the absence of a candidate.
"""

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import Any

import numpy as np

import numerics as nm
from benchmarks.harness import Absent, Candidate, Offer

BLOCK = 16384  # elements, of points times nodes: a few such arrays stay in a second-level cache
AT_ONCE = 2**40  # elements, of a block for all points
BACKENDS = ("numpy", "numba", "jax")
OTHERS = ("numba,", "jax.jit", "jax odeint", "heyoka", "symengine", "SciPy", "NumPy by hand")

Call = Callable[[], Any]


def on_backend(make: Callable[[], Any]) -> Any:
    """What is compiled for one backend of ours.

    Raises
    ------
    Absent
        If the backend is not there, or cannot do this.
    """
    try:
        return make()
    except (nm.NumericsError, TypeError) as reason:
        raise Absent(reason) from reason


def on_backends(make: Callable[[str], Call], more: str = "") -> list[Offer]:
    """The same job on each backend of ours; `make` gets its name, and compiles."""

    def offer(backend: str) -> Offer:
        def prepared() -> Call:
            call: Call = on_backend(lambda: make(backend))
            on_backend(call)
            return call

        return Offer(f"{backend} backend{more}", prepared)

    return [offer(backend) for backend in BACKENDS]


def others(candidates: Sequence[Candidate]) -> list[str]:
    """The names of those that are neither ours nor C nor made by lambdify alone."""
    names = [candidate.name for candidate in candidates]
    return [name for name in names if name.startswith(OTHERS) and "lambdify" not in name]


def in_blocks(
    function: Callable[..., Any], points: Sequence[Any], nodes: int, block: int = BLOCK
) -> Call:
    """A function of flat arrays, a block of points at a time."""
    total, size = len(points[0]), max(1, block // nodes)

    def call() -> Any:
        out = np.empty(total)
        with np.errstate(over="ignore", under="ignore"):
            for start in range(0, total, size):
                part = slice(start, start + size)
                out[part] = function(*(p[part] for p in points))
        return out

    return call


def at_some(function: Callable[..., Any], points: Sequence[Any], at: Iterable[int]) -> Call:
    """A function of numbers, where results are judged only; elsewhere nan."""
    chosen = list(at)

    def call() -> Any:
        out = np.full(len(points[0]), np.nan)
        for k in chosen:
            out[k] = float(function(*(float(p[k]) for p in points)))
        return out

    return call


def compiled_loops(function: Callable[..., Any], fast: bool) -> Callable[..., Any]:
    """Plain loops as numba compiles them, with its fastmath or without."""
    numba = import_module("numba")
    made: Callable[..., Any] = numba.njit(fastmath=fast, error_model="numpy")(function)
    return made


def jax_in_double() -> tuple[Any, Any]:
    """JAX and its NumPy, in double precision."""
    jax = import_module("jax")
    jax.config.update("jax_enable_x64", True)
    return jax, import_module("jax.numpy")


def jitted(function: Callable[..., Any], *points: Any) -> Call:
    """A function of arrays by jax.jit; the arrays lie where JAX wants them."""
    jax, jnp = jax_in_double()
    held, compiled = [jnp.asarray(p) for p in points], jax.jit(function)
    return lambda: jax.block_until_ready(compiled(*held))


def by_heyoka(expressions: Sequence[Any], arguments: Sequence[Any], points: Sequence[Any]) -> Call:
    """SymPy's expressions by heyoka's cfunc, over rows of arguments."""
    heyoka = import_module("heyoka")
    names = [heyoka.expression(str(a)) for a in arguments]
    made = heyoka.cfunc([heyoka.from_sympy(e) for e in expressions], names, fast_math=True)
    rows, out = np.stack(points), np.empty((len(expressions), len(points[0])))
    return lambda: np.squeeze(made(rows, outputs=out))


def by_symengine(
    expressions: Sequence[Any], arguments: Sequence[Any], points: Sequence[Any]
) -> Call:
    """SymPy's expressions by symengine's Lambdify with LLVM, over columns of arguments."""
    symengine = import_module("symengine")
    if not symengine.have_llvm:
        raise Absent("symengine was built without LLVM")
    made = symengine.Lambdify(
        list(arguments), [symengine.sympify(e) for e in expressions], backend="llvm", cse=True
    )
    columns, out = np.stack(points, axis=1), np.empty((len(points[0]), len(expressions)))

    def call() -> Any:
        made(columns, out=out)
        return np.squeeze(out.T)

    return call
