"""Bad input is refused by name, and every way to fail is reached and reported as what it is."""

import numpy as np
import pytest
from sympy import exp, log, oo, symbols, tanh

from derive.equations import Equations
from numerics.errors import (
    AmbiguousNameError,
    DomainError,
    MissingParameterError,
    NotANumberError,
    ShapeError,
    UnknownParameterError,
)
from numerics.solvers import DampedFixedPoint, Newton, Status, solve
from tests.numerics.models import CURIE_WEISS, NETWORK

x, a = symbols("x a", real=True)


def one(residual, bounds=(-2, 2), update=()):
    return Equations((x,), (a,), (), update=update, residuals=(residual,), bounds=(bounds,))


GOOD = {"beta": 1.5, "J": 1.0, "h": 0.1}


@pytest.mark.parametrize(
    ("changed", "error", "words"),
    [
        ({"beta": 0.0}, DomainError, "beta is declared positive"),
        ({"beta": [1.0, -2.0]}, DomainError, "beta is declared positive, but was given -2"),
        ({"h": 1j}, NotANumberError, "h is complex"),
        ({"h": np.nan}, NotANumberError, "h is nan"),
        ({"h": [0.0, np.inf]}, NotANumberError, r"h is inf at index \(1,\)"),
        ({"h": "strong"}, NotANumberError, "h is no number"),
        ({"h": []}, ShapeError, "h is empty"),
        ({"bta": 1.0}, UnknownParameterError, "no parameter bta.*did you mean beta"),
        ({"h": np.zeros(3), "J": np.ones(2)}, ShapeError, "do not broadcast: J .*h "),
    ],
)
def test_bad_parameters_are_refused_by_name(changed, error, words):
    with pytest.raises(error, match=words):
        solve(CURIE_WEISS, **(GOOD | changed))


def test_two_symbols_of_one_name_are_refused():
    twins = Equations((x,), (a, symbols("a")), (), residuals=(x - a * symbols("a"),))
    with pytest.raises(AmbiguousNameError, match="a is the name of two different symbols"):
        solve(twins, a=1.0)


def test_a_parameter_without_a_value_is_named():
    with pytest.raises(MissingParameterError, match="J has no value: pass J="):
        solve(CURIE_WEISS, beta=1.0, h=0.0)


@pytest.mark.parametrize(
    ("changed", "error", "words"),
    [
        ({"w": np.ones(4)}, ShapeError, "w has 1 axes, but w"),
        ({"w": np.ones((3, 4))}, ShapeError, "axis of length 4 where N is 3"),
        ({"N": 5}, ShapeError, "N is 5, but the arrays given have size 3"),
    ],
)
def test_bad_arrays_are_refused_by_name(changed, error, words):
    with pytest.raises(error, match=words):
        solve(NETWORK, **({"beta": 1.0, "h": 0.0, "w": np.ones((3, 3))} | changed))


@pytest.mark.parametrize(
    ("starts", "error"),
    [
        ({}, UnknownParameterError),
        ({"y": 1.0}, UnknownParameterError),
        ({"x": np.zeros((2, 2, 2))}, ShapeError),
    ],
)
def test_bad_starts_are_refused(starts, error):
    with pytest.raises(error, match="start"):
        solve(one(x - a), starts=starts, a=1.0)


def test_no_root_ends_in_a_stall_with_the_best_point_kept():
    found = solve(one(x**2 + a), a=[0.25, -0.25])
    assert found.status.tolist() == [Status.STALLED, Status.CONVERGED]
    assert found.count.tolist() == [0, 2]
    assert found["x"].mask[0].all()
    assert found.best_residual[0] == pytest.approx(0.25, rel=1e-6)
    assert abs(found.best("x")[0]) < 1e-3
    assert "local minimum" in found.sentence(0)
    assert found.branch_status[0].tolist() == [Status.NO_BRANCH] * 2


def test_a_pole_is_no_root():
    found = solve(one(1 / (x - a)), a=0.3)
    assert found.count == 0
    assert found.status != Status.CONVERGED


def test_a_root_at_infinity_is_no_root():
    found = solve(one(exp(-x) + 0 * a, bounds=(0, 1)), a=1.0)
    assert found.count == 0
    assert found.status == Status.MAX_STEPS


def test_runaway_iterations_have_diverged():
    growing = one(x - 2 * x - a, update=(2 * x + a,))
    found = solve(growing, method="fixed_point", starts={"x": 1.0}, a=1.0)
    assert found.status == Status.DIVERGED
    assert found.count == 0


def test_newton_may_run_away_too():
    flat = one(1 / (1 + x**2) + 0 * a)
    found = solve(flat, method=Newton(runaway=1e3), starts={"x": 1.0}, a=1.0)
    assert found.status == Status.DIVERGED


def test_values_that_are_not_finite_are_no_answer():
    found = solve(one(log(x) - a, bounds=(-2, -1)), a=1.0)
    assert found.status == Status.NOT_FINITE
    assert found.count == 0
    assert np.isinf(found.best_residual)


def test_an_iteration_recovers_from_a_step_out_of_the_domain():
    found = solve(one(log(x) - a, bounds=(0, 10)), a=[0.0, 1.0], starts={"x": 8.0})
    np.testing.assert_allclose(found["x"][:, 0], [1, np.e], rtol=4e-16)


def test_steps_that_run_out_are_reported():
    critical = solve(
        CURIE_WEISS, method=DampedFixedPoint(max_steps=50), starts={"m": 0.9}, beta=1.0, J=1, h=0
    )
    assert critical.status == Status.MAX_STEPS
    assert critical.count == 0
    assert 0 < critical.best("m") < 0.9
    assert "raise max_steps" in critical.sentence()
    assert solve(one(tanh(x) - a), max_steps=1, starts={"x": 1.0}, a=0.0).status == Status.MAX_STEPS


def test_a_double_root_is_marginal_and_known_to_its_error():
    found = solve(one(x**2 - 2 * a * x + a**2), a=0.3)
    assert found.count == 1
    assert found.status == Status.MARGINAL
    assert abs(found["x"][0] - 0.3) <= found.error[0] < 1e-6


def test_a_double_root_that_loses_nothing_is_known_to_rounding():
    found = solve(one((x - a) ** 2), a=0.3)
    assert found.status == Status.CONVERGED
    assert abs(found["x"][0] - 0.3) <= found.error[0] < 1e-14


def test_close_roots_are_kept_apart():
    found = solve(one((x - a) * (x - a - 1e-5)), a=0.3)
    assert found.count == 2
    np.testing.assert_allclose(found["x"], [0.3, 0.30001], atol=float(found.error.max()))


def test_an_unbounded_unknown_is_searched_far_out():
    line = Equations((x,), (a,), (), residuals=(x**2 - a,))
    np.testing.assert_allclose(solve(line, a=1e4)["x"], [-100, 100], rtol=4e-16)
    half = Equations((x,), (a,), (), residuals=(x**2 - a,), bounds=((0, oo),))
    np.testing.assert_allclose(solve(half, a=4.0)["x"], [2], rtol=4e-16)


def test_a_steep_residual_is_bisected_to_its_root():
    found = solve(CURIE_WEISS, beta=1e4, J=1, h=0.0123)
    assert found.count == 3
    assert found["m"][0] == -1
    assert found["m"][2] == 1
    # the unstable root: beta (m + h) = artanh m
    assert found["m"][1] == pytest.approx(-0.0123, abs=1e-5)


def test_settings_are_checked():
    with pytest.raises(ValueError, match="damping"):
        DampedFixedPoint(damping=0)
