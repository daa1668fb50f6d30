"""What LLVM can do with a double and Python cannot say: fused products, bit patterns, selects.

Each is one instruction on a scalar and on a vector alike, so that loops over them vectorise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import extending, types
from numba.core import cgutils

__all__ = [
    "absolute",
    "bits_of",
    "ceil",
    "choose",
    "copysign",
    "floor",
    "fma",
    "from_bits",
    "polynomial",
    "shifted_right",
    "sqrt",
]

DOUBLE, INTEGER = ir.DoubleType(), ir.IntType(64)
intrinsic: Any = extending.intrinsic
REAL, WHOLE, TRUTH = types.float64, types.int64, types.boolean
SHORT = 5  # so many coefficients are one chain of products


def _called(name: str, builder: Any, args: Sequence[Any]) -> Any:
    """A call of LLVM's own function of doubles."""
    kind = ir.FunctionType(DOUBLE, [DOUBLE] * len(args))
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), args)


@intrinsic
def fma(_context: Any, x: Any, y: Any, z: Any) -> Any:
    """x*y + z, rounded once."""

    def generate(_codegen: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.fma(*args)

    return REAL(REAL, REAL, REAL), generate


@intrinsic
def absolute(_context: Any, x: Any) -> Any:
    """|x|."""

    def generate(_codegen: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return _called("llvm.fabs.f64", builder, args)

    return REAL(REAL), generate


@intrinsic
def copysign(_context: Any, size: Any, sign: Any) -> Any:
    """The size of one number with the sign of another."""

    def generate(_codegen: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return _called("llvm.copysign.f64", builder, args)

    return REAL(REAL, REAL), generate


@intrinsic
def sqrt(_context: Any, x: Any) -> Any:
    """The square root, rounded to the nearest."""

    def generate(_codegen: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return _called("llvm.sqrt.f64", builder, args)

    return REAL(REAL), generate


@intrinsic
def floor(_context: Any, x: Any) -> Any:
    """The largest whole number that is not above x."""

    def generate(_codegen: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return _called("llvm.floor.f64", builder, args)

    return REAL(REAL), generate


@intrinsic
def ceil(_context: Any, x: Any) -> Any:
    """The smallest whole number that is not below x."""

    def generate(_codegen: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return _called("llvm.ceil.f64", builder, args)

    return REAL(REAL), generate


@intrinsic
def bits_of(_context: Any, x: Any) -> Any:
    """The 64 bits of a double, as a whole number."""

    def generate(_codegen: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], INTEGER)

    return WHOLE(REAL), generate


@intrinsic
def from_bits(_context: Any, bits: Any) -> Any:
    """The double with these 64 bits."""

    def generate(_codegen: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], DOUBLE)

    return REAL(WHOLE), generate


@intrinsic
def shifted_right(_context: Any, bits: Any, count: Any) -> Any:
    """The bits moved down, zeros above: AVX2 cannot move them down with their sign."""

    def generate(_codegen: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.lshr(*args)

    return WHOLE(WHOLE, WHOLE), generate


@intrinsic
def choose(_context: Any, condition: Any, yes: Any, no: Any) -> Any:
    """`yes` where the condition holds, else `no`; both are computed."""

    def generate(_codegen: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.select(*args)

    return REAL(TRUTH, REAL, REAL), generate


def polynomial(coefficients: Sequence[float]) -> Callable[..., Any]:
    """The polynomial with these coefficients, the constant one first.

    Its even and odd halves are chains of fused products that run side by side, unless it is short.
    """

    @intrinsic
    def evaluate(_context: Any, x: Any) -> Any:
        def generate(_codegen: Any, builder: Any, _signature: Any, args: Any) -> Any:
            x = args[0]
            if len(coefficients) <= SHORT:
                return _horner(builder, coefficients, x)
            square = builder.fmul(x, x)
            even, odd = (_horner(builder, coefficients[k::2], square) for k in (0, 1))
            return builder.fma(odd, x, even)

        return REAL(REAL), generate

    return evaluate


def _horner(builder: Any, coefficients: Sequence[float], x: Any) -> Any:
    """Nested fused products, from the last coefficient to the first."""
    *lower, result = (ir.Constant(DOUBLE, c) for c in coefficients)
    for constant in reversed(lower):
        result = builder.fma(result, x, constant)
    return result
