"""What a piece of an exponent says about the energy."""

from __future__ import annotations

from collections.abc import Callable

from sympy import Expr, S, sympify

__all__ = ["energy_of"]


def energy_of(beta: Expr | None) -> Callable[[Expr], Expr]:
    """The map from an exponent to its energy ``-(d exponent/dx) / (d beta/dx)``.

    With x the symbol in the inverse temperature, its mean is ``-d log Z / d beta`` whatever else
    the exponent holds; an exponent ``-beta*H`` gives H.  Of an inverse temperature that is a number
    or has several symbols, ``-exponent/beta``.

    Examples
    --------
    >>> from sympy import symbols
    >>> beta, H, T = symbols("beta H T", positive=True)
    >>> energy_of(beta)(-beta * H), energy_of(1 / T)(-H / T)
    (H, H)
    """
    if beta is None:
        return lambda expr: S.Zero
    if len(beta.free_symbols) != 1:
        return lambda expr: -sympify(expr) / beta
    (symbol,) = beta.free_symbols
    rate = -1 / beta.diff(symbol)
    return lambda expr: rate * sympify(expr).diff(symbol)
