"""Elementary functions of doubles, for loops that numba compiles and LLVM turns into vector code.

Needs numba.  `FUNCTIONS` holds, by the name of an operation of the loop program, a function that is
put into the loop that calls it.  They hold for all doubles, with C99's limits, signed zeros and
nan, and subnormal numbers in and out.  Errors in units of the last place are at most

    exp, expm1, log, log1p, tanh, cosh, erf, arcsin, arccos, arctan, arcsinh   2
    sinh, arccosh, arctanh, tanh_summed                                       3
    erfc, erfcx                                                               4.

tanh_summed is tanh where it is summed over the nodes of a rule, which averages its errors out.
exp_moderate, expm1_moderate and exp_decaying (all 2) are for arguments that are known to be
bounded, and to be bounded above.
The bits of a result do not depend on the width of the vectors.  sin, cos, tan, power and
gammaln are the C library's, one point at a time: a loop with one of them does not become vector
code.  The machine should have fused products, as x86 has since 2013: else each of them is a call.
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
