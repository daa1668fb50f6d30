"""The fold nearest to a point of a solution: where a branch that is missing there has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from numerics.problem.errors import BranchError, ProblemError
from numerics.problem.operator import scalar_parameter
from numerics.problem.system import LARGE
from numerics.solvers.spinodal import Spinodal, fold

if TYPE_CHECKING:
    from numerics.solution import Solution

__all__ = ["nearest_spinodal"]


def nearest_spinodal(
    solution: Solution, parameter: str, index: tuple[int, ...], branch: int | None
) -> Spinodal:
    """See `Solution.nearest_spinodal`."""
    system = solution.system
    scalar_parameter(system.equations, parameter)
    if system.n > LARGE:
        raise ProblemError(
            f"{system.n} unknowns are too many: a fold is found by a dense Newton method in state "
            f"and null vector, which is made for {LARGE} at most"
        )
    point = _point(solution, index, branch)
    state = _state(solution, point, branch)
    here = {
        name: value[0] if value.ndim > system.given.core[name] else value
        for name, value in system.given.take(np.array([point])).items()
    }
    sizes = {str(size): number for size, number in system.given.sizes.items()}
    fixed = {name: value for name, value in here.items() if name != parameter}
    free = {name: k for name, k in sizes.items() if name not in fixed}
    return fold(system.equations, parameter, {**fixed, **free}, state, float(here[parameter]))


def _point(solution: Solution, index: tuple[int, ...], branch: int | None) -> int:
    """The point to start from, in one row; of a branch without an index, where it ends."""
    if index or not solution.shape:
        return int(np.ravel_multi_index(index, solution.shape)) if solution.shape else 0
    points = len(solution.present)
    if points == 1:
        return 0
    if branch is None or len(solution.shape) != 1:
        raise BranchError(
            "there are many points: give the index of one, or of a solution along one parameter "
            "the branch that ends, nearest_spinodal(parameter, branch=...)"
        )
    on = np.nonzero(solution.present[:, branch])[0]
    if on.size and on[-1] < points - 1:
        return int(on[-1])
    if on.size and on[0] > 0:
        return int(on[0])
    raise BranchError(f"branch {branch} does not end between the first and the last point")


def _state(solution: Solution, point: int, branch: int | None) -> np.ndarray:
    """The branch there, or, where there is none, the best state that was met."""
    slots = np.nonzero(solution.present[point])[0]
    if branch is None and slots.size > 1:
        raise BranchError(f"there are {slots.size} branches at this point: give branch=...")
    if branch is not None and branch not in slots:
        raise BranchError(f"there is no branch {branch} at this point: there are {slots.tolist()}")
    if slots.size:
        return solution.states[point, int(slots[0]) if branch is None else branch]
    best = solution.best_states[point]
    if not np.isfinite(best).all():
        raise BranchError("no finite state was met at this point: give other starts")
    return best
