"""Machine code as real `numpy.ufunc` objects, made by NumPy's own C interface.

NumPy then does what it does for its own functions: broadcasting, casts, ``out=``, ``where=``,
byte order, strides, subclasses and other libraries' arrays.  The loop runs without the
interpreter's lock.

A result that is not finite is reported as `numpy.errstate` says: "invalid" for a nan that no input
had, "overflow" for an infinity out of finite inputs.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy._core import umath

from numerics.native.guard import guard, table

__all__ = ["ufunc", "ufuncs"]

DOUBLE = np.dtype(np.float64).num
NO_IDENTITY = -1
FROM_FUNCTIONS = 1  # PyUFunc_FromFuncAndData's place in NumPy's table, fixed by its ABI


def ufunc(
    address: int,
    nin: int,
    nout: int,
    *,
    name: str,
    doc: str = "",
    data: np.ndarray | None = None,
    keep: Any = None,
    chosen: Sequence[int] | None = None,
) -> np.ufunc:
    """A NumPy ufunc of doubles around the entry of a unit.

    Parameters
    ----------
    address
        Of the entry; see `numerics.native.build.Native`.
    nin, nout
        How many inputs and outputs the unit has.
    name, doc
        What the ufunc is called, and what it says of itself.
    data
        The unit's data, 64-bit integers: a word for its status, addresses, counts.  Each call hands
        the unit a copy, so that threads do not meet.
    keep
        What has to live as long as the ufunc: the `Native`, and the arrays in `data`.
    chosen
        The outputs that the ufunc returns; all of them by default.

    Raises
    ------
    NumericsError
        If there are more operands than a ufunc of NumPy may have.
    """
    chosen = tuple(range(nout) if chosen is None else chosen)
    words = np.zeros(1, np.int64) if data is None else np.array(data, np.int64)
    rows, doubles = table(address, nin, nout, chosen, words)
    loop = guard()
    operands = nin + len(chosen)
    functions = (ctypes.c_void_p * 1)(loop.address)
    tables = (ctypes.c_void_p * 1)(rows.ctypes.data)
    types = ctypes.create_string_buffer(bytes([DOUBLE] * operands))
    texts = ctypes.create_string_buffer(name.encode()), ctypes.create_string_buffer(doc.encode())
    made = _maker()(
        functions, tables, types, 1, nin, len(chosen), NO_IDENTITY, texts[0], texts[1], 0
    )
    _own(made, (functions, tables, types, texts, rows, doubles, words, loop, keep))
    return made


def ufuncs(
    address: int,
    nin: int,
    names: Sequence[str],
    *,
    doc: str = "",
    data: np.ndarray | None = None,
    keep: Any = None,
) -> tuple[np.ufunc, ...]:
    """One ufunc for each output.

    dask and others take ufuncs of a single output only.  Each of these computes all outputs, as
    they share most of the work, and drops the others piece by piece, so that those never fill an
    array.  A unit that computes one output alone is faster where only that one is wanted.
    """
    return tuple(
        ufunc(address, nin, len(names), name=name, doc=doc, data=data, keep=keep, chosen=(output,))
        for output, name in enumerate(names)
    )


class _Head(ctypes.Structure):
    """The beginning of NumPy's PyUFuncObject, as its public header declares it."""

    _fields_ = (
        ("head", ctypes.c_byte * object.__basicsize__),
        ("nin", ctypes.c_int),
        ("nout", ctypes.c_int),
        ("nargs", ctypes.c_int),
        ("identity", ctypes.c_int),
        ("functions", ctypes.c_void_p),
        ("data", ctypes.c_void_p),
        ("ntypes", ctypes.c_int),
        ("reserved", ctypes.c_int),
        ("name", ctypes.c_void_p),
        ("types", ctypes.c_void_p),
        ("doc", ctypes.c_void_p),
        ("ptr", ctypes.c_void_p),
        ("obj", ctypes.c_void_p),
    )


def _own(made: np.ufunc, held: Any) -> None:
    """Let a ufunc hold what it points to; NumPy releases `obj` together with the ufunc."""
    head = _Head.from_address(id(made))
    if head.obj or head.nargs != made.nargs or head.name is None:
        raise RuntimeError("NumPy's ufuncs are not laid out as its header says.")
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(held))
    head.obj = id(held)


def _maker() -> Any:
    """PyUFunc_FromFuncAndData."""
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    place = pointer(umath._UFUNC_API, None)
    entries = ctypes.cast(place, ctypes.POINTER(ctypes.c_void_p))
    kind = ctypes.PYFUNCTYPE(
        ctypes.py_object,
        *[ctypes.c_void_p] * 3,
        *[ctypes.c_int] * 4,
        *[ctypes.c_char_p] * 2,
        ctypes.c_int,
    )
    return kind(entries[FROM_FUNCTIONS])
