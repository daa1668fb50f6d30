"""Averages of a simulation with their errors, and what is derived from them.

The error of a function f of averages is that of the series ``sum_a (df/da) a(t)``, whose own
autocorrelations are summed: Wolff, Comput. Phys. Commun. 156, 143 (2004), eq. (26).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np

from numerics.simulation.autocorrelation import autocorrelation
from numerics.simulation.sampling import Sampling, judge, potential_scale_reduction

__all__ = ["Estimate", "Protocol", "estimates", "written"]


@dataclass(frozen=True)
class Estimate:
    """A quantity with its statistical error, over the batch.

    Attributes
    ----------
    value, error : ndarray
        The estimate and its standard error.
    tau : ndarray
        Integrated autocorrelation time in sweeps, 1/2 where measurements are independent.
    effective : ndarray
        The effective number of independent measurements.
    r_hat : ndarray
        Split R-hat over the chains: 1 where they agree.
    status : ndarray of int
        `Sampling`, for each point.
    """

    value: np.ndarray
    error: np.ndarray
    tau: np.ndarray
    effective: np.ndarray
    r_hat: np.ndarray
    status: np.ndarray

    @property
    def reliable(self) -> bool:
        """Whether every error bar can be trusted."""
        return bool((self.status == Sampling.RELIABLE).all())

    def doubted(self, fluctuation: Estimate) -> Estimate:
        """The fluctuation of this quantity, which is in doubt wherever its mean is."""
        return replace(fluctuation, status=np.maximum(self.status, fluctuation.status))

    def reshaped(self, shape: tuple[int, ...]) -> Estimate:
        """The same with another shape of the batch."""
        return Estimate(*(getattr(self, f.name).reshape(shape) for f in fields(self)))

    def __str__(self) -> str:
        pairs = zip(np.ravel(self.value), np.ravel(self.error), strict=True)
        listed = [written(value, error) for value, error in pairs]
        return ", ".join(listed if len(listed) <= 6 else [*listed[:3], "...", *listed[-2:]])


@dataclass(frozen=True)
class Protocol:
    """How the series were taken: `burn_in` is negative where the start was in equilibrium."""

    burn_in: int
    every: int


def estimates(
    series: Mapping[str, np.ndarray], beta: np.ndarray | None, sites: tuple[int, int], how: Protocol
) -> dict[str, Estimate]:
    """All quantities from series (time, chains, points).

    Parameters
    ----------
    series : mapping
        ``m``, the mean spin; ``energy`` per site, where there is one; and what the user asked for.
    beta : ndarray (points) or None
        The inverse temperature; 1 in the susceptibility where there is none.
    sites : (int, int)
        How many spins `m` is the mean of, and how many there are.
    how : Protocol
        How they were taken.
    """
    m = series["m"]
    scale = np.ones(m.shape[-1]) if beta is None else np.broadcast_to(beta, m.shape[-1:])
    found = {name: estimate(x, how) for name, x in series.items()}
    size = np.abs(m)
    found["abs_m"] = estimate(size, how)
    found["m2"], found["m4"] = estimate(m**2, how), estimate(m**4, how)
    found["chi"] = found["m"].doubted(estimate(scale * sites[0] * _deviation(m), how))
    found["chi_abs"] = found["abs_m"].doubted(estimate(scale * sites[0] * _deviation(size), how))
    found["binder"] = _binder(m, how)
    if "energy" in series:
        fluctuation = _deviation(series["energy"])
        heat = estimate(scale**2 * sites[1] * fluctuation, how)
        found["specific_heat"] = found["energy"].doubted(heat)
    return found


def _deviation(x: np.ndarray) -> np.ndarray:
    """The gradient of <x^2> - <x>^2 is x^2 - 2 <x> x: up to a constant this, whose mean it is."""
    return (x - x.mean(axis=(0, 1))) ** 2


def _binder(m: np.ndarray, how: Protocol) -> Estimate:
    """``1 - <m^4> / (3 <m^2>^2)``."""
    second, fourth = (m**2).mean(axis=(0, 1)), (m**4).mean(axis=(0, 1))
    safe = np.where(second > 0, second, 1.0)
    gradient = -(m**4) / (3 * safe**2) + 2 * fourth * m**2 / (3 * safe**3)
    value = np.where(second > 0, 1 - fourth / (3 * safe**2), 0.0)
    return estimate(gradient, how, value)


def estimate(series: np.ndarray, how: Protocol, value: np.ndarray | None = None) -> Estimate:
    """The mean of a series (time, chains, points), or another value whose gradient it is."""
    rows = []
    for point in range(series.shape[-1]):
        own = np.ascontiguousarray(series[..., point])
        found, r_hat = autocorrelation(own), potential_scale_reduction(own)
        status = judge(found, r_hat, len(own), how.burn_in, how.every)
        rows.append(
            (found.mean, found.error, found.tau * how.every, found.effective, r_hat, status)
        )
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    if value is not None:
        columns[0] = value
    return Estimate(*columns)


def written(value: float, error: float) -> str:
    """A number with its error in units of the last digits.

    Examples
    --------
    >>> written(0.43217, 0.00123), written(-12.3, 4.56), written(1.0, 0.0), written(0.5, 3e-7)
    ('0.4322(12)', '-12.3(46)', '1(0)', '0.50000000(30)')
    """
    if not (np.isfinite(error) and error > 0):
        return f"{value:.6g}({error:.2g})"
    digits = max(1 - int(np.floor(np.log10(error))), 0)
    shown = round(error * 10**digits)
    if shown >= 100 and digits:  # 0.0996 shows as 0.10
        digits -= 1
        shown = round(error * 10**digits)
    return f"{value:.{digits}f}({shown})"
