"""The text of a unit becomes an address: compiled by numba, or found in the cache on disk."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from numerics.native import cache, versions
from numerics.native.errors import CompilationError, MissingBackendError

if TYPE_CHECKING:
    from numerics.native.target import Target

__all__ = ["Native", "build"]

ENTRY = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4)


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
    note
        Why it is not kept on disk; empty if it is.
    """

    address: int
    name: str
    origin: Literal["compiled", "cache"]
    seconds: float
    cpu: str
    note: str
    engine: Any = field(repr=False, compare=False)

    @cached_property
    def call(self) -> Callable[..., None]:
        """The code as a function of four addresses, which runs without the interpreter's lock."""
        return ENTRY(self.address)


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
    engine, target = _loader()
    parts = versions.parts(source, entry, target)
    loaded, note = _from_cache(parts, engine, target), ""
    origin: Literal["compiled", "cache"] = "cache" if loaded else "compiled"
    if loaded is None:
        code = _compiled(source, entry, name, target)
        note = cache.store(parts, code)
        loaded = engine.load(code, target)
    seconds = time.perf_counter() - start
    return Native(loaded.address, name, origin, seconds, target.cpu, note, loaded.engine)


def _loader() -> tuple[ModuleType, Target]:
    """What puts code into memory, and for which processor it has to be; without numba."""
    try:
        from numerics.native import engine
        from numerics.native.target import Target
    except ImportError as error:
        raise _missing(error) from error
    return engine, Target.of_this_process()


def _from_cache(parts: dict[str, str], engine: ModuleType, target: Target) -> Any:
    code = cache.fetch(parts)
    if code is None:
        return None
    try:
        return engine.load(code, target)
    except (RuntimeError, ValueError):  # an object file that LLVM does not take
        return None


def _compiled(source: str, entry: str, name: str, target: Target) -> bytes:
    """The object file of a unit, made by numba."""
    try:
        from numerics.native import compiler, namespace
    except ImportError as error:
        raise _missing(error) from error
    try:
        function = namespace.executed(source, name).get(entry)
        if function is None:
            raise NameError(f"it defines no function {entry!r}")
        return compiler.object_code(function, target)
    except Exception as error:  # numba raises whatever it meets
        raise CompilationError(f"{name} does not compile: {_essence(error)}") from error


def _missing(error: ImportError) -> MissingBackendError:
    return MissingBackendError(
        f"Machine code needs numba, which cannot be imported ({error}): "
        "pip install 'saddlepoint[fast]', or compile with backend='numpy'."
    )


def _essence(error: Exception) -> str:
    """The lines of an error that say what and where; numba's run to pages."""
    lines = [line.strip() for line in str(error).splitlines()]
    telling = [line for line in lines if line and not line.startswith(("Failed in", "- "))]
    where = [line.rstrip(":") for line in telling[1:] if line.startswith("File ")]
    return "; ".join([*telling[:1], *where[-1:]] or [type(error).__name__])
