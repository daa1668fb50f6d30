"""A program that compares a C function with values that were computed when it was written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numerics.export.c_layout import Layout
from numerics.export.c_nest import constant
from numerics.export.c_text import indented, wrapped
from numerics.export.samples import Sample

__all__ = ["self_check"]


def self_check(layout: Layout, name: str, samples: Sequence[Sample]) -> str:
    """A `main` that is compiled on demand; nothing if there is no sample."""
    if not samples:
        return ""
    flag = f"{name.upper()}_CHECK"
    body = [
        *_arguments(layout, samples),
        *_results(layout, samples),
        "int agrees = 1;",
        f"for (size_t sample = 0; sample < {len(samples)}; ++sample) {{",
        *indented(_comparison(layout, name, samples)),
        "}",
        f'puts(agrees ? "{name}: agrees" : "{name}: DIFFERS");',
        "return !agrees;",
    ]
    lines = [
        f"/* cc -D{flag} {name}.c -lm makes a program that compares with known values. */",
        f"#ifdef {flag}",
        "#include <stdio.h>",
        "",
        "int main(void)",
        "{",
        *indented(body),
        "}",
        "#endif",
    ]
    return "\n".join(lines)


def _arguments(layout: Layout, samples: Sequence[Sample]) -> list[str]:
    lines = []
    for number, k in enumerate(layout.domains):
        kind = "size_t" if k in layout.sizes else "double"
        lines += _table(kind, layout.names[k], [sample.at[number] for sample in samples])
    return lines


def _results(layout: Layout, samples: Sequence[Sample]) -> list[str]:
    lines = []
    for number, output in enumerate(layout.outputs):
        lines += _table("double", f"e{number}", [sample.value[number] for sample in samples])
        lines += _table("double", f"a{number}", [sample.allowed[number] for sample in samples])
        lines.append(f"double {output}[{np.size(samples[0].value[number])}];")
    return lines


def _comparison(layout: Layout, name: str, samples: Sequence[Sample]) -> list[str]:
    """Call the function at one point, and look at all entries of its results."""
    first = dict(zip(layout.domains, samples[0].at, strict=True))
    lengths = _lengths(layout, first)
    handed = ["1"]
    for k in layout.sizes:
        handed.append(f"{layout.names[k]}[sample]" if k in first else str(lengths[k]))
    handed += [f"{layout.names[k]} + {_place(np.size(first[k]))}" for k in layout.given]
    handed += layout.outputs
    lines = wrapped(f"agrees = agrees && {name}({', '.join(handed)}) == 0;")
    for number, output in enumerate(layout.outputs):
        count = np.size(samples[0].value[number])
        place = f"{_place(count)} + entry"
        apart = f"fabs({output}[entry] - e{number}[{place}])"
        lines.append(f"for (size_t entry = 0; entry < {count}; ++entry) {{")
        lines.append(f"    agrees = agrees && {apart} <= a{number}[{place}];")
        lines.append("}")
    return lines


def _place(count: int) -> str:
    """Where the numbers of a sample begin."""
    return "sample" if count == 1 else f"sample * {count}"


def _lengths(layout: Layout, first: dict[int, Any]) -> dict[int, int]:
    """The lengths of index ranges, as the arrays of the samples have them."""
    known = {
        size: length
        for k, value in first.items()
        for size, length in zip(layout.input_sizes(k), np.shape(value), strict=False)
    }
    return {k: known[layout.inputs[k].symbol] for k in layout.sizes if k not in first}


def _table(kind: str, name: str, values: Sequence[Any]) -> list[str]:
    numbers = [x for value in values for x in np.ravel(value).tolist()]
    texts = [str(int(x)) if kind == "size_t" else constant(x).strip("()") for x in numbers]
    return wrapped(f"static const {kind} {name}[{len(texts)}] = {{ {', '.join(texts)} }};")
