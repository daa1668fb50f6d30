"""Users' words in generated text: nothing of them ends a docstring or a comment, or starts code."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from textwrap import wrap

__all__ = ["WIDTH", "in_comment", "in_docstring", "paragraphs", "shown"]

WIDTH = 96
LONGEST = 4000  # characters of a formula; beyond, it is no help to a reader


def shown(text: str) -> str:
    """A text on one line: what cannot be printed as it is written in Python, the rest as it is.

    Examples
    --------
    >>> shown("β\\n\\u202ex")
    'β\\\\n\\\\u202ex'
    """
    line = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return line if len(line) <= LONGEST else f"{line[:LONGEST]} ... ({len(line)} characters)"


def in_docstring(lines: Iterable[str]) -> str:
    """Lines as the inside of a docstring.

    Examples
    --------
    >>> print(in_docstring(['a quote \"\"\" and a \\\\']))
    a quote \\"\\"\\" and a \\\\
    """
    return "\n".join(line.replace("\\", "\\\\").replace('"', '\\"').rstrip() for line in lines)


def in_comment(lines: Iterable[str]) -> str:
    """Lines as the inside of a comment of C: ASCII, without its end, its start or a trigraph.

    Examples
    --------
    >>> print(in_comment(["β*/x ??/"]))
    beta* /x ? ?/
    """
    text = "\n".join("".join(map(_spelled, line)).rstrip() for line in lines)
    return text.replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?")


def paragraphs(lines: Iterable[str], width: int = WIDTH) -> list[str]:
    """Lines broken where they are too long; what is indented stays so."""
    result = []
    for line in lines:
        indent = " " * (len(line) - len(line.lstrip()))
        further = indent if not indent else f"{indent}    "
        parts = wrap(line.strip(), width - len(further), break_on_hyphens=False) or [""]
        result += [f"{further if k else indent}{part}".rstrip() for k, part in enumerate(parts)]
    return result


def _spelled(character: str) -> str:
    """ASCII for a character; Greek letters by their name."""
    if character.isascii():
        return character
    words = unicodedata.name(character, "").split()
    if words[:1] == ["GREEK"]:
        return words[-1].lower() if "SMALL" in words else words[-1].capitalize()
    return character.encode("ascii", "backslashreplace").decode()
