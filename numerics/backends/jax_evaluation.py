"""A program printed for JAX as functions that XLA compiles: one time for each shape.

Points follow one another in blocks, so that what has an entry for every point and every node of a
rule stays small however many points there are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from functools import lru_cache
from importlib import import_module
from typing import Any

from sympy import sympify

from numerics.arguments import Batch
from numerics.backends.jax import Printed
from numerics.errors import MissingBackendError
from numerics.program import Axis, Program, Range

__all__ = [
    "Evaluation",
    "Registers",
    "double",
    "evaluation",
    "points_at_once",
    "require_jax",
    "shapes_of",
]

ELEMENTS = 2**17  # of the widest register of a block: a few of these stay in a cache

Registers = dict[int, Any]  # values by number, or outputs by number


def require_jax() -> Any:
    """The package `jax`.

    Raises
    ------
    MissingBackendError
        If JAX is not installed.
    """
    try:
        import jax
    except ImportError:
        raise MissingBackendError(
            "JAX is not installed; it comes with the extra: pip install 'saddlepoint[jax]'"
        ) from None
    return jax


def double() -> AbstractContextManager[Any]:
    """A context in which JAX computes in double precision, whatever is set outside.

    It must hold all of a computation: what JAX transforms outside of it is rounded there.
    """
    jax = require_jax()
    held = jax if hasattr(jax, "enable_x64") else import_module("jax.experimental")
    context: AbstractContextManager[Any] = held.enable_x64(True)
    return context


class Evaluation:
    """The functions of a printed program, to be called in the context of `double`."""

    def __init__(self, source: Printed) -> None:
        import jax

        names = [stage.name for stage in source.stages]
        self._functions = dict(zip(names, source.compile(), strict=True))
        self._stages = dict(zip(names, source.stages, strict=True))
        self._before = jax.jit(self._kept, static_argnums=0)
        self._compiled = jax.jit(self._outputs, static_argnums=(0, 1))

    def before(self, batch: Batch, known: Registers) -> Registers:
        """What depends on bound inputs alone, given all inputs that do not vary."""
        return self._before(self._counts(batch, "before"), self._read(known, "before"))

    def batch(
        self, batch: Batch, block: int, varying: Registers, known: Registers
    ) -> tuple[Registers, Registers]:
        """Outputs that do not vary along the batch, and those that do.

        `varying` are inputs with an axis of points in front, `known` the others with what `before`
        gave.
        """
        counts = self._counts(batch, "once"), self._counts(batch, "point")
        return self._compiled(counts, block, varying, self._read(known, "once", "point"))

    def _counts(self, batch: Batch, name: str) -> tuple[int, ...]:
        counts = self._stages[name].counts if name in self._stages else ()
        return tuple(_length(batch, over) for over in counts)

    def _read(self, known: Registers, *names: str) -> Registers:
        """What these stages take of what is known."""
        stages = [self._stages[name] for name in names if name in self._stages]
        taken = {k for stage in stages for k in stage.takes}
        return {k: value for k, value in known.items() if k in taken}

    def _stage(
        self, name: str, counts: tuple[int, ...], known: Registers
    ) -> tuple[Registers, Registers]:
        """The registers and the outputs that a stage gives."""
        if name not in self._stages:
            return {}, {}
        stage = self._stages[name]
        found = self._functions[name](*counts, *(known[k] for k in stage.takes))
        own = len(stage.gives)
        registers = dict(zip(stage.gives, found[:own], strict=True))
        return registers, dict(zip(stage.outputs, found[own:], strict=True))

    def _kept(self, counts: tuple[int, ...], known: Registers) -> Registers:
        return self._stage("before", counts, known)[0]

    def _outputs(
        self,
        counts: tuple[tuple[int, ...], tuple[int, ...]],
        block: int,
        varying: Registers,
        known: Registers,
    ) -> tuple[Registers, Registers]:
        import jax

        registers, fixed = self._stage("once", counts[0], known)
        if "point" not in self._stages:
            return fixed, {}
        whole = {**known, **registers}
        points = jax.vmap(lambda own: self._stage("point", counts[1], {**whole, **own})[1])
        return fixed, _in_blocks(points, block, varying)


def _in_blocks(
    points: Callable[[Registers], Registers], block: int, varying: Registers
) -> Registers:
    """A function of points, of as many at a time as a block has."""
    import jax
    import jax.numpy as jnp

    count = len(next(iter(varying.values())))
    if count <= block:
        return points(varying)

    def cut(value: Any) -> Any:
        tail = ((0, -count % block), *((0, 0),) * (value.ndim - 1))
        return jnp.pad(value, tail, mode="edge").reshape(-1, block, *value.shape[1:])

    found = jax.lax.map(points, {k: cut(value) for k, value in varying.items()})
    return {k: v.reshape(-1, *v.shape[2:])[:count] for k, v in found.items()}


@lru_cache(maxsize=256)
def evaluation(source: Printed) -> Evaluation:
    """One for each source: what XLA compiled is kept with it."""
    return Evaluation(source)


def shapes_of(program: Program, uniform: frozenset[int]) -> frozenset[tuple[Axis, ...]]:
    """The axes of what varies along the batch."""
    varies = program.varying(uniform)
    lets = enumerate(program.lets, len(program.inputs))
    return frozenset(let.axes for register, let in lets if register in varies)


def points_at_once(shapes: Iterable[tuple[Axis, ...]], batch: Batch) -> int:
    """How many points a block has, a power of two, so that arrays of these axes are short."""
    sizes = (math.prod(_length(batch, axis.over) for axis in axes) for axes in shapes)
    return 2 ** max(int(math.log2(ELEMENTS / max(sizes, default=1))), 0)


def _length(batch: Batch, over: Range) -> int:
    """How many values an index runs over, a size in terms of others included."""
    size = sympify(over.size.xreplace(batch.sizes))
    return int(size) if size.is_Integer else batch.length(over)
