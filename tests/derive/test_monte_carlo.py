"""Sampled integrals against closed forms: the error bar is honest."""

from __future__ import annotations

import mpmath
import pytest

from derive.checks.monte_carlo import sampled_integral
from derive.errors import UnboundedError


def gaussian_with_quartic(x):
    """exp(-|x|^2/2 - x1^4/4) in three dimensions: two factors are Gaussian."""
    return -mpmath.fsum(v * v for v in x) / 2 - x[0] ** 4 / 4, mpmath.mpf(1)


def exact_value():
    one = mpmath.quad(lambda v: mpmath.exp(-(v**2) / 2 - v**4 / 4), [-mpmath.inf, 0, mpmath.inf])
    return one * 2 * mpmath.pi


def test_estimates_scatter_as_their_error_says():
    exact, deviations = exact_value(), []
    for seed in range(8):
        top, value, error = sampled_integral(gaussian_with_quartic, [mpmath.mpf("0.4")] * 3, seed)
        assert 0 < error < 0.05
        deviations.append(float((mpmath.exp(top) * value / exact - 1) / error))
    chi2 = sum(d * d for d in deviations)
    p_value = float(mpmath.gammainc(len(deviations) / 2, chi2 / 2, regularized=True))
    assert p_value > 1e-3
    assert p_value < 1 - 1e-3  # an error bar far too large is as wrong


def test_an_integrand_without_maximum_is_refused():
    with pytest.raises(UnboundedError, match="no maximum"):
        sampled_integral(lambda x: (x[0] ** 2 - x[1] ** 2, 1), [mpmath.mpf(0), mpmath.mpf(0)])
