"""Cover's count against the table, its recursion, and labellings tried one by one."""

from fractions import Fraction
from functools import cache
from itertools import product

import mpmath as mp
import numpy as np
import pytest

import numerics as nm
from tests.replica import table

st = nm.storage


@cache
def regions(p, n):
    """Labellings by the recursion C(p+1, n) = C(p, n) + C(p, n-1): a new point splits some."""
    if p == 1 or n == 1:
        return 2
    return regions(p - 1, n) + regions(p - 1, n - 1)


@pytest.mark.parametrize("key", table.keys("cover_"))
def test_rows_of_the_table(key):
    p, n = (int(table.row(key)["params"][name]) for name in ("p", "n"))
    exact = Fraction(st.dichotomies(p, n), 2**p)
    with mp.workdps(40):
        found = mp.mpf(exact.numerator) / exact.denominator
        assert abs(found / table.value(key) - 1) < mp.mpf(10) ** -table.row(key)["digits"] * 10
    assert float(st.cover(p, n)) == pytest.approx(float(exact), rel=1e-14, abs=0)


def test_the_count_obeys_the_recursion():
    for p, n in product(range(1, 40), repeat=2):
        assert st.dichotomies(p, n) == regions(p, n), (p, n)


@pytest.mark.parametrize("decide", [st.separable, st.max_margin])
@pytest.mark.parametrize(("p", "n"), [(5, 2), (6, 3), (4, 4), (5, 1)])
def test_labellings_tried_one_by_one(p, n, decide):
    """Whatever the points are."""
    X, _ = st.random_patterns(p, n, rng=p)
    found = sum(decide(X, y).separable for y in product((1, -1), repeat=p))
    assert found == st.dichotomies(p, n)


def test_half_of_the_labellings_at_two_patterns_per_input():
    n = np.array([1, 2, 5, 50, 1000, 10**6])
    np.testing.assert_allclose(st.cover(2 * n, n), 0.5, rtol=1e-12)
    assert all(2 * st.dichotomies(2 * k, k) == 2 ** (2 * k) for k in (1, 2, 5, 50))


def test_floats_against_integers_into_the_tails():
    for p, n in [(3, 2), (17, 5), (180, 40), (500, 41), (1000, 400), (1000, 900)]:
        exact = Fraction(st.dichotomies(p, n), 2**p)
        assert float(st.cover(p, n)) == pytest.approx(float(exact), rel=2e-13, abs=0), (p, n)


def test_it_broadcasts():
    p, n = np.arange(1, 9)[:, None], np.arange(1, 6)
    found = st.cover(p, n)
    assert found.shape == (8, 5)
    assert found[6, 2] == st.cover(7, 3)
    assert ((found == 1) == (p <= n)).all()


def test_a_sequence_stores_two_patterns_per_input_on_average():
    """The mean of the load is sum_p P(load >= p) = 2 n at every n, its variance 2 n."""
    for n in (1, 7, 30):
        p = np.arange(1, 60 * n + 60)
        tail = st.cover(p, n)
        mean = tail.sum()
        assert mean == pytest.approx(2 * n, rel=1e-12, abs=0)
        assert ((2 * p - 1) * tail).sum() - mean**2 == pytest.approx(2 * n, rel=1e-9, abs=0)


@pytest.mark.parametrize("bad", [0, -3, 2.5, True, "a", np.nan, np.inf, None, 1j])
def test_sizes_are_positive_integers(bad):
    for call in (lambda: st.dichotomies(bad, 3), lambda: st.dichotomies(3, bad)):
        with pytest.raises(nm.DomainError, match="give a positive integer"):
            call()
    for call in (lambda: st.cover(bad, 3), lambda: st.cover([3, 3], bad)):
        with pytest.raises(nm.NumericsError, match="give positive integers"):
            call()


def test_shapes_that_do_not_broadcast_are_refused():
    with pytest.raises(nm.ShapeError, match=r"p of shape \(2,\) and n of shape \(3,\)"):
        st.cover([1, 2], [1, 2, 3])
