"""Exact sums at finite size over occupation numbers, for models of site sums only.

A state of N sites enters such a model through how many sites are in each single-site state n_a:
``Z = sum_n N! / prod_a n_a! * exp(sum_a n_a w_a + exponent(totals(n)))``. The logarithms of the
terms are of order N, and each carries a rounding error of order N * 1e-16. Only their differences
to the largest term matter: those are formed from differences of occupations, which are exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import lcm
from typing import Any

import numpy as np
from sympy import Expr, Rational, Symbol, sympify

from derive.equations import Equations, FiniteSum
from numerics.compositions import (
    composition_blocks,
    composition_count,
    log_multinomial,
    log_multinomial_ratio,
)
from numerics.errors import NumericsError, ShapeError, UnknownParameterError
from numerics.kernel import Kernel
from numerics.solvers.errors import ProblemError
from numerics.solvers.given import Given, bind

__all__ = ["ExactSum", "TooManyStatesError", "exact"]

BLOCK = 2**18  # numbers in a block of compositions times parameter points


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
    terms = _Terms(model, size, given, 0 if of is None else names.index(of))
    return terms.summed(tuple(moments), distribution)


def _parameters(model: FiniteSum) -> tuple[Symbol, ...]:
    return tuple(p for p in model.parameters if p != model.size)


def _size(model: FiniteSum, parameters: Mapping[str, Any]) -> int:
    name = model.size.name
    here = {name: parameters[name]} if name in parameters else {}
    value = bind(Equations((), (model.size,), ()), here).values[name]
    if value.ndim:
        raise ShapeError(f"{name} is one integer for the whole batch: sum its values one by one")
    return int(value)


@lru_cache(maxsize=64)
def _kernel(arguments: tuple[Symbol, ...], expression: Expr) -> Kernel:
    return Kernel(Equations((), arguments, (("value", expression),)))


class _Terms:
    """The terms of one sum: parameter points in rows, occupations in columns."""

    def __init__(self, model: FiniteSum, size: int, given: Given, which: int) -> None:
        self.model, self.size, self.given, self.which = model, size, given, which
        self.values = np.array([[float(v) for v in state] for state in model.values])
        self.weights = tuple(sympify(w) for w in model.weights)
        self.steps = tuple(Symbol(f"step_{total.name}", real=True) for total in model.totals)
        by = dict(
            zip(
                model.totals,
                (t + d for t, d in zip(model.totals, self.steps, strict=True)),
                strict=True,
            )
        )
        # Expanded, a polynomial exponent keeps only terms with a step: nothing large cancels.
        self.change = (model.exponent.xreplace(by) - model.exponent).expand()

    def summed(self, moments: tuple[int, ...], distribution: bool) -> ExactSum:
        """Find the largest term of each point, then sum all terms in units of it."""
        mode = self._mode()
        place = _Places(self.model, self.size, self.which) if distribution else None
        sums: dict[Any, np.ndarray] = {}
        for n in self._blocks():
            weight = np.exp(self._log_ratio(n, mode))
            for key, value in self._summands(n, moments):
                sums[key] = sums.get(key, 0) + (weight * value).sum(axis=1)
            if place is not None:
                sums["bins"] = sums.get("bins", 0) + place.binned(n, weight)
        norm = sums["norm"]
        shape = self.given.shape

        def average(key: Any) -> np.ndarray:
            return np.asarray((sums[key] / norm).reshape(shape))

        top = np.array([self._log_term(m[None], k)[0, 0] for k, m in enumerate(mode)])
        return ExactSum(
            size=self.size,
            log_z=(top + np.log(norm)).reshape(shape),
            moments={p: average(("moment", p)) for p in moments},
            derivatives={p.name: average(("by", p)) for p in _parameters(self.model)},
            parameters={k: np.broadcast_to(v, shape) for k, v in self.given.values.items()},
            support=None if place is None else place.support,
            probability=None
            if place is None
            else (sums["bins"] / norm[:, None]).reshape((*shape, -1)),
        )

    def _blocks(self) -> Any:
        block = max(BLOCK // max(self.given.points, 1), 256)
        return composition_blocks(self.size, len(self.values), block)

    def _mode(self) -> np.ndarray:
        """The occupation of the largest term of each point."""
        best = np.full(self.given.points, -np.inf)
        mode = np.zeros((self.given.points, len(self.values)), dtype=int)
        for n in self._blocks():
            terms = self._log_term(n)
            top = terms.argmax(axis=1)
            height = terms[np.arange(len(terms)), top]
            mode[height > best] = n[top[height > best]]
            best = np.maximum(best, height)
        return mode

    def _log_term(self, n: np.ndarray, point: int | None = None) -> np.ndarray:
        """Logarithms of the terms (points, occupations), with a rounding error of order N."""
        (exponent,) = self._evaluate((self.model.exponent,), self._totals(n), point)
        return exponent + log_multinomial(n) + self._site_weights(point) @ n.T

    def _log_ratio(self, n: np.ndarray, mode: np.ndarray) -> np.ndarray:
        """Logarithms of the terms over the largest one of each point."""
        step = n - mode[:, None, :]
        moved = step @ self.values
        at = dict(zip(self.steps, np.moveaxis(moved, -1, 0), strict=True))
        at |= {
            t: v[:, None] for t, v in zip(self.model.totals, (mode @ self.values).T, strict=True)
        }
        (change,) = self._evaluate((self.change,), at)
        weights = (step @ self._site_weights()[..., None])[..., 0]
        return change + weights + log_multinomial_ratio(n, mode[:, None, :])

    def _summands(self, n: np.ndarray, moments: tuple[int, ...]) -> Any:
        """What is averaged, each with its key."""
        yield "norm", np.ones(1)
        per_site = (n @ self.values[:, self.which]) / self.size
        for power in moments:
            yield ("moment", power), per_site**power
        parameters = _parameters(self.model)
        slopes = self._evaluate(
            tuple(self.model.exponent.diff(p) for p in parameters), self._totals(n)
        )
        for p, slope in zip(parameters, slopes, strict=True):
            site = self._evaluate(tuple(w.diff(p) for w in self.weights), {})
            yield ("by", p), slope + np.concatenate(site, axis=1) @ n.T

    def _totals(self, n: np.ndarray) -> dict[Symbol, np.ndarray]:
        return dict(zip(self.model.totals, (n @ self.values).T[:, None, :], strict=True))

    def _site_weights(self, point: int | None = None) -> np.ndarray:
        """Logarithms of the single-site weights (points, states)."""
        return np.concatenate(self._evaluate(self.weights, {}, point), axis=1)

    def _evaluate(
        self,
        expressions: tuple[Expr, ...],
        at: Mapping[Symbol, np.ndarray],
        point: int | None = None,
    ) -> list[np.ndarray]:
        """Expressions (points, occupations) at totals and at all parameter points, or at one."""
        rows = np.arange(self.given.points) if point is None else np.array([point])
        given = self.given.take(rows)
        parameters = {p: given[p.name] for p in _parameters(self.model)}
        columns = {p: v[:, None] if v.ndim else v for p, v in parameters.items()}
        known: dict[Symbol, Any] = {**at, **columns, self.model.size: float(self.size)}
        shape = (len(rows), max((v.shape[-1] for v in at.values()), default=1))
        values = []
        for expression in expressions:
            arguments = {s: value for s, value in known.items() if s in expression.free_symbols}
            value = _kernel(tuple(arguments), expression)(arguments) if arguments else expression
            values.append(np.broadcast_to(np.asarray(value, dtype=float), shape))
        return values


class _Places:
    """Where each occupation falls among the values of one total."""

    def __init__(self, model: FiniteSum, size: int, which: int) -> None:
        column = [sympify(state[which]) for state in model.values]
        if not all(isinstance(value, Rational) for value in column):
            raise ProblemError(
                f"the values of {model.totals[which]} are not rational: its distribution has no "
                "even grid to be counted on"
            )
        common = lcm(*(int(value.q) for value in column))
        self.scaled = np.array([int(value * common) for value in column])
        self.lowest = int(self.scaled.min()) * size
        self.count = int(self.scaled.max()) * size - self.lowest + 1
        self.stride = int(np.gcd.reduce(self.scaled - self.scaled.min())) or 1
        self.support = (self.lowest + np.arange(0, self.count, self.stride)) / common

    def binned(self, n: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Weights (points, occupations) added up over equal values of the total."""
        place = (n @ self.scaled - self.lowest) // self.stride
        return np.stack([np.bincount(place, row, len(self.support)) for row in weight])
