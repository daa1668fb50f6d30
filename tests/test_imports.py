"""Importing a package loads none of the extras: they cost start-up, and may be absent."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXTRAS = {
    *("numba", "llvmlite", "jax", "matplotlib", "xarray", "dask", "zarr", "IPython", "ipykernel"),
    *("tqdm", "pandas", "jupytext", "nbclient", "flint", "sklearn"),
}


def modules_after(statement: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has after a statement."""
    program = f"{statement}\nimport sys\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize("package", ["derive", "numerics"])
def test_import_loads_no_extra(package):
    assert modules_after(f"import {package}") & EXTRAS == set()


def test_import_derive_stays_symbolic():
    assert modules_after("import derive") & {"numpy", "scipy", "numerics"} == set()


def test_a_loaded_extra_would_be_seen():
    assert "matplotlib" in modules_after("import matplotlib.figure")
