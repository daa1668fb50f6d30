"""Rewriting to stable functions: by the rows of one table, each with points where a test checks it.

The table is in `numerics.rows`, by families of functions.
"""

from __future__ import annotations

from sympy import Expr

from numerics.error_functions import log_of_tails, mean_excess, product_of_tails
from numerics.indexed import log_of_total, share_of_total
from numerics.matching import rewrite_node
from numerics.rows import PATTERNS, WILD, WORKED, Row, a, b, x
from numerics.softmax import log_of_exponentials, over_sinh, product_of_exponentials
from numerics.straight_line import StraightLine

__all__ = ["PATTERNS", "WORKED", "Row", "a", "b", "stabilise", "x"]

OUTER = (
    log_of_tails,
    product_of_tails,
    log_of_total,
    share_of_total,
    log_of_exponentials,
    over_sinh,
    product_of_exponentials,
)
INNER = (mean_excess,)


def stabilise(*expressions: Expr) -> tuple[Expr, ...]:
    """Rewrite expressions to stable special functions, by the rows of the table.

    Examples
    --------
    >>> from sympy import Symbol, cosh, log
    >>> from numerics.stable import stabilise
    >>> x, N = Symbol("x"), Symbol("N")
    >>> stabilise(N*log(2*cosh(x)) + x**2)
    (N*Log2Cosh(x) + x**2,)
    """
    memo: dict[Expr, Expr] = {}
    return tuple(_stabilise(expr, memo) for expr in expressions)


def _stabilise(expr: Expr, memo: dict[Expr, Expr]) -> Expr:
    if not expr.args or expr.is_number or isinstance(expr, StraightLine):
        return expr  # what shares intermediates was made of stable expressions
    if expr not in memo:
        memo[expr] = _one(expr, memo)
    return memo[expr]


def _one(expr: Expr, memo: dict[Expr, Expr]) -> Expr:
    """Outer rules first, which see the exponentials; then the arguments; then the patterns."""
    for rule in OUTER:
        opened = rule(expr)
        if opened is not None and opened != expr:
            return _stabilise(opened, memo)
    inner = expr.func(*(_stabilise(arg, memo) for arg in expr.args))
    for rule in INNER:
        found = rule(inner)
        if found is not None:
            return _stabilise(found, memo)
    for row in PATTERNS:
        found = rewrite_node(row.before, row.after, inner, WILD)
        if found is not None and found != inner:
            return _stabilise(found, memo)
    return inner
