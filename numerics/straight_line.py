"""Arrays of expressions that share named intermediates: a straight-line program as one node."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from sympy import Expr, Symbol, Tuple, preorder_traversal

from derive.equations import Element, Index

__all__ = ["StraightLine"]


class StraightLine(Expr):
    """Entries of an array, written in named intermediates, each defined by earlier ones.

    An intermediate is a symbol, or an element ``t[i]`` of an array where it depends on indices; the
    names mean nothing outside.  However often an intermediate is used, it is one name: the length
    of this node is that of the computation, where the length of its entries written out may be
    exponential in it.

    Parameters
    ----------
    entries : sequence of Expr
        In the order of the indices, the last running fastest.
    definitions : sequence of (Expr, Expr)
        Names and what they stand for, in the order of evaluation.
    indices : sequence of Index
        The axes of the array, of sizes that are numbers; none for a single entry.

    Examples
    --------
    >>> from sympy import Dummy, symbols
    >>> from derive.equations import Index
    >>> x, y = symbols("x y")
    >>> t = Dummy("t", real=True)
    >>> pair = StraightLine([t, t + y], [(t, x*y)], [Index("a", 2)])
    >>> sorted(map(str, pair.free_symbols))
    ['x', 'y']
    """

    is_commutative = True
    is_number = False
    is_extended_real = True

    def __new__(cls, entries: Any, definitions: Any, indices: Any = ()) -> StraightLine:
        pairs = definitions
        if not isinstance(pairs, Tuple):
            pairs = Tuple(*(Tuple(*pair) for pair in definitions))
        made: StraightLine = Expr.__new__(cls, Tuple(*entries), pairs, Tuple(*indices))
        return made

    @property
    def entries(self) -> tuple[Expr, ...]:
        """The entries, in the order of the indices."""
        return tuple(self.args[0])

    @property
    def definitions(self) -> Tuple:
        """Pairs of a name and what it stands for."""
        return self.args[1]

    @property
    def indices(self) -> tuple[Index, ...]:
        """The axes of the array."""
        return tuple(self.args[2])

    @property
    def bound_body(self) -> tuple[Expr, ...]:
        """Where free indices are looked for: definitions are under the indices of their uses."""
        return (*self.entries, *self.indices)

    @cached_property
    def meanings(self) -> dict[Any, tuple[Expr, Expr]]:
        """Name and meaning by the symbol, or by the label of an array of intermediates."""
        return {
            name.label if isinstance(name, Element) else name: (name, value)
            for name, value in self.definitions
        }

    @property
    def free_symbols(self) -> set[Any]:
        found = set().union(*(value.free_symbols for _, value in self.definitions))
        found |= set().union(*(entry.free_symbols for entry in self.entries))
        return found - {name for name, _ in self.definitions if isinstance(name, Symbol)}

    def entry(self, place: tuple[int, ...]) -> Expr:
        """The entry at a place, counted from one."""
        number = 0
        for index, k in zip(self.indices, place, strict=True):
            number = number * int(index.size) + k - 1
        return self.args[0][number]

    @cached_property
    def _parts(self) -> set[Any]:
        return set(preorder_traversal(self.definitions))

    def _xreplace(self, rule: Any) -> tuple[Any, bool]:
        """Most replacements concern the axes of the array alone: its definitions are long."""
        if not isinstance(rule, dict) or not self._parts.isdisjoint(rule):
            return tuple(super()._xreplace(rule))
        if self in rule:
            return rule[self], True
        entries, one = self.args[0]._xreplace(rule)
        indices, other = self.args[2]._xreplace(rule)
        return (
            (self.func(entries, self.definitions, indices), True) if one | other else (self, False)
        )

    def _eval_derivative(self, variable: Any) -> Expr:
        from numerics.tape import Tape

        tape = Tape([variable])
        entries = tape.read(self)
        return tape.array([tape.tangent(entry, variable) for entry in entries], self.indices)

    def _sympystr(self, printer: Any) -> str:
        shape = " x ".join(str(index.size) for index in self.indices) or str(len(self.entries))
        return f"{shape} entries in {len(self.definitions)} intermediates"

    _sympyrepr = _sympystr

    def _latex(self, printer: Any) -> str:
        return rf"\text{{{self._sympystr(printer)}}}"
