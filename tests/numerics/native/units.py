"""Small units of machine code, and a way to call one as NumPy does."""

import ctypes

import numpy as np

# x -> x^2 + 1, point by point
SQUARE = """
def kernel(args, dims, steps, data):
    for k in range(dims[0]):
        x = pointer(args[0] + k * steps[0])[0]
        pointer(args[1] + k * steps[1])[0] = x * x + 1.0
"""

# x, y -> x + 2 y, x y: in blocks, whose first result is written before the second is computed
BLOCKS = """
@inline
def doubled(x):
    return x + x

@device
def block(x, y, p, q):
    apart()
    for lane in range(64):
        p[lane] = x[lane] + doubled(y[lane])
    for lane in range(64):
        q[lane] = x[lane] * y[lane]

def kernel(args, dims, steps, data):
    rooms, p, q = stack(128), stack(64), stack(64)
    for start in range(0, dims[0], 64):
        count = min(64, dims[0] - start)
        x = gathered(args[0], steps[0], start, count, rooms, 64)
        y = gathered(args[1], steps[1], start, count, offset(rooms, 64), 64)
        whole = count == 64 and steps[2] == 8 and steps[3] == 8
        first = pointer(args[2] + 8 * start) if whole else p
        second = pointer(args[3] + 8 * start) if whole else q
        block(x, y, first, second)
        finite = 0.0
        for lane in range(64):
            finite += first[lane] * 0.0 + second[lane] * 0.0
        if finite != 0.0:
            data[0] = 1
        if not whole:
            scattered(p, args[2], steps[2], start, count)
            scattered(q, args[3], steps[3], start, count)
"""


def blocks(x, y):
    """What `BLOCKS` computes."""
    return x + 2.0 * y, x * y


def call(native, *operands):
    """Call the entry of a unit on contiguous arrays, inputs then outputs."""
    entry = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4)(native.address)
    words = [
        [array.ctypes.data for array in operands],
        [operands[0].size],
        [array.itemsize for array in operands],
        [0],
    ]
    arrays = [np.array(each, dtype=np.intp) for each in words]
    entry(*(array.ctypes.data for array in arrays))
    return int(arrays[3][0])
