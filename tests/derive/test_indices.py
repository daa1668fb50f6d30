"""Ranges, indices, labels and elements: what they accept, how they differentiate, what prints."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import Integer, KroneckerDelta, Symbol, latex, symbols

import derive as dv
from derive.indices import Label, free_indices

N = dv.size("N")
i, j, k, l = dv.indices("i j k l", N)
s = dv.Ising("s", i)
A = dv.Given("A", i, j)
J = dv.Given("J", i, j, symmetric=True)


def test_an_index_knows_its_name_range_and_size():
    other = dv.IndexRange(2 * N, "second")
    assert (i.name, i.size, i.range) == ("i", N, dv.IndexRange(N))
    assert dv.Index("i", other) != i
    assert dv.Index("i", other).size == 2 * N
    assert dv.IndexRange(N, "second") != dv.IndexRange(N)
    assert dv.indices("i, j", N) == (i, j)
    assert i.is_integer


def test_replica_numbers_are_real_and_can_be_continued():
    n = dv.replicas("n")
    assert n.is_real
    assert n.is_integer is None
    assert dv.Index("a", n).size == n


def test_derivatives_are_kronecker_deltas():
    assert s[i].diff(s[j]) == KroneckerDelta(i, j)
    assert A[i, j].diff(A[k, l]) == KroneckerDelta(i, k) * KroneckerDelta(j, l)
    assert s[i].diff(A[i, j]) == 0
    assert (s[i] ** 3).diff(s[j]) == 3 * s[i] ** 2 * KroneckerDelta(i, j)
    assert s[1].diff(s[2]) == 0
    assert s[i].diff(Symbol("s")) == 0


@given(st.tuples(*[st.integers(1, 3)] * 4))
def test_a_symmetric_element_and_its_mirror_are_one_variable(slots):
    a, b, c, d = slots
    derivative = (
        J[i, j].diff(J[k, l]).xreplace(dict(zip((i, j, k, l), map(Integer, slots), strict=True)))
    )
    assert derivative == int({a, b} == {c, d})


def test_substituting_a_symbol_of_the_same_name_leaves_elements_alone():
    x = Symbol("s")
    assert (s[i] + x).subs(x, 2) == s[i] + 2
    assert dv.Element(Label("m")).subs(Symbol("m"), 1) == dv.Element(Label("m"))


def test_symmetric_slots_are_unordered():
    K = dv.Given("K", i, j, k, symmetric=True)
    assert K[k, i, j] == K[i, j, k] == K[j, k, i]
    assert A[j, i] != A[i, j]


def test_slots_may_be_affine_and_numbers():
    assert free_indices(s[i + 1]) == {i}
    assert s[3].slots == (3,)
    assert free_indices(s[3]) == frozenset()


def test_free_indices_are_those_that_no_sum_binds():
    expr = dv.total(A[i, j] * s[j], j) * s[k]
    assert free_indices(expr) == {i, k}
    assert free_indices(KroneckerDelta(i, j)) == {i, j}
    assert free_indices(symbols("x")) == frozenset()


def test_elements_print_with_their_slots():
    assert str(A[i, j]) == "A[i, j]"
    assert latex(s[i]) == "s_{i}"
    assert latex(dv.Given("theta", i)[i]) == r"\theta_{i}"


def test_a_subscripted_name_is_no_sequence():
    with pytest.raises(TypeError):
        list(s)
    with pytest.raises(TypeError):
        iter(A)


@pytest.mark.parametrize("slot", [0, -1])
def test_slots_start_at_one(slot):
    with pytest.raises(dv.IndexRangeError, match="starts at 1"):
        s[slot]


def test_a_symmetric_array_over_two_ranges_is_refused():
    with pytest.raises(dv.DeclarationError, match="different ranges"):
        dv.Given("B", i, dv.Index("a", 3), symmetric=True)
