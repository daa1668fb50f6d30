"""The door of the storage problem: sizes, margins, patterns with their labels."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from numerics.errors import DomainError, NotANumberError, ShapeError

__all__ = ["finite", "positive", "signed", "signed_one"]

HUGE = 1e100


def positive(name: str, value: Any) -> int:
    """A number of things, at least one."""
    try:
        number = operator.index(value)
    except TypeError:
        raise DomainError(f"{name}={value!r}: give a positive integer") from None
    if number < 1 or isinstance(value, bool | np.bool_):
        raise DomainError(f"{name}={value!r}: give a positive integer")
    return number


def finite(name: str, value: Any) -> float:
    """One finite real number."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise NotANumberError(f"{name}={value!r}: give one real number") from None
    if not np.isfinite(number):
        raise NotANumberError(f"{name}={number}: give a finite number")
    return number


def signed(X: Any, y: Any) -> np.ndarray:
    """Patterns times their labels, (batch, p, n): all that storage depends on."""
    patterns, labels = _numbers("X", X), _numbers("y", y)
    if patterns.ndim < 2 or 0 in patterns.shape:
        raise ShapeError(
            f"X has shape {patterns.shape}: give (..., p, n), a row for each of p >= 1 patterns "
            "with n >= 1 inputs"
        )
    if labels.shape != patterns.shape[:-1]:
        raise ShapeError(
            f"y has shape {labels.shape}: give {patterns.shape[:-1]}, a label for each pattern"
        )
    other = labels[np.abs(labels) != 1]
    if other.size:
        raise DomainError(f"y has the value {other[0]:g}: labels are +1 or -1")
    largest = float(np.abs(patterns).max())
    if largest > HUGE or 0 < largest < 1 / HUGE:
        raise DomainError(
            f"X has values of size {largest:.0e}, whose squares overflow or vanish: rescale X"
        )
    return labels[..., None] * patterns


def signed_one(X: Any, y: Any) -> np.ndarray:
    """The same for one set of patterns, (p, n)."""
    rows = signed(X, y)
    if rows.ndim > 2:
        raise ShapeError(f"X has shape {rows.shape}: give one set of patterns, (p, n), at a time")
    return rows


def _numbers(name: str, value: Any) -> np.ndarray:
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise NotANumberError(f"{name} is no rectangular array of numbers: {error}") from None
    if array.dtype.kind not in "iuf":
        raise NotANumberError(f"{name} holds {array.dtype} values: give real numbers")
    array = array.astype(float)
    if not np.isfinite(array).all():
        raise NotANumberError(f"{name} has values that are nan or infinite")
    return array
