r"""How a Gaussian average is written: ``\int Dz\, f`` over standard normals, else in brackets.

Variables whose names are taken by an average around them are written under other names.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sympy import eye

from derive.gaussian.substitution import renamed_apart

__all__ = ["average_latex", "average_text", "is_standard"]


def is_standard(average: Any) -> bool:
    """Whether the variables are independent, with mean zero and variance one."""
    size = len(average.variables)
    return all(m == 0 for m in average.mean) and average.covariance == eye(size)


@contextmanager
def _legible(average: Any, printer: Any) -> Iterator[Any]:
    """The average under names that differ from those of the averages around it."""
    scope: frozenset[str] = getattr(printer, "average_scope", frozenset())
    hidden = {v.name for v in average.variables if v.name.startswith("\0")}
    renamed = renamed_apart(average, scope | hidden)
    printer.average_scope = scope | {v.name for v in renamed.variables}
    try:
        yield renamed
    finally:
        printer.average_scope = scope


def average_text(average: Any, printer: Any) -> str:
    """``GaussianAverage(f, z)``, with mean and covariance where they are not 0 and 1."""
    mean, covariance = [printer._print(m) for m in average.mean], average.covariance
    with _legible(average, printer) as renamed:
        parts = [printer._print(renamed.integrand)]
        names = [printer._print(v) for v in renamed.variables]
    if len(names) == 1:
        parts += names
        parts += [f"mean={mean[0]}"] * (average.mean[0] != 0)
        parts += [f"covariance={printer._print(covariance[0, 0])}"] * (covariance[0, 0] != 1)
    else:
        parts += [f"({', '.join(names)})"]
        parts += [f"mean=({', '.join(mean)})"] * any(m != 0 for m in average.mean)
        different = covariance != eye(len(names))
        parts += [f"covariance={printer._print(covariance.tolist())}"] * different
    return f"{type(average).__name__}({', '.join(parts)})"


def average_latex(average: Any, printer: Any) -> str:
    r"""LaTeX of an average: ``\int Dz_1\,Dz_2\, f`` or ``\left\langle f \right\rangle_{...}``.

    The integral is not closed: what follows it as a factor would be read as under it.
    """
    mean, covariance = [str(printer._print(m)) for m in average.mean], average.covariance
    with _legible(average, printer) as renamed:
        body = str(printer._print(renamed.integrand))
        names = [str(printer._print(v)) for v in renamed.variables]
    if is_standard(average):
        if renamed.integrand.is_Add or body.startswith("-"):
            body = str(printer._add_parens(body))
        measure = r"\,".join(f"D{name}" for name in names)
        return rf"\int {measure}\, {body}"
    centred = all(m == 0 for m in average.mean)
    if len(names) == 1:
        law = f"{mean[0]}, {printer._print(covariance[0, 0])}"
        left = names[0]
    else:
        centre = "0" if centred else rf"\left({', '.join(mean)}\right)"
        law = f"{centre}, {_small_matrix(covariance, printer)}"
        left = rf"\left({', '.join(names)}\right)"
    below = rf"{left} \sim \mathcal{{N}}\left({law}\right)"
    return rf"\left\langle {body} \right\rangle_{{{below}}}"


def _small_matrix(matrix: Any, printer: Any) -> str:
    rows = (" & ".join(str(printer._print(entry)) for entry in row) for row in matrix.tolist())
    body = r" \\ ".join(rows)
    return rf"\left(\begin{{smallmatrix}}{body}\end{{smallmatrix}}\right)"
