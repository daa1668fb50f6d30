"""Threads that share a batch: each gets as many points as it was fast when they last did."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate
from time import perf_counter

__all__ = ["Team"]

LEAST, MOST = 0.5, 1.5  # share of one thread, over that of threads that are equally fast
CALM = 0.5  # how far shares move in one call

Entry = Callable[..., object]


@dataclass
class Team:
    """Up to so many threads; the one that calls is the first of them.

    The others start later, by what it takes to wake them, and cores differ: so that all are done
    at one time, the shares follow the speeds that were seen.
    """

    threads: int
    shares: dict[int, list[float]] = field(default_factory=dict)

    def ends(self, points: int, least: int, grain: int) -> list[int]:
        """Where each thread's points end, from 0 on; multiples of `grain` but for the last.

        Examples
        --------
        >>> Team(2).ends(1000, least=400, grain=64), Team(2).ends(700, least=400, grain=64)
        ([0, 448, 1000], [0, 700])
        """
        parts = max(1, min(self.threads, points // least))
        if parts == 1:
            return [0, points]
        inner = accumulate(self._shares(parts)[:-1])
        return [0, *(int(share * points) // grain * grain for share in inner), points]

    def run(self, entry: Entry, calls: Sequence[Sequence[int]]) -> None:
        """Call compiled code, which runs without the interpreter's lock, one time per thread."""
        if len(calls) == 1:
            entry(*calls[0])
            return
        started = perf_counter()
        pool = _pool(len(calls) - 1)
        others = [pool.submit(_timed, entry, call) for call in calls[1:]]
        try:
            ended = [_timed(entry, calls[0])]
        finally:  # nobody writes to memory that is gone
            theirs = [other.result() for other in others]
        self._learn([end - started for end in ended + theirs])

    def _shares(self, parts: int) -> list[float]:
        return self.shares.get(parts, [1 / parts] * parts)

    def _learn(self, spent: Sequence[float]) -> None:
        parts = len(spent)
        shares = self._shares(parts)
        speeds = [share / seconds for share, seconds in zip(shares, spent, strict=True)]
        wanted = [min(max(parts * v / sum(speeds), LEAST), MOST) for v in speeds]
        pairs = zip(shares, wanted, strict=True)
        self.shares[parts] = [(1 - CALM) * old + CALM * new / sum(wanted) for old, new in pairs]


def _timed(entry: Entry, call: Sequence[int]) -> float:
    """When a call was done."""
    entry(*call)
    return perf_counter()


@lru_cache(maxsize=4)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="saddlepoint")
