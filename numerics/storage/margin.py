r"""The largest margin as a least-distance problem, by non-negative least squares.

The shortest v with :math:`A v \ge 1` has :math:`|v| = 1/\kappa^*`.  Lawson and Hanson turn it into
:math:`\min_{u \ge 0} |E u - f|` with :math:`E = (A^T; 1^T)`, :math:`f = (0, \ldots, 0, 1)`.  In the
shares :math:`\lambda = u/\sum u` that gives the point :math:`A^T\lambda` of the convex hull of the
rows that is nearest to the origin, and weights along it have the largest margin.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numerics.storage.door import signed_one
from numerics.storage.feasibility import separable
from numerics.storage.search import descend
from numerics.storage.separation import Separation, separation
from numerics.storage.verdict import Verdict

__all__ = ["max_margin", "nearest"]


def max_margin(X: Any, y: Any) -> Separation:
    r"""The largest margin kappa at which spherical weights store the patterns.

    :math:`\kappa^* = \max_{|w|^2=n} \min_\mu y^\mu x^\mu \cdot w/\sqrt n`, with its proof: weights
    of that margin, and multipliers that bound every margin by it.

    Parameters
    ----------
    X : array (p, n)
        The patterns.
    y : array (p)
        Their labels, +1 or -1.

    Returns
    -------
    Separation
        The margin, its upper bound, and their gap. Patterns that are not separable have
        a largest margin of zero or less, which is no convex problem: `bound` is then zero within
        rounding, and `margin` that of a local search, a lower bound. Where lengths of patterns
        differ by so many orders that least squares decide nothing, the answer is that of
        `separable`, whose gap is not zero.

    Raises
    ------
    DomainError, NotANumberError, ShapeError
        For labels that are not +1 or -1, numbers that are not finite, shapes that do not fit.

    Notes
    -----
    Source: C. L. Lawson and R. J. Hanson, Solving Least Squares Problems (1974), chapter 23
    (problem LDP). In the limit of many inputs random patterns have the largest margin kappa at
    1/alpha = (1 + kappa**2) Phi(kappa) + kappa phi(kappa): E. Gardner, J. Phys. A 21, 257 (1988).

    Examples
    --------
    >>> found = max_margin([[1.0, 1.0], [1.0, -1.0]], [1, 1])
    >>> round(found.margin, 12), found.gap < 1e-12, found.weights.round(12).tolist()
    (1.0, True, [1.414213562373, 0.0])
    """
    rows = signed_one(X, y)
    found = nearest(rows)
    if found.verdict == Verdict.POSSIBLE:
        return found
    if found.verdict == Verdict.UNDECIDED:
        return separable(X, y)
    return separation(rows, descend(rows, 0.0, rows.sum(axis=0)), found.multipliers)


def nearest(rows: np.ndarray) -> Separation:
    """Weights along the point of the convex hull that is nearest to the origin.

    Where that is the origin itself the weights are of no use.
    """
    shares = _shares(rows)
    point = shares @ rows
    return separation(rows, point if point.any() else np.ones(rows.shape[1]), shares)


def _shares(rows: np.ndarray) -> np.ndarray:
    """The point's multipliers, up to a factor.

    Columns of E are scaled to patterns of length one, the shortest pattern being the unit.
    """
    from scipy.optimize import nnls

    p, n = rows.shape
    lengths = np.linalg.norm(rows, axis=1)
    lengths[lengths == 0] = 1
    relative = lengths.min() / lengths
    matrix = np.vstack([rows.T / lengths, relative])
    try:
        found, _ = nnls(matrix, np.append(np.zeros(n), 1.0), maxiter=30 * (n + p))
    except RuntimeError:  # it circles at ties: what follows from any shares is still proved
        return np.ones(p)
    return found * relative
