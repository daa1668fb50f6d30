"""The door of a simulation: what is simulated, at which parameters, from which states."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sympy import Expr

from derive.equations import Equations, Pairwise
from numerics.energies import energy_of
from numerics.errors import DomainError, MissingParameterError, ShapeError
from numerics.problem.errors import ProblemError
from numerics.problem.given import Given, bind
from numerics.simulation.terms import Values, split

__all__ = ["Opened", "generator", "opened", "starting", "whole"]


@dataclass(frozen=True)
class Opened:
    """A pairwise model with checked parameters.

    Attributes
    ----------
    pairwise : Pairwise
        The model.
    given : Given
        Values of its parameters.
    groups : list of ndarray of int
        Points of the batch that share their matrices.
    """

    pairwise: Pairwise
    given: Given
    groups: list[np.ndarray]

    def at(self, points: np.ndarray) -> Values:
        """The parameters at some points."""
        return Values(self.pairwise.parameters, self.given, points)


def opened(problem: Any, parameters: Mapping[str, Any]) -> Opened:
    """Check the model and its parameters."""
    model = problem.pairwise() if hasattr(problem, "pairwise") else problem
    if not isinstance(model, Pairwise):
        raise ProblemError(
            f"{type(problem).__name__} offers no pairwise(): pass the ensemble; that of a "
            "derivation is its .start"
        )
    given = bind(Equations(tuple(s.site for s in model.spins), model.parameters, ()), parameters)
    _check_sizes(model, given)
    everywhere = Values(model.parameters, given, np.arange(given.points))
    whole_batch = np.arange(given.points)
    varies = any(everywhere.varies(base) for base in _bases(model))
    groups = [whole_batch[k : k + 1] for k in whole_batch] if varies else [whole_batch]
    return Opened(model, given, groups)


def _bases(model: Pairwise) -> set[Expr]:
    functions = (lambda expr: expr, energy_of(model.beta))
    values = [f(coupling.value) for coupling in model.couplings for f in functions]
    return {base for value in values for base in split(value).values()}


def _check_sizes(model: Pairwise, given: Given) -> None:
    for spins in model.spins:
        for index in spins.site.slots:
            if not index.range.size.subs(given.sizes).is_Integer:
                raise MissingParameterError(
                    f"{index.range.size} has no value: pass {index.range.size}=... or an array "
                    "over it"
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


def generator(rng: Any) -> np.random.Generator:
    """A source of random numbers."""
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError):
        raise DomainError(
            f"rng={rng!r} is no seed: give a whole number, a SeedSequence or a Generator of NumPy"
        ) from None


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
