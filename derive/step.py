"""What a move returns, and what a derivation remembers of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from derive.typesetting.typeset import Typeset

__all__ = ["Kind", "Moved", "Step"]


class Kind(StrEnum):
    """How the expression after a move is related to the one before it."""

    EXACT = "exact"
    ASYMPTOTIC = "asymptotic"
    APPROXIMATION = "approximation"
    ANSATZ = "ansatz"
    CONTINUATION = "continuation"


@dataclass(frozen=True)
class Moved:
    """The result of a move: what comes after it, its kind, what was assumed.

    `details` holds what a check of the step needs besides both sides, such as an ansatz;
    `arguments` how the move is shown, where its arguments as written do not say it.
    """

    after: Any
    kind: Kind = Kind.EXACT
    assumptions: tuple[str, ...] = ()
    details: tuple[Any, ...] = ()
    arguments: str = ""


@dataclass(frozen=True)
class Step(Typeset):
    """One move of a derivation.

    Attributes
    ----------
    move : str
        The name of the move.
    arguments : str
        Its arguments, as written.
    before, after : Ensemble or FreeEntropy
        What it was applied to, and what it gave.
    kind : Kind
        exact, asymptotic, approximation, ansatz or continuation.
    assumptions : tuple of str
        What was assumed.
    details : tuple
        What its check needs besides both sides.
    """

    move: str
    arguments: str
    before: Any
    after: Any
    kind: Kind
    assumptions: tuple[str, ...] = ()
    details: tuple[Any, ...] = ()

    def __str__(self) -> str:
        assumed = f"  [{'; '.join(self.assumptions)}]" if self.assumptions else ""
        return f"{self.move}({self.arguments}): {self.kind}{assumed}"
