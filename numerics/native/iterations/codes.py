"""Compiled code of equations for where their unknowns are: one for each plan of their averages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from numerics.arguments import Batch
from numerics.kernel import Kernel
from numerics.native.iterations.run import Code
from numerics.native.iterations.steering import steered
from numerics.native.runner import NativeRunner
from numerics.parameter_box import key_of
from numerics.plans import Ready
from numerics.program import Program

__all__ = ["Codes"]

LEAST = 2  # states of a batch: of one alone it is not to be seen what varies
MANY = 1000


@dataclass
class Codes:
    """The code of a kernel, and of which of its unknowns' values.

    Attributes
    ----------
    kernel : Kernel
        Of backend ``"numba"``: residuals and their Jacobian row by row, or an update.
    unknowns : tuple of str
        Their names, in their order.
    leading : int
        How many of the outputs are exact; the others steer.
    places : tuple of int
        Of each output of the kernel, its place among all.
    constants : dict
        The values of the others, by place.
    """

    kernel: Kernel
    unknowns: tuple[str, ...]
    leading: int
    places: tuple[int, ...]
    constants: Mapping[int, float] = field(default_factory=dict)

    def at(self, states: np.ndarray, given: Mapping[str, np.ndarray]) -> Iterator[tuple[Code, Any]]:
        """Code for some states ``(rows, n)`` with what is given there, and for which of them.

        A value of `given` has one entry for all rows, or one for each.
        """
        count = len(states)
        chosen: Any = slice(None) if count >= LEAST else np.zeros(LEAST, dtype=int)
        known = {name: states[chosen, v] for v, name in enumerate(self.unknowns)}
        known |= {name: a[chosen] if np.ndim(a) else a for name, a in given.items()}
        kernel = self.kernel
        batch = kernel.arranged([known[one.name] for one in kernel.arguments])
        for ready, rows in kernel.plans.covering(batch, kernel.taken, False):
            yield self._code(ready, batch), _part(rows, count)

    def _code(self, ready: Ready, batch: Batch) -> Code:
        whole = ready.with_tables(batch)
        runner: Any = self.kernel.runner(ready, whole)
        steering = _steering(
            runner.program, runner.uniform, runner.checked, runner.hidden, self.leading
        )
        tables = {r.size for k in runner.hidden for r in runner.program.inputs[k].ranges}
        sizes = {size: n for size, n in whole.sizes.items() if size not in tables}
        unit, native = steering.unit(sizes, MANY)
        fixed = [np.ascontiguousarray(whole.arrays[k], dtype=float) for k in unit.fixed]
        counts = [whole.length(over) for over in unit.counts]
        data = np.array([0, *(a.ctypes.data for a in fixed), *counts], dtype=np.int64)
        names = [runner.program.inputs[k].name for k in unit.varying]
        order = {name: v for v, name in enumerate(self.unknowns)}
        return Code(
            native,
            tuple(order.get(name, name) for name in names),
            self.places,
            self.constants,
            data,
            self._box(ready),
            (fixed, native),
        )

    def _box(self, ready: Ready) -> tuple[np.ndarray, np.ndarray]:
        """The ranges of the unknowns that the plan is for."""
        keys = {one.name: key_of(one.symbol) for one in self.kernel.taken}
        everywhere = (-np.inf, np.inf)
        ranges = [ready.planned.box.get(keys.get(name), everywhere) for name in self.unknowns]
        low, high = np.array(ranges, dtype=float).T
        return np.ascontiguousarray(low), np.ascontiguousarray(high)


def _part(rows: Any, count: int) -> Any:
    """Which of the states these are; a state that was repeated is one."""
    if rows is None:
        return slice(None)
    return rows if count >= LEAST else np.zeros(1, dtype=int)


@lru_cache(maxsize=256)
def _steering(
    program: Program,
    uniform: frozenset[int],
    checked: frozenset[int],
    hidden: frozenset[int],
    leading: int,
) -> NativeRunner:
    return NativeRunner(steered(program, leading), uniform, checked, hidden)
