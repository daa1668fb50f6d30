"""Running a program printed for JAX over a batch, with the checks that every backend makes.

XLA compiles for fixed shapes.  A batch is cut into pieces, and the last one is padded to one of few
lengths.  On CPUs XLA takes numbers below 2e-308 for zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from numerics.aligned import aligned
from numerics.arguments import Batch, check_values
from numerics.backends.jax import printed
from numerics.backends.jax_evaluation import (
    Evaluation,
    Registers,
    double,
    evaluation,
    points_at_once,
    shapes_of,
)
from numerics.chunks import gathered_chunks
from numerics.errors import UnsupportedExpressionError
from numerics.matrices import all_finite
from numerics.program import Program
from numerics.unfinished import refuse_unfinished

__all__ = ["JaxRunner", "runner"]

POINTS = 2**17  # that are handed over at a time,
ENTRIES = 2**22  # with as many entries of the widest array
MANY = 2**12  # points that cost more than a call does


@dataclass
class JaxRunner:
    """One program printed for one choice of what varies along the batch.

    Inputs in `checked` were looked at before, those in `hidden` are no arguments; `prepare`
    computes what depends on bound ones alone.
    """

    program: Program
    uniform: frozenset[int]
    evaluation: Evaluation
    checked: frozenset[int] = frozenset()
    hidden: frozenset[int] = frozenset()
    kept: dict[int, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.told = self.program.told()
        self.shapes = shapes_of(self.program, self.uniform)

    def prepare(self, batch: Batch) -> None:
        """Compute what does not change from call to call; what is bound is handed over once."""
        import jax

        known = self._known(batch)
        with double():
            bound = jax.device_put({k: v for k, v in known.items() if k in self.checked})
            self.kept = {**bound, **self.evaluation.before(batch, {**known, **bound})}

    def run(self, batch: Batch, outs: Sequence[Any], block: int, finite: bool) -> None:
        """Fill the outputs of a batch; see `Kernel.evaluate`.

        Blocks are as long as suits XLA, whatever `block` says.
        """
        with np.errstate(all="ignore"):
            self._run(batch, outs, finite)

    def _run(self, batch: Batch, outs: Sequence[Any], finite: bool) -> None:
        inputs = self.program.inputs
        for number in sorted(batch.uniform - self.checked):
            batch.check(number, inputs[number])
        varying = [k for k in range(len(batch.arrays)) if k not in batch.uniform]
        given, ranks = [batch.arrays[k] for k in varying], [len(inputs[k].ranges) for k in varying]
        points = self._points(batch, outs, given, ranks)
        evaluate = self._evaluate(batch)
        for ins, targets in gathered_chunks(given, ranks, outs, batch.shape, points):
            own = dict(zip(varying, ins, strict=True))
            self._look_at(batch, own, finite)
            fixed, found = evaluate(own, len(targets[0]))
            for number, value in (*fixed.items(), *found.items()):
                targets[number][...] = value
            if finite:
                self._refuse(batch, {k: targets[k][:1] for k in fixed}, {})
                self._refuse(batch, {k: targets[k] for k in found}, own)

    @staticmethod
    def _points(
        batch: Batch, outs: Sequence[Any], given: Sequence[Any], ranks: Sequence[int]
    ) -> int:
        """How many points a piece has, a power of two."""
        cores = [out.shape[len(batch.shape) :] for out in outs]
        cores += [a.shape[a.ndim - rank :] for a, rank in zip(given, ranks, strict=True)]
        widest = max(map(math.prod, cores))
        return int(min(POINTS, 2 ** max(int(math.log2(ENTRIES / widest)), 0)))

    def _evaluate(self, batch: Batch) -> Callable[[Registers, int], tuple[Registers, Registers]]:
        """What gives the outputs of a piece of a batch, as NumPy arrays."""
        block = points_at_once(self.shapes, batch)
        known = {**self._known(batch), **self.kept}
        rooms: Registers = {}

        def evaluate(varying: Registers, points: int) -> tuple[Registers, Registers]:
            size = _rounded(points)
            for k, array in varying.items():
                rooms[k] = _padded(array, size, rooms.get(k))
            with double():
                fixed, found = self.evaluation.batch(batch, block, rooms, known)
            whole = {k: np.asarray(value) for k, value in fixed.items()}
            return whole, {k: np.asarray(value)[:points] for k, value in found.items()}

        return evaluate

    def _known(self, batch: Batch) -> Registers:
        """The inputs that do not vary, by number."""
        sizes = {k: g.symbol for k, g in enumerate(self.program.inputs) if g.is_size}
        return {k: batch.arrays[k] for k in batch.uniform} | {
            k: np.float64(batch.sizes[size]) for k, size in sizes.items()
        }

    def _look_at(self, batch: Batch, own: dict[int, Any], finite: bool) -> None:
        """Refuse what is outside of its domain, or not finite unless finite outputs tell it is."""
        for k, array in own.items():
            silent = finite and k in self.told
            if not (silent and k in self.checked):
                batch.check(k, self.program.inputs[k], not silent, array)

    def _refuse(self, batch: Batch, results: dict[int, Any], own: dict[int, Any]) -> None:
        """Refuse results that are not finite; if an argument is not, it is told instead."""
        for number, result in results.items():
            if not all_finite(result):
                for k, array in own.items():
                    check_values(self.program.inputs[k], array)
                known = {k: (batch.arrays[k], False) for k in batch.uniform}
                varying = {k: (array, True) for k, array in own.items()}
                refuse_unfinished(self.program, number, result, known | varying, self.hidden)


def _rounded(points: int) -> int:
    """A power of two that is not less, or three quarters of it where so many points are spared."""
    power = 1 << (points - 1).bit_length()
    less = power - power // 4
    return less if power > MANY and points <= less else power


def _padded(array: Any, points: int, room: Any) -> Any:
    """An array with its last entry repeated, in the room of the one before where this fits.

    It starts at a cache line: XLA reads it as it lies there, and copies slowly what does not.
    """
    if room is None or len(room) != points:
        room = aligned((points, *array.shape[1:]))
    room[: len(array)], room[len(array) :] = array, array[-1]
    return room


def runner(
    program: Program,
    uniform: frozenset[int],
    bound: frozenset[int],
    checked: frozenset[int] = frozenset(),
    hidden: frozenset[int] = frozenset(),
) -> JaxRunner:
    """What runs a program, given the inputs that do not vary along the batch, or not even by call.

    Parameters
    ----------
    program : Program
        From `lower`.
    uniform, bound : frozenset of int
        Inputs that do not vary along the batch, and those that are known before a call, sizes
        included.
    checked, hidden : frozenset of int
        Inputs that were looked at before, and those that are no arguments.

    Raises
    ------
    NumericsError
        If JAX is not installed.
    UnsupportedExpressionError
        For a sparse input.
    """
    if program.sparse:
        names = ", ".join(g.name for k, g in enumerate(program.inputs) if k in program.sparse)
        raise UnsupportedExpressionError(
            f'{names} is sparse: compile(..., backend="numpy") takes sparse arrays, '
            f'backend="jax" dense ones ({names}.toarray())'
        )
    with double():
        made = evaluation(printed(program, uniform, bound))
    return JaxRunner(program, uniform, made, checked, hidden)
