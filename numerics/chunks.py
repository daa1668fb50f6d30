"""A batch in contiguous pieces: slices where it is contiguous, copies where it is not."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

__all__ = ["flat_chunks", "gathered_chunks"]

Chunks = Iterator[tuple[Sequence[Any], Sequence[Any]]]


def flat_chunks(given: Sequence[Any], written: Sequence[Any], points: int) -> Chunks:
    """Scalars only: NumPy's iterator copies into its buffers no more than is not contiguous."""
    if all(a.flags.c_contiguous and a.dtype == np.float64 for a in given) and (
        len({a.shape for a in (*given, *written)}) == 1
    ):
        flat = [[a.reshape(-1) for a in group] for group in (given, written)]
        for start in range(0, flat[0][0].size, points):
            part = slice(start, start + points)
            yield [a[part] for a in flat[0]], [a[part] for a in flat[1]]
        return
    read = ["readonly", "contig", "aligned", "nbo"]
    write = ["writeonly", "contig", "aligned", "nbo", "no_broadcast"]
    iterator: Any = np.nditer(  # type: ignore[call-overload]
        [*given, *written],
        flags=["external_loop", "buffered", "copy_if_overlap", "zerosize_ok"],
        op_flags=[read] * len(given) + [write] * len(written),
        op_dtypes=[np.float64] * (len(given) + len(written)),
        casting="same_kind",
        buffersize=points,
    )
    with iterator:
        for operands in iterator:
            yield operands[: len(given)], operands[len(given) :]


def gathered_chunks(
    given: Sequence[Any],
    ranks: Sequence[int],
    written: Sequence[Any],
    shape: tuple[int, ...],
    points: int,
) -> Chunks:
    """Arrays with axes: slices of what covers the batch, copies of what is broadcast."""
    total = math.prod(shape)
    readers = [_reader(array, rank, shape) for array, rank in zip(given, ranks, strict=True)]
    flat = [target.reshape((total, *target.shape[len(shape) :])) for target in written]
    for start in range(0, total, points):
        stop = min(start + points, total)
        yield [read(start, stop) for read in readers], [t[start:stop] for t in flat]


def _reader(array: Any, rank: int, shape: tuple[int, ...]) -> Callable[[int, int], Any]:
    core = array.shape[array.ndim - rank :]
    if array.shape == (*shape, *core) and array.flags.c_contiguous:
        rows = array.reshape((-1, *core))
        return lambda start, stop: np.asarray(rows[start:stop], dtype=np.float64)
    spread = np.broadcast_to(array, (*shape, *core))

    def gather(start: int, stop: int) -> Any:
        at = np.unravel_index(np.arange(start, stop), shape)
        return np.ascontiguousarray(spread[at], dtype=np.float64)

    return gather
