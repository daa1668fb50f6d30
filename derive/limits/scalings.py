"""How unknowns scale with a small parameter: by leading balance, or as the user says.

Candidates are tried from the simplest on: an unknown stays finite, goes to one (or to another
unknown that it is compared with) linearly, vanishes linearly, or diverges as 1/eps or 1/eps**2.
One is accepted in which the free entropy is of the order 1/eps, and each unknown is determined: the
largest terms of its stationarity condition are more than one and can balance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

from sympy import Add, Expr, Pow, S, Symbol, cancel, default_sort_key, expand_mul, fraction, sympify

from derive.errors import DeriveError
from derive.gaussian.average import GaussianAverage
from derive.limits.asymptotics import expanded
from derive.limits.errors import LimitError
from derive.limits.series import Key, Series
from derive.saddle.linear import sample_point

__all__ = ["Scaled", "balanced", "balances", "given"]

MOST_COST = 6
SAMPLES = 12
MORE = 4  # orders kept where two are too few
Scaling = dict[Symbol, Expr]  # the unknowns in eps and the new unknowns


@dataclass(frozen=True)
class Scaled:
    """A free entropy in scaled unknowns, expanded.

    Attributes
    ----------
    scaling : dict
        Each unknown in the small parameter and the new unknowns.
    unknowns : tuple of Symbol
        The new unknowns, one for each old one.
    density : Expr
        phi in them.
    terms : dict
        Its expansion: {(power, logs): coefficient}, averages as they are.
    order : Expr
        Of the remainder.
    """

    scaling: Scaling
    unknowns: tuple[Symbol, ...]
    density: Expr
    terms: Mapping[Key, Expr]
    order: Any

    @property
    def keys(self) -> list[Key]:
        """Of the terms, the largest first."""
        return Series(self.terms).keys

    def row(self, unknown: Symbol) -> Expr:
        """The largest term of the stationarity condition of an unknown; zero if none is known."""
        for key in self.keys:
            slope = self.terms[key].diff(unknown)
            if slope != 0 and expand_mul(slope) != 0:
                return slope
        return S.Zero


def given(density: Expr, unknowns: Sequence[Symbol], scaling: Scaling, eps: Symbol) -> Scaled:
    """The expansion with a scaling.

    Raises
    ------
    LimitError
        If an unknown is scaled to an expression that does not hold exactly one new unknown.
    """
    full = {u: sympify(scaling.get(u, u)) for u in unknowns}
    known = density.free_symbols - set(unknowns)
    new: list[Symbol] = []
    for unknown, value in full.items():
        own = value.free_symbols - known - {eps}
        fresh = own - set(unknowns) if len(own) > 1 else own
        if len(fresh) != 1:
            raise LimitError(
                f"{unknown} = {value} does not name one new unknown: write it like 1 - C/beta with "
                "a symbol C of its own"
            )
        new.append(*fresh)
    inside = density.subs(full, simultaneous=True)
    series = expanded(inside, eps)
    if series.order <= 0:  # what cancels in the largest terms has cost some orders
        series = expanded(inside, eps, MORE)
    terms = dict(series.terms)
    for key in series.keys:  # what leads must not vanish once its averages are done
        if terms[key].doit() != 0:
            break
        del terms[key]
    return Scaled(full, tuple(new), inside, terms, series.order)


def balanced(
    density: Expr,
    unknowns: Sequence[Symbol],
    eps: Symbol,
    accept: Callable[[Scaled], bool],
    known: Mapping[Symbol, Expr] | None = None,
) -> Scaled:
    """The first scaling in which everything balances.

    Raises
    ------
    LimitError
        If none of the candidates does.
    """
    known = known or {}
    if set(unknowns) <= set(known):
        return _accepted(given(density, unknowns, dict(known), eps), accept)
    for scaling in _candidates(density, unknowns, eps, known):
        try:
            scaled = given(density, unknowns, scaling, eps)
        except DeriveError:
            continue
        if accept(scaled) and _is_determined(scaled, scaling, density):
            return scaled
    raise LimitError(
        f"no scaling of {', '.join(map(str, unknowns))} was found in which the largest terms of "
        "phi are of the order 1/eps and determine every unknown: give one with scaling={q: 1 - "
        "C/beta, ...}"
    )


def _accepted(scaled: Scaled, accept: Callable[[Scaled], bool]) -> Scaled:
    """What the user says, if the free entropy is then of the right order."""
    if accept(scaled) and all(map(balances, map(scaled.row, scaled.unknowns))):
        return scaled
    powers = [str(p) for p, _ in scaled.keys] or [f"{scaled.order} and beyond"]
    raise LimitError(
        f"with the scaling given, phi has the powers {', '.join(powers)} of the small parameter "
        "eps, and not every stationarity condition has two terms that could balance: leave the "
        "scaling to limit, or give another"
    )


def _is_determined(scaled: Scaled, scaling: Scaling, density: Expr) -> bool:
    """Whether the largest terms of the stationarity conditions can fix every unknown."""
    rows = [scaled.row(u) for u in scaled.unknowns]
    if not all(map(balances, rows)) or not all(balances(row.doit()) for row in rows):
        return False  # averages are done only where they may decide
    if any(_cancels(a + b) or _cancels(a - b) for a, b in combinations(rows, 2)):
        return False  # two conditions are one
    return not any(
        _cancels(row.subs(unknown, end))
        for unknown, value in scaling.items()
        if value == unknown  # a condition on C that says q = 1 leaves open how q goes there
        for _, end in _diagonals(density, unknown, list(scaling))
        for other, row in zip(scaled.unknowns, rows, strict=True)
        if other != unknown and not row.has(GaussianAverage)
    )


def _cancels(expr: Expr) -> bool:
    return expr.expand(power_base=False, log=False) == 0


def balances(row: Expr) -> bool:
    """Whether an expression has several terms, not all of one sign, so that it may vanish."""
    if row.is_rational_function(*row.free_symbols):
        row = fraction(cancel(row))[0]
    terms = Add.make_args(expand_mul(row))
    if len(terms) < 2 or row.has(GaussianAverage):
        return len(terms) > 1
    symbols = sorted(row.free_symbols, key=str)
    for k in range(SAMPLES):
        values = [t.xreplace(sample_point(symbols, k)).evalf(15) for t in terms]
        if any(v.is_positive for v in values) and any(v.is_negative for v in values):
            return True
    return False


def _candidates(
    density: Expr, unknowns: Sequence[Symbol], eps: Symbol, known: Mapping[Symbol, Expr]
) -> Iterator[Scaling]:
    """All combinations, by cost."""
    options = [
        [(0, known[u])] if u in known else _options(density, u, unknowns, eps) for u in unknowns
    ]
    found = []
    for choice in product(*options):
        cost = sum(c for c, _ in choice)
        if cost <= MOST_COST:
            found.append((cost, dict(zip(unknowns, (v for _, v in choice), strict=True))))
    for _, scaling in sorted(found, key=lambda item: item[0]):
        yield scaling


def _options(
    density: Expr, unknown: Symbol, unknowns: Sequence[Symbol], eps: Symbol
) -> list[tuple[int, Expr]]:
    """(cost, value in eps and the new unknown)."""
    signs = {k: v for k, v in unknown.assumptions0.items() if k in ("real", "positive")}
    scaled = Symbol(f"{unknown.name}tilde", **signs)
    distance = Symbol(f"C_{unknown.name}" if len(unknowns) > 1 else "C", positive=True)
    found: list[tuple[int, Expr]] = [(0, unknown)]
    found += [(c, d - distance * eps) for c, d in _diagonals(density, unknown, unknowns)]
    found += [(1, scaled * eps), (2, scaled / eps), (3, scaled / eps**2)]
    if 1 / unknown in density.atoms(Pow):  # log <exp(m f)>/m: m vanishes as f diverges
        found[0], found[-3] = (1, unknown), (0, scaled * eps)
    return found


def _diagonals(
    density: Expr, unknown: Symbol, unknowns: Sequence[Symbol]
) -> list[tuple[int, Expr]]:
    """What an unknown is compared with, with a cost: unknowns in differences d - q, and one."""
    found: dict[Expr, None] = {}
    for addition in sorted(density.atoms(Add), key=default_sort_key):
        slope = addition.coeff(unknown)
        if slope != 0:
            found |= {u: None for u in unknowns if addition.coeff(u) == -slope}
    return [(1, d) for d in {**found, S.One: None}]
