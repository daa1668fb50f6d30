"""Arrays of finite real numbers from what a user gives."""

from __future__ import annotations

from typing import Any

import numpy as np

from numerics.errors import NotANumberError

__all__ = ["finite_array"]


def finite_array(name: str, value: Any) -> np.ndarray:
    """The value as an array of doubles.

    Raises
    ------
    NotANumberError
        If it holds what is nan, infinite, complex, or no number.

    Examples
    --------
    >>> finite_array("errors", [1, 2]).tolist()
    [1.0, 2.0]
    """
    try:
        given = np.asarray(value)
        if given.dtype.kind not in "biufO":
            raise TypeError
        array = given.astype(float)
    except (TypeError, ValueError):
        raise NotANumberError(f"{name} must be real numbers: {value!r}") from None
    if not np.isfinite(array).all():
        raise NotANumberError(f"{name} has values that are nan or infinite: leave them out")
    return array
