"""Lines of C."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["bracketed", "indented", "reads", "wrapped"]

WIDTH = 96


def reads(text: str, name: str) -> bool:
    """Whether a name occurs in a text.

    Examples
    --------
    >>> reads("beta * x", "x"), reads("beta * x", "bet")
    (True, False)
    """
    return re.search(rf"\b{name}\b", text) is not None


def bracketed(text: str) -> str:
    """An expression as a factor."""
    return f"({text})" if " " in text else text


def indented(lines: Iterable[str]) -> list[str]:
    """Lines one step further to the right."""
    return [f"    {line}" if line else "" for line in lines]


def wrapped(line: str) -> list[str]:
    """A long line broken after commas."""
    rows = [""]
    for piece in re.split(r"(?<=, )", line):
        if len(rows[-1]) + len(piece.rstrip()) > WIDTH and rows[-1]:
            rows[-1] = rows[-1].rstrip()
            rows.append("    ")
        rows[-1] += piece
    return rows
