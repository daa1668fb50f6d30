"""The distribution function of two normals, compiled, against its integral in mpmath."""

import pytest
from sympy import Integer, Rational, symbols

import numerics as nm
from derive.equations import BivariateNormal

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
