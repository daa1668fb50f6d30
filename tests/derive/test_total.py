"""Totals mean what the explicit loops mean, and substitution and derivatives never capture."""

from itertools import product

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import (
    Add,
    Eq,
    Integer,
    KroneckerDelta,
    Mul,
    Ne,
    Rational,
    Symbol,
    Wild,
    cosh,
    exp,
    log,
    symbols,
)

import derive as dv
from derive import Total, total
from derive.checks.evaluate import evaluator
from derive.total import IndexedProduct

N, P = dv.size("N"), dv.size("P")
i, j, k = dv.indices("i j k", N)
a, b = dv.indices("a b", P)
s, t = dv.Ising("s", i), dv.Ising("t", a)
A = dv.Given("A", i, j)
J = dv.Given("J", i, j, symmetric=True)
xi = dv.Given("xi", i, a)
x, y = symbols("x y")

SIZES = {N: 3, P: 2}
S = {1: 2, 2: -3, 3: 5}
U = {1: 7, 2: -2}
ENTRIES = {(u, v): 3 * u - v * v + u * v for u in S for v in S}
SYMMETRIC = {(u, v): u * v + u + v for u in S for v in S}
PATTERN = {(u, v): u - 2 * v for u in S for v in U}
ENVIRONMENT = {
    **{(s.label, (u,)): S[u] for u in S},
    **{(t.label, (v,)): U[v] for v in U},
    **{(A, slots): value for slots, value in ENTRIES.items()},
    **{(J, tuple(sorted(slots))): value for slots, value in SYMMETRIC.items()},
    **{(xi, slots): value for slots, value in PATTERN.items()},
    x: 3,
    y: -2,
}


def value(expr):
    return evaluator(expr, SIZES)({key: mpmath.mpf(v) for key, v in ENVIRONMENT.items()})


def naive(body, *over):
    """The sum by substituting every combination of numbers, with nothing of `Total` in it."""
    ranges = [range(1, int(index.size.subs(SIZES)) + 1) for index in over]
    terms = [
        body.xreplace(dict(zip(over, map(Integer, at), strict=True))) for at in product(*ranges)
    ]
    return value(Add(*terms))


LEAVES = [
    s[i], s[j], s[k], t[a], A[i, j], A[j, i], A[k, k], A[i, k], J[i, j], J[j, k], J[k, i], xi[i, a],
    xi[k, a], KroneckerDelta(i, j), KroneckerDelta(j, k), KroneckerDelta(i, 2),
    KroneckerDelta(a, 1), x, y, Integer(2), Rational(-1, 2), N, s[1], A[i, 2], i, j * a,
]  # fmt: skip
OUTER = [leaf for leaf in LEAVES if not leaf.has(j, k)]


def polynomials(leaves, most):
    """Sums, products and powers of the leaves."""
    return st.recursive(
        st.sampled_from(leaves),
        lambda inner: st.one_of(
            st.builds(lambda p, q: p + q, inner, inner),
            st.builds(lambda p, q: p * q, inner, inner),
            st.builds(lambda p, n: p**n, inner, st.integers(2, 3)),
        ),
        max_leaves=most,
    )


@settings(max_examples=150)
@given(polynomials(LEAVES, 7))
def test_a_total_is_the_naive_sum(body):
    assert value(total(body, i, j, k, a)) == naive(body, i, j, k, a)


@settings(max_examples=60)
@given(polynomials(OUTER, 3), polynomials(LEAVES, 4), st.integers(1, 2))
def test_nested_totals_and_their_powers_are_naive_sums(outer, inner, power):
    nested = total(outer * total(inner, j, k) ** power, i, a)
    written = 0
    for u, v in product(S, U):
        at = {i: Integer(u), a: Integer(v)}
        row = naive(inner.xreplace(at), j, k)
        written += value(outer.xreplace(at)) * row**power
    assert value(nested) == written


@pytest.mark.parametrize(
    ("relation", "holds"),
    [
        (i < j, lambda u, v: u < v),
        (j < i, lambda u, v: v < u),
        (i > j, lambda u, v: u > v),
        (i <= j, lambda u, v: u <= v),
        (j >= i, lambda u, v: u <= v),
        (Ne(i, j), lambda u, v: u != v),
    ],
)
@pytest.mark.parametrize(
    "body", [s[i] * s[j], J[i, j] * s[i] * s[j], (s[i] - s[j]) ** 2, Integer(1)]
)
def test_restricted_sums_are_full_sums_with_their_diagonal(relation, holds, body):
    pairs = [(u, v) for u in S for v in S if holds(u, v)]
    direct = Add(*(body.xreplace({i: Integer(u), j: Integer(v)}) for u, v in pairs))
    assert value(total(body, relation)) == value(direct)


def test_three_distinct_indices():
    found = total(s[i] * s[j] * s[k], Ne(i, j), Ne(j, k), Ne(i, k))
    triples = [(u, v, w) for u, v, w in product(S, repeat=3) if len({u, v, w}) == 3]
    assert value(found) == sum(S[u] * S[v] * S[w] for u, v, w in triples)


def test_an_unsymmetric_summand_is_summed_over_distinct_pairs_but_not_ordered_ones():
    assert value(total(A[i, j], Ne(i, j))) == sum(v for (p, q), v in ENTRIES.items() if p != q)
    with pytest.raises(dv.DeclarationError, match="symmetric=True"):
        total(A[i, j] * s[i] * s[j], i < j)


def test_sums_are_polynomials_in_connected_totals():
    M = total(s[i], i)
    assert total(s[i] * s[j], i, j) == M**2
    assert total(s[i] * t[a], i, a) == M * total(t[a], a)
    assert total(x * s[i] + 3, i) == x * M + 3 * N
    assert total(1, i, a) == N * P
    assert total(s[j], i, j) == N * M
    assert total((s[i] + s[j]) ** 2, i, j) == 2 * N * total(s[i] ** 2, i) + 2 * M**2
    assert total(0, i) == 0


def test_deltas_are_contracted_by_identity():
    assert total(KroneckerDelta(i, j) * s[i] * s[j], i, j) == total(s[i] ** 2, i)
    assert total(KroneckerDelta(i, j) * s[j], j) == s[i]
    assert total(KroneckerDelta(i, 2) * s[i], i) == s[2]
    assert total(KroneckerDelta(i, j) * KroneckerDelta(j, k), i, j, k) == N


def test_a_delta_between_neighbours_keeps_the_ends_of_the_range():
    neighbours = total(KroneckerDelta(i, j + 1), i, j)
    for n in (2, 5):
        assert evaluator(neighbours, {N: n})({}) == n - 1


def test_a_delta_between_two_ranges_is_refused():
    with pytest.raises(dv.IndexRangeError, match="different ranges"):
        total(KroneckerDelta(i, a) * s[i] * t[a], i, a)


def test_functions_of_a_summand_stay_inside():
    found = total(cosh(x * s[i]) * exp(s[i] + y), i)
    assert value(found) == pytest.approx(
        sum(mpmath.cosh(3 * S[u]) * mpmath.exp(S[u] - 2) for u in S), rel=1e-14
    )
    assert value(total(log(1 + s[i] ** 2), i)) == mpmath.fsum(
        mpmath.log(1 + v * v) for v in S.values()
    )


# -- capture ----


def test_substitution_renames_a_bound_index_that_would_capture():
    row = total(A[i, j] * s[j], j)
    assert row.xreplace({i: j}) == total(A[j, k] * s[k], k)
    assert row.subs(i, j) == total(A[j, k] * s[k], k)
    assert (x * total(s[i], i)).subs(x, s[i]) == s[i] * total(s[j], j)
    assert (
        total(x * s[i] ** 2 + y**x, i).subs(x, s[i]) == s[i] * total(s[j] ** 2, j) + N * y ** s[i]
    )


def test_a_bound_index_is_not_renamed_to_the_index_that_is_replaced():
    outer = dv.Index("i'", i.range)
    inside = Total(A[i, i] * s[i], i)
    for renamed in (inside.xreplace({outer: i}), inside.subs(outer, i)):
        assert renamed == inside
    assert Total(KroneckerDelta(i, outer) * inside * s[outer], outer) == s[i] * inside


def test_substitution_leaves_bound_indices_alone():
    M = total(s[i], i)
    for meant in (i, s[i]):
        assert M.xreplace({meant: s[j] if meant == s[i] else j}) == M
        assert M.subs(meant, 5) == M
    assert total(A[i, j], j).xreplace({i: Integer(2), j: Integer(1)}) == total(A[2, j], j)


def test_a_substituted_sum_joins_without_capture():
    nested = total(s[i] * x, i)
    assert nested.subs(x, total(s[i], i)) == total(s[i], i) ** 2
    inner = total(A[i, j] * x, j).subs(x, s[j])
    assert inner == total(A[i, k], k) * s[j]
    assert total(A[i, j] * exp(x), i, j).subs(x, s[i]) == total(A[i, j], i, j) * exp(s[i])


def test_derivatives_do_not_capture():
    M = total(s[i], i)
    assert M.diff(s[i]) == 1
    assert (M**2).diff(s[i]) == 2 * M
    assert total(A[i, j] * s[i] * s[j], i, j).diff(s[i]) == total((A[i, j] + A[j, i]) * s[j], j)
    assert total(A[i, j] * s[j], j).diff(s[j]) == A[i, j]
    assert total(A[i, j] * s[j], j).diff(s[i]) == A[i, i]
    assert total(log(2 * cosh(x * s[i])), i).diff(s[j]) == (log(2 * cosh(x * s[j]))).diff(s[j])
    assert M.diff(x) == 0
    assert total(x**2 * s[i], i).diff(x) == 2 * x * M


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from([s[i], s[j], s[k], A[i, j], A[j, k], J[i, k], x]), min_size=1, max_size=6
    )
)
def test_derivatives_by_an_element_agree_with_those_of_the_written_out_sum(factors):
    body = Mul(*factors)
    names = {u: Symbol(f"s{u}") for u in S}
    written = Add(
        *(
            body.xreplace({i: Integer(p), j: Integer(q), k: Integer(r)})
            for p, q, r in product(S, repeat=3)
        )
    ).xreplace({s[u]: name for u, name in names.items()})
    by_element = total(body, i, j, k).diff(s[i]).xreplace({i: Integer(2)})
    expected = written.diff(names[2]).xreplace({name: s[u] for u, name in names.items()})
    assert value(by_element) == value(expected)


# -- products ----


def test_products_are_binders_too():
    assert dv.product(1 + s[i] ** 2, i) == dv.product(1 + s[j] ** 2, j)
    assert value(dv.product(x + s[i], i)) == (3 + 2) * (3 - 3) * (3 + 5)
    assert dv.product(x, i, a) == x ** (N * P)
    assert value(dv.product(x + s[i], i, a)) == 0
    assert dv.product(x + A[i, j], j).xreplace({i: j}) == dv.product(x + A[j, k], k)
    assert isinstance(dv.product(x + s[i], i), IndexedProduct)


def test_a_sum_takes_indices_and_relations_only():
    with pytest.raises(dv.DeclarationError, match=r"dv\.Index"):
        Total(s[i], N)
    with pytest.raises(dv.DeclarationError, match="neither an index nor a relation"):
        total(s[i], N)
    with pytest.raises(dv.DeclarationError, match="neither an index nor a relation"):
        total(s[i] * s[j], Eq(i, j))
    with pytest.raises(dv.DeclarationError, match="twice"):
        total(s[i], i, i)


def test_sums_work_inside_sympy():
    M = total(s[i], i)
    assert (M**2 + x * M).coeff(M) == x
    assert (x * M).match(Wild("w") * M) == {Wild("w"): x}
    assert M.free_symbols == set()
    assert total(x * exp(y * s[i]), i).free_symbols == {x, y}
    assert ((M + x) ** 2).expand() == M**2 + 2 * x * M + x**2
