"""Every row of the table of Gaussian averages, against quadrature at 30 digits."""

import mpmath
import pytest
from mpmath import mp
from sympy import Heaviside, Mul, sign

from derive.gaussian.table import TABLE
from tests.derive.gaussian_quadrature import below, line, one_factor, quadrant

SAMPLES = [
    pytest.param(row, sample, id=f"{name} at {', '.join(map(str, sample))}")
    for name, row in TABLE.items()
    for sample in row.samples
]
GIVEN_FACTOR = {Heaviside: lambda p: p, sign: lambda p: 2 * p - 1}


def digits(expr):
    return mp.mpf(str(expr.evalf(38)))


def of_variables(row, at):
    """Return, for each variable, the function that it stands in and what is added to it there."""
    factors = {
        f.free_symbols.intersection(row.variables).pop(): f for f in Mul.make_args(row.integrand)
    }
    kinds = [factors[v].func for v in row.variables]
    return kinds, [digits((factors[v].args[0] - v).subs(at)) for v in row.variables]


def loadings(correlation):
    """Return l with correlation l_i l_j between different variables."""
    first = mpmath.sqrt(correlation[0, 1] * correlation[0, 2] / correlation[1, 2])
    found = [first, *(correlation[0, k] / first for k in range(1, correlation.rows))]
    for i in range(correlation.rows):
        for j in range(i):
            assert abs(found[i] * found[j] - correlation[i, j]) < mp.mpf("1e-30")
    return found


def by_quadrature(row, at):
    kinds, shifts = of_variables(row, at)
    correlation = mp.matrix(row.correlation.subs(at).applyfunc(digits).tolist())
    if len(kinds) == 1:
        return line(lambda x: x > -shifts[0], -shifts[0])
    if len(kinds) == 2:
        return quadrant(*shifts, correlation[0, 1])
    assert not any(shifts)
    return one_factor([GIVEN_FACTOR[kind] for kind in kinds], loadings(correlation))


@pytest.mark.parametrize(("row", "sample"), SAMPLES)
def test_a_row_of_the_table(row, sample):
    at = dict(zip(row.parameters, sample, strict=True))
    with mp.workdps(38):
        closed = digits(row.value.subs(dict(row.abbreviations)).subs(at))
        assert abs(closed - by_quadrature(row, at)) < mp.mpf("1e-30") * (abs(closed) or 1)


def test_every_row_has_a_source_and_samples():
    assert all(row.source and row.samples for row in TABLE.values())


def test_quadrature_knows_its_own_digits():
    with mp.workdps(38):
        assert abs(line(lambda z: z**6) - 15) < mp.mpf("1e-30")
        assert abs(line(abs, 0) - mp.sqrt(2 / mp.pi)) < mp.mpf("1e-30")
        assert abs(below(2) + below(-2) - 1) < mp.mpf("1e-30")
