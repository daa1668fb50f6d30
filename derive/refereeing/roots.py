"""Equations solved for one symbol: by a formula where it is linear in it, else by numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import mpmath
from mpmath import mp
from sympy import Dummy, Expr, Rational, Symbol, expand

from derive.gaussian.substitution import put
from derive.refereeing.domain import place
from derive.refereeing.no_value import NoValueError
from derive.refereeing.numbers import value_at
from derive.refereeing.sample_points import has_integrals

__all__ = ["Roots", "solved_for"]

ENDS_AT = 60  # digits of the residual at ends of the interval, where it may be small
FEWER = 12  # where each value takes a quadrature
NEARBY = Rational(1, 10**6)
PARTS = 48  # of the interval that is searched for roots
ENDS = tuple(
    Rational(1, 10**k) for k in (3, 4, 6, 8, 10, 12, 14)
)  # fractions of it, to either side


def solved_for(residual: Expr, name: Symbol) -> Expr | None:
    """The solution of residual = 0 for a symbol in which it, or its inverse, is linear; or None.

    Examples
    --------
    >>> from sympy import symbols
    >>> a, x, y = symbols("a x y")
    >>> solved_for(a*x - y, x), solved_for(1/x - a*y, x), solved_for(x**2 - y, x)
    (y/a, 1/(a*y), None)
    """
    if name not in residual.free_symbols:
        return None
    direct = _linear(residual, name)
    if direct is not None:
        return direct
    inverse = Dummy("inverse")
    turned = residual.xreplace({1 / name: inverse})
    if name in turned.free_symbols:
        return None
    found = _linear(turned, inverse)
    return None if found in (None, 0) else 1 / found


def _linear(residual: Expr, name: Symbol) -> Expr | None:
    slope = residual.diff(name)
    slope = expand(slope) if name in slope.free_symbols else slope
    if slope == 0 or name in slope.free_symbols:
        return None
    return -put(residual, {name: 0 * name}) / slope


@dataclass(frozen=True)
class Roots:
    """All solutions of residual = 0 for a symbol in an interval, as far as a search finds them.

    Attributes
    ----------
    residual : Expr
        What vanishes.
    name : Symbol
        What is solved for.
    interval : tuple of Expr
        Where.
    """

    residual: Expr
    name: Symbol
    interval: tuple[Expr, Expr]

    def values(self, point: Mapping[Symbol, Expr], digits: int) -> tuple[Any, ...]:
        """The roots at a point, in ascending order."""
        parts, ends = (FEWER, ENDS[:1]) if has_integrals(self.residual) else (PARTS, ENDS)
        fractions = [Rational(2 * k + 1, 2 * parts) for k in range(parts)]
        fractions = [*reversed(ends), *fractions, *(1 - end for end in ends)]
        places = [place(u, *self.interval) for u in fractions]
        line = [(x, self._at(x, point, 15)) for x in places]
        low, high = (
            [(x, self._at(x, point, ENDS_AT))] if x.is_finite else [] for x in self.interval
        )
        line = [*low, *line, *high]
        known = [(x, value) for x, value in line if value is not None]
        if not known:
            raise NoValueError(f"the equation has no value at any {self.name} that was tried")
        found = [
            self._refined(a, b, point, digits) for (a, f), (b, g) in pairwise(known) if f * g <= 0
        ]
        return tuple(sorted({root for root in found if root is not None}))

    def confirms(self, values: tuple[Any, ...], point: Mapping[Symbol, Expr]) -> bool:
        """Whether the residual changes its sign at each root."""
        del values, point
        return True

    def excludes(self, value: Any, point: Mapping[Symbol, Expr]) -> bool:
        """Whether the residual is not small around a value: it neither vanishes nor varies."""
        x = _exact(mpmath.mpf(value))
        width = abs(x) * NEARBY or NEARBY
        around = [self._at(x + k * width, point, 30) for k in (-1, 0, 1)]
        if any(near is None for near in around):
            return False
        least, most = min(map(abs, around)), max(map(abs, around))
        return bool(len({near > 0 for near in around}) == 1 and least > most / 2)

    def _at(self, x: Any, point: Mapping[Symbol, Expr], digits: int) -> Any:
        try:
            value = value_at(self.residual, {**point, self.name: x}, digits)
        except NoValueError:
            return None
        return None if isinstance(value, mpmath.mpc) else value

    def _refined(self, a: Any, b: Any, point: Mapping[Symbol, Expr], digits: int) -> Any:
        """The root between two points; None for a pole."""
        with mp.workdps(digits + 10):
            ends = [mpmath.mpf(int(x.p)) / int(x.q) for x in (a, b)]

            def function(x: Any) -> Any:
                value = self._at(_exact(x), point, digits + 6)
                if value is None:
                    raise NoValueError(f"the equation has no value at {mpmath.nstr(x, 8)}")
                return value

            top = max(abs(function(x)) for x in ends)
            root = mpmath.findroot(
                function,
                ends,
                solver="anderson",
                tol=mpmath.mpf(10) ** (-2 * digits - 4),
                verify=False,
                maxsteps=60,
            )
            return root if abs(function(root)) <= top * mpmath.mpf(10) ** (2 - digits) else None


def _exact(x: Any) -> Rational:
    """A number of mpmath as the binary fraction that it is."""
    sign, mantissa, exponent, _ = x._mpf_
    return Rational(int(mantissa) * (-1) ** sign) * Rational(2) ** exponent
