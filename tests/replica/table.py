"""Reference numbers of replica theory, read from the table beside this file.

Written by ``python -m tests.replica.reference``, which shares no code with the packages.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import mpmath as mp

__all__ = ["PATH", "keys", "row", "value"]

PATH = Path(__file__).with_name("reference_values.json")

DIGITS = 40  # more than the table holds: reading rounds nothing


@cache
def _table() -> dict[str, dict[str, Any]]:
    return json.loads(PATH.read_text(encoding="utf-8"))


def keys(prefix: str = "") -> list[str]:
    """Return the keys that start so, in the order of the table."""
    return [key for key in _table() if key.startswith(prefix)]


def row(key: str) -> dict[str, Any]:
    """Return a row as it stands: formula, conventions, parameters, value, digits, check."""
    return _table()[key]


def value(key: str) -> Any:
    """Return the number of a row as ``mpf``, or its named numbers as a dictionary of them."""
    return _numbers(row(key)["value"])


def _numbers(entry: Any) -> Any:
    if isinstance(entry, dict):
        return {name: _numbers(part) for name, part in entry.items()}
    with mp.workdps(DIGITS):
        return mp.mpf(entry)
