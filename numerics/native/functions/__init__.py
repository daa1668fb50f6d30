"""Elementary functions of doubles, for loops that numba compiles and LLVM turns into vector code.

Needs numba.  `FUNCTIONS` holds, by the name of an operation of the loop program, a function that is
put into the loop that calls it.
"""

from __future__ import annotations

from typing import Any

from numerics.native.functions.arithmetic import ARITHMETIC
from numerics.native.functions.interim import INTERIM
from numerics.native.functions.scalar import SCALAR

__all__ = ["FUNCTIONS"]

FUNCTIONS: dict[str, Any] = {**ARITHMETIC, **SCALAR, **INTERIM}
