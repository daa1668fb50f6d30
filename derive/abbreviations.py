"""Names for subexpressions that occur several times, so that a long formula can be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sympy import Expr, KroneckerDelta, Symbol, cse, preorder_traversal

from derive.indices import Element, Label
from derive.nested import Expect, LogZ
from derive.total import IndexedProduct, Total

__all__ = ["abbreviated", "abbreviations"]

_WHOLE = (Total, IndexedProduct, LogZ, Expect, Element, KroneckerDelta)  # not to be cut open
_WORTH = 8  # operations from which a name makes a formula shorter


def abbreviations(*exprs: Any) -> Iterator[Symbol]:
    """Names A_1, A_2, ... of a letter that the expressions do not use."""
    used = {x.name[0] for expr in exprs for x in expr.atoms(Symbol, Label) if x.name}
    letter = next((c for c in "ABCDEFGH" if c not in used), "A")
    number = 0
    while True:
        number += 1
        yield Symbol(f"{letter}_{number}")


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
    replacements, (short,) = cse(opaque, symbols=(Symbol(f"\0{k}") for k in range(10**6)))
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


def _hidden(expr: Expr) -> dict[Symbol, Any]:
    """A symbol for each node that must stay whole, outermost first."""
    walk = preorder_traversal(expr)
    found = []
    for node in walk:
        if isinstance(node, _WHOLE):
            found.append(node)
            walk.skip()
    ordered = sorted(set(found), key=str)
    return {Symbol(f"\0whole{k}", positive=node.is_positive): node for k, node in enumerate(ordered)}
