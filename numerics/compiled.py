"""Expressions lowered and printed: one program for each choice of what varies along a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sympy import Expr

from derive.equations import Element, Index
from numerics.arguments import Batch
from numerics.backends.choice import NUMPY, Backend, Runs
from numerics.lower import Along, lower
from numerics.node_sum import tables_of
from numerics.program import Input, Program
from numerics.signature import inputs_of
from numerics.stable import stabilise

__all__ = ["Compiled", "Tables", "without_numbers"]

Tables = tuple[Any, ...]


def without_numbers(expressions: Sequence[Expr]) -> tuple[tuple[Expr, ...], Tables]:
    """Expressions whose tables are arrays like others, and the tables' entries with numbers."""
    found = dict.fromkeys(entry for expr in expressions for entry in tables_of(expr))
    plain = {entry.label: entry.label.plain for entry in found}
    return tuple(e.xreplace(plain) for e in expressions), tuple(found)


class Compiled:
    """One program; the numbers in its tables of nodes may change, its structure does not.

    Parameters
    ----------
    named : sequence of (str, Expr)
        The outputs, without averages; tables without numbers.
    given : sequence of Expr
        The arguments.
    tables : sequence of Element
        An entry of each table, with its numbers.
    axes : sequence of Index
        Free indices that come first.
    known : iterable of Expr
        Parts that are stable as they stand.
    backend : Backend
        What prints and runs the program.
    along : sequence of sequence of Index
        For each output the indices that it runs over in any case.
    """

    def __init__(
        self,
        named: Sequence[tuple[str, Expr]],
        given: Sequence[Expr],
        tables: Tables,
        axes: Sequence[Index],
        known: Iterable[Expr] = (),
        backend: Backend = NUMPY,
        along: Along = (),
    ) -> None:
        expressions = stabilise(*(expr for _, expr in named), known=known)
        self.stable = tuple((name, e) for (name, _), e in zip(named, expressions, strict=True))
        self.axes, self.backend, self.along = tuple(axes), backend, along
        entries: list[Expr] = [entry.label.plain[entry.slots] for entry in tables]
        inputs = inputs_of([*given, *entries])
        labels = {entry.label for entry in entries if isinstance(entry, Element)}
        self.hidden = frozenset(
            k for k, i in enumerate(inputs) if getattr(i.symbol, "label", None) in labels
        )
        self.count = sum(not i.is_size for i in inputs) - len(self.hidden)
        self.program = self._lowered(inputs, self.hidden, self.hidden)
        self._makers: dict[Any, Callable[[], Runs]] = {}

    def _lowered(
        self,
        inputs: Sequence[Input],
        uniform: frozenset[int],
        bound: frozenset[int],
        sparse: frozenset[int] = frozenset(),
    ) -> Program:
        return lower(self.stable, inputs, self.axes, uniform, bound, sparse, self.along)

    def source(self, bound: frozenset[int]) -> str:
        """The generated source for a batch in which every scalar varies, and arrays do not."""
        held = bound | self.hidden
        fixed = held.union(k for k, g in enumerate(self.program.inputs) if g.ranges)
        return self.backend.source(self.program, fixed, held)

    def runner(self, batch: Batch, bound: Mapping[int, Any]) -> Runs:
        """Ready to run batches that vary as this one does; what is bound is computed here."""
        uniform = self._uniform(batch)
        key = uniform, batch.sparse, frozenset(bound)
        if key not in self._makers:
            self._makers[key] = self._maker(uniform, batch.sparse, bound)
        runner = self._makers[key]()
        runner.prepare(batch)
        return runner

    def _uniform(self, batch: Batch) -> frozenset[int]:
        """What does not vary along a batch, as far as code differs for it.

        Compiled code takes one number for all points as well as one for each, and is made once;
        what arrays alone determine is worth computing once.
        """
        inputs = enumerate(self.program.inputs)
        arrays = any(g.ranges and not g.is_size and k not in self.hidden for k, g in inputs)
        return batch.uniform if arrays or self.backend.name != "numba" else self.hidden

    def _maker(
        self, uniform: frozenset[int], sparse: frozenset[int], bound: Mapping[int, Any]
    ) -> Callable[[], Runs]:
        inputs = self.program.inputs
        held = [k for k in {**bound, **dict.fromkeys(self.hidden)} if k in uniform]
        known = {over.size for k in held for over in inputs[k].ranges}
        sizes = [k for k, given in enumerate(inputs) if given.is_size]
        fixed = frozenset([*held, *(k for k in sizes if inputs[k].symbol in known)])
        uniform = uniform.union(sizes)
        program = self._lowered(inputs, uniform, fixed, sparse)
        checked = frozenset(bound) | self.hidden
        return self.backend.maker(program, uniform, fixed, checked, self.hidden)
