"""Sums are equal up to the names of their indices, and only then."""

import random
from itertools import combinations

import pytest
from sympy import Mul, exp, symbols

import derive as dv
from derive import Total

N, P = dv.size("N"), dv.size("P")
sites = dv.indices(" ".join(f"i{k}" for k in range(8)), N)
colours = dv.indices(" ".join(f"a{k}" for k in range(4)), P)
i, a = sites[0], colours[0]
J = dv.Given("J", i, sites[1], symmetric=True)
A = dv.Given("A", i, sites[1])
K = dv.Given("K", i, sites[1], sites[2], symmetric=True)
xi = dv.Given("xi", i, a)
s, t = dv.Ising("s", i), dv.Ising("t", a)
x = symbols("x")


def cycle(label, nodes):
    return Mul(*(label[u, v] for u, v in zip(nodes, (*nodes[1:], nodes[0]), strict=True)))


# Summands with the number of site and of colour dummies in them.
HARD = {
    "6-cycle": lambda n, m: cycle(J, n[:6]),
    "directed 6-cycle": lambda n, m: cycle(A, n[:6]),
    "prism": lambda n, m: (
        cycle(J, n[:3]) * cycle(J, n[3:6]) * Mul(*(J[n[k], n[k + 3]] for k in range(3)))
    ),
    "K33": lambda n, m: Mul(*(J[u, v] for u in n[:3] for v in n[3:6])),
    "octahedron": lambda n, m: Mul(
        *(J[u, v] for u, v in combinations(n[:6], 2) if n.index(u) + 3 != n.index(v))
    ),
    "hypergraph": lambda n, m: K[n[0], n[1], n[2]] * K[n[2], n[3], n[4]] * K[n[4], n[5], n[0]],
    "two families": lambda n, m: Mul(*(xi[u, v] for u in n[:3] for v in m[:3])) * s[n[0]],
    "patterns": lambda n, m: (
        xi[n[0], m[0]] * xi[n[1], m[0]] * xi[n[1], m[1]] * xi[n[2], m[1]] * xi[n[2], m[2]]
        * xi[n[0], m[2]] * s[n[0]] * s[n[1]] * t[m[0]]
    ),
    "powers": lambda n, m: J[n[0], n[1]] ** 3 * J[n[1], n[2]] * s[n[0]] / (x + s[n[2]]),
    "star": lambda n, m: Mul(*(A[n[0], v] * s[v] for v in n[1:6])),
}  # fmt: skip


def relabelled(make, generator):
    """The sum with its dummies shuffled, and its bound indices in random order."""
    n, m = list(sites), list(colours)
    generator.shuffle(n)
    generator.shuffle(m)
    body = make(n, m)
    bound = [*n, *m]
    generator.shuffle(bound)
    return Total(body, *(k for k in bound if body.has(k)))


@pytest.mark.parametrize("term", HARD)
def test_a_hundred_relabellings_of_each_hard_term_are_one_sum(term):
    generator = random.Random(term)
    reference = relabelled(HARD[term], generator)
    found = {relabelled(HARD[term], generator) for _ in range(100)}
    assert found == {reference}
    assert isinstance(reference, Total)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (cycle(J, sites[:6]), cycle(J, sites[:3]) * cycle(J, sites[3:6])),
        (HARD["prism"](sites, colours), HARD["K33"](sites, colours)),
        (cycle(A, sites[:3]), A[sites[0], sites[1]] * A[sites[1], sites[2]] * A[i, sites[2]]),
        (A[i, sites[1]] * s[i], A[sites[1], i] * s[i]),
        (cycle(J, sites[:4]) * s[i] * s[sites[1]], cycle(J, sites[:4]) * s[i] * s[sites[2]]),
        (xi[i, a] * xi[i, colours[1]] * t[a], xi[i, a] * xi[i, colours[1]] * t[a] * t[colours[1]]),
        (J[i, sites[1]] * s[i] * s[sites[1]], A[i, sites[1]] * s[i] * s[sites[1]]),
    ],
)
def test_inequivalent_sums_stay_different(one, other):
    def summed(body):
        return Total(body, *(k for k in (*sites, *colours) if body.has(k)))

    assert summed(one) != summed(other)
    assert (summed(one) - summed(other)).expand() != 0


def test_equal_sums_collect_and_cancel():
    one, two = (
        Total(J[i, sites[1]] * s[i], i, sites[1]),
        Total(J[i, sites[1]] * s[sites[1]], *sites[:2]),
    )
    assert one - two == 0
    assert one + two == 2 * one
    assert hash(one) == hash(two)


def test_a_range_of_equal_size_and_another_name_is_another_sum():
    k = dv.Index("i0", dv.IndexRange(N, "second"))
    u = dv.Ising("s", k)
    assert Total(u[k], k) != Total(s[i], i)


def test_the_direction_of_an_edge_counts_only_without_declared_symmetry():
    assert J[i, sites[1]] == J[sites[1], i]
    assert A[i, sites[1]] != A[sites[1], i]
    assert K[sites[2], i, sites[1]] == K[i, sites[1], sites[2]]


def test_a_sum_inside_of_a_function_does_not_capture_the_index_of_the_outer_sum():
    j, k = sites[1], sites[2]
    row = Total(exp(s[i] + Total(J[i, k] ** 2, k)), i)
    diagonal = Total(exp(s[i] + Total(J[k, k] ** 2, k)), i)
    assert row != diagonal
    assert row == Total(exp(s[j] + Total(J[j, i] ** 2, i)), j)
    nested = Total(exp(s[i] + Total(exp(J[i, k] + Total(J[i, j] * J[k, j], j)), k)), i)
    renamed = Total(exp(s[k] + Total(exp(J[k, i] + Total(J[k, j] * J[i, j], j)), i)), k)
    assert nested == renamed
