"""The Hessian of a network with a symbol for each of its parameters, derived and evaluated.

By hand it is SymPy's, entry by entry, made one function by lambdify with common subexpressions
taken out: `simplify` would not end. The networks have two inputs, two layers with tanh and one
output; the loss is the mean of log(1 + exp(o)) - y o over the rows of XOR. By hand the one with 45
parameters takes minutes to derive, so that its time stands beside that of one with 15.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sympy import Expr, Symbol, diff, exp, lambdify, log, symbols, tanh
from sympy.core.cache import clear_cache

import numerics as nm
from benchmarks.harness import Candidate, Prepared, Workload

ROWS = (((0, 0), 0), ((0, 1), 1), ((1, 0), 1), ((1, 1), 0))
SMALL, LARGE = (2, 2), (8, 2)  # units of the two layers: 15 and 45 parameters
POINTS = 1000


def _layer(theta: list[Symbol], inputs: Sequence[Any], size: int) -> list[Any]:
    """The fields of a layer; it takes its parameters from the front of the list."""
    fields = []
    for _ in range(size):
        *weights, bias = theta[: len(inputs) + 1]
        del theta[: len(inputs) + 1]
        fields.append(sum(w * x for w, x in zip(weights, inputs, strict=True)) + bias)
    return fields


def _output(theta: Sequence[Any], x: Sequence[Any], hidden: Sequence[int], squash: Any) -> Any:
    left, values = list(theta), list(x)
    for size in hidden:
        values = [squash(h) for h in _layer(left, values, size)]
    return _layer(left, values, 1)[0]


def _loss(hidden: Sequence[int]) -> tuple[list[Symbol], Expr]:
    count = sum((a + 1) * b for a, b in zip((2, *hidden), (*hidden, 1), strict=True))
    theta = list(symbols(f"theta:{count}", real=True))
    loss: Any = 0
    for x, y in ROWS:
        o = _output(theta, x, hidden, tanh)
        loss += log(1 + exp(o)) - y * o
    return theta, loss / len(ROWS)


def _entry_by_entry(theta: list[Symbol], loss: Expr) -> list[Expr]:
    slopes = [diff(loss, t) for t in theta]
    return [diff(slopes[a], theta[b]) for a in range(len(theta)) for b in range(a + 1)]


def _derived() -> Prepared:
    theta, loss = _loss(SMALL)
    kernels: dict[Any, nm.Kernel] = {
        hidden: nm.compile(_loss(hidden)[1]) for hidden in (SMALL, LARGE)
    }

    def by_hand() -> Callable[..., Any]:
        clear_cache()
        return lambdify(theta, _entry_by_entry(theta, loss), cse=True)

    def by_tape(hidden: Sequence[int]) -> Callable[[], Any]:
        def call() -> Any:
            clear_cache()
            return kernels[tuple(hidden)].hessian()

        return call

    return Prepared(
        [
            Candidate("diff and lambdify cse, 15 parameters", by_hand),
            Candidate("kernel.hessian(), 15 parameters", by_tape(SMALL)),
            Candidate("kernel.hessian(), 45 parameters", by_tape(LARGE)),
        ],
        reference="diff and lambdify cse, 15 parameters",
    )


def _evaluated() -> Prepared:
    theta, loss = _loss(SMALL)
    kernel = nm.compile(loss, arguments=theta).hessian()
    function = lambdify(theta, _entry_by_entry(theta, loss), cse=True)
    points = np.random.default_rng(0).normal(size=(len(theta), POINTS))
    lower = np.tril_indices(len(theta))

    def by_hand() -> Any:
        found = np.empty((POINTS, len(theta), len(theta)))
        for a, b, entry in zip(*lower, function(*points), strict=True):
            found[:, a, b] = found[:, b, a] = entry
        return found

    return Prepared(
        [
            Candidate("lambdify cse", by_hand),
            Candidate("numpy backend", lambda: kernel(*points)),
        ],
        reference="lambdify cse",
        error=_judge(points),
    )


def _judge(points: Any) -> Callable[[Any], float]:
    """The largest error at the first point, relative to the largest entry, by differences."""
    from mpmath import mp

    def loss_at(theta: Sequence[Any]) -> Any:
        whole = mp.mpf(0)
        for x, y in ROWS:
            o = _output(theta, x, SMALL, mp.tanh)
            whole += mp.log(1 + mp.exp(o)) - y * o
        return whole / len(ROWS)

    count = len(points)
    with mp.workdps(80):
        here, step = [mp.mpf(float(x)) for x in points[:, 0]], mp.mpf(10) ** -20

        def moved(*places: int) -> Any:
            return loss_at([x + step * places.count(k) for k, x in enumerate(here)])

        origin, once = moved(), [moved(k) for k in range(count)]
        true = np.array(
            [
                [float((moved(a, b) - once[a] - once[b] + origin) / step**2) for b in range(count)]
                for a in range(count)
            ]
        )
    return lambda found: float(np.max(np.abs(found[0] - true)) / np.max(np.abs(true)))


WORKLOADS = [
    Workload("hessian_derived", "all second derivatives of a network, derived", _derived),
    Workload("hessian_evaluated", f"120 of them at {POINTS} points", _evaluated),
]
