"""Trajectories by compiled code, several at a time in lanes."""

from __future__ import annotations

import ctypes
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

ENTRY = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4)
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
    held: dict[str, Any] = {**_numbers(field, rhs, rooms, times, settings), **rooms.arrays}
    fixed = [np.ascontiguousarray(field.given.flat[one.name], dtype=float) for one in rhs.fixed]
    call_data = np.array([0, *(array.ctypes.data for array in fixed)], dtype=np.int64)
    held |= {"TALLY": tally, "CALL_DATA": call_data}
    held |= _arrays(field, rooms, times, settings, runs)
    data = np.array([_word(held[name]) for name in DATA], dtype=np.int64)
    four = (rooms.args, np.array([rooms.lanes]), rooms.steps, data)
    _, entry = _integrator(settings.method)
    entry(*(array.ctypes.data for array in four))
    runs.endings[:], runs.evaluations[:], runs.steps[:] = tally.T
    return runs


@lru_cache(maxsize=8)
def _integrator(method: str) -> tuple[Native, Any]:
    """The code of a method; it is kept as long as it may be called."""
    native = build(print_integrator(TABLEAUX[method]), "flow", name=f"the integrator {method}")
    return native, ENTRY(native.address)


def _word(value: Any) -> int:
    """A number as it is, an array by its address."""
    return value if isinstance(value, int) else int(value.ctypes.data)


def _numbers(
    field: Field, rhs: RightHandSide, rooms: Rooms, times: np.ndarray, settings: Settings
) -> dict[str, int]:
    return {
        "LANES": rooms.lanes,
        "COUNT": field.layout.count,
        "LENGTH": rooms.length,
        "PARAMETERS": rooms.given.shape[1],
        "POINTS": len(field.starts),
        "TIMES_COUNT": len(times),
        "MAX_STEPS": settings.max_steps,
        "FULL": len(rooms.spread_from),
        "OUTS": sum(rhs.outputs),
        "LIMITS": sum(own.stop - own.start for own, _ in field.limits),
        "ENTRY": rhs.native.address,
    }


def _arrays(
    field: Field, rooms: Rooms, times: np.ndarray, settings: Settings, runs: Runs
) -> dict[str, np.ndarray]:
    limited = [(v, KINDS[word]) for own, word in field.limits for v in range(own.start, own.stop)]
    return {
        "SETTINGS": np.array([settings.atol, settings.rtol]),
        "TIMES": np.ascontiguousarray(times),
        "STARTS": field.starts,
        "GIVEN": rooms.given,
        "SAVED": runs.states,
        "LAST_TIMES": runs.last_times,
        "LAST_STATES": runs.last_states,
        "LANE_MARKS": np.zeros((len(MARKS), rooms.lanes), dtype=np.int64),
        "SPREAD_FROM": rooms.spread_from,
        "GATHER_FROM": rooms.gather_from,
        "LIMITED": np.array(limited, dtype=np.int64),
        "WEIGHTS": np.ascontiguousarray(TABLEAUX[settings.method].interpolant),
    }
