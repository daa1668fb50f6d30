"""Pointers and arrays on the stack, for functions that numba compiles: no bounds, no strides.

Needs numba.  A pointer is numba's CPointer: it is read and written as ``p[k]``.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import extending, njit, types
from numba.core import cgutils

__all__ = [
    "address",
    "allocated",
    "apart",
    "gathered",
    "offset",
    "plus",
    "pointer",
    "released",
    "scattered",
    "spread",
    "stack",
    "times",
    "unfinished",
]

DOUBLES = types.CPointer(types.float64)
WIDE = '"prefer-vector-width"="512"'  # LLVM takes half of that by itself where there is AVX-512
CACHE_LINE = 64
BYTES = ir.PointerType(ir.IntType(8))

intrinsic: Any = extending.intrinsic
inline = njit(forceinline=True, fastmath={"contract", "nsz"}, error_model="numpy")
in_any_order = njit(forceinline=True, fastmath={"contract", "nsz", "reassoc"}, error_model="numpy")


@intrinsic
def stack(_context: Any, count: Any) -> Any:
    """An array of that many doubles on the stack; the count is written as a number."""
    if not isinstance(count, types.IntegerLiteral):
        return None

    def generate(_codegen: Any, builder: Any, _signature: Any, _args: Any) -> Any:
        room = cgutils.alloca_once(builder, ir.ArrayType(ir.DoubleType(), count.literal_value))
        room.align = CACHE_LINE
        return builder.bitcast(room, ir.PointerType(ir.DoubleType()))

    return DOUBLES(count), generate


@intrinsic
def pointer(_context: Any, place: Any) -> Any:
    """The pointer to doubles at an address."""

    def generate(_codegen: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], ir.PointerType(ir.DoubleType()))

    return DOUBLES(types.intp), generate


@intrinsic
def address(_context: Any, place: Any) -> Any:
    """The address that a pointer holds."""

    def generate(_codegen: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.ptrtoint(args[0], ir.IntType(64))

    return types.intp(DOUBLES), generate


@intrinsic
def offset(_context: Any, place: Any, count: Any) -> Any:
    """The pointer to what lies `count` doubles further on."""

    def generate(_codegen: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.gep(args[0], [args[1]])

    return DOUBLES(DOUBLES, types.intp), generate


@intrinsic
def allocated(_context: Any, count: Any) -> Any:
    """Memory for that many doubles; where there is none its address is zero."""

    def generate(_codegen: Any, builder: Any, _signature: Any, args: Any) -> Any:
        long = ir.IntType(64)
        kind = ir.FunctionType(BYTES, [long])
        take = cgutils.get_or_insert_function(builder.module, kind, "malloc")
        size = builder.mul(args[0], ir.Constant(long, 8))
        room = builder.call(take, [size])
        return builder.bitcast(room, ir.PointerType(ir.DoubleType()))

    return DOUBLES(types.intp), generate


@intrinsic
def released(_context: Any, room: Any) -> Any:
    """Give memory back."""

    def generate(_codegen: Any, builder: Any, _signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [BYTES])
        give = cgutils.get_or_insert_function(builder.module, kind, "free")
        builder.call(give, [builder.bitcast(args[0], BYTES)])
        return ir.Constant(ir.IntType(64), 0)

    return types.intp(DOUBLES), generate


@intrinsic
def apart(_context: Any) -> Any:
    """Say that the pointers which a function takes do not overlap, and ask for wide vectors.

    It stands once at the beginning of a function that is not a loop's: without it LLVM compares
    addresses before each loop, and gives up beyond a few.
    """

    def generate(_codegen: Any, builder: Any, _signature: Any, _args: Any) -> Any:
        set.add(builder.function.attributes, WIDE)  # llvmlite knows attributes of one word only
        for argument in builder.function.args[2:]:  # after where the result and the error go
            if isinstance(argument.type, ir.PointerType):
                argument.add_attribute("noalias")
        return ir.Constant(ir.IntType(64), 0)

    return types.intp(), generate


@in_any_order
def plus(total, term):  # type: ignore[no-untyped-def]
    """A sum that may be taken in any order, so that a loop over it can be in vectors."""
    return total + term


@in_any_order
def times(total, factor):  # type: ignore[no-untyped-def]
    """A product that may be taken in any order."""
    return total * factor


@inline
def spread(base, step, start, count, room, lanes):  # type: ignore[no-untyped-def]
    """Copy doubles that lie a step apart to `room`; the last one is repeated."""
    for lane in range(lanes):
        room[lane] = pointer(base + (start + min(lane, count - 1)) * step)[0]


@inline
def gathered(base, step, start, count, room, lanes):  # type: ignore[no-untyped-def]
    """Where `lanes` doubles lie side by side: as they are, or copied to `room`.

    A block with fewer points than lanes repeats its last one; what is the same for all points is
    copied once.
    """
    if step == 8 and count == lanes:
        return pointer(base + start * step)
    if start == 0 or step != 0:
        spread(base, step, start, count, room, lanes)
    return room


@inline
def unfinished(room, count):  # type: ignore[no-untyped-def]
    """Whether any of the doubles is infinite or nan."""
    total = 0.0
    for k in range(count):
        total = plus(total, room[k] * 0.0)  # nan unless finite; the product is to the letter
    return total != 0.0


@inline
def scattered(room, base, step, start, count):  # type: ignore[no-untyped-def]
    """Copy the first `count` doubles of `room` to where they belong."""
    for lane in range(count):
        pointer(base + (start + lane) * step)[0] = room[lane]
