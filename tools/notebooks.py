"""Run the notebooks, and keep each ``.py`` (py:percent) and its ``.ipynb`` the same.

The ``.py`` is the source; the ``.ipynb`` beside it is what a reader opens, without outputs.

    python -m tools.notebooks execute [PATHS]   run each from a clean kernel; an error fails
    python -m tools.notebooks sync [PATHS]      write each .ipynb from its .py
    python -m tools.notebooks check [PATHS]     fail where an .ipynb is not what sync would write
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
SECONDS_PER_CELL = 300
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def read(source: Path) -> Any:
    """Return the notebook that a ``.py`` stands for, equal for equal text."""
    import jupytext

    notebook = jupytext.read(source, fmt="py:percent")
    notebook.metadata = {"kernelspec": KERNEL, "jupytext": {"formats": "ipynb,py:percent"}}
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:02d}"  # a random id would make every sync a change
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def paired_text(source: Path) -> str:
    """Return the text of the ``.ipynb`` beside a ``.py``."""
    import nbformat

    return nbformat.writes(read(source)) + "\n"


def execute(source: Path) -> str | None:
    """Run a notebook from a clean kernel in its own folder; return the error of a cell, if any."""
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    with tempfile.TemporaryDirectory() as sockets:  # files, where TCP would open ports
        kernel = AsyncKernelManager(
            kernel_name=KERNEL["name"], transport="ipc", ip=f"{sockets}/kernel"
        )
        client = NotebookClient(
            read(source),
            km=kernel,
            timeout=SECONDS_PER_CELL,
            resources={"metadata": {"path": str(source.parent)}},
        )
        try:
            client.execute()
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            return str(error)
    return None


def sync(source: Path) -> None:
    """Write the ``.ipynb`` beside a ``.py``."""
    source.with_suffix(".ipynb").write_text(paired_text(source), encoding="utf-8")


def check(source: Path) -> str | None:
    """Return what is wrong with the ``.ipynb`` beside a ``.py``, if anything."""
    target = source.with_suffix(".ipynb")
    if target.exists() and target.read_text(encoding="utf-8") == paired_text(source):
        return None
    return f"{target.name} is not the pair of {source.name}: run python -m tools.notebooks sync"


def main(arguments: Sequence[str]) -> int:
    """Apply one of the three actions to the notebooks; return the exit status."""
    actions = {"execute": execute, "sync": sync, "check": check}
    parser = argparse.ArgumentParser(prog="tools.notebooks", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("action", choices=actions)
    parser.add_argument("paths", nargs="*", type=Path, default=sorted(NOTEBOOKS.glob("*.py")))
    chosen = parser.parse_args(arguments)
    if not chosen.paths:
        print(f"no notebook in {NOTEBOOKS}", file=sys.stderr)
        return 1

    failures = 0
    for source in chosen.paths:
        start = time.perf_counter()
        problem = actions[chosen.action](source)
        verdict = "FAILED" if problem else "ok"
        print(f"{chosen.action} {source.name}: {verdict} ({time.perf_counter() - start:.1f} s)")
        if problem:
            print(problem, file=sys.stderr)
            failures += 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
