"""The terms of an exact sum over occupation numbers, in units of the largest one.

The logarithms of the terms are of order N, and each carries a rounding error of order N * 1e-16.
Only their differences to the largest term matter: those are formed from differences of occupations,
which are exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from math import lcm
from typing import Any

import numpy as np
from sympy import Expr, Rational, Symbol, sympify

from derive.equations import Equations, FiniteSum
from numerics.compositions import composition_blocks, log_multinomial, log_multinomial_ratio
from numerics.kernel import Kernel
from numerics.problem.errors import ProblemError
from numerics.problem.given import Given

__all__ = ["Places", "Terms"]

BLOCK = 2**18  # numbers in a block of occupations times parameter points


@lru_cache(maxsize=64)
def _kernel(arguments: tuple[Symbol, ...], expression: Expr) -> Kernel:
    return Kernel(Equations((), arguments, (("value", expression),)))


class Terms:
    """The terms of one sum: parameter points in rows, occupations in columns."""

    def __init__(self, model: FiniteSum, size: int, given: Given, which: int) -> None:
        self.model, self.size, self.given, self.which = model, size, given, which
        self.values = np.array([[float(v) for v in state] for state in model.values])
        self.parameters = tuple(p for p in model.parameters if p != model.size)
        self.weights = tuple(sympify(w) for w in model.weights)
        self.steps = tuple(Symbol(f"step_{total.name}", real=True) for total in model.totals)
        by = {t: t + step for t, step in zip(model.totals, self.steps, strict=True)}
        # Expanded, a polynomial exponent keeps only terms with a step: nothing large cancels.
        self.change = (model.exponent.xreplace(by) - model.exponent).expand()

    def averages(self, moments: tuple[int, ...], places: Places | None) -> dict[Any, np.ndarray]:
        """log Z, moments, derivatives and the distribution, for all parameter points.

        Keys are ``"log_z"``, ``("moment", power)``, ``("by", parameter)`` and ``"probability"``.
        """
        mode = self._mode()
        sums: dict[Any, np.ndarray] = {}
        for n in self._blocks():
            weight = np.exp(self._log_ratio(n, mode))
            for key, value in self._summands(n, moments):
                sums[key] = sums.get(key, 0) + (weight * value).sum(axis=1)
            if places is not None:
                sums["probability"] = sums.get("probability", 0) + places.binned(n, weight)
        norm = sums.pop("norm")
        averages = {key: (value.T / norm).T for key, value in sums.items()}
        top = np.array([self._log_term(m[None], k)[0, 0] for k, m in enumerate(mode)])
        return averages | {"log_z": top + np.log(norm)}

    def _blocks(self) -> Iterator[np.ndarray]:
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

    def _summands(self, n: np.ndarray, moments: tuple[int, ...]) -> Iterator[tuple[Any, Any]]:
        """What is averaged, each with its key."""
        yield "norm", np.ones(1)
        per_site = (n @ self.values[:, self.which]) / self.size
        for power in moments:
            yield ("moment", power), per_site**power
        slopes = self._evaluate(
            tuple(self.model.exponent.diff(p) for p in self.parameters), self._totals(n)
        )
        for p, slope in zip(self.parameters, slopes, strict=True):
            site = self._evaluate(tuple(w.diff(p) for w in self.weights), {})
            yield ("by", p.name), slope + np.concatenate(site, axis=1) @ n.T

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
        parameters = {p: given[p.name] for p in self.parameters}
        columns = {p: v[:, None] if v.ndim else v for p, v in parameters.items()}
        known: dict[Symbol, Any] = {**at, **columns, self.model.size: float(self.size)}
        shape = (len(rows), max((v.shape[-1] for v in at.values()), default=1))
        values = []
        for expression in expressions:
            arguments = {s: value for s, value in known.items() if s in expression.free_symbols}
            value = _kernel(tuple(arguments), expression)(arguments) if arguments else expression
            values.append(np.broadcast_to(np.asarray(value, dtype=float), shape))
        return values


class Places:
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
