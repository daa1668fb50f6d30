"""Where a kernel is likely to err: ends, zero and one, and roots of the arguments of its functions.

A recipe changes its formula, a function its branch, or terms cancel, where an argument of a
logarithm, a root, an absolute value, a step or a stable function vanishes, or is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from mpmath import isfinite
from sympy import (
    Abs,
    Expr,
    Function,
    Heaviside,
    Max,
    Min,
    Piecewise,
    Pow,
    S,
    Symbol,
    acos,
    acosh,
    asin,
    preorder_traversal,
)
from sympy.core.relational import Relational

from derive.equations import Binder, Element, GaussianAverage, Index
from numerics.errors import UnsupportedExpressionError
from numerics.reference_code import CONTEXT, Source
from numerics.samples import Box

__all__ = ["arguments", "special_points"]

NEAR = (0.0, 2.0**-52, 1e-12, 1e-8, 1e-4)  # relative distances to a special point
LINES = 2  # along each coordinate, through random points
SCANNED = 24  # points of a line
BISECTIONS = 60


def special_points(
    where: Box,
    expr: Expr,
    numbers: Mapping[Expr, int],
    fixed: Mapping[Expr, float],
    count: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """At most `count` points at and beside special places of a box.

    Parameters
    ----------
    where : Box
    expr : Expr
        What is evaluated.
    numbers : mapping from Expr to int
        The column of each scalar that varies.
    fixed : mapping from Expr to float
        The other scalars.
    count : int
    rng : Generator
    """
    size = len(where.low)
    if not size or not count:
        return np.empty((0, size))
    found = [*_ends(where, rng), *_roots(where, expr, numbers, fixed, rng)]
    if not found:
        return np.empty((0, size))
    chosen = rng.permutation(len(found))[:count]
    return where.inside(np.array([found[k] for k in chosen]))


def _ends(where: Box, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Beside the ends of each range, and beside zero and one in it."""
    for k, (low, high) in enumerate(zip(where.low, where.high, strict=True)):
        for place in (low, high, *(x for x in (-1.0, 0.0, 1.0) if low < x < high)):
            yield from _beside(_random(where, rng), k, place, where)


def _random(where: Box, rng: np.random.Generator) -> np.ndarray:
    unit = rng.random((1, len(where.low)))
    return where.at(unit, rng.random(1) < 0.5)[0]


def _beside(point: np.ndarray, column: int, place: float, where: Box) -> Iterator[np.ndarray]:
    """The point moved to a place along a coordinate, and to both sides of it."""
    width = where.high[column] - where.low[column]
    for distance in NEAR:
        for side in (-1, 1) if distance else (1,):
            moved = point.copy()
            moved[column] = place + side * distance * (abs(place) or width)
            if where.low[column] <= moved[column] <= where.high[column]:
                yield moved


def _roots(
    where: Box,
    expr: Expr,
    numbers: Mapping[Expr, int],
    fixed: Mapping[Expr, float],
    rng: np.random.Generator,
) -> Iterator[np.ndarray]:
    scalars = [*numbers, *fixed]
    names = {s: Symbol(f"p{k}") for k, s in enumerate(scalars)}
    for argument in arguments(expr, scalars):
        constants: dict[Expr, str] = {}
        try:
            source = Source(list(names.values()), constants, _refused)
            function = source.function([argument.xreplace(names)])
            held = [CONTEXT.mpmathify(constant.evalf(30)) for constant in constants]
        except UnsupportedExpressionError:
            continue
        for column in sorted(set(numbers.values())):
            for _ in range(LINES):
                point = _random(where, rng)
                line = _line(partial(function, c=held), point, column, numbers, fixed)
                for root in _along(line, where, column):
                    yield from _beside(point, column, root, where)


def _refused(node: GaussianAverage) -> Any:
    raise UnsupportedExpressionError("no average in an argument")


def _line(
    function: Callable[..., Any],
    point: np.ndarray,
    column: int,
    numbers: Mapping[Expr, int],
    fixed: Mapping[Expr, float],
) -> Callable[[float], float]:
    """The argument along a coordinate through a point; nan where it has no real value."""

    def value(x: float) -> float:
        moved = point.copy()
        moved[column] = x
        given = [moved[k] for k in numbers.values()] + list(fixed.values())
        try:
            result = function([CONTEXT.mpf(float(v)) for v in given])[0]
        except (ArithmeticError, TypeError, ValueError):
            return float("nan")
        real = getattr(result, "imag", 0) == 0 and isfinite(result)
        return float(result.real) if real else float("nan")

    return value


def _along(value: Callable[[float], float], where: Box, column: int) -> Iterator[float]:
    """Roots on a coordinate, bracketed on a grid that is logarithmic where the box is."""
    unit = np.repeat(np.linspace(0, 1, SCANNED)[:, None], len(where.low), axis=1)
    grid = np.unique(where.at(unit, np.zeros(SCANNED, dtype=bool))[:, column])
    heights = [value(x) for x in grid]
    for low, high, left, right in zip(grid, grid[1:], heights, heights[1:], strict=False):
        if left == 0:
            yield float(low)
        elif left * right < 0:
            yield _bisected(value, float(low), float(high), left)


def _bisected(value: Callable[[float], float], low: float, high: float, left: float) -> float:
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        if (value(middle) < 0) == (left < 0):
            low = middle
        else:
            high = middle
    return (low + high) / 2


# -- what may vanish ---------------------------------------------------------------------------


def arguments(expr: Expr, scalars: Sequence[Expr]) -> list[Expr]:
    """Arguments of functions in an expression, less one where one is special, in scalars alone."""
    found: dict[Expr, None] = {}
    for node in preorder_traversal(expr):
        for argument in _own(node):
            found[argument] = None
    allowed = set(scalars)
    return [a for a in found if not a.is_number and _is_made_of(a, allowed)]


def _own(node: Any) -> list[Expr]:
    if isinstance(node, Piecewise):
        pairs = {r for _, c in node.args if c is not True for r in c.atoms(Relational)}
        return [r.lhs - r.rhs for r in sorted(pairs, key=str)]
    if isinstance(node, Max | Min):
        return [a - node.args[0] for a in node.args[1:]]
    if isinstance(node, Pow):
        return [] if node.exp.is_Integer and node.exp.is_positive else [node.base]
    if isinstance(node, Heaviside | Abs):
        return [node.args[0]]
    if isinstance(node, acos | asin | acosh):
        return [node.args[0] - S.One, node.args[0] + S.One]
    if isinstance(node, Function):
        return [a for arg in node.args for a in (arg, arg - S.One)]
    return []


def _is_made_of(expr: Expr, scalars: set[Expr]) -> bool:
    if expr.has(Binder, GaussianAverage, Index):
        return False
    elements = {e for e in expr.atoms(Element) if e not in scalars}
    return not elements and expr.free_symbols <= scalars
