"""The lowest eigenpair of a symmetric map from products with vectors alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["EPS", "Lowest", "lowest"]

EPS = float(np.finfo(float).eps)
DENSE = 200  # components up to which the matrix is formed and LAPACK asked
BASIS = 40  # vectors kept, at most
KEPT = 10  # Ritz vectors that survive a restart
ISOLATED = 0.1  # the second eigenvalue is known when its residual is this part of the gap
NOTHING = 1e-12  # of a direction of norm 1 outside of the basis: rounding
LEAST = 24  # products before a pair is believed: a start may be an eigenvector, but a higher one
REOPENED = 100.0
GAP_PRODUCTS = 200  # spent on the second eigenvalue alone, at most
FLOOR = 4 * EPS  # below this part of the largest eigenvalue a residual is rounding

Map = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Lowest:
    """The lowest eigenpair and the next eigenvalue.

    Attributes
    ----------
    value : float
        The lowest Ritz value: never below the lowest eigenvalue, but for rounding.
    vector : ndarray (n,)
        Of norm 1.
    residual : float
        Norm of ``A @ vector - value * vector``: an eigenvalue lies this near.
    gap : float
        To the next eigenvalue, infinite if there is none: to a part in ten with tolerance zero
        unless products ran out, otherwise a bound from above.
    scale : float
        The largest eigenvalue in magnitude that was met.
    resolved : bool
        Whether the residual came down to what was asked.
    """

    value: float
    vector: np.ndarray
    residual: float
    gap: float
    scale: float
    resolved: bool

    @property
    def vector_error(self) -> float:
        """The angle to the eigenvector, estimated by residual / gap; at most 1."""
        return min(1.0, self.residual / self.gap) if self.gap > 0 else 1.0


def lowest(
    product: Map,
    starts: np.ndarray,
    tolerance: float = 0.0,
    below: float | None = None,
    products: int = 1500,
) -> Lowest:
    """The lowest eigenpair of a symmetric map, by Davidson's method without preconditioner.

    The space grows by the residual of the lowest Ritz pair, as in Lanczos' method, but may begin
    with several vectors, of which one may already be the answer.  A restart keeps the lowest Ritz
    vectors and the previous one (Stathopoulos, SIAM J. Sci. Comput. 29, 481 (2007), GD+k).

    Parameters
    ----------
    product : callable
        Rows of vectors ``(k, n)`` to rows of products.
    starts : ndarray (k, n)
        Vectors to begin with; they may depend on each other.
    tolerance : float
        Of the residual, relative to the spread of the eigenvalues; zero asks for rounding.
    below : float, optional
        Stop as soon as the lowest eigenvalue is seen to lie under this.
    products : int
        How many vectors may be multiplied.

    Examples
    --------
    >>> import numpy as np
    >>> diagonal = np.arange(1.0, 1001.0)
    >>> found = lowest(lambda v: v * diagonal, np.ones((1, 1000)))
    >>> round(found.value, 12), round(found.gap, 2), found.resolved
    (1.0, 1.0, True)
    """
    if starts.shape[1] <= DENSE:
        return _dense(product, starts.shape[1])
    space = _Space(product, starts)
    allowed = products
    scale = spread = 0.0
    while True:
        values, residuals, norms = space.ritz()
        scale = max(scale, float(np.abs(values).max()))
        spread = max(spread, float(values[-1] - values[0]))
        wanted = max(tolerance * spread, FLOOR * scale)
        gap = float(values[1] - values[0])
        # the gap is wanted with an exact answer only, and worth so much work and no more
        near = np.inf if tolerance else max(wanted, ISOLATED * gap)
        wanted_of = np.array([wanted, near])
        if norms[0] <= wanted:
            allowed = min(allowed, space.used + GAP_PRODUCTS)
        elif norms[0] > REOPENED * wanted:  # what had converged was not the lowest
            allowed = products
        if space.used < LEAST:
            wanted_of[:] = 0.0
        caught = below is not None and values[0] < below
        done = caught or space.used >= allowed or (norms <= wanted_of).all()
        if done or not any(space.grow(residuals[k]) for k in np.nonzero(norms > wanted_of)[0]):
            return _refined(product, space.vector(), gap, scale, wanted)


def _refined(product: Map, vector: np.ndarray, gap: float, scale: float, wanted: float) -> Lowest:
    """The pair from a fresh product and sums by halves, free of what the basis accumulated."""
    image = product(vector[None])[0]
    value = float(np.sum(vector * image) / np.sum(vector * vector))
    residual = float(np.linalg.norm(image - value * vector))
    return Lowest(value, vector, residual, gap, scale, resolved=residual <= 8 * wanted)


def _dense(product: Map, n: int) -> Lowest:
    matrix = product(np.eye(n))
    values, vectors = np.linalg.eigh(0.5 * (matrix + matrix.T))
    vector = vectors[:, 0]
    residual = float(np.linalg.norm(matrix @ vector - values[0] * vector))
    gap = float(values[1] - values[0]) if n > 1 else np.inf
    return Lowest(float(values[0]), vector, residual, gap, float(np.abs(values).max()), True)


class _Space:
    """An orthonormal basis (rows), its products and the projected map."""

    def __init__(self, product: Map, starts: np.ndarray) -> None:
        self.product = product
        self.used = self.size = 0
        n = starts.shape[1]
        most = min(max(BASIS, len(starts) + 3), n)
        self.basis, self.products = np.empty((most, n)), np.empty((most, n))
        self.projected = np.zeros((most, most))
        self._coordinates = self._previous = np.zeros(0)
        generator = np.random.default_rng(0)
        for start in (*starts, *generator.normal(size=(2, n))):
            self._append(start)

    def ritz(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """All Ritz values; the residuals of the lowest two pairs, and their norms."""
        values, self._all = np.linalg.eigh(self.projected[: self.size, : self.size])
        self._previous, self._coordinates = self._coordinates, self._all[:, 0]
        two = self._all[:, :2].T
        residuals = two @ self.products[: self.size]
        residuals -= (values[:2, None] * two) @ self.basis[: self.size]
        return values, residuals, np.linalg.norm(residuals, axis=1)

    def vector(self) -> np.ndarray:
        """The lowest Ritz vector."""
        found: np.ndarray = self._coordinates @ self.basis[: self.size]
        return found / np.sqrt(np.sum(found * found))

    def grow(self, direction: np.ndarray) -> bool:
        """Add a direction, if there is more in it than rounding; a full basis is restarted."""
        if self.size == len(self.basis):
            self._restart()
        return self._append(direction)

    def _restart(self) -> None:
        """Keep the lowest Ritz vectors and the one before the last."""
        before = np.zeros(self.size)
        before[: len(self._previous)] = self._previous
        kept = np.linalg.qr(np.column_stack([self._all[:, :KEPT], before]))[0].T
        count, old = len(kept), slice(self.size)
        self.basis[:count], self.products[:count] = (
            kept @ self.basis[old],
            kept @ self.products[old],
        )
        self.projected[:count, :count] = kept @ self.projected[old, old] @ kept.T
        self.size, self._coordinates = count, np.eye(count)[0]

    def _append(self, direction: np.ndarray) -> bool:
        norm = np.linalg.norm(direction)
        if norm == 0 or self.size == len(self.basis):
            return False
        new = direction / norm
        for _ in range(2):
            new = new - (self.basis[: self.size] @ new) @ self.basis[: self.size]
            size = np.sqrt(np.sum(new * new))
            if size < NOTHING:
                return False
            new = new / size
        row, last = self.size, self.size + 1
        self.basis[row], self.products[row] = new, self.product(new[None])[0]
        self.projected[row, :last] = self.basis[:last] @ self.products[row]
        self.projected[:row, row] = self.projected[row, :row]
        self.size, self.used = last, self.used + 1
        return True
