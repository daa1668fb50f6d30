"""A kernel against the mpmath reference: the worst error that a search finds."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
from mpmath import mpf
from sympy import Expr

from derive.equations import Element, Index, LogDet
from numerics.arguments import bind
from numerics.certificate import Certificate, OutputCertificate
from numerics.derivatives import derivatives
from numerics.errors import PrecisionError, UnsupportedExpressionError
from numerics.kernel import Kernel
from numerics.ranges import Ranges, range_text
from numerics.reference import Undefined, trusted
from numerics.samples import nearby, spread

__all__ = ["certify"]

UNIT = mpf(2) ** -53
SMALLEST = mpf(2) ** -1022  # errors below the smallest normal double are underflow, not counted
ROUNDS, WORST, EACH = 4, 4, 4


def certify(
    kernel: Kernel,
    samples: int = 200,
    seed: int = 0,
    ranges: Mapping[Any, Any] | None = None,
    **named: Any,
) -> Certificate:
    """Compare a kernel with mpmath over ranges of its parameters.

    Points are corners, random and evenly spread ones, then rounds of a search around the worst.
    The precision of the reference is raised at each point until two precisions agree.

    Parameters
    ----------
    kernel : Kernel
        From `compile`.
    samples : int
        How many points before the search begins.
    seed : int
        The certificate is repeatable.
    ranges : mapping, optional
        By symbol or name, for names that are no keyword.
    **named
        For each parameter a pair ``(low, high)``, or a number or an array that is kept fixed.  A
        positive range over a decade or more is sampled logarithmically.  The ends of an array's
        range are numbers where its size follows from another array, or arrays of its shape; the
        entries vary one by one, those of a symmetric array in pairs.

    Returns
    -------
    Certificate
        The worst error of each output in units of u (1 + K), where K is the condition number: the
        sum over parameters, entry by entry, of ``abs(x df/dx / f)``, and u = 2**-53.  Errors
        below the smallest normal number, 2e-308, count as underflow and not as errors.

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
    given = bind(kernel.arguments, (), {**(ranges or {}), **named})
    problem = Ranges.of(kernel, given)
    rng = np.random.default_rng(seed)
    trials = [_Trial(problem, number) for number in range(len(kernel.outputs))]
    points = spread(problem.box, samples, rng)
    for trial in trials:
        trial.compare(points)
        for _ in range(ROUNDS if problem.box.low else 0):
            trial.compare(nearby(problem.box, trial.worst_points(WORST), EACH, rng))
    texts = [(g.name, range_text(v)) for g, v in zip(kernel.arguments, given, strict=True)]
    held = zip(kernel.bound_arguments, kernel.bound.values(), strict=True)
    texts += [(g.name, range_text(v)) for g, v in held]
    outputs = tuple(trial.certificate() for trial in trials)
    return Certificate(repr(kernel), kernel.backend, tuple(texts), seed, outputs)


class _Trial:
    """The comparison of one output; keeps every point with its error."""

    def __init__(self, problem: Ranges, number: int) -> None:
        self.problem, self.number = problem, number
        self.name, self.expr = problem.kernel.equations.expressions[number]
        self.axes = problem.kernel.output_indices(number)
        self.slopes = [_slope(self.expr, symbol) for symbol in problem.symbols]
        self.errors: list[float] = []
        self.points: list[np.ndarray] = []
        self.details: list[tuple[float, float]] = []
        self.digits, self.undefined = 0, 0

    def compare(self, points: np.ndarray) -> None:
        results = self.problem.kernel.evaluate(self.problem.arguments(points), nonfinite="keep")
        own = results[self.number] if isinstance(results, tuple) else results
        rows = np.broadcast_to(own, (len(points), *np.shape(own)[np.ndim(own) - len(self.axes) :]))
        for point, row in zip(points, rows, strict=True):
            for place in product(*(range(n) for n in row.shape)):
                self._compare_one(point, float(row[place]), place)

    def _compare_one(self, point: np.ndarray, got: float, place: tuple[int, ...]) -> None:
        values = self.problem.values(point)
        at = {index: k + 1 for index, k in zip(self.axes, place, strict=True)}
        try:
            true, spread_, digits = _true_value(self.expr, self.slopes, values, at)
        except (Undefined, PrecisionError):
            self.undefined += 1
            return
        error = abs(mpf(got) - true) if np.isfinite(got) else mpf("inf")
        error = mpf(0) if error < SMALLEST else error
        scale = UNIT * (abs(true) + spread_)
        self.errors.append(_quotient(error, scale))
        self.points.append(point)
        self.details.append((_quotient(error, abs(true)), _quotient(spread_, abs(true))))
        self.digits = max(self.digits, digits)

    def worst_points(self, count: int) -> np.ndarray:
        """The points of the largest errors."""
        if not self.points:
            return np.empty((0, len(self.problem.box.low)))
        order = np.argsort(self.errors)[::-1][:count]
        return np.array([self.points[k] for k in order])

    def certificate(self) -> OutputCertificate:
        if not self.errors:
            return OutputCertificate(
                self.name, float("inf"), float("inf"), 0.0, (), 0, 0, self.undefined
            )
        worst = int(np.argmax(self.errors))
        named = self.problem.point(self.points[worst])
        return OutputCertificate(
            self.name,
            self.errors[worst],
            *self.details[worst],
            named,
            self.digits,
            len(self.errors),
            self.undefined,
        )


def _slope(expr: Expr, symbol: Expr) -> tuple[Expr, Expr, tuple[Index, ...]]:
    """A parameter with the derivative by it, and the indices over which both are summed."""
    if expr.has(LogDet):
        raise UnsupportedExpressionError(
            "the condition number of a determinant of symbolic size is not known: certify the "
            "entry of its matrix instead"
        )
    if not (isinstance(symbol, Element) and symbol.slots):
        return symbol, derivatives([expr], [symbol])[0][0], ()
    taken = {index.name for index in expr.atoms(Index)}
    names = [f"c{k}" for k in range(1, 100) if f"c{k}" not in taken]
    indices = tuple(Index(n, r) for n, r in zip(names, symbol.label.ranges, strict=False))
    element = symbol.label[indices]
    return element, derivatives([expr], [element])[0][0], indices


def _true_value(
    expr: Expr, slopes: list[Any], values: Mapping[Any, Any], at: Mapping[Index, int]
) -> tuple[Any, Any, int]:
    """The value, the sum of abs(x df/dx), and the digits that were needed."""
    (true,), digits = trusted([expr], values, at)
    terms, places = [], []
    for parameter, slope, indices in slopes:
        sizes = [int(values.get(i.size, i.size)) for i in indices]
        for place in product(*(range(1, n + 1) for n in sizes)):
            if slope != 0 and (not _is_mirrored(parameter) or place[0] <= place[1]):
                terms.append(parameter * slope)
                places.append({**at, **dict(zip(indices, place, strict=True))})
    moved, used = trusted(terms, values, places, 20, 1e-3)
    return true, sum(map(abs, moved), mpf(0)), max(digits, used)


def _is_mirrored(parameter: Expr) -> bool:
    """Whether an entry of an array stands for two, so that one of them is counted."""
    return (
        isinstance(parameter, Element) and parameter.label.symmetric and len(parameter.slots) == 2
    )


def _quotient(above: Any, below: Any) -> float:
    if above == 0:
        return 0.0
    return float(above / below) if below != 0 else float("inf")
