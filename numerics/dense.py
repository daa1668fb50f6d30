"""What kernels do with whole matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["log_det"]


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
