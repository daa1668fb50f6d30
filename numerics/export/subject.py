"""What of a kernel goes into a file: one program for all calls, its tables and its arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
from sympy import Expr

from numerics.arguments import arrange, is_symmetric
from numerics.averages import Quadrature
from numerics.errors import NumericsError, PrecisionError
from numerics.kernel import Kernel
from numerics.lower import lower
from numerics.matrices import is_sparse
from numerics.parameter_box import key_of
from numerics.plans import Ready
from numerics.program import Input, Program

__all__ = ["Domain", "Subject", "subject_of"]

LARGEST = 4096  # numbers of a bound array: more belong into a file of data
TINY = 5e-324  # what a range begins with where zero itself is excluded
SIZE = 2  # of index ranges, while a rule is chosen


@dataclass(frozen=True)
class Domain:
    """Where the values of an argument may lie.

    `above` and `below` are excluded, `least` and `most` are not; of an array, `shape` holds
    lengths, or the sizes of ranges that are known at a call.
    """

    given: Input
    above: float
    below: float
    least: float
    most: float
    integer: bool
    symmetric: bool
    zero_diagonal: bool

    @property
    def shape(self) -> tuple[Expr, ...]:
        """The sizes of its ranges."""
        return tuple(over.size for over in self.given.ranges)

    @property
    def low(self) -> tuple[float, bool]:
        """The lower end, and whether it belongs to the domain."""
        return (self.least, True) if self.least > self.above else (self.above, False)

    @property
    def high(self) -> tuple[float, bool]:
        """The upper end, and whether it belongs to the domain."""
        return (self.most, True) if self.most < self.below else (self.below, False)


@dataclass(frozen=True)
class Subject:
    """A kernel as it is written to a file.

    Attributes
    ----------
    kernel : Kernel
        With the ranges that its rules are for.
    program : Program
        For a batch along which all arguments vary but those in `shared`.
    shared : frozenset of int
        Inputs that are one for all points: arrays with two indices or more, sizes, constants.
    constants : dict
        The numbers of tables and of bound arguments, by the number of the input.
    domains : tuple of Domain
        Of the free arguments, in order of position.
    rules : tuple of Quadrature
        How its averages are evaluated.
    """

    kernel: Kernel
    program: Program
    shared: frozenset[int]
    constants: dict[int, Any]
    domains: tuple[Domain, ...]
    rules: tuple[Quadrature, ...]

    def number(self, domain: Domain) -> int:
        """The number of an argument among the inputs of the program."""
        return self.program.inputs.index(domain.given)


def subject_of(kernel: Kernel, ranges: Mapping[Any, Any] | None = None) -> Subject:
    """What is written of a kernel, whose averages are planned for its ranges.

    Raises
    ------
    NumericsError
        If an average depends on a parameter without a range, no one rule serves its range, or
        values were bound that a file cannot hold.
    """
    kernel = _with_ranges(kernel, ranges or {})
    ready = _planned(kernel)
    compiled = ready.compiled
    inputs = compiled.program.inputs
    constants = dict(_constants(kernel, ready))
    lengths = {axis.over.size for axis in compiled.program.axes}
    shared = frozenset(
        k
        for k, given in enumerate(inputs)
        if k in constants or given.is_size or len(given.ranges) > 1 or given.symbol in lengths
    )
    program = lower(compiled.stable, inputs, compiled.axes, shared, frozenset(constants))
    _check_sizes(program)
    box = ready.planned.box
    domains = tuple(_domain(given, box) for given in kernel.arguments)
    return Subject(kernel, program, shared, constants, domains, ready.planned.rows)


def _with_ranges(kernel: Kernel, ranges: Mapping[Any, Any]) -> Kernel:
    """The kernel as NumPy runs it, for these ranges."""
    if not ranges and kernel.backend == "numpy":
        return kernel
    known = {**kernel.ranges, **ranges}
    made = Kernel(kernel.equations, "numpy", kernel._order, known, kernel.tolerance)
    return made.bind(kernel.bound) if kernel.bound else made


def _planned(kernel: Kernel) -> Ready:
    """The one program for the whole of the declared ranges."""
    plans = kernel._plans
    inputs = (*kernel.arguments, *kernel.bound_arguments)
    needed = [g for g in inputs if plans.has_averages and key_of(g.symbol) in plans.parameters]
    free = [g.name for g in needed if g not in kernel.bound_arguments]
    missing = [g.name for g in needed if g.name in free and key_of(g.symbol) not in kernel.ranges]
    if missing:
        wanted = ", ".join(f"{name!r}: (low, high)" for name in missing)
        raise NumericsError(
            f"averages depend on {', '.join(missing)}: their rules are chosen for ranges, so "
            f"give kernel.save(..., ranges={{{wanted}}}), or compile with ranges="
        )
    order = {g: k for k, g in enumerate(plans.inputs)}
    inputs = tuple(sorted(inputs, key=order.__getitem__))
    batch = arrange(inputs, [_ends(kernel, given) for given in inputs])
    found = list(plans.covering(batch, inputs, strict=True))
    if len(found) != 1:
        raise _no_one_rule(kernel)
    return found[0][0]


def _no_one_rule(kernel: Kernel) -> PrecisionError:
    """What stands against one rule for all of the ranges."""
    plans = [ready.planned for ready in kernel._plans.known]
    worst = next(p.worst for p in plans if p.estimate > kernel.tolerance)
    return PrecisionError(
        f"no one rule reaches the tolerance {kernel.tolerance:g} all over the ranges {worst.box}, "
        f"for {worst.average}: {worst.rule}. Save narrower ranges to a file each, or compile with "
        "a larger tolerance="
    )


def _ends(kernel: Kernel, given: Input) -> Any:
    """The ends of an argument's range, as two points of a batch."""
    if given.symbol in kernel.bound:
        return kernel.bound[given.symbol]
    low, high = kernel.ranges.get(key_of(given.symbol), (1.0, 1.0))
    low = TINY if low == 0 and given.symbol.is_positive else low
    high = -TINY if high == 0 and given.symbol.is_negative else high
    known = {
        over.size: length
        for held in kernel.bound_arguments
        for over, length in zip(held.ranges, np.shape(kernel.bound[held.symbol]), strict=False)
    }
    lengths = [known.get(over.size, SIZE) for over in given.ranges]
    lengths = [
        int(over.size) if over.size.is_Integer else length
        for over, length in zip(given.ranges, lengths, strict=True)
    ]
    if not lengths:
        return np.array([low, high]) if low < high else low
    array = np.stack([np.full(lengths, low), np.full(lengths, high)])
    if given.symbol.label.zero_diagonal:
        array[:, np.arange(lengths[0]), np.arange(lengths[0])] = 0.0
    return array


def _constants(kernel: Kernel, ready: Ready) -> list[tuple[int, Any]]:
    """The numbers of tables and of bound arguments."""
    inputs = ready.compiled.program.inputs
    numbers = {given.symbol: k for k, given in enumerate(inputs)}
    found = [
        (numbers[entry.label.plain[entry.slots]], entry.label.values) for entry in ready.tables
    ]
    for given in kernel.bound_arguments:
        value = kernel.bound[given.symbol]
        if is_sparse(value):
            raise NumericsError(
                f"{given.name} is bound to a sparse matrix, which a file cannot hold: save the "
                "kernel as it was before bind(), and hand in a dense array"
            )
        if np.ndim(value) != len(given.ranges) or np.size(value) > LARGEST:
            raise NumericsError(
                f"{given.name} is bound to an array of shape {np.shape(value)}: save the kernel "
                "as it was before bind(), and hand the array in"
            )
        found.append((numbers[given.symbol], value))
    sizes = [(k, g) for k, g in enumerate(inputs) if g.is_size]
    lengths = {
        over.size: length
        for k, value in found
        for over, length in zip(inputs[k].ranges, np.shape(value), strict=True)
    }
    found += [(k, float(lengths[g.symbol])) for k, g in sizes if g.symbol in lengths]
    return found


def _check_sizes(program: Program) -> None:
    """Refuse indices of which neither an array nor an argument tells the size."""
    known = {given.symbol for given in program.inputs}
    for axis in program.axes:
        if not axis.over.size.is_Integer and axis.over.size not in known:
            raise NumericsError(
                f"the size {axis.over.size} of an index follows from no array and is no parameter"
            )


def _domain(given: Input, box: Mapping[Any, tuple[float, float]]) -> Domain:
    symbol = given.symbol
    low, high = box.get(key_of(symbol), (-inf, inf))
    return Domain(
        given,
        0.0 if symbol.is_positive else -inf,
        0.0 if symbol.is_negative else inf,
        max(low, 0.0) if symbol.is_nonnegative else low,
        min(high, 0.0) if symbol.is_nonpositive else high,
        bool(symbol.is_integer),
        is_symmetric(given),
        bool(given.ranges) and bool(symbol.label.zero_diagonal),
    )
