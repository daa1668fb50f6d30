"""The distribution function of two correlated normals, where Owen's T would need the signs."""

from __future__ import annotations

from typing import Any

import mpmath
from sympy import Expr, Function, Rational, S, acos, asin, atan, erfc, exp, oo, pi, sqrt

from derive.gaussian.special import OwenT, called, evaluated

__all__ = ["BivariateNormal"]


class BivariateNormal(Function):
    r"""The probability that X < h and Y < k, for standard normals of correlation rho.

    .. math:: \Phi_2(h, k, \rho) =
       \tfrac12\Phi(h) + \tfrac12\Phi(k) - T(h, a) - T(k, b) - \tfrac12 [hk < 0]

    with Owen's T and a = (k - rho h)/(h sqrt(1 - rho^2)), b = (h - rho k)/(k sqrt(1 - rho^2)).  It
    stands for this where the signs of h and k are not known; it is smooth at zero, where a and b
    are not.  It is symmetric in h and k, and its derivatives are elementary.

    Parameters
    ----------
    h, k : Expr
        Any real numbers, or plus or minus infinity.
    rho : Expr
        The correlation, in [-1, 1].

    References
    ----------
    D. B. Owen, Ann. Math. Statist. 27, 1075 (1956), equation 2.1.

    Examples
    --------
    >>> from sympy import Rational, symbols
    >>> from derive.gaussian.bivariate import BivariateNormal
    >>> h, k, rho = symbols("h k rho")
    >>> BivariateNormal(h, k, rho).diff(rho)
    exp((-h**2 + 2*h*k*rho - k**2)/(2 - 2*rho**2))/(2*pi*sqrt(1 - rho**2))
    >>> BivariateNormal(0, 0, rho)
    asin(rho)/(2*pi) + 1/4
    >>> BivariateNormal(1, -1, Rational(1, 2)).evalf(20)
    0.15487295185860278754
    """

    analytic_on_reals = True
    nargs = 3

    @classmethod
    def eval(cls, h: Expr, k: Expr, rho: Expr) -> Expr | None:
        """Limits, independent variables, one vanishing argument, and the order of h and k."""
        if -oo in (h, k):
            return S.Zero
        if h == oo or k == oo:
            return _phi(k if h == oo else h)
        if rho.is_zero:
            return _phi(h) * _phi(k)
        if h.is_zero and k.is_zero:
            return Rational(1, 4) + asin(rho) / (2 * pi)
        if h.is_zero or k.is_zero:
            other = k if h.is_zero else h
            return _phi(other) / 2 + OwenT(other, rho / sqrt(1 - rho**2))
        return cls(k, h, rho) if k.sort_key() < h.sort_key() else None

    def fdiff(self, argindex: int = 1) -> Expr:
        """The density along one line, or at the corner."""
        h, k, rho = self.args
        spread = 1 - rho**2
        if argindex == 3:
            exponent = (2 * h * k * rho - h**2 - k**2) / (2 * spread)
            return exp(exponent) / (2 * pi * sqrt(spread))
        own, other = (h, k) if argindex == 1 else (k, h)
        density = exp(-(own**2) / 2) / sqrt(2 * pi)
        return density * _phi((other - rho * own) / sqrt(spread))

    def _eval_rewrite_as_OwenT(self, h: Expr, k: Expr, rho: Expr, **_: Any) -> Expr:
        """With arccos(rho) = arctan(a) + arctan(b) + pi [h k < 0]; h and k must not vanish."""
        root = sqrt(1 - rho**2)
        a, b = (k - rho * h) / (h * root), (h - rho * k) / (k * root)
        angles = (atan(a) + atan(b) - acos(rho)) / (2 * pi)
        return _phi(h) / 2 + _phi(k) / 2 - OwenT(h, a) - OwenT(k, b) + angles

    def _eval_is_extended_real(self) -> bool | None:
        return True if all(arg.is_extended_real for arg in self.args) else None

    def _eval_evalf(self, prec: int) -> Expr | None:
        return evaluated(self, prec, _distribution)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        return called(r"\Phi_{2}", self.args, printer, exp)


def _phi(h: Expr) -> Expr:
    return erfc(-h / sqrt(2)) / 2


def _distribution(h: Any, k: Any, rho: Any) -> tuple[Any, int]:
    """The average over x < h of P(y < k | x), with places where the integrand may be narrow."""
    if abs(rho) == 1:
        one, other = (mpmath.erfc(-x / mpmath.sqrt(2)) / 2 for x in (h, k))
        value = min(one, other) if rho > 0 else max(mpmath.mpf(0), one + other - 1)
        return value, 0 if value else mpmath.mp.prec
    width = mpmath.sqrt((1 - rho) * (1 + rho))
    scales = [(0, 1 / (1 + abs(h))), (h, 1), (h - rho * k, width)]
    if rho:
        scales.append((h - k / rho, width / abs(rho)))
    far = abs(h) + abs(k) + mpmath.sqrt(2 * mpmath.mp.prec)
    near = {c + n * w for c, w in scales for n in (-16, -4, -1, 0, 1, 4, 16)}
    ends = sorted({mpmath.mpf(0), far, *(y for y in near if 0 < y < far)})

    def density(y: Any) -> Any:
        below = mpmath.erfc((rho * (h - y) - k) / (width * mpmath.sqrt(2))) / 2
        return mpmath.npdf(h - y) * below

    top = max(density(y) for y in ends)  # as the error of the quadrature is absolute
    return top * mpmath.quad(lambda y: density(y) / top, ends), 0
