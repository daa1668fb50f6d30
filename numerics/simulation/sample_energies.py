"""Energies of spins +-1 at many samples of the disorder: H = c - sum_i h_i s_i - 1/2 s J s.

The exponent must be -beta H with H free of the inverse temperature, so that one set of couplings
serves all temperatures.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
from sympy import Expr, expand

from derive.equations import Pairwise
from numerics.energies import energy_of
from numerics.problem.errors import ProblemError
from numerics.problem.given import Given
from numerics.simulation.terms import Values

__all__ = ["SampleEnergies", "sample_energies"]


@dataclass(frozen=True)
class SampleEnergies:
    """Couplings, fields and constants of all samples.

    Attributes
    ----------
    couplings : ndarray (samples, sites, sites)
        Symmetric, without diagonal.
    fields : ndarray (samples, sites)
    constants : ndarray (samples)
    """

    couplings: np.ndarray
    fields: np.ndarray
    constants: np.ndarray

    @property
    def spread(self) -> float:
        """The standard deviation of the energy at infinite temperature, the largest there is.

        ``Var H = sum_{i<j} J_ij^2 + sum_i h_i^2`` over independent random spins.
        """
        pairs = np.einsum("sij,sij->", self.couplings, self.couplings) / 2
        return float(np.sqrt((pairs + (self.fields**2).sum()) / len(self.fields)))

    def __call__(self, spins: np.ndarray) -> np.ndarray:
        """The energy of spins (sites, samples, replicas): (samples, replicas)."""
        moved = spins.swapaxes(0, 1)
        forms = np.einsum("snr,snr->sr", moved, self.couplings @ moved)
        linear = np.einsum("sn,snr->sr", self.fields, moved)
        return self.constants[:, None] - linear - forms / 2


def sample_energies(model: Pairwise, given: Given) -> SampleEnergies:
    """The couplings of an exponent -beta H of spins +-1 at all points of a batch."""
    energy = _Hamiltonian(model)
    known = Values(model.parameters, given, np.arange(given.points))
    sizes = [known.size(spins.site.slots) for spins in model.spins]
    bounds = list(pairwise(accumulate(sizes, initial=0)))
    places = {s.site.name: slice(*at) for s, at in zip(model.spins, bounds, strict=True)}
    couplings = np.zeros((given.points, sum(sizes), sum(sizes)))
    for coupling in model.couplings:
        row, column = coupling.row, coupling.column
        rows, columns = places[row.name], places[column.name]
        block = known.over(-energy(coupling.value), (*row.slots, *column.slots))
        inner = tuple(known.count(i) for i in (*row.slots, *column.slots))
        shape = (len(block), rows.stop - rows.start, columns.stop - columns.start)
        block = np.broadcast_to(block, (len(block), *inner)).reshape(shape)
        couplings[:, rows, columns] += block / 2
        couplings[:, columns, rows] += block.swapaxes(1, 2) / 2
        if row.name != column.name:
            couplings[:, rows, columns] += block / 2
            couplings[:, columns, rows] += block.swapaxes(1, 2) / 2
    sites = np.arange(sum(sizes))
    couplings[:, sites, sites] = 0.0
    fields = np.zeros((given.points, sum(sizes)))
    for spins, count in zip(model.spins, sizes, strict=True):
        value = known.over(-energy(spins.fields[0]), spins.site.slots)
        inner = tuple(known.count(i) for i in spins.site.slots)
        value = np.broadcast_to(value, (len(value), *inner)).reshape(len(value), count)
        fields[:, places[spins.site.name]] = value
    constants = np.broadcast_to(known.over(energy(model.constant), ()), given.points)
    return SampleEnergies(couplings, fields, constants)


class _Hamiltonian:
    """From pieces of the exponent to pieces of H, with a refusal where it is not -beta H."""

    def __init__(self, model: Pairwise) -> None:
        if model.beta is None:
            raise ProblemError(
                "the exponent has no inverse temperature: declare the ensemble with hamiltonian= "
                "and beta=, whose states are exchanged between temperatures"
            )
        for spins in model.spins:
            if spins.values != (-1, 1) or any(spins.weights):
                raise ProblemError(
                    f"{spins.site.name} takes the values {spins.values}: parallel tempering is for "
                    "Ising spins; use simulate"
                )
        self.beta = model.beta
        self.map = energy_of(model.beta)

    def __call__(self, exponent: Expr) -> Expr:
        energy = expand(self.map(exponent))
        rest = expand(exponent + self.beta * energy)
        if rest != 0 or energy.free_symbols & self.beta.free_symbols:
            raise ProblemError(
                f"the term {exponent} of the exponent is not -{self.beta}*H with H free of "
                f"{self.beta}: the temperature must multiply the whole Hamiltonian"
            )
        return energy
