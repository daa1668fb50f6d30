"""The ufunc of a kernel: its compiled code with the tables of its averages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from numerics.backends.names import identifiers
from numerics.backends.numba import print_numba
from numerics.errors import UnsupportedExpressionError
from numerics.native.build import build
from numerics.native.runner import LANES
from numerics.native.ufunc import ufunc, ufuncs
from numerics.one_program import one_program

if TYPE_CHECKING:
    from numerics.kernel import Kernel

__all__ = ["kernel_ufunc", "kernel_ufuncs"]


def kernel_ufunc(kernel: Kernel) -> np.ufunc:
    """One ufunc with all outputs."""
    address, nin, data, held = _compiled(kernel)
    names = identifiers(kernel.outputs)
    name = names[0] if len(names) == 1 else "kernel"
    doc = _doc(kernel)
    return ufunc(address, nin, len(names), name=name, doc=doc, data=data, keep=held)


def kernel_ufuncs(kernel: Kernel) -> tuple[np.ufunc, ...]:
    """A ufunc for each output."""
    address, nin, data, held = _compiled(kernel)
    names = identifiers(kernel.outputs)
    return ufuncs(address, nin, names, doc=_doc(kernel), data=data, keep=held)


def _compiled(kernel: Kernel) -> tuple[int, int, Any, Any]:
    arrays = [given.name for given in kernel.arguments if given.ranges]
    arrays += [name for k, name in enumerate(kernel.outputs) if kernel.output_indices(k)]
    if arrays or kernel.bound:
        what = ", ".join(arrays) or "what is bound"
        raise UnsupportedExpressionError(
            f"a ufunc takes and returns numbers, point by point: call the kernel itself for {what}"
        )
    ready = one_program(kernel)
    compiled = ready.compiled
    program = compiled.program
    sizes = frozenset(k for k, given in enumerate(program.inputs) if given.is_size)
    unit = print_numba(program, compiled.hidden | sizes, {}, LANES)
    native = build(unit.source, name=f"the ufunc of {', '.join(kernel.outputs)}"[:80])
    tables = [np.ascontiguousarray(entry.label.values) for entry in ready.tables]
    lengths = {e.label.ranges[0].size: len(e.label.values) for e in ready.tables}
    counts = [lengths[over.size] for over in unit.counts]
    data = np.array([0, *(table.ctypes.data for table in tables), *counts])
    return native.address, len(unit.varying), data, (native, tables)


def _doc(kernel: Kernel) -> str:
    arguments = ", ".join(identifiers(given.name for given in kernel.arguments))
    ranges = "; ".join(
        f"{name} in ({low:g}, {high:g})" for name, (low, high) in kernel.ranges.items()
    )
    within = f"\n\nIts averages hold for {ranges}; elsewhere nothing is known." if ranges else ""
    return f"({arguments}) -> {', '.join(identifiers(kernel.outputs))}{within}"
