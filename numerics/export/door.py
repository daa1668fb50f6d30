"""The door: which file, under which name, with which certificate."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numerics.certificate import Certificate
from numerics.certify import certify
from numerics.errors import MissingParameterError, NumericsError
from numerics.export.c_source import CSource
from numerics.export.module import module_source
from numerics.export.names import C_NAMES, PYTHON_NAMES, checked_name
from numerics.export.samples import samples_of
from numerics.export.subject import subject_of
from numerics.kernel import Kernel

__all__ = ["c_source", "python_source", "save"]

Certified = Certificate | bool | None


def save(
    kernel: Kernel,
    path: str | os.PathLike[str],
    certificate: Certified = None,
    name: str | None = None,
    overwrite: bool = False,
    ranges: Mapping[Any, Any] | None = None,
) -> Path:
    """Write a kernel to a file that needs no toolkit; see `Kernel.save`.

    Examples
    --------
    >>> import runpy, tempfile
    >>> from pathlib import Path
    >>> from sympy import symbols, tanh
    >>> import numerics as nm
    >>> from numerics.export import save
    >>> m, beta = symbols("m beta")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = save(nm.compile(m - tanh(beta*m)), Path(folder) / "residual.py")
    ...     residual = runpy.run_path(str(path))["residual"]
    >>> float(residual(m=0.5, beta=0.0))
    0.5
    """
    file = Path(path)
    if file.suffix not in (".py", ".c"):
        raise NumericsError(
            f"{file.name}: kernels are saved as Python, to a file ending with .py, or as C with "
            "its header, to a file ending with .c"
        )
    header = [file.with_suffix(".h")] if file.suffix == ".c" else []
    for each in (file, *header):
        _check_place(each, overwrite)
    own = file.stem if name is None else name
    if header and not re.fullmatch(r"[A-Za-z0-9_.+-]+", file.name):
        raise NumericsError(f"{file.name!r}: letters, digits and _ . + - can be included by name")
    if not header:
        _write(file, python_source(kernel, own, certificate, ranges))
        return file
    made = _c_source(kernel, own, certificate, ranges)
    _write(file, made.source(header[0].name))
    _write(header[0], made.header())
    return file


def python_source(
    kernel: Kernel,
    name: str = "kernel",
    certificate: Certified = None,
    ranges: Mapping[Any, Any] | None = None,
) -> str:
    """The text of the module that `save` writes."""
    checked_name(name, PYTHON_NAMES, "Python")
    subject = subject_of(kernel, ranges)
    judged = _certified(subject.kernel, certificate)
    return module_source(subject, name, judged, samples_of(subject))


def c_source(
    kernel: Kernel,
    name: str = "kernel",
    certificate: Certified = None,
    ranges: Mapping[Any, Any] | None = None,
) -> str:
    """C99 as `save` writes it, but for the line that includes the header.

    Examples
    --------
    >>> from sympy import Symbol, tanh
    >>> import numerics as nm
    >>> from numerics.export import c_source
    >>> text = c_source(nm.compile(tanh(Symbol("x"))), "f")
    >>> "size_t f(size_t n, const double *restrict x, double *restrict value)" in text
    True
    """
    return _c_source(kernel, name, certificate, ranges).source()


def _c_source(
    kernel: Kernel, name: str, certificate: Certified, ranges: Mapping[Any, Any] | None
) -> CSource:
    checked_name(name, C_NAMES, "C or C++")
    subject = subject_of(kernel, ranges)
    judged = _certified(subject.kernel, certificate)
    return CSource(subject, name, judged, samples_of(subject))


def _check_place(file: Path, overwrite: bool) -> None:
    if not file.parent.is_dir():
        raise NumericsError(f"there is no folder {file.parent}: make it first")
    if file.is_dir():
        raise NumericsError(f"{file} is a folder")
    if file.exists() and not overwrite:
        raise NumericsError(f"{file} exists: save(..., overwrite=True) replaces it")


def _certified(kernel: Kernel, certificate: Certified) -> Certificate | None:
    """The certificate that is written: of this kernel, and one that holds."""
    if certificate is None or certificate is False:
        return None
    if certificate is True:
        try:
            certificate = certify(kernel)
        except MissingParameterError as error:
            raise NumericsError(
                f"certificate=True needs a range of every parameter ({error}): give "
                "save(..., ranges=), or certificate=certify(kernel, ...)"
            ) from None
    outputs = tuple(output.name for output in certificate.outputs)
    given = [g.name for g in (*kernel.arguments, *kernel.bound_arguments)]
    if outputs != kernel.outputs or [name for name, _ in certificate.ranges] != given:
        raise NumericsError(f"the certificate is of another kernel: {certificate.kernel}")
    if not (certificate.holds and certificate.honest):
        raise NumericsError(
            f"the certificate does not hold: {certificate}\nsave(..., certificate=None) writes "
            "the file without one"
        )
    return certificate


def _write(file: Path, text: str) -> None:
    """All of it or nothing: a file that is there is replaced when the new one is complete."""
    new = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        new.write_text(text, encoding="utf-8", newline="\n")
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)
