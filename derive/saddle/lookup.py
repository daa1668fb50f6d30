"""Find a symbol or an element by its name."""

from __future__ import annotations

from typing import Any

from sympy import Expr

from derive.errors import ParameterError

__all__ = ["named"]


def named(name: Any, among: tuple[Expr, ...], what: str, advice: str) -> Any:
    """The one of `among` that is, or is written as, or is named `name`.

    Raises
    ------
    ParameterError
        If there is none, or there are several.
    """
    text = str(name)
    matching = [x for x in among if x == name or str(x) == text]
    matching = matching or [x for x in among if getattr(x, "name", None) == text]
    if len(matching) != 1:
        known = ", ".join(str(x) for x in among) or "none"
        raise ParameterError(f"no {what} {name}: there are {known}{advice}")
    return matching[0]
