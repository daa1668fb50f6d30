r"""Separability as a linear program: the largest t with :math:`A w \ge t`, :math:`|w_j| \le 1`.

It is positive exactly if the patterns are separable.  Otherwise the dual variables are the
multipliers of Gordan's alternative, :math:`A^T\lambda = 0`, :math:`\lambda \ge 0`, of sum one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numerics.storage.door import signed_one
from numerics.storage.search import descend
from numerics.storage.separation import Separation, separation

__all__ = ["separable"]


def separable(X: Any, y: Any) -> Separation:
    """Whether a hyperplane through the origin separates the patterns by their labels.

    Parameters
    ----------
    X : array (p, n)
        The patterns.
    y : array (p)
        Their labels, +1 or -1.

    Returns
    -------
    Separation
        With proof either way: weights that separate, or multipliers that combine the patterns to
        zero. The weights do not have the largest margin (see `max_margin`).

    Raises
    ------
    DomainError, NotANumberError, ShapeError
        For labels that are not +1 or -1, numbers that are not finite, shapes that do not fit.

    Notes
    -----
    Source: T. M. Cover, IEEE Trans. Electron. Comput. EC-14, 326 (1965), for the problem; P.
    Gordan, Math. Ann. 6, 23 (1873), for the alternative.

    Examples
    --------
    >>> X = [[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0]]
    >>> separable(X, [1, 1, 1]).separable, separable(X, [1, 1, -1]).separable
    (False, True)
    """
    rows = signed_one(X, y)
    weights, multipliers = _program(rows)
    for tried in (weights, multipliers @ rows):  # the second where t is within the tolerance
        found = separation(rows, tried if tried.any() else np.ones_like(tried), multipliers)
        if found.separable:
            return found
    return separation(rows, descend(rows, 0.0, rows.sum(axis=0)), multipliers)


def _program(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The solution and its dual, the patterns scaled to length one."""
    from scipy.optimize import linprog

    p, n = rows.shape
    lengths = np.linalg.norm(rows, axis=1)
    lengths[lengths == 0] = 1
    scaled = rows / lengths[:, None]
    found = linprog(
        np.append(np.zeros(n), -1.0),
        A_ub=np.column_stack([-scaled, np.ones(p)]),
        b_ub=np.zeros(p),
        bounds=[*([(-1.0, 1.0)] * n), (None, None)],
        method="highs",
    )
    if found.status != 0:  # the program has a solution: this is rounding
        return np.zeros(n), np.ones(p)
    return found.x[:n], np.maximum(-found.ineqlin.marginals, 0) / lengths
