"""A pairwise model at numbers: what each spin prefers, and what couples it to the others.

All variables stand in one vector of sites, in their order.  The energy is ``-(d exponent/dx) /
(d beta/dx)`` with x the symbol in the inverse temperature: H itself where the exponent is -beta H.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
from sympy import Expr, S

from derive.equations import Element, Pairwise, Spins
from numerics.energies import energy_of
from numerics.matrices import is_sparse
from numerics.problem.errors import ProblemError
from numerics.simulation.terms import Matrix, Values, split, symmetric_part

__all__ = ["Network", "Quadratic", "network"]

Piece = tuple[Expr, Element, Element]  # what couples which two variables
Key = tuple[Piece, ...]


@dataclass(frozen=True)
class Quadratic:
    """A function of all spins: constant + sum_i sum_p c_p,i s_i**p + 1/2 sum_t scale_t s M_t s.

    Attributes
    ----------
    constant : ndarray (points)
    powers : tuple of ndarray (sites, points)
        c_1, c_2, ...; axes of length one where they do not vary.
    scales : tuple of ndarray (points)
        One for each matrix of the network.
    """

    constant: np.ndarray
    powers: tuple[np.ndarray, ...]
    scales: tuple[np.ndarray, ...]

    def __call__(self, spins: np.ndarray, forms: np.ndarray) -> np.ndarray:
        """Its value for spins (sites, chains, points) and s M_t s (matrices, chains, points)."""
        value = np.broadcast_to(self.constant, spins.shape[1:]).copy()
        raised = spins
        for order, coefficient in enumerate(self.powers):
            if order:
                raised = raised * spins
            if coefficient.any():
                value += _weighted_sum(coefficient, raised)
        for scale, form in zip(self.scales, forms, strict=True):
            value += 0.5 * scale * form
        return value


def _weighted_sum(coefficient: np.ndarray, raised: np.ndarray) -> np.ndarray:
    if coefficient.shape[0] == 1:
        return coefficient[0] * raised.sum(axis=0)
    if coefficient.shape[1] == 1:
        return np.tensordot(coefficient[:, 0], raised, axes=(0, 0))
    return np.einsum("np,ncp->cp", coefficient, raised)


@dataclass(frozen=True)
class Network:
    """What a heat bath needs to know.

    Attributes
    ----------
    names : tuple of str
        The variables.
    places : tuple of slice
        Their sites.
    values : tuple of ndarray
        The values of one site of each variable.
    preferences : tuple of ndarray (values, sites of the variable, points)
        The exponent of a spin without neighbours, its log-weight included.
    matrices : tuple of array (sites, sites)
        Symmetric, without diagonal, dense or sparse.
    exponent, energy : Quadratic
        Functions of the state; the energy is None without inverse temperature.
    beta : ndarray (points) or None
        The inverse temperature.
    """

    names: tuple[str, ...]
    places: tuple[slice, ...]
    values: tuple[np.ndarray, ...]
    preferences: tuple[np.ndarray, ...]
    matrices: tuple[Matrix, ...]
    exponent: Quadratic
    energy: Quadratic | None
    beta: np.ndarray | None

    @property
    def sites(self) -> int:
        """The number of sites of all variables."""
        return self.places[-1].stop

    def place(self, name: str | None) -> slice:
        """The sites of a variable; all of them for None."""
        if name is None:
            return slice(0, self.sites)
        if name not in self.names:
            raise ProblemError(f"there is no variable {name}: there are {', '.join(self.names)}")
        return self.places[self.names.index(name)]


def network(model: Pairwise, known: Values) -> Network:
    """The numbers of a pairwise model at points that share their matrices."""
    sizes = [known.size(spins.site.slots) for spins in model.spins]
    names = tuple(spins.site.name for spins in model.spins)
    places = tuple(slice(a, b) for a, b in pairwise(accumulate(sizes, initial=0)))
    matrices: dict[Key, Matrix] = {}
    scales = [_scales(model, function) for function in (_itself, energy_of(model.beta))]
    for key in dict.fromkeys(key for found in scales for key in found):
        matrices[key] = _assembled(key, known, dict(zip(names, places, strict=True)))
    exponent, energy = (
        Quadratic(
            *_one_site(model, function, known),
            tuple(known.over(found.get(key, S.Zero), ()) for key in matrices),
        )
        for function, found in zip((_itself, energy_of(model.beta)), scales, strict=True)
    )
    return Network(
        names=names,
        places=places,
        values=tuple(np.array([float(v) for v in spins.values]) for spins in model.spins),
        preferences=tuple(_preferences(spins, known) for spins in model.spins),
        matrices=tuple(matrices.values()),
        exponent=exponent,
        energy=energy if model.beta is not None else None,
        beta=None if model.beta is None else known.over(model.beta, ()),
    )


def _itself(expr: Expr) -> Expr:
    return expr


def _scales(model: Pairwise, function: Callable[[Expr], Expr]) -> dict[Key, Expr]:
    """The factors of matrices: couplings with one factor in common share a matrix."""
    shared: dict[Expr, list[Piece]] = {}
    for coupling in model.couplings:
        for scale, base in split(function(coupling.value)).items():
            shared.setdefault(scale, []).append((base, coupling.row, coupling.column))
    found: dict[Key, Expr] = {}
    for scale, pieces in shared.items():
        found[tuple(pieces)] = found.get(tuple(pieces), S.Zero) + scale
    return found


def _assembled(key: Key, known: Values, places: dict[str, slice]) -> Matrix:
    """One symmetric matrix over all sites."""
    total = max(place.stop for place in places.values())
    parts: list[tuple[slice, slice, Matrix]] = []
    for base, row, column in key:
        block = known.matrix(base, row.slots, column.slots)
        at = places[row.name], places[column.name]
        if row.label == column.label:
            parts.append((*at, symmetric_part(block)))
        else:
            parts += [(*at, block), (*at[::-1], block.T)]
    if len(parts) == 1 and parts[0][2].shape == (total, total):
        return parts[0][2]
    if any(is_sparse(part) for *_, part in parts):
        return _sparse_sum(parts, total)
    whole = np.zeros((total, total))
    for rows, columns, part in parts:
        whole[rows, columns] += part
    return whole


def _sparse_sum(parts: list[tuple[slice, slice, Matrix]], total: int) -> Matrix:
    import scipy.sparse as sparse

    whole = sparse.csr_array((total, total))
    for rows, columns, part in parts:
        entries = sparse.coo_array(part)
        at = entries.coords[0] + rows.start, entries.coords[1] + columns.start
        whole = whole + sparse.coo_array((entries.data, at), shape=(total, total))
    return whole.tocsr()


def _one_site(
    model: Pairwise, function: Callable[[Expr], Expr], known: Values
) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """The constant, and the coefficients of powers of the spins of all variables."""
    constant = known.over(function(model.constant), ())
    columns = []
    for spins in model.spins:
        powers = [_per_site(function(field), spins, known) for field in spins.fields]
        if function is not _itself and any(function(w) != 0 for w in spins.weights):
            weights = np.array(
                np.broadcast_arrays(*(known.over(function(w), ()) for w in spins.weights))
            )
            values = np.array([float(v) for v in spins.values])
            lowest, *higher = np.linalg.solve(np.vander(values, increasing=True), weights)
            constant = constant + lowest * known.size(spins.site.slots)
            powers = [p + extra for p, extra in zip(powers, higher, strict=True)]
        columns.append(powers)
    degree = max(len(powers) for powers in columns)
    for powers in columns:
        powers += [np.zeros((1, 1))] * (degree - len(powers))
    sizes = [known.size(spins.site.slots) for spins in model.spins]
    return constant, tuple(_stacked(parts, sizes) for parts in zip(*columns, strict=True))


def _stacked(parts: tuple[np.ndarray, ...], sizes: list[int]) -> np.ndarray:
    """Coefficients of all variables over all sites, or over one where they are uniform."""
    if len(parts) == 1:
        return parts[0]
    points = max(part.shape[1] for part in parts)
    full = [np.broadcast_to(p, (n, points)) for p, n in zip(parts, sizes, strict=True)]
    return np.concatenate(full)


def _per_site(expr: Expr, spins: Spins, known: Values) -> np.ndarray:
    """A coefficient over (sites or 1, points or 1)."""
    slots = spins.site.slots
    value = known.over(expr, slots)
    if value[0].size > 1:
        full = tuple(known.count(i) for i in slots)
        value = np.broadcast_to(value, (len(value), *full))
    return value.reshape(len(value), -1).T


def _preferences(spins: Spins, known: Values) -> np.ndarray:
    fields = [_per_site(field, spins, known) for field in spins.fields]
    weights = [known.over(weight, ()) for weight in spins.weights]
    rows = []
    for value, weight in zip(spins.values, weights, strict=True):
        powers = [field * float(value) ** p for p, field in enumerate(fields, 1)]
        rows.append(np.sum(np.broadcast_arrays(weight[None], *powers), axis=0))
    return np.array(rows)
