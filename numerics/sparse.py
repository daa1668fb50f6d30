"""Operations on SciPy sparse matrices that generated source calls; none makes a dense matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["applied", "combined", "elementwise", "line", "matrices", "scaled", "summed"]


def elementwise(function: Callable[..., Any], matrix: Any, *others: Any) -> Any:
    """A function with f(0) = 0 of the nonzero entries, further arguments being numbers."""
    result = matrix.copy()
    result.data = function(matrix.data, *others)
    return result


def scaled(function: Callable[..., Any], matrix: Any, dense: Any) -> Any:
    """Entries multiplied or divided by numbers, rows, columns or entries of a dense array."""
    entries = matrix.tocoo()
    at = np.broadcast_to(dense, matrix.shape)[entries.coords]
    result = type(entries)((function(entries.data, at), entries.coords), shape=matrix.shape)
    return result.tocsr()


def combined(function: Callable[..., Any], first: Any, second: Any) -> Any:
    """Sums, differences and products of two sparse matrices, entry by entry."""
    if function is np.multiply:
        return first.multiply(second).tocsr()
    return (first + second if function is np.add else first - second).tocsr()


def matrices(first: Any, second: Any) -> Any:
    """The product of two sparse matrices, which is sparse."""
    return (first @ second).tocsr()


def applied(matrix: Any, vectors: Any, place: int = -1, out: Any = None) -> Any:
    """``sum_j matrix[i, j] vectors[..., j]``, in one pass over the matrix for all vectors.

    `place` says where the axis i stands in the result.
    """
    rows = vectors.reshape(-1, vectors.shape[-1])
    result = (matrix @ rows[0])[None] if len(rows) == 1 else (matrix @ rows.T).T
    result = np.moveaxis(result.reshape((*vectors.shape[:-1], matrix.shape[0])), -1, place)
    if out is None:
        return result
    np.copyto(out, result)
    return out


def summed(matrix: Any, axis: tuple[int, ...]) -> Any:
    """Sums of rows, of columns, or of everything."""
    if len(axis) == 2:
        return matrix.data.sum()
    return np.asarray(matrix.sum(axis=axis[0] % 2)).ravel()


def line(matrix: Any, first: Any, second: Any) -> Any:
    """The diagonal for two equal slots; a row, a column or an entry for fixed positions."""
    if first is None and second is None:
        return matrix.diagonal()
    if first is not None and second is not None:
        return matrix[first, second]
    block = matrix[[first], :] if first is not None else matrix[:, [second]]
    return block.toarray().ravel()
