"""The logarithm of an average over a law that becomes sharp: its largest exponent.

For u of mean m and variance C/beta, log <exp(-beta l(u))> = -beta min_u [l(u) + (u - m)^2/(2 C)]
to leading order (Laplace's method; what follows is of order one, up to logarithms).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sympy import Add, Expr, Mul, Pow, S, exp, log, oo

from derive.gaussian.average import GaussianAverage
from derive.gaussian.moreau import MoreauEnvelope
from derive.limits.errors import LimitError
from derive.limits.series import Series

if TYPE_CHECKING:
    from derive.limits.expand import Expansion
    from derive.limits.signs import Region

__all__ = ["largest_exponent"]

SHARP = S.One, 0  # a variance of order eps
ENERGY = S.NegativeOne, 0  # an exponent of order 1/eps


def largest_exponent(expansion: Expansion, average: Expr, region: Region) -> Series | None:
    """The logarithm of an average to leading order; None if it is none over a sharp law.

    Raises
    ------
    LimitError
        If the variance is negative, as in a scaling that cannot be.
    """
    if not isinstance(average, GaussianAverage) or len(average.variables) != 1:
        return None
    exponent = _logarithm(average.integrand, expansion.eps)
    if exponent is None:
        return None
    variance = expansion.series(average.covariance[0, 0], region)
    if not variance.terms or variance.leading[0] != SHARP:
        return None
    (u,), width = average.variables, variance.leading[1]
    if region.sign(width) < 0:
        raise LimitError(f"the variance {average.covariance[0, 0]} of {u} becomes negative")
    if average.doit() != average:  # its closed form says more
        return None
    parts = [_scaled(expansion, term, u, region) for term in Add.make_args(exponent)]
    mean = expansion.series(average.mean[0], region)
    if None in parts or mean.power < 0:
        return None
    loss = Add(*(-part for part, _ in parts if part is not None))
    missed = min([S.One, *(miss for _, miss in parts), _next(mean, S.Zero), _next(variance, S.One)])
    if loss == 0 or missed <= 0:
        return None
    least = MoreauEnvelope(loss, u, mean.coefficient(), width)
    return Series.of({ENERGY: -least}, ENERGY[0] + missed)


def _logarithm(integrand: Expr, eps: Expr) -> Expr | None:
    """The sum of the exponents; factors that do not depend on eps are of order one."""
    total: Expr = S.Zero
    for factor in Mul.make_args(integrand):
        if eps not in factor.free_symbols:
            continue
        if isinstance(factor, exp):
            total += factor.args[0]
        elif isinstance(factor, Pow) and eps not in factor.base.free_symbols:
            total += factor.exp * log(factor.base)
        else:
            return None
    return total


def _scaled(expansion: Expansion, term: Expr, u: Any, region: Region) -> Any:
    """(what of a term is of order 1/eps, the power that follows relative to it), or None."""
    factor, function = term.as_independent(u, as_Add=False)
    if expansion.eps in function.free_symbols:
        return None
    series = expansion.series(factor, region)
    if series.power < ENERGY[0]:
        return None
    return series.coefficient(*ENERGY) * function, _next(series, ENERGY[0])


def _next(series: Series, power: Any) -> Any:
    """How far behind a power the next term is."""
    rest = [p for p, _ in series.terms if p > power]
    return min([series.order, *rest], default=oo) - power
