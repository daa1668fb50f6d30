"""The largest number of patterns of a sequence that can be stored, in few questions."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["largest"]


def largest(stores: Callable[[int], bool], guess: int, step: int, most: int) -> int:
    """The largest p up to `most` with stores(p), which once it fails fails for all larger p.

    From the guess it strides up or down, twice as far each time, and then bisects.

    Examples
    --------
    >>> asked = []
    >>> largest(lambda p: asked.append(p) or p <= 37, guess=30, step=4, most=100), asked
    (37, [30, 34, 42, 38, 36, 37])
    """
    low, high = 0, most + 1  # stored, and not: no pattern at all, and more than are asked for
    p = min(guess, most)
    if stores(p):
        low = p
        while low < most:
            p = min(low + step, most)
            if not stores(p):
                high = p
                break
            low, step = p, 2 * step
    else:
        high = p
        while high > 1:
            p = max(high - step, 1)
            if stores(p):
                low = p
                break
            high, step = p, 2 * step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if stores(middle) else (low, middle)
    return low
