"""Substitution in Gaussian averages: nothing is captured, and limits are taken or refused."""

from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import Function, Symbol, cosh, exp, log, sin, symbols, tanh

import derive as dv
from derive import GaussianAverage

x, y, z, w, m = symbols("x y z w m", real=True)
V = Symbol("V", positive=True)
SYMBOLS = symbols("x y z", real=True)

SUBSTITUTE = {
    "subs": lambda e, old, new: e.subs(old, new),
    "simultaneous subs": lambda e, old, new: e.subs({old: new}, simultaneous=True),
    "xreplace": lambda e, old, new: e.xreplace({old: new}),
    "replace": lambda e, old, new: e.replace(old, new),
}


@pytest.fixture(params=SUBSTITUTE)
def substitute(request):
    return SUBSTITUTE[request.param]


def test_bound_names_avoid_what_is_put_in(substitute):
    average = GaussianAverage(tanh(w * z), z)
    expected = GaussianAverage(tanh(z * x), x)
    assert substitute(average, w, z) == expected
    assert substitute(average, w, z).free_symbols == {z}


def test_a_bound_variable_is_not_replaced(substitute):
    average = GaussianAverage(tanh(w * z), z)
    assert substitute(average, z, 3) == average
    assert substitute(average, z, w) == average


def test_means_and_covariances_are_outside(substitute):
    average = GaussianAverage(tanh(z), z, m, V)
    assert substitute(average, m, z) == GaussianAverage(tanh(x), x, z, V)
    assert substitute(average, V, z**2) == GaussianAverage(tanh(x), x, m, z**2)


def test_whole_expressions_are_replaced(substitute):
    average = GaussianAverage(tanh(w) * z**2 + log(1 + cosh(z) * tanh(w)), z)
    assert substitute(average, tanh(w), z) == GaussianAverage(z * x**2 + log(1 + cosh(x) * z), x)


def test_expressions_of_a_bound_variable_mean_another_one(substitute):
    average = GaussianAverage(tanh(w * z), z)
    assert substitute(average, tanh(w * z), m) == average


def test_an_average_is_replaced_whatever_its_names():
    inside = 1 + 2 * GaussianAverage(tanh(w * z) ** 2, z)
    other = GaussianAverage(tanh(w * y) ** 2, y)
    assert inside.subs(other, m) == inside.xreplace({other: m}) == 1 + 2 * m


def test_nested_averages(substitute):
    inner = GaussianAverage(exp(w * z * x), z)
    average = GaussianAverage(x * log(inner + w), x)
    expected = GaussianAverage(y * log(GaussianAverage(exp(x * m * y), m) + x), y)
    assert substitute(average, w, x) == expected
    assert substitute(average, w, z) == expected.subs(x, z)


def test_functions_are_replaced():
    average = GaussianAverage(w * tanh(w * z) + z**2, z)
    assert average.replace(tanh, sin) == GaussianAverage(w * sin(w * z) + z**2, z)
    assert average.replace(lambda e: e == w, lambda e: z) == average.subs(w, z)
    assert average.replace(cosh, sin) == average


def test_indices_inside_an_average():
    i, j = dv.indices("i j", dv.size("N"))
    field = dv.Given("h", i)
    average = GaussianAverage(tanh(z + field[i]), z)
    assert average.subs(i, j) == GaussianAverage(tanh(z + field[j]), z)
    assert dv.total(average, i) == dv.total(average.subs(i, j), j)


def test_limits_of_the_covariance():
    pair = GaussianAverage(tanh(x) * tanh(y), (x, y), (m, 0), [[V, w], [w, V]])
    assert pair.subs({w: 0, V: 0}) == 0
    assert pair.subs(w, 0).subs(V, 0) == 0
    same = pair.subs(w, V)
    assert same.covariance.det() == 0


def test_a_covariance_that_becomes_indefinite_is_refused():
    pair = GaussianAverage(tanh(x) * tanh(y), (x, y), 0, [[1, w], [w, 1]])
    with pytest.raises(dv.DeclarationError, match="not positive semidefinite"):
        pair.subs(w, 2)
    with pytest.raises(dv.DeclarationError, match="not positive semidefinite"):
        GaussianAverage(tanh(z), z, 0, m).subs(m, -1)


def test_an_average_that_comes_to_diverge_is_refused():
    average = GaussianAverage(exp(w * z**2) * cosh(z), z, 0, V)
    assert average.subs(w, -1).subs(V, 3).has(exp)
    with pytest.raises(dv.UnboundedError, match="along z"):
        average.subs({w: 1, V: 1})


# -- random nests of averages against a model without names --------------------------------------

f = Function("f")


@st.composite
def expressions(draw, depth=3):
    """Averages nested up to a depth, all over the same three names."""
    if depth == 0:
        return f(*(draw(st.sampled_from(SYMBOLS)) for _ in range(2)))
    kind = draw(st.sampled_from(["leaf", "average", "average", "sum"]))
    if kind == "leaf":
        return draw(expressions(depth=0))
    first = draw(expressions(depth=depth - 1))
    if kind == "sum":
        return log(first + draw(expressions(depth=depth - 1)))
    return GaussianAverage(first, draw(st.sampled_from(SYMBOLS)), 0, draw(variances))


variances = st.sampled_from([1, V])


def nameless(expr, bound=()):
    """The expression with bound variables as their distance from the average that binds them."""
    if isinstance(expr, GaussianAverage):
        law = tuple(nameless(e, bound) for e in (*expr.mean, *expr.covariance))
        return ("average", nameless(expr.integrand, (*expr.variables, *bound)), law)
    if expr.is_Symbol:
        return bound.index(expr) if expr in bound else expr.name
    if not expr.args:
        return str(expr)
    parts = [nameless(arg, bound) for arg in expr.args]
    return (type(expr).__name__, *(sorted(parts, key=str) if expr.is_Add or expr.is_Mul else parts))


def nameless_with(model, name, new):
    """The model with a free name replaced by a free name."""
    if isinstance(model, tuple):
        return tuple(nameless_with(part, name, new) for part in model)
    return new if model == name else model


def resorted(model):
    if not isinstance(model, tuple):
        return model
    head, *parts = (resorted(part) for part in model)
    return (head, *(sorted(parts, key=str) if head in ("Add", "Mul") else parts))


@given(expressions(), st.sampled_from(SYMBOLS))
def test_free_names_are_replaced_and_no_others(expr, old):
    """A name that occurs nowhere comes in as itself."""
    new = Symbol("a", real=True)
    expected = resorted(nameless_with(nameless(expr), old.name, "a"))
    for move in ("subs", "xreplace"):
        assert nameless(SUBSTITUTE[move](expr, old, new)) == expected


@given(expressions(), st.sampled_from(SYMBOLS), st.sampled_from(SYMBOLS))
def test_nothing_is_captured(expr, old, new):
    """Through a name that occurs nowhere, nothing can be captured."""
    apart = Symbol("a", real=True)
    for move in ("subs", "xreplace"):
        done = SUBSTITUTE[move](expr, old, new)
        assert done == SUBSTITUTE[move](SUBSTITUTE[move](expr, old, apart), apart, new)
        expected = {new if s == old else s for s in expr.free_symbols}
        assert done.free_symbols == expected


@given(expressions(), st.permutations(SYMBOLS))
def test_a_simultaneous_permutation_and_back(expr, order):
    forth = dict(zip(SYMBOLS, order, strict=True))
    back = {new: old for old, new in forth.items()}
    moved = expr.xreplace(forth)
    assert moved.xreplace(back) == expr
    assert hash(moved.xreplace(back)) == hash(expr)


@given(expressions(), expressions())
def test_equality_is_equality_without_names(first, second):
    assert (first == second) == (nameless(first) == nameless(second))
    assert reduce(lambda e, s: e.subs(s, s), SYMBOLS, first) == first
