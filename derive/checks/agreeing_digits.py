"""To how many digits two numbers agree."""

from __future__ import annotations

from typing import Any

import mpmath
from mpmath import mp

__all__ = ["agreement", "agreement_of_logs"]


def agreement(x: Any, y: Any) -> Any:
    """Digits to which two numbers agree, relative to the larger; at most the working precision."""
    scale = max(abs(x), abs(y))
    if scale == 0:
        return mpmath.mpf(mp.dps)
    difference = abs(x - y) / scale
    return -mpmath.log10(difference) if difference > mp.eps else mpmath.mpf(mp.dps)


def agreement_of_logs(x: Any, y: Any) -> Any:
    """Digits to which two logarithms agree; those around zero are numbers around one."""
    return -mpmath.log10(abs(x - y) / (1 + abs(x)) + mp.eps)
