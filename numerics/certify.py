"""A kernel against the mpmath reference: the worst error that a search finds."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
from mpmath import mpf

from derive.equations import GaussianAverage
from numerics.arguments import bind, matched
from numerics.bounds import bound_of
from numerics.certificate import Certificate, OutputCertificate
from numerics.conditioning import Conditioning
from numerics.errors import PrecisionError
from numerics.kernel import Kernel
from numerics.ranges import Ranges, range_text
from numerics.reference import Undefined, trusted
from numerics.reference_program import is_scalar_program, spreads, trusted_entries
from numerics.samples import Search, spread
from numerics.special_points import special_points

__all__ = ["certify"]

UNIT = mpf(2) ** -53
SMALLEST = mpf(2) ** -1022  # errors below the smallest normal double are underflow, not counted
LEAST, MOST = 16, 64  # points of the search


def certify(
    kernel: Kernel,
    samples: int = 200,
    seed: int = 0,
    ranges: Mapping[Any, Any] | None = None,
    **named: Any,
) -> Certificate:
    """Compare a kernel with mpmath over ranges of its parameters.

    Points are corners, random and evenly spread ones, neighbourhoods of special points (ends of
    ranges, zero, one, roots of the arguments of functions), then a search that climbs from the
    worst of them in steps from an ulp to a tenth.  The precision of the reference is raised at each
    point until two precisions agree.

    Parameters
    ----------
    kernel : Kernel
        From `compile`.
    samples : int
        How many points before the search begins; the search takes about half as many more.
    seed : int
        The certificate is repeatable.
    ranges : mapping, optional
        By symbol or name, for names that are no keyword.
    **named
        For each parameter a pair ``(low, high)``, or a number or an array that is kept fixed; by
        default the range that the kernel was compiled for.  A positive range over a decade or more
        is sampled logarithmically.  The ends of an array's range are numbers where its size
        follows from another array, or arrays of its shape; the entries vary one by one, those of
        a symmetric array in pairs.

    Returns
    -------
    Certificate
        The worst error of each output in units of u (1 + K), where K is the condition number: the
        sum over parameters, entry by entry, of ``abs(x df/dx / f)``, and u = 2**-53.  Errors
        below the smallest normal number, 2e-308, count as underflow and not as errors.  A kernel
        is held to 4 of these units, one with special functions or Gaussian averages to 8; of the
        latter it is also told whether the error that their plan expects is honest.

    Raises
    ------
    NumericsError
        For a parameter without range, or an empty range.

    Examples
    --------
    >>> from sympy import Symbol, cosh, log
    >>> import numerics as nm
    >>> x = Symbol("x")
    >>> nm.certify(nm.compile(log(2*cosh(x))), x=(-1e4, 1e4), samples=40).holds
    True
    """
    given = bind(kernel.arguments, (), _named(kernel, ranges or {}, named))
    problem = Ranges.of(kernel, given)
    rng = np.random.default_rng(seed)
    trials = [_Trial(problem, number) for number in range(len(kernel.outputs))]
    points = spread(problem.box, samples - samples // 4, rng)
    for trial in trials:
        trial.compare(points)
        trial.compare(trial.special(samples // 4, rng))
        trial.search(min(max(samples // 2, LEAST), MOST), rng)
    texts = [(g.name, range_text(v)) for g, v in zip(kernel.arguments, given, strict=True)]
    held = zip(kernel.bound_arguments, kernel.bound.values(), strict=True)
    texts += [(g.name, range_text(v)) for g, v in held]
    outputs = tuple(trial.certificate() for trial in trials)
    return Certificate(repr(kernel), kernel.backend, tuple(texts), seed, outputs)


def _named(kernel: Kernel, ranges: Mapping[Any, Any], named: Mapping[str, Any]) -> dict[Any, Any]:
    """What was given, and of what was not the ranges that the kernel was compiled for."""
    given = {**ranges, **named}
    taken = matched(kernel.arguments, given)
    known = {}
    for number, argument in enumerate(kernel.arguments):
        key = getattr(argument.symbol, "label", argument.symbol)
        if key in kernel.ranges and number not in taken:
            low, high = kernel.ranges[key]
            known[key] = low if low == high and not argument.ranges else (low, high)
    return {**known, **given}


class _Trial:
    """The comparison of one output; keeps every point with its error."""

    def __init__(self, problem: Ranges, number: int) -> None:
        self.problem, self.number = problem, number
        self.name, self.expr = problem.kernel.equations.expressions[number]
        self.axes = problem.kernel.output_indices(number)
        self.is_program = is_scalar_program(self.expr)
        if not self.is_program:
            self.conditioning = Conditioning(self.expr, problem.symbols)
        self.bound = bound_of(self.expr)
        self.errors: list[float] = []
        self.points: list[np.ndarray] = []
        self.details: list[tuple[float, float]] = []
        self.digits, self.undefined = 0, 0

    def special(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Points beside special places."""
        if self.is_program:  # too long to look for special points in
            return np.empty((0, len(self.problem.box.low)))
        numbers, fixed = self.problem.scalars()
        return special_points(self.problem.box, self.expr, numbers, fixed, count, rng)

    def search(self, budget: int, rng: np.random.Generator) -> None:
        """Climb from the worst points."""
        if not (self.problem.box.low and self.points):
            return
        search = Search(self.problem.box, rng)
        while budget > 0:
            found = list(zip(self.errors, self.points, strict=True))
            points = search.next(found)[:budget]
            budget -= len(points)
            self.compare(points)

    def compare(self, points: np.ndarray) -> None:
        """Kernel against reference, one point after the other."""
        if not len(points):
            return
        results = self.problem.kernel.evaluate(self.problem.arguments(points), nonfinite="keep")
        own = results[self.number] if isinstance(results, tuple) else results
        rows = np.broadcast_to(own, (len(points), *np.shape(own)[np.ndim(own) - len(self.axes) :]))
        for point, row in zip(points, rows, strict=True):
            if self.is_program:
                self._compare_entries(point, row)
                continue
            for place in product(*(range(n) for n in row.shape)):
                self._compare_one(point, float(row[place]), place)

    def _compare_one(self, point: np.ndarray, got: float, place: tuple[int, ...]) -> None:
        values = self.problem.values(point)
        at = {index: k + 1 for index, k in zip(self.axes, place, strict=True)}
        try:
            (true,), digits = trusted([self.expr], values, at)
            spread_, used = self.conditioning.spread(values, at, digits)
        except (Undefined, PrecisionError):
            self.undefined += 1
            return
        self._record(point, got, true, spread_)
        self.digits = max(self.digits, digits, used)

    def _compare_entries(self, point: np.ndarray, row: Any) -> None:
        """All entries of a program at once, as they share nearly all of it."""
        try:
            true, digits = trusted_entries(self.expr, self.problem.values(point))
        except (PrecisionError, ArithmeticError):
            self.undefined += row.size
            return
        moved = spreads(self.problem, self.number, point)
        for got, exact, spread_ in zip(row.flat, true, moved.flat, strict=True):
            self._record(point, float(got), mpf(exact), mpf(float(spread_)))
        self.digits = max(self.digits, digits)

    def _record(self, point: np.ndarray, got: float, true: Any, spread_: Any) -> None:
        error = abs(mpf(got) - true) if np.isfinite(got) else mpf("inf")
        error = mpf(0) if error < SMALLEST else error
        scale = UNIT * (abs(true) + spread_)
        self.errors.append(_quotient(error, scale))
        self.points.append(point)
        self.details.append((_quotient(error, abs(true)), _quotient(spread_, abs(true))))

    def certificate(self) -> OutputCertificate:
        """What was found."""
        if not self.errors:
            nothing = float("inf"), float("inf"), 0.0, (), 0, 0
            return OutputCertificate(self.name, *nothing, self.undefined, self.bound)
        worst = int(np.argmax(self.errors))
        named = self.problem.point(self.points[worst])
        counts = self.digits, len(self.errors), self.undefined
        found = self.errors[worst], *self.details[worst], named, *counts
        return OutputCertificate(self.name, *found, self.bound, *self._expected())

    def _expected(self) -> tuple[float | None, bool]:
        """What the plans of averages expect of the relative error, and whether that is honest."""
        if not self.expr.has(GaussianAverage):
            return None, True
        estimate = max((row.estimate for row in self.problem.kernel.quadrature), default=0.0)
        unit = float(UNIT)
        honest = all(
            error <= estimate + self.bound * unit * (1 + condition)
            for error, condition in self.details
        )
        return estimate, honest


def _quotient(above: Any, below: Any) -> float:
    if above == 0:
        return 0.0
    return float(above / below) if below != 0 else float("inf")
