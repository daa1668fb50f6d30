"""The loop around a unit that makes it safe for NumPy: overlap, chosen outputs, warnings.

A unit computes many points at once, so that it must not be given an output that is also an input,
as ``f(x, out=x)`` and ``f.reduce`` do.  A unit without branches computes what it then throws away,
so that the processor's flags say nothing.  And dask takes only ufuncs of one output, so that the
other ones need a place to go.  All three are mended here once, for every unit.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from numerics.errors import NumericsError
from numerics.native.build import Native, build

__all__ = ["OPERANDS", "guard", "table"]

OPERANDS = 64  # of one ufunc, as NumPy has it
ROOM = 4096  # doubles of results on the stack
DATA = 512  # words that a unit may be given
PLACES = 7  # where in the table the places of the outputs begin
HUGE = 1e300

# table: entry, inputs, outputs, the unit's data, its length, three doubles, given outputs, places
SOURCE = f"""
@device
def apart_or_same(first, step, other, stride, count):
    # 0: no double is in both rows; 1: both are one row; 2: anything else
    last, final = first + (count - 1) * step, other + (count - 1) * stride
    if max(first, last) + 8 <= min(other, final) or max(other, final) + 8 <= min(first, last):
        return 0
    if step != stride or step == 0:
        return 2
    if first == other:
        return 1
    gap = abs(first - other) % abs(step)
    return 0 if 8 <= gap and gap <= abs(step) - 8 else 2


@device
def worst_overlap(args, steps, inputs, given, count):
    worst = 0
    for i in range(inputs):
        for j in range(inputs, inputs + given):
            worst = max(worst, apart_or_same(args[i], steps[i], args[j], steps[j], count))
    return worst


@device
def signals(args, steps, inputs, row, step, count):
    # bit 1: nan came out where none went in; bit 2: infinity came out of finite numbers
    result = 0
    for k in range(count):
        value = pointer(row + k * step)[0]
        if value - value != 0.0:
            has_nan, has_inf = False, False
            for i in range(inputs):
                x = pointer(args[i] + k * steps[i])[0]
                has_nan = has_nan or x != x
                has_inf = has_inf or x - x != 0.0
            if value != value:
                result |= 0 if has_nan else 1
            else:
                result |= 0 if has_inf else 2
    return result


@device
def filled(row, step, count, value):
    for k in range(count):
        pointer(row + k * step)[0] = value


@device
def copied(source, row, step, count):
    for k in range(count):
        pointer(row + k * step)[0] = pointer(source + k * 8)[0]


def kernel(args, dims, steps, table):
    inputs, outputs, given, count = table[1], table[2], table[6], dims[0]
    environment, places, strides, size = words(64), words({OPERANDS}), words({OPERANDS}), words(1)
    data, room = words({DATA}), address(stack({ROOM}))
    for k in range(table[4]):
        data[k] = words_at(table[3])[k]
    held(environment)
    overlap = worst_overlap(args, steps, inputs, given, count)
    direct = overlap == 0 and given == outputs
    width = {ROOM} // outputs
    most = count if direct else 1 if overlap == 2 else width
    flags, start = 0, 0
    while start < count:
        size[0] = min(most, count - start)
        for i in range(inputs + given if direct else inputs):
            places[i], strides[i] = args[i] + start * steps[i], steps[i]
        if not direct:
            for j in range(outputs):
                places[inputs + j], strides[inputs + j] = room + 8 * width * j, 8
        data[0] = 0
        called(table[0], places, size, strides, data)
        status = data[0]
        for j in range(outputs):
            k = table[{PLACES} + j]
            if k >= 0:
                here, step = places[inputs + j], strides[inputs + j]
                if status > 1:
                    filled(here, step, size[0], pointer(table[5])[0] / pointer(table[5])[0])
                if status != 0:
                    flags |= signals(places, strides, inputs, here, step, size[0])
                if not direct:
                    there = args[inputs + k] + start * steps[inputs + k]
                    copied(here, there, steps[inputs + k], size[0])
        start += size[0]
    restored(environment)
    constants = pointer(table[5])
    if flags & 1:
        constants[2] = constants[0] / constants[0]
    if flags & 2:
        constants[2] = constants[1] * constants[1]
"""


@lru_cache(maxsize=1)
def guard() -> Native:
    """The guard's own machine code."""
    return build(SOURCE, name="the guard of ufuncs")


def table(
    address: int, inputs: int, outputs: int, chosen: tuple[int, ...], data: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What the guard is told of a unit, and the doubles it needs; both have to be kept.

    Raises
    ------
    NumericsError
        If there are more operands or words of data than fit.
    """
    if inputs + outputs > OPERANDS or len(data) > DATA:
        raise NumericsError(
            f"A NumPy ufunc has at most {OPERANDS} operands and {DATA} addresses of tables, but "
            f"this has {inputs} inputs, {outputs} outputs and {len(data)} addresses: call the "
            "kernel itself."
        )
    doubles = np.array([0.0, HUGE, 0.0])
    places = [chosen.index(j) if j in chosen else -1 for j in range(outputs)]
    head = [address, inputs, outputs, data.ctypes.data, len(data), doubles.ctypes.data, len(chosen)]
    return np.array([*head, *places], dtype=np.int64), doubles
