"""Nodes and weights for averages of state evolution: trapezoid rules, exponentially accurate.

Where the integrand varies over a share `sharp` of the Gaussian's width, the step follows it: the
error of step d is of order ``exp(-2 pi w/d)`` for singularities at the distance w from the axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.errors import DomainError, PrecisionError
from numerics.real_arrays import finite_array

__all__ = ["LabelGrid", "gaussian_grid", "label_grid"]

REACH = 9.0  # standard deviations: beyond, less than 1e-18 is left
STEP = 0.2  # of a step in units of the sharpest width
COARSEST = 0.1
MOST = 50_000
RANGE = 9.0  # of the variable t in y = center + scale sinh(t)
LABEL_STEP = 0.025
LABEL_SCALE = 0.05  # of the spacing of y near its center, in units of z's deviation


def gaussian_grid(width: float, sharp: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes over +-9 widths, and the logarithm of their standard normal weights.

    Logarithms, as what they are multiplied by may overflow where they underflow.

    Examples
    --------
    >>> x, logs = gaussian_grid(1.0, 1.0)
    >>> f"{np.exp(logs).sum():.13f} {np.exp(logs) @ x**4:.13f}"
    '1.0000000000000 3.0000000000000'
    """
    step = min(COARSEST, STEP * sharp)
    half = int(np.ceil(REACH * width / step))
    if half > MOST:
        raise PrecisionError(f"an average over a width of {sharp:.3g} takes more than {MOST} nodes")
    x = np.linspace(-REACH * width, REACH * width, 2 * half + 1)
    return x, -(x**2) / 2 + np.log((x[1] - x[0]) / np.sqrt(2 * np.pi))


@dataclass(frozen=True)
class LabelGrid:
    """Where a likelihood is summed over y: at given labels, or along the line.

    Attributes
    ----------
    labels : ndarray or None
    """

    labels: np.ndarray | None

    def nodes(self, center: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
        """Nodes in y (center's length, nodes), and their weights.

        On the line ``y = center + c sinh(t)``: narrow likelihoods near the center, and wide ones,
        are resolved alike.
        """
        if self.labels is not None:
            return self.labels[None, :], np.ones((1, len(self.labels)))
        t = np.arange(-RANGE, RANGE + LABEL_STEP / 2, LABEL_STEP)
        unit = LABEL_SCALE * scale
        return center + unit * np.sinh(t), (unit * LABEL_STEP * np.cosh(t))[None, :]


def label_grid(labels: Sequence[float] | Any) -> LabelGrid:
    """The labels given, or the line for None."""
    if labels is None:
        return LabelGrid(None)
    values = finite_array("labels", labels)
    if values.ndim != 1 or len(np.unique(values)) != values.size or not values.size:
        raise DomainError(f"labels={labels}: give different values of y, such as (-1, 1)")
    return LabelGrid(values)
