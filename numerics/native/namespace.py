"""What the text of a unit may name: own functions, memory, and the two ways to define functions.

Needs numba.
"""

from __future__ import annotations

import linecache
from typing import Any

import numba
import numpy as np

from numerics.native import calls, functions, memory
from numerics.native.compiler import FAST

__all__ = ["executed"]

# No one calls these from Python, so that the wrappers which that takes are left out.
INNER: dict[str, Any] = {**FAST, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def executed(source: str, name: str) -> dict[str, Any]:
    """Run the text of a unit, and give back all that it defines."""
    names: dict[str, Any] = {
        **functions.FUNCTIONS,
        **{name: getattr(module, name) for module in (memory, calls) for name in module.__all__},
        "inline": numba.njit(forceinline=True, **INNER),
        "device": numba.njit(**INNER),
        "np": np,
        "__name__": "saddlepoint_unit",
    }
    file = f"<saddlepoint {name}>"
    # so that errors and debuggers show lines of it
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    exec(compile(source, file, "exec"), names)
    return names
