"""LaTeX of expressions, ensembles, free entropies, steps and derivations, as strings."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import (
    Eq,
    Function,
    I,
    KroneckerDelta,
    Matrix,
    Mul,
    Rational,
    Symbol,
    cosh,
    exp,
    log,
    pi,
    sin,
    sqrt,
    symbols,
    tanh,
)

import derive as dv
from derive.typesetting.latex import latex_of
from derive.typesetting.symbol_names import latex_name, latex_text, subscripted
from tests.typeset_models import (
    HOSTILE,
    J,
    N,
    beta,
    h,
    i,
    j,
)

m, x, y, z = symbols("m x y z")
p, q = symbols("p q", positive=True)
s = dv.Ising("s", i)
M = dv.total(s[i], i)
A = dv.Given("A", i, j)

FORMULAS = [
    # order of factors and fractions
    (beta * J * m, r"\beta J m"),
    (beta * J / (2 * N) * M**2, r"\frac{\beta J}{2 N} \left(\sum_{i} s_{i}\right)^{2}"),
    (N * beta * J * m**2 / 2, r"\frac{N \beta J}{2} m^{2}"),
    (beta * h / 2, r"\frac{\beta h}{2}"),
    (m**2 / 2, r"\frac{m^{2}}{2}"),
    (beta * (1 - m**2) / (1 - beta * J), r"\frac{\beta (1 - m^{2})}{1 - \beta J}"),
    (x / y**2, r"\frac{x}{y^{2}}"),
    (x ** Rational(-3, 2), r"\frac{1}{x^{3/2}}"),
    (pi * x * 2 * I, r"2 \pi \mathrm{i} x"),
    (3 * 2**x, r"3 \cdot 2^{x}"),
    (KroneckerDelta(i, j) * (1 - m**2) * J, r"J \delta_{i j} (1 - m^{2})"),
    # signs
    (1 - beta * J * (1 - m**2), r"1 - \beta J (1 - m^{2})"),
    (-x - y, "- x - y"),
    (x * y - (x + z) * y / 2, r"x y - \frac{y}{2} (x + z)"),
    (Mul(-1, x + y, evaluate=False), "- (x + y)"),
    (exp(-beta * h), r"e^{- \beta h}"),
    # brackets
    (M * x, r"x \sum_{i} s_{i}"),
    (M * dv.total(s[i] ** 3, i), r"\left(\sum_{i} s_{i}\right) \sum_{i} s_{i}^{3}"),
    (x + M + y, r"x + y + \sum_{i} s_{i}"),
    (tanh(x) * cosh(y), r"\cosh(y) \tanh x"),
    (log(2) * tanh(x + 1), r"\ln(2) \tanh(x + 1)"),
    (tanh(x) ** 2, r"\tanh^{2} x"),
    (tanh(x - y) ** 2, r"\tanh^{2}(x - y)"),
    (log(2 * cosh(beta * (J * m + h))), r"\ln\{2 \cosh[\beta (J m + h)]\}"),
    ((M + x) * y, r"y \left(x + \sum_{i} s_{i}\right)"),
    (exp(x / y), r"\exp\left(\frac{x}{y}\right)"),
    (log(dv.total(exp(s[i]), i)), r"\ln \sum_{i} e^{s_{i}}"),
    (Function("f")(x), "f(x)"),
    (sin(x) ** -1, r"\frac{1}{\sin x}"),
    (Symbol("x'") ** 2, "{x'}^{2}"),
    # roots, where joining them is right
    (sqrt(p) * sqrt(q), r"\sqrt{p q}"),
    (sqrt(x) / sqrt(p), r"\sqrt{\frac{x}{p}}"),
    (sqrt(x) * sqrt(y), r"\sqrt{x} \sqrt{y}"),
    # sums over indices
    (dv.total(A[i, j] * s[i] * s[j], i, j), r"\sum_{i j} A_{i j} s_{i} s_{j}"),
    (dv.total(A[i, j] * s[j], j), r"\sum_{j} A_{i j} s_{j}"),
    (Matrix([[x, 1], [0, y]]), r"\left(\begin{matrix}x & 1\\0 & y\end{matrix}\right)"),
    (Eq(m, tanh(x), evaluate=False), r"m = \tanh x"),
]


@pytest.mark.parametrize(("expr", "latex"), FORMULAS, ids=[latex for _, latex in FORMULAS])
def test_expressions_read_as_a_physicist_writes(expr, latex):
    assert latex_of(expr) == latex


NAMES = {
    "beta": r"\beta",
    "lamda": r"\lambda",
    "Omega": r"\Omega",
    "mhat": r"\hat{m}",
    "sigmabar": r"\bar{\sigma}",
    "J0": "J_{0}",
    "w_in": r"w_{\mathrm{in}}",
    "T_c": "T_{c}",
    "beta_c": r"\beta_{c}",
    "q_ab_1": r"q_{\mathrm{ab},1}",
    "q_{ab}": r"q_{\mathrm{ab}}",
    "mag": r"\mathrm{mag}",
    "i'": "i'",
    "x''": "x''",
    r"\beta": r"\beta",
    "β": r"\mathrm{\beta }",
    "x_$y%": r"\mathrm{x\_\$y\%}",
    "</script>": r"\mathrm{</script>}",
    r"\input{x}": r"\mathrm{\backslash input\{x\}}",
    "a b^c~d": r"\mathrm{a\ b\hat{\ }c\sim d}",
    "é漢": r"\mathrm{\acute{e}U6F22}",
    "": r"\mathrm{?}",
}


@pytest.mark.parametrize(("name", "latex"), NAMES.items(), ids=NAMES)
def test_names(name, latex):
    assert latex_name(name) == latex


def test_slots_join_the_subscripts_of_the_name():
    assert subscripted("J_0", "i j") == "J_{0,i j}"
    assert subscripted("x'", "i") == "x_{i}'"
    over = dv.IndexRange(12)
    wide = dv.Given("B", dv.Index("k", over), dv.Index("l", over))
    assert latex_of(wide[11, 2]) == "B_{11, 2}"
    assert latex_of(wide[1, dv.Index("l", over)]) == "B_{1 l}"


def _depths(latex):
    """The depth of braces after each unescaped one."""
    depth = 0
    for token in re.findall(r"\\.|[{}]", latex, re.DOTALL):
        depth += {"{": 1, "}": -1}.get(token, 0)
        yield depth


def _is_balanced(latex):
    depths = list(_depths(latex))
    return all(depth >= 0 for depth in depths) and (not depths or depths[-1] == 0)


@given(st.text(max_size=12))
def test_any_name_leaves_braces_balanced_and_nothing_unescaped(name):
    for latex in (latex_name(name), latex_text(name)):
        assert _is_balanced(latex)
        assert latex.isascii()
        assert latex.isprintable()
        assert not re.search(r"(?<!\\)[%&#$~]", latex)


@given(st.lists(st.text(min_size=1, max_size=6), min_size=3, max_size=3, unique=True))
def test_any_names_in_an_expression_leave_braces_balanced(names):
    a, b, c = map(Symbol, names)
    assert _is_balanced(latex_of(a**2 * tanh(b + a) / (c - b) + sqrt(a) ** c))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_adds_no_command(name):
    commands = set(re.findall(r"\\[A-Za-z]+", latex_name(name)))
    assert commands <= {r"\mathrm", r"\backslash", r"\hat", r"\acute", r"\grave", r"\sim"}


# --- sums over indices ------------------------------------------------------------------------


def test_dummies_differ_from_the_free_indices_beside_them():
    a = dv.Index("a", 3)
    v = dv.Real("v", a)
    ratio = exp(v[a]) / dv.total(exp(v[a]), a)
    assert latex_of(ratio) == r"\frac{e^{v_{a}}}{\sum_{b} e^{v_{b}}}"
    equation = Eq(v[a], dv.total(v[a] ** 2, a), evaluate=False)
    assert latex_of(equation) == r"v_{a} = \sum_{b} v_{b}^{2}"


def test_dummies_lose_primes_and_avoid_names_of_variables():
    primed = dv.Index("i'", N)
    assert latex_of(dv.total(s[primed], primed)) == r"\sum_{i} s_{i}"
    assert latex_of(dv.total(A[i, primed], primed)) == r"\sum_{j} A_{i j}"
    beside = dv.total(A[i, primed] * dv.Given("j", primed)[primed], primed)
    assert latex_of(beside) == r"\sum_{k} A_{i k} j_{k}"


def test_nested_sums_have_different_dummies():
    nested = dv.total(log(x + dv.total(A[i, j] * s[j], j)) * s[i], i)
    assert latex_of(nested) == (r"\sum_{i} s_{i} \ln\left(x + \sum_{j} A_{i j} s_{j}\right)")


def test_a_square_under_a_sum_is_written_as_a_square():
    a = dv.Index("a", 3)
    c = dv.Potts("c", i, a)
    squares = dv.total(dv.total(c[i, a], i) ** 2, a)
    assert latex_of(squares) == r"\sum_{a} \left(\sum_{i} c_{i a}\right)^{2}"
