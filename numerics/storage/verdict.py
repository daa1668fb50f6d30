"""What is known about the storage of patterns, with a sentence."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Verdict"]


class Verdict(IntEnum):
    """Whether there are weights that store the patterns.

    Examples
    --------
    >>> Verdict.NOT_FOUND.sentence
    'a local search found no weights, which proves nothing: the problem is not convex'
    """

    POSSIBLE = 0
    IMPOSSIBLE = 1
    NOT_FOUND = 2
    UNDECIDED = 3

    @property
    def sentence(self) -> str:
        """What it means, in words."""
        return _SENTENCES[self]


_SENTENCES = {
    Verdict.POSSIBLE: "the weights store every pattern, beyond rounding",
    Verdict.IMPOSSIBLE: "no weights do: the multipliers bound the margin from above",
    Verdict.NOT_FOUND: (
        "a local search found no weights, which proves nothing: the problem is not convex"
    ),
    Verdict.UNDECIDED: (
        "neither the weights nor the multipliers prove anything in double precision: the largest "
        "margin is zero within rounding, as where patterns are not in general position"
    ),
}
