"""Plans of averages: honest and converged are two tests, over one table and its exceptions."""

import pickle
from functools import lru_cache

import numpy as np
import pytest
from sympy import Heaviside, I, Symbol, exp, log, tanh

from derive.equations import Element
from numerics.quadrature import plan
from numerics.quadrature.evaluate import evaluate
from numerics.quadrature.problem import Problem
from numerics.quadrature.singularities import ZEROS, singularities
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


FEW = {"tanh2": 32, "tanh2 steep": 64, "tanh": 120, "Gardner": 96, "moment": 72, "root": 56}


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
    assert x in found.expression.free_symbols
    assert {e.name for e in found.expression.atoms(Element)} == {"n7_place", "n7_weight"}
    assert pickle.loads(pickle.dumps(found)).expression == found.expression


@pytest.mark.parametrize("function", [f for f in ZEROS if ZEROS[f]], ids=lambda f: f.__name__)
def test_zeros_are_zeros(function):
    for real, imaginary in ZEROS[function]:
        assert abs(complex(function(real + I * imaginary).evalf(20))) < 1e-8


@pytest.mark.parametrize(
    ("integrand", "centre", "distance"),
    [
        (tanh(2 * z - 1), 0.5, np.pi / 4),
        (1 / (1 + exp(3 * z)), 0, np.pi / 3),
        (1 / ((z - 2) ** 2 + 9), 2, 3),
        (log(1 + exp(z - 1)), 1, np.pi),
        (InverseMills(z), -1.9159908, 2.8163596),
        (1 / (2 + exp(z)), np.log(2), np.pi),
    ],
)
def test_singularities_stand_where_they_should(integrand, centre, distance):
    found = [(float(s.centre), float(s.distance)) for s in singularities(integrand, z)]
    assert pytest.approx((centre, distance), rel=1e-6) in found


def test_the_reference_sees_a_boundary_layer_beside_a_step():
    """At c = a = 1000 the tail of tanh hides between nodes that do not crowd at its pole."""
    average = next(x for x in AVERAGES if x.name == "error function")
    (stable,) = stabilise(average.integrand)
    point = average.points[0]
    values = {p: np.array([float(v)]) for p, v in zip(average.box, point, strict=True)}
    reference = Problem.of(stable, z, values, evaluate).reference
    exact, size = true(average, point)
    assert abs(reference.value[0] - exact) <= 2e-15 * size
