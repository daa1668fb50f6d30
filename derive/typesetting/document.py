r"""A derivation as a LaTeX document: the model, each step, and what follows from the free entropy.

Long formulas are broken over lines by `line_breaking`; what is still too wide is scaled to the
width of the text, so that no box is overfull.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations_with_replacement
from typing import Any

from sympy import Expr, Symbol

from derive.derivation import Derivation
from derive.ensemble import Ensemble
from derive.errors import DeriveError
from derive.gaussian.average import GaussianAverage
from derive.indices import Element, Index, free_indices
from derive.saddle.free_entropy import FreeEntropy
from derive.saddle.implicit_derivative import ImplicitDerivative
from derive.saddle.index_notation import with_other_index
from derive.step import Step
from derive.typesetting.abbreviations import abbreviated, abbreviations, narrowed
from derive.typesetting.latex import Line, expression, extremum, latex_lines, opened
from derive.typesetting.latex_ensemble import ensemble_latex
from derive.typesetting.latex_measures import definitions, measure_latex, slots_of
from derive.typesetting.line_breaking import aligned_rows, fits, rows
from derive.typesetting.step_words import given_lines, sentence
from derive.typesetting.symbol_names import latex_text

__all__ = ["document_of"]

_PREAMBLE = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage{lmodern}
\usepackage[a4paper, margin=25mm]{geometry}
\usepackage{mathtools, amssymb}
\usepackage{array, booktabs}
\usepackage{graphicx}
\setlength{\parindent}{0pt}
\setlength{\parskip}{1ex}
\raggedright
\raggedbottom
\setlength{\jot}{1ex}
\newsavebox{\formula}
% A formula in display style, scaled down where it is wider than the text.
\newcommand{\fitted}[1]{%
  \sbox{\formula}{$\displaystyle #1$}%
  \ifdim\wd\formula>\linewidth
    \resizebox{\linewidth}{!}{\usebox{\formula}}%
  \else
    \usebox{\formula}%
  \fi}
"""
Wanted = tuple[str, Callable[[], Expr], tuple[Expr, ...]]  # left side, value, what stands beside
_ROWS = 12  # rows of one display: a page can break after it
_LONGEST = 24  # rows of an equation that a reader can take in


def document_of(derivation: Derivation, title: str = "Derivation", checks: Any = None) -> str:
    """A complete LaTeX document of a derivation, for pdflatex.

    Parameters
    ----------
    derivation : Derivation
        What to write down.
    title : str
        The heading, as plain text.
    checks : CheckReport, optional
        What `derivation.check(...)` returned, for a table of the verdicts.

    Returns
    -------
    str
        The source; it needs array, mathtools, amssymb, booktabs, graphicx, geometry and lmodern.

    Examples
    --------
    >>> import derive as dv
    >>> from sympy import symbols
    >>> beta, h = symbols("beta h", positive=True)
    >>> i = dv.Index("i", dv.size("N")); s = dv.Ising("s", i)
    >>> model = dv.Ensemble(trace=s, exponent=beta*h*dv.total(s[i], i))
    >>> text = document_of(model.derive(), title="Free spins")
    >>> text.startswith(r"\\documentclass") and r"s_{i} = \\pm 1" in text
    True
    """
    parts = [_PREAMBLE + r"\begin{document}", rf"{{\Large {latex_text(title)}\par}}"]
    parts += _model(derivation.start)
    if derivation.steps:
        parts.append(r"\section*{Steps}")
    for number, step in enumerate(derivation.steps, start=1):
        parts += _step(number, step)
    if isinstance(derivation.state, FreeEntropy):
        parts += _results(derivation.state)
    if checks is not None:
        parts += _checks(checks)
    return "\n\n".join([*parts, r"\end{document}"]) + "\n"


def _model(ensemble: Ensemble) -> list[str]:
    slots = {v: slots_of(v, ensemble) for v in ensemble.variables}
    measures = [_inline(measure_latex(v, indices)) for v, indices in slots.items()]
    ranges = {i: _inline(_range(i)) for indices in slots.values() for i in indices}
    arrays = sorted({e for e in ensemble.exponent.atoms(Element) if e.label.given}, key=str)
    named = {e.label: e for e in reversed(arrays)}  # one element for each array
    return [
        r"\section*{Model}",
        _display(ensemble_latex(ensemble)),
        *_where(ensemble),
        *_listed("Variables", measures),
        *_listed("Indices", list(ranges.values())),
        *_listed("Given arrays", [_array(e) for e in reversed(named.values())]),
        *_listed("Parameters", [_inline(expression(p)) for p in ensemble.parameters]),
    ]


def _range(index: Index) -> str:
    return rf"{expression(index)} = 1, \ldots, {expression(index.size)}"


def _array(element: Element) -> str:
    label = element.label
    declared = {"symmetric": label.symmetric, "no diagonal": label.zero_diagonal}
    words = ", ".join(word for word, holds in declared.items() if holds)
    return _inline(expression(element)) + (f" ({words})" if words else "")


def _listed(what: str, items: list[str]) -> list[str]:
    return [f"{what}: {', '.join(items)}."] if items else []


def _where(ensemble: Ensemble) -> list[str]:
    return _listed("Here", [_inline(definition) for definition in definitions(ensemble)])


def _step(number: int, step: Step) -> list[str]:
    call = latex_text(f"{step.move}({step.arguments})")
    parts = [rf"\textbf{{{number}.}} \texttt{{{call}}}\quad\textit{{{step.kind}}}"]
    parts += [latex_text(words)] if (words := sentence(step)) else []
    parts += [f"Assumed: {latex_text(assumption)}." for assumption in step.assumptions]
    if isinstance(step.after, Ensemble):
        known = definitions(step.before) if isinstance(step.before, Ensemble) else []
        new = [_inline(d) for d in definitions(step.after) if d not in known]
        lines = [*ensemble_latex(step.after), *given_lines(step)]
        return [*parts, _display(lines), *_listed("Here", new)]
    if isinstance(step.after, FreeEntropy):  # its saddle equations have a section of their own
        return [*parts, _display([extremum(step.after)])]
    return [*parts, _display(latex_lines(step.after))]


# --- what follows from the free entropy -------------------------------------------------------


def _results(free_entropy: FreeEntropy) -> list[str]:
    saddle = [line for eq in free_entropy.saddle_equations for line in latex_lines(eq)]
    parts = [r"\section*{Saddle-point equations}", _display(saddle)] if saddle else []
    if free_entropy.density.has(GaussianAverage):  # second derivatives would fill pages
        return parts
    if curvature := _hessian(free_entropy):
        parts += [r"\section*{Hessian of the free entropy at the saddle}", _display(curvature)]
    if observables := _observables(free_entropy):
        parts += [r"\section*{Observables per site}", _display(observables)]
    return parts


def _hessian(free_entropy: FreeEntropy) -> list[Line]:
    """Second derivatives, one for each pair of unknowns; indices differ in the second."""
    unknowns = free_entropy.unknowns
    wanted: list[Wanted] = []
    for first, second in combinations_with_replacement(unknowns, 2):
        other = with_other_index(second, free_indices(first))
        variables = rf"\partial {expression(first)} \, \partial {expression(other)}"
        if other == first:
            variables = rf"\partial {expression(first)}^{{2}}"
        left = rf"\frac{{\partial^{{2}} \phi}}{{{variables}}}"
        wanted.append((left, partial(free_entropy.hessian_block, first, second), (first, other)))
    return _equations(wanted, free_entropy)


def _observables(free_entropy: FreeEntropy) -> list[Line]:
    """Free energy, energy, entropy, specific heat, and derivatives by every field."""
    wanted: list[Wanted] = [
        (r"f = -\frac{\phi}{\beta}", lambda: free_entropy.free_energy, ()),
        ("u", lambda: free_entropy.energy, ()),
        ("s", lambda: free_entropy.entropy, ()),
        ("c", lambda: free_entropy.specific_heat, ()),
    ]
    thermal = free_entropy.beta.free_symbols if free_entropy.beta is not None else set()
    for source in free_entropy.parameters:
        if isinstance(source, Symbol) and source not in thermal:
            left = rf"-\frac{{\partial f}}{{\partial {expression(source)}}}"
            wanted.append((left, partial(free_entropy.observable, source), ()))
    if any(getattr(p, "name", "") == "h" for p in free_entropy.parameters):
        left = r"\chi = -\frac{\mathrm{d}^{2} f}{\mathrm{d} h^{2}}"
        wanted.append((left, free_entropy.susceptibility, ()))
    return _equations(wanted, free_entropy)


def _equations(wanted: list[Wanted], free_entropy: FreeEntropy) -> list[Line]:
    """The equations that can be derived: the free entropy refuses what has no temperature, say."""
    lines: list[Line] = []
    names_taken = 0
    for left, value, beside in wanted:
        try:
            found = _pieces(left, value())
        except DeriveError:
            continue
        for name, expr in found:
            names = abbreviations(free_entropy.density, start=names_taken + 1)
            own = _equation(name, opened(expr), names, beside)
            names_taken += len(own) - 1
            lines += own
    return list(dict.fromkeys(lines))


def _pieces(left: str, found: Any) -> list[tuple[str, Expr]]:
    """A result under its name; a derivative of vectors with the equations of its responses."""
    if not isinstance(found, ImplicitDerivative):
        return [(left, found)]
    responses = [(expression(eq.lhs), eq.rhs) for eq in found.definitions]
    return [(left, found.expression), *responses]


def _equation(
    left: str, expr: Expr, names: Iterator[Symbol], beside: tuple[Expr, ...]
) -> list[Line]:
    """An equation; where it does not fit on the page, followed by names for its parts."""
    line = (left, "=", expression(expr, *beside))
    if fits(line):
        return [line]
    short, meaning = abbreviated(expr, names)
    lines: list[Line] = []
    for name, definition in [(None, short), *meaning]:
        heading = left if name is None else rf"\quad {expression(name)}"
        narrow, more = narrowed(definition, names, partial(_fits_beside, heading))
        lines.append((heading, "=", expression(narrow, *beside)))
        lines += [(rf"\quad {expression(n)}", "=", expression(d, *beside)) for n, d in more]
    if len(rows(lines)) > _LONGEST:
        return [(left, "=", rf"\text{{an expression of {expr.count_ops()} operations}}")]
    return lines


def _fits_beside(left: str, expr: Expr) -> bool:
    return fits((left, "=", expression(expr)))


def _checks(report: Any) -> list[str]:
    rows = " \\\\\n".join(_row(row) for row in report.rows)
    verdict = "All steps hold" if report.holds else "Not all steps are verified"
    table = (
        r"\begin{tabular}{@{}>{\raggedright}p{0.3\linewidth}ll>{\raggedright\arraybackslash}p{0.38\linewidth}@{}}"
        "\n\\toprule\nstep & kind & verdict & evidence \\\\\n\\midrule\n"
        f"{rows} \\\\\n\\bottomrule\n\\end{{tabular}}"
    )
    sizes = latex_text(str(report.sizes))
    return [r"\section*{Checks at finite size}", f"{verdict} ({sizes}).", table]


def _row(row: Any) -> str:
    return " & ".join(map(latex_text, (row.step, str(row.kind), row.verdict, row.method)))


# --- formulas on the page ---------------------------------------------------------------------


def _display(lines: list[Line]) -> str:
    """Displays of some rows each, aligned, broken and fitted to the page; a wide line alone."""
    parts: list[list[tuple[str, str]]] = []
    wide_before = True
    for line in lines:
        wide, own = not fits(line), rows([line])
        if wide or wide_before or len(parts[-1]) + len(own) > _ROWS:
            parts += [own[k : k + _ROWS] for k in range(0, len(own), _ROWS)]
        else:
            parts[-1] += own
        wide_before = wide
    return "\n".join(f"\\[\n\\fitted{{{aligned_rows(part)}}}\n\\]" for part in parts)


def _inline(latex: str) -> str:
    return f"${latex}$"
