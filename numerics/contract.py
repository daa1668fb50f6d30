"""Sums of products over axes, pair by pair in the cheapest order: vectors before matrices.

``sum_jk w_ik w_kj V_j`` is two products of a matrix with a vector, never a product of matrices, and
``sum_ij w_ij V_i V_j`` is one with a dot product.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from numerics.builder import Builder, Value
from numerics.program import Axis, Range
from numerics.sparsity import Densified

__all__ = ["sum_of_product"]

LENGTH = 1000  # what an index of symbolic size is taken to run over, and
POINTS = 100  # the batch, where orders are compared
NEIGHBOURS = 10  # nonzero entries of a row of a sparse matrix
EXHAUSTIVE = 5  # factors whose orders are all compared; of more, the cheapest next pair is taken


def sum_of_product(
    b: Builder, factors: Sequence[Value], axes: Sequence[Axis], size: Callable[[Range], Value]
) -> Value:
    """Sum a product of factors over axes."""
    summed = frozenset(axes)
    operands = list(factors)
    occurring = {axis for value in operands for axis in value.axes}
    multiplicity = [size(axis.over) for axis in axes if axis not in occurring]
    operands = [_sum_own(b, value, operands, summed) for value in operands]
    while len(operands) > 1:
        first, second = _next_pair(b, operands, summed)
        rest = [value for value in operands if value is not first and value is not second]
        product = _pair(b, first, second, _over(first, second, rest, summed))
        operands = [*rest, _sum_own(b, product, [product, *rest], summed)]
    result = operands[0] if operands else b.constant(1.0)
    for value in multiplicity:
        result = result * value
    return result


def _sum_own(b: Builder, value: Value, among: Sequence[Value], summed: frozenset[Axis]) -> Value:
    """Sum over axes that no other factor has."""
    others = {axis for other in among if other is not value for axis in other.axes}
    own = [axis for axis in value.axes if axis in summed and axis not in others]
    return b.emit("sum", value, over=own) if own else value


def _over(a: Value, b: Value, rest: Sequence[Value], summed: frozenset[Axis]) -> list[Axis]:
    """The axes that can be summed over as soon as two factors are multiplied."""
    later = {axis for value in rest for axis in value.axes}
    return [axis for axis in {*a.axes, *b.axes} if axis in summed and axis not in later]


def _pair(b: Builder, first: Value, second: Value, over: Sequence[Axis]) -> Value:
    first, second = sorted((first, second), key=lambda value: value.weight[::-1])
    alike = first.axes == second.axes
    if not over or (alike and (len(first.axes) == 1 or first.sparse or second.sparse)):
        first, second = sorted((first, second), key=lambda value: value.weight)
        product = first * second
        return b.emit("sum", product, over=over) if over else product
    return b.emit("contract", first, second, over=over)


# -- the order ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Part:
    """A factor, or what a product of factors would be."""

    axes: frozenset[Axis]
    varies: bool
    sparse: bool
    value: Value | None = None

    @property
    def entries(self) -> float:
        """How many numbers it holds at one point."""
        if self.sparse:
            return NEIGHBOURS * min(map(_length, self.axes))
        return math.prod(map(_length, self.axes))


def _length(axis: Axis) -> int:
    return int(axis.over.size) if axis.over.size.is_Integer else LENGTH


def _next_pair(
    b: Builder, operands: Sequence[Value], summed: frozenset[Axis]
) -> tuple[Value, Value]:
    parts = [_Part(frozenset(v.axes), b.varies(v.operand), v.sparse, v) for v in operands]
    cost, (first, second) = min(_orders(b, parts, summed), key=lambda found: found[0])
    if cost[0] == math.inf:
        raise Densified("its sparse factor meets a dense one without a sum over one index between")
    return operands[first], operands[second]


Cost = tuple[float, int]


def _orders(
    b: Builder, parts: Sequence[_Part], summed: frozenset[Axis]
) -> Iterator[tuple[Cost, tuple[int, int]]]:
    """Each pair that may be multiplied first, with what the whole product costs then."""
    for first, second in combinations(range(len(parts)), 2):
        rest = [part for k, part in enumerate(parts) if k not in (first, second)]
        cost, product = _multiplied(b, parts[first], parts[second], rest, summed)
        later = 0.0
        if rest and cost < math.inf and len(parts) <= EXHAUSTIVE:
            later = min(found[0][0] for found in _orders(b, [*rest, product], summed))
        yield (cost + later, _against_the_rows(parts[first], parts[second], rest)), (first, second)


def _multiplied(
    b: Builder, first: _Part, second: _Part, rest: Sequence[_Part], summed: frozenset[Axis]
) -> tuple[float, _Part]:
    """What the product of two factors costs, and what it is."""
    joint = first.axes | second.axes
    over = (joint & summed).difference(*(part.axes for part in rest))
    varies = first.varies or second.varies
    sparse = _stays_sparse(first, second, over)
    product = _Part(joint - over, varies, sparse and len(joint - over) == 2)
    if (first.sparse or second.sparse) and not (sparse or _is_applied(first, second, over)):
        return math.inf, product
    if _is_known(b, first, second, over):
        return 0.0, product
    work = float(math.prod(map(_length, joint)))
    if first.sparse or second.sparse:
        work *= NEIGHBOURS / LENGTH
    spread = 4.0 if product.entries > max(first.entries, second.entries) else 1.0
    return work * spread * (POINTS if varies else 1), product


def _stays_sparse(first: _Part, second: _Part, over: frozenset[Axis]) -> bool:
    """Whether the nonzero entries of the product are among those of a sparse factor."""
    if first.sparse and second.sparse:
        return first.axes == second.axes or bool(over)
    matrix, other = (first, second) if first.sparse else (second, first)
    return matrix.sparse and other.axes <= matrix.axes and not (other.varies or over)


def _is_applied(first: _Part, second: _Part, over: frozenset[Axis]) -> bool:
    """Whether a matrix is applied to vectors."""
    return len(over) == 1 and first.axes & second.axes == over


def _is_known(b: Builder, first: _Part, second: _Part, over: frozenset[Axis]) -> bool:
    if first.value is None or second.value is None or not over:
        return False
    pair = sorted((first.value, second.value), key=lambda value: value.weight[::-1])
    return b.has("contract", *pair, over=tuple(over))


def _against_the_rows(first: _Part, second: _Part, rest: Sequence[_Part]) -> int:
    """Of two orders alike in cost, the one that sums over the last slot of a matrix is taken."""
    for matrix, vector in ((first, second), (second, first)):
        if matrix.value is not None and len(matrix.axes) == 2 and len(vector.axes) == 1:
            return 0 if matrix.value.last_slot in vector.axes else 1
    return 2
