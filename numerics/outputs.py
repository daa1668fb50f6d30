"""Where results are written: new arrays, or those that the caller lends as `out`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numerics.errors import OutputError

__all__ = ["given_outs", "handed_back", "written_to"]


def given_outs(out: Any, names: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> list[Any]:
    """The arrays lent for the results, checked; None for each where nothing is lent."""
    if out is None:
        return [None] * len(shapes)
    given = list(out) if isinstance(out, tuple | list) else [out]
    if len(given) != len(shapes):
        raise OutputError(f"out has {len(given)} arrays, the results are {tuple(names)}")
    for name, array, shape in zip(names, given, shapes, strict=True):
        if not isinstance(array, np.ndarray) or array.dtype != np.float64:
            kind = getattr(array, "dtype", type(array).__name__)
            raise OutputError(f"out for {name} is {kind}: give an array of float64")
        if array.shape != shape:
            raise OutputError(f"out for {name} has shape {array.shape}, the result {shape}")
        if not array.flags.writeable:
            raise OutputError(f"out for {name} is read-only")
    return given


def written_to(array: Any, shape: tuple[int, ...], arguments: Sequence[Any]) -> Any:
    """Where a block writes: the caller's array unless it overlaps an argument or has gaps."""
    if array is None or not array.flags.c_contiguous:
        return np.empty(shape)
    overlaps = any(
        np.may_share_memory(array, given) for given in arguments if isinstance(given, np.ndarray)
    )
    return np.empty(shape) if overlaps else array


def handed_back(given: Sequence[Any], targets: Sequence[Any]) -> Any:
    """The results: the caller's arrays where there are some, numbers for arrays without axes."""
    results = []
    for array, target in zip(given, targets, strict=True):
        if array is not None and array is not target:
            np.copyto(array, target)
        results.append(target[()] if array is None else array)
    return results[0] if len(results) == 1 else tuple(results)
