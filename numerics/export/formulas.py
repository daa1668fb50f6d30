"""The printed program of a module: two functions that take no more than they read."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

from numerics.backends.numpy import Printed, print_numpy
from numerics.export.subject import Subject
from numerics.program import Axis

__all__ = ["Formulas", "broken", "formulas_of"]

LINE = 100
MODULES = frozenset(("np", "special", "dense"))
MACHINE = re.compile(r"([a-z])(\d+)")  # how registers, outputs and buffers are called
SPECIAL = re.compile(r"\bspecial\.(?=[a-z]+\()")
HELPERS = re.compile(r"\bdense\.(?=[a-z_]+\()")
HELPERS_CALLED = re.compile(r"\bdense\.([a-z_]+)\(")


@dataclass(frozen=True)
class Formulas:
    """Source of `_once` and `_block`, the axes of the buffers, and the helpers that are called."""

    source: str
    buffers: dict[str, tuple[Axis, ...]]
    helpers: tuple[str, ...]


def formulas_of(subject: Subject) -> Formulas:
    """Print the program of a subject for NumPy.

    Constants are computed with at every call, so that there is no third function; that `_once`
    hands on by name what `_block` takes lets it stand without what is only passed through.
    """
    printed = print_numpy(subject.program, subject.shared)
    lines = printed.source.splitlines()
    parsed: list[Any] = ast.parse(printed.source).body
    functions = {function.name: function for function in parsed}
    bodies = {name: _statements(f.body, lines) for name, f in functions.items()}
    early = [name for name in ("before", "once") if name in functions]
    assigned = [line for name in early for line in bodies[name]]
    handed = _handed(printed, [functions[name].body[-1] for name in early])
    same = _same(assigned)
    first = [_named(line, same) for line in assigned if line.split(" = ")[0] not in same]
    renamed = {same.get(key, key): _named(value, same) for key, value in handed.items()}
    pairs = [f'"{key}": {value}' for key, value in renamed.items() if MACHINE.fullmatch(key)]
    returned = f"return {{{', '.join(pairs)}}}"
    second = [_named(line, same) for line in bodies["block"]]
    texts = [
        _function("_once", first, returned, "What is the same at all points."),
        _function("_block", second, "", "The results of a block of points."),
    ]
    source = HELPERS.sub("_", SPECIAL.sub("_scipy.special.", "\n\n\n".join(texts)))
    buffers = {f"t{k}": axes for k, axes in enumerate(printed.buffers)}
    return Formulas(source, buffers, tuple(sorted(set(HELPERS_CALLED.findall(printed.source)))))


def _statements(body: Sequence[ast.stmt], lines: Sequence[str]) -> list[str]:
    """The lines of a function that compute something."""
    kept = (n for n in body if not isinstance(n, ast.Return | ast.Pass))
    return [lines[statement.lineno - 1].strip() for statement in kept]


def _handed(printed: Printed, returns: Sequence[Any]) -> dict[str, str]:
    """What the early functions return, by the name of the register or output that it is."""
    given = [[ast.unparse(entry) for entry in statement.value.elts] for statement in returns]
    kept = [name for names in given[:-1] for name in names]
    carried = [*kept, *(f"u{register}" for register in printed.carried)]
    results = given[-1][len(printed.carried) :]
    outputs = [f"o{number}" for number in printed.constant_outputs]
    return dict(zip([*carried, *outputs], [*carried, *results], strict=True))


def _same(lines: Sequence[str]) -> dict[str, str]:
    """Registers that are another name for an input or a register."""
    found: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(" = ")
        if value.isidentifier():
            found[name] = found.get(value, value)
    return found


def _named(text: str, same: Mapping[str, str]) -> str:
    return re.sub(r"\bu\d+\b", lambda found: same.get(found[0], found[0]), text)


def _function(name: str, body: Sequence[str], last: str, doc: str) -> str:
    """A function of what its body reads and does not make."""
    tree = ast.parse("\n".join((*body, last.removeprefix("return "))))
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    made = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    read = dict.fromkeys(sorted({node.id for node in names} - made - MODULES, key=_order))
    lines = [f"def {name}({', '.join(read)}):", f'    """{doc}"""']
    lines += [f"    {line}" for line in (*body, last)]
    return "\n".join(broken(line) for line in lines).rstrip()


def _order(name: str) -> tuple[int, str, int]:
    """Arguments first, then registers, outputs and buffers by number."""
    machine = MACHINE.fullmatch(name)
    return ("uot".index(machine[1]) + 1, "", int(machine[2])) if machine else (0, name, 0)


def broken(line: str, width: int = LINE) -> str:
    """A long line of code broken after commas inside of its brackets."""
    if len(line) <= width:
        return line
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    parts = [line[: len(line) - len(line.lstrip())]]
    for piece in re.split(r"(?<=, )", line.lstrip()):
        if len(parts[-1]) + len(piece.rstrip()) > width and parts[-1].strip():
            parts[-1] = parts[-1].rstrip()
            parts.append(indent)
        parts[-1] += piece
    return "\n".join(parts)


def helper_source(name: str, source: str) -> str:
    """The text of a helper under the name that a module gives it."""
    return re.sub(rf"^def {name}\(", f"def _{name}(", dedent(source))
