"""Stability of a branch, from the Hessian of the potential at it."""

from __future__ import annotations

import numpy as np

from numerics.problem import forms
from numerics.problem.roots import Roots
from numerics.problem.status import Stability
from numerics.problem.system import LARGE, System
from numerics.solvers.definite import separable, stability_by_products
from numerics.solvers.krylov import blocks_of
from numerics.solvers.roots import EPS

__all__ = ["stability"]

DENSE = 4000  # components up to which a single matrix is decomposed where products do not decide
ROUNDING = 8 * EPS  # of a second derivative, relative to the magnitudes of its terms


def stability(system: System, roots: Roots) -> np.ndarray:
    """Whether a branch is a saddle that the contour of the fields can pass.

    Minus the Hessian must have as many negative eigenvalues as there are fields on the imaginary
    axis (sign -1), and no other: the contour of steepest descent then has as many real and
    imaginary directions as the contour of the model.  For real fields alone the potential is
    maximal; for joint fields of a mixed quadratic form only these numbers have a meaning.  For
    those of a form in an array they depend on its entries: see `_by_update`.

    Returns
    -------
    ndarray of `Stability`
        `MARGINAL` where the deciding eigenvalue is zero within the rounding of the Hessian and its
        change over the error of the root.
    """
    count = len(roots.x)
    if system.equations.potential is None:
        return np.full(count, Stability.UNKNOWN)
    if 0 in system.equations.signs:
        return _by_update(system, roots)
    if system.n <= LARGE:
        return _by_eigenvalues(system, roots)
    if not separable(system):
        unknown = np.full(count, int(Stability.UNKNOWN))
        return _by_eigenvalues(system, roots) if system.n <= DENSE else unknown
    places = stability_by_products(system, roots)
    unsure = np.nonzero(places == Stability.UNKNOWN)[0]
    if system.n <= DENSE:
        for k in unsure:
            places[k] = _by_eigenvalues(system, roots.take(np.array([k])))[0]
    return places


def _by_update(system: System, roots: Roots) -> np.ndarray:
    """Stability of fields x that linearise a form B in an array: x = g(x) with g' = S B.

    Minus the Hessian is B (1 - S B), with S the covariances of the sites.  It has the signs of the
    eigenvalues of B, as the contour has, if and only if 1 - S**(1/2) B S**(1/2) is positive.
    """
    sign = forms.sign_of_changes(system.equations)
    places = np.full(len(roots.x), int(Stability.UNKNOWN))
    if not sign or system.n > DENSE:
        return places
    for part in blocks_of(len(roots.x), system.n, 4 * system.n):
        some = roots.take(np.arange(len(places))[part])
        there = [some.x + side * some.error[:, None] * some.weakest for side in (0, -1, 1)]
        slopes = np.stack([-sign * system.linear(x, some.rows)[1] for x in there])
        finite = np.isfinite(slopes).all(axis=(0, 2, 3))
        least = np.full((3, len(some.x)), np.nan)
        least[:, finite] = np.linalg.eigvals(slopes[:, finite]).real.min(axis=-1)
        doubt = np.abs(least - least[0]).max(axis=0) + ROUNDING * system.n
        verdicts = [~finite, least[0] > doubt, least[0] < -doubt]
        known = [Stability.UNKNOWN, Stability.STABLE, Stability.UNSTABLE]
        places[part] = np.select(verdicts, known, Stability.MARGINAL)
    return places


def _by_eigenvalues(system: System, roots: Roots) -> np.ndarray:
    """All eigenvalues of the Hessians, a few of them at a time."""
    places = np.full(len(roots.x), int(Stability.UNKNOWN))
    for part in blocks_of(len(roots.x), system.n, 4 * system.n):
        places[part] = _judged(system, roots.take(np.arange(len(places))[part]))
    return places


def _judged(system: System, roots: Roots) -> np.ndarray:
    hessian, doubt = _hessian_with_doubt(system, roots)
    signs = np.repeat(system.equations.signs or (1,) * len(system.lengths), system.lengths)
    real, imaginary = np.nonzero(signs > 0)[0], np.nonzero(signs < 0)[0]
    if real.size and imaginary.size:
        # inertia adds up over a block and its Schur complement, where scales differ less
        inner = hessian[:, imaginary[:, None], imaginary]
        first = _negative_and_zero(-inner, doubt)
        second = _negative_and_zero(*_schur(hessian, inner, real, imaginary, doubt))
        negative, zero = first[0] + second[0], second[1]
        whole = first[1] != 0  # the block is singular: no complement
        negative[whole], zero[whole] = _negative_and_zero(-hessian[whole], doubt[whole])
    else:
        negative, zero = _negative_and_zero(-hessian, doubt)
    wanted = imaginary.size
    return np.select(
        [
            zero < 0,
            (negative == wanted) & (zero == 0),
            (negative <= wanted) & (wanted <= negative + zero),
        ],
        [Stability.UNKNOWN, Stability.STABLE, Stability.MARGINAL],
        Stability.UNSTABLE,
    )


def _negative_and_zero(matrix: np.ndarray, doubt: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many eigenvalues are negative, and how many are zero within doubt; -1 if not finite."""
    finite = np.isfinite(matrix).all(axis=(1, 2)) & np.isfinite(doubt)
    eigenvalues = np.full(matrix.shape[:2], np.nan)
    eigenvalues[finite] = np.linalg.eigvalsh(matrix[finite])
    zero = (np.abs(eigenvalues) <= doubt[:, None]).sum(axis=1)
    negative = (eigenvalues < -doubt[:, None]).sum(axis=1)
    return negative, np.where(finite, zero, -1)


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
    """Minus (H_rr - H_ri H_ii^-1 H_ir), with the doubt carried through to first order."""
    cross = hessian[:, imaginary[:, None], real]
    with np.errstate(all="ignore"):
        solved = np.linalg.pinv(inner) @ cross
        reduced = hessian[:, real[:, None], real] - np.swapaxes(cross, 1, 2) @ solved
        return -reduced, doubt * (1 + np.linalg.norm(solved, axis=(1, 2))) ** 2
