"""Sums over the nodes of a quadrature rule, kept as they are written.

A sum over sites is brought to normal form, which multiplies out what is summed.  A rule must not
be: ``(f - g)**2`` at a node is a square, and three terms that cancel are none.
"""

from __future__ import annotations

from typing import Any

from sympy import Expr, Symbol

from derive.equations import Binder, Element, Index, IndexRange, Label, Total, free_indices

__all__ = ["NodeSum", "node_index", "node_table"]


class NodeSum(Binder):
    """The sum of `body` over nodes.

    Examples
    --------
    >>> from sympy import Symbol
    >>> from numerics.node_sum import NodeSum, node_index, node_table
    >>> k = node_index("n1")
    >>> S = node_table("S", k)
    >>> NodeSum((1 + S)**2, k).body
    (S[n1] + 1)**2
    """

    def __new__(cls, body: Any, *indices: Index) -> Expr:
        return Expr.__new__(cls, body, *indices)

    def _eval_derivative(self, other: Any) -> Expr:
        safe = self._renamed_apart(free_indices(other))
        slope = safe.body.diff(other)
        return slope if slope == 0 else NodeSum(slope, *safe.indices)

    def _latex(self, printer: Any) -> str:
        return str(Total._latex(self, printer))


def node_index(name: str) -> Index:
    """An index of nodes, how many the tables say."""
    return Index(name, IndexRange(Symbol(f"{name}_count", integer=True, positive=True), name))


def node_table(name: str, index: Index) -> Element:
    """The entry of a table of numbers, one for each node."""
    return Label(name, (index.range,), given=True)[index]
