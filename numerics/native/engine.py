"""Object code in memory: loaded by LLVM's linker, alive as long as its `Loaded` is.

Needs llvmlite, but not numba.  Each unit has an engine of its own, so that names in two units
never meet and a unit that nobody holds is freed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import llvmlite.binding as llvm

if TYPE_CHECKING:
    from numerics.native.target import Target

__all__ = ["ENTRY", "Loaded", "load"]

ENTRY = "saddlepoint_entry"  # the one symbol that an object file shows


@dataclass(frozen=True)
class Loaded:
    """The address of a unit's entry, and what keeps it valid."""

    address: int
    engine: Any = field(repr=False)


def load(code: bytes, target: Target) -> Loaded:
    """Link an object file into this process.

    Raises
    ------
    ValueError
        If it does not hold the entry.
    """
    machine = target.machine()
    empty = llvm.parse_assembly("")
    empty.triple = machine.triple
    engine = llvm.create_mcjit_compiler(empty, machine)
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    address = engine.get_function_address(ENTRY)
    if not address:
        raise ValueError(f"The object file holds no function {ENTRY!r}.")
    return Loaded(address, engine)
