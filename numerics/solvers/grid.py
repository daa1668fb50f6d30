"""Large batches of equations with averages: a coarse part is searched, the rest starts from it.

Searching costs some hundred evaluations at each point.  Branches vary smoothly along a batch, so
that those of every few points, interpolated, are starts from which Newton's method needs two or
three.  Where neighbours disagree about how many branches there are, points are searched as well.
"""

from __future__ import annotations

import numpy as np

from numerics.problem.roots import Roots, joined
from numerics.problem.system import System
from numerics.solvers.loop import Solver, State
from numerics.solvers.roots import distinct, polish, polish_from
from numerics.solvers.search import joined_states, search
from numerics.solvers.starts import Starts

__all__ = ["find_on_grid", "worth_it"]

MANY = 1000  # points from which on a part is searched first
STRIDES = (12, 4, 1)


def worth_it(system: System, starts: Starts) -> bool:
    """Whether a batch is large enough, and its points are to be searched at all."""
    searched = starts is None or isinstance(starts, int)
    return system.averaged and searched and system.given.points >= MANY


def find_on_grid(
    system: System, method: str | Solver, solver: Solver, starts: Starts, tol: float
) -> tuple[Roots, State]:
    """Distinct roots of every point, and how the iterations ended that led to them."""
    shape = system.given.shape
    known, before = _lattice(shape, STRIDES[0]), [np.unique(_ends(n, STRIDES[0])) for n in shape]
    ended = [search(system, method, solver, starts, known.ravel())]
    roots = distinct(polish(system, ended[0], tol))
    for stride in STRIDES[1:]:
        axes = [np.unique(_ends(n, stride)) for n in shape]
        points = _lattice(shape, stride)
        new = ~np.isin(points, known)
        table = _table(system, roots, known)
        x, alike = _interpolated(table, before, axes)
        chosen = new & alike
        rows = np.repeat(points[chosen], table.shape[-2])
        near = distinct(polish_from(system, x[chosen].reshape(-1, system.n), rows, tol))
        lost = _short_of(near, points[chosen], table.shape[-2], system.given.points)
        near = near.take(~np.isin(near.rows, lost))
        missing = np.concatenate([points[new & ~alike], lost])
        parts = [roots, near]
        if missing.size:
            more = search(system, method, solver, starts, np.sort(missing))
            ended.append(more)
            parts.append(distinct(polish(system, more, tol)))
        for part in parts[1:]:
            roots = joined(roots, part)
        known, before = points, axes
    return distinct(roots), joined_states(ended)


def _ends(count: int, stride: int) -> np.ndarray:
    """Every few numbers, and the last one."""
    return np.append(np.arange(0, count, stride), count - 1)


def _lattice(shape: tuple[int, ...], stride: int) -> np.ndarray:
    """The flat numbers of every few points along each axis."""
    axes = [np.unique(_ends(n, stride)) for n in shape]
    return np.asarray(np.ravel_multi_index(np.meshgrid(*axes, indexing="ij"), shape))


def _table(system: System, roots: Roots, points: np.ndarray) -> np.ndarray:
    """Branches at points (*points, branch, n) in their order, nan beyond how many there are."""
    counts = np.bincount(roots.rows, minlength=system.given.points)
    order = np.argsort(roots.rows, kind="stable")
    slot = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    width = int(counts.max(initial=0))
    table = np.full((system.given.points, width, system.n), np.nan)
    table[roots.rows[order], slot] = roots.x[order]
    return table[points]


def _interpolated(
    table: np.ndarray, known: list[np.ndarray], wanted: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Branches at other places, and where all neighbours have all of the branches.

    By cubics through four neighbours along each axis in turn, or lines where there are fewer.
    """
    for axis, (old, new) in enumerate(zip(known, wanted, strict=True)):
        moved = np.moveaxis(table, axis, 0)
        table = np.moveaxis(_along(moved, old, new), 0, axis)
    complete = np.isfinite(table).all(axis=(-2, -1)) & (table.shape[-2] > 0)
    return table, complete


def _along(values: np.ndarray, old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Lagrange interpolation along the first axis; lines where a cubic meets a missing branch."""
    if len(old) == 1:
        return values
    lines = _lagrange(values, old, new, 2)
    if len(old) < 4:
        return lines
    cubics = _lagrange(values, old, new, 4)
    return np.where(np.isfinite(cubics), cubics, lines)


def _lagrange(values: np.ndarray, old: np.ndarray, new: np.ndarray, count: int) -> np.ndarray:
    cell = np.clip(np.searchsorted(old, new, side="right") - 1, 0, len(old) - 2)
    first = np.clip(cell - (count // 2 - 1), 0, len(old) - count)
    result = np.zeros((len(new), *values.shape[1:]))
    for k in range(count):
        weight = np.ones(len(new))
        for j in range(count):
            if j != k:
                weight *= (new - old[first + j]) / (old[first + k] - old[first + j])
        part = values[first + k] * weight.reshape(-1, *(1,) * (values.ndim - 1))
        result += np.where((weight == 0).reshape(-1, *(1,) * (values.ndim - 1)), 0.0, part)
    return result


def _short_of(roots: Roots, points: np.ndarray, width: int, count: int) -> np.ndarray:
    """Points at which fewer roots were found than their neighbours have."""
    found = np.bincount(roots.rows, minlength=count)
    return points[found[points] < width]
