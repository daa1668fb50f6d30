"""Trajectories by compiled code, several at a time in lanes."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from numerics.errors import UnsupportedExpressionError
from numerics.flow.choice import why_not_compiled
from numerics.flow.field import Field
from numerics.flow.lanes_source import DATA, MARKS, print_integrator
from numerics.flow.right_hand_side import RightHandSide, right_hand_side
from numerics.flow.rooms import Rooms
from numerics.flow.runs import Runs, Settings
from numerics.flow.tableaux import TABLEAUX
from numerics.native.build import Native, build

__all__ = ["run_in_lanes"]

PIECE = 64  # trajectories of each lane in one call
KINDS = {"positive": 0, "negative": 1, "nonnegative": 2, "nonpositive": 3}


def run_in_lanes(field: Field, times: np.ndarray, settings: Settings) -> Runs:
    """Integrate a batch, with a step size of its own for every trajectory.

    Raises
    ------
    UnsupportedExpressionError
        If the right-hand side or the method has no compiled form.
    MissingBackendError
        If numba is not installed.
    """
    refused = why_not_compiled(field, settings.method)
    if refused is not None:
        raise UnsupportedExpressionError(f'{refused}: call flow(..., backend="numpy")')
    runs = Runs.empty(field.starts, times)
    points = len(field.starts)
    rhs = right_hand_side(field)
    rooms = Rooms(field, rhs, min(points, rhs.lanes), TABLEAUX[settings.method].slopes)
    tally = np.zeros((points, 3), dtype=np.int64)
    fixed = [np.ascontiguousarray(field.given.flat[one.name], dtype=float) for one in rhs.fixed]
    held: dict[str, Any] = _common(field, rhs, rooms, times, settings)
    held["CALL_DATA"] = np.array([0, *(array.ctypes.data for array in fixed)], dtype=np.int64)
    for first in range(0, points, PIECE * rooms.lanes):  # so that a batch can be interrupted
        rows = slice(first, first + PIECE * rooms.lanes)
        held |= {"TALLY": tally[rows], "STARTS": field.starts[rows], "GIVEN": rooms.given[rows]}
        held |= {"SAVED": runs.states[rows], "LAST_TIMES": runs.last_times[rows]}
        held |= {"LAST_STATES": runs.last_states[rows], "POINTS": len(tally[rows])}
        _call(settings.method, rooms, held)
    runs.endings[:], runs.evaluations[:], runs.steps[:] = tally.T
    return runs


def _call(method: str, rooms: Rooms, held: dict[str, Any]) -> None:
    """Hand over what the compiled code reads and writes: numbers, and addresses of arrays."""
    words = [v if isinstance(v, int) else v.ctypes.data for v in map(held.__getitem__, DATA)]
    four = (rooms.args, np.array([rooms.lanes]), rooms.steps, np.array(words, dtype=np.int64))
    _integrator(method).call(*(array.ctypes.data for array in four))


@lru_cache(maxsize=8)
def _integrator(method: str) -> Native:
    """The code of a method; it is kept as long as it may be called."""
    return build(print_integrator(TABLEAUX[method]), "flow", name=f"the integrator {method}")


def _common(
    field: Field, rhs: RightHandSide, rooms: Rooms, times: np.ndarray, settings: Settings
) -> dict[str, Any]:
    """What is the same for all trajectories."""
    limited = [(v, KINDS[word]) for own, word in field.limits for v in range(own.start, own.stop)]
    return {
        **rooms.arrays,
        "LANES": rooms.lanes,
        "COUNT": field.layout.count,
        "LENGTH": rooms.length,
        "PARAMETERS": rooms.given.shape[1],
        "TIMES_COUNT": len(times),
        "MAX_STEPS": settings.max_steps,
        "FULL": len(rooms.spread_from),
        "OUTS": sum(rhs.outputs),
        "LIMITS": len(limited),
        "ENTRY": rhs.native.address,
        "SETTINGS": np.array([settings.atol, settings.rtol]),
        "TIMES": np.ascontiguousarray(times),
        "LANE_MARKS": np.zeros((len(MARKS), rooms.lanes), dtype=np.int64),
        "SPREAD_FROM": rooms.spread_from,
        "GATHER_FROM": rooms.gather_from,
        "LIMITED": np.array(limited, dtype=np.int64),
        "WEIGHTS": np.ascontiguousarray(TABLEAUX[settings.method].interpolant),
    }
