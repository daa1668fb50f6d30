"""Matching of rewrite patterns: inside sums and products with other terms and coefficients around.

Placeholders are the symbols of the pattern that are handed in.  SymPy's `match` is not used: it
ignores terms that stand beside the pattern, and its answers depend on the order of arguments.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from sympy import Add, Expr, Function, Mul, S, Symbol

__all__ = ["rewrite_node", "unify"]

Binding = dict[Symbol, Expr]


def unify(pattern: Expr, expr: Expr, bound: Binding, wild: frozenset[Symbol]) -> Iterator[Binding]:
    """Every way to make the pattern equal to the whole expression."""
    if pattern in wild:
        if bound.get(pattern, expr) == expr and not expr.is_number:
            yield {**bound, pattern: expr}
        return
    if not pattern.free_symbols & wild:
        if pattern == expr:
            yield bound
        return
    if pattern.func != expr.func:
        return
    if isinstance(pattern, Add | Mul):
        yield from _unify_unordered(list(pattern.args), list(expr.args), bound, wild, pattern.func)
    elif len(pattern.args) == len(expr.args):
        yield from _unify_ordered(pattern.args, expr.args, bound, wild)


def _unify_ordered(patterns, exprs, bound, wild):  # type: ignore[no-untyped-def]
    if not patterns:
        yield bound
        return
    for found in unify(patterns[0], exprs[0], bound, wild):
        yield from _unify_ordered(patterns[1:], exprs[1:], found, wild)


def _unify_unordered(patterns, exprs, bound, wild, func):  # type: ignore[no-untyped-def]
    """Arguments in any order; a single bare placeholder takes everything that is left."""
    patterns = sorted(patterns, key=lambda p: p in wild and p not in bound)
    if not patterns:
        if not exprs:
            yield bound
        return
    first, rest = patterns[0], patterns[1:]
    if not rest and exprs:
        yield from unify(first, func(*exprs), bound, wild)
        return
    for k, expr in enumerate(exprs):
        for found in unify(first, expr, bound, wild):
            yield from _unify_unordered(rest, exprs[:k] + exprs[k + 1 :], found, wild, func)


def rewrite_node(before: Expr, after: Expr, expr: Expr, wild: frozenset[Symbol]) -> Expr | None:
    """The expression with one occurrence of a pattern at its top replaced; None if it has none.

    A sum may have other terms, and the pattern's terms a common coefficient; a product may have
    other factors.
    """
    if isinstance(before, Add):
        return _in_sum(before, after, expr, wild) if isinstance(expr, Add) else None
    if isinstance(before, Mul):
        return _in_product(before, after, expr, wild) if isinstance(expr, Mul) else None
    for found in unify(before, expr, {}, wild):
        return after.xreplace(found)
    return None


@lru_cache(maxsize=256)
def _anchor(parts: tuple[Expr, ...], wild: frozenset[Symbol]) -> tuple[Expr, list[Expr]]:
    """The part that says most and is one factor, and the others."""

    def says(part: Expr) -> tuple[bool, bool, bool, int]:
        core = part.as_coeff_Mul()[1]
        single, named = not isinstance(core, Mul), isinstance(core, Function)
        return bool(core.free_symbols & wild), single, named, core.count_ops()

    first = max(parts, key=says)
    return first, [part for part in parts if part is not first]


def _in_sum(before: Expr, after: Expr, expr: Expr, wild: frozenset[Symbol]) -> Expr | None:
    anchor, others = _anchor(before.args, wild)
    telling, _ = _anchor(Mul.make_args(anchor.as_coeff_Mul()[1]), wild)
    for term in expr.args:
        left = [other for other in expr.args if other is not term]
        for factor in Mul.make_args(term):
            for found in unify(telling, factor, {}, wild):
                common = term / anchor.xreplace(found)
                for bound, rest in _among(others, left, common, found, wild):
                    return Add(*rest, common * after.xreplace(bound))
    return None


def _among(
    patterns: list[Expr], terms: list[Expr], common: Expr, bound: Binding, wild: frozenset[Symbol]
) -> Iterator[tuple[Binding, list[Expr]]]:
    """Ways to find each pattern times the common factor among terms, and the terms left over."""
    if not patterns:
        yield bound, terms
        return
    first, rest = patterns[0].xreplace(bound), patterns[1:]
    for k, term in enumerate(terms):
        if first.free_symbols & wild - bound.keys():
            matches = unify(first, term / common, bound, wild)
        else:
            matches = iter((bound,) if common * first == term else ())
        for found in matches:
            yield from _among(rest, terms[:k] + terms[k + 1 :], common, found, wild)


def _in_product(before: Expr, after: Expr, expr: Expr, wild: frozenset[Symbol]) -> Expr | None:
    anchor, others = _anchor(before.args, wild)
    for factor in expr.args:
        for found in unify(anchor, factor, {}, wild):
            left = [f for f in expr.args if f is not factor]
            number = _take(left, [other.xreplace(found) for other in others])
            if number is not None:
                return Mul(number, *left, after.xreplace(found))
    return None


def _take(factors: list[Expr], needed: list[Expr]) -> Expr | None:
    """Remove each needed factor, or a numerical multiple of it; return the product of multiples."""
    number = S.One
    for wanted in needed:
        for k, factor in enumerate(factors):
            multiple = _multiple(factor, wanted)
            if multiple is not None:
                number *= multiple
                del factors[k]
                break
        else:
            return None
    return number


def _multiple(expr: Expr, of: Expr) -> Expr | None:
    """The number c with expr = c of; None if there is none."""
    (content, primitive), (other, unit) = expr.primitive(), of.primitive()
    if primitive == unit:
        return content / other
    return -content / other if primitive == -unit else None
