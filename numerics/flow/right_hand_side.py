"""The compiled right-hand side of a flow: the code of its kernel, and what that is called with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any

from sympy import Expr, Symbol

from numerics.flow.field import Field
from numerics.flow.layout import length_of
from numerics.kernel import Kernel
from numerics.native.build import Native
from numerics.native.runner import NativeRunner, lanes_for
from numerics.program import Input, Range

__all__ = ["RightHandSide", "right_hand_side"]

MANY = 1000  # states at a time, for which code has as many lanes as it may
Sizes = tuple[tuple[Expr, int], ...]


@dataclass(frozen=True)
class RightHandSide:
    """Compiled code for the sizes of a flow.

    Attributes
    ----------
    native : Native
        The code.
    lanes : int
        How many states it is made for at a time.
    varying : tuple of Input
        The arguments that come with each state.
    fixed : tuple of Input
        Those that are the same for all trajectories.
    sizes : dict
        Size symbol to number.
    outputs : tuple of int
        How many numbers each output has.
    """

    native: Native
    lanes: int
    varying: tuple[Input, ...]
    fixed: tuple[Input, ...]
    sizes: dict[Expr, int]
    outputs: tuple[int, ...]

    def entries(self, ranges: tuple[Range, ...]) -> int:
        """How many numbers an array over these ranges has."""
        return prod(length_of(over.size, self.sizes) for over in ranges)


def right_hand_side(field: Field) -> RightHandSide:
    """The code for the trajectories of a flow.

    Few of them are faster one by one than in lanes that are mostly empty.
    """
    program = field.kernel.program
    given = field.given
    constant = {name for name, value in given.flat.items() if value.ndim == given.core[name]}
    constant -= {unknown.name for unknown in field.equations.unknowns}
    uniform = frozenset(
        k for k, one in enumerate(program.inputs) if one.is_size or one.name in constant
    )
    ranges = [over for one in program.inputs for over in one.ranges]
    every = dict.fromkeys([*ranges, *(axis.over for axis in program.axes)])
    known = given.sizes | _whole_parameters(field)
    sizes = {o.size: length_of(o.size, known) for o in every if not o.size.is_Integer}
    lanes = lanes_for(program, bool(ranges))[1]
    points = MANY if 2 * len(field.starts) >= lanes else 1
    return _compiled(field.kernel, uniform, tuple(sizes.items()), points)


def _whole_parameters(field: Field) -> dict[Expr, int]:
    """Parameters that may be the size of a range: integers, one for all trajectories."""
    flat = field.given.flat
    whole = [p for p in field.equations.parameters if isinstance(p, Symbol) and p.is_integer]
    return {p: int(flat[p.name]) for p in whole if flat[p.name].ndim == 0}


@lru_cache(maxsize=64)
def _compiled(kernel: Kernel, uniform: frozenset[int], sizes: Sizes, points: int) -> RightHandSide:
    known, program = dict(sizes), kernel.program
    runner = NativeRunner(program, uniform, frozenset(), frozenset())
    unit, native = runner.unit(known, points)
    varying, fixed = (tuple(program.inputs[k] for k in ks) for ks in (unit.varying, unit.fixed))
    outputs: list[Any] = [tuple(axis.over for axis in o.axes) for o in program.outputs]
    counts = tuple(prod(length_of(r.size, known) for r in ranges) for ranges in outputs)
    return RightHandSide(native, unit.lanes, varying, fixed, known, counts)
