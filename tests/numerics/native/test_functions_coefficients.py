"""The coefficients of the elementary functions are those that the script finds."""

import pytest

from numerics.native import coefficients
from tools import minimax

LONG = ("ERF", "ERFCX")


@pytest.mark.parametrize(
    "fit",
    [pytest.param(f, marks=pytest.mark.slow) if f.name in LONG else f for f in minimax.FITS],
    ids=[f.name for f in minimax.FITS],
)
def test_coefficients_are_those_of_the_script(fit):
    found, error = minimax.fitted(fit)
    assert getattr(coefficients, fit.name) == tuple(found)
    assert error < 2.0**-53.5


def test_the_best_polynomial_of_a_known_function():
    """T_3 is x**3 less its best polynomial of degree 2, which is off by 1/4 on [-1, 1]."""
    fit = minimax.Fit("CUBE", "x**3", lambda x: x**3, lambda x: 1, -1, 1, 3)
    found, error = minimax.fitted(fit)
    assert found == pytest.approx([0, 0.75, 0], abs=1e-3)
    assert error == pytest.approx(0.25, rel=1e-2, abs=0)
