"""What every test may count on: repeatable random cases, and judges of LaTeX."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from sympy.core.cache import clear_cache

# Machine code that tests make is theirs, and stays from run to run.
CODE = Path(__file__).parent.parent / ".pytest_cache" / "machine_code"
os.environ.setdefault("SADDLEPOINT_CACHE_DIR", str(CODE))


@pytest.fixture(autouse=True, scope="module")
def forgetful() -> None:
    """Let no file depend on those before it: sums that are equal up to the names of their indices
    are one object to a cache, which hands back the names that came first.
    """
    clear_cache()
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in ("derive", "numerics"):
            for value in vars(module).values():
                getattr(value, "cache_clear", lambda: None)()


KATEX = Path(__file__).parent.parent / "tools" / "katex"

# The same cases on every machine: a red run can be repeated. No deadline: seconds are no test.
settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
settings.load_profile("repeatable")


def _program(name: str, packages: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.fail(f"no {name} on the PATH: install {packages}, or leave out -m system")
    return path


@pytest.fixture
def latex_problems(tmp_path: Path) -> Callable[[str], list[str]]:
    """Return a judge of a LaTeX document: pdflatex's errors, warnings and bad boxes, as lines.

    Tests that use it carry the mark ``system``.
    """
    program = _program("pdflatex", "texlive-latex-recommended and lmodern")

    def problems(document: str) -> list[str]:
        (tmp_path / "judged.tex").write_text(document)
        command = [program, "-interaction=nonstopmode", "judged.tex"]
        for _ in range(2):  # the second run has the labels of the first
            subprocess.run(
                command,
                cwd=tmp_path,
                env=os.environ | {"max_print_line": "1000"},
                stdout=subprocess.DEVNULL,
                timeout=120,
                check=False,
            )
        log = (tmp_path / "judged.log").read_text(errors="replace").splitlines()
        bad = ("! ", "Overfull", "Underfull")
        found = [line for line in log if line.startswith(bad) or "Warning:" in line]
        if not (tmp_path / "judged.pdf").exists():
            found.append("no PDF was written")
        return found

    return problems


@pytest.fixture
def katex_problems() -> Callable[[list[str]], list[dict[str, object]]]:
    """Return a judge of formulas: each one that KaTeX refuses under strict errors, and why.

    Tests that use it carry the mark ``system``.
    """
    program = _program("node", "nodejs")
    if not (KATEX / "node_modules" / "katex").is_dir():
        pytest.fail("KaTeX is not installed: run npm ci in tools/katex, or leave out -m system")

    def problems(formulas: list[str]) -> list[dict[str, object]]:
        judged = subprocess.run(
            [program, str(KATEX / "check.mjs")],
            input=json.dumps(formulas),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert judged.returncode in (0, 1), judged.stderr
        return json.loads(judged.stdout)

    return problems
