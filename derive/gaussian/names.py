"""Names of the variables that averages bind: fresh ones, and one form for all of them.

Averages are compared by a form in which the variables carry numbers: refinement tells variables
apart by where they occur (as in `derive.canonical`), and what it cannot tell apart is tried in each
order, but for variables that a transposition exchanges without changing anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cmp_to_key, lru_cache
from typing import Any

from sympy import Basic, Expr, Integer, Symbol, Tuple

__all__ = ["canonical_key", "free_names", "fresh_symbol", "real_symbols"]

Law = tuple[Expr, tuple[Symbol, ...], tuple[Expr, ...], Any]  # integrand, variables, mean, matrix
_compare: Any = cmp_to_key(Basic.compare)


def fresh_symbol(name: str, taken: Iterable[str]) -> Symbol:
    """A real symbol of this name, or of the first numbered one that is not taken: z, z1, z2, ..."""
    avoid = set(taken)
    stem, number = name.rstrip("0123456789") or "z", 0
    while name in avoid:
        number += 1
        name = f"{stem}{number}"
    return Symbol(name, real=True)


def free_names(*exprs: Any) -> set[str]:
    """The names of the free symbols of expressions."""
    return {str(s.name) for e in exprs for s in getattr(e, "free_symbols", ()) if s.is_Symbol}


def real_symbols(variables: Sequence[Symbol], *scope: Any) -> dict[Symbol, Symbol]:
    """A real symbol for each variable, no two of one name, and none of a name free in the scope."""
    taken = {s.name for e in scope for s in e.free_symbols - set(variables)}
    names: dict[Symbol, Symbol] = {}
    for variable in variables:
        names[variable] = fresh_symbol(variable.name, taken)
        taken.add(names[variable].name)
    return names


@lru_cache(maxsize=16384)
def canonical_key(
    integrand: Expr, variables: tuple[Symbol, ...], mean: tuple[Expr, ...], covariance: Any
) -> tuple[Basic, ...]:
    """One value for all names and orders of the variables of an average."""
    law = (integrand, variables, mean, covariance)
    ranks = _refine(law, dict.fromkeys(variables, 0))
    return min((_numbered(law, order) for order in _orders(law, ranks)), key=_as_tuple)


def _as_tuple(key: tuple[Basic, ...]) -> Any:
    return _compare(Tuple(*key))


def _numbered(law: Law, order: Sequence[Symbol]) -> tuple[Basic, ...]:
    """The law with the variables in this order, as numbers above those that are free in it."""
    integrand, variables, mean, covariance = law
    used = (n[1:] for n in free_names(integrand) if n.startswith("\0"))
    start = max((int(n) + 1 for n in used if n.isdigit()), default=0)
    rule = {v: Symbol(f"\0{k}", real=True) for k, v in enumerate(order, start)}
    place = [variables.index(v) for v in order]
    means = Tuple(*(mean[k] for k in place))
    return integrand.xreplace(rule), means, Tuple(*covariance.extract(place, place))


def _orders(law: Law, ranks: Mapping[Symbol, int]) -> Iterator[list[Symbol]]:
    """The orders that refinement and symmetry leave open."""
    classes = _classes(ranks)
    ambiguous = next((members for members in classes if len(members) > 1), None)
    if ambiguous is None:
        yield [members[0] for members in classes]
        return
    for chosen in _inequivalent(law, ambiguous):
        marked = {v: 2 * rank + (v != chosen) for v, rank in ranks.items()}
        yield from _orders(law, _refine(law, marked))


def _inequivalent(law: Law, members: Sequence[Symbol]) -> list[Symbol]:
    kept: list[Symbol] = []
    for variable in members:
        if not any(_exchangeable(law, variable, other) for other in kept):
            kept.append(variable)
    return kept


def _exchangeable(law: Law, first: Symbol, second: Symbol) -> bool:
    integrand, variables, mean, covariance = law
    place = list(range(len(variables)))
    k, n = variables.index(first), variables.index(second)
    place[k], place[n] = n, k
    return (
        mean[k] == mean[n]
        and covariance.extract(place, place) == covariance
        and integrand.xreplace({first: second, second: first}) == integrand
    )


def _classes(ranks: Mapping[Symbol, int]) -> list[list[Symbol]]:
    return [[v for v in ranks if ranks[v] == rank] for rank in sorted(set(ranks.values()))]


def _refine(law: Law, ranks: dict[Symbol, int]) -> dict[Symbol, int]:
    """Refine until the number of classes no longer grows."""
    count = 0
    while True:
        classes = _classes(ranks)
        ranks = {v: rank for rank, members in enumerate(classes) for v in members}
        if len(classes) in (count, len(ranks)):
            return ranks
        count = len(classes)
        colours = {v: _signature(law, v, ranks) for v in ranks}
        order = sorted(set(colours.values()), key=_compare)
        ranks = {v: order.index(colour) for v, colour in colours.items()}


def _signature(law: Law, variable: Symbol, ranks: Mapping[Symbol, int]) -> Tuple:
    """What a variable looks like from outside, the others shown by their ranks."""
    integrand, variables, mean, covariance = law
    k = variables.index(variable)
    marks = {v: Symbol(f"\0c{rank}", real=True) for v, rank in ranks.items()}
    marks[variable] = Symbol("\0*", real=True)
    seen = sorted(
        (Tuple(ranks[v], covariance[k, n]) for n, v in enumerate(variables) if n != k), key=_compare
    )
    rank = Integer(ranks[variable])
    return Tuple(rank, mean[k], covariance[k, k], Tuple(*seen), integrand.xreplace(marks))
