"""Hand-written C of the workloads, built where there is gcc, in a folder that is gone afterwards.

The flags let gcc use all that the machine has. Plain loops may be built with -ffast-math too, and
then call the vector functions of libmvec; hand-written ones are for AVX-512.
"""

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import Absent

SOURCES = Path(__file__).parent / "c"
FLAGS = ("-O3", "-fopenmp-simd", "-march=native", "-mprefer-vector-width=512")
ARRAY = np.ctypeslib.ndpointer(np.float64, flags="C_CONTIGUOUS")
LONG, DOUBLE = ctypes.c_long, ctypes.c_double

HAND = "C, AVX-512 by hand"


def function(
    source: str,
    name: str,
    types: tuple[Any, ...],
    flags: tuple[str, ...] = (),
    macros: Mapping[str, str] | None = None,
) -> Any:
    """A function that returns nothing, of a file in ``benchmarks/c``.

    Parameters
    ----------
    source, name : str
        The file without its ending, and the function.
    types : tuple
        The types of its arguments: `ARRAY`, `LONG`, `DOUBLE`.
    flags : tuple of str
        What is said to gcc besides `FLAGS`.
    macros : mapping, optional
        From macros such as ``"CENTRE(q, kappa)"`` to their text.

    Raises
    ------
    Absent
        If there is no gcc, or the machine has not what the source needs.
    """
    defined = tuple(f"-D{name}={text}" for name, text in (macros or {}).items())
    found = getattr(_library(source, (*flags, *defined)), name)
    found.argtypes, found.restype = types, None
    return found


@lru_cache(maxsize=64)
def _library(source: str, flags: tuple[str, ...]) -> Any:
    if shutil.which("gcc") is None:
        raise Absent("gcc is not installed")
    with tempfile.TemporaryDirectory() as folder:
        made, path = (str(Path(folder) / f"{source}.{ending}") for ending in ("o", "so"))
        compile_ = ["gcc", *FLAGS, *flags, "-c", "-fPIC", f"-I{SOURCES}", "-o", made]
        # linked with -ffast-math, a library turns subnormal numbers off for all of the process
        link = ["gcc", "-shared", "-o", path, made, "-lmvec", "-lm"]
        for command in ([*compile_, str(SOURCES / f"{source}.c")], link):
            built = subprocess.run(command, capture_output=True, text=True)
            if built.returncode:
                errors = [line for line in built.stderr.splitlines() if "error" in line]
                raise Absent(f"gcc does not build {source}.c here: {(errors or [built.stderr])[0]}")
        return ctypes.CDLL(path)
