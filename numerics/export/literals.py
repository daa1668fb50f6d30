"""Plain data as Python source; every number is the same to the last bit."""

from __future__ import annotations

import math
import pprint
from typing import Any

import numpy as np

__all__ = ["array_literal", "literal"]

LINE = 92  # characters


class _Named(float):
    """A number that Python has no literal for."""

    def __repr__(self) -> str:
        return f'float("{float(self)}")'


def literal(value: Any, width: int = LINE) -> str:
    """Dictionaries, lists, tuples, text and numbers.

    Examples
    --------
    >>> print(literal([0.1, float("inf")]))
    [0.1, float("inf")]
    """
    return pprint.pformat(_plain(value), width=width, sort_dicts=False)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_plain(item) for item in value)
    if isinstance(value, np.ndarray | np.floating):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return _Named(value)
    return value


def array_literal(value: Any, indent: int) -> str:
    """An array, or a number, as source."""
    if np.ndim(value) == 0:
        return repr(float(value))
    plain = np.asarray(value, dtype=float).tolist()
    text = pprint.pformat(plain, width=LINE - indent, compact=True)
    inner = " " * (indent + 4)
    return f"np.array(\n{inner}{text.replace(chr(10), chr(10) + inner)}\n{' ' * indent})"
