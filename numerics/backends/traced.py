"""A kernel as a pure function of JAX arrays, with the derivatives of its equations.

Stable recipes choose between formulas point by point, and the one that is not chosen may be
infinite: differentiated, it gives nan.  Derivatives are therefore those of the equations, kernels
again, and so are theirs.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from sympy import Expr

from numerics.arguments import Batch, arrange, bind
from numerics.backends.jax import printed
from numerics.backends.jax_arguments import as_array, check_precision, is_valid, known_integer
from numerics.backends.jax_evaluation import (
    Evaluation,
    Registers,
    evaluation,
    points_at_once,
    require_jax,
    shapes_of,
)
from numerics.backends.slopes import Slope, slopes
from numerics.lower import lower
from numerics.one_program import one_program
from numerics.parameter_box import key_of
from numerics.program import Program

if TYPE_CHECKING:
    from numerics.kernel import Kernel

__all__ = ["Traced", "traced"]

Sizes = tuple[tuple[Expr, int], ...]


def traced(kernel: Kernel) -> Traced:
    """The kernel as a pure function of JAX arrays.

    Parameters
    ----------
    kernel : Kernel
        Of any backend.  The parameters of its averages must have declared ranges, for rules are
        chosen beforehand.

    Returns
    -------
    Traced
        It takes the arguments of the kernel by position or by keyword, broadcasts, and works under
        `jax.jit`, `jax.grad`, `jax.jacfwd`, `jax.vmap` and what is made of these.

    Raises
    ------
    MissingBackendError
        If JAX is not installed.
    NumericsError
        If an average depends on a parameter without a declared range.
    PrecisionError
        If no rule reaches the tolerance over the declared ranges.
    """
    return Traced(kernel)


class Traced:
    """A kernel as a pure function of JAX arrays.  Made by `traced`.

    JAX must be set to double precision.  Names, types and shapes are checked when it is traced;
    where an argument is not finite, not in the domain of its symbol or not in its declared range,
    the result is nan.
    """

    def __init__(self, kernel: Kernel) -> None:
        require_jax()
        self.kernel = kernel
        self._ready = one_program(kernel)
        self._inputs = [g for g in kernel.plans.inputs if not g.is_size]
        self._printed: dict[frozenset[int], tuple[Program, Evaluation]] = {}
        self._functions: dict[Sizes, Any] = {}
        self._derived: dict[tuple[int, ...], tuple[Traced, tuple[Slope, ...]]] = {}
        self.__signature__: inspect.Signature = kernel.signature

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Evaluate; parameters by position, by keyword, or as one mapping by symbol or name."""
        check_precision()
        given = self.kernel.arguments
        values = bind(given, args, named)
        arrays = [as_array(g, value) for g, value in zip(given, values, strict=True)]
        found = self.function(self._sizes(values))(*arrays)
        return found[0] if len(found) == 1 else found

    def __repr__(self) -> str:
        return f"<{self.kernel!r} traced by JAX>"

    def function(self, sizes: Sizes) -> Any:
        """The function of double arrays by position that JAX differentiates and batches."""
        import jax

        if sizes not in self._functions:
            bound = {s: int(v) for s, v in self.kernel.bound.items() if s.is_integer and not v.ndim}
            batched = jax.custom_batching.custom_vmap(partial(self._values, bound | dict(sizes)))
            compiled = jax.jit(lambda *arrays: batched(*arrays))
            batched.def_vmap(partial(self._mapped, compiled))
            function = jax.custom_jvp(lambda *arrays: compiled(*self._merged(arrays)))
            function.defjvp(partial(self._changes, sizes), symbolic_zeros=True)
            self._functions[sizes] = function
        return self._functions[sizes]

    def _sizes(self, values: list[Any]) -> Sizes:
        """The scalars that are sizes of indices: they say how long arrays are."""
        axes = self._ready.compiled.program.axes
        counting = {symbol for axis in axes for symbol in axis.over.size.free_symbols}
        pairs = zip(self.kernel.arguments, values, strict=True)
        return tuple((g.symbol, known_integer(g, v)) for g, v in pairs if g.symbol in counting)

    # -- values --------------------------------------------------------------------------------

    def _merged(self, arrays: tuple[Any, ...]) -> list[Any]:
        """The arguments with what is bound, in the order of the inputs."""
        bound, free = self.kernel.bound, iter(arrays)
        return [
            as_array(g, bound[g.symbol]) if g.symbol in bound else next(free) for g in self._inputs
        ]

    def _values(self, sizes: dict[Expr, int], *merged: Any) -> tuple[Any, ...]:
        """All outputs for all inputs, nan where these are not valid."""
        import jax.numpy as jnp

        batch = self._batch(sizes, merged)
        program, functions = self._evaluation(batch)
        points = math.prod(batch.shape)
        varying, known = self._registers(batch, program, merged)
        known |= functions.before(batch, known)
        block = points_at_once(shapes_of(program, batch.uniform), batch)
        fixed, found = functions.batch(batch, block, varying, known)
        valid, results = self._valid(merged), []
        for number, output in enumerate(program.outputs):
            shape = tuple(batch.length(axis.over) for axis in output.axes)
            value = fixed[number] if number in fixed else found[number]
            rows = jnp.broadcast_to(value, (points, *shape)).reshape(*batch.shape, *shape)
            here = jnp.expand_dims(valid, tuple(range(-len(shape), 0)))
            results.append(jnp.where(here, rows, jnp.nan))
        return tuple(results)

    def _batch(self, sizes: dict[Expr, int], merged: Sequence[Any]) -> Batch:
        """What varies, and all sizes; of the arguments only shapes count."""
        hollow = [
            np.broadcast_to(np.float64(sizes.get(g.symbol, 0)), array.shape)
            for g, array in zip(self._inputs, merged, strict=True)
        ]
        ready = self._ready
        return ready.with_tables(arrange(self._inputs, hollow))

    def _registers(
        self, batch: Batch, program: Program, merged: Sequence[Any]
    ) -> tuple[Registers, Registers]:
        """Inputs that vary, with an axis of points in front, and those that do not, by number."""
        import jax.numpy as jnp

        varying, known = {}, {k: batch.arrays[k] for k in batch.uniform if k >= len(merged)}
        for k, array in enumerate(merged):
            core = array.shape[array.ndim - len(self._inputs[k].ranges) :]
            if k in batch.uniform:
                known[k] = array.reshape(core)
            else:
                spread = jnp.broadcast_to(array, (*batch.shape, *core))
                varying[k] = spread.reshape(math.prod(batch.shape), *core)
        counted = {k: g.symbol for k, g in enumerate(program.inputs) if g.is_size}
        return varying, known | {k: np.float64(batch.sizes[n]) for k, n in counted.items()}

    def _evaluation(self, batch: Batch) -> tuple[Program, Evaluation]:
        """The program and its functions for what varies."""
        if batch.uniform not in self._printed:
            compiled = self._ready.compiled
            inputs = compiled.program.inputs
            uniform = batch.uniform.union(k for k, g in enumerate(inputs) if g.is_size)
            program = lower(compiled.stable, inputs, compiled.axes, uniform)
            self._printed[batch.uniform] = program, evaluation(printed(program, uniform))
        return self._printed[batch.uniform]

    def _valid(self, merged: Sequence[Any]) -> Any:
        """Where all arguments are what the kernel takes."""
        import jax.numpy as jnp

        plans, valid = self.kernel.plans, jnp.bool_(True)
        for given, array in zip(self._inputs, merged, strict=True):
            key = key_of(given.symbol)
            ends = plans.declared.get(key) if key in plans.parameters else None
            valid = valid & is_valid(given, array, ends)
        return valid

    # -- what JAX asks for ---------------------------------------------------------------------

    def _mapped(
        self, compiled: Any, count: int, mapped: Sequence[bool], *merged: Any
    ) -> tuple[tuple[Any, ...], tuple[bool, ...]]:
        """The values for arrays with one more axis in front, an axis of points like others."""
        given = zip(self._inputs, merged, mapped, strict=True)
        own = [a.ndim - len(g.ranges) - m for g, a, m in given]
        placed = [
            a.reshape(count, *(1,) * (max(own) - axes), *a.shape[1:]) if m else a
            for a, axes, m in zip(merged, own, mapped, strict=True)
        ]
        found = compiled(*placed)
        return found, (True,) * len(found)

    def _changes(
        self, sizes: Sizes, arrays: tuple[Any, ...], changes: tuple[Any, ...]
    ) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """The values and their change with the arguments."""
        import jax.numpy as jnp
        from jax.custom_derivatives import SymbolicZero

        values = self.function(sizes)(*arrays)
        totals = [jnp.zeros_like(value) for value in values]
        numbers = tuple(k for k, t in enumerate(changes) if not isinstance(t, SymbolicZero))
        if numbers:
            derived, entries = self._derivative(numbers)
            found = derived.function(sizes)(*arrays)
            for slope, derivative in zip(entries, found, strict=True):
                totals[slope.output] += slope.times(derivative, changes[slope.argument])
        return values, tuple(totals)

    def _derivative(self, numbers: tuple[int, ...]) -> tuple[Traced, tuple[Slope, ...]]:
        if numbers not in self._derived:
            kernel, entries = slopes(self.kernel, numbers)
            self._derived[numbers] = Traced(kernel), entries
        return self._derived[numbers]
