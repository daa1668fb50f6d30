"""Which sign a form has, from its factors, assumptions, and the side of each form that is known.

Inside an average the sign of a large argument decides which of its asymptotic forms holds.  A sign
that is not known is asked for by `Undecided`; whoever sums over sides answers it both ways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sympy import Expr, Mul, Rational, S, Symbol, cancel, factor_list, together
from sympy.polys.polyerrors import PolynomialError

from derive.gaussian.covariance import sign_of

__all__ = ["Region", "Undecided", "factors", "sides"]


class Undecided(Exception):
    """The sign of a form is needed."""

    def __init__(self, form: Expr) -> None:
        super().__init__(form)
        self.form = form


@dataclass(frozen=True)
class Region:
    """Where some forms are known to be positive."""

    positive: tuple[Expr, ...] = field(default=())

    def sign(self, expr: Expr) -> int:
        """-1, 0 or +1.

        Raises
        ------
        Undecided
            If the sign of one of the factors is not known here.
        """
        known = sign_of(expr)
        if known is not None:
            return known
        result = 1  # roots are positive
        for base, power in factors(expr):
            if not (power.is_Integer and power.is_even) and power.is_integer is not False:
                result *= self._of_factor(base)
        return result

    def _of_factor(self, base: Expr) -> int:
        known = sign_of(base)
        if known is not None:
            return known
        for form in self.positive:
            ratio = _ratio(base, form)
            if ratio is not None and sign_of(ratio):
                return int(sign_of(ratio) or 0)
        opposite = base.could_extract_minus_sign()
        raise Undecided(-base if opposite else base)

    def roots(self, expr: Expr) -> Iterator[tuple[Expr, Rational]]:
        """The forms of unknown sign in which an expression vanishes, each with its power."""
        for base, power in factors(expr):
            if sign_of(base) is None and base.free_symbols and power.is_positive:
                yield (-base if base.could_extract_minus_sign() else base), power


def factors(expr: Expr) -> list[tuple[Expr, Expr]]:
    """Factors with their powers; numbers among them."""
    if not expr.is_Add:
        return [f.as_base_exp() for f in Mul.make_args(expr)]
    try:
        above, below = together(expr).as_numer_denom()
        number, found = factor_list(above)
        parts = [(number, S.One), *((f, S(k)) for f, k in found)]
        return parts if below == 1 else [*parts, *((f, -k) for f, k in factors(below))]
    except PolynomialError:
        return [(expr, S.One)]


def sides(
    value: Callable[[Region], Any], region: Region, variables: Iterable[Symbol] | None
) -> list[tuple[tuple[Expr, ...], Any]]:
    """What a function of the region is on each side of the forms that it asks for.

    Each side is told by the forms that are positive on it.

    Parameters
    ----------
    value : callable
        It may raise `Undecided`.
    region : Region
        What is known already.
    variables : iterable of Symbol, or None
        Only forms that contain one of these are answered; all of them for None.
    """
    bound = None if variables is None else set(variables)
    found, left = [], [region.positive]
    while left:
        where = left.pop()
        try:
            result = value(Region(where))
        except Undecided as asked:
            if bound is not None and not asked.form.free_symbols & bound:
                raise
            left += [
                (*where, form) for form in (asked.form, -asked.form) if not _excluded(form, where)
            ]
            continue
        found.append((where[len(region.positive) :], result))
    return found


def _ratio(base: Expr, form: Expr) -> Expr | None:
    """base/form where it does not depend on what the form depends on, other than by its sign."""
    if base.free_symbols != form.free_symbols:
        return None
    if base in (form, -form):
        return S.One if base == form else S.NegativeOne
    ratio = cancel(base / form)
    return ratio if sign_of(ratio) else None


def _excluded(form: Expr, where: Sequence[Expr]) -> bool:
    """Whether a form cannot be positive there: its sum with one that is is a number below zero."""
    return any(sign_of((form + other).expand()) in (-1, 0) for other in where)
