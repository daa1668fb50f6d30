"""Candidates for the same job, timed against a named reference in one process on one core.

How to add a workload: write a module ``benchmarks/NAME.py`` with a plain list ``WORKLOADS`` of
``Workload``, and name the module in ``MODULES`` of ``benchmarks/run.py``::

    def prepare() -> Prepared:
        x = np.linspace(-40, 40, 1_000_000)            # inputs are made here, untimed
        kernel = nm.compile(expr)                      # so are compilation and warm-up
        return Prepared(
            candidates=[
                Candidate("lambdify cse", lambda: by_hand(x)),
                Candidate("numpy backend", lambda: kernel(x)),
            ],
            reference="lambdify cse",                  # its ratio is 1 by definition
            error=relative_error(exact, x, at=range(0, x.size, 20_000)),
            against={"lambdify": ["lambdify cse", "lambdify cse in blocks"]},
        )

    WORKLOADS = [Workload("curie_weiss_elementwise", "tanh(beta (J m + h)), 1e6 points", prepare)]

What is measured, for each candidate:

``ratio``       its seconds over the reference's seconds (below 1: faster). The median over rounds;
                within a round the candidates take turns, so that a slow machine is slow for all.
``against``     for each group of candidates, the seconds of the fastest of them over its own
                (above 1: faster): a share of hand-written code, or a gain on another tool.
``seconds``     the median of one call, over the part of the job which that call does.
``error``       what ``Prepared.error`` says of its result; None without a judge.
``memory_mib``  the peak that one call adds: the larger of what tracemalloc and the resident set
                show, for each is blind to some memory. A candidate that works in another process
                measures itself: it returns `Elsewhere`, or says so by ``Candidate.memory``.

A candidate that needs what is not installed is left out, with a line that says why: `present`.
"""

import ctypes
import gc
import os
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

MIB = 2**20


@dataclass(frozen=True)
class Candidate:
    """One way to do the job: `call` does it once and returns the result.

    One that is too slow for the whole job does a `part` of it, a number below 1.
    """

    name: str
    call: Callable[[], Any]
    memory: Callable[[], float] | None = None  # peak in bytes, of work in another process
    part: float = 1.0


@dataclass(frozen=True)
class Elsewhere:
    """What a call returns that worked in another process: seconds and peak bytes measured there."""

    seconds: float
    memory: float
    result: Any = None


class Absent(Exception):
    """Why a candidate cannot be had: what it needs is not installed, or cannot do the job."""


@dataclass(frozen=True)
class Offer:
    """A candidate to be: `make` prepares it and returns its call, or raises."""

    name: str
    make: Callable[[], Callable[[], Any]]
    part: float = 1.0


def present(*offers: Offer) -> list[Candidate]:
    """The candidates that can be had; of the others, a line says why not."""
    found = []
    for offer in offers:
        try:
            found.append(Candidate(offer.name, offer.make(), part=offer.part))
        except (ImportError, Absent) as reason:
            print(f"without {offer.name!r}: {str(reason).splitlines()[0]}")
    return found


@dataclass(frozen=True)
class Prepared:
    """The candidates, ready to be called, with the reference's name and the judge of results.

    `against` names groups of candidates: the fastest of each group is one more reference. Names in
    it that are no candidates are those of absent ones.
    """

    candidates: Sequence[Candidate]
    reference: str
    error: Callable[[Any], float] | None = None
    against: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Workload:
    """A job: its name in the table, one line that says what it is, and how to prepare it."""

    name: str
    meaning: str
    prepare: Callable[[], Prepared]
    rounds: int = 9


@dataclass(frozen=True)
class Measurement:
    """What one candidate showed on one workload."""

    reference: bool
    ratio: float
    seconds: float
    error: float | None
    memory_mib: float
    against: dict[str, float] = field(default_factory=dict)


def one_core() -> int | None:
    """Bind this process, and what it starts, to one core; return it, or None where none can be.

    Call it before NumPy is imported: linear algebra counts the cores it may use when it loads.
    """
    if not hasattr(os, "sched_setaffinity"):
        return None
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core


def relative_error(
    exact: Callable[..., Any], *inputs: Any, at: Iterable[int], digits: int = 40
) -> Callable[[Any], float]:
    """Judge a result by mpmath: the largest relative error on a sample of the points.

    Parameters
    ----------
    exact : callable
        From mpmath numbers, one for each of `inputs`, to the true value there.
    *inputs : arrays
        The flat arrays that the candidates were given.
    at : iterable of int
        The indices of the sample.
    digits : int
        mpmath's working precision.

    Returns
    -------
    callable
        From a candidate's flat result to its largest relative error; absolute where the truth is
        zero, and infinite where the result is not finite.
    """
    from mpmath import mp, mpf

    sample = list(at)
    with mp.workdps(digits):
        truth = [exact(*(mpf(float(values[k])) for values in inputs)) for k in sample]

    def judge(result: Any) -> float:
        worst = mpf(0)
        with mp.workdps(digits):
            for k, true in zip(sample, truth, strict=True):
                value = mpf(float(result[k]))
                if not mp.isfinite(value):
                    return float("inf")
                worst = max(worst, abs(value - true) / (abs(true) or 1))
        return float(worst)

    return judge


def measure(
    workload: Workload,
    rounds: int | None = None,
    shortest: float = 0.02,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Measurement]:
    """Measure every candidate; `shortest` is the least time of one turn in seconds."""
    prepared = workload.prepare()
    by_name = {candidate.name: candidate for candidate in prepared.candidates}
    if len(by_name) < len(prepared.candidates):
        raise ValueError(f"workload {workload.name}: two candidates of one name")
    if prepared.reference not in by_name:
        raise ValueError(f"workload {workload.name}: no candidate named {prepared.reference!r}")

    # The first call of each is its warm-up, and gives the result to judge.
    judged = {name: _judged(prepared, candidate) for name, candidate in by_name.items()}
    calls = {name: _calls(candidate, shortest, clock) for name, candidate in by_name.items()}
    seconds: dict[str, list[float]] = {name: [] for name in by_name}
    for _ in range(workload.rounds if rounds is None else rounds):
        for name, candidate in by_name.items():
            seconds[name].append(_time(candidate, calls[name], clock) / candidate.part)
    fastest = _fastest(prepared.against, seconds)
    return {
        name: Measurement(
            reference=name == prepared.reference,
            ratio=_ratio(seconds[name], seconds[prepared.reference]),
            seconds=median(seconds[name]),
            error=error,
            memory_mib=(_memory(by_name[name]) if memory is None else memory) / MIB,
            against={
                group: _ratio(seconds[other], seconds[name]) for group, other in fastest.items()
            },
        )
        for name, (error, memory) in judged.items()
    }


def _judged(prepared: Prepared, candidate: Candidate) -> tuple[float | None, float | None]:
    """The error of a result, and the memory it took where that was measured elsewhere."""
    result, memory = candidate.call(), None
    if isinstance(result, Elsewhere):
        result, memory = result.result, result.memory
    return (None if prepared.error is None else prepared.error(result)), memory


def _fastest(
    groups: Mapping[str, Sequence[str]], seconds: Mapping[str, Sequence[float]]
) -> dict[str, str]:
    """Of each group that has candidates, the one with the least median of seconds."""
    there = {group: [name for name in names if name in seconds] for group, names in groups.items()}
    return {
        group: min(names, key=lambda name: median(seconds[name]))
        for group, names in there.items()
        if names
    }


def _ratio(seconds: Sequence[float], reference: Sequence[float]) -> float:
    return median(own / other for own, other in zip(seconds, reference, strict=True))


def _time(candidate: Candidate, calls: int, clock: Callable[[], float]) -> float:
    """Return the seconds of one call, as the mean of `calls` without the garbage collector."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        start = clock()
        for _ in range(calls):
            result = candidate.call()
        spent = (clock() - start) / calls
        return result.seconds if isinstance(result, Elsewhere) else spent
    finally:
        if collecting:
            gc.enable()


def _calls(candidate: Candidate, shortest: float, clock: Callable[[], float]) -> int:
    """Return how many calls make a turn of at least `shortest` seconds."""
    return max(1, round(shortest / max(_time(candidate, 1, clock), 1e-9)))


def _memory(candidate: Candidate) -> float:
    if candidate.memory is not None:
        return candidate.memory()
    if candidate.part < 1:  # slow: tracing long generated functions would take minutes
        return _resident_peak(candidate.call)
    return max(_traced_peak(candidate.call), _resident_peak(candidate.call))


def _traced_peak(call: Callable[[], Any]) -> float:
    """Return the peak of what Python and NumPy allocate during a call, in bytes."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _resident_peak(call: Callable[[], Any]) -> float:
    """Return how far a call raises the resident set, in bytes; 0 where the system cannot say."""
    reset = Path("/proc/self/clear_refs")
    if sys.platform != "linux" or not reset.exists():
        return 0.0
    gc.collect()
    # Memory that was freed but not given back would hide what the call takes.
    getattr(ctypes.CDLL(None), "malloc_trim", lambda _: None)(0)
    reset.write_text("5")  # the peak starts again from what is resident now
    before = resident("VmHWM")
    call()
    return resident("VmHWM") - before


def resident(field: str) -> float:
    """Return a field of this process's memory as Linux reports it, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return float(line.split()[1]) * 1024
    raise ValueError(f"no {field} in /proc/self/status")
