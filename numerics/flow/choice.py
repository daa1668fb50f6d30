"""Which backend integrates a flow."""

from __future__ import annotations

import numpy as np

from derive.equations import GaussianAverage
from numerics.backends.choice import backend_named, fits_numba
from numerics.errors import NumericsError
from numerics.flow.field import Field
from numerics.matrices import is_sparse

__all__ = ["COMPILED", "chosen_backend", "why_not_compiled"]

COMPILED = ("DOP853", "RK45")  # the methods in `numerics.flow.tableaux`, which loads SciPy's


def chosen_backend(field: Field, method: str, asked: str) -> str:
    """``"numpy"`` or ``"numba"``; ``"auto"`` compiles what has a compiled form.

    Raises
    ------
    MissingBackendError
        If numba is asked for and not installed.
    NumericsError
        If there is no backend of this name for flows.
    """
    if asked not in ("auto", "numpy", "numba"):
        raise NumericsError(f'backend={asked!r}: flows have "auto", "numpy" and "numba"')
    name = backend_named(asked).name
    if asked == "auto" and name == "numba":
        compiled = why_not_compiled(field, method) is None and fits_numba(field.kernel.program)
        return "numba" if compiled else "numpy"
    return name


def why_not_compiled(field: Field, method: str) -> str | None:
    """What keeps a flow from being compiled; None if nothing does."""
    if method not in COMPILED:
        return f"method={method!r} is SciPy's alone, compiled are {' and '.join(COMPILED)}"
    if any(expr.has(GaussianAverage) for _, expr in field.equations.expressions):
        return "nodes of Gaussian averages follow the state, which compiled code cannot do"
    if any(is_sparse(value) for value in field.given.flat.values()):
        return "an array is sparse"
    lengths = {symbol for a in field.kernel.program.axes for symbol in a.over.size.free_symbols}
    for size in lengths.intersection(field.equations.parameters):
        if np.ndim(field.given.flat[size.name]):
            return f"{size}, the size of a range, varies from trajectory to trajectory"
    return None
