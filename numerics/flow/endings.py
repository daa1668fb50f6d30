"""How a trajectory ended, each with a sentence."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Ending"]


class Ending(IntEnum):
    """How the integration of one trajectory ended.

    Only `COMPLETED` reached the last time; of all others, values up to the last good point are
    kept and later ones are masked.

    Examples
    --------
    >>> from numerics.flow import Ending
    >>> Ending.MAX_STEPS.sentence
    'the largest number of steps was reached: raise max_steps, or integrate less far'
    """

    COMPLETED = 0
    STEP_UNDERFLOW = 1
    NOT_FINITE = 2
    LEFT_DOMAIN = 3
    MAX_STEPS = 4

    @property
    def sentence(self) -> str:
        """What happened, in words."""
        return _SENTENCES[self]


_SENTENCES = {
    Ending.COMPLETED: "the last time was reached",
    Ending.STEP_UNDERFLOW: (
        "the step size fell below the resolution of time: the trajectory runs into a singularity, "
        "or the tolerance is out of reach, or the equations are stiff (try method='Radau')"
    ),
    Ending.NOT_FINITE: "the right-hand side is infinite or nan beyond the last good point",
    Ending.LEFT_DOMAIN: "an unknown leaves what its symbol was declared to be",
    Ending.MAX_STEPS: (
        "the largest number of steps was reached: raise max_steps, or integrate less far"
    ),
}
