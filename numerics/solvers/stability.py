"""Stability of a branch, from the Hessian of the potential at it."""

from __future__ import annotations

import numpy as np

from numerics.problem.status import Stability
from numerics.problem.system import System
from numerics.solvers.roots import EPS, Roots

__all__ = ["stability"]

ROUNDING = 8 * EPS  # of a second derivative, relative to the magnitudes of its terms


def stability(system: System, roots: Roots) -> np.ndarray:
    """Whether the potential is maximal in the real fields and minimal in the imaginary ones.

    The fields of sign -1 (on the imaginary axis, where the potential is minimal along the real
    direction) are eliminated by the Schur complement; what remains must be negative definite.

    Returns
    -------
    ndarray of `Stability`
        `MARGINAL` where the deciding eigenvalue is zero within the rounding of the Hessian and its
        change over the error of the root.
    """
    count = len(roots.x)
    if system.equations.potential is None:
        return np.full(count, Stability.UNKNOWN)
    if not count:
        return np.zeros(0, dtype=int)
    hessian, doubt = _hessian_with_doubt(system, roots)
    signs = np.repeat(system.equations.signs or (1,) * len(system.lengths), system.lengths)
    real, imaginary = np.nonzero(signs > 0)[0], np.nonzero(signs < 0)[0]
    verdicts = []
    if imaginary.size:
        inner = hessian[:, imaginary[:, None], imaginary]
        verdicts.append(_verdict(-inner, doubt))
        if real.size:
            hessian, doubt = _schur(hessian, inner, real, imaginary, doubt)
    if real.size:
        verdicts.append(_verdict(hessian, doubt))
    return _worst(verdicts)


def _hessian_with_doubt(system: System, roots: Roots) -> tuple[np.ndarray, np.ndarray]:
    """The symmetric Hessian, and a bound on the norm of its error."""
    hessian = system.hessian(roots.x, roots.rows)
    rounding = ROUNDING * system.hessian_magnitude(roots.x, roots.rows)
    doubt = np.linalg.norm(rounding, axis=(1, 2))
    for side in (-1, 1):
        there = roots.x + side * roots.error[:, None] * roots.weakest
        change = system.hessian(there, roots.rows) - hessian
        doubt = doubt + np.linalg.norm(change, axis=(1, 2))
    return 0.5 * (hessian + np.swapaxes(hessian, 1, 2)), doubt


def _schur(
    hessian: np.ndarray,
    inner: np.ndarray,
    real: np.ndarray,
    imaginary: np.ndarray,
    doubt: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """H_rr - H_ri H_ii^-1 H_ir, with the doubt carried through to first order."""
    cross = hessian[:, imaginary[:, None], real]
    with np.errstate(all="ignore"):
        solved = np.linalg.pinv(inner) @ cross
        reduced = hessian[:, real[:, None], real] - np.swapaxes(cross, 1, 2) @ solved
        return reduced, doubt * (1 + np.linalg.norm(solved, axis=(1, 2))) ** 2


def _verdict(matrix: np.ndarray, doubt: np.ndarray) -> np.ndarray:
    """Stable where the matrix is negative definite beyond doubt."""
    finite = np.isfinite(matrix).all(axis=(1, 2)) & np.isfinite(doubt)
    largest = np.full(len(matrix), np.nan)
    if matrix.shape[1] == 1:
        largest[finite] = matrix[finite, 0, 0]
    else:
        largest[finite] = np.linalg.eigvalsh(matrix[finite])[:, -1]
    return np.select(
        [~finite, np.abs(largest) <= doubt, largest < 0],
        [Stability.UNKNOWN, Stability.MARGINAL, Stability.STABLE],
        Stability.UNSTABLE,
    )


def _worst(verdicts: list[np.ndarray]) -> np.ndarray:
    """Unknown before unstable before marginal before stable."""
    order = (Stability.UNKNOWN, Stability.UNSTABLE, Stability.MARGINAL)
    seen = [np.any([v == place for v in verdicts], axis=0) for place in order]
    return np.select(seen, order, Stability.STABLE)
