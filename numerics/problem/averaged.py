"""What equations with Gaussian averages need: a domain, and slopes over the nodes of residuals."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from sympy import Expr, Symbol, sympify

from derive.equations import Equations, Index
from numerics.problem import forms
from numerics.problem.coordinates import Intervals
from numerics.problem.domain import Side, domain_of
from numerics.problem.given import Given

__all__ = ["Averaged", "breaks_of", "spread"]

OCTAVES = (1, 3, 7, 15, 31, 51)  # halvings of the distance from an end that share a rule

Layout = tuple[Index | None, ...]


class Averaged:
    """The part of a `System` that differs for equations with averages."""

    equations: Equations
    given: Given
    averaged: bool
    n: int
    lengths: tuple[int, ...]
    _indices: tuple[Index | None, ...]
    _evaluated: Any
    _terms: Any
    _pairs: Any
    _square: Any

    @cached_property
    def intervals(self) -> Intervals | None:
        """Where averages have a meaning; None for equations without averages."""
        if not self.averaged:
            return None
        domain = domain_of(self.equations)
        low, open_low = self._innermost(domain.lower, np.max, -np.inf)
        high, open_high = self._innermost(domain.upper, np.min, np.inf)
        return Intervals(low, high, open_low, open_high)

    def _innermost(
        self, sides: tuple[tuple[Side, ...], ...], innermost: Any, default: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """For each component the end that binds, and whether it is open (points, n)."""
        points = np.arange(self.given.points)
        columns, opens = [], []
        for own, length in zip(sides, self.lengths, strict=True):
            ends = np.array([self.at_points(s.end, points) for s in own] or [points + default])
            kinds = np.array([s.is_open for s in own] or [False])
            end = innermost(ends, axis=0)
            is_open = ((ends == end) & kinds[:, None]).any(axis=0)
            columns.append(np.repeat(end[:, None], length, axis=1))
            opens.append(np.repeat(is_open[:, None], length, axis=1))
        return np.concatenate(columns, axis=1), np.concatenate(opens, axis=1)

    def at_points(self, expr: Expr, rows: np.ndarray) -> np.ndarray:
        """An expression of parameters alone ``(rows,)``."""
        if expr.is_number:
            return np.full(len(rows), float(expr))
        nowhere = np.zeros((len(rows), self.n))
        return self._evaluated((expr,), [()], nowhere, rows)[0]

    def moved(self, x: np.ndarray, step: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Where steps lead; those of equations with averages stay inside of their domain."""
        return x + step if self.intervals is None else self.intervals.moved(x, step, rows)

    def room(self, x: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """The length on which the equations change: the distance from ends that are singular."""
        scale = np.maximum(1, np.abs(x))
        return scale if self.intervals is None else self.intervals.room(x, rows, scale)

    def inside(self, x: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Which states are finite, and where the equations have a meaning (rows,)."""
        found = np.isfinite(x).all(axis=1)
        if self.intervals is None or not found.any():
            return found
        found &= self.intervals.holds(x, rows)
        conditions = domain_of(self.equations).conditions
        if conditions and found.any():
            values = self._evaluated(conditions, [()] * len(conditions), x[found], rows[found])
            found[found] = (np.stack(values) >= 0).all(axis=0)
        return found

    def _with_slopes(
        self,
        expressions: tuple[Expr, ...],
        slopes: tuple[tuple[Expr, ...], ...],
        x: np.ndarray,
        rows: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Values, magnitudes of terms, and both of a matrix of derivatives over the same nodes."""
        layouts: list[Layout] = [*((i,) for i in self._indices), *self._pairs()]
        parts = [forms.terms(e) for e in (*expressions, *(e for row in slopes for e in row))]
        leading = sum(len(part) for part in parts[: len(expressions)])
        terms = self._terms(parts, layouts, x, rows, leading)
        sums = [np.sum(part, axis=0) for part in terms]
        sizes = [np.sum(np.abs(part), axis=0) for part in terms]
        k = len(expressions)
        values, magnitude = (np.concatenate(found[:k], axis=1) for found in (sums, sizes))
        return values, magnitude, self._square(sums[k:]), self._square(sizes[k:])


def breaks_of(equations: Equations, free: dict[Expr, Symbol]) -> dict[Symbol, tuple[float, ...]]:
    """Where rules for averages end: ever closer to an end at which the equations are singular."""
    found = {}
    domain = domain_of(equations)
    pairs = zip(equations.unknowns, equations.bounds, strict=False)
    bounds = {unknown: [sympify(end) for end in pair] for unknown, pair in pairs}
    for unknown, lower, upper in zip(equations.unknowns, domain.lower, domain.upper, strict=True):
        if unknown not in free:
            continue
        ends = [float(s.end) for s in (*lower, *upper) if s.end.is_number]
        below = [float(s.end) for s in lower if s.end.is_number and s.is_open]
        above = [float(s.end) for s in upper if s.end.is_number and s.is_open]
        near = [end + 2.0**-k for end in below for k in OCTAVES]
        near += [end - 2.0**-k for end in above for k in OCTAVES]
        inside = [p for p in near if max(below, default=-np.inf) < p < min(above, default=np.inf)]
        ends += [float(end) for end in bounds.get(unknown, ()) if end.is_number and end.is_finite]
        closed = [end for end in ends if end not in (*below, *above)]
        found[free[unknown]] = tuple(sorted({*inside, *closed}))
    return found


def spread(values: np.ndarray, inside: np.ndarray) -> np.ndarray:
    found = np.full((len(inside), *values.shape[1:]), np.nan)
    found[inside] = values
    return found
