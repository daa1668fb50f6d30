r"""The Ising perceptron by exhaustive search: how many of all :math:`2^n` weights are left.

Weights are numbered by their bits.  Only those that stored all patterns so far meet the next one,
half of them each time, so that all patterns together cost about as much as the first.  The field of
a pattern is read from two tables, over the first and the last half of the weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.exact import TooManyStatesError
from numerics.storage.door import finite, positive, signed_one

__all__ = ["IsingSolutions", "Survivors", "ising_solutions"]

LARGEST = 24
BLOCK = 2**20  # weights at a time, against the first pattern


@dataclass(frozen=True)
class IsingSolutions:
    """How many weights of +1 and -1 store the first patterns of a sequence.

    Attributes
    ----------
    counts : ndarray of int (p + 1)
        How many store the first 0, 1, ..., p patterns.
    weights : ndarray (n)
        Weights that store the first `stored` patterns.
    kappa : float
        The margin.
    """

    counts: np.ndarray
    weights: np.ndarray
    kappa: float

    @property
    def stored(self) -> int:
        """The largest number of first patterns that some weights store."""
        return int(np.flatnonzero(self.counts)[-1])

    @property
    def entropy(self) -> np.ndarray:
        """``log(counts) / n``, and -inf where there is no solution."""
        with np.errstate(divide="ignore"):
            return np.log(self.counts) / len(self.weights)


def ising_solutions(
    X: Any, y: Any, kappa: float = 0.0, *, largest: int = LARGEST
) -> IsingSolutions:
    """Count the weights of +1 and -1 that store patterns at margin kappa, by trying all.

    Parameters
    ----------
    X : array (p, n)
        The patterns.
    y : array (p)
        Their labels, +1 or -1.
    kappa : float
        The margin, of either sign: ``y x.w/sqrt(n) >= kappa``, with equality stored. For inputs
        +1 and -1 take an odd n, where no field is zero.
    largest : int
        The largest n. Each input more takes twice the time and memory; 24 take about a second.

    Returns
    -------
    IsingSolutions

    Raises
    ------
    TooManyStatesError
        If n is larger than `largest`.
    DomainError, NotANumberError, ShapeError
        For labels that are not +1 or -1, numbers that are not finite, shapes that do not fit.

    Notes
    -----
    Source: W. Krauth and M. Opper, J. Phys. A 22, L519 (1989), for the search; W. Krauth and
    M. Mezard, J. Phys. France 50, 3057 (1989), for the capacity 0.833 of many inputs. Corrections
    are large at these sizes.

    Examples
    --------
    >>> X, y = [[1, 1, 1], [1, -1, 1], [-1, 1, 1]], [1, 1, -1]
    >>> found = ising_solutions(X, y)
    >>> found.counts.tolist(), found.weights.tolist()
    ([8, 4, 2, 1], [1, -1, 1])
    """
    rows, kappa = signed_one(X, y), finite("kappa", kappa)
    left = Survivors(rows.shape[1], kappa, largest)
    counts, weights = [left.count], left.weights
    for row in rows:
        left.store(row)
        counts.append(left.count)
        if not left.count:
            break
        weights = left.weights
    padded = np.zeros(len(rows) + 1, dtype=np.int64)
    padded[: len(counts)] = counts
    return IsingSolutions(padded, weights, kappa)


class Survivors:
    """The weights that store every pattern so far; all of them at first."""

    def __init__(self, n: int, kappa: float, largest: int = LARGEST) -> None:
        if n > positive("largest", largest):
            raise TooManyStatesError(
                f"n = {n} inputs have 2**{n} weights: take {largest} or fewer, or pass a larger "
                "largest="
            )
        self.n, self.bits, self.threshold = n, n // 2, kappa * np.sqrt(n)
        self.low, self.high = _signs(self.bits), _signs(n - self.bits)
        self.codes: np.ndarray | None = None

    @property
    def count(self) -> int:
        """How many there are."""
        return 2**self.n if self.codes is None else len(self.codes)

    @property
    def weights(self) -> np.ndarray:
        """The first of them."""
        code = 0 if self.codes is None else int(self.codes[0])
        return np.concatenate([self.low[code % len(self.low)], self.high[code >> self.bits]])

    def store(self, row: np.ndarray) -> None:
        """Keep those that store a signed pattern."""
        low, high = self.low @ row[: self.bits], self.high @ row[self.bits :]
        if self.codes is None:
            self.codes = self._first(low, high)
            return
        fields = high[self.codes >> self.bits] + low[self.codes & (len(low) - 1)]
        self.codes = self.codes[fields >= self.threshold]

    def _first(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """The same among all weights, a block at a time."""
        length = max(BLOCK // len(low), 1)
        kept = []
        for first in range(0, len(high), length):
            fields = high[first : first + length, None] + low
            kept.append(np.flatnonzero(fields.ravel() >= self.threshold) + first * len(low))
        return np.concatenate(kept).astype(np.int32 if self.n < 32 else np.int64)


def _signs(bits: int) -> np.ndarray:
    """All weights of a few inputs, (2**bits, bits): bit j is set where weight j is -1."""
    return 1 - 2 * ((np.arange(2**bits)[:, None] >> np.arange(bits)) & 1)
