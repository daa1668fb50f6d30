"""Why an expression has no value at a point."""

from __future__ import annotations

from typing import Any

__all__ = ["DivergesError", "NoValueError"]


class NoValueError(Exception):
    """A value that is not found, and to how many digits it is known."""

    def __init__(self, reason: str, digits: float = 0.0) -> None:
        super().__init__(reason)
        self.reason, self.digits = reason, digits


class DivergesError(NoValueError):
    """An integral that has no finite value, with its values where it is cut off."""

    def __init__(self, reason: str, cut_off: tuple[tuple[Any, Any], ...] = ()) -> None:
        super().__init__(reason)
        self.cut_off = cut_off
