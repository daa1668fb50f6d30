"""Sums over a product of two arrays as NumPy calls: matrix products where there is a matrix."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from string import ascii_letters

from numerics.program import Axis

__all__ = ["Factor", "print_contraction", "rearranged"]


@dataclass(frozen=True)
class Factor:
    """An operand of a contraction as it is written, with what is known of it."""

    text: str
    axes: tuple[Axis, ...]
    varies: bool = False
    sparse: bool = False
    symmetric: bool = False


def print_contraction(first: Factor, second: Factor, kept: tuple[Axis, ...], out: str) -> str:
    """The call that sums a product over the axes that are not kept.

    An array that does not vary along the batch, times vectors that may, is one matrix product for
    the whole block; what both vary is an einsum.
    """
    for vectors, matrix in ((first, second), (second, first)):
        call = _matrix_product(vectors, matrix, kept)
        if call is not None:
            function, *arguments = call
            return f"{function}({', '.join(arguments)}{out})"
    named = _letters((*first.axes, *second.axes))
    spec = ",".join("..." + "".join(named[a] for a in f.axes) for f in (first, second))
    result = "".join(named[a] for a in kept)
    return f"np.einsum('{spec}->...{result}', {first.text}, {second.text}{out})"


def _matrix_product(
    vectors: Factor, matrix: Factor, kept: tuple[Axis, ...]
) -> tuple[str, ...] | None:
    """``vectors @ matrix``, where these share no axis but the one that is summed."""
    shared = [axis for axis in vectors.axes if axis in matrix.axes]
    if matrix.varies or len(matrix.axes) > 2 or len(shared) != 1 or shared[0] in kept:
        return None
    if vectors.sparse and not matrix.sparse:
        return None
    rows = tuple(axis for axis in vectors.axes if axis not in shared)
    columns = tuple(axis for axis in matrix.axes if axis not in shared)
    if matrix.sparse and not vectors.sparse:
        left = rearranged(matrix, (*columns, *shared))
        place = kept.index(columns[0]) - len(kept)
        return "sparse.applied", left, rearranged(vectors, (*rows, *shared)), str(place)
    if kept == (*rows, *columns):
        left, right = rearranged(vectors, (*rows, *shared)), rearranged(matrix, (*shared, *columns))
        return ("sparse.matrices" if matrix.sparse else "np.matmul"), left, right
    if kept == (*columns, *rows) and len(rows) == 1 and not matrix.sparse:
        left, right = rearranged(matrix, (*columns, *shared)), rearranged(vectors, (*shared, *rows))
        return "np.matmul", left, right
    return None


def rearranged(factor: Factor, wanted: tuple[Axis, ...]) -> str:
    """A register with its axes in another order; no numbers are moved."""
    if factor.axes == wanted or (factor.symmetric and set(factor.axes) == set(wanted)):
        return factor.text
    if not factor.varies and factor.axes == wanted[::-1]:
        return f"{factor.text}.T"
    named = _letters(factor.axes)
    before, after = ("".join(named[a] for a in order) for order in (factor.axes, wanted))
    return f"np.einsum('...{before}->...{after}', {factor.text})"


def _letters(axes: Iterable[Axis]) -> Mapping[Axis, str]:
    return dict(zip(dict.fromkeys(axes), ascii_letters, strict=False))
