"""Extrapolation in 1/N and combined p-values: exact laws, calibration, and what is refused."""

import numpy as np
import pytest
from scipy import stats

import numerics as nm

SIZES = np.array([32, 64, 128, 256])


def law(sizes, powers):
    return 0.7 + sum((k + 1.5) * sizes ** -float(p) for k, p in enumerate(powers))


@pytest.mark.parametrize("powers", [(1,), (2 / 3,), (1, 2), (0.5, 1, 1.5)])
def test_a_law_without_noise_is_found_exactly(powers):
    found = nm.extrapolate(SIZES, law(SIZES, powers), [0.1, 0.2, 0.05, 0.3], powers=powers)
    assert found.value == pytest.approx(0.7, rel=1e-11, abs=0)
    expected = [k + 1.5 for k in range(len(powers))]
    assert found.coefficients == pytest.approx(expected, rel=1e-10, abs=0)
    assert found.chi2 < 1e-20
    assert found.dof == 3 - len(powers)
    assert found.p_value == pytest.approx(1, rel=1e-9, abs=0)


def test_errors_and_p_values_are_calibrated():
    """Synthetic Gaussian data: z-scores are normal, both p-values uniform."""
    rng = np.random.default_rng(5)
    errors = np.array([0.01, 0.02, 0.015, 0.03])
    scores, goodness = [], []
    for _ in range(2000):
        means = law(SIZES, (1,)) + errors * rng.normal(size=4)
        found = nm.extrapolate(SIZES, means, errors)
        scores.append([(found.value - 0.7) / found.error])
        scores[-1].append((found.coefficients[0] - 1.5) / found.coefficient_errors[0])
        goodness.append(found.p_value)
    value, slope = np.array(scores).T
    assert stats.kstest(value, "norm").pvalue > 1e-3
    assert stats.kstest(slope, "norm").pvalue > 1e-3
    assert stats.kstest(goodness, "uniform").pvalue > 1e-3
    combined = [nm.combined_p_value(part) for part in value.reshape(-1, 8)]
    assert stats.kstest(combined, "uniform").pvalue > 1e-3


def test_errors_from_few_samples_are_calibrated_too():
    """With the degrees of freedom given; without them a third of such p-values are below 0.1."""
    samples = np.random.default_rng(6).normal(size=(1000, 6, 4))
    means, errors = samples.mean(axis=2), samples.std(axis=2, ddof=1) / 2
    right = [nm.combined_p_value(m, e, dof=3) for m, e in zip(means, errors, strict=True)]
    wrong = [nm.combined_p_value(m, e) for m, e in zip(means, errors, strict=True)]
    assert stats.kstest(right, "uniform").pvalue > 1e-3
    assert stats.kstest(wrong, "uniform").pvalue < 1e-6


def test_a_law_that_does_not_hold_is_noticed():
    errors = np.full(4, 1e-5)
    bent = law(SIZES, (1,)) + 2 / SIZES**2
    assert nm.extrapolate(SIZES, bent, errors).p_value < 1e-6
    assert nm.extrapolate(SIZES, bent, errors, powers=(1, 2)).p_value > 0.999


def test_one_deviation_has_the_two_sided_normal_probability():
    for z in (-2.0, 0.5, 30.0):
        expected = 2 * stats.norm.sf(abs(z))
        assert nm.combined_p_value(z) == pytest.approx(expected, rel=1e-10, abs=0)
        assert nm.combined_p_value([3 * z], [3]) == pytest.approx(expected, rel=1e-10, abs=0)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (([8, 16], [1, 1], [1, 1]), nm.ShapeError, "2 different sizes cannot tell 2 param"),
        (([8, 16, 16], [1, 1, 1], [1, 1, 1]), nm.ShapeError, "measure 3 sizes"),
        (([8, 16, 32], [1, 1, 1], [1, 1, 1], (1, 2, 3)), nm.ShapeError, "measure 4 sizes"),
        (([8, 16, 32], [1, 1], [1, 1, 1]), nm.ShapeError, "one mean and one error"),
        (
            ([8, 16, 32], [1, 1, 1], [1, 0, 1]),
            nm.DomainError,
            "errors must be positive: there is 0",
        ),
        (([8, -16, 32], [1, 1, 1], [1, 1, 1]), nm.DomainError, "sizes must be positive"),
        (([8, 16, 32], [1, np.nan, 1], [1, 1, 1]), nm.NotANumberError, "means has values"),
        (([8, 16, 32], [1, 1, 1], [1, np.inf, 1]), nm.NotANumberError, "errors has values"),
        (([8, 16, 32], [1, 1, 1j], [1, 1, 1]), nm.NotANumberError, "must be real numbers"),
        (([8, 16, 32], [1, 1, 1], [1, 1, 1], (0,)), nm.DomainError, "powers must be positive"),
        (([8, 16, 32], [1, 1, 1], [1, 1, 1], (1, 1)), nm.DomainError, "different exponents"),
    ],
)
def test_what_is_refused(arguments, error, text):
    with pytest.raises(error, match=text):
        nm.extrapolate(*arguments)


def test_what_p_values_refuse():
    for arguments, error in (
        (([],), nm.ShapeError),
        (([1, 2], [1, 2, 3]), nm.ShapeError),
        (([1, np.nan],), nm.NotANumberError),
        (([1, 2], [1, -1]), nm.DomainError),
        (([1, 2], [1, 1], 0), nm.DomainError),
    ):
        with pytest.raises(error):
            nm.combined_p_value(*arguments)
