"""What is said of a result that is infinite or nan."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

import numpy as np

from numerics.arguments import value_text
from numerics.errors import NonFiniteError
from numerics.matrices import all_finite
from numerics.program import Program

__all__ = ["refuse_unfinished"]


def refuse_unfinished(
    program: Program, number: int, result: Any, values: dict[int, Any], hidden: Set[int]
) -> None:
    """Report the first result that is not finite, with the point that gave it.

    Parameters
    ----------
    program : Program
        Whose output it is.
    number : int
        Of the output.
    result : array
        Its values, points first.
    values : dict
        By number of input its value, and whether that varies along the points.
    hidden : set of int
        Inputs that are no arguments.

    Raises
    ------
    NonFiniteError
        If there is one.
    """
    if all_finite(result):
        return
    good = np.isfinite(result)
    point = int(np.argmin(good.reshape(len(result), -1).all(axis=1)))
    where = ", ".join(
        value_text(program.inputs[k], value[point] if varies else value)
        for k, (value, varies) in sorted(values.items())
        if k not in hidden
    )
    raise NonFiniteError(
        f"{program.outputs[number].name} is {result[~good].flat[0]} at {where}: "
        'the value is not finite there; kernel.evaluate(..., nonfinite="keep") returns it'
    )
