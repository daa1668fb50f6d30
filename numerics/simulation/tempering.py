"""Parallel tempering of fully connected spins: heat-bath sweeps, and exchange of temperatures.

All samples of the disorder, all temperatures and two real replicas move at once.  Two neighbouring
temperatures exchange their states with probability ``min(1, exp((b - b') (E - E')))``, which
leaves the product of their Boltzmann distributions invariant.  Temperatures move, and not states.
Source: Hukushima and Nemoto, J. Phys. Soc. Jpn. 65, 1604 (1996).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from numerics.simulation.sample_energies import SampleEnergies

__all__ = ["REPLICAS", "Tempering", "ladder"]

REPLICAS = 2  # real ones, for their overlap
ROWS = 16  # sites whose local fields are one product
LEAST = 1e-6  # standard deviation of an energy, for a step that is finite
FILLED = 0.5  # how far below the smallest temperature asked for the ladder goes, in units of it


def ladder(betas: np.ndarray, rungs: np.ndarray, spreads: np.ndarray) -> np.ndarray:
    """Inverse temperatures in decreasing order: those asked for, others between, and some below.

    Neighbours differ by at most 1/(the standard deviation of the energy): of Gaussian energies
    erfc(1/2), or 0.48, of the attempts to exchange are then accepted.

    Parameters
    ----------
    betas : ndarray
        Those asked for.
    rungs, spreads : ndarray
        Inverse temperatures, decreasing, at which the standard deviation of the energy is known.

    Examples
    --------
    >>> ladder(np.array([0.5, 1.0]), np.array([1.0]), np.array([4.0])).tolist()
    [1.0, 0.75, 0.5, 0.25]
    """
    wanted = np.unique(betas)[::-1]
    parts = []
    for high, low in pairwise(np.append(wanted, wanted[-1] * FILLED)):
        x = np.linspace(high, low, 65)
        sigma = np.maximum(np.interp(x, rungs[::-1], spreads[::-1]), LEAST)
        lengths = np.append(0.0, np.cumsum((sigma[1:] + sigma[:-1]) / 2) * (high - low) / 64)
        count = max(int(np.ceil(lengths[-1] - 1e-9)), 1)
        parts.append(np.interp(np.arange(count) / count * lengths[-1], lengths, x))
    return np.append(np.concatenate(parts), wanted[-1] * FILLED)


class Tempering:
    """The states of all samples at all temperatures, and what moves them.

    Parameters
    ----------
    energies : SampleEnergies
        Couplings and fields.
    betas : ndarray (temperatures)
        Inverse temperatures, neighbours next to each other.
    spins : ndarray (sites, samples, replicas, temperatures)
        Where to start; overwritten.
    rng : numpy.random.Generator
        What is drawn from.

    Attributes
    ----------
    exchanged, attempted : ndarray (temperatures - 1)
        How many exchanges between neighbours were accepted, and tried.
    """

    def __init__(
        self,
        energies: SampleEnergies,
        betas: np.ndarray,
        spins: np.ndarray,
        rng: np.random.Generator,
    ) -> None:
        self.rng = rng
        self.betas = betas
        sites, samples = spins.shape[:2]
        self._shape = spins.shape
        self._spins = np.ascontiguousarray(spins, dtype=float).reshape(sites, samples, -1)
        self._energies = energies(self._spins).reshape(self._shape[1:])
        self._fields = energies.fields.T[:, :, None]
        self._couplings = energies.couplings
        # which state has which temperature, and back: (samples, replicas, temperatures)
        self._state_at = np.broadcast_to(np.arange(len(betas)), self._shape[1:]).copy()
        self.exchanged = np.zeros(len(betas) - 1)
        self.attempted = np.zeros(len(betas) - 1)
        self._inner = [
            np.ascontiguousarray(np.moveaxis(self._couplings[:, b, b], 0, -1)) for b in self._blocks
        ]

    @property
    def _blocks(self) -> list[slice]:
        sites = self._shape[0]
        return [slice(k, min(k + ROWS, sites)) for k in range(0, sites, ROWS)]

    @property
    def spins(self) -> np.ndarray:
        """The states (sites, samples, replicas, temperatures), in the order of `betas`."""
        return np.take_along_axis(self._spins.reshape(self._shape), self._state_at[None], axis=3)

    @property
    def energies(self) -> np.ndarray:
        """Their energies (samples, replicas, temperatures), kept up to date."""
        return np.take_along_axis(self._energies, self._state_at, axis=2)

    @property
    def variances(self) -> np.ndarray:
        """The variance of the energy at each temperature, in the mean over samples.

        The replicas of a sample are independent: half the squared difference of their energies.
        """
        first, second = self.energies.swapaxes(0, 1)
        return ((first - second) ** 2).mean(axis=0) / 2

    def sweep(self) -> None:
        """Draw every spin once from its distribution given the others."""
        widths = np.empty(self._shape[1:])
        np.put_along_axis(widths, self._state_at, 1 / (2 * self.betas) + 0 * widths, axis=2)
        flat = widths.reshape(self._spins.shape[1:])
        change = np.zeros(self._spins.shape[1:])
        for block, inner in zip(self._blocks, self._inner, strict=True):
            self._update(block, inner, flat, change)
        self._energies -= change.reshape(self._energies.shape)

    def _update(
        self, block: slice, inner: np.ndarray, widths: np.ndarray, gain: np.ndarray
    ) -> None:
        spins = self._spins[block]
        uniform = self.rng.random(spins.shape)
        with np.errstate(divide="ignore"):  # at 0 the logarithm is -inf: below all odds
            # up with probability 1/(1 + exp(-2 beta f)): where f exceeds this
            threshold = np.log(uniform / (1 - uniform)) * widths
        fields = np.empty_like(spins)
        np.matmul(self._couplings[:, block], self._spins.swapaxes(0, 1), out=fields.swapaxes(0, 1))
        fields += self._fields[block]
        for site in range(len(spins)):
            new = np.where(threshold[site] < fields[site], 1.0, -1.0)
            change = new - spins[site]
            spins[site] = new
            gain += change * fields[site]
            fields[site + 1 :] += inner[site + 1 :, site, :, None] * change

    def exchange(self, first: int) -> None:
        """Try to exchange the states of temperatures (first, first + 1), (first + 2, ...), ..."""
        lower = np.arange(first, len(self.betas) - 1, 2)
        if not lower.size:
            return
        energies = self.energies
        rate = (self.betas[lower] - self.betas[lower + 1]) * (
            energies[..., lower] - energies[..., lower + 1]
        )
        accepted = self.rng.random(rate.shape) < np.exp(np.minimum(rate, 0.0))
        left, right = self._state_at[..., lower], self._state_at[..., lower + 1]
        self._state_at[..., lower] = np.where(accepted, right, left)
        self._state_at[..., lower + 1] = np.where(accepted, left, right)
        self.exchanged[lower] += accepted.sum(axis=(0, 1))
        self.attempted[lower] += accepted[..., 0].size
