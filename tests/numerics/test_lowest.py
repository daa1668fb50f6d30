"""The lowest eigenpair from products alone, against LAPACK."""

import numpy as np
import pytest

from numerics.criticality.lowest import lowest
from tests.numerics.networks import symmetric

EPS = np.finfo(float).eps


def counted(matrix):
    def product(v):
        product.count += len(v)
        return v @ matrix

    product.count = 0
    return product


@pytest.mark.parametrize("n", [1, 2, 50, 200, 201, 600])
@pytest.mark.parametrize("shift", [0.0, 5.0])
def test_value_vector_and_gap(n, shift):
    matrix = shift * np.eye(n) + symmetric(n, seed=n)
    values, vectors = np.linalg.eigh(matrix)
    found = lowest(lambda v: v @ matrix, np.ones((1, n)))
    assert found.resolved
    assert found.value == pytest.approx(values[0], abs=8 * EPS * np.abs(values).max())
    assert found.residual < 64 * EPS * np.abs(values).max()
    # the sine of the angle, against the residual over the gap
    across = found.vector - vectors[:, 0] * (vectors[:, 0] @ found.vector)
    assert np.linalg.norm(across) <= 10 * found.vector_error + 16 * EPS
    if n == 1:
        assert found.gap == np.inf
    else:
        assert found.gap == pytest.approx(values[1] - values[0], rel=0.1)


def test_the_value_is_never_below_the_spectrum():
    matrix = symmetric(500)
    bottom = np.linalg.eigh(matrix)[0][0]
    for products in (30, 60, 90, 120):
        found = lowest(lambda v: v @ matrix, np.ones((1, 500)), products=products)
        assert found.value >= bottom - 8 * EPS
        assert found.value - bottom <= found.residual + 8 * EPS


def test_few_products_where_the_gap_is_wide():
    product = counted(np.diag(np.r_[-1.0, np.linspace(0.9, 1.1, 999)]))
    assert lowest(product, np.ones((1, 1000))).value == pytest.approx(-1, abs=4 * EPS)
    assert product.count < 40


def test_a_negative_eigenvalue_is_enough_if_asked_for_a_sign():
    matrix = np.eye(600) - symmetric(600)  # down to -1
    sign, all_of_it = counted(matrix), counted(matrix)
    assert lowest(sign, np.ones((1, 600)), below=0.0).value < 0
    lowest(all_of_it, np.ones((1, 600)))
    assert sign.count < all_of_it.count / 4


def test_a_multiple_of_the_identity_and_zero():
    for factor in (3.0, 0.0):
        found = lowest(lambda v, f=factor: f * v, np.ones((1, 300)))
        assert found.value == pytest.approx(factor, rel=4 * EPS, abs=0)
        assert found.resolved
        assert found.gap == pytest.approx(0, abs=8 * EPS * factor)
