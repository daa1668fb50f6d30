"""What `compile` accepts, brought to one form: `Equations`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import Eq, Expr, I, MatrixBase, Symbol, sympify

from derive.equations import Element, Equations, Expect, Index, LogZ
from numerics.errors import UnsupportedExpressionError

__all__ = ["as_equations", "as_expression", "marked", "unmarked"]

_MARK = "\N{DEGREE SIGN}"


def as_equations(obj: Any, arguments: Sequence[Expr] | None = None) -> Equations:
    """Equations from an expression, an equation, a list of these, or what offers `equations`."""
    offered = getattr(obj, "equations", None)
    if offered is not None:
        return offered() if callable(offered) else offered
    several = isinstance(obj, Sequence | MatrixBase) and not isinstance(obj, str)
    listed = list(obj) if several else [obj]
    if not listed:
        raise UnsupportedExpressionError("there is nothing to compile: the list is empty")
    named = [_named(item, k if len(listed) > 1 else None) for k, item in enumerate(listed)]
    expressions = tuple((name, expr) for name, expr, _ in named)
    unknowns = tuple(dict.fromkeys(u for _, _, u in named if u is not None))
    found = _dependencies(expr for _, expr, _ in named)
    if arguments is not None:
        return Equations((), tuple(arguments), expressions)
    first = tuple(u for u in unknowns if _key(u) in found)
    rest = [found[key] for key in found if key not in {_key(u) for u in first}]
    ordered = sorted(rest, key=lambda e: (isinstance(e, Element) and len(e.slots), str(e)))
    return Equations(first, tuple(ordered), expressions)


def as_expression(expr: Any) -> Expr:
    """One expression, real-valued as far as can be seen."""
    if isinstance(expr, int | float):
        expr = sympify(expr)
    if not isinstance(expr, Expr):  # text too: SymPy would run it
        raise UnsupportedExpressionError(
            f"{expr} is a {type(expr).__name__}, no expression: compile takes SymPy expressions, "
            "equations, lists of them, and what offers equations()"
        )
    if expr.has(I):
        raise UnsupportedExpressionError(f"{expr} is complex: compile its real and imaginary parts")
    return expr


def marked(index: Index) -> Index:
    """The same index under a name that no sum binds: a rewriting may bring factors under a sum."""
    return index.renamed(index.name + _MARK)


def unmarked(expr: Any) -> str:
    """An expression in words, its free indices under their own names."""
    return str(expr).replace(_MARK, "")


def _named(item: Any, position: int | None) -> tuple[str, Expr, Expr | None]:
    if isinstance(item, Eq):
        unknown = item.lhs if isinstance(item.lhs, Symbol | Element) else None
        return str(item.lhs), as_expression(item.rhs), unknown
    return "value" if position is None else f"value_{position}", as_expression(item), None


def _key(expr: Expr) -> Any:
    """Elements of one array are one argument."""
    return expr.label if isinstance(expr, Element) and expr.slots else expr


def _dependencies(expressions: Any) -> dict[Any, Expr]:
    """What expressions depend on: symbols and an element of each array, without their sizes."""
    found: dict[Any, Expr] = {}
    for expr in expressions:
        # the variable of a left-over integral is bound by it
        bound = {v.label for n in expr.atoms(LogZ, Expect) for v in n.ensemble.variables}
        elements = {e for e in expr.atoms(Element) if e.label not in bound}
        for node in sorted(expr.free_symbols | elements, key=str):
            found.setdefault(_key(node), node)
    sizes = {over.size for e in found.values() if isinstance(e, Element) for over in e.label.ranges}
    return {key: node for key, node in found.items() if node not in sizes}
