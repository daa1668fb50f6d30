"""Figures of trajectories: a quantity against time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sympy import Expr

from numerics.labelled import axis_names, scalars
from numerics.plot import new_axes

if TYPE_CHECKING:
    from numerics.flow.trajectories import Trajectories

__all__ = ["plot"]

FEW = 8  # curves that a legend can name


def plot(
    found: Trajectories,
    y: str | Expr | None = None,
    *,
    ax: Any = None,
    label: str | None = None,
    color: str | None = None,
) -> Any:
    """Draw an unknown or an observable of every trajectory against time.

    Of an array every entry is drawn, a colour each; an entry of its own, such as ``R[1, 1]``, is an
    observable.  Curves end at the last good point.

    Parameters
    ----------
    found : Trajectories
        From `flow`.
    y : str or Expr, optional
        What is drawn; the first unknown by default.
    ax : matplotlib Axes, optional
        Where to draw; a new figure, of no window and no global state, by default.
    label : str, optional
        The name of the curves in the legend, instead of entries and parameters.
    color : str, optional
        Of all curves.

    Returns
    -------
    matplotlib Axes
        ``ax.figure.savefig(...)`` writes it.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    ProblemError
        If there is nothing of this name.
    """
    y = found.unknowns[0] if y is None else y
    values = found.quantity(y).filled(np.nan)
    rank = len(found.shape)
    curves = np.moveaxis(values, rank, -1).reshape(found.given.points, -1, len(found.times))
    entries = list(np.ndindex(values.shape[rank + 1 :]))
    ax = new_axes() if ax is None else ax
    named = curves.shape[0] * curves.shape[1] <= FEW
    for row, trajectory in enumerate(curves):
        for k, curve in enumerate(trajectory):
            words = label if label and not (row or k) else None
            if label is None and named:
                words = _words(found, row, entries[k] if entries[k] else None)
            shade = color or (f"C{k}" if len(entries) > 1 else f"C{row}")
            ax.plot(found.times, curve, color=shade, linewidth=1.4, label=words)
    ax.set_xlabel("time" if found.time is None else found.time.name)
    ax.set_ylabel(str(y))
    ax.spines[["top", "right"]].set_visible(False)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(frameon=False, fontsize="small")
    return ax


def _words(found: Trajectories, row: int, entry: tuple[int, ...] | None) -> str | None:
    """Which entry a curve is, and at which parameters."""
    parts = [] if entry is None else ["".join(str(k + 1) for k in entry)]
    place = np.unravel_index(row, found.shape) if found.shape else ()
    for axis, name in enumerate(
        axis_names(found.shape, scalars(found.parameters, found.given.core))
    ):
        if name in found.parameters:
            value = np.ravel(found.parameters[name])[place[axis]]
            parts.append(f"{name} = {value:.4g}")
    return ", ".join(parts) or None
