"""Sums over the nodes of a quadrature rule, kept as they are written.

A sum over sites is brought to normal form, which multiplies out what is summed.  A rule must not
be: ``(f - g)**2`` at a node is a square, and three terms that cancel are none.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sympy import Expr, Symbol

from derive.equations import Binder, Element, Index, IndexRange, Label, Total, free_indices

__all__ = ["NodeSum", "Table", "node_index", "node_table", "tables_of"]


class NodeSum(Binder):
    """The sum of `body` over nodes.

    Examples
    --------
    >>> from sympy import Symbol
    >>> from numerics.node_sum import NodeSum, node_index, node_table
    >>> k = node_index("n1")
    >>> S = node_table("S", k, [0.5, 1.5])
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


class NodeEntry(Element):
    """An entry of a table of nodes: a real number, whatever its index."""

    is_real = True


class Table(Label):
    """An array of one slot that carries its numbers; equal tables have equal names and numbers."""

    __slots__ = ("_bytes",)
    _bytes: bytes

    def __new__(cls, name: str, over: IndexRange, numbers: bytes) -> Table:
        table: Table = Label.__new__(cls, name, (over,), given=True)
        table._bytes = numbers
        return table

    def _hashable_content(self) -> tuple[Any, ...]:
        return (*super()._hashable_content(), self._bytes)

    def __getnewargs__(self) -> tuple[Any, ...]:
        return (self.name, self.ranges[0], self._bytes)

    def __getitem__(self, slots: Any) -> NodeEntry:
        return NodeEntry(self, *(slots if isinstance(slots, tuple) else (slots,)))

    @property
    def values(self) -> Any:
        """The numbers, one for each node."""
        return np.frombuffer(self._bytes)

    @property
    def plain(self) -> Label:
        """The array of this name without its numbers."""
        return Label(self.name, self.ranges, given=True)


def node_index(name: str) -> Index:
    """An index of nodes, how many the tables say."""
    return Index(name, IndexRange(Symbol(f"{name}_count", integer=True, positive=True), name))


def node_table(name: str, index: Index, values: Any) -> Element:
    """The entry of a table of numbers, one for each node."""
    return Table(name, index.range, np.ascontiguousarray(values, dtype=np.float64).tobytes())[index]


def tables_of(expr: Expr) -> tuple[Element, ...]:
    """An entry of each table that an expression reads, in the order of their names."""
    found = {e.label: e for e in expr.atoms(Element) if isinstance(e.label, Table)}
    return tuple(sorted(found.values(), key=lambda e: (e.name, e.label._bytes)))
