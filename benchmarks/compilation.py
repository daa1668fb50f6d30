"""What a user waits for when a kernel is compiled: from nothing, and from the cache on disk.

In fresh processes: the seconds of `compile` and of the first call, after what Python imports. From
nothing, the cache is an empty folder; from the cache, one that such a process has filled.
"""

import tempfile
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks import correlation_map, curie_weiss, gardner, soft_committee, variance_map
from benchmarks.elsewhere import elsewhere
from benchmarks.harness import Elsewhere, Offer, Prepared, Workload, present
from benchmarks.peers import on_backend

FOLDER = "SADDLEPOINT_CACHE_DIR"


def _few(points: Any) -> list[Any]:
    return [np.ascontiguousarray(p[:1000]) for p in points]


def _committee(units: int, backend: str) -> Any:
    rng = np.random.default_rng(0)
    student = rng.normal(size=(units, 50)) / 10
    q, r, t = student @ student.T, 0.1 * np.eye(units), np.eye(units)
    return soft_committee.kernel(backend)(R=r, Q=(q + q.T) / 2, T=t, eta=0.5)


def _curie_weiss(backend: str) -> Any:
    m, beta, h = curie_weiss.random_points(10.0)
    return curie_weiss.kernel(backend)(*_few((m, beta)), h[:1000])


FIRST: dict[str, Callable[[str], Any]] = {
    "W1": _curie_weiss,
    "W2": lambda backend: variance_map.kernel(backend)(*_few(variance_map.points())),
    "W2b": lambda backend: correlation_map.kernel(backend)(*_few(correlation_map.points())),
    "W3": lambda backend: gardner.kernel(backend)(*_few(gardner.points())),
    **{f"W4, K = M = {units}": partial(_committee, units) for units in (2, 4, 8, 16)},
}


def timed(job: str, backend: str) -> tuple[float, None]:
    """In a fresh process: the seconds until there is a first result, without imports."""
    if backend == "numba":
        import numba  # noqa: F401
    start = time.perf_counter()
    FIRST[job](backend)
    return time.perf_counter() - start, None


def _from_nothing(job: str) -> Elsewhere:
    with tempfile.TemporaryDirectory() as folder:
        return elsewhere(__name__, "timed", job, "numba", environment={FOLDER: folder})


def _prepare(job: str) -> Prepared:
    on_backend(lambda: FIRST[job]("numba"))
    filled = tempfile.TemporaryDirectory()
    elsewhere(__name__, "timed", job, "numba", environment={FOLDER: filled.name})

    def from_cache() -> Elsewhere:
        return elsewhere(__name__, "timed", job, "numba", environment={FOLDER: filled.name})

    candidates = present(
        Offer("numpy backend", lambda: lambda: elsewhere(__name__, "timed", job, "numpy")),
        Offer("numba backend, from nothing", lambda: lambda: _from_nothing(job)),
        Offer("numba backend, from the cache", lambda: from_cache),
    )
    return Prepared(candidates, "numpy backend")


def _name(job: str) -> str:
    return f"first_call_{job.replace(', K = M = ', '_')}"


WORKLOADS = [
    Workload(
        _name(job), f"{job}: compile and call once, in a fresh process", partial(_prepare, job), 3
    )
    for job in FIRST
]
