"""One run of all chains at points that share their couplings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.errors import NonFiniteError, ShapeError
from numerics.simulation.heat_bath import HeatBath
from numerics.simulation.network import Network
from numerics.simulation.sites import Binned, Bins, pairs

__all__ = ["Piece", "Plan", "measured"]

BINS = 16  # of a chain, for the errors of single sites
LARGEST = 2**31  # bytes of correlations


@dataclass(frozen=True)
class Plan:
    """How long to run, and what to measure."""

    sweeps: int
    burn_in: int
    every: int
    chains: int
    of: str | None
    observables: Mapping[str, Callable[..., Any]]
    sites: bool
    correlations: bool

    @property
    def count(self) -> int:
        """The number of measurements of a chain."""
        return self.sweeps // self.every

    @property
    def bin(self) -> int:
        """Measurements in a bin."""
        return max(self.count // BINS, 1)


@dataclass(frozen=True)
class Piece:
    """What was measured: series (time, chains, points), sites (points, sites)."""

    series: dict[str, np.ndarray]
    means: Binned | None
    correlations: Binned | None
    states: np.ndarray
    network: Network


def measured(network: Network, plan: Plan, states: np.ndarray, rng: np.random.Generator) -> Piece:
    """Burn in from states (sites, chains, points), then sweep and measure."""
    _check_memory(network, plan, states.shape[-1])
    bath = HeatBath(network, states, rng)
    for _ in range(plan.burn_in):
        bath.sweep()
    means, products = Bins(plan.bin), Bins(plan.bin)
    series: dict[str, np.ndarray] = {}
    for time in range(plan.count):
        for _ in range(plan.every):
            bath.sweep()
        spins = bath.spins
        for name, value in _observed(network, plan, spins, bath.forms):
            if name not in series:
                series[name] = np.empty((plan.count, *spins.shape[1:]))
            series[name][time] = value
        if plan.sites:
            means.add(spins.swapaxes(0, 2))
        if plan.correlations:
            products.add(pairs(spins)[:, None])
    return Piece(
        series,
        means.result() if plan.sites else None,
        products.result() if plan.correlations else None,
        bath.spins,
        network,
    )


def _check_memory(network: Network, plan: Plan, points: int) -> None:
    needed = 4 * 8 * points * network.sites**2
    if plan.correlations and needed > LARGEST:
        raise ShapeError(
            f"correlations of {network.sites} sites at {points} points take {needed / 2**30:.1f} "
            "GiB: ask for fewer points at a time, or give observables= that need less"
        )


def _observed(
    network: Network, plan: Plan, spins: np.ndarray, forms: np.ndarray
) -> Iterator[tuple[str, Any]]:
    yield "m", spins[network.place(plan.of)].mean(axis=0)
    if network.energy is not None:
        yield "energy", network.energy(spins, forms) / network.sites
    if plan.observables:
        moved = np.moveaxis(spins, 0, -1)
        parts = [moved[..., place] for place in network.places]
        for name, function in plan.observables.items():
            yield name, _per_state(name, function(*parts), moved.shape[:-1])


def _per_state(name: str, value: Any, shape: tuple[int, ...]) -> np.ndarray:
    found = np.asarray(value, dtype=float)
    if found.shape != shape:
        raise ShapeError(
            f"the observable {name} gave an array {found.shape} for states {shape}: one number "
            "for each state, such as a mean over the last axis"
        )
    if not np.isfinite(found).all():
        raise NonFiniteError(f"the observable {name} is not finite at a state of the spins")
    return found
