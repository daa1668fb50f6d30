"""A row of the rewrite table, and the placeholders that rows are written in."""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Expr, symbols

__all__ = ["WILD", "Row", "a", "b", "x"]

x, a, b = symbols("x a b")  # placeholders: any expression
WILD = frozenset((x, a, b))


@dataclass(frozen=True)
class Row:
    """`before` equals `after` wherever both are defined; `samples` are values of x, a, b."""

    before: Expr
    after: Expr
    samples: tuple[tuple[float, ...], ...]
