"""What a kernel becomes outside of the toolkit: NumPy's ufunc, JAX's function, a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from numerics.errors import NumericsError

if TYPE_CHECKING:
    from numerics.backends.traced import Traced
    from numerics.certificate import Certificate
    from numerics.kernel import Kernel

__all__ = ["Exported"]

T = TypeVar("T")


class Exported:
    """A kernel in the forms that other programs take."""

    _forms: dict[str, Any]

    if TYPE_CHECKING:

        @property
        def backend(self) -> str: ...

    @property
    def ufunc(self) -> np.ufunc:
        """The kernel as a NumPy ufunc, for ``backend="numba"`` and scalar parameters.

        It broadcasts and takes ``out=``, ``where=`` and ``dtype`` as NumPy's own do, and xarray's
        and dask's arrays.  It judges as those do too: what is not finite is returned, with the
        warning that `numpy.errstate` asks for, and no domain is checked.  Averages need ``ranges=``
        when the kernel is compiled; nothing is known of them outside.

        Raises
        ------
        NumericsError
            For another backend, arrays with indices, or averages without ranges.
        """
        self._ask_for_numba("ufunc")
        from numerics.native.kernel_ufunc import kernel_ufunc

        return self._once("ufunc", kernel_ufunc)

    @property
    def ufuncs(self) -> tuple[np.ufunc, ...]:
        """One ufunc for each output, as dask wants them; each computes all and keeps its own."""
        self._ask_for_numba("ufuncs")
        from numerics.native.kernel_ufunc import kernel_ufuncs

        return self._once("ufuncs", kernel_ufuncs)

    def _once(self, what: str, made: Callable[[Kernel], T]) -> T:
        """What is compiled or traced is kept as long as the kernel, and nothing more is bound."""
        if what not in self._forms:
            self._forms[what] = made(cast("Kernel", self))
        return cast("T", self._forms[what])

    def _ask_for_numba(self, what: str) -> None:
        if self.backend != "numba":
            raise NumericsError(
                f'{what} is machine code: compile(..., backend="numba"), not {self.backend!r}'
            )

    def traced(self) -> Traced:
        """The kernel as a pure function of JAX arrays, for `jax.jit`, `jax.grad` and `jax.vmap`.

        Derivatives are those of the equations.  Averages need ``ranges=`` when the kernel is
        compiled.

        Raises
        ------
        MissingBackendError
            If JAX is not installed.
        NumericsError
            If an average depends on a parameter without a range.
        """
        from numerics.backends.traced import traced

        return self._once("traced", traced)

    def save(
        self,
        path: str | os.PathLike[str],
        certificate: Certificate | bool | None = None,
        name: str | None = None,
        overwrite: bool = False,
        ranges: Mapping[Any, Any] | None = None,
    ) -> Path:
        """Write the kernel to a file that needs no toolkit: ``capacity.py`` or ``capacity.c``.

        Parameters
        ----------
        path : path
            With the ending ``.py``, a module that needs NumPy and SciPy only; with ``.c``, C99
            with its header beside it.
        certificate : Certificate or bool, optional
            What `certify` found, to be written into the file; True has it made.
        name : str, optional
            The name of the function; that of the file by default.
        overwrite : bool
            Whether a file of this name may be replaced.
        ranges : mapping, optional
            By symbol or name, the ranges that averages are to hold for.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        NumericsError
            For another ending, a file that exists, a name that is taken, averages without ranges,
            a certificate of another kernel.

        Examples
        --------
        >>> import runpy, tempfile
        >>> from pathlib import Path
        >>> from sympy import symbols, tanh
        >>> import numerics as nm
        >>> m, beta = symbols("m beta")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = nm.compile(m - tanh(beta*m)).save(Path(folder) / "residual.py")
        ...     residual = runpy.run_path(str(path))["residual"]
        >>> float(residual(m=0.5, beta=0.0))
        0.5
        """
        from numerics.export import save

        return save(cast("Kernel", self), path, certificate, name, overwrite, ranges)

    def c_source(
        self,
        name: str = "kernel",
        certificate: Certificate | bool | None = None,
        ranges: Mapping[Any, Any] | None = None,
    ) -> str:
        """C99 as ``save("kernel.c")`` writes it, but for the line that includes the header.

        Parameters
        ----------
        name : str
            The name of the function.
        certificate, ranges
            As in `save`.

        Raises
        ------
        NumericsError
            As `save` does.
        """
        from numerics.export import c_source

        return c_source(cast("Kernel", self), name, certificate, ranges)
