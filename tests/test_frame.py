"""What the project says of itself is true: the README's code, the commands, the version."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"


def python_blocks(path: Path) -> str:
    """Return the Python of a document, each line where it stands there, for the tracebacks."""
    lines, inside = [], False
    for line in path.read_text().splitlines():
        fence = line.startswith("```")
        inside = line.startswith("```python") if fence else inside
        lines.append(line if inside and not fence else "")
    return "\n".join(lines)


def test_code_of_the_readme_runs(tmp_path, monkeypatch):
    source = python_blocks(README)
    assert source.strip()
    monkeypatch.chdir(tmp_path)  # what the code writes goes there
    exec(compile(source, str(README), "exec"), {"__name__": "__main__"})


def test_readme_names_targets_that_exist():
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    shown = re.findall(r"(?:^    |`)make ((?:[a-z-]+ ?)+)", README.read_text(), re.MULTILINE)
    named = {target for command in shown for target in command.split()}
    assert {"run", "test"} <= named <= set(targets)


def test_the_version_is_one():
    with (ROOT / "pyproject.toml").open("rb") as file:
        version = tomllib.load(file)["project"]["version"]
    releases = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    cited = re.findall(r"^version: (\S+)", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    assert [releases[0]] == cited == [version]
