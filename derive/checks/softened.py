"""Steps replaced by smooth functions, where a move carries a weight along as it is.

A move that only renames the argument of a weight theta(L) is right for any function of L.  A step
would hide a wrong argument wherever it vanishes on both sides, a smooth function shows it.
"""

from __future__ import annotations

from typing import Any

from sympy import Heaviside, exp

__all__ = ["softened"]


def softened(expr: Any) -> Any:
    """The expression with 1/(1 + exp(-x)) for each Heaviside(x)."""
    if not expr.has(Heaviside):
        return expr
    args = [softened(arg) for arg in expr.args]
    if isinstance(expr, Heaviside):
        return 1 / (1 + exp(-args[0]))
    return expr.func(*args)
