"""What the documents show as printed is what is printed, in the order of the page."""

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TABLES = {"benchmarks.md"}  # written by a run, nothing to type in
DOCUMENTS = sorted(path for path in (ROOT / "docs").glob("*.md") if path.name not in TABLES)
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def sessions(path: Path) -> doctest.DocTest:
    """Return the ``pycon`` blocks of a document as one session, each line where it stands there."""
    lines, inside = [], False
    for line in path.read_text().splitlines():
        fence = line.startswith("```")
        inside = line.startswith("```pycon") if fence else inside
        lines.append(line if inside and not fence else "")
    return doctest.DocTestParser().get_doctest("\n".join(lines), {}, path.name, str(path), 0)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_sessions_print_what_is_shown(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # what the code writes goes there
    report: list[str] = []
    result = doctest.DocTestRunner(optionflags=FLAGS).run(sessions(path), out=report.append)
    assert result.attempted > 0
    assert not result.failed, "".join(report)


EXAMPLES = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)


@pytest.mark.parametrize("example", EXAMPLES, ids=["magnet", "capacity"])
def test_the_readme_prints_its_comments(example, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shown = re.findall(r"^print\(.*\) +# (.*)$", example, re.M)
    exec(compile(example, "README.md", "exec"), {"__name__": "__main__"})
    assert capsys.readouterr().out.splitlines() == shown
