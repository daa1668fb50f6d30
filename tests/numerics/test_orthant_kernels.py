"""Orthant probabilities in kernels: two normals below thresholds, and fields that coincide."""

import numpy as np
import pytest
from sympy import Heaviside, Integer, Matrix, Max, Rational, kronecker_product, symbols

import numerics as nm
from derive.equations import BivariateNormal, GaussianAverage, OrthantProbability

h, k, rho = symbols("h k rho", real=True)
POINTS = [
    *((0, 0, 0.3), (0, 0.5, 0.3), (0, -0.5, 0.3), (1, -1, 0.5), (-2, -3, 0.9), (2, 3, -0.9)),
    *((0.1, 1e-9, 0.2), (9, -0.25, 0.75), (-1, -1, -0.5), (1, 1, 1), (1, 2, 1), (1, -0.5, -1)),
    *((1, -2, -1), (0, 0, 1), (0, 0, -1), (40, 1, 0.5), (-40, 1, 0.5)),
]


@pytest.fixture(scope="module")
def kernel():
    return nm.compile(BivariateNormal(h, k, rho), arguments=(h, k, rho))


@pytest.mark.parametrize("point", POINTS)
def test_two_normals_below_thresholds(kernel, point):
    exact = [Rational(str(x)) if isinstance(x, float) else Integer(x) for x in point]
    expected = float(BivariateNormal(*exact).evalf(25))
    assert float(kernel(*point)) == pytest.approx(expected, rel=0, abs=4e-16)


def test_fields_that_coincide_keep_their_average():
    """At r = 1 the four fields are two: the average is the arc-cosine kernel of those."""
    u, v, w, z = fields = symbols("u v w z", real=True)
    r, half = symbols("r", real=True), Rational(1, 2)
    covariance = kronecker_product(Matrix([[1, r], [r, 1]]), Matrix([[1, half], [half, 1]]))
    units = Heaviside(u) * Heaviside(v) * Max(0, w) * Max(0, z)
    closed = GaussianAverage(units, fields, covariance=covariance).doit()
    got = nm.compile(closed, arguments=(r,))(np.array([0.5, 1.0]))
    apart = float(closed.subs(r, half).evalf(20))
    kernel = np.sqrt(0.75) / (2 * np.pi) + (1 / 4 + np.arcsin(0.5) / (2 * np.pi)) / 2
    assert got == pytest.approx([apart, kernel], rel=1e-14, abs=0)


@pytest.mark.parametrize("gap", ["1/10", "1/1000", "1/1000000", "0"])
def test_four_variables_two_of_which_nearly_coincide(gap):
    r, half = 1 - Rational(gap), Rational(1, 2)
    names = symbols("r:6", real=True)
    at = [float(x) for x in (half, r, half * r, half * r, r, half)]
    kernel = nm.compile(OrthantProbability(*names), arguments=names)
    expected = float(OrthantProbability(*map(Rational, at)).evalf(20))
    assert kernel(*at) == pytest.approx(expected, rel=0, abs=1e-15)
