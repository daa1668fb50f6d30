"""Arrays that start at a cache line: SIMD is up to twice as fast there."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["aligned"]

LINE = 64  # bytes


def aligned(shape: tuple[int, ...]) -> Any:
    """An array of doubles without values.

    Examples
    --------
    >>> aligned((3, 5)).shape, aligned((7,)).ctypes.data % 64
    ((3, 5), 0)
    """
    size = 8 * math.prod(shape)
    raw = np.empty(size + LINE, np.uint8)
    start = -raw.ctypes.data % LINE
    return raw[start : start + size].view(np.float64).reshape(shape)
