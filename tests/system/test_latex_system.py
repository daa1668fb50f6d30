"""What is emitted passes typesetters: KaTeX under strict errors, pdflatex without a warning."""

import re
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import (
    Abs,
    Derivative,
    Float,
    Function,
    Heaviside,
    I,
    Integral,
    Matrix,
    Max,
    Piecewise,
    Rational,
    Symbol,
    atanh,
    erf,
    exp,
    gamma,
    latex,
    log,
    oo,
    pi,
    sqrt,
    symbols,
    tanh,
    zeta,
)

import derive as dv
from derive.typesetting.document import document_of
from derive.typesetting.html import html_of, markdown_of
from derive.typesetting.latex import latex_of
from derive.typesetting.symbol_names import latex_name
from tests.typeset_models import (
    DERIVATIONS,
    HOSTILE,
    averages,
    curie_weiss,
    spin_one,
    volume_of_solutions,
)

pytestmark = pytest.mark.system

x, y = symbols("x y")
EXPRESSIONS = [
    -(x + y) / 2 - 1 / (x - y) ** 2,
    sqrt(x / y) * exp(-(x**2) / 2) / sqrt(2 * pi),
    tanh(x) ** 2 * log(2) * erf(y),
    2**x * 3**y * Rational(2, 3) * I * Float("1.5e-8"),
    Piecewise((x, x > 0), (y, True)),
    Matrix([[x, y / x], [1, -oo]]),
    Integral(Heaviside(x - y), (x, 0, oo)),
    Derivative(Function("f_$")(x), x) + Function("g%")(x, y) ** 2,
    Max(x, y) * Abs(x) * gamma(x) + zeta(x) + atanh(x),
    Symbol("x'") ** 2 * Symbol("mhat") ** (y / 2) / Symbol("w_in"),
]


@pytest.mark.parametrize("name", DERIVATIONS)
def test_katex_reads_every_object_of_a_derivation(katex_problems, name):
    derivation = DERIVATIONS[name]()
    objects = [derivation, derivation.start, *derivation.steps]
    objects += [step.after for step in derivation.steps]
    objects += derivation.start.variables
    assert katex_problems([latex_of(obj) for obj in objects]) == []


@pytest.mark.parametrize("name", DERIVATIONS)
def test_katex_reads_the_formulas_of_a_page_and_of_markdown(katex_problems, name):
    derivation = DERIVATIONS[name]()
    formulas = [unescape(f) for f in re.findall(r"\$\$(.*?[^\\])\$\$", html_of(derivation), re.S)]
    assert len(formulas) == len(derivation.steps) + 1
    formulas += re.findall(r"^\$\$\n(.*?)\n\$\$$", markdown_of(derivation), re.S | re.M)
    assert len(formulas) == 2 * len(derivation.steps) + 2
    assert katex_problems(formulas) == []


def test_katex_reads_expressions_and_results(katex_problems):
    free_entropy = curie_weiss().state
    results = [
        free_entropy.saddle_equations,
        free_entropy.hessian,
        free_entropy.specific_heat,
        free_entropy.next_order,
        free_entropy.critical_point(h=0),
        free_entropy.landau(6, h=0),
        free_entropy.spinodal(),
        free_entropy.equations(),
        spin_one().state.susceptibility(),
    ]
    assert katex_problems([latex_of(obj) for obj in [*EXPRESSIONS, *results]]) == []


def test_katex_reads_what_follows_from_replicas(katex_problems):
    volume = volume_of_solutions()
    replicon, capacity = volume.replicon(), volume.limit("q", 1)
    results = [replicon, replicon.almeida_thouless("alpha"), capacity.state, capacity]
    assert katex_problems([latex_of(obj) for obj in results]) == []


def test_katex_reads_averages_of_either_printer(katex_problems):
    assert katex_problems([latex_of(obj) for obj in averages()]) == []
    plain = averages()[:-1]  # SymPy's printer does not escape names
    assert katex_problems([latex(obj) for obj in plain]) == []


def test_katex_reads_any_name(katex_problems):
    drawn: list[str] = list(HOSTILE)

    @settings(max_examples=400)
    @given(st.text(max_size=8))
    def draw(name):
        drawn.append(name)

    draw()
    index = dv.Index("i", 3)
    formulas = [latex_name(name) for name in drawn]
    formulas += [latex_of(dv.Real(name, index)[index] ** 2) for name in drawn if name]
    assert katex_problems(formulas) == []


@pytest.mark.parametrize("name", DERIVATIONS)
def test_pdflatex_sets_a_document_without_warning(latex_problems, name):
    assert latex_problems(document_of(DERIVATIONS[name](), title=f"{name}: 100% of <it> $")) == []


def test_pdflatex_sets_the_checks(latex_problems):
    derivation = curie_weiss()
    document = document_of(derivation, checks=derivation.check(N=3))
    assert r"\toprule" in document
    assert latex_problems(document) == []


def test_pdflatex_sets_what_is_far_too_wide(latex_problems):
    symbol_row = symbols("x_1:60")
    wide = 1 / (1 + sum(symbol_row)) + sqrt(sum(s**2 for s in symbol_row))
    i = dv.Index("i", 3)
    s = dv.Ising("s", i)
    model = dv.Ensemble(trace=s, exponent=wide * dv.total(s[i], i))
    assert latex_problems(document_of(model.derive())) == []


def test_pdflatex_sets_averages(latex_problems):
    i = dv.Index("i", 3)
    s = dv.Ising("s", i)
    exponent = sum(averages()) * dv.total(s[i], i)
    assert latex_problems(document_of(dv.Ensemble(trace=s, exponent=exponent).derive())) == []
