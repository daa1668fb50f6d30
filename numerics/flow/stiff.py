"""The Jacobian of a flow, derived: what implicit methods take their steps with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from itertools import chain

import numpy as np
from sympy import Expr

from derive.equations import Equations, Index
from numerics.derivatives import derivatives
from numerics.flow.field import Field
from numerics.flow.layout import Block
from numerics.kernel import Kernel
from numerics.problem.given import is_array
from numerics.signature import fresh_indices

__all__ = ["jacobian"]


def jacobian(field: Field, row: int) -> Callable[[float, np.ndarray], np.ndarray]:
    """The derivatives ``(n, n)`` of one trajectory's right-hand side by its state."""
    slopes, columns = _slopes(field.kernel)
    bound = slopes.bind(field.parameters(row))
    blocks = field.layout.blocks

    def jacobian(t: float, y: np.ndarray) -> np.ndarray:
        values = iter(enumerate(field.values(bound, t, y)))
        rows = []
        for above in blocks:
            parts = []
            for beside, column in zip(blocks, columns, strict=True):
                number, value = next(values)
                slots = (*_slots(above.symbol), *_slots(column))
                parts.append(_matrix(value, bound.output_indices(number), slots, above, beside))
            rows.append(np.concatenate(parts, axis=1))
        return np.concatenate(rows, axis=0)

    return jacobian


def _matrix(
    value: np.ndarray,
    axes: tuple[Index, ...],
    slots: tuple[Index, ...],
    above: Block,
    beside: Block,
) -> np.ndarray:
    """The independent entries of one unknown's derivatives by those of another."""
    present = [axes.index(slot) for slot in slots if slot in axes]
    missing = tuple(k for k, slot in enumerate(slots) if slot not in axes)
    full = np.expand_dims(np.transpose(value, present), missing)
    full = np.broadcast_to(full, (*above.shape, *beside.shape))
    flat = full.reshape(max(above.source.size, 1), max(beside.source.size, 1))
    return flat[np.ix_(above.independent, beside.independent)]


@lru_cache(maxsize=16)
def _slopes(kernel: Kernel) -> tuple[Kernel, tuple[Expr, ...]]:
    """The kernel of derivatives by each unknown, and the elements that these are by."""
    equations: Equations = kernel.equations
    taken = {i.name for _, e in equations.expressions for i in e.atoms(Index)}
    columns: list[Expr] = []
    for unknown in equations.unknowns:
        if not is_array(unknown):
            columns.append(unknown)
            continue
        own = fresh_indices(unknown.label.ranges, taken)
        taken |= {index.name for index in own}
        columns.append(unknown.label[own])
    rows = derivatives([expr for _, expr in equations.expressions], columns)
    named = tuple((f"slope_{k}", slope) for k, slope in enumerate(chain.from_iterable(rows)))
    return Kernel(replace(equations, expressions=named)), tuple(columns)


def _slots(symbol: Expr) -> tuple[Index, ...]:
    return tuple(symbol.slots) if is_array(symbol) else ()
