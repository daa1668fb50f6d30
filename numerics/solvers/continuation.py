"""The verb `continue_branch`: branches that keep their identity along a parameter."""

from __future__ import annotations

from typing import Any

from numerics.solution import Solution
from numerics.solvers.chains import chains_along
from numerics.solvers.solve import build
from numerics.solvers.starts import Starts

__all__ = ["continue_branch"]


def continue_branch(
    problem: Any,
    parameter: str,
    values: Any,
    *,
    starts: Starts = None,
    tol: float = 1e-10,
    max_steps: int | None = None,
    backend: str = "numpy",
    **fixed: Any,
) -> Solution:
    """Follow every branch along one parameter, so that a slot is one branch throughout.

    `solve` sorts the branches of each point by value; here each slot holds one branch, from the
    value where it is born to the value where it ends, and is masked elsewhere. Roots of
    neighbouring values belong to one branch if Newton's method from either leads to the other.

    Parameters
    ----------
    problem : Equations, or anything with ``.equations()``
        What is solved.
    parameter : str
        The parameter that varies.
    values : array_like, one-dimensional
        Its values, in the order in which the branches are followed.
    starts, tol, max_steps, backend
        As in `solve`.
    **fixed
        A number (or an array of elements) for each other parameter.

    Returns
    -------
    Solution
        One slot for each branch that was met.

    Raises
    ------
    ShapeError
        If the values are no list, or another parameter varies.
    ProblemError
        If there are too many unknowns to compare Jacobians.

    Examples
    --------
    >>> from sympy import symbols, tanh
    >>> from derive.equations import Equations
    >>> m, h = symbols("m h", real=True)
    >>> magnet = Equations((m,), (h,), (), update=(tanh(2 * m + h),), bounds=((-1, 1),))
    >>> loop = continue_branch(magnet, "h", [-0.6, -0.4, -0.2, 0, 0.2, 0.4, 0.6])
    >>> loop.exists.T.astype(int).tolist()
    [[1, 1, 1, 1, 1, 1, 0], [0, 1, 1, 1, 1, 1, 0], [0, 1, 1, 1, 1, 1, 1]]
    """
    found = chains_along(problem, parameter, values, fixed, starts, tol, max_steps, backend=backend)
    return build(found.system, found.roots, found.chain, found.ended)
