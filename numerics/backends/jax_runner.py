"""Running a program printed for JAX: compiled one time for each shape, a block of points at a time.

XLA compiles for fixed shapes.  A batch is cut into pieces and the last one is padded to a power of
four, so that few shapes occur.  Inside of a piece blocks follow one another: what has an entry for
every point and node stays small.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

import numpy as np
from sympy import sympify

from numerics.arguments import Batch, check_values
from numerics.backends.jax import Printed, printed
from numerics.chunks import gathered_chunks
from numerics.errors import NumericsError, UnsupportedExpressionError
from numerics.matrices import all_finite
from numerics.program import Program, Range
from numerics.unfinished import refuse_unfinished

__all__ = ["Evaluation", "JaxRunner", "double", "evaluation", "runner"]

PIECE = 2**18  # points that are handed over at a time
ELEMENTS = 2**17  # of the widest register of a block: a few of these fit into a cache
GRADE = 4  # pieces have a power of it many points


def double() -> Any:
    """A context in which JAX computes in double precision, whatever is set outside.

    Raises
    ------
    NumericsError
        If JAX is not installed.
    """
    try:
        import jax
    except ImportError:
        raise NumericsError(
            "JAX is not installed; it comes with the extra: pip install 'saddlepoint[jax]'"
        ) from None
    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(True)
    from jax.experimental import enable_x64  # before 0.8

    return enable_x64()


class Evaluation:
    """A printed program as functions that JAX traces.

    Registers are handed over by number: inputs first, then what earlier stages gave.
    """

    def __init__(self, source: Printed) -> None:
        import jax

        names = [stage.name for stage in source.stages]
        self.functions = dict(zip(names, source.compile(), strict=True))
        self.stages = dict(zip(names, source.stages, strict=True))
        self.before = jax.jit(partial(self._stage, "before"), static_argnums=0)
        self.batch = jax.jit(self._batch, static_argnums=(0, 1))

    def counts(self, name: str, length: Callable[[Range], int]) -> tuple[int, ...]:
        """The sizes that a stage has to know beforehand."""
        return tuple(map(length, self.stages[name].counts)) if name in self.stages else ()

    def _stage(
        self, name: str, counts: tuple[int, ...], known: dict[int, Any]
    ) -> tuple[dict[int, Any], dict[int, Any]]:
        """What a stage gives: registers, and outputs, by number."""
        if name not in self.stages:
            return {}, {}
        stage = self.stages[name]
        found = self.functions[name](*counts, *(known[k] for k in stage.takes))
        given = len(stage.gives)
        return (
            dict(zip(stage.gives, found[:given], strict=True)),
            dict(zip(stage.outputs, found[given:], strict=True)),
        )

    def _batch(
        self,
        counts: tuple[tuple[int, ...], tuple[int, ...]],
        block: int,
        varying: dict[int, Any],
        known: dict[int, Any],
    ) -> tuple[dict[int, Any], dict[int, Any]]:
        """Outputs that do not vary along the batch, and those that do, a block after the other."""
        import jax

        once, point = counts
        registers, fixed = self._stage("once", once, known)
        if "point" not in self.stages:
            return fixed, {}
        whole = {**known, **registers}
        points = jax.vmap(lambda own: self._stage("point", point, {**whole, **own})[1])
        if not varying or len(next(iter(varying.values()))) <= block:
            return fixed, points(varying)
        blocks = {k: v.reshape(-1, block, *v.shape[1:]) for k, v in varying.items()}
        found = jax.lax.map(points, blocks)
        return fixed, {k: v.reshape(-1, *v.shape[2:]) for k, v in found.items()}


@lru_cache(maxsize=256)
def evaluation(source: Printed) -> Evaluation:
    """One for each source: what XLA compiled is kept with it."""
    return Evaluation(source)


def length_of(batch: Batch, over: Range) -> int:
    """How many values an index runs over, a size in terms of others included."""
    size = sympify(over.size.xreplace(batch.sizes))
    return int(size) if size.is_Integer else batch.length(over)


def points_at_once(
    program: Program, uniform: frozenset[int], length: Callable[[Range], int]
) -> int:
    """How many points a block has, a power of two."""
    varies = program.varying(uniform)
    lets = enumerate(program.lets, len(program.inputs))
    shapes = {let.axes for register, let in lets if register in varies}
    widest = max((math.prod(length(a.over) for a in axes) for axes in shapes), default=1)
    return 2 ** max(int(math.log2(ELEMENTS / widest)), 0)


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

    def prepare(self, batch: Batch) -> None:
        """Compute what does not change from call to call."""
        counts = self.evaluation.counts("before", partial(length_of, batch))
        with double():
            self.kept, _ = self.evaluation.before(counts, self._known(batch))

    def run(self, batch: Batch, outs: Sequence[Any], block: int, finite: bool) -> None:
        """Fill the outputs of a batch; see `Kernel.evaluate`.

        Blocks are as long as suits XLA, whatever `block` says.
        """
        inputs = self.program.inputs
        for number in sorted(batch.uniform - self.checked):
            check_values(inputs[number], batch.arrays[number], unit=batch.units.get(number))
        varying = [k for k in range(len(batch.arrays)) if k not in batch.uniform]
        given, ranks = [batch.arrays[k] for k in varying], [len(inputs[k].ranges) for k in varying]
        largest = max(math.prod(array.shape[len(batch.shape) :]) for array in (*outs, *given))
        pieces = gathered_chunks(given, ranks, outs, batch.shape, max(PIECE // largest, 1))
        evaluate = self._evaluate(batch)
        for ins, targets in pieces:
            own = dict(zip(varying, ins, strict=True))
            self._look_at(batch, own, finite)
            fixed, found = evaluate(own, len(targets[0]))
            for number, value in (*fixed.items(), *found.items()):
                targets[number][...] = value
            if finite:
                self._refuse(batch, {k: targets[k][:1] for k in fixed}, {})
                self._refuse(batch, {k: targets[k] for k in found}, own)

    def _evaluate(self, batch: Batch) -> Callable[[dict[int, Any], int], Any]:
        """The outputs of a piece of a batch, as NumPy arrays."""
        length = partial(length_of, batch)
        counts = tuple(self.evaluation.counts(name, length) for name in ("once", "point"))
        block = points_at_once(self.program, self.uniform, length)
        known = {**self._known(batch), **self.kept}

        def evaluate(varying: dict[int, Any], points: int) -> Any:
            size = GRADE ** math.ceil(math.log(points, GRADE))
            padded = {k: _padded(array, size) for k, array in varying.items()}
            with double():
                fixed, found = self.evaluation.batch(counts, block, padded, known)
            whole = {k: np.asarray(value) for k, value in fixed.items()}
            return whole, {k: np.asarray(value)[:points] for k, value in found.items()}

        return evaluate

    def _known(self, batch: Batch) -> dict[int, Any]:
        """The inputs that do not vary, by number."""
        sizes = enumerate(self.program.inputs)
        return {k: batch.arrays[k] for k in batch.uniform} | {
            k: np.float64(length_of(batch, given.ranges[0])) for k, given in sizes if given.is_size
        }

    def _look_at(self, batch: Batch, own: dict[int, Any], finite: bool) -> None:
        """Refuse what is outside of its domain, or not finite unless finite outputs tell it is."""
        for k, array in own.items():
            silent = finite and k in self.told
            if not (silent and k in self.checked):
                given = self.program.inputs[k]
                check_values(given, array, not silent, batch.units.get(k))

    def _refuse(self, batch: Batch, results: dict[int, Any], own: dict[int, Any]) -> None:
        """Refuse results that are not finite; if an argument is not, it is told instead."""
        for number, result in results.items():
            if not all_finite(result):
                for k, array in own.items():
                    check_values(self.program.inputs[k], array)
                known = {k: (batch.arrays[k], False) for k in batch.uniform}
                varying = {k: (array, True) for k, array in own.items()}
                refuse_unfinished(self.program, number, result, known | varying, self.hidden)


def _padded(array: Any, points: int) -> Any:
    """An array with its last entry repeated."""
    missing = points - len(array)
    return np.concatenate([array, np.repeat(array[-1:], missing, axis=0)]) if missing else array


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
