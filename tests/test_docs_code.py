"""Every session shown in the documents runs, in the order of the page, and prints what is shown."""

import doctest
from pathlib import Path

import pytest

DOCUMENTS = sorted((Path(__file__).parent.parent / "docs").glob("*.md"))
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
