"""Which root of one parameter value continues which root of the next: chains of roots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.errors import ShapeError
from numerics.problem.errors import ProblemError
from numerics.problem.given import as_equations, bind
from numerics.problem.roots import Roots
from numerics.problem.system import LARGE, System
from numerics.solvers.compiled import backend_for
from numerics.solvers.find import find
from numerics.solvers.loop import State, iterate
from numerics.solvers.newton import Newton, newton_direction
from numerics.solvers.starts import Starts

__all__ = ["Chains", "chains_along"]

ROUGH = 0.2  # a smooth branch on a grid that resolves it has a hundredth of this


@dataclass(frozen=True)
class Chains:
    """Roots along one parameter, each with the number of its chain."""

    system: System
    values: np.ndarray
    roots: Roots
    chain: np.ndarray
    ended: State

    def at(self, point: int) -> dict[int, int]:
        """Chain to position among the roots, at one value of the parameter."""
        return {int(self.chain[k]): int(k) for k in np.nonzero(self.roots.rows == point)[0]}


def chains_along(
    problem: Any,
    parameter: str,
    values: Any,
    fixed: Mapping[str, Any],
    starts: Starts = None,
    tol: float = 1e-10,
    max_steps: int | None = None,
    strict: bool = False,
    backend: str = "numpy",
) -> Chains:
    """Solve at every value and link the roots of neighbouring values.

    Two roots are linked if Newton's method from either of them, at the other's parameter, ends at
    the other. What is left over is linked if it does so in one direction and the Jacobian keeps
    its orientation. A link is never a guess of nearness, and a branch that folds ends its chain.

    Across two folds closer together than the values, the two outer branches would still be linked.
    If `strict`, a link must also be smooth: its slopes must explain its rise.

    Raises
    ------
    ShapeError
        If the values are no one-dimensional array, or another parameter varies.
    ProblemError
        If there are too many unknowns.
    """
    values = np.asarray(values, dtype=float)
    if values.ndim != 1 or values.size < 2:
        raise ShapeError(f"a branch is followed along a list of {parameter}, not {values.shape}")
    equations = as_equations(problem)
    given = bind(equations, {**fixed, parameter: values})
    if given.shape != values.shape or any(
        value.ndim > given.core[name] for name, value in given.flat.items() if name != parameter
    ):
        raise ShapeError(f"only {parameter} may vary along a branch: fix the other parameters")
    system = System(equations, given, backend_for(backend, given))
    if system.n > LARGE:
        raise ProblemError(
            f"{system.n} unknowns are too many to link branches by their Jacobians, which is made "
            f"for {LARGE} at most: follow a branch with solve(..., starts=<the solution before>)"
        )
    roots, ended = find(system, "auto", starts, tol, max_steps)
    slope = _slopes(system, parameter, roots) if strict else None
    return Chains(system, values, roots, _numbered(system, roots, values, slope), ended)


def _slopes(system: System, parameter: str, roots: Roots) -> np.ndarray:
    """The derivative of each root by the parameter."""
    jacobian = system.linear(roots.x, roots.rows)[1]
    return newton_direction(system.residual_slope(parameter, roots.x, roots.rows), jacobian)


def _numbered(
    system: System, roots: Roots, values: np.ndarray, slope: np.ndarray | None
) -> np.ndarray:
    """A chain number for each root: that of the root it continues, or a new one."""
    onward, back = _arrivals(system, roots, 1), _arrivals(system, roots, -1)
    side = np.linalg.slogdet(system.linear(roots.x, roots.rows)[1])[0]
    mutual = [(int(b), k) for k, b in enumerate(back) if b >= 0 and onward[b] == k]
    ahead = [(k, int(a)) for k, a in enumerate(onward) if a >= 0 and side[k] == side[a]]
    behind = [(int(b), k) for k, b in enumerate(back) if b >= 0 and side[k] == side[b]]
    before: dict[int, int] = {}
    linked = set()
    for old, new in (*mutual, *ahead, *behind):
        if new in before or old in linked:
            continue
        rough = slope is not None and _rough(roots, values, slope, old, new)
        before[new] = -1 if rough else old  # a rough link is not taken, nor replaced by a worse one
        linked.add(old)
    number = np.full(len(roots.rows), -1)
    count = 0
    for k in range(len(number)):  # roots are sorted along the parameter
        if before.get(k, -1) >= 0:
            number[k] = number[before[k]]
        else:
            number[k], count = count, count + 1
    return number


def _rough(roots: Roots, values: np.ndarray, slope: np.ndarray, old: int, new: int) -> bool:
    """Whether the rise from one root to the next is not what their slopes add up to."""
    step = values[roots.rows[new]] - values[roots.rows[old]]
    rise, tangents = roots.x[new] - roots.x[old], 0.5 * step * slope[[old, new]]
    scale = np.abs(rise) + np.abs(tangents).sum(axis=0)
    gap = np.abs(rise - tangents.sum(axis=0)).max()
    return not gap <= ROUGH * scale.max() + 8 * (roots.error[new] + roots.error[old])


def _arrivals(system: System, roots: Roots, shift: int) -> np.ndarray:
    """The position of the root that Newton reaches from each root at the next value; -1 if none."""
    result = np.full(len(roots.rows), -1)
    target = roots.rows + shift
    inside = np.nonzero((target >= 0) & (target < system.given.points))[0]
    if not inside.size:
        return result
    ended = iterate(Newton(max_steps=60), system, roots.x[inside], target[inside])
    lowest = np.searchsorted(roots.rows, target[inside])
    counts = np.searchsorted(roots.rows, target[inside], side="right") - lowest
    nearest, least = np.full(len(inside), -1), np.full(len(inside), np.inf)
    for k in range(int(counts.max())):
        here = np.minimum(lowest + k, len(roots.rows) - 1)
        apart = np.abs(roots.x[here] - ended.x).max(axis=1)
        reached = apart <= 1e-7 * np.maximum(1, np.abs(ended.x).max(axis=1)) + 8 * roots.error[here]
        closer = reached & (k < counts) & (apart < least)
        nearest, least = np.where(closer, here, nearest), np.where(closer, apart, least)
    result[inside] = nearest
    return result
