"""What of a kernel goes into a file: one program for all calls, its tables and its arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
from sympy import Expr

from numerics.arguments import is_symmetric
from numerics.averages import Quadrature
from numerics.errors import NumericsError
from numerics.kernel import Kernel
from numerics.lower import lower
from numerics.matrices import is_sparse
from numerics.one_program import one_program
from numerics.parameter_box import key_of
from numerics.plans import Ready
from numerics.program import Input, Program

__all__ = ["Domain", "Subject", "subject_of"]

LARGEST = 4096  # numbers of a bound array: more belong into a file of data


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
        Inputs that are one for all points: couplings, sizes, constants.
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
    ready = one_program(kernel)
    compiled = ready.compiled
    inputs = compiled.program.inputs
    constants = dict(_constants(kernel, ready))
    lengths = {axis.over.size for axis in compiled.program.axes}
    unknowns = {key_of(unknown) for unknown in kernel.equations.unknowns}
    shared = frozenset(
        k
        for k, given in enumerate(inputs)
        if k in constants or given.symbol in lengths or _is_shared(given, unknowns)
    )
    program = lower(compiled.stable, inputs, compiled.axes, shared, frozenset(constants))
    _check_sizes(program)
    box = ready.planned.box
    domains = tuple(_domain(given, box) for given in kernel.arguments)
    return Subject(kernel, program, shared, constants, domains, ready.planned.rows)


def _is_shared(given: Input, unknowns: set[Any]) -> bool:
    """Whether an input is one for all points: couplings are, matrices that are solved for not."""
    is_open = any(not over.size.is_Integer for over in given.ranges)
    couplings = len(given.ranges) > 1 and is_open and key_of(given.symbol) not in unknowns
    return given.is_size or couplings


def _with_ranges(kernel: Kernel, ranges: Mapping[Any, Any]) -> Kernel:
    """The kernel as NumPy runs it, for these ranges."""
    if not ranges and kernel.backend == "numpy":
        return kernel
    known = {**kernel.ranges, **ranges}
    made = Kernel(kernel.equations, "numpy", kernel._order, known, kernel.tolerance)
    return made.bind(kernel.bound) if kernel.bound else made


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
