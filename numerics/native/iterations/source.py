"""The source of the compiled iterations: one unit for each, whatever the equations."""

from __future__ import annotations

from numerics.native.iterations import rules
from numerics.native.iterations.fixed_point_lanes import FIXED_POINT
from numerics.native.iterations.lanes import LANES
from numerics.native.iterations.newton_lanes import NEWTON
from numerics.problem.coordinates import LARGEST

__all__ = ["DATA", "KINDS", "LEFT", "print_iteration"]

KINDS = {"newton": NEWTON, "fixed_point": FIXED_POINT}
LEFT = 100  # the status of a row that has left the box of its plan: it goes on elsewhere

# What stands where among the integers handed over: sizes and counts, then addresses.
DATA = (
    *("SLOTS", "UNKNOWNS", "WAITING", "MOST", "WIDTH", "CONDITIONS", "OPEN"),
    *("GIVEN_COUNT", "CARRIED_COUNT", "TOLD_COUNT"),
    *("ENTRY", "CALL_DATA", "SETTINGS", "LOW", "HIGH", "TALLY"),
    *("ORDER", "ROWS", "STEPS", "STATUS", "GIVEN", "CARRIED", "MARKS", "DONE"),
    *("X", "TRIAL", "RESIDUAL", "JACOBIAN", "DIRECTION", "FRACTION", "SIZES"),
    *("OUTS", "USABLE", "FRESH", "ACCEPTED", "AFTER", "BEFORE", "NEXT", "MATRIX", "SWAP"),
    *("POISON", "FLAGS", "FIRST", "LAST", "ENDS"),
)


def print_iteration(kind: str) -> str:
    """The source of a kind of iteration; its entry is `iterate`."""
    constants = [*(f"{name} = {k}" for k, name in enumerate(DATA))]
    constants += [f"LEFT = {LEFT}", f"LARGEST = {LARGEST!r}"]
    parts = ["\n".join(constants), rules.text(), KINDS[kind].strip()]
    head, entry = LANES.strip().split("def iterate(")
    helpers, lanes = head.split("@device", 1)
    parts = [helpers.strip(), *parts[:2], "@device" + lanes.rstrip(), parts[2]]
    return "\n\n\n".join([*parts, f"def iterate({entry}"]) + "\n"
