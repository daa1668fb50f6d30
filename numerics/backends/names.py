"""Identifiers for generated source: whatever a symbol is called, only these reach the source."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterable, Sequence

__all__ = ["identifiers"]


def identifiers(names: Iterable[str], reserved: Sequence[str] = ()) -> list[str]:
    """One distinct plain identifier for each name, whatever it contains.

    Examples
    --------
    >>> identifiers(["β", "x; import os", "lambda", "x_1", "x_1"])
    ['beta', 'x_import_os', 'lambda_', 'x_1', 'x_1_2']
    """
    taken = set(reserved)
    result = []
    for name in names:
        plain = _plain(name)
        candidate, count = plain, 1
        while candidate in taken:
            count += 1
            candidate = f"{plain}_{count}"
        taken.add(candidate)
        result.append(candidate)
    return result


def _plain(name: str) -> str:
    spelled = "".join(_spell(character) for character in name)
    plain = re.sub(r"[^A-Za-z0-9]+", "_", spelled).strip("_")[:40] or "x"
    if plain[0].isdigit():
        plain = f"x_{plain}"
    # one letter and digits is how registers and buffers are written
    if keyword.iskeyword(plain) or keyword.issoftkeyword(plain) or re.fullmatch(r"[a-z]\d+", plain):
        plain += "_"
    return plain


def _spell(character: str) -> str:
    """Greek letters by their name; other characters as they are."""
    if character.isascii():
        return character
    words = unicodedata.name(character, "").split()
    if words[:2] == ["GREEK", "SMALL"]:
        return words[-1].lower()
    return words[-1].capitalize() if words[:2] == ["GREEK", "CAPITAL"] else "_"
