"""The door of a simulation: what is simulated, at which parameters, from which states."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sympy import Expr

from derive.equations import Equations, Label, Pairwise
from numerics.errors import DomainError, NotANumberError, ShapeError
from numerics.problem.errors import ProblemError
from numerics.problem.given import Given, bind
from numerics.simulation.network import energy_of
from numerics.simulation.terms import Values, is_sparse, split

__all__ = ["Opened", "opened", "starting", "whole"]


@dataclass(frozen=True)
class Opened:
    """A pairwise model with checked parameters.

    Attributes
    ----------
    pairwise : Pairwise
        The model.
    given : Given
        Values of its parameters.
    sparse : dict of str to sparse array
        Couplings that stay sparse.
    groups : list of ndarray of int
        Points of the batch that share their matrices.
    """

    pairwise: Pairwise
    given: Given
    sparse: Mapping[str, Any]
    groups: list[np.ndarray]

    def at(self, points: np.ndarray) -> Values:
        """The parameters at some points."""
        return Values(self.pairwise.parameters, self.given, self.sparse, points)


def opened(problem: Any, parameters: Mapping[str, Any]) -> Opened:
    """Check the model and its parameters."""
    model = problem.pairwise() if hasattr(problem, "pairwise") else problem
    if not isinstance(model, Pairwise):
        raise ProblemError(
            f"{type(problem).__name__} offers no pairwise(): pass the ensemble; that of a "
            "derivation is its .start"
        )
    labels = {p.name: p.label for p in model.parameters if hasattr(p, "label")}
    sparse = {
        k: _sparse(labels[k], v) for k, v in parameters.items() if k in labels if is_sparse(v)
    }
    rest = {k: v for k, v in parameters.items() if k not in sparse}
    for name in sparse:
        _add_sizes(labels[name], sparse[name], rest)
    symbols = tuple(p for p in model.parameters if p.name not in sparse)
    given = bind(Equations(tuple(s.site for s in model.spins), symbols, ()), rest)
    _check_sizes(model, given)
    for name, label in labels.items():
        if label.symmetric and len(label.ranges) == 2:
            _check_symmetric(name, sparse[name] if name in sparse else given.flat[name])
    everywhere = Values(model.parameters, given, sparse, np.arange(given.points))
    whole_batch = np.arange(given.points)
    varies = any(everywhere.varies(base) for base in _bases(model))
    groups = [whole_batch[k : k + 1] for k in whole_batch] if varies else [whole_batch]
    return Opened(model, given, sparse, groups)


def _bases(model: Pairwise) -> set[Expr]:
    functions = (lambda expr: expr, energy_of(model))
    values = [f(coupling.value) for coupling in model.couplings for f in functions]
    return {base for value in values for base in split(value).values()}


def _sparse(label: Label, value: Any) -> Any:
    if len(label.ranges) != 2:
        raise ShapeError(f"{label.name} has {len(label.ranges)} indices, so that it is not sparse")
    matrix = value.tocsr().astype(float)
    if not np.isfinite(matrix.data).all():
        raise NotANumberError(f"{label.name} has entries that are not finite: give finite numbers")
    return matrix


def _add_sizes(label: Label, matrix: Any, rest: dict[str, Any]) -> None:
    """What the shape of a sparse array says about sizes."""
    for over, length in zip(label.ranges, matrix.shape, strict=True):
        known = over.size if over.size.is_Integer else rest.get(str(over.size), length)
        if np.ndim(known) or int(known) != length:
            raise ShapeError(
                f"{label.name} has an axis of length {length} where {over.name} is {known}"
            )
        if over.size.is_Symbol:
            rest[str(over.size)] = length


def _check_sizes(model: Pairwise, given: Given) -> None:
    for spins in model.spins:
        for index in spins.site.slots:
            if not index.range.size.subs(given.sizes).is_Integer:
                raise ShapeError(
                    f"{index.range.size} has no value: pass {index.range.size}=... or an array "
                    "over it"
                )


def _check_symmetric(name: str, value: Any) -> None:
    """Within rounding: a product of matrices need not be symmetric to the last digit."""
    mirrored = value.T if is_sparse(value) else np.swapaxes(value, -1, -2)
    if mirrored.shape != value.shape:
        raise ShapeError(f"{name} is declared symmetric, but its shape is {value.shape}")
    excess = abs(value - mirrored)
    if excess.max() <= 1e-12 * abs(value).max():
        return
    at = np.unravel_index(int(excess.argmax()), excess.shape)
    i, j = (int(k) for k in at[-2:])
    raise DomainError(
        f"{name} is declared symmetric, but {name}[{i}, {j}] = {float(value[at])!r} and "
        f"{name}[{j}, {i}] = {float(mirrored[at])!r}: the exponent holds only their mean, pass "
        f"({name} + {name}.T)/2 if that is meant, or declare {name} without symmetric=True"
    )


def whole(name: str, value: Any, least: int) -> int:
    """An integer that is large enough."""
    try:
        number = operator.index(value)
    except TypeError:
        raise DomainError(f"{name} is a number of times: give an integer, not {value!r}") from None
    if number < least or isinstance(value, bool):
        raise DomainError(f"{name}={value!r}: give an integer of at least {least}")
    return number


def starting(start: Any, model: Opened, chains: int, rng: np.random.Generator) -> np.ndarray:
    """States (sites, chains, points) to start from."""
    known = model.at(np.arange(model.given.points))
    sizes = [known.size(spins.site.slots) for spins in model.pairwise.spins]
    values = [np.array([float(v) for v in s.values]) for s in model.pairwise.spins]
    shape = (chains, model.given.points)
    if isinstance(start, str):
        if start not in ("random", "ordered"):
            raise ProblemError(f'start is "random", "ordered" or an array of states, not {start!r}')
        parts = [
            rng.choice(v, (n, *shape)) if start == "random" else np.full((n, *shape), v.max())
            for v, n in zip(values, sizes, strict=True)
        ]
        return np.concatenate(parts)
    states = np.asarray(start, dtype=float)
    target = (chains, *model.given.shape, sum(sizes))
    try:
        states = np.broadcast_to(states, target).reshape(*shape, -1)
    except ValueError:
        raise ShapeError(
            f"start has shape {states.shape}, which does not broadcast to (chains, batch, sites) "
            f"= {target}"
        ) from None
    bounds = np.cumsum([0, *sizes])
    for spins, own, first in zip(model.pairwise.spins, values, bounds, strict=False):
        part = states[..., first : first + known.size(spins.site.slots)]
        if not np.isin(part, own).all():
            raise DomainError(
                f"start has values that {spins.site.name} does not take: {own.tolist()}"
            )
    return np.moveaxis(states, -1, 0).copy()
