"""Limits handed to the solver: a capacity, a ground state, a zero of the entropy."""

import numpy as np
import pytest

import numerics as nm
from tests.derive import limit_models as models
from tests.derive.limit_models import alpha, beta, q
from tests.replica.table import value


def test_the_margin_at_which_a_load_is_critical():
    solution = nm.solve(models.gardner().limit(q, 1).equations("kappa"), alpha=1.0)
    (margin,) = solution["kappa"].compressed()
    assert margin == pytest.approx(float(value("kappa_at_alpha_c_1")), rel=1e-12, abs=0)


def test_retrieval_below_and_above_the_capacity_of_the_hopfield_network():
    solution = nm.solve(models.hopfield().limit(beta, "oo"), alpha=[0.137, 0.139])
    overlaps = np.ma.abs(solution["m"])
    assert overlaps[..., 0].shape == (2,)
    below, above = (row.compressed().max() for row in overlaps)
    assert below > 0.96
    assert above < 1e-6


@pytest.mark.slow
def test_the_capacity_of_the_ising_perceptron():
    equations = models.ising_perceptron().zero_entropy(alpha)
    start = {"q": 0.56, "qhat": 1.5, "alpha": 0.8}
    solution = nm.solve(equations, kappa=0.0, starts=start)
    expected = float(value("ising_perceptron_zero_entropy_k0")["alpha"])
    (load,) = solution["alpha"].compressed()
    assert load == pytest.approx(expected, rel=1e-13, abs=0)
