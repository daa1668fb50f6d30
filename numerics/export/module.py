"""A stand-alone Python module: formulas, the checks of arguments, and what it says of itself."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sympy import Expr

from numerics import dense
from numerics.backends.names import identifiers
from numerics.backends.numpy import RESERVED
from numerics.certificate import Certificate
from numerics.export import document, runtime
from numerics.export.formulas import broken, formulas_of, helper_source
from numerics.export.literals import array_literal, literal
from numerics.export.samples import Sample
from numerics.export.subject import Domain, Subject
from numerics.export.text import WIDTH, in_docstring, paragraphs

__all__ = ["module_source"]


def module_source(
    subject: Subject, name: str, certificate: Certificate | None, samples: Sequence[Sample]
) -> str:
    """The text of a module with a function of this name."""
    return _Writer(subject, name, certificate, samples).text()


SHORT = 64  # characters of a line of data, without what stands in front
_NO_TABLES = "TABLES: dict[str, Any] = {}"
_RAISES = "For arguments outside of their domain, shapes that do not fit, infinite results."
_BELOW = "# What follows is the same in all saved modules, but for the table of arguments."


class _Writer:
    def __init__(
        self,
        subject: Subject,
        name: str,
        certificate: Certificate | None,
        samples: Sequence[Sample],
    ) -> None:
        self.subject, self.name = subject, name
        self.certificate, self.samples = certificate, samples
        self.inputs = subject.program.inputs
        self.formulas = formulas_of(subject)
        self.names = identifiers((given.name for given in self.inputs), RESERVED)
        self.arguments = [self.names[subject.number(domain)] for domain in subject.domains]
        self.public = [f"{n}_" if n == "out" else n for n in self.arguments]

    def text(self) -> str:
        """The whole module: what a reader looks for first, what all modules share last."""
        head = f"{self.name}({', '.join(self.public)}): {self._outputs()}."
        summary = in_docstring(paragraphs([head, "", *self._needs()]))
        parts = [
            f'"""{summary}\n"""\n\n{self._imports()}',
            self._main_function(),
            f"{self._tables()}\n\n\n{self.formulas.source}",
            f"{self._records()}\n\n\n{_BELOW}",
            *self._helpers(),
            self._settings(),
            *(self._copied(function) for function in runtime.COPIED),
            self._script(),
        ]
        return "\n\n\n".join(part.rstrip() for part in parts) + "\n"

    def _copied(self, function: Callable[..., Any]) -> str:
        return inspect.getsource(function).replace("_public(", f"{self.name}(")

    def _outputs(self) -> str:
        return ", ".join(map(document.shown, self.subject.kernel.outputs))

    def _needs(self) -> list[str]:
        needs = "NumPy and SciPy" if self._uses_scipy() else "NumPy"
        return [
            f"Needs {needs}, nothing else. Run as a script it prints what it knows and checks "
            "itself.",
            document.provenance(),
        ]

    def _uses_scipy(self) -> bool:
        return "_scipy.special." in self.formulas.source

    def _imports(self) -> str:
        lines = ["from __future__ import annotations", "", "import math"]
        if any("Sequence[" in helper for helper in self._helpers()):
            lines.append("from collections.abc import Sequence")
        lines += ["from typing import Any, NamedTuple", "", "import numpy as np"]
        return "\n".join([*lines, *(["import scipy as _scipy"] if self._uses_scipy() else [])])

    # -- what a reader looks for ---------------------------------------------------------------

    def _main_function(self) -> str:
        taken = ", ".join([*self.public, "out=None"])
        values = ", ".join(self.public) + ("," if len(self.public) == 1 else "")
        doc = in_docstring(f"    {line}" if line else "" for line in self._document())
        head, body = f"def {self.name}({taken}):", f"    return _evaluate(({values}), out)"
        return f'{broken(head)}\n    """{doc.lstrip()}\n    """\n{broken(body)}'

    def _document(self) -> list[str]:
        lines = [f"Evaluate {self._outputs()}; arguments broadcast."]
        lines += ["", "Parameters", "----------"]
        for domain, name in zip(self.subject.domains, self.public, strict=True):
            lines += [f"{name} : {self._kind(domain.shape)}"]
            lines += _indented([document.parameter(domain, name)])
        lines += ["out : array, or tuple of arrays, optional", "    Where results are written."]
        lines += ["", "Returns", "-------"]
        for output in self.subject.program.outputs:
            sizes = [axis.over.size for axis in output.axes]
            lines.append(f"{document.shown(output.name)} : {self._kind(sizes)}")
        lines += ["", "Raises", "------", "ValueError", f"    {_RAISES}", "", "Notes", "-----"]
        for title, body in document.notes(self.subject, self.certificate):
            lines += [f"{title}::", "", *_indented(body), ""]
        return paragraphs(lines[:-1], WIDTH - 4)

    def _kind(self, sizes: Iterable[Expr]) -> str:
        shape = self._shape(sizes)
        return f"array (..., {', '.join(map(str, shape))})" if shape else "float or array"

    def _tables(self) -> str:
        rows = [
            f'    "{self.names[k]}": {array_literal(value, 4)},'
            for k, value in sorted(self.subject.constants.items())
            if not self.inputs[k].is_size
        ]
        return "\n".join(["TABLES: dict[str, Any] = {", *rows, "}"]) if rows else _NO_TABLES

    def _records(self) -> str:
        data = None if self.certificate is None else self.certificate.to_dict()
        rows = [literal((s.at, s.value, s.allowed)) for s in self.samples]
        checks = [f"    {row},".replace("\n", "\n    ") for row in rows]
        return "\n".join(
            [
                f"CERTIFICATE: dict[str, Any] | None = {literal(data)}",
                "",
                "# Arguments, the results there, and how far those of another machine may be.",
                "CHECKS: tuple[Any, ...] = (",
                *checks,
                ")",
            ]
        )

    # -- for the functions that are copied -----------------------------------------------------

    def _settings(self) -> str:
        pairs = list(zip(self.subject.domains, self.arguments, strict=True))
        shared = tuple(n for d, n in pairs if self.subject.number(d) in self.subject.shared)
        outputs = self.subject.program.outputs
        results = {f"o{k}": self._axes(output.axes) for k, output in enumerate(outputs)}
        buffers = {key: self._axes(axes) for key, axes in self.formulas.buffers.items()}
        names = tuple(document.shown(output.name) for output in outputs)
        return "\n".join(
            [
                inspect.getsource(runtime._Argument),
                "",
                "_ARGUMENTS: tuple[_Argument, ...] = (",
                *(broken(f"    {self._argument(domain, name)},") for domain, name in pairs),
                ")",
                "# What is one for all points; names of results; axes of results and of buffers.",
                f"_SHARED: tuple[str, ...] = {literal(shared, SHORT)}",
                f"_NAMES: tuple[str, ...] = {literal(names, SHORT)}",
                f"_RESULTS: dict[str, Any] = {literal(results, SHORT)}",
                f"_BUFFERS: dict[str, Any] = {literal(buffers, SHORT)}",
            ]
        )

    def _argument(self, domain: Domain, name: str) -> str:
        defaults = runtime._Argument._field_defaults
        shape = self._shape(domain.shape)
        given: dict[str, Any] = {"shape": shape} if shape else {}
        for key in ("above", "below", "least", "most", "integer", "symmetric", "zero_diagonal"):
            value = getattr(domain, key)
            if value != defaults[key]:
                given[key] = value
        if domain.given.symbol in self._lengths() and not shape:
            given["length"] = name
        fields = [f"{name!r}", *(f"{key}={literal(value)}" for key, value in given.items())]
        return f"_Argument({', '.join(fields)})"

    def _lengths(self) -> set[Expr]:
        """The sizes of ranges that a call tells."""
        program = self.subject.program
        sizes = {axis.over.size for axis in program.axes}
        return {size for size in sizes if not size.is_Integer}

    def _axes(self, axes: Iterable[Any]) -> tuple[int | str, ...]:
        return self._shape([axis.over.size for axis in axes])

    def _shape(self, sizes: Iterable[Expr]) -> tuple[int | str, ...]:
        """Lengths where they are known, else the name of the size."""
        found: list[int | str] = []
        for size in sizes:
            numbers = [k for k, given in enumerate(self.inputs) if given.symbol == size]
            if size.is_Integer:
                found.append(int(size))
            elif numbers[0] in self.subject.constants:
                found.append(int(self.subject.constants[numbers[0]]))
            else:
                found.append(self.names[numbers[0]])
        return tuple(found)

    def _helpers(self) -> list[str]:
        return [
            helper_source(name, inspect.getsource(getattr(dense, name))).rstrip()
            for name in self.formulas.helpers
        ]

    def _script(self) -> str:
        return (
            'if __name__ == "__main__":\n'
            f"    print({self.name}.__doc__)\n"
            "    raise SystemExit(not _self_check())\n"
        )


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" if line else "" for line in lines]
