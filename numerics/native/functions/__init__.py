"""Elementary functions of doubles, for loops that numba compiles and LLVM turns into vector code.

Needs numba.  `FUNCTIONS` holds, by the name of an operation of the loop program, a function that is
put into the loop that calls it.
"""

from __future__ import annotations

from typing import Any

from numerics.native.functions.arithmetic import ARITHMETIC
from numerics.native.functions.error_function import ERROR_FUNCTION
from numerics.native.functions.exponential import EXPONENTIAL
from numerics.native.functions.hyperbolic import HYPERBOLIC
from numerics.native.functions.inverse_hyperbolic import INVERSE_HYPERBOLIC
from numerics.native.functions.inverse_sine import INVERSE_SINE
from numerics.native.functions.inverse_tangent import INVERSE_TANGENT
from numerics.native.functions.logarithm import LOGARITHM
from numerics.native.functions.scalar import SCALAR

__all__ = ["FUNCTIONS"]

FUNCTIONS: dict[str, Any] = {
    **ARITHMETIC,
    **EXPONENTIAL,
    **HYPERBOLIC,
    **LOGARITHM,
    **INVERSE_SINE,
    **INVERSE_TANGENT,
    **INVERSE_HYPERBOLIC,
    **ERROR_FUNCTION,
    **SCALAR,
}
