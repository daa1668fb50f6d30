"""Running a printed program over a batch, a block of points at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.aligned import aligned
from numerics.arguments import Batch, check_values
from numerics.backends.numpy import Printed
from numerics.chunks import flat_chunks, gathered_chunks
from numerics.matrices import all_finite
from numerics.program import Program
from numerics.unfinished import refuse_unfinished

__all__ = ["BLOCK", "Runner"]

BLOCK = 16384  # elements: a handful of such buffers stay inside of a second-level cache
TOGETHER = 2**19  # elements of all buffers: hundreds of them make blocks shorter,
FEWEST = 256  # down to as many points as hide what calling NumPy costs
ROWS = 256  # vectors in one matrix product: beyond, reading the matrix costs nothing any more


@dataclass
class Runner:
    """One program printed for one choice of what varies along the batch.

    Inputs in `checked` were looked at before, those in `hidden` are no arguments; `prepare`
    computes what depends on bound ones alone.
    """

    program: Program
    printed: Printed
    checked: frozenset[int] = frozenset()
    hidden: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        self.before, self.once, self.block = self.printed.compile()
        self.told = self.program.told()
        self.kept: tuple[Any, ...] = ()

    def prepare(self, batch: Batch) -> None:
        """Compute what does not change from call to call."""
        with np.errstate(all="ignore"):
            self.kept = self.before(*(self._value(batch, k) for k in self.printed.held))

    def run(self, batch: Batch, outs: Sequence[Any], block: int, finite: bool) -> None:
        """Fill the outputs of a batch; see `Kernel.evaluate`."""
        fixed = self._fixed_inputs(batch)
        known = {k: (batch.arrays[k], False) for k in batch.uniform}
        for number in sorted(batch.uniform - self.checked):
            batch.check(number, self.program.inputs[number])
        with np.errstate(all="ignore"):
            results = self.once(*fixed, *self.kept)
            carried = results[: len(self.printed.carried)]
            for number, value in zip(
                self.printed.constant_outputs, results[len(carried) :], strict=True
            ):
                outs[number][...] = value
                if finite:
                    whole = np.asarray(value)[None]
                    refuse_unfinished(self.program, number, whole, known, self.hidden)
            if len(batch.uniform) < len(batch.arrays) and 0 not in batch.shape:
                self._run_blocks(batch, (*fixed, *self.kept, *carried), outs, block, finite)

    def _run_blocks(
        self, batch: Batch, fixed: tuple[Any, ...], outs: Sequence[Any], block: int, finite: bool
    ) -> None:
        known = {k: (batch.arrays[k], False) for k in batch.uniform}
        varying = [k for k in range(len(batch.arrays)) if k not in batch.uniform]
        filled = [k for k in range(len(outs)) if k not in self.printed.constant_outputs]
        inner = [tuple(batch.length(a.over) for a in axes) for axes in self.printed.buffers]
        widest = max((math.prod(shape) for shape in inner), default=1)
        points = max(1, block // max(widest, 1), self._vectors(batch, max(widest, 1)))
        points = min(points, math.prod(batch.shape), self._fitting(inner))
        buffers = [aligned((points, *shape)) for shape in inner]
        flat = not any((*inner, *(self.program.inputs[k].ranges for k in varying)))
        flat = flat and not any(self.program.outputs[k].axes for k in filled)
        given = [batch.arrays[k] for k in varying]
        written = [outs[k] for k in filled]
        ranks = [len(self.program.inputs[k].ranges) for k in varying]
        chunks = (
            flat_chunks(given, written, points)
            if flat
            else gathered_chunks(given, ranks, written, batch.shape, points)
        )
        checked = [self.program.inputs[k] for k in varying]
        # what finite outputs tell to be finite is looked at only where an output is not
        silent = [(n, not (finite and k in self.told)) for n, k in enumerate(varying)]
        asked = [(n, look) for n, look in silent if varying[n] not in self.checked]
        for ins, targets in chunks:
            for n, look in asked:
                batch.check(varying[n], checked[n], look, ins[n])
            count = len(ins[0])
            rows = buffers if count == points else [buffer[:count] for buffer in buffers]
            self.block(*ins, *fixed, *targets, *rows)
            if finite:
                here = known | {k: (array, True) for k, array in zip(varying, ins, strict=True)}
                for number, target in zip(filled, targets, strict=True):
                    if not all_finite(target):
                        for given_as, array in zip(checked, ins, strict=True):
                            check_values(given_as, array)
                        refuse_unfinished(self.program, number, target, here, self.hidden)

    @staticmethod
    def _fitting(inner: Sequence[tuple[int, ...]]) -> int:
        """How many points a block may have so that its buffers stay in a cache together."""
        return max(FEWEST, TOGETHER // max(sum(map(math.prod, inner)), 1))

    def _vectors(self, batch: Batch, widest: int) -> int:
        """How many vectors a matrix is multiplied with at a time.

        A large matrix is read from memory once per block: few large products cost less than many
        slivers, as long as no buffer outgrows the matrix.
        """
        entries = [
            math.prod(map(batch.length, (a.over for a in axes))) for axes in self.printed.products
        ]
        if batch.sparse:
            entries = [max(batch.arrays[k].nnz for k in batch.sparse)]
        return min(ROWS, max(entries, default=0) // widest)

    def _fixed_inputs(self, batch: Batch) -> tuple[Any, ...]:
        sizes = [k for k, given in enumerate(self.program.inputs) if given.is_size]
        return tuple(self._value(batch, k) for k in (*sorted(batch.uniform), *sizes))

    def _value(self, batch: Batch, number: int) -> Any:
        given = self.program.inputs[number]
        return np.float64(batch.sizes[given.symbol]) if given.is_size else batch.arrays[number]
