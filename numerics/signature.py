"""The arguments of a kernel: which symbols and arrays it takes, in which order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import Expr, Symbol

from derive.equations import Element, Index, IndexRange
from numerics.errors import UnknownParameterError, UnsupportedExpressionError
from numerics.lower import range_of
from numerics.program import Input

__all__ = ["axes_of", "distinct", "fresh_indices", "inputs_of", "scalars_of"]


def distinct(given: Sequence[Expr]) -> list[Expr]:
    """Arguments once each; two elements of one array are one argument."""
    found: dict[Any, Expr] = {}
    for expr in given:
        if not isinstance(expr, Symbol | Element):
            raise UnsupportedExpressionError(f"{expr} is no symbol and no element of an array")
        if expr.is_real is False:
            raise UnsupportedExpressionError(f"{expr} was declared not to be real")
        found.setdefault(expr.label if isinstance(expr, Element) else expr, expr)
    return list(found.values())


def inputs_of(given: Sequence[Expr]) -> list[Input]:
    """Scalars and arrays as the caller gives them, then the sizes that arrays make known."""
    arrays = [expr for expr in given if isinstance(expr, Element) and expr.slots]
    ranges = {over: None for expr in arrays for over in map(range_of, expr.label.ranges)}
    sizes = {over.size for over in ranges}
    inputs = []
    for expr in given:
        own = expr.label.ranges if isinstance(expr, Element) else ()
        if expr not in sizes:
            name = expr.name if isinstance(expr, Symbol | Element) else str(expr)
            inputs.append(Input(name, expr, tuple(range_of(r) for r in own)))
    named = [over for over in ranges if not over.size.is_Integer]
    return inputs + [Input(f"size_{o.name}", o.size, (o,), is_size=True) for o in named]


def fresh_indices(ranges: Sequence[Any], taken: set[str]) -> tuple[Index, ...]:
    """Indices over the ranges, under names that are not taken."""
    names: list[str] = []
    count = 0
    while len(names) < len(ranges):
        count += 1
        if f"k{count}" not in taken:
            names.append(f"k{count}")
    return tuple(Index(name, over) for name, over in zip(names, ranges, strict=True))


def scalars_of(inputs: Sequence[Expr], wanted: Sequence[Expr] | None) -> list[Expr]:
    """The scalar arguments that are asked for, by symbol or name; all of them for None.

    Raises
    ------
    UnknownParameterError
        If one is no argument, is an array, or is asked for twice.
    """
    scalars = [g for g in inputs if not (isinstance(g, Element) and g.slots)]
    if wanted is None:
        return scalars
    listed = list(wanted) if isinstance(wanted, list | tuple) else [wanted]
    known = {key: scalar for scalar in scalars for key in (scalar, getattr(scalar, "name", None))}
    for given in listed:
        if given not in known:
            raise UnknownParameterError(
                f"{given} is no scalar parameter of this kernel: {', '.join(map(str, scalars))}; "
                "derivatives by the entries of an array are those of jacobian()"
            )
    found = [known[given] for given in listed]
    if len(set(found)) < len(found):
        raise UnknownParameterError(f"{', '.join(map(str, found))}: a parameter occurs twice")
    return found


def axes_of(variables: Sequence[Expr], count: int, named: Sequence[tuple[str, Expr]]) -> Any:
    """Indices over a list of parameters, under names that no expression uses."""
    taken = {index.name for _, expr in named for index in expr.atoms(Index)}
    return fresh_indices([IndexRange(len(variables), "parameters")] * count, taken)
