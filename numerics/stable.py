"""Rewriting to stable functions: by the rows of one table, each with points where a test checks it.

The table is in `numerics.rows`, by families of functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from sympy import Expr

from numerics.differences import arc_cosine, difference_of_logs, difference_of_roots
from numerics.error_functions import (
    common_tails,
    log_of_tails,
    mean_excess,
    partial_moment,
    product_of_tails,
)
from numerics.indexed import log_of_total, share_of_total
from numerics.matching import rewrite_node
from numerics.rows import PATTERNS, WILD, WORKED, Row, a, b, x
from numerics.softmax import log_of_exponentials, over_sinh, product_of_exponentials
from numerics.straight_line import StraightLine

__all__ = ["PATTERNS", "WORKED", "Row", "a", "b", "stabilise", "x"]

Rule = Callable[[Expr], Expr | None]


def _by_row(row: Row, expr: Expr) -> Expr | None:
    return rewrite_node(row.before, row.after, expr, WILD)


# Those that see exponentials, then those on sums of what these have made
OUTER: tuple[Rule, ...] = (
    common_tails,
    log_of_tails,
    product_of_tails,
    log_of_total,
    share_of_total,
    log_of_exponentials,
    over_sinh,
    product_of_exponentials,
)
INNER: tuple[Rule, ...] = (
    mean_excess,
    partial_moment,
    *(partial(_by_row, row) for row in PATTERNS),
    difference_of_roots,
    difference_of_logs,
    arc_cosine,
)


def stabilise(*expressions: Expr, known: Iterable[Expr] = ()) -> tuple[Expr, ...]:
    """Rewrite expressions to stable special functions, by the rows of the table.

    Parts that are `known` to be stable stay as they are.

    Examples
    --------
    >>> from sympy import Symbol, cosh, log
    >>> from numerics.stable import stabilise
    >>> x, N = Symbol("x"), Symbol("N")
    >>> stabilise(N*log(2*cosh(x)) + x**2)
    (N*Log2Cosh(x) + x**2,)
    """
    memo = {expr: expr for expr in known}
    return tuple(_stabilise(expr, memo) for expr in expressions)


def _stabilise(expr: Expr, memo: dict[Expr, Expr]) -> Expr:
    if not expr.args or expr.is_number or isinstance(expr, StraightLine):
        return expr  # what shares intermediates was made of stable expressions
    if expr not in memo:
        memo[expr] = _one(expr, memo)
    return memo[expr]


def _one(expr: Expr, memo: dict[Expr, Expr]) -> Expr:
    """Outer rules first, which see the exponentials; then the arguments; then the others."""
    opened = _first(OUTER, expr)
    if opened is not None:
        return _stabilise(opened, memo)
    inner = expr.func(*(_stabilise(arg, memo) for arg in expr.args))
    found = _first(INNER, inner)
    return inner if found is None else _stabilise(found, memo)


def _first(rules: Iterable[Rule], expr: Expr) -> Expr | None:
    """What the first rule that changes an expression makes of it."""
    results = (rule(expr) for rule in rules)
    return next((found for found in results if found is not None and found != expr), None)
