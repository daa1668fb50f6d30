"""Sherrington-Kirkpatrick couplings: naive mean field and TAP, with their finite-size errors."""

import numpy as np
import pytest

import numerics as nm
from tests.numerics.networks import GIBBS, TAP, symmetric

SIZES, SEEDS = (250, 750), range(4)


@pytest.fixture(scope="module")
def glass():
    """Critical points on Sherrington-Kirkpatrick couplings of variance 1/N, by both expansions."""
    found = {}
    for n in SIZES:
        for seed in SEEDS:
            couplings = symmetric(n, seed) * n
            np.fill_diagonal(couplings, 0)
            for name, problem in (("mean field", GIBBS), ("TAP", TAP)):
                # Tracy-Widom: the largest eigenvalue is 2 + N^(-2/3) (-1.21 +- 1.27); of the
                # inverse response (1 - beta J)^2 / N, at most 4 / N, that is a quarter of it
                resolution = (1.21 + 3 * 1.27) / 4 * n ** (-2 / 3)
                given = {"w": couplings, "h": 0, "resolution": resolution}
                found[name, n, seed] = nm.critical(problem, "beta", **given)
    return found


def test_naive_mean_field_of_a_glass_crosses_at_twice_the_temperature(glass):
    for n in SIZES:
        answers = [glass["mean field", n, seed] for seed in SEEDS]
        assert all(a.status is nm.CriticalStatus.CROSSES for a in answers)
        mean = np.mean([a.temperature for a in answers])
        spread = 1.27 * n ** (-2 / 3) / np.sqrt(len(SEEDS))
        assert abs(mean - (2 - 1.21 * n ** (-2 / 3))) < 3 * spread


def test_tap_of_a_glass_touches_at_the_temperature(glass):
    for n in SIZES:
        answers = [glass["TAP", n, seed] for seed in SEEDS]
        assert all(a.status is nm.CriticalStatus.TOUCHES for a in answers)
        assert all(abs(a.value - 1) <= a.error for a in answers)
        # beta = lambda / 2: the location of the minimum moves by half of what the edge moves
        mean = np.mean([a.value for a in answers])
        size = n ** (-2 / 3) * (1.21 + 3 * 1.27 / np.sqrt(len(SEEDS))) / 2
        assert abs(mean - 1) < size
        assert all(abs(n * a.eigenvalue) < (1.21 + 3 * 1.27) * n ** (-2 / 3) for a in answers)


def test_without_a_resolution_the_glass_keeps_its_distance(glass):
    couplings = symmetric(250) * 250
    np.fill_diagonal(couplings, 0)
    found = nm.critical(TAP, "beta", w=couplings, h=0)
    assert found.status is nm.CriticalStatus.NONE
    assert found.nearest == glass["TAP", 250, 0].nearest
