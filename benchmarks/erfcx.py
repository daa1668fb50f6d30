"""erfcx for tools that have none: the polynomial of the hand-written C, in other words.

For x >= 0, (1 + 2 x) erfcx(x) is a polynomial in t = (x - 3)/(x + 3); erfcx(-x) = 2 exp(x^2) -
erfcx(x).
"""

import math
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

HEADER = Path(__file__).parent / "c" / "polynomials.h"


@cache
def polynomial() -> Any:
    """The coefficients, lowest order first, read from the C header."""
    found = re.search(r"ERFCX\[\d+\] = \{(.*?)\}", HEADER.read_text(), re.DOTALL)
    if found is None:
        raise ValueError(f"no polynomial ERFCX in {HEADER}")
    return np.array([float.fromhex(n) for n in found[1].split(",") if n.strip()])


def erfcx_by(x: Any, exp: Callable[[Any], Any], if_negative: Callable[..., Any]) -> Any:
    """In another tool's operations; `if_negative` takes a number, and what to give if it is or not.

    Parameters
    ----------
    x : number, array or expression of the tool
        The argument.
    exp, if_negative : callable
        What the tool has.
    """
    size = if_negative(x, -x, x)
    t, value = (size - 3.0) / (size + 3.0), 0.0
    for coefficient in reversed(polynomial().tolist()):
        value = value * t + coefficient
    value = value / (2.0 * size + 1.0)
    return if_negative(x, 2.0 * exp(size * size) - value, value)


def erfcx_in_numbers(x: float, table: Any) -> float:
    """Of a number, in a form that numba compiles."""
    size = abs(x)
    t = (size - 3) / (size + 3)
    value = 0.0
    for k in range(table.size - 1, -1, -1):
        value = value * t + table[k]
    value /= 1 + 2 * size
    return 2 * math.exp(size * size) - value if x < 0 else value
