"""Batched Krylov methods against dense linear algebra, also where they are degenerate."""

import numpy as np
import pytest

from numerics.solvers import AndersonFixedPoint
from numerics.solvers.krylov import blocks_of, lowest, solved


def batch(rows=3, n=40, symmetric=False):
    rng = np.random.default_rng(0)
    matrices = np.eye(n) * 3 + rng.normal(size=(rows, n, n)) / np.sqrt(n)
    if symmetric:
        matrices = matrices + np.swapaxes(matrices, 1, 2)
    return matrices, lambda v: np.einsum("rij,rj->ri", matrices, v), rng.normal(size=(rows, n))


def test_linear_systems_of_a_batch():
    matrices, product, right = batch()
    found = solved(product, right, 1e-13, 40)
    exact = np.linalg.solve(matrices, right[..., None])[..., 0]
    np.testing.assert_allclose(found.x, exact, atol=1e-12)
    assert (found.left <= 1e-12).all()


def test_the_least_singular_value_and_its_directions():
    matrices, product, right = batch()
    found = solved(product, right, 0.0, 40)
    u, values, v = np.linalg.svd(matrices)
    np.testing.assert_allclose(found.least, values[:, -1], rtol=1e-10)
    assert np.abs((found.weakest * v[:, -1]).sum(axis=1)) == pytest.approx(np.ones(3))
    assert np.abs((found.partner * u[:, :, -1]).sum(axis=1)) == pytest.approx(np.ones(3))


def test_spaces_that_close_early():
    # eigenvalues 1 and 4 only: two products are enough, and more add nothing
    diagonal = np.repeat([1.0, 4.0], 10)
    right = np.ones((2, 20)) * np.array([[1.0], [0.0]])
    found = solved(lambda v: v * diagonal, right, 0.0, 15)
    np.testing.assert_allclose(found.x[0], 1 / diagonal, rtol=1e-13)
    assert (found.x[1] == 0).all()
    assert found.least[0] == pytest.approx(1.0)
    assert found.left[1] == 0
    below = lowest(lambda v: v * -diagonal, right[:1], 15)
    assert below.value[0] == pytest.approx(-4.0)


def test_the_lowest_eigenvalue_of_a_batch():
    matrices, product, start = batch(symmetric=True)
    found = lowest(product, start, 40, tol=1e-10)
    values, vectors = np.linalg.eigh(matrices)
    np.testing.assert_allclose(found.value, values[:, 0], rtol=1e-12)
    overlap = np.abs((found.vector * vectors[:, :, 0]).sum(axis=1))
    np.testing.assert_allclose(overlap, 1, rtol=1e-10)
    few = lowest(product, start, 10)
    assert (few.value >= values[:, 0]).all()
    nearest = np.abs(values - few.value[:, None]).min(axis=1)
    assert (nearest <= few.left * (1 + 1e-10)).all()


def test_blocks_cover_a_batch():
    parts = blocks_of(1000, 2000, 50)
    assert sum(p.stop - p.start for p in parts) == 1000
    assert len(parts) > 10
    assert blocks_of(3, 10**9, 50) == [slice(0, 1), slice(1, 2), slice(2, 3)]


@pytest.mark.parametrize("settings", [{"depth": 0}, {"damping": 0.0}, {"damping": 1.5}])
def test_settings_that_make_no_sense(settings):
    with pytest.raises(ValueError, match=r"depth is|damping is"):
        AndersonFixedPoint(**settings)
