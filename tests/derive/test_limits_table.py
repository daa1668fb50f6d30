"""Every row of the table of asymptotics, at its sample points to 30 digits."""

import mpmath
import pytest
from mpmath import mp
from sympy import Rational, acoth, exp, symbols

from derive.limits.table import IN_EXPONENTIALS, ROWS

TERMS = 60
SAMPLES = [
    pytest.param(function, row, sample, id=f"{function.__name__} at {sample}")
    for (function, _), row in ROWS.items()
    for sample in row.samples
]


def series(row, x):
    """Sum the asymptotic series up to its smallest term."""
    total, last = mp.mpf(0), mp.inf
    for k in range(TERMS):
        term = mp.mpf(str(row.coefficient(k).evalf(50))) * x ** (row.power - row.step * k)
        if abs(term) > last:
            break
        total, last = total + term, abs(term)
    return mp.mpf(str(row.constant.evalf(50))) + mp.exp(row.rate * x**row.degree) * total


@pytest.mark.parametrize(("function", "row", "sample"), SAMPLES)
def test_row_is_the_function_far_out(function, row, sample):
    with mp.workdps(45):
        exact = getattr(mpmath, function.__name__)(mp.mpf(sample))
        found = series(row, mp.mpf(sample))
        small = exact - row.constant if row.rate == 0 or row.constant == 0 else exact
        assert abs(found - exact) <= mp.mpf("1e-30") * abs(small)


@pytest.mark.parametrize("function", IN_EXPONENTIALS)
def test_exponentials_in_disguise(function):
    x = symbols("x", positive=True)
    above, below = IN_EXPONENTIALS[function](exp(x), exp(-x))
    for value in (Rational(1, 3), Rational(7, 2)):
        difference = (above / below - function(x)).subs(x, value).evalf(40)
        assert abs(difference) < 1e-35
    assert acoth not in IN_EXPONENTIALS
