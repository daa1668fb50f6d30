"""The text of a unit becomes an address: compiled by numba, or found in the cache on disk."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Literal

from numerics.native.errors import CompilationError, MissingBackendError

__all__ = ["Native", "build"]


@dataclass(frozen=True)
class Native:
    """Machine code in memory: it stays as long as this object.

    Attributes
    ----------
    address
        Of ``void entry(char **args, npy_intp *dimensions, npy_intp *steps, void *data)``.
    name
        What errors call the unit.
    origin
        Whether it was compiled now, or found in the cache.
    seconds
        What that took.
    cpu
        The processor that it was made for.
    """

    address: int
    name: str
    origin: Literal["compiled", "cache"]
    seconds: float
    cpu: str
    engine: Any = field(repr=False, compare=False)


def build(source: str, entry: str = "kernel", *, name: str = "unit") -> Native:
    """Make machine code of a unit.

    Parameters
    ----------
    source
        Python text.  It may use `numerics.native.functions`, `numerics.native.memory`, ``np``,
        ``range``, and define functions that it calls under ``@inline`` and ``@device``.
    entry
        The function that is called from outside: four pointers to integers, as NumPy's inner loops.
    name
        What errors call the unit.

    Raises
    ------
    MissingBackendError
        If numba is not installed.
    CompilationError
        If numba does not take the text, or if the code would raise or call into Python.
    """
    start = time.perf_counter()
    engine, target = _engine(), _target()
    place = target.Target.of_this_process()
    code = compiled(source, entry, name, place)
    loaded = engine.load(code, place)
    seconds = time.perf_counter() - start
    return Native(loaded.address, name, "compiled", seconds, place.cpu, loaded.engine)


def compiled(source: str, entry: str, name: str, target: Any) -> bytes:
    """The object file of a unit, made by numba."""
    try:
        from numerics.native import compiler, namespace
    except ImportError as error:
        raise _missing(error) from error
    try:
        return compiler.object_code(namespace.executed(source, name)[entry], target)
    except Exception as error:  # numba raises whatever it meets
        raise CompilationError(f"{name} does not compile: {_essence(error)}") from error


def _engine() -> ModuleType:
    try:
        from numerics.native import engine
    except ImportError as error:
        raise _missing(error) from error
    return engine


def _target() -> ModuleType:
    from numerics.native import target

    return target


def _missing(error: ImportError) -> MissingBackendError:
    return MissingBackendError(
        f"Machine code needs numba, which cannot be imported ({error}): "
        "pip install 'saddlepoint[fast]', or compile with backend='numpy'."
    )


def _essence(error: Exception) -> str:
    """The lines of an error that say what and where; numba's run to pages."""
    lines = [line.strip() for line in str(error).splitlines()]
    telling = [line for line in lines if line and not line.startswith(("Failed in", "- "))]
    where = [line for line in telling if line.startswith("File ")]
    return "; ".join(dict.fromkeys([type(error).__name__, *telling[:1], *where[-1:]]))
