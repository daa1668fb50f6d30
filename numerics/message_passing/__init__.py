"""Approximate message passing on single instances, and its state evolution."""

from numerics.message_passing.amp import MessagePassing, amp
from numerics.message_passing.state_evolution import StateEvolution, state_evolution
from numerics.message_passing.tap import Magnetisations, tap

__all__ = [
    "Magnetisations",
    "MessagePassing",
    "StateEvolution",
    "amp",
    "state_evolution",
    "tap",
]
