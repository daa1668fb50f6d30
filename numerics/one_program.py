"""The one program of a kernel whose averages were given ranges: for files, ufuncs and JAX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from numerics.arguments import arrange
from numerics.errors import NumericsError, PrecisionError
from numerics.parameter_box import key_of
from numerics.plans import Ready
from numerics.program import Input

if TYPE_CHECKING:
    from numerics.kernel import Kernel

__all__ = ["one_program"]

TINY = 5e-324  # what a range begins with where zero itself is excluded
SIZE = 2  # of index ranges whose size is open: a diagonal of zeros leaves other entries


def one_program(kernel: Kernel) -> Ready:
    """The program for the whole of the ranges that a kernel was compiled for.

    Raises
    ------
    NumericsError
        If an average depends on a parameter without a range.
    PrecisionError
        If no one rule reaches the tolerance over the ranges.
    """
    plans = kernel.plans
    inputs = (*kernel.arguments, *kernel.bound_arguments)
    needed = [g for g in inputs if plans.has_averages and key_of(g.symbol) in plans.parameters]
    free = [g.name for g in needed if g not in kernel.bound_arguments]
    missing = [g.name for g in needed if g.name in free and key_of(g.symbol) not in kernel.ranges]
    if missing:
        wanted = ", ".join(f'"{name}": (low, high)' for name in missing)
        raise NumericsError(
            f"averages depend on {', '.join(missing)}: here their rules are chosen beforehand, so "
            f"compile(..., ranges={{{wanted}}})"
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
    plans = [ready.planned for ready in kernel.plans.known]
    worst = next(p.worst for p in plans if p.estimate > kernel.tolerance)
    return PrecisionError(
        f"no one rule reaches the tolerance {kernel.tolerance:g} all over the ranges {worst.box}, "
        f"for {worst.average}: {worst.rule}. Compile with narrower ranges, or a larger tolerance="
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
