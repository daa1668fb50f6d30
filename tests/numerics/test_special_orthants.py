"""Owen's function and the orthant of four variables in kernels, against mpmath and identities."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import Symbol, symbols

import numerics as nm
from derive.equations import OrthantProbability, OwenT
from numerics.errors import NonFiniteError

h, a = symbols("h a", real=True)
owen = nm.compile(OwenT(h, a), arguments=[h, a])
correlations = symbols("r12 r13 r14 r23 r24 r34", real=True)
four = nm.compile(OrthantProbability(*correlations), arguments=correlations)


def drawn(seed, width, rank=4):
    """The correlations of four forms in `rank` variables, and a little of four more."""
    rng = np.random.default_rng(seed)
    forms = np.hstack([rng.normal(size=(4, rank)), width * np.eye(4)])
    covariance = forms @ forms.T
    scale = np.sqrt(np.diag(covariance))
    matrix = covariance / np.outer(scale, scale)
    return [float(matrix[i, j]) for i, j in combinations(range(4), 2)]


def test_owen_keeps_its_bound():
    certificate = nm.certify(owen, h=(-38, 38), a=(-1e4, 1e4), samples=60)
    assert certificate.holds, certificate


@given(st.floats(5.0, 7.5), st.floats(1e-6, 1e-3))
def test_owen_at_small_slopes_where_scipy_loses_digits(height, slope):
    true = float(OwenT(height, slope).evalf(20))
    assert owen(height, slope) == pytest.approx(true, rel=1e-14, abs=0)


def test_owen_reflects():
    rng = np.random.default_rng(1)
    heights, slopes = rng.uniform(0, 3, 50), rng.uniform(0.1, 5, 50)

    def phi(x):
        return np.array([0.5 * math.erfc(-v / math.sqrt(2)) for v in x])

    both = owen(heights, slopes) + owen(heights * slopes, 1 / slopes)
    one, other = phi(heights), phi(heights * slopes)
    assert both == pytest.approx((one + other) / 2 - one * other, rel=0, abs=2e-16)


def test_four_equal_correlations_of_one_half():
    assert four(*[0.5] * 6) == pytest.approx(0.2, rel=1e-15, abs=0)


@pytest.mark.parametrize("width", [1.0, 1e-3, 1e-6, 1e-8])
def test_four_variables_also_where_they_are_nearly_dependent(width):
    for seed in range(2):
        values = drawn(seed, width, rank=3)
        true = float(OrthantProbability(*values).evalf(17))
        assert abs(four(*values) - true) <= 1e-13


def test_the_signs_of_four_variables_make_up_all_of_the_space():
    values = np.array(drawn(3, 0.5))
    total = 0.0
    for signs in np.ndindex(2, 2, 2, 2):
        s = 1 - 2 * np.array(signs)
        turned = [values[k] * s[i] * s[j] for k, (i, j) in enumerate(combinations(range(4), 2))]
        total += four(*turned)
    assert total == pytest.approx(1.0, rel=1e-14, abs=0)


def test_two_variables_that_become_one():
    r = Symbol("r", real=True)
    three = 0.125 + (math.asin(0.3) + math.asin(0.2) + math.asin(-0.4)) / (4 * math.pi)
    merged = nm.compile(OrthantProbability(r, 0.3, 0.2, 0.3, 0.2, -0.4))
    assert merged(r=1 - 1e-15) == pytest.approx(three, rel=0, abs=1e-8)
    assert merged(r=1.0) == pytest.approx(three, rel=1e-12, abs=0)


@pytest.mark.parametrize("least", [-0.9, -0.4, -1 / 3 - 1e-9])
def test_correlations_that_no_variables_have_are_no_probability(least):
    with pytest.raises(NonFiniteError):
        four(*[least] * 6)


def test_derivatives_are_elementary_and_keep_the_bound():
    r = Symbol("r", real=True)
    slope = nm.compile(OrthantProbability(r, 0, r / 2, r / 3, r, 0)).jacobian([r])
    certificate = nm.certify(slope, r=(-0.4, 0.4), samples=30)
    assert certificate.holds, certificate
