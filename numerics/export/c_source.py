"""A kernel as C99: a function over many points, its header, and what both say of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sympy import Expr

from numerics.certificate import Certificate
from numerics.export import document
from numerics.export.c_function import functions
from numerics.export.c_layout import DOUBLES, LANES, Layout
from numerics.export.c_nest import helpers
from numerics.export.c_samples import self_check
from numerics.export.c_text import indented, reads, wrapped
from numerics.export.samples import Sample
from numerics.export.subject import Subject
from numerics.export.text import in_comment, paragraphs

__all__ = ["CSource"]

RETURNS = (
    "Returns the number of points without a result: where an argument lies outside of its domain, "
    "or a result is not finite. There the results are NaN. [n] stands for one entry for each "
    "point, the last index runs fastest; what has no [n] is one for all points. Results overlap "
    "with no argument. Not for -ffast-math, which takes NaN for a number."
)


class CSource:
    """The two files of a kernel."""

    def __init__(
        self,
        subject: Subject,
        name: str,
        certificate: Certificate | None,
        samples: Sequence[Sample],
    ) -> None:
        self.subject, self.name = subject, name
        self.certificate, self.samples = certificate, samples
        self.layout = Layout(subject, name)

    def source(self, header: str | None = None) -> str:
        """The definition; with a line that includes the header, if there is one."""
        code = functions(self.layout, self.name)
        own = [f'#include "{header}"', ""] if header else []
        allocates = ["#include <stdlib.h>"] if reads(code, "malloc") else []
        parts = [
            self._comment(),
            "\n".join([*own, "#include <math.h>", "#include <stddef.h>", *allocates]),
            f"enum {{ LANES = {LANES} }}; /* points side by side */",
            *(table for name, table in self._tables() if reads(code, name)),
            *helpers(code),
            code,
            self_check(self.layout, self.name, self.samples),
        ]
        return "\n\n".join(part for part in parts if part) + "\n"

    def header(self) -> str:
        """The declaration, for C and C++."""
        guard = f"{self.name.upper()}_H"
        declared = self.layout.signature(self.name).replace(DOUBLES, "double *")
        begin = ["#ifdef __cplusplus", 'extern "C" {', "#endif"]
        end = ["#ifdef __cplusplus", "}", "#endif"]
        lines = [f"#ifndef {guard}", f"#define {guard}", "", "#include <stddef.h>", "", *begin, ""]
        lines += [self._comment(), *wrapped(f"{declared};"), "", *end, "", f"#endif /* {guard} */"]
        return "\n".join(lines) + "\n"

    def _comment(self) -> str:
        kernel = self.subject.kernel
        outputs = ", ".join(map(document.shown, kernel.outputs))
        lines = [f"{outputs} at n points.", "", *indented(self._parameters()), "", RETURNS, ""]
        for title, body in document.notes(self.subject, self.certificate):
            lines += [f"{title}:", "", *indented(body), ""]
        if self.certificate is not None:
            lines += ["It was compared as NumPy runs it; these are the same formulas.", ""]
        lines.append(document.provenance())
        text = in_comment(paragraphs(lines))
        return "\n".join(["/*", *(f" * {line}".rstrip() for line in text.split("\n")), " */"])

    def _parameters(self) -> list[str]:
        layout, lines = self.layout, []
        for k in (*layout.sizes, *layout.given):
            name = layout.names[k]
            if layout.inputs[k].is_size:
                lines.append(f"{name}: the size {layout.inputs[k].symbol} of an index range")
                continue
            words = document.parameter(layout.domains[k], name)
            lines.append(f"{name}{self._axes(layout.input_sizes(k), k in layout.varying)}: {words}")
        for (name, sizes), output in zip(
            layout.results(), self.subject.kernel.outputs, strict=True
        ):
            written = f", written {output} below" if output != name else ""
            lines.append(f"{name}{self._axes(sizes, True)}: the result{written}")
        return [document.shown(line) for line in lines]

    def _axes(self, sizes: Sequence[Expr], varies: bool) -> str:
        lengths = [*(["n"] if varies else []), *(self.layout.places.lengths[s] for s in sizes)]
        return "".join(f"[{length}]" for length in lengths)

    def _tables(self) -> list[tuple[str, str]]:
        """Nodes, weights and what was bound, every number exact to the last bit."""
        found = []
        for k, value in sorted(self.subject.constants.items()):
            name, numbers = self.layout.names[k], [float(x).hex() for x in np.ravel(value)]
            if self.layout.inputs[k].is_size:
                continue
            if not self.layout.inputs[k].ranges:
                found.append((name, f"static const double {name} = {numbers[0]};"))
                continue
            rows = paragraphs([", ".join(numbers)], 88)
            head = f"static const double {name}[{len(numbers)}] = {{"
            found.append((name, "\n".join([head, *indented(rows), "};"])))
        return found
