"""Names for subexpressions that occur several times, so that a long formula can be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from sympy import Expr, KroneckerDelta, Symbol, cse, preorder_traversal

from derive.indices import Element, Label
from derive.nested import Expect, LogZ
from derive.total import IndexedProduct, Total

__all__ = ["abbreviated", "abbreviations", "narrowed"]

_WHOLE = (Total, IndexedProduct, LogZ, Expect, Element, KroneckerDelta)  # not to be cut open
_WORTH = 8  # operations from which a name makes a formula shorter


def abbreviations(expr: Any, start: int = 1) -> Iterator[Symbol]:
    """Names A_1, A_2, ... of a letter that the expression does not use."""
    used = {x.name[0] for x in expr.atoms(Symbol, Label) if x.name}
    letter = next((c for c in "ABCDEFGHKLMPQRSTUWXYZ" if c not in used), "abbr")
    return (Symbol(f"{letter}_{number}") for number in count(start))


def abbreviated(expr: Expr, names: Iterator[Symbol]) -> tuple[Expr, list[tuple[Symbol, Expr]]]:
    """The expression with names for what occurs repeatedly in it, and what they stand for.

    Examples
    --------
    >>> from sympy import cosh, symbols
    >>> a, b, c, d = symbols("a b c d")
    >>> long = cosh(a*b + b*c + c*d + a*d)
    >>> short, meaning = abbreviated(long/(1 + long), abbreviations(long))
    >>> short, meaning
    (A_1/(A_1 + 1), [(A_1, cosh(a*b + a*d + b*c + c*d))])
    """
    hidden = _hidden(expr)
    opaque = expr.xreplace({node: symbol for symbol, node in hidden.items()})
    replacements, (short,) = cse(opaque, symbols=(Symbol(f"\0{k}") for k in count()))
    meaning: dict[Symbol, Expr] = {}
    pending: dict[Symbol, Expr] = {}
    uses = [short, *(definition for _, definition in replacements)]
    for symbol, definition in replacements:
        definition = definition.xreplace(pending)
        often = sum(use.count(symbol) for use in uses) > 1
        if often and definition.count_ops() >= _WORTH:
            name = next(names)
            meaning[name] = definition
            pending[symbol] = name
        else:
            pending[symbol] = definition
    short = short.xreplace(pending)
    return short.xreplace(hidden), [(n, d.xreplace(hidden)) for n, d in meaning.items()]


def narrowed(
    expr: Expr, names: Iterator[Symbol], fits: Callable[[Expr], bool]
) -> tuple[Expr, list[tuple[Symbol, Expr]]]:
    """Names for sums within fractions and the like, the largest first, until the rest fits.

    Examples
    --------
    >>> from sympy import symbols
    >>> a, b, c, d = symbols("a b c d")
    >>> narrowed(d/(a + b + c), abbreviations(a), lambda e: e.count_ops() < 3)
    (d/A_1, [(A_1, a + b + c)])
    """
    meaning: list[tuple[Symbol, Expr]] = []
    while not fits(expr):
        inner = [x for x in _outside_binders(expr) if x.is_Add and x != expr and len(x.args) > 2]
        if not inner:
            break
        largest = max(inner, key=lambda x: (x.count_ops(), str(x)))
        name = next(names)
        expr = expr.xreplace({largest: name})
        definition, more = narrowed(largest, names, fits)
        meaning += [(name, definition), *more]
    return expr, meaning


def _outside_binders(expr: Any) -> Iterator[Any]:
    """All subexpressions that contain no bound index."""
    walk = preorder_traversal(expr)
    for node in walk:
        yield node
        if isinstance(node, _WHOLE):
            walk.skip()


def _hidden(expr: Expr) -> dict[Symbol, Any]:
    """A symbol for each outermost node that must stay whole."""
    found = {node for node in _outside_binders(expr) if isinstance(node, _WHOLE)}
    ordered = sorted(found, key=str)
    names = (f"\0whole{k}" for k in count())
    return {
        Symbol(n, positive=node.is_positive): node for n, node in zip(names, ordered, strict=False)
    }
