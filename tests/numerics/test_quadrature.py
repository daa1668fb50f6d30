"""Plans of averages: honest and converged are two tests, over one table and its exceptions."""

import pickle
from functools import lru_cache

import numpy as np
import pytest
from sympy import Heaviside, Symbol, exp, symbols, tanh

from numerics.quadrature import plan
from numerics.quadrature.evaluate import evaluate
from numerics.special import InverseMills
from numerics.stable import stabilise
from tests.numerics.averages_to_plan import AVERAGES, OUT_OF_REACH, a, b, kappa, q, value, z

EVERY = pytest.mark.parametrize("average", [*AVERAGES, *OUT_OF_REACH], ids=lambda x: x.name)
WITHIN = pytest.mark.parametrize("average", AVERAGES, ids=lambda x: x.name)


@lru_cache
def planned(average):
    (stable,) = stabilise(average.integrand)
    return plan(stable, z, average.box, average.tolerance)


@lru_cache
def true(average, point):
    return value(average, point)


def at(expression, average, point):
    values = {p: np.array([float(v)]) for p, v in zip(average.box, point, strict=True)}
    return float(np.ravel(evaluate(expression, values))[0])


def error(average, point):
    exact, size = true(average, point)
    difference = abs(at(planned(average).expression, average, point) - exact)
    return float(difference / size) if size else float(difference)


@EVERY
def test_the_estimate_is_honest(average):
    found = planned(average)
    assert [p for p in average.points if error(average, p) > found.estimate + found.rounding] == []


@WITHIN
def test_the_tolerance_is_reached(average):
    found = planned(average)
    assert found.converged
    bound = average.tolerance + found.rounding
    assert [p for p in average.points if error(average, p) > bound] == []


@pytest.mark.parametrize("average", OUT_OF_REACH, ids=lambda x: x.name)
def test_what_is_out_of_reach_says_so(average):
    found = planned(average)
    assert not found.converged
    assert found.estimate > 1e-6


@WITHIN
def test_the_coarser_rule_bounds_the_error_at_a_point(average):
    found = planned(average)
    for point in average.points:
        exact, size = true(average, point)
        fine = at(found.expression, average, point)
        seen = abs(fine - at(found.halved.expression, average, point))
        assert abs(fine - exact) <= seen + average.tolerance * size


FEW = {"tanh2": 32, "tanh2 steep": 64, "tanh": 110, "Gardner": 80, "moment": 64, "root": 50}


@pytest.mark.parametrize("name", FEW)
def test_few_nodes_do(name):
    (average,) = (x for x in AVERAGES if x.name == name)
    assert planned(average).nodes <= FEW[name]


def test_an_even_integrand_is_evaluated_on_one_side():
    odd = plan(tanh(z) ** 2 + tanh(z) * 1e-3, z, {}, 1e-13)
    assert plan(tanh(z) ** 2, z, {}, 1e-13).nodes <= 0.6 * odd.nodes


def test_nodes_reach_where_the_mass_is():
    """At kappa = -30 the weight of (G/H)**2 lies fifty standard deviations from the origin."""
    u = (kappa - q * z) / (1 - q**2) ** 0.5
    found = plan(InverseMills(u) ** 2, z, {q: (0.9, 0.9), kappa: (-30, -30)})
    assert found.converged
    assert found.reach[0] < -28


def test_a_divergent_average_is_never_called_converged():
    found = plan(exp(a * z**2), z, {a: (0, 2)})
    assert not found.converged
    assert found.estimate == np.inf


def test_zero_stays_zero():
    found = plan(tanh(a * z) ** 2, z, {a: (0, 0)})
    assert found.converged
    assert evaluate(found.expression, {a: np.zeros(2)}) == pytest.approx([0, 0], abs=0)


def test_a_kink_at_an_end_of_the_slope():
    """At a = 0 the step Heaviside(a*z - b) has no root, and the average is 0 or 1."""
    found = plan(Heaviside(a * z - b), z, {a: (0, 1), b: (-1, 1)})
    got = evaluate(found.expression, {a: np.zeros(2), b: np.array([-1.0, 1.0])})
    assert got == pytest.approx([1, 0], rel=1e-14, abs=0)


def test_parameters_keep_their_names_and_plans_pickle():
    x = Symbol("x", positive=True)
    found = plan(tanh(x * z), z, {x: (1, 2)}, name="n7")
    assert found.expression.free_symbols >= {x}
    assert "n7_place" in {e.name for e in found.expression.atoms(type(symbols("t")))} | {
        label.name for label in _labels(found.expression)
    }
    assert pickle.loads(pickle.dumps(found)).expression == found.expression


def _labels(expression):
    from derive.equations import Element

    return {e.label for e in expression.atoms(Element)}
