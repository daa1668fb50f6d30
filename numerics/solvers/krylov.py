"""Linear systems and lowest eigenvalues from products with vectors, a whole batch at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["LARGEST_BASIS", "Lowest", "Solved", "blocks_of", "lowest", "solved"]

Product = Callable[[np.ndarray], np.ndarray]

LARGEST_BASIS = 2**22  # numbers of one Krylov basis
SIGN = 1e-6  # a Ritz value below minus this part of the largest is negative
CHECKED = 5  # products between two looks at what is left


@dataclass(frozen=True)
class Solved:
    """Solutions of a batch of linear systems.

    Attributes
    ----------
    x : ndarray (rows, n)
        The solutions.
    left : ndarray (rows,)
        The residual that is left, relative to the right-hand side.
    least : ndarray (rows,)
        The least singular value of the matrix on the vectors met: never below its true one, and
        close to it once a right-hand side that has all directions is solved.
    weakest, partner : ndarray (rows, n)
        The directions right and left that belong to it.
    """

    x: np.ndarray
    left: np.ndarray
    least: np.ndarray
    weakest: np.ndarray
    partner: np.ndarray


@dataclass(frozen=True)
class Lowest:
    """The lowest eigenvalue of each symmetric matrix of a batch.

    Attributes
    ----------
    value : ndarray (rows,)
        A Ritz value, never below the lowest eigenvalue.
    vector : ndarray (rows, n)
        Its vector, of unit length.
    left : ndarray (rows,)
        An eigenvalue lies within this distance.
    largest : ndarray (rows,)
        The largest magnitude of a Ritz value.
    """

    value: np.ndarray
    vector: np.ndarray
    left: np.ndarray
    largest: np.ndarray


def blocks_of(rows: int, n: int, vectors: int) -> list[slice]:
    """Slices of a batch such that a basis of so many vectors stays small."""
    size = max(LARGEST_BASIS // max(n * vectors, 1), 1)
    return [slice(k, min(k + size, rows)) for k in range(0, rows, size)]


def solved(product: Product, right: np.ndarray, tol: float, steps: int) -> Solved:
    """GMRES for every row of a batch at once, without restart.

    Parameters
    ----------
    product : callable
        From vectors (rows, n) to matrix times vector (rows, n), each row with its own matrix.
    right : ndarray (rows, n)
        The right-hand sides.
    tol : float
        The relative residual at which all rows are done.
    steps : int
        Products at most.

    Examples
    --------
    >>> import numpy as np
    >>> found = solved(lambda v: v * np.array([1.0, 2.0]), np.array([[1.0, 1.0]]), 1e-12, 5)
    >>> found.x.round(12).tolist(), found.least.round(12).tolist()
    ([[1.0, 0.5]], [1.0])
    """
    rows, n = right.shape
    steps = min(steps, n)
    size = np.linalg.norm(right, axis=1)
    basis = np.zeros((rows, steps + 1, n))
    basis[:, 0] = _unit(right, size)
    hess = np.zeros((rows, steps + 1, steps))
    k = 0
    while k < steps:
        _extend(product, basis, hess, k)
        k += 1
        if k % CHECKED == 0 or k == steps:
            weights, left = _least_squares(hess[:, : k + 1, :k])
            if (left <= tol).all():
                break
    weights, left = _least_squares(hess[:, : k + 1, :k])
    u, values, v = np.linalg.svd(hess[:, : k + 1, :k])
    spread = (basis[:, :k], basis[:, : k + 1])
    return Solved(
        x=size[:, None] * np.einsum("rk,rkn->rn", weights, spread[0]),
        left=np.where(size > 0, left, 0.0),
        least=values[:, -1],
        weakest=np.einsum("rk,rkn->rn", v[:, -1], spread[0]),
        partner=np.einsum("rk,rkn->rn", u[:, :, k - 1], spread[1]),
    )


def _extend(product: Product, basis: np.ndarray, hess: np.ndarray, k: int) -> None:
    """One more vector, made orthogonal to the others twice, for once leaves their rounding."""
    new = product(basis[:, k])
    before = np.linalg.norm(new, axis=1)
    for _ in range(2):
        part = np.einsum("rkn,rn->rk", basis[:, : k + 1], new)
        new = new - np.einsum("rk,rkn->rn", part, basis[:, : k + 1])
        hess[:, : k + 1, k] += part
    closed = ~basis[:, k].any(axis=1)  # a column that is neither the least nor the lowest value
    hess[closed, k, k] = np.abs(hess[closed]).max(axis=(1, 2), initial=0)
    size = np.linalg.norm(new, axis=1)
    size[size <= 1e-14 * before] = 0.0  # the space is closed: what is left is rounding
    hess[:, k + 1, k] = size
    basis[:, k + 1] = _unit(new, size)


def _unit(vectors: np.ndarray, size: np.ndarray) -> np.ndarray:
    return np.where(size[:, None] > 0, vectors / np.where(size > 0, size, 1.0)[:, None], 0.0)


def _least_squares(hess: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What minimises |first unit vector - hess @ weights|, and that minimum."""
    q, r = np.linalg.qr(hess)
    projected = q[:, 0, :]
    size = np.abs(np.einsum("rkk->rk", r))
    weak = size <= 1e-15 * size.max(axis=1, keepdims=True)
    diagonal = np.einsum("rkk->rk", r)
    diagonal[weak] = np.inf  # directions of a space that has closed before
    weights = np.linalg.solve(np.where(np.isinf(r), 1e300, r), projected[..., None])[..., 0]
    weights[weak] = 0.0
    target = np.zeros(hess.shape[:2])
    target[:, 0] = 1.0
    left = np.linalg.norm(target - np.einsum("rik,rk->ri", hess, weights), axis=1)
    return weights, left


def lowest(product: Product, start: np.ndarray, steps: int, tol: float = 1e-2) -> Lowest:
    """Lanczos for the lowest eigenvalue of every row's symmetric matrix, fully orthogonalised.

    Parameters
    ----------
    product : callable
        From vectors (rows, n) to matrix times vector (rows, n), each row with its own matrix.
    start : ndarray (rows, n)
        Where the Krylov spaces begin: random vectors, which have a part of every eigenvector.
    steps : int
        Products at most.
    tol : float
        The distance to an eigenvalue, relative to the Ritz value, at which all rows are done;
        done is also what is clearly negative.

    Examples
    --------
    >>> import numpy as np
    >>> lowest(lambda v: v * np.array([3.0, -1.0]), np.array([[1.0, 1.0]]), 2).value.round(12)
    array([-1.])
    """
    n = start.shape[1]
    steps = min(steps, n)
    basis = np.zeros((len(start), steps + 1, n))
    basis[:, 0] = _unit(start, np.linalg.norm(start, axis=1))
    hess = np.zeros((len(start), steps + 1, steps))
    for k in range(1, steps + 1):
        _extend(product, basis, hess, k - 1)
        if k % CHECKED == 0 or k == steps:
            square = hess[:, :k, :k]
            values, vectors = np.linalg.eigh(0.5 * (square + np.swapaxes(square, 1, 2)))
            left = hess[:, k, k - 1] * np.abs(vectors[:, -1, 0])
            largest = np.abs(values).max(axis=1)
            negative = values[:, 0] < -SIGN * largest  # more products would only lower it
            if (negative | (left <= tol * np.abs(values[:, 0]))).all():
                break
    vector = np.einsum("rk,rkn->rn", vectors[:, :, 0], basis[:, :k])
    return Lowest(values[:, 0], vector, left, largest)
