"""Flows in mpmath, by the extrapolated midpoint rule of W. B. Gragg, R. Bulirsch and J. Stoer.

To judge flows by: a step that misses the tolerance is done again, shorter.
"""

from collections.abc import Callable, Sequence
from typing import Any

from mpmath import mp, mpf

COLUMNS = 9

State = list[Any]
Rate = Callable[[State], State]


def flow_in_mpmath(
    rate: Rate, start: Sequence[Any], times: Sequence[float], digits: int = 17
) -> list[State]:
    """The states at ascending times from zero on; a step errs by about 10**-digits."""
    with mp.workdps(digits + 5):
        y, t, length, saved = [mpf(x) for x in start], mpf(0), mpf(1), []
        for end in map(mpf, times):
            while t < end:
                step = min(length, end - t)
                new, error = _step(rate, y, step)
                if error > mpf(10) ** -digits:
                    length = 0.6 * step
                    continue
                y, t = new, t + step
                if step == length and error < mpf(10) ** (-digits - 1):
                    length *= 1.3
            saved.append(y)
    return saved


def _step(rate: Rate, y: State, length: Any) -> tuple[State, Any]:
    """Extrapolated in the square of the step of the midpoint rule, and the last correction."""
    first = rate(y)
    rows: list[State] = []
    for number in range(1, COLUMNS + 1):
        row: list[State] = [_midpoint(rate, y, first, length, 2 * number)]
        for k, before in enumerate(rows):
            factor = (mpf(number) / (number - k - 1)) ** 2 - 1
            row.append([u + (u - v) / factor for u, v in zip(row[k], before, strict=True)])
        last, rows = rows, row
    return rows[-1], max(abs(u - v) for u, v in zip(rows[-1], last[-1], strict=True))


def _midpoint(rate: Rate, y: State, first: State, length: Any, steps: int) -> State:
    h = length / steps
    before, here = y, [u + h * v for u, v in zip(y, first, strict=True)]
    for _ in range(steps - 1):
        rates = rate(here)
        ahead = [u + 2 * h * v for u, v in zip(before, rates, strict=True)]
        before, here = here, ahead
    rates = rate(here)
    return [(u + v + h * w) / 2 for u, v, w in zip(before, here, rates, strict=True)]
