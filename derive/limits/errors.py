"""What the expansion in a small parameter refuses."""

from __future__ import annotations

from derive.errors import MoveError

__all__ = ["LimitError"]


class LimitError(MoveError):
    """A limit does not exist, or how an expression behaves in it is not known."""
