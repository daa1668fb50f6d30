"""Sums of products over axes, one axis at a time, as matrix products and reductions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from numerics.program import Axis, Builder, Range, Value

__all__ = ["sum_of_product"]


def sum_of_product(
    b: Builder, factors: Sequence[Value], axes: Sequence[Axis], size: Callable[[Range], Value]
) -> Value:
    """Sum a product of factors over axes.

    The axis whose factors together have the fewest axes goes first, so that a quadratic form
    ``sum_ij w_ij V_i V_j`` is a matrix-vector product and a dot product.
    """
    operands = list(factors)
    left = list(axes)
    while left:
        axis = min(left, key=lambda a: (len(_joint(operands, a)), left.index(a)))
        left.remove(axis)
        inside = _merge_alike([v for v in operands if axis in v.axes])
        outside = [v for v in operands if axis not in v.axes]
        operands = [*outside, _sum_over(b, inside, axis, size)]
    result = operands[0]
    for value in operands[1:]:
        result = result * value
    return result


def _joint(operands: Sequence[Value], axis: Axis) -> set[Axis]:
    return {a for v in operands if axis in v.axes for a in v.axes}


def _merge_alike(operands: Sequence[Value]) -> list[Value]:
    """Factors over the same axes are multiplied element by element."""
    merged: dict[tuple[Axis, ...], Value] = {}
    for value in operands:
        merged[value.axes] = merged[value.axes] * value if value.axes in merged else value
    return sorted(merged.values(), key=lambda value: len(value.axes))


def _sum_over(
    b: Builder, operands: list[Value], axis: Axis, size: Callable[[Range], Value]
) -> Value:
    if not operands:
        return size(axis.over)
    while len(operands) > 2:
        operands = [operands[0] * operands[1], *operands[2:]]
    if len(operands) == 1:
        return b.emit("sum", operands[0], over=(axis,))
    return b.emit("contract", *operands, over=(axis,))
