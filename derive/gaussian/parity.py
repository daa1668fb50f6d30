"""Even and odd integrands: the average of an odd function of centred variables vanishes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sympy import Expr, Heaviside, Symbol, erf, erfc, expand, sign

from derive.gaussian.moves import blocks
from derive.gaussian.substitution import put

__all__ = ["is_symmetric", "vanishes_by_parity"]


def is_symmetric(integrand: Expr, variables: Iterable[Symbol], parity: int) -> bool:
    """Whether f(-x) is seen to be parity * f(x), all of the variables changing sign.

    Examples
    --------
    >>> from sympy import Heaviside, S, symbols, tanh
    >>> x, y = symbols("x y", real=True)
    >>> is_symmetric(tanh(x + y)**2, [x, y], +1), is_symmetric(Heaviside(x) - S.Half, [x], -1)
    (True, True)
    """
    integrand = integrand.replace(Heaviside, lambda arg, *_: (1 + sign(arg)) / 2)
    integrand = integrand.replace(erfc, lambda arg: 1 - erf(arg))
    mirrored = put(integrand, {v: -v for v in variables})
    difference = mirrored - parity * integrand
    return bool(difference == 0 or expand(difference) == 0)


def vanishes_by_parity(average: Any) -> bool:
    """Whether the integrand is odd in centred variables that are independent of all others."""
    names = average.variables
    centred = [block for block in blocks(average) if all(average.mean[k] == 0 for k in block)]
    groups = [*centred, [k for block in centred for k in block]] if len(centred) > 1 else centred
    return any(is_symmetric(average.integrand, [names[k] for k in g], -1) for g in groups)
