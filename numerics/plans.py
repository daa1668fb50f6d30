"""Which plan of its averages a kernel uses for the values it is called with.

A plan belongs to a box of the parameters.  It is made when a call leaves the boxes known so far,
for its values rounded outwards: generously first, so that an iteration with moving unknowns needs
few, and tightly where no rule serves the wide box.  A batch that no one plan serves is split.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import isfinite
from typing import Any

import numpy as np
from sympy import Expr

from derive.equations import GaussianAverage, Index
from numerics.arguments import Batch
from numerics.averages import Averages, Planned, Quadrature
from numerics.backends.choice import NUMPY, Backend
from numerics.compiled import Compiled, Tables, without_numbers
from numerics.errors import (
    DomainError,
    NumericsError,
    PrecisionError,
    UnsupportedExpressionError,
)
from numerics.lower import Along
from numerics.node_plans import NOWHERE
from numerics.node_sum import NodeSum
from numerics.parameter_box import (
    ROUNDINGS,
    Box,
    box_text,
    check_declared,
    contains,
    in_domain,
    interval_of,
    key_of,
)
from numerics.program import Input
from numerics.quadrature.search import MOST
from numerics.sensitivity import error_bound

__all__ = ["Plans", "Ready"]

Rows = Any  # numbers of points of a batch, or None for all of them
LARGEST = 32  # plans of one call
FEW = 300  # nodes, of a rule for a wide box in an iteration: several narrow ones cost less
WIDE = ROUNDINGS[0]


@dataclass(frozen=True)
class Ready:
    """A program with the tables for one box."""

    planned: Planned
    compiled: Compiled
    tables: Tables

    @cached_property
    def numbers(self) -> tuple[tuple[Any, ...], dict[Expr, int]]:
        """What stands in the tables, and how many entries they have."""
        held = tuple(entry.label.values for entry in self.tables)
        return held, {e.label.ranges[0].size: len(e.label.values) for e in self.tables}

    def with_tables(self, batch: Batch) -> Batch:
        """The arguments of a call and the numbers of the tables."""
        if not self.tables:
            return batch
        held, sizes = self.numbers
        return replace(
            batch,
            arrays=(*batch.arrays, *held),
            uniform=batch.uniform | self.compiled.hidden,
            sizes={**batch.sizes, **sizes},
        )


class Plans:
    """The programs of a kernel's expressions, one if there are no averages in it.

    Parameters
    ----------
    named : sequence of (str, Expr)
        The outputs.
    given : sequence of Expr
        The arguments.
    axes : sequence of Index
        Free indices that come first.
    tolerance : float
        The relative error asked of each average.
    declared : Box
        The ranges that values must lie in.
    leading : int, optional
        How many of the outputs rules are chosen for; see `Averages`.
    breaks : mapping, optional
        Of a kernel that an iteration calls: for some arguments, ascending points that rules end
        at. A batch is split there.
    backend : Backend
        What prints and runs the programs.
    along : sequence of sequence of Index
        For each output the indices that it runs over in any case.
    """

    def __init__(
        self,
        named: Sequence[tuple[str, Expr]],
        given: Sequence[Expr],
        axes: Sequence[Index],
        tolerance: float,
        declared: Box,
        leading: int | None = None,
        breaks: Mapping[Any, Sequence[float]] | None = None,
        backend: Backend = NUMPY,
        along: Along = (),
    ) -> None:
        self.backend, self.along = backend, along
        self.named, self.given, self.axes = tuple(named), tuple(given), tuple(axes)
        self.declared, self.tolerance = declared, tolerance
        self._failed: list[Box] = []
        self._judged: dict[int, Ready] = {}
        self._structures: dict[tuple[Expr, ...], Compiled] = {}
        self._averages = Averages(tuple(expr for _, expr in named), tolerance, leading)
        self.hasty = breaks is not None
        self.breaks = {key: np.asarray(points) for key, points in (breaks or {}).items()}
        self.has_averages = any(expr.has(GaussianAverage) for _, expr in named)
        self.parameters = self._averages.parameters if self.has_averages else set()
        bare, variables = self._averages.skeleton()
        pairs = [(name, e) for (name, _), e in zip(named, bare, strict=True)]
        self.skeleton = Compiled(
            pairs, (*given, *variables), (), axes, backend=backend, along=along
        )
        self.known: list[Ready] = []
        if not self.has_averages:
            self.known.append(Ready(Planned(bare, {}, ()), self.skeleton, ()))

    @property
    def differentiable(self) -> tuple[tuple[str, Expr], ...]:
        """The outputs as derivatives are taken of them: stable, but averages as they are."""
        return self.named if self.has_averages else self.skeleton.stable

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The arguments, and the sizes of ranges."""
        names = set(self.given)
        return tuple(g for g in self.skeleton.program.inputs if g.is_size or g.symbol in names)

    @property
    def latest(self) -> Ready:
        """The plan made last; one for moderate values if there is none yet."""
        if not self.known:
            inputs = [g for g in self.inputs if key_of(g.symbol) in self.parameters]
            called = {key_of(g.symbol): (0.5, 0.5) for g in inputs}
            self.known.append(self._made(called | self.declared, inputs))
        return self.known[-1]

    @property
    def quadrature(self) -> tuple[Quadrature, ...]:
        """How averages are evaluated by the plans that reach the tolerance, or by the latest."""
        serving = [ready for ready in self.known if self._serves(ready)] or self.known[-1:]
        return tuple(row for ready in serving for row in ready.planned.rows)

    def covering(
        self, batch: Batch, inputs: Sequence[Input], strict: bool
    ) -> Iterator[tuple[Ready, Rows]]:
        """Programs for the points of a batch.

        Raises
        ------
        DomainError
            For a value outside of its declared range.
        PrecisionError
            If no rule reaches the tolerance, where this is asked for.
        """
        if not self.has_averages:
            yield self.known[0], None
            return
        for rows in self._cells(batch, inputs) if self.breaks else (None,):
            yield from self._covering(batch, inputs, rows, strict)

    def _cells(self, batch: Batch, inputs: Sequence[Input]) -> list[Rows]:
        """The points of a batch between the same breaks."""
        place = np.zeros(int(np.prod(batch.shape)), dtype=int)
        for k, given in enumerate(inputs):
            points = self.breaks.get(key_of(given.symbol))
            if points is not None and k not in batch.uniform:
                cell = np.searchsorted(points, np.ravel(batch.whole(k, 0)), side="right")
                place = place * (len(points) + 1) + cell
        found = np.nonzero(np.bincount(place))[0]
        if len(found) <= 1:
            return [None]
        return [np.nonzero(place == cell)[0] for cell in found]

    def _covering(
        self, batch: Batch, inputs: Sequence[Input], rows: Rows, strict: bool
    ) -> Iterator[tuple[Ready, Rows]]:
        numbers = [k for k, g in enumerate(inputs) if key_of(g.symbol) in self.parameters]
        called = {
            key_of(inputs[k].symbol): interval_of(_at(batch, inputs, k, rows)) for k in numbers
        }
        if rows is None:
            ends = zip(numbers, called.values(), strict=True)
            batch.finite.update(k for k, (low, high) in ends if isfinite(low) and isfinite(high))
        check_declared(inputs, self.declared, called)
        ready = self._found(called)
        if ready is None:
            for k in numbers:
                batch.check(k, inputs[k])
            ready = self._made(called, [inputs[k] for k in numbers])
        if self._serves(ready):
            yield ready, rows
            return
        yield from _Split(self, batch, inputs, numbers, strict).groups(ready, rows)

    def judged(self, ready: Ready) -> Ready:
        """The program of the errors of the outputs, to be run in place of another."""
        if id(ready) not in self._judged:
            scalars = [x for x in self.given if not getattr(x, "slots", ())]
            plain, tables = without_numbers(ready.planned.expressions)
            try:
                compiled = self._bounds(plain, tables, ready.planned.estimate, scalars)
            except UnsupportedExpressionError:  # nodes that move have no printable derivative
                compiled = self._bounds(plain, tables, ready.planned.estimate, ())
            self._judged[id(ready)] = Ready(ready.planned, compiled, tables)
        return self._judged[id(ready)]

    def _bounds(
        self, plain: Sequence[Expr], tables: Tables, estimate: float, scalars: Sequence[Expr]
    ) -> Compiled:
        bounds = [error_bound(e, estimate, scalars) for e in plain]
        pairs = [(name, e) for (name, _), e in zip(self.named, bounds, strict=True)]
        return Compiled(pairs, self.given, tables, self.axes, along=self.along)

    def _serves(self, ready: Ready) -> bool:
        return ready.planned.estimate <= self.tolerance

    def _found(self, called: Box) -> Ready | None:
        """A plan that is known for a box that holds these values."""
        serving = (r for r in self.known if self._serves(r) and contains(r.planned.box, called))
        return next(serving, None)

    def _made(self, called: Box, inputs: Sequence[Input]) -> Ready:
        """A new plan: of the widest box that a rule serves, or of the values themselves."""
        boxes = [box for box in self._boxes(called, inputs) if box not in self._failed] or [called]
        for box in boxes:
            narrow = not self.hasty or box is boxes[-1]
            planned = self._averages.at(box, MOST if narrow else FEW)
            if planned.estimate <= self.tolerance:
                break
            self._failed.append(box)
        plain, tables = without_numbers(planned.expressions)
        if plain not in self._structures:
            pairs = [(name, e) for (name, _), e in zip(self.named, plain, strict=True)]
            sums = {node for e in plain for node in e.atoms(NodeSum)}  # planned as they stand
            made = Compiled(pairs, self.given, tables, self.axes, sums, self.backend, self.along)
            self._structures[plain] = made
        ready = Ready(planned, self._structures[plain], tables)
        self.known.append(ready)
        return ready

    def _boxes(self, called: Box, inputs: Sequence[Input]) -> Iterator[Box]:
        symbols = {key_of(given.symbol): given.symbol for given in inputs}
        for rounding in ROUNDINGS:
            box = {}
            for key, ends in called.items():
                wide = self.declared.get(key)
                if key in self.breaks and rounding is not ROUNDINGS[-1]:
                    round_to = rounding(*ends)
                    cell = _between(self.breaks[key], ends, round_to)
                    near = round_to if rounding is ROUNDINGS[-2] else cell
                    box[key] = max(cell[0], near[0]), min(cell[1], near[1])
                elif wide is None:
                    box[key] = in_domain(symbols[key], rounding(*ends), ends)
                else:
                    low, high = rounding(*ends)
                    box[key] = wide if rounding is WIDE else (max(low, wide[0]), min(high, wide[1]))
            yield box


class _Split:
    """A batch cut into parts that a plan serves each, along the parameter that varies most."""

    def __init__(
        self,
        plans: Plans,
        batch: Batch,
        inputs: Sequence[Input],
        numbers: Sequence[int],
        strict: bool,
    ) -> None:
        self.plans, self.strict, self.made = plans, strict, 0
        self.inputs = [inputs[k] for k in numbers]
        count = int(np.prod(batch.shape))
        self.low, self.high = np.empty((count, len(numbers))), np.empty((count, len(numbers)))
        for n, k in enumerate(numbers):
            whole = batch.whole(k, len(inputs[k].ranges))
            for ends, extreme in ((self.low, np.min), (self.high, np.max)):
                if k in batch.uniform:
                    ends[:, n] = interval_of(whole)[extreme is np.max]
                else:
                    ends[:, n] = extreme(whole.reshape(count, -1), axis=1)

    def groups(self, ready: Ready, rows: Rows) -> Iterator[tuple[Ready, Rows]]:
        """Parts of some points of the batch, all of which one plan did not serve."""
        yield from self._parts(np.arange(len(self.low)) if rows is None else rows, ready)

    def _parts(self, rows: Any, ready: Ready) -> Iterator[tuple[Ready, Rows]]:
        if self.plans._serves(ready):
            yield ready, rows
            return
        column = self._widest(rows)
        hopeless = ready.planned.worst.rule == NOWHERE
        if hopeless or column is None or self.made >= LARGEST:
            if self.strict:
                raise _shortfall(ready.planned, self.plans.tolerance)
            yield ready, rows
            return
        lower = _lower_half(self.low[rows, column])
        for part in (rows[lower], rows[~lower]):
            called = {
                key_of(g.symbol): (float(self.low[part, n].min()), float(self.high[part, n].max()))
                for n, g in enumerate(self.inputs)
            }
            found = self.plans._found(called)
            self.made += found is None
            yield from self._parts(part, found or self.plans._made(called, self.inputs))

    def _widest(self, rows: Any) -> int | None:
        """The parameter that varies most, on a scale that is logarithmic at zero and at one."""
        low, high = self.low[rows].min(axis=0), self.low[rows].max(axis=0)
        spread = np.where(high > low, abs(_scale(high) - _scale(low)), -1.0)
        return int(np.argmax(spread)) if (high > low).any() else None


def _at(batch: Batch, inputs: Sequence[Input], number: int, rows: Rows) -> Any:
    """The values of an argument at some points of a batch."""
    if rows is None or number in batch.uniform:
        return batch.arrays[number]
    whole = batch.whole(number, len(inputs[number].ranges))
    return whole.reshape(-1, *whole.shape[len(batch.shape) :])[rows]


def _between(
    points: Any, ends: tuple[float, float], beyond: tuple[float, float]
) -> tuple[float, float]:
    """From break to break; beyond the last ones to where it is rounded."""
    before, after = points[points <= ends[0]], points[points >= ends[1]]
    low = float(before[-1]) if len(before) else beyond[0]
    return low, float(after[0]) if len(after) else beyond[1]


def _lower_half(values: Any) -> Any:
    """Those below the middle of a scale that is logarithmic at zero and at one; never all."""
    place = _scale(values)
    lower = place <= (place.min() + place.max()) / 2
    return values < values.max() if lower.all() else lower


def _scale(x: Any) -> Any:
    return np.arcsinh(x * 1e6) - np.log(np.maximum(1 - x, 1e-16)) * (x < 1)


def _shortfall(planned: Planned, tolerance: float) -> NumericsError:
    worst = planned.worst
    if not worst.nodes:
        return DomainError(f"{worst.rule}: {worst.average}, for {box_text(planned.box)}")
    return PrecisionError(
        f"the average {worst.average} is not known to the tolerance {tolerance:g}: the estimate of "
        f"its relative error is {worst.estimate:.2g} with {worst.nodes} nodes ({worst.rule}), for "
        f"{box_text(planned.box)}. Compile with a larger tolerance=, or call "
        'kernel.evaluate(..., nonfinite="keep")'
    )
