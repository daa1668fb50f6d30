"""Names of summed indices on paper: no primes, no clash with what stands beside the sum."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sympy import Symbol

from derive.indices import Element, Index, free_indices
from derive.total import rename_bound

__all__ = ["binder_text", "index_names", "legible", "without_primes"]

_FAMILIES = (
    ["i", "j", "k", "l", "p", "q", "r"],
    ["a", "b", "c", "d", "e"],
    ["mu", "nu", "rho", "sigma", "tau"],
    ["x", "y", "z"],
)


def index_names(expr: Any) -> frozenset[str]:
    """The names of the free indices of an expression."""
    if not hasattr(expr, "args"):
        return frozenset()
    return frozenset(index.name for index in free_indices(expr))


def legible(binder: Any, scope: Iterable[str]) -> Any:
    r"""The same sum over indices whose names are plain and differ from those in scope.

    Internal names (they begin with \0), primes that substitution brought about and clashes give way
    to the next letters: i, j, k, ... and a, b, c, ...

    Examples
    --------
    >>> import derive as dv
    >>> i = dv.Index("i", dv.size("N")); x = dv.Real("x", i)
    >>> legible(dv.total(x[i], i), {"i"})
    Total(x[j], j)
    """
    taken = set(scope) | index_names(binder)
    names: dict[Index, Index] = {}
    own = {index.name for index in binder.indices}
    for index in binder.indices:
        plain = index.name.rstrip("'")
        if plain != index.name or plain in taken or plain.startswith("\0"):
            names[index] = index.renamed(_next_name(plain, taken | own | _names_in(binder.body)))
            taken.add(names[index].name)
        else:
            taken.add(plain)
    return rename_bound(binder, names) if names else binder


def without_primes(slots: tuple[Index, ...]) -> tuple[Index, ...]:
    """Indices side by side, with the next letters in place of primes.

    Examples
    --------
    >>> import derive as dv
    >>> a = dv.Index("a", dv.replicas("n"))
    >>> without_primes((a, a.renamed("a'")))
    (a, b)
    """
    taken = {index.name for index in slots if not index.name.endswith("'")}
    found: list[Index] = []
    for index in slots:
        plain = index.name.rstrip("'")
        name = index.name if plain == index.name else _next_name(plain, taken)
        taken.add(name)
        found.append(index.renamed(name))
    return tuple(found)


def binder_text(binder: Any, printer: Any) -> str:
    """A sum as plain text, ``Total(w[i, j]*V[j], j)``, inner sums with other letters."""
    scope: frozenset[str] = getattr(printer, "index_scope", frozenset())
    renamed = legible(binder, scope)
    printer.index_scope = scope | index_names(binder) | {i.name for i in renamed.indices}
    try:
        parts = [printer._print(arg) for arg in (renamed.body, *renamed.indices)]
    finally:
        printer.index_scope = scope
    return f"{type(binder).__name__}({', '.join(parts)})"


def _next_name(name: str, taken: set[str]) -> str:
    family = next((f for f in _FAMILIES if name in f), _FAMILIES[0])
    start = family.index(name) if name in family else 0
    for candidate in [*family[start:], *family[:start]]:
        if candidate not in taken:
            return candidate
    while name in taken or name.startswith("\0"):
        name = family[0] if name.startswith("\0") else f"{name}'"
    return name


def _names_in(body: Any) -> set[str]:
    """Every name in a summand, inner dummies and variables included."""
    inner = set().union(*(arg_names for arg_names in map(_bound_names, _nodes(body))))
    return inner | {x.name for x in body.atoms(Symbol, Element, Index)}


def _nodes(expr: Any) -> Iterable[Any]:
    yield expr
    for arg in expr.args:
        yield from _nodes(arg)


def _bound_names(node: Any) -> set[str]:
    return {index.name for index in getattr(node, "bound_indices", ())}
