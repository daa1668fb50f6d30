"""Heat-bath dynamics: each spin is drawn anew from its distribution given all others.

``p(s_i = v) ~ exp(g_i(v) + v sum_j K_ij s_j)``, for Ising spins the logistic function of twice the
local field.  Sites are visited in a fixed order, variable by variable and colour by colour.  Every
single update obeys detailed balance, so that the sweep leaves the Boltzmann distribution invariant.

All chains at all points of the batch move at once.  Local fields of a block of sites are one matrix
product; inside a block of coupled spins they follow each change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numpy as np

from numerics.matrices import is_sparse
from numerics.simulation.colouring import colour_classes
from numerics.simulation.network import Network
from numerics.simulation.terms import Matrix

__all__ = ["HeatBath"]

ROWS = 64  # sites of a block in which spins are coupled
ELEMENTS = 2**20  # local fields at a time where they are not


class Step(NamedTuple):
    """Sites of a block that no coupling joins, updated together.

    Attributes
    ----------
    start : int
        How many sites of the block come before.
    sites : slice or int
        Their rows in the block; a number is faster than a slice of one.
    inner : tuple of array
        The couplings of each matrix to the sites before.
    """

    start: int
    sites: Any
    inner: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Block:
    """Sites whose local fields are computed at once.

    Attributes
    ----------
    sites : slice
        In the order of updates.
    steps : tuple of Step
        What is updated one after the other.
    rows : tuple of (slice, array)
        For each matrix, its columns that are not zero, and the rows of these sites in them.
    variable : int
        Whose sites they are.
    """

    sites: slice
    steps: tuple[Step, ...]
    rows: tuple[tuple[slice, Matrix], ...]
    variable: int


class HeatBath:
    """The states of all chains and what moves them.

    Parameters
    ----------
    network : Network
        Preferences and couplings.
    spins : ndarray (sites, chains, points)
        Where the chains start.
    rng : numpy.random.Generator
        What is drawn from.

    Attributes
    ----------
    order : ndarray of int
        The sites in the order of updates.
    """

    def __init__(self, network: Network, spins: np.ndarray, rng: np.random.Generator) -> None:
        classes = [colour_classes(network.matrices, place) for place in network.places]
        self.network = network
        self.rng = rng
        self.order = np.concatenate([sites for own in classes for sites in own])
        self._shape = spins.shape
        self._spins = np.ascontiguousarray(spins[self.order]).reshape(len(self.order), -1)
        chains, points = spins.shape[1:]
        in_order = np.array_equal(self.order, np.arange(len(self.order)))  # spares copies
        matrices = [m if in_order else m[self.order][:, self.order] for m in network.matrices]
        self._blocks = _blocks(classes, matrices, chains * points)
        self._preferences = [
            _replicated(p, self.order[place] - place.start, chains, points)
            for p, place in zip(network.preferences, network.places, strict=True)
        ]
        self._scales = [
            np.tile(np.broadcast_to(scale, points), chains) for scale in network.exponent.scales
        ]
        forms = [np.einsum("nr,nr->r", self._spins, m @ self._spins) for m in matrices]
        self._forms = np.array(forms).reshape(len(matrices), chains * points)

    @property
    def spins(self) -> np.ndarray:
        """The states (sites, chains, points), sites as in the network."""
        spins = np.empty_like(self._spins)
        spins[self.order] = self._spins
        return spins.reshape(self._shape)

    @property
    def forms(self) -> np.ndarray:
        """``s M s`` of each matrix (matrices, chains, points), kept up to date."""
        return self._forms.reshape(-1, *self._shape[1:])

    def sweep(self) -> None:
        """Draw every spin once."""
        for block in self._blocks:
            self._update(block)

    def _update(self, block: Block) -> None:
        spins = self._spins[block.sites]
        uniform = self.rng.random(spins.shape)
        fields = [rows @ self._spins[columns] for columns, rows in block.rows]
        place = self.network.places[block.variable]
        own = slice(block.sites.start - place.start, block.sites.stop - place.start)
        preferred = self._preferences[block.variable]
        preferred = preferred[:, own] if preferred.shape[1] > 1 else preferred
        values = self.network.values[block.variable]
        draw = _two if len(values) == 2 else _several
        drawn = draw(values, preferred, uniform, self._scales)
        change = np.empty_like(spins)
        for step in block.steps:
            here = [field[step.sites] for field in fields]
            if step.start:
                for field, row in zip(here, step.inner, strict=True):
                    field += row @ change[: step.start]
            new = drawn(here, step.sites)
            change[step.sites] = new - spins[step.sites]
            spins[step.sites] = new
        # A spin's change ds adds 2 ds (M s) to s M s, with M s as it was at its turn.
        for form, field in zip(self._forms, fields, strict=True):
            form += 2 * np.einsum("nr,nr->r", change, field)


Drawn = Callable[[list[np.ndarray], Any], np.ndarray]


def _two(
    values: np.ndarray, preferred: np.ndarray, uniform: np.ndarray, scales: list[np.ndarray]
) -> Drawn:
    """The second value where a logistic random number is below its log-odds."""
    low, high = values
    with np.errstate(divide="ignore"):  # at 0 the logarithm is -inf: below all odds
        logistic = np.log(uniform / (1 - uniform))
    excess = logistic - (preferred[1] - preferred[0])
    widths = [(high - low) * scale for scale in scales]
    return lambda fields, sites: np.where(excess[sites] < _sum(widths, fields), high, low)


def _several(
    values: np.ndarray, preferred: np.ndarray, uniform: np.ndarray, scales: list[np.ndarray]
) -> Drawn:
    """Inversion of the distribution function."""

    def drawn(fields: list[np.ndarray], sites: Any) -> np.ndarray:
        here = uniform[sites]
        # a number for sites takes away their axis, which uniform preferences keep at length one
        single = slice(None) if here.ndim == 2 else 0
        own = preferred[:, sites if preferred.shape[1] > 1 else single]
        logs = own + values.reshape(-1, *(1,) * here.ndim) * _sum(scales, fields)
        levels = np.cumsum(np.exp(logs - logs.max(axis=0)), axis=0)
        chosen = (levels[:-1] <= here * levels[-1]).sum(axis=0)
        return values[np.broadcast_to(chosen, here.shape)]

    return drawn


def _sum(scales: list[np.ndarray], fields: list[np.ndarray]) -> np.ndarray:
    """Local fields: one product for each matrix; zero without any."""
    if len(scales) == 1:
        return scales[0] * fields[0]
    return sum((s * f for s, f in zip(scales, fields, strict=True)), start=np.zeros(1))


def _replicated(preferences: np.ndarray, order: np.ndarray, chains: int, points: int) -> np.ndarray:
    """Preferences (values, sites or 1, points or 1) over all replicas, in the order of updates."""
    if preferences.shape[1] > 1:
        preferences = preferences[:, order]
    if preferences.shape[2] == 1:
        return preferences
    return np.tile(np.broadcast_to(preferences, (*preferences.shape[:2], points)), (1, 1, chains))


def _blocks(
    classes: Sequence[Sequence[np.ndarray]], matrices: Sequence[Matrix], replicas: int
) -> list[Block]:
    """Large classes in pieces of one step; small ones together, a step each."""
    blocks = []
    start = 0
    largest = max(ROWS, ELEMENTS // replicas)
    for variable, own in enumerate(classes):
        sizes = [len(sites) for sites in own]
        while sizes:
            if sizes[0] >= ROWS // 4:
                steps = [min(sizes[0], largest)]
                sizes[:1] = [sizes[0] - steps[0]] if sizes[0] > steps[0] else []
            else:
                steps = []
                while sizes and sizes[0] < ROWS // 4 and sum(steps) + sizes[0] <= ROWS:
                    steps.append(sizes.pop(0))
            blocks.append(_block(variable, start, steps, matrices))
            start += sum(steps)
    return blocks


def _block(variable: int, start: int, sizes: list[int], matrices: Sequence[Matrix]) -> Block:
    sites = slice(start, start + sum(sizes))
    rows = tuple(_present(matrix[sites]) for matrix in matrices)
    inner = [_dense(matrix[sites, sites]) for matrix in matrices] if len(sizes) > 1 else []
    steps = []
    for first, last in pairwise(accumulate(sizes, initial=0)):
        own = first if last == first + 1 else slice(first, last)
        steps.append(Step(first, own, tuple(couplings[own, :first] for couplings in inner)))
    return Block(sites, tuple(steps), rows, variable)


def _present(rows: Matrix) -> tuple[slice, Matrix]:
    """The range of columns that are not zero, and the rows within it."""
    used = np.unique(rows.tocoo().coords[1]) if is_sparse(rows) else np.flatnonzero(rows.any(0))
    first, last = (int(used[0]), int(used[-1]) + 1) if used.size else (0, 1)
    return slice(first, last), rows[:, first:last]


def _dense(matrix: Matrix) -> np.ndarray:
    return matrix.toarray() if is_sparse(matrix) else matrix
