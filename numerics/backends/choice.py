"""The backends by name: what each one prints, and what runs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Protocol

from numerics.arguments import Batch
from numerics.backends.numpy import print_numpy
from numerics.errors import MissingBackendError, NumericsError
from numerics.program import Program

__all__ = ["BACKENDS", "NUMPY", "Backend", "Runs", "backend_named", "fits_numba"]

BACKENDS = ("auto", "numpy", "numba", "jax")
EXTRAS = {"numba": "fast", "jax": "jax"}
LONGEST = 3000  # operations, of a program that "auto" compiles: beyond, compiling takes minutes
Inputs = frozenset[int]


class Runs(Protocol):
    """Runs one program over batches that vary in one way."""

    def prepare(self, batch: Batch) -> None:
        """Compute what does not change from call to call."""

    def run(self, batch: Batch, outs: Sequence[Any], block: int, finite: bool) -> None:
        """Fill the outputs of a batch."""


@dataclass(frozen=True)
class Backend:
    """A backend and how it is to run.

    Attributes
    ----------
    name : str
        ``"numpy"``, ``"numba"`` or ``"jax"``.
    threads : int
        Over how many threads compiled code spreads a batch.
    """

    name: str = "numpy"
    threads: int = 1

    def source(self, program: Program, uniform: Inputs, bound: Inputs) -> str:
        """The source for a batch, given the inputs that do not vary, or not even by call."""
        if self.name == "numba":
            from numerics.backends.numba import shown

            return shown(program, bound)
        if self.name == "jax":
            from numerics.backends.jax import print_jax

            return print_jax(program, uniform, bound)
        return print_numpy(program, uniform, bound).source

    def maker(
        self, program: Program, uniform: Inputs, bound: Inputs, checked: Inputs, hidden: Inputs
    ) -> Callable[[], Runs]:
        """What gives runners of a program that share what is printed and compiled.

        Inputs in `checked` were looked at before, those in `hidden` are no arguments.
        """
        if self.name == "numba":
            from numerics.native.runner import NativeRunner

            native = NativeRunner(program, uniform, checked, hidden, self.threads)
            return lambda: native
        if self.name == "jax":
            from numerics.backends.jax_runner import runner

            return lambda: runner(program, uniform, bound, checked, hidden)
        from numerics.blocks import Runner

        printed = print_numpy(program, uniform, bound)
        return lambda: Runner(program, printed, checked, hidden)


NUMPY = Backend()


def backend_named(name: str, threads: int = 1) -> Backend:
    """The backend of a name, if it is installed; ``"auto"`` is numba where it is.

    Raises
    ------
    MissingBackendError
        If its package is not installed.
    NumericsError
        If there is no backend of this name, or not as many threads.
    """
    if name not in BACKENDS:
        listed = ", ".join(f'"{known}"' for known in BACKENDS)
        raise NumericsError(f"there is no backend {name!r}: choose one of {listed}")
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise NumericsError(f"threads = {threads!r}: a positive integer is meant")
    if name == "auto":
        name = "numba" if find_spec("numba") else "numpy"
    if name in EXTRAS and find_spec(name) is None:
        raise MissingBackendError(
            f"backend={name!r} needs {name}, which is not installed: "
            f"pip install 'saddlepoint[{EXTRAS[name]}]', or compile with backend=\"numpy\""
        )
    if threads > 1 and name != "numba":
        raise NumericsError(f'threads = {threads} is for backend="numba", not {name!r}')
    return Backend(name, threads)


def fits_numba(program: Program) -> bool:
    """Whether ``"auto"`` compiles a program."""
    return len(program.lets) <= LONGEST and all(let.op != "log_det" for let in program.lets)
