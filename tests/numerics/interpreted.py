"""The source of a nest run by Python itself, in a memory whose every access is checked.

What numba compiles is Python text: with pointers into one array of doubles in the place of
addresses, and NumPy's functions in the place of machine code, it runs as it stands.
"""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
from scipy import special

from numerics.lower import ELEMENTARY

WORD = 8


class Memory:
    """Arrays one after the other, with gaps between them that nobody may touch."""

    def __init__(self):
        self.starts, self.arrays = [], []
        self.end = 4096

    def hold(self, array):
        """The address of a copy of some numbers."""
        return self.take(np.array(array, dtype=float).reshape(-1))

    def take(self, array):
        start = self.end
        self.starts.append(start)
        self.arrays.append(array)
        self.end += WORD * (len(array) + 8)
        return start

    def pointer(self, address):
        part = bisect_right(self.starts, address) - 1
        return Pointer(self.starts[part], self.arrays[part], (address - self.starts[part]) // WORD)


class Pointer:
    """An entry of an array; reading or writing outside of the array is an error."""

    def __init__(self, start, array, place):
        self.start, self.array, self.place = start, array, place

    def _at(self, k):
        at = self.place + k
        if not 0 <= at < len(self.array):
            raise IndexError(f"entry {at} of {len(self.array)}")
        return at

    def __getitem__(self, k):
        value = self.array[self._at(k)]
        if value is None:
            raise ValueError("read before it is written")
        return value

    def __setitem__(self, k, value):
        self.array[self._at(k)] = np.float64(value)


OTHERS = ("log1p", "expm1", "minimum", "maximum", "power", "square", "sqrt", "erfcx")
FUNCTIONS = {
    **{name: getattr(np, name, None) or getattr(special, name) for name in ELEMENTARY.values()},
    **{name: getattr(np, name, None) or getattr(special, name) for name in OTHERS},
    "select": lambda a, b, x, y: x if a < b else y,
    "equal": lambda x, y: float(x == y),
    "fill_zero": lambda x: 1.0 if x == 0 else x,
    "plus": lambda total, term: total + term,
    "times": lambda total, factor: total * factor,
}


def names(memory):
    """What the source of a unit may name."""

    def room(count):
        return memory.pointer(memory.take([None] * count))

    def offset(pointer, count):
        return Pointer(pointer.start, pointer.array, pointer.place + count)

    def address(pointer):
        return pointer.start + WORD * pointer.place

    def spread(base, step, start, count, target, lanes):
        for lane in range(lanes):
            target[lane] = memory.pointer(base + (start + min(lane, count - 1)) * step)[0]

    def gathered(base, step, start, count, target, lanes):
        if step == WORD and count == lanes:
            return memory.pointer(base + start * step)
        spread(base, step, start, count, target, lanes)
        return target

    def scattered(source, base, step, start, count):
        for lane in range(count):
            memory.pointer(base + (start + lane) * step)[0] = source[lane]

    def unfinished(source, count):
        return not all(np.isfinite(source[k]) for k in range(count))

    own = (offset, address, spread, gathered, scattered, unfinished)
    return {
        **FUNCTIONS,
        **{function.__name__: function for function in own},
        "pointer": memory.pointer,
        "stack": room,
        "allocated": room,
        "released": lambda room: None,
        "apart": lambda: None,
        "device": lambda function: function,
        "inline": lambda function: function,
        "np": np,
        "inf": np.inf,
        "nan": np.nan,
    }


def run(unit, program, values, points, counts):
    """The outputs of a unit for arrays by the number of the input.

    Those that vary have an axis of points in front.  `counts` are the sizes of ranges.
    """
    memory = Memory()
    defined = names(memory)
    exec(unit.source, defined)
    outputs = []
    for output in program.outputs:
        outputs.append(
            [None] * (points * int(np.prod([counts[a.over] for a in output.axes] or [1])))
        )
    ins = [memory.hold(values[k]) for k in unit.varying]
    args = ins + [memory.take(output) for output in outputs]
    steps = [WORD * np.size(values[k]) // points for k in unit.varying]
    steps += [WORD * len(output) // points for output in outputs]
    fixed = [memory.hold(values[k]) for k in unit.fixed]
    data = [0, *fixed, *(counts[over] for over in unit.counts)]
    with np.errstate(all="ignore"):
        defined["kernel"](args, [points], steps, data)
    shapes = [[points, *(counts[a.over] for a in output.axes)] for output in program.outputs]
    results = [
        np.array(made, dtype=float).reshape(shape)
        for made, shape in zip(outputs, shapes, strict=True)
    ]
    return results, data[0]
