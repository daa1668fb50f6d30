"""Jacobian and Hessian times vectors against the dense matrices."""

import numpy as np
import pytest
from sympy import KroneckerDelta, symbols

from derive.equations import Equations, Index, Label, Total, free_indices
from numerics.errors import UnknownParameterError
from numerics.problem.errors import ProblemError
from numerics.problem.given import bind
from numerics.problem.operator import Operator, along, directions_of
from numerics.problem.system import System
from tests.numerics.models import CONJUGATE, CURIE_WEISS, NETWORK, POTTS

n = 6
GENERATOR = np.random.default_rng(20)
SQUARE = GENERATOR.normal(size=(n, n))
PROBLEMS = {
    "scalar": (CURIE_WEISS, {"beta": [0.5, 1.5], "J": 1.2, "h": 0.1}),
    "two fields": (CONJUGATE, {"beta": [0.5, 1.5], "J": 1.2, "h": 0.1}),
    "three colours": (POTTS, {"K": [1.0, 2.5]}),
    "network": (NETWORK, {"beta": [0.5, 1.5], "h": 0.1, "w": SQUARE + SQUARE.T}),
}
PARAMETER = {"three colours": "K"}


def states(problem, given, rows=5):
    system = System(problem, bind(problem, given))
    x, v = GENERATOR.uniform(-0.9, 0.9, size=(2, rows, system.n))
    return system, x, v, GENERATOR.integers(2, size=rows)


@pytest.mark.parametrize("name", PROBLEMS)
def test_products_are_those_of_the_dense_matrices(name):
    system, x, v, rows = states(*PROBLEMS[name])
    operator = Operator(system, x, rows)
    jacobian, hessian = system.linear(x, rows)[1], system.hessian(x, rows)
    # n + 4 roundings of terms of order one
    np.testing.assert_allclose(operator.jacobian(v), (jacobian @ v[..., None])[..., 0], atol=1e-14)
    np.testing.assert_allclose(operator.hessian(v), (hessian @ v[..., None])[..., 0], atol=1e-14)


@pytest.mark.parametrize("name", PROBLEMS)
def test_products_by_a_parameter_are_differences_of_products(name):
    problem, given = PROBLEMS[name]
    parameter = PARAMETER.get(name, "beta")
    system, x, v, rows = states(problem, given)
    step = 1e-5
    for product in ("jacobian", "hessian"):
        slope = getattr(Operator(system, x, rows), product)(v, parameter)
        ends = [
            getattr(Operator(System(problem, bind(problem, moved)), x, rows), product)(v)
            for sign in (-1, 1)
            for moved in [{**given, parameter: np.array(given[parameter]) + sign * step}]
        ]
        # the second difference leaves O(step^2), rounding eps / step
        np.testing.assert_allclose(slope, (ends[1] - ends[0]) / (2 * step), atol=1e-9)


def test_sites_of_two_kinds_couple_through_one_rectangular_array():
    N, M, beta = *symbols("N M", integer=True, positive=True), symbols("beta", positive=True)
    i, j = Index("i", N), Index("j", M)
    a, b, W = (
        Label(name, ranges)
        for name, ranges in (("a", (i.range,)), ("b", (j.range,)), ("W", (i.range, j.range)))
    )
    potential = (
        beta * Total(W[i, j] * a[i] * b[j], i, j) - Total(a[i] ** 4, i) - Total(b[j] ** 2, j)
    )
    problem = Equations((a[i], b[j]), (beta, W[i, j]), (), potential=potential)
    weights = GENERATOR.normal(size=(3, 4))
    system = System(problem, bind(problem, {"beta": 0.7, "W": weights}))
    x, v = GENERATOR.normal(size=(2, 1, 7))
    found = Operator(system, x, np.zeros(1, dtype=int)).hessian(v)[0]
    upper = 0.7 * weights @ v[0, 3:] - 12 * x[0, :3] ** 2 * v[0, :3]
    lower = 0.7 * weights.T @ v[0, :3] - 2 * v[0, 3:]
    np.testing.assert_allclose(found, np.concatenate([upper, lower]), rtol=1e-13, atol=1e-13)


def test_no_product_over_the_sites_is_left_as_a_matrix():
    (direction,) = directions_of(NETWORK)
    derived = along(NETWORK, NETWORK.update[1], direction)
    assert free_indices(derived) == free_indices(NETWORK.unknowns[1])
    assert not derived.has(KroneckerDelta)


def test_third_derivatives_are_directional_derivatives_of_products():
    first, second = directions_of(CURIE_WEISS, 2)
    m = CURIE_WEISS.unknowns[0]
    assert (
        along(CURIE_WEISS, along(CURIE_WEISS, m**3, first), second) == 6 * m * first[0] * second[0]
    )


def test_names_of_vectors_avoid_those_of_the_problem():
    x, taken = symbols("x x_along0", real=True)
    problem = Equations((x,), (taken,), (), residuals=(taken * x,))
    assert directions_of(problem)[0][0].name != taken.name


def test_what_a_product_needs_and_lacks():
    x, a = symbols("x a", real=True)
    line = Equations((x,), (a,), (), residuals=(a * x,))
    system = System(line, bind(line, {"a": 2.0}))
    operator = Operator(system, np.ones((1, 1)), np.zeros(1, dtype=int))
    with pytest.raises(ProblemError, match=r"no .* potential"):
        operator.hessian(np.ones((1, 1)))
    with pytest.raises(UnknownParameterError, match="no scalar parameter b"):
        operator.jacobian(np.ones((1, 1)), "b")
