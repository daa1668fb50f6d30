"""Calls of machine code by its address, and of the C library's floating-point environment.

Needs numba.  For units that stand around other units; see `numerics.native.guard`.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

__all__ = ["called", "held", "restored", "words", "words_at"]

WORD = ir.IntType(64)
BYTES = ir.PointerType(ir.IntType(8))
WORDS = types.CPointer(types.intp)


@intrinsic
def words(_context: Any, count: Any) -> Any:
    """An array of that many integers on the stack; the count is written as a number."""
    if not isinstance(count, types.IntegerLiteral):
        return None

    def generate(_codegen: Any, builder: Any, _signature: Any, _args: Any) -> Any:
        room = cgutils.alloca_once(builder, ir.ArrayType(WORD, count.literal_value))
        room.align = 16
        return builder.bitcast(room, ir.PointerType(WORD))

    return WORDS(count), generate


@intrinsic
def words_at(_context: Any, place: Any) -> Any:
    """The pointer to integers at an address."""

    def generate(_codegen: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], ir.PointerType(WORD))

    return WORDS(types.intp), generate


@intrinsic
def called(_context: Any, entry: Any, args: Any, dims: Any, steps: Any, data: Any) -> Any:
    """Call the entry of a unit."""

    def generate(_codegen: Any, builder: Any, _signature: Any, given: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [BYTES] * 4)
        function = builder.inttoptr(given[0], ir.PointerType(kind))
        builder.call(function, [builder.bitcast(each, BYTES) for each in given[1:]])
        return ir.Constant(WORD, 0)

    return types.intp(types.intp, WORDS, WORDS, WORDS, WORDS), generate


def _environment(symbol: str) -> Any:
    """A function of C99's fenv.h that takes the place of an environment."""

    def typed(_context: Any, place: Any) -> Any:
        def generate(_codegen: Any, builder: Any, _signature: Any, args: Any) -> Any:
            kind = ir.FunctionType(ir.IntType(32), [BYTES])
            function = cgutils.get_or_insert_function(builder.module, kind, symbol)
            return builder.zext(builder.call(function, [builder.bitcast(args[0], BYTES)]), WORD)

        return types.intp(WORDS), generate

    typed.__name__ = symbol
    return intrinsic(typed)


# Keep the environment, clear its flags and raise no traps; put it back, and forget newer flags.
held = _environment("feholdexcept")
restored = _environment("fesetenv")
