r"""Lower and upper bounds of the largest margin, and what they prove.

With the signed patterns as rows of A, weights :math:`|w|^2 = n` have the margin
:math:`\min_\mu (A w)_\mu / \sqrt n`.  Multipliers :math:`\lambda \ge 0` of sum one bound every
margin from above, :math:`\min_\mu (A w)_\mu/\sqrt n \le \lambda A w/\sqrt n \le |A^T \lambda|`:
the largest margin is the distance of the origin from the convex hull of the rows (weak and strong
duality; with Gordan's theorem where it is zero).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from numerics.storage.verdict import Verdict

__all__ = ["Separation", "margin_of", "separation"]

ZERO = 1e-10  # of |sum_mu lambda_mu a_mu| over sum_mu lambda_mu |a_mu|: patterns cancel


@dataclass(frozen=True)
class Separation:
    """Weights and multipliers, with what they prove about the largest margin.

    Attributes
    ----------
    verdict : Verdict
        Of separability, a margin above zero. `POSSIBLE` is proved by the weights, `IMPOSSIBLE` by
        the multipliers.
    margin : float
        That of `weights`, ``min y x.w/sqrt(n)``: a lower bound of the largest one.
    bound : float
        ``|sum_mu multipliers[mu] y[mu] x[mu]|``: an upper bound of every margin, zero within
        rounding where the patterns are not separable.
    weights : ndarray (n)
        The best weights met, of ``|w|**2 = n``.
    multipliers : ndarray (p)
        Not negative and of sum one.
    """

    verdict: Verdict
    margin: float
    bound: float
    weights: np.ndarray
    multipliers: np.ndarray

    @property
    def separable(self) -> bool:
        """Whether weights were found that give every pattern its label."""
        return self.verdict == Verdict.POSSIBLE

    @property
    def gap(self) -> float:
        """The duality gap ``bound - margin``.

        It is the sum of both Karush-Kuhn-Tucker residuals, neither of which is negative: that
        the weights are along the combination of the patterns, and that multipliers are zero but
        at patterns of the smallest margin. At the largest margin it is zero.
        """
        return self.bound - self.margin

    def __str__(self) -> str:
        return (
            f"{self.verdict.name}: {self.verdict.sentence}; the largest margin is between "
            f"{self.margin:.6g} and {self.bound:.6g}"
        )


def margin_of(rows: np.ndarray, weights: np.ndarray) -> float:
    """The margin of weights of any length."""
    return float((rows @ weights).min() / np.linalg.norm(weights))


def separation(rows: np.ndarray, weights: np.ndarray, multipliers: np.ndarray) -> Separation:
    """Judge weights of any length, not all zero, and multipliers of any scale, all above zero."""
    n = rows.shape[1]
    shares = np.maximum(multipliers, 0)
    shares = shares / shares.sum()
    bound = float(np.linalg.norm(shares @ rows))
    weights = weights * (np.sqrt(n) / np.linalg.norm(weights))
    margin = margin_of(rows, weights)
    lengths = np.linalg.norm(rows, axis=1)
    rounding = 4 * n * np.finfo(float).eps * np.sqrt(n) * lengths
    if (rows @ weights > rounding).all():
        verdict = Verdict.POSSIBLE
    elif bound <= ZERO * float(shares @ lengths):
        verdict = Verdict.IMPOSSIBLE
    else:
        verdict = Verdict.UNDECIDED
    return Separation(verdict, margin, bound, weights, shares)
