r"""The cumulants of one site as functions of its mean.

The cumulants are derivatives of the logarithm of the single-site trace with a field,
``kappa_p = d^p log z(U) / dU^p``.  Where ``V = kappa_1(U)`` is linear in U, or of degree one or two
in an exponential of U, it has a closed inverse U(V), and ``kappa_2 = 1/U'(V)``,
``kappa_{p+1} = kappa_2 d kappa_p/dV``; elsewhere they stay functions of U.
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import (
    Dummy,
    Expr,
    Float,
    Poly,
    Pow,
    S,
    cancel,
    exp,
    fraction,
    gcd,
    igcd,
    ilcm,
    lcm,
    sqrt,
    together,
)

from derive.indices import Element
from derive.saddle.linear import sample_point
from derive.saddle.stationarity import tidy

__all__ = ["SiteCumulants", "site_cumulants"]

_DIGITS = 30


@dataclass(frozen=True)
class SiteCumulants:
    """Mean and cumulants of one site, in terms of one unknown there.

    Attributes
    ----------
    log_trace : Expr
        log z, a function of the field.
    field : Symbol
        U, which is conjugate to the variable.
    unknown : Symbol
        The mean V where ``V = kappa_1(U)`` has a closed inverse, else the field U.
    first, second : Expr
        kappa_1 and kappa_2 as functions of the unknown.
    """

    log_trace: Expr
    field: Expr
    unknown: Expr
    first: Expr
    second: Expr

    @property
    def is_closed(self) -> bool:
        """Whether the unknown is the mean."""
        return self.first == self.unknown

    def kappa(self, order: int) -> Expr:
        """kappa_order as a function of the unknown."""
        if order == 1:
            return self.first
        result = self.second
        for _ in range(order - 2):
            slope = result.diff(self.unknown)
            if not self.is_closed:
                result = tidy(slope, (self.unknown,))
            elif self.second.is_rational_function(self.unknown):
                result = cancel(self.second * slope)
            else:
                result = self.second * slope
        return result


def site_cumulants(log_trace: Expr, field: Expr) -> SiteCumulants:
    """The cumulants of one site from the logarithm of its trace with a field.

    Examples
    --------
    >>> from sympy import Symbol, cosh, log
    >>> U = Symbol("U", real=True)
    >>> ising = site_cumulants(log(2*cosh(U)), U)
    >>> ising.second.subs(ising.unknown, Symbol("V"))
    1 - V**2
    """
    first = tidy(log_trace.diff(field), (field,))
    mean = Dummy("V", real=True)
    second = _second_of_mean(first, field, mean)
    if second is None:
        return SiteCumulants(log_trace, field, field, first, tidy(first.diff(field), (field,)))
    return SiteCumulants(log_trace, field, mean, mean, second)


def _second_of_mean(first: Expr, field: Expr, mean: Expr) -> Expr | None:
    """kappa_2(V) = 1/U'(V), if V = kappa_1(U) is linear in U or of degree 2 in an exponential."""
    if first.is_polynomial(field):
        return first.diff(field) if Poly(first, field).degree() == 1 else None
    held = {e: Dummy(real=True) for e in first.atoms(Element)}
    found = _in_exponential(first.xreplace(held) - mean, field)
    if found is None:
        return None
    powers, rate = found
    back = {dummy: element for element, dummy in held.items()}
    for z in _quadratic_roots(powers):
        # z = exp(rate U), so that dV/dU = rate z / z'(V)
        if _is_branch(z, rate, first.xreplace(held), field, mean):
            second = _rational(rate * z / z.diff(mean), mean)
            return None if second is None else second.xreplace(back)
    return None


def _in_exponential(expr: Expr, field: Expr) -> tuple[Poly, Expr] | None:
    """The numerator as a polynomial in exp(rate U), and the rate."""
    expr = expr.rewrite(exp)
    kernels = [e for e in expr.atoms(exp) if e.has(field)]
    rates = [k.args[0].diff(field) for k in kernels]
    if not kernels or not all((r / rates[0]).is_Rational for r in rates):
        return None
    unit = rates[0] / ilcm(1, *((r / rates[0]).q for r in rates))
    z = Dummy("z", positive=True)
    inside = {
        k: exp((k.args[0] - r * field).expand()) * z ** (r / unit)
        for k, r in zip(kernels, rates, strict=True)
    }
    numerator = fraction(together(expr.xreplace(inside)))[0]
    if numerator.has(field):
        return None
    terms = Poly(numerator, z).terms()
    lowest = min(power for (power,), _ in terms)
    step = igcd(*(power - lowest for (power,), _ in terms))
    if not step:
        return None
    lowered = {((power - lowest) // step,): c for (power,), c in terms}
    return Poly.from_dict(lowered, z), unit * step


def _quadratic_roots(poly: Poly) -> list[Expr]:
    if poly.degree() == 1:
        return [-poly.nth(0) / poly.nth(1)]
    if poly.degree() > 2:
        return []
    a, b, c = (poly.nth(k) for k in (2, 1, 0))
    root = sqrt((b**2 - 4 * a * c).expand())
    return [(-b + root) / (2 * a), (-b - root) / (2 * a)]


def _is_branch(z: Expr, rate: Expr, first: Expr, field: Expr, mean: Expr) -> bool:
    """Whether z(kappa_1(U)) = exp(rate U) at sample points on both sides of zero."""
    symbols = sorted(first.free_symbols - {field}, key=str)
    point = {s: Float(v, _DIGITS) for s, v in sample_point(symbols, 0).items()}
    for u in (Float("-0.57", _DIGITS), Float("0.38", _DIGITS)):
        at = {**point, field: u}
        value = z.xreplace({**at, mean: first.xreplace(at).evalf(_DIGITS)})
        if abs((value / exp(rate * u) - 1).evalf(_DIGITS)) > Float(10) ** (-_DIGITS // 2):
            return False
    return True


def _rational(expr: Expr, x: Expr) -> Expr | None:
    """a + b sqrt(p), a and b rational in x, if the expression has at most one square root of x."""
    roots = {p for p in expr.atoms(Pow) if p.base.has(x) and not p.exp.is_Integer}
    bases = {p.base for p in roots}
    if len(bases) > 1 or any(not (2 * p.exp).is_Integer for p in roots):
        return None
    if not bases:
        return cancel(together(expr))
    (base,) = bases
    root = Dummy("root")
    above, below = fraction(together(expr.xreplace({p: root ** (2 * p.exp) for p in roots})))
    a, b = _parts(above, root, base)
    c, d = _parts(below, root, base)
    norm = c**2 - d**2 * base
    return _regular(cancel((a * c - b * d * base) / norm), cancel((b * c - a * d) / norm), base)


def _regular(a: Expr, b: Expr, base: Expr) -> Expr:
    """a + b r as (a**2 - b**2 r**2)/(a - b r): no denominator that a parameter may zero, if so."""
    below = lcm(fraction(a)[1], fraction(b)[1])
    a, b = cancel(a * below), cancel(b * below)
    above = cancel((a**2 - b**2 * base) / below)
    if fraction(above)[1].free_symbols:
        return (a + b * sqrt(base)) / below
    shared = gcd(above, a)
    shared = -shared if cancel(a / shared).could_extract_minus_sign() else shared
    left = cancel(b * base / shared) / sqrt(base)
    return cancel(above / shared) / (cancel(a / shared) - left)


def _parts(expr: Expr, root: Expr, square: Expr) -> tuple[Expr, Expr]:
    """(a, b) of a + b root, where root**2 is known."""
    a, b = S.Zero, S.Zero
    for (power,), coefficient in Poly(expr, root).terms():
        value = coefficient * square ** (power // 2)
        a, b = (a, b + value) if power % 2 else (a + value, b)
    return a, b
