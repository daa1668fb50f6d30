"""Means and correlations of single sites, their errors from the spread of means over bins.

A bin that is many autocorrelation times long has a mean that does not remember the bin before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from numerics.simulation.estimate import Estimate
from numerics.simulation.sampling import Sampling

__all__ = ["Binned", "Bins", "pairs", "site_status"]

LONG = 10  # autocorrelation times in a bin


@dataclass(frozen=True)
class Binned:
    """Estimates of many quantities, their errors from bins.

    Attributes
    ----------
    value, error : ndarray (batch, ...)
        The means and their standard errors.
    status : ndarray of int (batch)
        `Sampling`, of all of them: the most serious doubt about the slowest quantity measured.
    """

    value: np.ndarray
    error: np.ndarray
    status: np.ndarray


class Bins:
    """Running means over bins of consecutive measurements (points, chains, ...)."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.count = 0
        self._inside = 0
        self._added = 0
        self._total = np.zeros(())
        self._sum = np.zeros(())
        self._first = np.zeros(())
        self._second = np.zeros(())

    def add(self, value: np.ndarray) -> None:
        """One measurement."""
        self._sum = self._sum + value
        self._inside += 1
        self._added += value.shape[1]
        if self._inside == self.length:
            mean = self._sum / self.length
            self.count += mean.shape[1]
            self._total = self._total + self._sum.sum(axis=1)
            self._first = self._first + mean.sum(axis=1)
            self._second = self._second + (mean**2).sum(axis=1)
            self._sum, self._inside = np.zeros(()), 0

    def result(self) -> Binned:
        """Means over all measurements, and the spread of bins over the root of their number."""
        mean, second = self._first / self.count, self._second / self.count
        variance = second - mean**2
        rounding = 16 * np.finfo(float).eps * second
        error = np.sqrt(np.where(variance > rounding, variance, 0.0) / (self.count - 1))
        rest = self._sum.sum(axis=1) if self._inside else 0.0
        return Binned((self._total + rest) / self._added, error, np.zeros(len(mean), dtype=int))


def pairs(spins: np.ndarray) -> np.ndarray:
    """Products s_i s_j (points, sites, sites), averaged over chains, of (sites, chains, points)."""
    moved = np.ascontiguousarray(np.moveaxis(spins, -1, 0))
    return moved @ moved.swapaxes(1, 2) / spins.shape[1]


def site_status(found: Iterable[Estimate], bin_sweeps: int) -> np.ndarray:
    """Whether bins are long enough for the slowest quantity, and what else is wrong with it."""
    known = list(found)
    worst = np.max([np.where(e.status == Sampling.FROZEN, 0, e.status) for e in known], axis=0)
    slowest = np.max([e.tau for e in known], axis=0)
    short = bin_sweeps < LONG * slowest
    return np.where(short, np.maximum(worst, Sampling.SHORT_RUN), worst)
