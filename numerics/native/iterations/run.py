"""Running a compiled iteration: the memory of its slots, and what it is called with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from numerics.aligned import aligned
from numerics.native.build import Native, build
from numerics.native.iterations.source import DATA, print_iteration

__all__ = ["Code", "Ends", "Rows", "run"]

LANES = 64  # of the equations' kernel
NUMBERS = 4096  # of all Jacobians in slots: several times the lanes, as long as caches hold them


@dataclass(frozen=True)
class Code:
    """Compiled equations, for a box of their unknowns.

    Attributes
    ----------
    native : Native
        The code: of residuals and their Jacobian row by row, or of an update; then of conditions,
        which are not negative where these have a meaning.
    inputs : tuple of (int or str)
        What each argument is: the number of an unknown, or the name of a parameter.
    places : tuple of int
        Of each output of the code, its place among all.
    constants : dict
        The values of the others, by place.
    data : ndarray
        What the code is called with besides.
    box : tuple of ndarray
        The least and the largest value of each unknown.
    kept : tuple
        What `data` holds addresses of.
    """

    native: Native = field(repr=False)
    inputs: tuple[int | str, ...]
    places: tuple[int, ...]
    constants: Mapping[int, float]
    data: np.ndarray
    box: tuple[np.ndarray, np.ndarray]
    kept: Any = field(repr=False)


@dataclass(frozen=True)
class Ends:
    """The domain of the unknowns at each point of a batch, arrays (points, n).

    `first` and `last` are the least and the largest value; `singular` are, where there are singular
    ends, the ends themselves and which of them are singular.
    """

    first: np.ndarray
    last: np.ndarray
    singular: tuple[np.ndarray, ...] = ()


@dataclass(frozen=True)
class Rows:
    """Where every row stands, as compiled code leaves it.

    Attributes
    ----------
    carried : dict
        By the name of an array in slots, an array (rows, width): first those that are told of every
        row, then those of rows that go on; the last one is ``"TRIAL"``, the states to evaluate.
    told : int
        How many of them are told of every row.
    points : ndarray of int (rows,)
        The point of the batch that each row belongs to.
    status, steps : ndarray of int (rows,)
        How a row stands, and its steps; -1 before the first evaluation of a start.
    """

    carried: dict[str, np.ndarray]
    told: int
    points: np.ndarray
    status: np.ndarray
    steps: np.ndarray


def run(
    kind: str,
    code: Code,
    rows: Rows,
    order: np.ndarray,
    given: Mapping[str, np.ndarray],
    ends: Ends | None,
    most: int,
    settings: Sequence[float],
) -> int:
    """Iterate some rows until they are done, or have left the box of the code.

    Returns the number of evaluations.
    """
    n = rows.carried["TRIAL"].shape[1]
    width = n * (n + 1) if kind == "newton" else n
    slots = LANES * max(1, NUMBERS // (LANES * 16 * n * n))
    room = _Room(slots)
    conditions = len(code.places) + len(code.constants) - width
    made = {name: room.array(size) for name, size in _sizes(n, width + conditions).items()}
    for place, value in code.constants.items():
        made["OUTS"][place * slots : (place + 1) * slots] = value
    held: dict[str, Any] = {**made, "ENTRY": code.native.address, "CALL_DATA": code.data}
    places, table = _arguments(code, made, given, room)
    table += _ends(made, ends, slots)
    carried = [(made[name], array, array.shape[1]) for name, array in rows.carried.items()]
    tally = np.zeros(1, dtype=np.int64)
    held |= {
        "SLOTS": slots,
        "UNKNOWNS": n,
        "WAITING": len(order),
        "MOST": most,
        "WIDTH": width,
        "CONDITIONS": conditions,
        "OPEN": int(ends is not None and bool(ends.singular)),
        "GIVEN_COUNT": len(table),
        "CARRIED_COUNT": len(carried),
        "TOLD_COUNT": rows.told,
        "SETTINGS": np.array(settings, dtype=float),
        "LOW": code.box[0],
        "HIGH": code.box[1],
        "TALLY": tally,
        "ORDER": np.ascontiguousarray(order, dtype=np.int64),
        "ROWS": rows.points,
        "STEPS": rows.steps,
        "STATUS": rows.status,
        "GIVEN": _table(table),
        "CARRIED": _table(carried),
        "MARKS": np.zeros(3 * slots, dtype=np.int64),
        "DONE": np.zeros(slots + 1, dtype=np.int64),
    }
    data = np.array([_word(held[name]) for name in DATA], dtype=np.int64)
    args = np.array([array.ctypes.data for array in places])
    four = (args, np.array([0]), np.full(len(args), 8), data)
    with np.errstate(all="ignore"):
        _iteration(kind).call(*(array.ctypes.data for array in four))
    return int(tally[0])


@lru_cache(maxsize=4)
def _iteration(kind: str) -> Native:
    """The code of an iteration; it is kept as long as it may be called."""
    return build(print_iteration(kind), "iterate", name=f"the iteration {kind}")


class _Room:
    """Arrays of slots, each from the beginning of a cache line on."""

    def __init__(self, slots: int) -> None:
        self.slots = slots

    def array(self, width: int) -> np.ndarray:
        made: np.ndarray = aligned((max(width, 1) * self.slots,))
        made.fill(0.0)
        return made


def _sizes(n: int, outs: int) -> dict[str, int]:
    """How many numbers of each slot an array has."""
    vectors = ("X", "TRIAL", "RESIDUAL", "DIRECTION", "NEXT", "FIRST", "LAST")
    scalars = ("FRACTION", "USABLE", "FRESH", "ACCEPTED", "AFTER", "BEFORE", "SWAP", "POISON")
    matrices = ("JACOBIAN", "MATRIX")
    several = {"SIZES": 4, "FLAGS": 5, "ENDS": 4 * n, "OUTS": outs}
    counted = ((vectors, n), (scalars, 1), (matrices, n * n))
    return {name: size for names, size in counted for name in names} | several


def _arguments(
    code: Code, made: Mapping[str, np.ndarray], given: Mapping[str, np.ndarray], room: _Room
) -> tuple[list[np.ndarray], list[Any]]:
    """What the code takes and gives, slot by slot, and which parameters come with the point."""
    places: list[np.ndarray] = []
    table: list[Any] = []
    for one in code.inputs:
        if isinstance(one, int):
            places.append(made["TRIAL"][one * room.slots :])
        else:
            own = room.array(1)
            places.append(own)
            if np.ndim(given[one]):
                table.append((own, given[one], 1))
            else:
                own[:] = given[one]
    places += [made["OUTS"][place * room.slots :] for place in code.places]
    return places, table


def _ends(made: Mapping[str, np.ndarray], ends: Ends | None, slots: int) -> list[Any]:
    if ends is None:
        made["FIRST"][:], made["LAST"][:] = -np.inf, np.inf
        return []
    n = ends.first.shape[1]
    table: list[Any] = [(made["FIRST"], ends.first, n), (made["LAST"], ends.last, n)]
    for k, array in enumerate(ends.singular):
        table.append((made["ENDS"][k * n * slots :], array, n))
    return table


def _table(rows: Sequence[tuple[np.ndarray, np.ndarray, int]]) -> np.ndarray:
    """Of each array its address in slots, that of its rows, and their width."""
    found = [(own.ctypes.data, source.ctypes.data, width) for own, source, width in rows]
    return np.array(found, dtype=np.int64).reshape(-1, 3)


def _word(value: Any) -> int:
    """A number as it is, an array by its address."""
    return value if isinstance(value, int) else int(value.ctypes.data)
