"""The coefficients of embedded Runge-Kutta methods, as SciPy keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.integrate import DOP853, RK45

__all__ = ["TABLEAUX", "Tableau"]


@dataclass(frozen=True)
class Tableau:
    """An embedded method with its interpolant.

    The slopes are those of the stages, then that at the end of the step, which begins the next one,
    then those that only the interpolant needs.

    Attributes
    ----------
    stages : tuple of (float, tuple of float)
        For each slope after the first: at which part of the step, and how the slopes before it are
        combined.  The row of the slope at the end is the step itself.
    extra : int
        How many of them only the interpolant needs.
    errors : tuple of tuple of float
        One combination of slopes, or of two the second as in DOP853.
    order : int
        Of the error estimate.
    interpolant : ndarray (terms, slopes)
        The slopes' weights in each term.
    mirrored : bool
        Whether the terms are x, x(1 - x), x**2 (1 - x), ... rather than powers of x, where x runs
        from 0 to 1 over the step.
    """

    stages: tuple[tuple[float, tuple[float, ...]], ...]
    extra: int
    errors: tuple[tuple[float, ...], ...]
    order: int
    interpolant: np.ndarray
    mirrored: bool

    @property
    def slopes(self) -> int:
        return 1 + len(self.stages)


def _floats(row: np.ndarray) -> tuple[float, ...]:
    return tuple(float(value) for value in row)


def _stages(method: Any) -> list[tuple[float, tuple[float, ...]]]:
    rows = [
        (float(c), _floats(a[:k])) for k, (a, c) in enumerate(zip(method.A, method.C, strict=True))
    ]
    return [*rows[1:], (1.0, _floats(method.B))]


def _rk45() -> Tableau:
    return Tableau(tuple(_stages(RK45)), 0, (_floats(RK45.E),), 4, RK45.P.T.copy(), False)


def _dop853() -> Tableau:
    """Its interpolant is linear in the slopes, although SciPy writes it in differences."""
    more = [
        (float(c), _floats(a[: DOP853.n_stages + 1 + k]))
        for k, (a, c) in enumerate(zip(DOP853.A_EXTRA, DOP853.C_EXTRA, strict=True))
    ]
    slopes = DOP853.n_stages + 1 + len(more)
    first, last = np.eye(slopes)[[0, DOP853.n_stages]]
    whole = np.append(DOP853.B, np.zeros(slopes - len(DOP853.B)))
    terms = np.vstack([whole, first - whole, 2 * whole - first - last, DOP853.D])
    errors = (_floats(DOP853.E5), _floats(DOP853.E3))
    return Tableau((*_stages(DOP853), *more), len(more), errors, 7, terms, True)


TABLEAUX = {"DOP853": _dop853(), "RK45": _rk45()}
