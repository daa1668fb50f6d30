"""Figures of solutions: branches against a parameter, exact finite-size points on top."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sympy import Expr

from numerics.labelled import MissingExtraError, axis_names, scalars
from numerics.problem.errors import ProblemError
from numerics.problem.status import Stability

if TYPE_CHECKING:
    from numerics.solution import Solution

__all__ = ["new_axes", "plot"]

STYLES = (
    (Stability.STABLE, "-", "stable"),
    (Stability.UNSTABLE, "--", "unstable"),
    (Stability.MARGINAL, ":", "marginal"),
    (Stability.UNKNOWN, "-.", "not judged"),
)


def plot(
    solution: Solution,
    x: str | None = None,
    y: str | Expr | None = None,
    *,
    exact: tuple[Any, Any] | None = None,
    ax: Any = None,
    label: str | None = None,
    color: str | None = None,
) -> Any:
    """Draw an unknown or an observable on all branches against a parameter.

    Stable branches are solid, unstable ones dashed; where branches are born or end, lines are not
    drawn across the gap.

    Parameters
    ----------
    solution : Solution
        Over a batch with one axis, or several of which one carries `x`; each point of the other
        axes is a family of curves of its own.
    x : str, optional
        The parameter on the abscissa; the one that varies, if only one does.
    y : str or Expr, optional
        What is drawn; the first unknown by default.
    exact : (array_like, array_like), optional
        Abscissae and ordinates of points to lay on top, such as exact finite-size values.
    ax : matplotlib Axes, optional
        Where to draw; a new figure, of no window and no global state, by default.
    label : str, optional
        The name of the curves in the legend.
    color : str, optional
        Any colour that matplotlib knows.

    Returns
    -------
    matplotlib Axes
        ``ax.figure.savefig(...)`` writes it.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    ProblemError
        If `x` is not the name of a parameter that varies along one axis.

    Examples
    --------
    >>> from sympy import symbols, tanh
    >>> from derive.equations import Equations
    >>> from numerics.solvers import solve
    >>> m, x = symbols("m x", real=True)
    >>> line = Equations((m,), (x,), (), residuals=(m - tanh(x),))
    >>> ax = plot(solve(line, x=[0.0, 0.5, 1.0]))
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('x', 'm')
    """
    axes = axis_names(solution.shape, scalars(solution.parameters, solution.system.given.core))
    x = _abscissa(solution, axes, x)
    y = solution.unknowns[0] if y is None else y
    ax = new_axes() if ax is None else ax
    color = ax._get_lines.get_next_color() if color is None else color
    along = np.asarray(solution.parameters[x]).reshape(-1)
    drawn = set()
    for values, places in _families(solution, axes.index(x), y):
        drawn |= _draw(ax, along, values, places, color)
    if exact is not None:
        ax.plot(*exact, "o", color=color, markersize=4, markerfacecolor="none", label="exact")
    _dress(ax, x, str(y), drawn, color, label)
    return ax


def _abscissa(solution: Solution, axes: list[str], x: str | None) -> str:
    along = [name for name in axes if name in solution.parameters]
    if x is None and len(along) == 1:
        return along[0]
    if x is None or x not in along:
        have = ", ".join(along) or "none"
        raise ProblemError(f"no parameter {x} varies along one axis of the batch: {have} does")
    return x


def new_axes() -> Any:
    """The axes of a new figure, of no window."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError(
            "matplotlib is not installed; it comes with the extra: pip install 'saddlepoint[plot]'"
        ) from None
    return Figure(figsize=(5.2, 3.6), layout="constrained").add_subplot()


def _families(solution: Solution, axis: int, y: str | Expr) -> list[tuple[np.ndarray, np.ndarray]]:
    """Values and stabilities (abscissa, slot), for each point of the other axes."""
    quantity = solution.quantity(y)
    if quantity.ndim > solution.exists.ndim:
        raise ProblemError(f"{y} is a vector: draw one component or a sum of it")
    shape = (solution.shape[axis], -1, quantity.shape[-1])
    values = np.moveaxis(quantity.filled(np.nan), axis, 0).reshape(shape)
    places = np.moveaxis(solution.stability.data, axis, 0).reshape(shape)
    return [(values[:, k], places[:, k]) for k in range(values.shape[1])]


def _draw(
    ax: Any, along: np.ndarray, values: np.ndarray, places: np.ndarray, color: Any
) -> set[Stability]:
    """Draw one family of branches; return the stabilities that occur in it."""
    styles = {stability: style for stability, style, _ in STYLES}
    drawn = set()
    for stability, points in _lines(values, places):
        at = [k for k, _ in points]
        heights = [height for _, height in points]
        style = styles[stability] if len(points) > 1 else "."
        ax.plot(along[at], heights, style, color=color, linewidth=1.4, markersize=3)
        drawn.add(stability)
    return drawn


Line = tuple[Stability, list[tuple[int, float]]]


def _lines(values: np.ndarray, places: np.ndarray) -> list[Line]:
    """Join the branches of neighbouring points.

    Where the same slots hold branches of the same stabilities they go on as they are; elsewhere,
    each goes on to the nearest one of its stability, if they are nearest to each other and closer
    than a fifth of the figure. One that is left over starts where the nearest one was, as the
    second tine of a pitchfork does.
    """
    finite = np.isfinite(values)
    reach = 0.2 * np.ptp(values[finite]) if finite.any() else 0.0
    done: list[Line] = []
    live: dict[int, Line] = {}
    for k in range(len(values)):
        here = [int(slot) for slot in np.nonzero(finite[k])[0]]
        same = k > 0 and (finite[k] == finite[k - 1]).all()
        same = same and (places[k][here] == places[k - 1][here]).all()
        links = {slot: slot for slot in here} if same else _nearest(values, places, k, here, reach)
        went_on = {}
        for slot in here:
            line = live.pop(links[slot], None) if slot in links else None
            line = line or (
                Stability(int(places[k, slot])),
                _origin(values, places, k, slot, reach),
            )
            line[1].append((k, float(values[k, slot])))
            went_on[slot] = line
        for old, line in live.items():  # and one that ends runs into the nearest one there is
            line[1].extend(_origin(values[::-1], places[::-1], len(values) - k, old, reach, k))
            done.append(line)
        live = went_on
    return [*done, *live.values()]


def _origin(
    values: np.ndarray, places: np.ndarray, k: int, slot: int, reach: float, at: int | None = None
) -> list[tuple[int, float]]:
    """The point before k that is nearest to a slot's, of its stability; none out of reach."""
    if k == 0:
        return []
    alike = np.isfinite(values[k - 1]) & (places[k - 1] == places[k, slot])
    gaps = np.where(alike, np.abs(values[k - 1] - values[k, slot]), np.inf)
    nearest = int(np.argmin(gaps))
    if gaps[nearest] > reach:
        return []
    return [(k - 1 if at is None else at, float(values[k - 1, nearest]))]


def _nearest(
    values: np.ndarray, places: np.ndarray, k: int, here: list[int], reach: float
) -> dict[int, int]:
    """Slot here to slot before, mutually nearest ones of one stability only."""
    before = [] if k == 0 else [int(slot) for slot in np.nonzero(np.isfinite(values[k - 1]))[0]]
    gaps = {
        (slot, old): abs(values[k, slot] - values[k - 1, old])
        for slot in here
        for old in before
        if places[k, slot] == places[k - 1, old]
    }
    links: dict[int, int] = {}
    for (slot, old), gap in sorted(gaps.items(), key=lambda item: item[1]):
        if gap <= reach and slot not in links and old not in links.values():
            links[slot] = old
    return links


def _dress(ax: Any, x: str, y: str, drawn: set[Stability], color: Any, label: str | None) -> None:
    for stability, style, word in STYLES:
        if stability in drawn and (len(drawn) > 1 or label):
            ax.plot([], [], style, color=color, label=f"{label}, {word}" if label else word)
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    ax.spines[["top", "right"]].set_visible(False)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(frameon=False, fontsize="small")
