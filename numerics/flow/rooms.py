"""The memory in which trajectories are integrated, lane by lane.

What the right-hand side takes and gives lies in it too: a state as it is where the state holds an
array entry by entry, and spread to a whole array where it holds its independent entries only.
"""

from __future__ import annotations

import numpy as np

from numerics.flow.field import Field
from numerics.flow.layout import Block
from numerics.flow.right_hand_side import RightHandSide
from numerics.program import Input

__all__ = ["Rooms"]

ALIGNED = 8  # doubles of one vector: states of all lanes together are filled up to a multiple


class Rooms:
    """Arrays for some lanes, and the addresses and strides that the right-hand side is called with.

    Attributes
    ----------
    lanes, length : int
        How many lanes there are, and the doubles that their states take together.
    arrays : dict
        By what the compiled code calls them.
    given : ndarray (points, entries)
        The parameters that vary from trajectory to trajectory.
    spread_from, gather_from : ndarray of int
        Of each entry of arrays that are spread, its place in the state or -1; and of each entry of
        the state, the place of its slope among all outputs.
    args, steps : ndarray of int
        Addresses of arguments and outputs in the first lane, and bytes from lane to lane.
    """

    def __init__(self, field: Field, rhs: RightHandSide, lanes: int, slopes: int) -> None:
        self.field, self.rhs, self.lanes = field, rhs, lanes
        count = field.layout.count
        self.length = -(-lanes * count // ALIGNED) * ALIGNED
        spread = [block for block in field.layout.blocks if _is_spread(block)]
        self.spread_from = np.array(
            [-1 if s < 0 else block.start + s for block in spread for s in block.source],
            dtype=np.int64,
        )
        known = np.array([block.known for block in spread for _ in block.source])
        self.given = self._given()
        starts = np.cumsum([0, *rhs.outputs])
        places = [start + place for start, place in zip(starts[:-1], field.places, strict=True)]
        self.gather_from = np.concatenate(places).astype(np.int64)
        lengths = dict.fromkeys(("Y", "NEW", "TRIAL", "H", "SQUARES", "SCRATCH"), self.length)
        lengths |= dict.fromkeys(("T", "CLOCK", "STEP", "LATER", "AFTER", "OUTSIDE"), lanes)
        lengths |= {"MORE_SQUARES": self.length, "SLOPES": self.length * slopes}
        lengths |= {"OWN": lanes * self.given.shape[1], "OUTS_AT": lanes * int(starts[-1])}
        self.arrays = {name: np.zeros(length) for name, length in lengths.items()}
        self.arrays["FULL_AT"] = np.tile(known, lanes)
        calls = [*self._taken(spread), *(("OUTS_AT", int(s), int(starts[-1])) for s in starts[:-1])]
        self.args = np.array([self.arrays[room].ctypes.data + 8 * at for room, at, _ in calls])
        self.steps = np.array([8 * step for _, _, step in calls])

    def _taken(self, spread: list[Block]) -> list[tuple[str, int, int]]:
        """Of each argument its room, where it begins there, and doubles from lane to lane."""
        blocks = {block.name: block for block in self.field.layout.blocks}
        sizes = [block.source.size for block in spread]
        full = dict(zip((block.name for block in spread), _starts(sizes), strict=True))
        varying = self._varying()
        entries = [self.rhs.entries(one.ranges) for one in varying]
        own = dict(zip((one.name for one in varying), _starts(entries), strict=True))
        found = []
        for one in self.rhs.varying:
            if one.name in full:
                found.append(("FULL_AT", full[one.name], len(self.spread_from)))
            elif one.name in blocks:
                found.append(("TRIAL", blocks[one.name].start, self.field.layout.count))
            elif one.name in own:
                found.append(("OWN", own[one.name], self.given.shape[1]))
            else:
                found.append(("CLOCK", 0, 1))
        return found

    def _varying(self) -> list[Input]:
        """The parameters among the arguments that differ from trajectory to trajectory."""
        known = {parameter.name for parameter in self.field.equations.parameters}
        return [one for one in self.rhs.varying if one.name in known]

    def _given(self) -> np.ndarray:
        points = len(self.field.starts)
        parts = [self.field.given.flat[one.name].reshape(points, -1) for one in self._varying()]
        return np.concatenate([np.zeros((points, 0)), *parts], axis=1)


def _starts(lengths: list[int]) -> list[int]:
    return [int(start) for start in np.cumsum([0, *lengths])[:-1]]


def _is_spread(block: Block) -> bool:
    """Whether the state holds less than the array."""
    return block.source.size != block.count
