"""Exact sums at finite size over occupation numbers, for models of site sums only.

A state of N sites enters such a model through how many sites are in each single-site state n_a:
``Z = sum_n N! / prod_a n_a! * exp(sum_a n_a w_a + exponent(totals(n)))``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sympy import Symbol

from derive.equations import Equations, FiniteSum
from numerics.compositions import composition_count
from numerics.errors import NumericsError, ShapeError, UnknownParameterError
from numerics.occupations import Places, Terms
from numerics.problem.errors import ProblemError
from numerics.problem.given import bind

__all__ = ["ExactSum", "TooManyStatesError", "exact"]


class TooManyStatesError(NumericsError):
    """A sum over more states than the caller allows."""


@dataclass(frozen=True)
class ExactSum:
    """The exact partition function at finite size.

    Attributes
    ----------
    size : int
        The number of sites N.
    log_z : ndarray (batch)
        The logarithm of the partition function, not divided by N.
    moments : dict of int to ndarray (batch)
        Power p to ``<M**p> / N**p`` of the site sum M asked for.
    derivatives : dict of str to ndarray (batch)
        Derivative of `log_z` by each parameter, summed exactly.
    parameters : dict of str to ndarray (batch)
        What was given.
    support, probability : ndarray or None
        Values of M, and their probabilities (batch, values), if asked for.
    """

    size: int
    log_z: np.ndarray
    moments: dict[int, np.ndarray]
    derivatives: dict[str, np.ndarray]
    parameters: dict[str, np.ndarray]
    support: np.ndarray | None = None
    probability: np.ndarray | None = None

    def moment(self, power: int) -> np.ndarray:
        """``<M**power> / N**power``."""
        if power not in self.moments:
            raise ProblemError(f"moment {power} was not summed: exact(..., moments=({power},))")
        return self.moments[power]

    @property
    def binder(self) -> np.ndarray:
        """Binder's cumulant ``1 - <M**4> / (3 <M**2>**2)``."""
        return 1 - self.moment(4) / (3 * self.moment(2) ** 2)

    @property
    def energy(self) -> np.ndarray:
        """The mean energy per site, ``-d log Z / d beta / N`` (or from a temperature ``T``)."""
        if "beta" in self.derivatives:
            return -self.derivatives["beta"] / self.size
        if "T" in self.derivatives:
            return self.parameters["T"] ** 2 * self.derivatives["T"] / self.size
        raise ProblemError("the energy is a derivative by beta or T, and neither is a parameter")


def exact(
    problem: Any,
    *,
    moments: Sequence[int] = (1, 2, 4),
    of: str | None = None,
    distribution: bool = False,
    largest: int = 20_000_000,
    **parameters: Any,
) -> ExactSum:
    """Sum a model of site sums exactly at finite size, over a batch of parameters.

    Parameters
    ----------
    problem : FiniteSum, or anything with ``.finite_sum()``
        Single-site values and weights, and the exponent in the totals.
    moments : sequence of int
        Which powers of the site sum are averaged.
    of : str, optional
        The name of the total whose moments and distribution are taken; the first by default.
    distribution : bool
        Whether the probability of each value of that total is kept.
    largest : int
        The largest number of occupations to sum over: N + 1 for two single-site states,
        C(N + q - 1, q - 1) for q of them.
    **parameters
        The size (an integer, under the name of the size symbol) and a number or array for each
        other parameter; shapes are broadcast against each other.

    Returns
    -------
    ExactSum

    Raises
    ------
    TooManyStatesError
        If there are more occupations than `largest`.
    NumericsError
        For parameters that are missing, unknown, not finite or out of their domain.

    Examples
    --------
    >>> from sympy import symbols
    >>> from derive.equations import FiniteSum
    >>> N = symbols("N", integer=True, positive=True)
    >>> M, K = symbols("M K", real=True)
    >>> magnet = FiniteSum(((-1,), (1,)), (0, 0), (M,), K * M**2 / (2 * N), N, (K,))
    >>> two = exact(magnet, N=2, K=1.0)  # log(2 e + 2)
    >>> float(two.log_z.round(12)), float(two.moments[2].round(12))
    (2.006408868078, 0.73105857863)
    """
    model: FiniteSum = problem.finite_sum() if hasattr(problem, "finite_sum") else problem
    size = _size(model, parameters)
    rest = {name: value for name, value in parameters.items() if name != model.size.name}
    given = bind(Equations((), _parameters(model), ()), rest)
    names = [total.name for total in model.totals]
    if of is not None and of not in names:
        raise UnknownParameterError(f"there is no total {of}: there are {', '.join(names)}")
    count = composition_count(size, len(model.values))
    if count > largest:
        raise TooManyStatesError(
            f"{size} sites in {len(model.values)} states have {count} occupations, more than "
            f"largest={largest}: lower {model.size}, or allow more"
        )
    which = 0 if of is None else names.index(of)
    places = Places(model, size, which) if distribution else None
    found = Terms(model, size, given, which).averages(tuple(moments), places)
    batch = {key: value.reshape((*given.shape, *value.shape[1:])) for key, value in found.items()}
    return ExactSum(
        size=size,
        log_z=batch["log_z"],
        moments={power: batch["moment", power] for power in moments},
        derivatives={name: batch["by", name] for name in given.values},
        parameters={k: np.broadcast_to(v, given.shape) for k, v in given.values.items()},
        support=None if places is None else places.support,
        probability=batch.get("probability"),
    )


def _parameters(model: FiniteSum) -> tuple[Symbol, ...]:
    return tuple(p for p in model.parameters if p != model.size)


def _size(model: FiniteSum, parameters: Mapping[str, Any]) -> int:
    name = model.size.name
    here = {name: parameters[name]} if name in parameters else {}
    value = bind(Equations((), (model.size,), ()), here).values[name]
    if value.ndim:
        raise ShapeError(f"{name} is one integer for the whole batch: sum its values one by one")
    return int(value)
