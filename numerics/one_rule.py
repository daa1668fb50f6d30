"""The one program of a kernel whose averages were given ranges: for files, ufuncs and JAX."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from numerics.arguments import arrange
from numerics.errors import NumericsError, PrecisionError
from numerics.parameter_box import interval_of, key_of
from numerics.plans import Ready

if TYPE_CHECKING:
    from numerics.kernel import Kernel

__all__ = ["one_rule"]


def one_rule(kernel: Kernel) -> Ready:
    """The program whose rules hold over all of the declared ranges, and for what is bound.

    Raises
    ------
    NumericsError
        If an average depends on a parameter without a range.
    PrecisionError
        If no one rule reaches the tolerance over the ranges.
    """
    plans = kernel._plans
    if not plans.has_averages:
        return plans.known[0]
    inputs = [g for g in plans.inputs if not g.is_size]
    bound = kernel.bound
    ends = {
        g.symbol: interval_of(bound[g.symbol])
        if g.symbol in bound
        else plans.declared.get(key_of(g.symbol))
        for g in inputs
    }
    missing = [
        f'"{g.name}": (low, high)'
        for g in inputs
        if key_of(g.symbol) in plans.parameters and ends[g.symbol] is None
    ]
    if missing:
        raise NumericsError(
            "rules of averages are chosen beforehand here, for ranges of their parameters: "
            f"compile(..., ranges={{{', '.join(missing)}}})"
        )
    corners = [np.reshape(ends[g.symbol] or (1.0, 1.0), (2, *(1,) * len(g.ranges))) for g in inputs]
    ready, rows = next(plans.covering(arrange(inputs, corners), inputs, strict=True))
    if rows is not None:
        raise PrecisionError(
            f"no one rule reaches the tolerance {plans.tolerance:g} over all of the declared "
            "ranges: compile(...) with narrower ranges= or a larger tolerance="
        )
    return ready
