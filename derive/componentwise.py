"""Write indexed expressions component by component at given integer sizes."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product as cartesian
from typing import Any

from sympy import Add, Expr, Integer, Mul, Symbol

from derive.evaluate import count
from derive.free_entropy import FreeEntropy
from derive.indices import Element
from derive.total import IndexedProduct, Total

__all__ = ["componentwise", "explicit"]


def explicit(expr: Any, sizes: Mapping[Symbol, Any]) -> Any:
    """Open all sums and products over indices at the given sizes."""
    if not getattr(expr, "args", ()) or not expr.has(Total, IndexedProduct):
        return expr
    if isinstance(expr, Total | IndexedProduct):
        ranges = [range(1, count(i.range, sizes) + 1) for i in expr.indices]
        terms = [
            explicit(
                expr.body.xreplace(dict(zip(expr.indices, map(Integer, at), strict=True))), sizes
            )
            for at in cartesian(*ranges)
        ]
        return Add(*terms) if isinstance(expr, Total) else Mul(*terms)
    return expr.func(*(explicit(arg, sizes) for arg in expr.args))


def componentwise(
    free_entropy: FreeEntropy, sizes: Mapping[Symbol, Any]
) -> tuple[FreeEntropy, dict[Element, Symbol]]:
    """The free entropy with one scalar unknown for each component of indexed ones.

    Returns
    -------
    FreeEntropy, dict
        It, and the symbol that stands for each component.
    """
    names: dict[Element, Symbol] = {}
    unknowns: list[Expr] = []
    signs: list[int] = []
    for unknown, sign in zip(free_entropy.unknowns, free_entropy.signs, strict=True):
        own = [unknown]
        if isinstance(unknown, Element) and unknown.slots:
            ranges = [range(1, count(r, sizes) + 1) for r in unknown.label.ranges]
            elements = [unknown.label[at] for at in cartesian(*ranges)]
            own = [Symbol(f"{e.name}_{'_'.join(map(str, e.slots))}", real=True) for e in elements]
            names.update(zip(elements, own, strict=True))
        unknowns.extend(own)
        signs.extend([sign] * len(own))
    pieces = [
        explicit(e, sizes).xreplace(names) for e in (free_entropy.density, free_entropy.correction)
    ]
    opened = FreeEntropy(
        pieces[0],
        unknowns,
        signs,
        free_entropy.size,
        free_entropy.beta,
        pieces[1],
        free_entropy.kind,
    )
    return opened, names
