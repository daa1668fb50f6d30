"""Integrated autocorrelation times by automatic windowing, and the error bars that they give.

The Gamma method: autocovariances are summed up to a window W at which what is cut off, of order
``exp(-W/tau)``, is as small as the noise of what was summed, of order ``sqrt(W/n)``.
Sources: Madras and Sokal, J. Stat. Phys. 50, 109 (1988); Wolff, Comput. Phys. Commun. 156, 143
(2004), eqs. (31), (35), (42) and (51), with S = 1.5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from numerics.errors import ShapeError

__all__ = ["Correlated", "autocorrelation"]

S = 1.5  # the exponential time over the integrated one, assumed in the choice of the window


@dataclass(frozen=True)
class Correlated:
    """The mean of a correlated series.

    Attributes
    ----------
    mean : float
        Over all chains.
    error : float
        Of the mean: ``sqrt(2 tau variance / n)``.
    variance : float
        Of a single measurement.
    tau : float
        Integrated autocorrelation time ``1/2 + sum_t rho(t)`` in units of measurements: 1/2 where
        they are independent.
    tau_error : float
        Of `tau`.
    window : int
        Up to which lag it was summed.
    reached : bool
        Whether the automatic window lies within the series.
    count : int
        The number of measurements n, of all chains.
    """

    mean: float
    error: float
    variance: float
    tau: float
    tau_error: float
    window: int
    reached: bool
    count: int

    @property
    def effective(self) -> float:
        """How many independent measurements would have the same error, ``n / (2 tau)``."""
        return self.count / (2 * self.tau)


def autocorrelation(series: np.ndarray) -> Correlated:
    """Integrated autocorrelation time, mean and error of a stationary series.

    Parameters
    ----------
    series : array (time) or (time, chains)
        Chains are independent, of one length and of one distribution: deviations are taken from
        their common mean, so that chains that disagree raise `tau`.

    Raises
    ------
    ShapeError
        If there are fewer than four measurements.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(1).normal(size=(1000, 4))
    >>> found = autocorrelation(noise)
    >>> 0.4 < found.tau < 0.6, 0.013 < found.error < 0.019
    (True, True)
    """
    series = np.asarray(series, dtype=float)
    chains = series if series.ndim == 2 else series[:, None]
    length, count = chains.shape[0], chains.size
    if length < 4:
        raise ShapeError(f"a series of {length} measurements has no autocorrelation: give four")
    mean = float(chains.mean())
    covariance = _autocovariance(chains - mean)
    variance = float(covariance[0])
    if variance <= (4 * np.finfo(float).eps * abs(mean)) ** 2:
        return Correlated(mean, 0.0, 0.0, 0.5, 0.0, 0, True, count)
    window, reached = _window(covariance / variance, count)
    spectral = variance + 2 * float(covariance[1 : window + 1].sum())
    # The mean was estimated too: each covariance is low by spectral / n, eq. (31).
    variance += spectral / count
    spectral *= 1 + (2 * window + 1) / count
    if spectral <= 0:  # antithetic beyond what the window can resolve
        spectral, reached = variance, False
    tau = spectral / (2 * variance)
    tau_error = tau * 2 * np.sqrt(max(window + 0.5 - tau, 0.25) / count)
    error = float(np.sqrt(spectral / count))
    return Correlated(mean, error, variance, tau, float(tau_error), window, reached, count)


def _autocovariance(deviations: np.ndarray) -> np.ndarray:
    """Averages of x(u) x(u + t) over u and over chains, for lags t up to half of the length."""
    length, chains = deviations.shape
    padded = 1 << (length + length // 2).bit_length()
    power = np.zeros(padded // 2 + 1)
    for column in deviations.T:  # one chain at a time, for memory
        power += np.abs(np.fft.rfft(column, padded)) ** 2
    lags = length // 2 + 1
    products = np.fft.irfft(power, padded)[:lags]
    return products / (chains * (length - np.arange(lags)))


def _window(rho: np.ndarray, count: int) -> tuple[int, bool]:
    """The first lag at which truncation costs less than noise, eq. (51).

    The decay is taken to last one measurement at least: a series that alternates has a short time
    because terms cancel, and not because they are small.
    """
    lags = np.arange(1, len(rho))
    time = 0.5 + np.cumsum(rho[1:])
    above = np.maximum(time, 0.5 + 1e-12)
    decay = np.maximum(S / np.log((2 * above + 1) / (2 * above - 1)), 1.0)
    slope = np.exp(-lags / decay) - decay / np.sqrt(lags * float(count))
    passed = np.flatnonzero(slope < 0)
    if not passed.size:
        return len(rho) - 1, False
    return int(lags[passed[0]]), True
