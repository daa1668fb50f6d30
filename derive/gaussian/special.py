"""The two functions that Gaussian averages of steps need beyond the elementary ones.

OwenT(h, a) is the mass of a wedge under two independent normals; OrthantProbability is the mass of
the positive orthant under four correlated ones.  Both are known through their derivatives.
"""

from __future__ import annotations

from itertools import combinations, permutations
from typing import Any

import mpmath
from sympy import Expr, Function, Rational, S, asin, atan, erf, erfc, exp, oo, pi, sqrt

__all__ = ["OrthantProbability", "OwenT", "called", "evaluated"]

_PAIRS = tuple(combinations(range(4), 2))  # the order of the six correlations
_GUARD = 30  # bits
_ATTEMPTS = 4


class OwenT(Function):
    r"""Owen's function T(h, a).

    .. math:: T(h, a) = \frac{1}{2\pi}\int_0^a \frac{e^{-h^2 (1 + x^2)/2}}{1 + x^2}\, dx

    For h > 0 and a > 0 it is the probability that 0 < Y < a X and X > h, for independent standard
    normals X and Y.  It is even in h, odd in a, and entire in h.

    Parameters
    ----------
    h : Expr
        Any real number.
    a : Expr
        Any real number, or plus or minus infinity.

    References
    ----------
    D. B. Owen, Ann. Math. Statist. 27, 1075 (1956), equation 2.1.

    Examples
    --------
    >>> from sympy import Symbol
    >>> from derive.gaussian.special import OwenT
    >>> h, a = Symbol("h"), Symbol("a")
    >>> OwenT(0, a), OwenT(-h, -a), OwenT(h, a).diff(a)
    (atan(a)/(2*pi), -OwenT(h, a), exp(-h**2*(a**2 + 1)/2)/(2*pi*(a**2 + 1)))
    >>> OwenT(1, 2).evalf(20)
    0.078468186993084096345
    """

    analytic_on_reals = True
    nargs = 2

    @classmethod
    def eval(cls, h: Expr, a: Expr) -> Expr | None:
        """Parity, and the arguments at which the function is elementary."""
        if h.could_extract_minus_sign():
            return cls(-h, a)
        if a.could_extract_minus_sign():
            return -cls(h, -a)
        if h.is_zero:
            return atan(a) / (2 * pi)
        if a.is_zero or h in (oo, -oo):
            return S.Zero
        if a == oo:
            return erfc(abs(h) / sqrt(2)) / 4
        if a == 1:
            return erfc(h / sqrt(2)) * erfc(-h / sqrt(2)) / 8
        return None

    def fdiff(self, argindex: int = 1) -> Expr:
        """Owen 1956: both derivatives are elementary."""
        h, a = self.args
        if argindex == 1:
            return -exp(-(h**2) / 2) * erf(a * h / sqrt(2)) / (2 * sqrt(2 * pi))
        return exp(-(h**2) * (1 + a**2) / 2) / (2 * pi * (1 + a**2))

    def _eval_is_extended_real(self) -> bool | None:
        return True if all(arg.is_extended_real for arg in self.args) else None

    def _eval_evalf(self, prec: int) -> Expr | None:
        return evaluated(self, prec, _owen)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        return called("T", self.args, printer, exp)


class OrthantProbability(Function):
    r"""The probability that four jointly normal variables of zero mean are all positive.

    .. math:: P_4(\rho_{12}, \rho_{13}, \rho_{14}, \rho_{23}, \rho_{24}, \rho_{34})

    It depends on the correlations only, and has no elementary form; its derivatives have:
    dP4/drho_ij = P2(kl | ij) / (2 pi sqrt(1 - rho_ij^2)), where P2 is the probability that the
    other two are positive given that these two vanish.

    Parameters
    ----------
    r12, r13, r14, r23, r24, r34 : Expr
        The six correlations, each in [-1, 1], of a positive semidefinite matrix.  The variables
        may come in any order: the arguments are brought into a canonical one.

    References
    ----------
    R. L. Plackett, Biometrika 41, 351 (1954).

    Examples
    --------
    >>> from sympy import Rational
    >>> from derive.gaussian.special import OrthantProbability
    >>> half = Rational(1, 2)
    >>> OrthantProbability(half, half, half, half, half, half).evalf(20)  # one in five
    0.20000000000000000000
    >>> OrthantProbability(half, 0, 0, 0, 0, half)  # two independent pairs
    1/9
    """

    nargs = 6

    @classmethod
    def eval(cls, *correlations: Expr) -> Expr | None:
        """Coinciding, opposite and independent variables; else the canonical order."""
        for (_, j), r in zip(_PAIRS, correlations, strict=True):
            if r == -1:
                return S.Zero
            if r == 1:
                return _three(correlations, [k for k in range(4) if k != j])
        for first in range(4):
            if all(r == 0 for pair, r in zip(_PAIRS, correlations, strict=True) if first in pair):
                return _three(correlations, [k for k in range(4) if k != first]) / 2
        for second in range(1, 4):
            pairs = ((0, second), tuple(k for k in range(1, 4) if k != second))
            crossing = (r for p, r in zip(_PAIRS, correlations, strict=True) if p not in pairs)
            if all(r == 0 for r in crossing):
                r, s = (correlations[_PAIRS.index(pair)] for pair in pairs)
                return _two(r) * _two(s)
        ordered = _canonical(correlations)
        return None if ordered == correlations else cls(*ordered)

    def fdiff(self, argindex: int = 1) -> Expr:
        """Plackett's identity."""
        r = self.args[argindex - 1]
        return _two(_partial(self.args, *_PAIRS[argindex - 1], sqrt)) / (2 * pi * sqrt(1 - r**2))

    def _eval_is_extended_real(self) -> bool | None:
        return True if all(arg.is_extended_real for arg in self.args) else None

    def _eval_evalf(self, prec: int) -> Expr | None:
        return evaluated(self, prec, _orthant)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        return called("P_{4}", self.args, printer, exp)


def called(name: str, args: tuple[Expr, ...], printer: Any, power: str | None) -> str:
    """LaTeX of a function, perhaps raised to a power."""
    raised = "" if power is None else f"^{{{power}}}"
    inner = ", ".join(printer._print(arg) for arg in args)
    return rf"{name}{raised}\left({inner}\right)"


def _two(r: Expr) -> Expr:
    """Sheppard 1899."""
    return Rational(1, 4) + asin(r) / (2 * pi)


def _three(correlations: tuple[Expr, ...], kept: list[int]) -> Expr:
    """David 1953."""
    among = (r for p, r in zip(_PAIRS, correlations, strict=True) if set(p) <= set(kept))
    return Rational(1, 8) + sum(asin(r) for r in among) / (4 * pi)


def _canonical(correlations: tuple[Expr, ...]) -> tuple[Expr, ...]:
    """The least arrangement of the six correlations over the 24 orders of the variables."""
    distinct = sorted(set(correlations), key=lambda r: r.sort_key())
    rank = {r: k for k, r in enumerate(distinct)}
    of_pair = {frozenset(p): rank[r] for p, r in zip(_PAIRS, correlations, strict=True)}
    arrangements = (
        tuple(of_pair[frozenset((order[i], order[j]))] for i, j in _PAIRS)
        for order in permutations(range(4))
    )
    return tuple(distinct[k] for k in min(arrangements))


def _partial(correlations: Any, i: int, j: int, root: Any) -> Any:
    """The correlation of the other two variables, given those two."""
    r = {frozenset(p): value for p, value in zip(_PAIRS, correlations, strict=True)}
    k, m = (v for v in range(4) if v not in (i, j))
    ij, ik, im, jk, jm, km = (
        r[frozenset(p)] for p in ((i, j), (i, k), (i, m), (j, k), (j, m), (k, m))
    )
    shared = km * (1 - ij**2) - ik * im - jk * jm + ij * (ik * jm + jk * im)
    first = 1 - ij**2 - ik**2 - jk**2 + 2 * ij * ik * jk
    second = 1 - ij**2 - im**2 - jm**2 + 2 * ij * im * jm
    return shared / root(first * second)


def evaluated(node: Expr, prec: int, function: Any) -> Expr | None:
    """The number, at a precision raised until the digits asked for survive cancellation."""
    work = prec + _GUARD
    for _ in range(_ATTEMPTS):
        values = [arg.evalf(int(work / 3.3) + 2) for arg in node.args]
        if not all(v.is_Float or v.is_Rational or v in (oo, -oo) for v in values):
            return None
        with mpmath.workprec(work):
            value, lost = function(*(mpmath.mpf(v._to_mpmath(work)) for v in values))
        if lost + _GUARD // 2 <= work - prec:
            return Expr._from_mpmath(value, prec)
        work = prec + min(lost, work) + 2 * _GUARD
    return S.Zero  # as far as these digits can tell


def _owen(h: Any, a: Any) -> tuple[Any, int]:
    """T by its integral for |a| <= 1, and by Owen's reflection a -> 1/a above."""
    if a < 0:
        value, lost = _owen(h, -a)
        return -value, lost
    h = abs(h)
    if a <= 1:
        reach = min(a, mpmath.sqrt(2 * mpmath.mp.prec) / h) if h else a
        ends = mpmath.linspace(0, reach, 2 + int(reach * (1 + h) / 3))
        weight = mpmath.exp(-h * h / 2) / (2 * mpmath.pi)
        value = mpmath.quad(lambda x: mpmath.exp(-((h * x) ** 2) / 2) / (1 + x * x), ends)
        return weight * value, 0
    tails = [mpmath.erfc(x / mpmath.sqrt(2)) / 2 for x in (h, a * h)]
    inverse = _owen(a * h, 1 / a)[0] if mpmath.isfinite(a) else 0
    return (tails[0] + tails[1]) / 2 - tails[0] * tails[1] - inverse, 3


def _orthant(*correlations: Any) -> tuple[Any, int]:
    """Plackett's integral along R(t) = 1 + t (R - 1), whose quarter is done exactly."""

    def slope(t: Any) -> Any:
        scaled = [t * r for r in correlations]
        return sum(
            r * mpmath.asin(_clipped(_partial(scaled, i, j, mpmath.sqrt))) / mpmath.sqrt(1 - s * s)
            for (i, j), r, s in zip(_PAIRS, correlations, scaled, strict=True)
            if r
        )

    exact = mpmath.mpf(1) / 16 + sum(map(mpmath.asin, correlations)) / (8 * mpmath.pi)
    value = exact + mpmath.quad(slope, [0, 1]) / (4 * mpmath.pi**2)
    known = value > mpmath.ldexp(1, 4 - mpmath.mp.prec)
    return value, max(0, -int(mpmath.mag(value))) if known else mpmath.mp.prec


def _clipped(r: Any) -> Any:
    """Rounding may push the correlation of dependent variables past one."""
    return max(-1, min(1, mpmath.re(r)))
