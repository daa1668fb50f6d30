"""Indexed unknowns: what depends on them, replacement under sums, explicit components.

An unknown ``V[i]`` stands for all its components.  What depends on it is found by its label,
whatever the index; a component with a number for an index stands for itself alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import product as cartesian
from typing import Any

from sympy import Add, Dummy, Expr, Integer, Mul, Pow, Symbol

from derive.indices import Element, Index, free_indices
from derive.saddle.substitution import substitute
from derive.total import Binder, Total

__all__ = [
    "components",
    "explicit",
    "given_arrays",
    "index_of",
    "is_indexed",
    "is_polynomial_in",
    "marks",
    "next_letter",
    "replaced_everywhere",
    "singles_out_component",
    "under_sums",
    "with_other_index",
    "written_out",
]


def is_indexed(unknown: Any) -> bool:
    """Whether an unknown stands for a whole array of components."""
    return isinstance(unknown, Element) and bool(free_indices(unknown))


def index_of(unknown: Element) -> tuple[Index, ...]:
    """The free indices of an indexed unknown, in the order of its slots."""
    return tuple(slot for slot in unknown.slots if isinstance(slot, Index))


def marks(unknowns: Iterable[Expr]) -> tuple[Any, ...]:
    """What an expression contains if it depends on the unknowns: labels, or symbols."""
    return tuple(u.label if is_indexed(u) else u for u in unknowns)


def is_polynomial_in(expr: Expr, markers: tuple[Any, ...]) -> bool:
    """Whether sums, products and integer powers are all that acts on the unknowns."""
    if not expr.has(*markers) or isinstance(expr, Element) or expr in markers:
        return True
    if isinstance(expr, Total):
        return is_polynomial_in(expr.body, markers)
    if isinstance(expr, Add | Mul):
        return all(is_polynomial_in(arg, markers) for arg in expr.args)
    if isinstance(expr, Pow) and expr.exp.is_Integer and expr.exp > 0:
        return is_polynomial_in(expr.base, markers)
    return False


def under_sums(expr: Expr, rewrite: Callable[[Expr], Expr]) -> Expr:
    """Rewrite the bodies of all sums, innermost first, and then the expression itself."""
    inner = {
        node: node.func(under_sums(node.body, rewrite), *node.indices)
        for node in _outermost_binders(expr)
    }
    changed = {node: value for node, value in inner.items() if value != node}
    return rewrite(expr.xreplace(changed) if changed else expr)


def replaced_everywhere(expr: Expr, old: Expr, new: Expr) -> Expr:
    """Replace `old` by `new` for every value of their free indices, under sums too."""
    pattern = sorted(free_indices(old) | free_indices(new), key=str)
    if not pattern:
        return under_sums(expr, lambda e: substitute(e, old, new))
    shared = [f for f in Mul.make_args(old) if not free_indices(f)]
    common = Dummy("z", real=True)
    normaliser = (1 / Mul(*shared)) if shared else None
    if isinstance(normaliser, Total):
        # w[a]/Z = m[a] with Z = sum_a w[a]: under a sum, Z stands outside, so that w[a] = m[a] Z
        weight, outside = old * normaliser, expr.xreplace({normaliser: common})
        under = under_sums(outside, lambda e: _at_indices(e, weight, new * common, pattern))
        return under.xreplace({common: normaliser})
    return under_sums(expr, lambda e: _at_indices(e, old, new, pattern))


def _at_indices(expr: Expr, old: Expr, new: Expr, pattern: list[Index]) -> Expr:
    here = sorted(free_indices(expr), key=str)
    choices = ([i for i in here if i.range == p.range] for p in pattern)
    for chosen in cartesian(*choices):
        at = dict(zip(pattern, chosen, strict=True))
        expr = substitute(expr, old.xreplace(at), new.xreplace(at))
    return expr


def _outermost_binders(expr: Expr) -> list[Binder]:
    if isinstance(expr, Binder):
        return [expr]
    return [node for arg in expr.args for node in _outermost_binders(arg)]


def components(unknown: Expr, sizes: Mapping[Symbol, Any] | None = None) -> tuple[Expr, ...]:
    """The components of an unknown, whose ranges have numeric size (with the sizes given)."""
    if not is_indexed(unknown):
        return (unknown,)
    values = cartesian(*(range(1, int(i.size.subs(sizes or {})) + 1) for i in index_of(unknown)))
    return tuple(
        unknown.xreplace(dict(zip(index_of(unknown), map(Integer, point), strict=True)))
        for point in values
    )


def singles_out_component(expr: Expr, unknowns: Iterable[Expr]) -> bool:
    """Whether numbered components stand beside an index of numeric range: m[1] beside m[a]."""
    unknowns = tuple(unknowns)
    if not all(i.size.is_Integer for u in unknowns if is_indexed(u) for i in index_of(u)):
        return False
    own = {u.label for u in unknowns if is_indexed(u)}
    return any(e.label in own and not free_indices(e) for e in expr.atoms(Element))


def explicit(
    expr: Expr, unknowns: Iterable[Expr], sizes: Mapping[Symbol, Any] | None = None
) -> Expr:
    """Write out every sum over a range of numeric size (with the sizes given) of the unknowns."""
    ranges = {i.range for u in unknowns if is_indexed(u) for i in index_of(u)}
    counts = {r: r.size.subs(sizes or {}) for r in ranges}
    return written_out(expr, {r: int(n) for r, n in counts.items() if n.is_Integer})


def given_arrays(expr: Expr, unknowns: Iterable[Expr]) -> tuple[Element, ...]:
    """The arrays that an expression refers to, each as one element with named indices."""
    own = {u.label for u in unknowns if isinstance(u, Element)}
    labels = {e.label for e in expr.atoms(Element) if e.label.given and e.label not in own}
    named = (
        Element(label, *(Index(n, r) for n, r in zip("ijklpq", label.ranges, strict=False)))
        for label in labels
    )
    return tuple(sorted(named, key=str))


def written_out(expr: Any, ranges: Mapping[Any, int]) -> Any:
    """Write out the sums over some ranges, given how many values each has."""
    if not expr.has(Binder):
        return expr
    if hasattr(expr, "written_out") and expr.indices[0].range in ranges:
        return expr.written_out(ranges)
    if not isinstance(expr, Total):
        return expr.func(*(written_out(arg, ranges) for arg in expr.args))
    opened = [i for i in expr.indices if i.range in ranges]
    kept = [i for i in expr.indices if i.range not in ranges]
    body = written_out(expr.body, ranges)
    if not opened:
        return Total(body, *kept)
    values = cartesian(*(range(1, ranges[i.range] + 1) for i in opened))
    terms = (
        body.xreplace({i: Integer(v) for i, v in zip(opened, point, strict=True)})
        for point in values
    )
    return Add(*(Total(term, *kept) if kept else term for term in terms))


def with_other_index(unknown: Expr, taken: Iterable[Index]) -> Expr:
    """The same unknown with indices whose names are not taken: V[i] beside i is V[j]."""
    if not is_indexed(unknown):
        return unknown
    used = {index.name for index in taken}
    names: dict[Index, Index] = {}
    for index in index_of(unknown):
        names[index] = index.renamed(next_letter(index.name, used))
        used.add(names[index].name)
    return unknown.xreplace(names)


def next_letter(name: str, used: Iterable[str]) -> str:
    """The first letter from that of the name on that is not used: j beside i."""
    letters = (chr(c) for c in range(ord(name[0]), ord("z") + 1))
    found = next((x for x in letters if x not in used), f"{name}'")
    while found in used:
        found += "'"
    return found
