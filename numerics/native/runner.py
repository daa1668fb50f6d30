"""Running compiled code over a batch: addresses, strides and status, and threads if asked for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from sympy import Expr

from numerics.arguments import Batch, check_values
from numerics.backends.numba import Unit, print_numba
from numerics.chunks import flat_chunks, gathered_chunks
from numerics.native.build import Native, build
from numerics.native.team import Team
from numerics.program import Program
from numerics.unfinished import refuse_unfinished

__all__ = ["LANES", "NativeRunner", "lanes_for"]

LANES = 64  # points side by side: enough to hide what one instruction waits for another
FEW_LANES = 8  # of matrices, which have to stay in the cache together
POINTS = 65536  # of one piece of a batch that has to be copied
PER_THREAD = 4096  # points that are worth handing to another thread
NOT_FINITE, NO_MEMORY = 1, 2


@dataclass
class NativeRunner:
    """One program compiled for one choice of what varies along the batch.

    Inputs in `checked` were looked at before, those in `hidden` are no arguments.  Code is made for
    the sizes of given arrays when they are first met.
    """

    program: Program
    uniform: frozenset[int]
    checked: frozenset[int]
    hidden: frozenset[int]
    threads: int = 1
    units: dict[Any, tuple[Unit, Native]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        program, inputs = self.program, self.program.inputs
        self.told = program.told()
        self.has_arrays = any(
            given.ranges and not given.is_size and k not in self.hidden
            for k, given in enumerate(inputs)
        )
        self.lanes, self.team = lanes_for(program, self.has_arrays), Team(self.threads)
        # sizes that loops have; those of tables change from plan to plan
        hidden = {over.size for k in self.hidden for over in inputs[k].ranges}
        given = {over.size for one in inputs for over in one.ranges}
        self.asked = given.union(axis.over.size for axis in program.axes) - hidden

    def prepare(self, batch: Batch) -> None:
        """Nothing is kept from call to call."""

    def run(self, batch: Batch, outs: Sequence[Any], block: int, finite: bool) -> None:
        """Fill the outputs of a batch; see `Kernel.evaluate`."""
        with np.errstate(all="ignore"):
            self._run(batch, outs, finite)

    def _run(self, batch: Batch, outs: Sequence[Any], finite: bool) -> None:
        self._check_before(batch, finite)
        if 0 in batch.shape:
            return
        unit, native = self.unit(self._sizes(batch), math.prod(batch.shape))
        fixed = [_doubles(batch.arrays[k]) for k in unit.fixed]
        counts = [batch.length(over) for over in unit.counts]
        data = [0, *(array.ctypes.data for array in fixed), *counts]
        written = list(outs)
        for ins, targets in self._chunks(batch, unit, written):
            pairs = zip(unit.varying, ins, strict=True)
            steps = [0 if k in batch.uniform else _step(a) for k, a in pairs]
            if self._call(native, ins, targets, steps, data) and finite:
                self._refuse(batch, unit, ins, targets)

    def unit(self, sizes: Mapping[Expr, int], points: int) -> tuple[Unit, Native]:
        """The code for these sizes and about as many points."""
        lanes = self.lanes[points > 1]
        key = lanes, frozenset(sizes.items())
        if key not in self.units:
            unit = print_numba(self.program, self.uniform, sizes, lanes)
            names = ", ".join(output.name for output in self.program.outputs)
            self.units[key] = unit, build(unit.source, name=f"the kernel of {names}"[:80])
        return self.units[key]

    # -- what comes in -------------------------------------------------------------------------

    def _sizes(self, batch: Batch) -> dict[Expr, int]:
        return {size: n for size, n in batch.sizes.items() if size in self.asked}

    def _check_before(self, batch: Batch, finite: bool) -> None:
        """What finite outputs tell to be finite is looked at only where an output is not."""
        for number in range(len(batch.arrays)):
            if number not in self.checked:
                silent = number in self.told and finite and number not in batch.uniform
                batch.check(number, self.program.inputs[number], not silent)

    def _chunks(
        self, batch: Batch, unit: Unit, outs: list[Any]
    ) -> Iterator[tuple[list[Any], list[Any]]]:
        """Arguments and results of contiguous pieces; an argument of one point is for all."""
        alone = {k: _doubles(batch.arrays[k]) for k in unit.varying if k in batch.uniform}
        spread = [k for k in unit.varying if k not in alone]
        given = [batch.arrays[k] for k in spread]
        ranks = [len(self.program.inputs[k].ranges) for k in spread]
        axes = [output.axes for output in self.program.outputs]
        if not any(ranks) and not any(axes):
            whole = max((a.size for a in outs), default=1)
            chunks = flat_chunks(given, outs, whole if _lie_alike(given, outs) else POINTS)
        else:
            entries = max(a.nbytes // 8 for a in outs) // math.prod(batch.shape)
            chunks = gathered_chunks(given, ranks, outs, batch.shape, max(1, POINTS // entries))
        for ins, targets in chunks if spread else _single(outs, batch.shape):
            named = alone | dict(zip(spread, ins, strict=True))
            yield [named[k] for k in unit.varying], list(targets)

    # -- what is called ------------------------------------------------------------------------

    def _call(
        self,
        native: Native,
        ins: Sequence[Any],
        outs: Sequence[Any],
        apart: Sequence[int],
        data: Sequence[int],
    ) -> bool:
        """Fill the results; whether one of them is not finite."""
        ends = self.team.ends(len(outs[0]), PER_THREAD, LANES)
        steps = [*apart, *map(_step, outs)]
        places = [array.ctypes.data for array in (*ins, *outs)]
        rows: list[int] = []  # of each part: where its arguments stand, its points, steps, data
        for low, high in pairwise(ends):
            rows += (place + step * low for place, step in zip(places, steps, strict=True))
            rows += (high - low, *steps, *data)
        table = np.array(rows, dtype=np.int64).reshape(len(ends) - 1, -1)
        n, row, first = len(places), table.strides[0], table.ctypes.data
        words = [first + 8 * word for word in (0, n, n + 1, 2 * n + 1)]
        calls = [[word + row * part for word in words] for part in range(len(table))]
        self.team.run(native.call, calls)
        states = table[:, 2 * n + 1].tolist()
        if NO_MEMORY in states:
            raise MemoryError("no memory for the arrays of a compiled kernel")
        return NOT_FINITE in states

    def _refuse(self, batch: Batch, unit: Unit, ins: Sequence[Any], outs: Sequence[Any]) -> None:
        points = len(outs[0])
        held = {k: (batch.arrays[k], False) for k in unit.fixed}
        for k, array in zip(unit.varying, ins, strict=True):
            varies = k not in batch.uniform
            held[k] = (array if varies else batch.arrays[k], varies)
        for number, target in enumerate(outs):
            if not np.isfinite(target).all():
                for k in unit.varying:
                    check_values(self.program.inputs[k], np.asarray(held[k][0]))
                rows = target.reshape(points, *target.shape[1:])
                refuse_unfinished(self.program, number, rows, held, self.hidden)


def lanes_for(program: Program, has_arrays: bool) -> tuple[int, int]:
    """How many points are computed side by side: of one alone, and of several."""
    several = FEW_LANES if has_arrays else LANES
    return 1 if has_arrays or program.depth > 1 else several, several


def _step(array: Any) -> int:
    """Bytes from one point to the next."""
    return int(array.nbytes // len(array))


def _single(outs: Sequence[Any], shape: tuple[int, ...]) -> Iterator[tuple[Any, list[Any]]]:
    """Nothing varies: one point, whose results are those of the whole batch."""
    own = [np.empty((1, *out.shape[len(shape) :])) for out in outs]
    yield (), own
    for out, result in zip(outs, own, strict=True):
        out[...] = result[0]


def _doubles(value: Any) -> Any:
    return np.ascontiguousarray(value, dtype=np.float64)


def _lie_alike(given: Sequence[Any], outs: Sequence[Any]) -> bool:
    plain = all(a.flags.c_contiguous and a.dtype == np.float64 for a in given)
    return plain and len({a.shape for a in (*given, *outs)}) == 1
