"""Which spins may be updated together: those that no coupling joins.

Spins of one colour are independent given all others, so that drawing them at once is the same as
one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from numerics.matrices import is_sparse
from numerics.simulation.terms import Matrix

__all__ = ["colour_classes"]


def colour_classes(matrices: Sequence[Matrix], place: slice) -> list[np.ndarray]:
    """Sites of a slice in classes without couplings inside, by greedy colouring.

    Sites of many neighbours come first (Welsh and Powell, Comput. J. 10, 85 (1967)).

    Examples
    --------
    >>> ring = np.roll(np.eye(6), 1, axis=0) + np.roll(np.eye(6), -1, axis=0)
    >>> [sites.tolist() for sites in colour_classes([ring], slice(0, 6))]
    [[0, 2, 4], [1, 3, 5]]
    """
    count = place.stop - place.start
    if any(_is_complete(matrix[place, place]) for matrix in matrices):
        return [np.array([site]) for site in range(place.start, place.stop)]
    indptr, indices = _neighbours(matrices, place)
    degrees = np.diff(indptr)
    colours = np.full(count, -1)
    for site in np.argsort(-degrees, kind="stable"):
        near = colours[indices[indptr[site] : indptr[site + 1]]]
        used = np.zeros(len(near) + 2, dtype=bool)
        used[near[(near >= 0) & (near < len(used))]] = True
        colours[site] = int(np.argmin(used))
    return [np.flatnonzero(colours == c) + place.start for c in range(int(colours.max()) + 1)]


def _is_complete(matrix: Matrix) -> bool:
    count = matrix.shape[0]
    joined = matrix.nnz if is_sparse(matrix) else np.count_nonzero(matrix)
    return bool(joined == count * (count - 1))


def _neighbours(matrices: Sequence[Matrix], place: slice) -> tuple[np.ndarray, np.ndarray]:
    """The union of the couplings' patterns in compressed rows."""
    count = place.stop - place.start
    rows, columns = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for matrix in matrices:
        inner = matrix[place, place]
        at = inner.tocoo().coords if is_sparse(inner) else np.nonzero(inner)
        rows.append(at[0])
        columns.append(at[1])
    row, column = np.concatenate(rows), np.concatenate(columns)
    if len(matrices) != 1:
        row, column = np.divmod(np.unique(row.astype(np.int64) * count + column), count)
    order = np.argsort(row, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=count))])
    return starts, column[order]
