"""How unknowns scale with a small parameter: by leading balance, or as the user says.

Candidates are tried from the simplest on: an unknown stays finite, goes to one (or to another
unknown that it is compared with) linearly, vanishes linearly, or diverges as 1/eps or 1/eps**2.
One is accepted in which the free entropy is of the order 1/eps, and each unknown is determined: the
largest terms of its stationarity condition are more than one and can balance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from sympy import Add, Expr, S, Symbol, expand_mul, sympify

from derive.errors import DeriveError
from derive.limits.asymptotics import expanded
from derive.limits.errors import LimitError
from derive.limits.series import Key, Series

__all__ = ["Scaled", "balanced", "balances", "given"]

MOST_COST = 6
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
    for scaling in _candidates(density, unknowns, eps, known):
        try:
            scaled = given(density, unknowns, scaling, eps)
        except DeriveError:
            continue
        if accept(scaled) and all(balances(scaled.row(u)) for u in scaled.unknowns):
            return scaled
    raise LimitError(
        f"no scaling of {', '.join(map(str, unknowns))} was found in which the largest terms of "
        "phi are of the order 1/eps and determine every unknown: give one with scaling={q: 1 - "
        "C/beta, ...}"
    )


def balances(row: Expr) -> bool:
    """Whether an expression has several terms, so that it may vanish."""
    return len(Add.make_args(expand_mul(row))) > 1


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
    found += [(1, d - distance * eps) for d in _diagonals(density, unknown, unknowns)]
    return [*found, (2, scaled * eps), (2, scaled / eps), (3, scaled / eps**2)]


def _diagonals(density: Expr, unknown: Symbol, unknowns: Sequence[Symbol]) -> list[Expr]:
    """What an unknown is compared with: one, and unknowns d that stand in differences d - q."""
    found: list[Expr] = [S.One]
    for addition in density.atoms(Add):
        slope = addition.coeff(unknown)
        rest = addition - slope * unknown
        if slope.is_number and slope != 0 and rest in [-slope * u for u in unknowns]:
            found.append(-rest / slope)
    return list(dict.fromkeys(found))
