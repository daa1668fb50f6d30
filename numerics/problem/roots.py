"""Roots of a system as rows: where they are, and what is known of their error."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

__all__ = ["Roots", "joined"]


@dataclass(frozen=True)
class Roots:
    """Roots as rows, each with the batch point that it belongs to.

    Attributes
    ----------
    x : ndarray (roots, n)
        The state.
    rows : ndarray (roots,)
        The batch point.
    residual, error : ndarray (roots,)
        The largest residual, and an estimate of the error of the state.
    weakest : ndarray (roots, n)
        The direction in which the state is known worst, of unit length; zero where it is not known.
    status : ndarray (roots,)
        A `Status` each.
    """

    x: np.ndarray
    rows: np.ndarray
    residual: np.ndarray
    error: np.ndarray
    weakest: np.ndarray
    status: np.ndarray

    def take(self, where: np.ndarray) -> Roots:
        """The roots at the given positions."""
        return Roots(**{f.name: getattr(self, f.name)[where] for f in fields(self)})


def joined(first: Roots, second: Roots) -> Roots:
    """The rows of both."""
    parts = {f.name: (getattr(first, f.name), getattr(second, f.name)) for f in fields(Roots)}
    return Roots(**{name: np.concatenate(pair) for name, pair in parts.items()})
