"""Long formulas are broken and named by parts; documents and the notebooks' hooks."""

import re

from hypothesis import given
from hypothesis import strategies as st
from sympy import (
    Symbol,
    cosh,
    exp,
    symbols,
)

import derive as dv
from derive.typesetting.abbreviations import abbreviated, abbreviations, narrowed
from derive.typesetting.document import document_of
from derive.typesetting.html import html_of, markdown_of
from derive.typesetting.latex import latex_of
from derive.typesetting.latex_width import width
from derive.typesetting.line_breaking import LINE, broken, fits
from derive.typesetting.typeset import init_printing
from tests.typeset_models import (
    J,
    N,
    beta,
    curie_weiss,
    h,
    i,
    network,
)

m, x, y, z = symbols("m x y z")
s = dv.Ising("s", i)
M = dv.total(s[i], i)


def test_lines_break_before_signs_and_keep_brackets_whole():
    assert broken("a + b + c + d", limit=6) == ["a + b + c", "+ d"]
    assert broken(r"(a + b)(c + d)", limit=30) == ["(a + b)(c + d)"]
    assert broken(r"\frac{a + b}{c + d}", limit=1) == [r"\frac{a + b}{c + d}"]


def test_a_bracket_that_is_cut_gets_a_fixed_size():
    lines = broken(r"\left\{\frac{a}{b} + cccccc - dddddd\right\}", limit=8)
    assert lines == [r"\biggl\{\frac{a}{b} + cccccc", r"- dddddd\biggr\}"]


@given(st.lists(st.integers(1, 30), min_size=1, max_size=40))
def test_no_line_is_too_long_and_nothing_is_lost(lengths):
    terms = ["a" * length for length in lengths]
    lines = broken(" + ".join(terms), LINE)
    assert " ".join(lines) == " + ".join(terms)
    assert all(width(line) <= LINE for line in lines)


def test_repeated_and_wide_parts_get_names():
    long = cosh(beta * J * m + beta * h + x * y + z)
    ratio = long / (1 + long) ** 2
    short, meaning = abbreviated(ratio, abbreviations(ratio))
    assert short.subs(meaning[::-1]) == ratio
    assert [definition for _, definition in meaning] == [long]
    row = sum(symbols("a_1:50"))
    fraction = x / row
    short, meaning = narrowed(fraction, abbreviations(fraction), lambda e: width(latex_of(e)) < 9)
    assert (short, meaning) == (x / Symbol("A_1"), [(Symbol("A_1"), row)])


def test_names_of_parts_differ_from_the_names_in_use():
    taken = Symbol("A") + Symbol("B_3")
    assert next(abbreviations(taken)) == Symbol("C_1")


def test_bound_indices_are_not_cut_out_of_their_sums():
    inner = exp(s[i] * x + s[i] * y + s[i] * z)
    twice = dv.total(inner, i) / (1 + dv.total(inner, i)) + dv.total(inner * s[i], i)
    short, meaning = abbreviated(twice, abbreviations(twice))
    assert short.subs(meaning[::-1]) == twice
    assert not any(dv.indices("i", N)[0] in d.atoms(dv.Index) - {*M.indices} for _, d in meaning)


def test_fits_judges_broken_lines():
    assert fits(("x", "=", " + ".join("a" * 20 for _ in range(20))))
    assert not fits(("x", "=", rf"\frac{{{'a' * 200}}}{{b}}"))


def test_a_document_tells_the_whole_story():
    derivation = curie_weiss()
    text = document_of(derivation, title="Curie_Weiss & co", checks=derivation.check(N=3))
    assert r"{\Large Curie\_Weiss \& co\par}" in text
    for step in ("hubbard", "trace", "saddle"):
        assert rf"\texttt{{{step}" in text
    for heading in ("Model", "Steps", "Saddle-point equations", "Observables", "Checks"):
        assert rf"\section*{{{heading}" in text
    assert r"m = \tanh[\beta (J m + h)]" in text
    assert r"\chi = -\frac{\mathrm{d}^{2} f}{\mathrm{d} h^{2}} &= " in text
    assert r"\frac{\partial^{2} \phi}{\partial m^{2}} = " in text
    assert text.count(r"\begin{aligned}") == text.count(r"\end{aligned}")
    unescaped = re.sub(r"\\.", "", text)
    assert unescaped.count("{") == unescaped.count("}")


def test_assumptions_stand_in_the_document():
    assert "Assumed: V, U: as many fields as sites" in document_of(network())


def test_the_hooks_of_notebooks(monkeypatch):
    monkeypatch.delenv("VSCODE_PID", raising=False)
    derivation = curie_weiss()
    expressions = [derivation.start, derivation.state, dv.total(s[i], i)]
    for shown in [derivation, *expressions, derivation.start["s"][i]]:
        assert shown._repr_latex_() == rf"$\displaystyle {latex_of(shown)}$"
    assert derivation._repr_html_() == html_of(derivation)
    assert derivation._repr_markdown_() == markdown_of(derivation)


def test_vs_code_gets_no_page_because_it_would_not_typeset_it(monkeypatch):
    monkeypatch.setenv("VSCODE_PID", "1")
    assert curie_weiss()._repr_html_() is None


def test_a_notebook_shows_every_expression_and_lists_of_them():
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    init_printing(shell)
    shown = shell.display_formatter.formatters["text/latex"]
    derivation = curie_weiss()
    assert shown(beta * J * m) == r"$\displaystyle \beta J m$"
    assert shown(derivation.saddle_equations) == r"$\displaystyle m = \tanh[\beta (J m + h)]$"
    assert shown(derivation.hessian).startswith(r"$\displaystyle \left(\begin{matrix}")
    assert [shown(other) for other in (1.5, [], [1, 2], "text")] == [None] * 4
