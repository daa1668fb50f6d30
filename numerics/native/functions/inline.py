"""How the elementary functions are compiled: put into the loop that calls them, and to the letter.

Nothing may be rearranged: each fused product is written as one, so that the bits of a result are
the same on every machine with fused products, whatever the width of its vectors.
"""

from __future__ import annotations

from typing import Any

from numba import njit

__all__ = ["inline"]

inline: Any = njit(forceinline=True, error_model="numpy")
