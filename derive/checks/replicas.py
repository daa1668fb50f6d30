"""Which check belongs to which move of the replica method."""

from __future__ import annotations

from typing import Any

from derive.checks.asymptotic import Convergence
from derive.checks.replicas_ansatz import check_replica_ansatz
from derive.checks.replicas_continuation import check_continuation
from derive.checks.replicas_copies import check_copies
from derive.checks.replicas_disorder import check_average, check_kept
from derive.checks.replicas_sizes import check_cumulants, check_leading_order
from derive.checks.world import World
from derive.step import Kind, Step

__all__ = ["REPLICA_MOVES", "check_replicas"]

REPLICA_MOVES = ("replicate", "average", "leading_order", "replica_ansatz", "continue_replicas")


def check_replicas(step: Step, world: World, digits: int) -> tuple[str, float, float] | Convergence:
    """The check of one step of the replica method that is no identity point by point."""
    if step.move == "leading_order":
        return check_leading_order(step, world)
    if step.move == "average" and step.kind == Kind.ASYMPTOTIC:
        return check_cumulants(step, world)
    return _exact(step)(step, world, digits)


def _exact(step: Step) -> Any:
    if step.move == "average":
        return check_kept if "keep=True" in step.arguments else check_average
    return {
        "replicate": check_copies,
        "replica_ansatz": check_replica_ansatz,
        "continue_replicas": check_continuation,
    }[step.move]
