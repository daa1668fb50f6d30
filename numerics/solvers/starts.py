"""Where a search begins: points of the box that contains the solutions, always the same ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sympy import Expr, sympify

from numerics.branches import Branches
from numerics.errors import ShapeError, UnknownParameterError
from numerics.problem.coordinates import DEEPEST, Intervals
from numerics.problem.given import is_array
from numerics.problem.system import System

__all__ = [
    "Starts",
    "box",
    "crossings",
    "few",
    "given_starts",
    "place",
    "placed",
    "scan",
    "scatter",
]

Starts = int | Mapping[str, Any] | Branches | None

DIAGONAL = 9  # starts on the diagonal of the box
BISECTIONS = 52  # halvings that take a cell of the scan to neighbouring floats
CHORDS = 60
SHALLOW = 8.0  # e-foldings towards singular ends that starts of several unknowns go
CLOSE = 1e-10  # relative width of an interval from where Newton's method goes on


def box(system: System, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper bounds ``(rows, n)`` of all components; infinite where none are stated."""
    ends = system.equations.bounds or ((None, None),) * len(system.lengths)
    domain = system.intervals
    sides = []
    for side, infinite in ((0, -np.inf), (1, np.inf)):
        columns = [_bound(system, pair[side], infinite, rows) for pair in ends]
        sides.append(np.repeat(np.stack(columns, axis=1), system.lengths, axis=1))
    if domain is None:
        return sides[0], sides[1]
    return np.maximum(sides[0], domain.low[rows]), np.minimum(sides[1], domain.high[rows])


def placed(
    system: System, unit: np.ndarray, rows: np.ndarray, depth: float = DEEPEST
) -> np.ndarray:
    """[0, 1] onto the box of each point, geometrically towards ends that are singular.

    `unit` has the shape (..., 1, n).
    """
    lower, upper = box(system, rows)
    x = place(unit, lower, upper)
    domain = system.intervals
    if domain is None:
        return x
    open_low = domain.open_low[rows] & (lower == domain.low[rows])
    open_high = domain.open_high[rows] & (upper == domain.high[rows])
    own = Intervals(lower, upper, open_low, open_high).place(unit, np.arange(len(rows)), depth)
    return np.where(np.isnan(own), x, own)


def _bound(system: System, bound: Expr | None, default: float, rows: np.ndarray) -> np.ndarray:
    if bound is None:
        return np.full(len(rows), default)
    bound = sympify(bound)
    if bound.is_number:
        return np.full(len(rows), float(bound))
    nowhere = np.zeros((len(rows), system.n))  # a bound depends on parameters only
    return system.evaluate((bound,), [()], nowhere, rows)[0]


def place(unit: np.ndarray | float, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Map [0, 1] onto an interval; an infinite end is approached like a hyperbolic sine."""
    open_below, open_above = np.isneginf(lower), np.isposinf(upper)
    with np.errstate(invalid="ignore"):
        return np.select(
            [open_below & open_above, open_below, open_above],
            [
                np.sinh(12 * (unit - 0.5)),
                upper - np.sinh(6 * (1 - unit)),
                lower + np.sinh(6 * unit),
            ],
            lower + unit * (upper - lower),
        )


def scatter(system: System, rows: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """For each point of the batch: the diagonal of the box, and a Sobol sequence in it.

    Returns
    -------
    x : ndarray (starts * points, n)
    rows : ndarray (starts * points,)
    """
    from scipy.stats import qmc  # half a second that who has one unknown need not pay

    diagonal = np.repeat(np.linspace(0.02, 0.98, DIAGONAL)[:, None], system.n, axis=1)
    power = max(int(np.ceil(np.log2(max(count, 2)))), 1)
    sobol = qmc.Sobol(system.n, scramble=True, rng=0).random_base2(power)[:count]
    unit = np.concatenate([diagonal, sobol])
    x = placed(system, unit[:, None], rows, SHALLOW)
    return x.reshape(-1, system.n), np.tile(rows, len(unit))


def few(system: System, rows: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Starts of many unknowns: near either end of the diagonal of the box, its middle, at random.

    No search of so many unknowns proves anything: couplings of mixed sign have exponentially many
    solutions.
    """
    random = np.random.default_rng(0).uniform(size=(max(count - 3, 0), system.n))
    diagonal = np.repeat(np.array([0.98, 0.02, 0.5])[:count, None], system.n, axis=1)
    unit = np.concatenate([diagonal, random])
    lower, upper = box(system, rows)
    x = np.concatenate([place(u, lower, upper) for u in unit])
    return x, np.tile(rows, len(unit))


def scan(system: System, rows: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """For one unknown: where the residual changes sign, and around where it is smallest.

    A sign change is bisected to the last bit, so that a continuous residual yields a root whatever
    its slope; the surroundings of each local minimum of |residual| catch double roots, and the
    several roots that may share a cell.
    """
    x = placed(system, np.linspace(0, 1, count)[:, None, None], rows)[..., 0].T
    residual = system.residual(x.reshape(-1, 1), np.repeat(rows, count)).reshape(x.shape)
    sign = np.sign(residual)
    cell_of, cell = np.nonzero(sign[:, :-1] * sign[:, 1:] < 0)
    crossed, row = crossings(system, x[cell_of, cell], x[cell_of, cell + 1], rows[cell_of])
    low_of, node = _around_minima(np.abs(residual))
    row = np.concatenate([row, rows[low_of]])
    nowhere = ~np.isin(rows, row)  # one start at least, so that there is a failure to report
    start = np.concatenate([crossed, x[low_of, node], x[nowhere, count // 2]])
    return start[:, None], np.concatenate([row, rows[nowhere]])


def _around_minima(size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each local minimum along the second axis, with its two neighbours."""
    size = np.where(np.isfinite(size), size, np.inf)
    padded = np.pad(size, ((0, 0), (1, 1)), constant_values=np.inf)
    low = np.isfinite(size) & (size <= padded[:, :-2]) & (size <= padded[:, 2:])
    near = low.copy()
    near[:, 1:] |= low[:, :-1]
    near[:, :-1] |= low[:, 1:]
    point, node = np.nonzero(near & np.isfinite(size))
    return point, node


def crossings(
    system: System, low: np.ndarray, high: np.ndarray, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where the residual of one unknown crosses zero in intervals at whose ends its signs differ.

    Halved down to neighbouring floats. A pole, where the residual has grown instead, is left out.
    """
    if not len(rows):
        return low, rows
    if system.averaged:
        return _by_chords(system, low, high, rows)
    at_low, at_high = (system.residual(end[:, None], rows)[:, 0] for end in (low, high))
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        value = system.residual(middle[:, None], rows)[:, 0]
        same = np.sign(value) == np.sign(at_low)
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    root = np.abs(value) <= np.maximum(np.abs(at_low), np.abs(at_high))
    return 0.5 * (low + high)[root], rows[root]


def _by_chords(
    system: System, low: np.ndarray, high: np.ndarray, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """As `crossings`, by chords that keep a sign change between them, for dear residuals.

    The end that stays is given half its weight (the Illinois variant of the regula falsi; Dowell
    and Jarratt, BIT 11, 168 (1971)), so that either end moves.
    """
    ends = np.stack([low, high])
    value = np.stack([system.residual(end[:, None], rows)[:, 0] for end in ends])
    first = np.abs(value).max(axis=0)
    best, least = np.where(np.abs(value[0]) < np.abs(value[1]), low, high), np.abs(value).min(0)
    active = np.nonzero(least > 0)[0]
    for step in range(CHORDS):
        if not active.size:
            break
        (a, b), (f, g) = ends[:, active], value[:, active]
        with np.errstate(all="ignore"):
            middle = 0.5 * (a + b)
            x = b - g * (b - a) / (g - f)
            x = np.where((x - a) * (x - b) < 0, x, middle) if step % 4 < 3 else middle
        h = system.residual(x[:, None], rows[active])[:, 0]
        better = np.abs(h) < least[active]
        best[active[better]], least[active[better]] = x[better], np.abs(h[better])
        crossed = np.sign(h) != np.sign(g)  # the root lies between x and b
        ends[0, active] = np.where(crossed, b, a)
        value[0, active] = np.where(crossed, g, f / 2)
        ends[1, active], value[1, active] = x, h
        a, b = ends[:, active]
        close = np.abs(b - a) <= CLOSE * system.room(x[:, None], rows[active])[:, 0]
        active = active[~close & (h != 0)]
    root = least <= first
    return best[root], rows[root]


def given_starts(
    system: System, starts: Mapping[str, Any] | Branches, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The user's starting points, the same ones for each point of the batch.

    The branches of an earlier solution start each the point that they belong to; of a batch of
    another size, every point.

    Raises
    ------
    UnknownParameterError
        If an unknown has no starting value, or the name is that of no unknown.
    ShapeError
        If the values do not broadcast against each other.
    """
    names = [unknown.name for unknown in system.equations.unknowns]
    if isinstance(starts, Branches):
        return _earlier(system, starts, rows)
    if set(names) != set(starts):
        raise UnknownParameterError(
            f"starts are given for {', '.join(starts) or 'nothing'}; "
            f"give one for each unknown: {', '.join(names)}"
        )
    columns = []
    for unknown, length in zip(system.equations.unknowns, system.lengths, strict=True):
        value = np.asarray(starts[unknown.name], dtype=float)
        value = np.atleast_2d(value) if is_array(unknown) else np.atleast_1d(value)[:, None]
        if value.ndim != 2 or value.shape[1] not in (1, length):
            raise ShapeError(f"the starts of {unknown.name} have shape {value.shape}")
        columns.append(np.broadcast_to(value, (len(value), length)))
    try:
        count = np.broadcast_shapes(*(column.shape[:1] for column in columns))[0]
    except ValueError:
        listed = ", ".join(f"{n}: {len(c)}" for n, c in zip(names, columns, strict=True))
        raise ShapeError(f"the unknowns have different numbers of starts ({listed})") from None
    spread = [np.broadcast_to(c, (count, c.shape[1])) for c in columns]
    x = np.concatenate(spread, axis=1)
    return np.repeat(x, len(rows), axis=0), np.tile(rows, count)


def _earlier(system: System, found: Branches, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    ours, theirs = (
        [(u.name, length) for u, length in zip(s.equations.unknowns, s.lengths, strict=True)]
        for s in (system, found.system)
    )
    if ours != theirs:
        raise ShapeError(f"the solution to start from has unknowns {theirs}, this problem {ours}")
    x, at = found.roots.x, found.roots.rows
    if found.system.given.points != system.given.points:
        return np.repeat(x, len(rows), axis=0), np.tile(rows, len(x))
    here = np.isin(at, rows)
    return x[here], at[here]
