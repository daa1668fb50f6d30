"""Boxes of parameters: which plan an average gets, and that values do not depend on it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Symbol, erfc, exp, pi, sqrt, symbols, tanh

import derive as dv
import numerics as nm
from numerics import errors
from numerics.parameter_box import ROUNDINGS

z, x, a, h = symbols("z x a h", real=True)
q = Symbol("q", positive=True)
AVERAGE = dv.GaussianAverage(tanh(a * z + h) ** 2, z)


def test_values_outside_of_declared_ranges_are_refused():
    kernel = nm.compile(AVERAGE, ranges={"a": (0, 2), h: (-1, 1)})
    assert kernel(a=2.0, h=1.0) > 0
    with pytest.raises(errors.DomainError, match=r"a = 2.5 .* ranges="):
        kernel(a=2.5, h=0.0)
    with pytest.raises(errors.DomainError, match="h = -3"):
        kernel(a=np.array([1.0, 2.0]), h=np.array([0.0, -3.0]))


@pytest.mark.parametrize("wrong", [(2, 1), (0, np.inf), (0, 1, 2), "ab"])
def test_ranges_are_two_finite_numbers(wrong):
    with pytest.raises((errors.NumericsError, ValueError)):
        nm.compile(AVERAGE, ranges={"a": wrong})


def test_ranges_of_unknown_parameters_are_refused():
    with pytest.raises(errors.UnknownParameterError, match="b"):
        nm.compile(AVERAGE, ranges={"b": (0, 1)})


@pytest.mark.parametrize("wrong", [0, 1, -1e-13, 1e-20])
def test_tolerances_that_no_rule_reaches_are_refused(wrong):
    with pytest.raises(errors.NumericsError, match="tolerance"):
        nm.compile(AVERAGE, tolerance=wrong)


def test_declared_ranges_make_one_plan():
    kernel = nm.compile(AVERAGE, ranges={"a": (0, 2), "h": (-1, 1)})
    for value in (0.1, 0.7, 1.9):
        kernel(a=value, h=0.5)
    assert len(kernel.quadrature) == 1
    assert kernel.quadrature[0].box == "a in (0, 2), h in (-1, 1)"


def test_moving_parameters_make_few_plans():
    kernel = nm.compile(AVERAGE)
    for value in np.geomspace(1e-9, 1, 40):
        kernel(a=value, h=-value)
    assert len(kernel.quadrature) == 1


def test_boxes_agree():
    narrow, wide = nm.compile(AVERAGE), nm.compile(AVERAGE, ranges={"a": (0, 100), "h": (-50, 50)})
    points = np.linspace(0, 1, 9), np.linspace(-1, 1, 9)
    assert narrow(*points) == pytest.approx(wide(*points), rel=2e-13, abs=0)


def test_a_looser_tolerance_takes_fewer_nodes():
    loose, tight = (nm.compile(AVERAGE, tolerance=t) for t in (1e-6, 1e-13))
    assert loose(1.0, 0.5) == pytest.approx(tight(1.0, 0.5), rel=1e-5, abs=0)
    assert loose.quadrature[0].nodes < tight.quadrature[0].nodes


def test_results_do_not_depend_on_how_a_batch_is_cut():
    tau = -sqrt(q) * z / sqrt(1 - q)
    ratio = exp(-(tau**2) / 2) / sqrt(2 * pi) / (erfc(tau / sqrt(2)) / 2)
    kernel = nm.compile(dv.GaussianAverage(ratio**2, z))
    points = 1 - np.geomspace(1e-8, 0.99, 30)
    together = kernel(points)
    one_by_one = [kernel(point) for point in points[::6]]
    assert together[::6] == pytest.approx(one_by_one, rel=5e-13, abs=0)


@settings(max_examples=60)
@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_rounding_is_outwards(one, other):
    low, high = sorted((one, other))
    for rounding in ROUNDINGS:
        lower, upper = rounding(low, high)
        assert lower <= low <= high <= upper


def test_a_fixed_point_with_an_average():
    """The variance of a wide tanh network (sigma_w = 1.5, sigma_b = 0.3) repeats itself."""
    V, sw, sb = symbols("V sigma_w sigma_b", positive=True)
    square = dv.GaussianAverage(tanh(sqrt(V) * z) ** 2, z)
    update = sb**2 + sw**2 * square
    equations = dv.Equations(
        (V,), (sw, sb), (("V", update),), (update,), (V - update,), bounds=((0.1, 4),)
    )
    found = nm.solve(equations, sigma_w=1.5, sigma_b=0.3)
    assert float(np.ravel(found["V"])[0]) == pytest.approx(
        0.9608442797404365072447, rel=1e-11, abs=0
    )


def test_overlaps_of_a_perceptron():
    """q = alpha (1 - q) E (phi/H)^2 at zero margin (Gardner 1988)."""
    alpha = Symbol("alpha", positive=True)
    tau = -sqrt(q) * z / sqrt(1 - q)
    ratio = exp(-(tau**2) / 2) / sqrt(2 * pi) / (erfc(tau / sqrt(2)) / 2)
    update = alpha * (1 - q) * dv.GaussianAverage(ratio**2, z)
    equations = dv.Equations(
        (q,), (alpha,), (("q", update),), (update,), (q - update,), bounds=((0, 1),)
    )
    found = nm.solve(equations, alpha=0.5)
    assert float(np.ravel(found["q"])[0]) == pytest.approx(
        0.3073931753797490633745, rel=1e-11, abs=0
    )


def test_a_pair_is_evaluated_on_one_side_of_its_outer_variable():
    c = Symbol("c", real=True)
    odd = tanh(a * z)
    outer = {}
    for even, shift in ((True, 0), (False, 0.3)):
        second = tanh(a * (c * z + sqrt(1 - c**2) * x) + shift)
        kernel = nm.compile(dv.GaussianAverage(odd * second, (z, x)))
        kernel(1.0, np.array([-0.9, 0.9]))
        outer[even] = kernel.quadrature[-1].nodes
    assert outer[True] <= 0.6 * outer[False]
