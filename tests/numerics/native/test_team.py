"""Threads that share a batch."""

import time
from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("numba")

from sympy import Symbol, log, symbols

import numerics as nm
from numerics.native.team import Team


def test_parts_cover_the_points_and_begin_at_whole_vectors():
    for points in (0, 1, 4095, 8191, 8192, 100_001):
        ends = Team(3).ends(points, least=4096, grain=64)
        assert (ends[0], ends[-1]) == (0, points)
        assert all(low <= high for low, high in pairwise(ends))
        assert all(end % 64 == 0 for end in ends[:-1])
        assert len(ends) - 1 == max(1, min(3, points // 4096))


def test_a_slower_thread_gets_fewer_points():
    team = Team(2)
    speeds = (3e6, 1e6)  # points in a second, of the thread that calls and of the other one

    def entry(part, points):
        time.sleep(points / speeds[part])

    for _ in range(12):
        _, cut, points = team.ends(60_000, least=1, grain=1)
        team.run(entry, [(0, cut), (1, points - cut)])
    assert 0.68 < team.shares[2][0] < 0.78
    assert sum(team.shares[2]) == pytest.approx(1, abs=1e-12)


def test_no_thread_is_left_without_points():
    team = Team(2)
    for _ in range(30):
        team.run(lambda seconds: time.sleep(seconds), [(0.002,), (0.0,)])
    assert 0.2 < team.shares[2][0] < 0.3


@pytest.mark.parametrize("threads", [2, 3])
def test_results_do_not_depend_on_the_threads(threads):
    x, y = symbols("x y", positive=True)
    values = np.random.default_rng(1).uniform(0.5, 2, (2, 30_011))
    alone = nm.compile(log(x + y) ** 2, backend="numba")(*values)
    kernel = nm.compile(log(x + y) ** 2, backend="numba", threads=threads)
    for _ in range(4):  # shares change from call to call
        np.testing.assert_array_equal(kernel(*values), alone)


def test_what_is_not_finite_is_found_in_every_part():
    x = Symbol("x", real=True)
    kernel = nm.compile(1 / x, backend="numba", threads=2)
    for place in (0, 20_000, 39_999):
        values = np.ones(40_000)
        values[place] = 0
        with pytest.raises(nm.NonFiniteError, match="at x = 0"):
            kernel(values)
