"""What kernels do with whole matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["log_det", "stacked"]


def log_det(matrix: np.ndarray, places: tuple[int, int], out: Any = None) -> Any:
    """The logarithm of the determinant over two axes; nan where the determinant is negative.

    By LU decomposition, whose logarithms are added, so that nothing overflows.

    Examples
    --------
    >>> import numpy as np
    >>> float(log_det(np.diag([1e200, 1e200]), (-2, -1)).round(6))
    921.034037
    """
    sign, logarithm = np.linalg.slogdet(np.moveaxis(matrix, places, (-2, -1)))
    result = np.where(sign < 0, np.nan, logarithm)
    if out is None:
        return result
    np.copyto(out, result)
    return out


def stacked(entries: Sequence[Any], shape: tuple[int, ...], places: tuple[int, ...]) -> Any:
    """Entries, arrays that broadcast, as one array with axes of this shape at these places.

    Examples
    --------
    >>> stacked((1.0, 2.0, 3.0, 4.0), (2, 2), (-2, -1)).tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    whole = np.stack(np.broadcast_arrays(*entries), axis=-1)
    whole = whole.reshape(whole.shape[:-1] + shape)
    return np.moveaxis(whole, range(-len(shape), 0), places)
