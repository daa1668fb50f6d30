"""Pages for notebooks: foldable, safe whatever the names, and readable without a network."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import Symbol, symbols

import derive as dv
from derive.step import Kind, Moved
from derive.typesetting.html import html_of, markdown_of
from tests.typeset_models import DERIVATIONS, curie_weiss, hostile_names, network

ALLOWED = {"div", "details", "summary", "b", "code", "span"}


class _Page(HTMLParser):
    """Tags with their depth, attributes, and the text outside of code."""

    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.tags, self.open, self.texts, self.attributes = [], [], [], set()
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.open.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "code" not in self.open:
            self.texts.append(data)


@pytest.mark.parametrize("name", DERIVATIONS)
def test_a_page_is_well_formed_and_harmless(name):
    page = _Page(html_of(DERIVATIONS[name]()))
    assert page.open == []
    assert set(page.tags) <= ALLOWED
    assert page.attributes <= {"style", "open"}


def test_a_page_needs_no_network():
    source = html_of(curie_weiss())
    assert not re.search(r"https?:|src=|href=|url\(|@import", source)


def test_every_step_folds_and_has_its_badge_and_call():
    page = html_of(curie_weiss())
    assert page.count("<details open") == 4
    badges = re.findall(r"<span style=\"background:#\w+;[^\"]*\">(\w+)</span>", page)
    assert badges == ["exact", "exact", "asymptotic"]
    calls = re.findall(r"<code>(.*?)</code>", page)
    assert calls == ["hubbard_stratonovich(m)", "trace(s)", "saddle_point(N)"]


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_a_colour(kind):
    derivation = curie_weiss().move(lambda state: Moved(state, kind))
    assert f">{kind}</span>" in html_of(derivation)


def test_assumptions_are_shown():
    assert "assumed: V, U: as many fields as sites" in html_of(network())


def _outside_formulas(page):
    """The visible text that a typesetter searches for formulas, without the formulas."""
    text = "\0".join(page.texts)
    return re.sub(r"\$\$(?:[^$\\]|\\.)*\$\$", "", text, flags=re.DOTALL)


@given(st.text(max_size=20))
def test_prose_starts_no_formula_and_no_tag(text):
    derivation = curie_weiss().move(lambda state: Moved(state, Kind.ANSATZ, (text,)))
    page = _Page(html_of(derivation))
    assert set(page.tags) <= ALLOWED
    assert "$" not in _outside_formulas(page)
    assert "\\" not in _outside_formulas(page)


def test_names_cannot_leave_their_formula():
    source = html_of(hostile_names())
    page = _Page(source)
    assert "script" not in page.tags
    assert "</script>" not in source
    assert "$" not in _outside_formulas(page)


def test_mere_expressions_are_escaped():
    x, y = symbols("x y")
    assert html_of(x < y) == "<div>$$x &lt; y$$</div>"
    assert html_of(Symbol("<b>&amp;")) == r"<div>$$\mathrm{&lt;b&gt;\&amp;amp;}$$</div>"


def test_markdown_numbers_the_steps_and_escapes_names():
    i = dv.Index("i", dv.size("N"))
    s = dv.Ising("s_$*", i)
    derivation = dv.Ensemble(trace=s, exponent=dv.total(s[i], i)).derive().trace(s)
    text = markdown_of(derivation)
    assert r"**1.** trace\(s\_\$\*\) — *exact*" in text
    assert text.startswith("**Model**\n\n$$\nZ = ")
    assert text.count("$$") - text.count(r"\$\$") == 4
