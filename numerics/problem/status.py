"""How an iteration ended and how a branch is placed, each with a sentence."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Stability", "Status"]


class Status(IntEnum):
    """How the search ended, at a point or on a branch.

    `CONVERGED` and `MARGINAL` are solutions; everything else is a failure, and what is reported
    beside it is the best point met, not an answer.

    Examples
    --------
    >>> from numerics.problem.status import Status
    >>> Status.MARGINAL.found, Status.MAX_STEPS.found
    (True, False)
    >>> Status.NO_BRANCH.sentence
    'there is no solution in this place'
    """

    CONVERGED = 0
    MARGINAL = 1
    MAX_STEPS = 2
    STALLED = 3
    DIVERGED = 4
    NOT_FINITE = 5
    NO_BRANCH = 6
    RUNNING = 7
    CYCLE = 8
    AT_END = 9

    @property
    def sentence(self) -> str:
        """What happened, in words."""
        return _SENTENCES[self]

    @property
    def found(self) -> bool:
        """Whether this is a solution."""
        return self <= Status.MARGINAL


_SENTENCES = {
    Status.CONVERGED: "converged: the error estimate is within the tolerance",
    Status.MARGINAL: (
        "a solution within rounding, but the Jacobian is nearly singular there, as at a critical "
        "point: its position is known only to the error estimate"
    ),
    Status.MAX_STEPS: "the largest number of steps was reached before convergence: raise max_steps",
    Status.STALLED: (
        "no further step lowers the residual, which is not zero within rounding: a local minimum "
        "of it, as next to a fold (which Solution.nearest_spinodal locates), or a pole"
    ),
    Status.DIVERGED: "the iteration ran away to infinity",
    Status.NOT_FINITE: "the equations gave a value that is not finite",
    Status.NO_BRANCH: "there is no solution in this place",
    Status.RUNNING: "still running",
    Status.CYCLE: (
        "the iteration repeats a cycle of two states: pass DampedFixedPoint(damping=0.5), or less"
    ),
    Status.AT_END: (
        "no solution inside of the domain: the equations drive an unknown to an end of it where "
        "they are singular, as an overlap to q = 1 above capacity; Solution.best is that limit"
    ),
}


class Stability(IntEnum):
    """Whether the free entropy is maximal on a branch, from the Hessian of the potential."""

    UNSTABLE = 0
    STABLE = 1
    MARGINAL = 2
    UNKNOWN = 3

    @property
    def sentence(self) -> str:
        """What it means, in words."""
        return _PLACES[self]


_PLACES = {
    Stability.UNSTABLE: "the free entropy is not maximal here: a saddle or a maximum of the cost",
    Stability.STABLE: "the free entropy is locally maximal",
    Stability.MARGINAL: "an eigenvalue of the Hessian is zero within its rounding error",
    Stability.UNKNOWN: (
        "stability cannot be judged: there is no potential, or among many unknowns the lowest "
        "eigenvalue of its Hessian did not converge"
    ),
}
