"""The reference: adaptive Gauss-Legendre quadrature at many points of the box at once.

It knows nothing of singularities except where to look first, and shares no nodes with the rules
that are judged by it.  Panels are halved until the halves together agree with the whole; the sum of
halves is kept, which is then better by orders of magnitude than the agreement asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Reference", "integrate"]

NODES = 16  # of each panel
AGREEMENT = 4e-15  # of a panel and its halves, relative to the integral of the absolute value
LEVELS = 52  # halvings: down to the spacing of doubles
MOST_PANELS = 400  # at once, for each sample; of few samples more
NEGLIGIBLE = 1e-22  # panels below are not looked at closer, relative to the largest
REACH = 39.0  # exp(-z**2/2) is zero in double precision beyond
ENDS = 1e-12  # of the integral in the outermost panels: it diverges, or nearly so
IDLE = 12.0  # and not at all if they begin so far out
COARSE = 2.0  # length of the first panels


@dataclass(frozen=True)
class Reference:
    """Averages at sample points.

    Attributes
    ----------
    value, size : array
        The average of the integrand and of its absolute value, infinite where it diverges.
    error : array
        What the accepted panels left unresolved, relative to `size`.
    panels : tuple of arrays
        Sample, lower end, upper end, integral of the absolute value.
    """

    value: Any
    size: Any
    error: Any
    panels: tuple[Any, ...]

    def window(self, tail: float) -> tuple[Any, Any]:
        """For each sample where the integrand lives: all but a fraction `tail` at either side."""
        owner, low, high, mass = self.panels
        heavy = mass > tail * self.size[owner]
        left, right = np.full(len(self.size), np.inf), np.full(len(self.size), -np.inf)
        np.minimum.at(left, owner[heavy], low[heavy])
        np.maximum.at(right, owner[heavy], high[heavy])
        return left, right


def integrate(
    integrand: Callable[[Any, Any], Any],
    count: int,
    breaks: Any,
    first: float = COARSE,
    magnitude: Callable[[Any, Any], Any] | None = None,
) -> Reference:
    """Integrals over the line, for `count` samples of the parameters.

    Parameters
    ----------
    integrand : callable
        Of nodes and of the numbers of the samples they belong to; the normal density included.
    count : int
        How many samples.
    breaks : array
        Samples by places at which panels must end.
    first : float
        Length of the first panels.
    magnitude : callable, optional
        What errors are relative to, where the integrand is known to the rounding of larger terms;
        its absolute value otherwise.
    """
    care = 0.1 if magnitude is None else 1e-6  # its kinks are many and need no resolving
    integrand = _with_magnitude(integrand, magnitude)
    owner, low, high = _first_panels(count, breaks, first)
    whole, mass = _panel_sums(integrand, owner, low, high)
    value, size, error = np.zeros(count), np.zeros(count), np.zeros(count)
    idle = (mass < NEGLIGIBLE * np.bincount(owner, mass, count)[owner]) & (np.abs(low) > IDLE)
    kept: list[tuple[Any, ...]] = [(owner[idle], low[idle], high[idle], mass[idle])]
    owner, low, high, whole, mass = (a[~idle] for a in (owner, low, high, whole, mass))
    for level in range(LEVELS):
        last = level == LEVELS - 1 or len(owner) > MOST_PANELS * max(count, 50)
        total = size + np.bincount(owner, mass, count)
        middle = (low + high) / 2
        parts = [_panel_sums(integrand, owner, *ends) for ends in ((low, middle), (middle, high))]
        sums, masses = parts[0][0] + parts[1][0], parts[0][1] + parts[1][1]
        with np.errstate(invalid="ignore"):
            differ = np.abs(sums - whole) + np.abs(masses - mass) * care
        done = (differ <= AGREEMENT * total[owner]) | last
        done |= ~np.isfinite(total[owner] + masses)
        done |= (mass < NEGLIGIBLE * total[owner]) & (masses < NEGLIGIBLE * total[owner])
        value += np.bincount(owner[done], sums[done], count)
        size += np.bincount(owner[done], masses[done], count)
        if last:
            error += np.bincount(owner, differ, count)
        halves = ((low, middle, parts[0]), (middle, high, parts[1]))
        kept.extend((owner[done], a[done], b[done], part[1][done]) for a, b, part in halves)
        more = ~done
        owner, low, high, whole, mass = (
            np.concatenate([owner[more]] * 2),
            np.concatenate([low[more], middle[more]]),
            np.concatenate([middle[more], high[more]]),
            np.concatenate([parts[0][0][more], parts[1][0][more]]),
            np.concatenate([parts[0][1][more], parts[1][1][more]]),
        )
        if not len(owner):
            break
    panels = tuple(np.concatenate(column) for column in zip(*kept, strict=True))
    owner, low, high, mass = panels
    outermost = (np.maximum(np.abs(low), np.abs(high)) >= REACH) & (mass > ENDS * size[owner])
    size[owner[outermost]] = np.inf
    relative = np.divide(error, size, out=np.zeros(count), where=size > 0)
    return Reference(value, size, relative, panels)


def _first_panels(count: int, breaks: Any, first: float) -> tuple[Any, Any, Any]:
    grid = np.arange(-REACH, REACH + first / 2, first)
    places = np.concatenate([np.broadcast_to(grid, (count, len(grid))), breaks], axis=1)
    places = np.sort(np.clip(np.nan_to_num(places), grid[0], grid[-1]), axis=1)
    low, high = places[:, :-1].ravel(), places[:, 1:].ravel()
    owner = np.repeat(np.arange(count), places.shape[1] - 1)
    real = high > low
    return owner[real], low[real], high[real]


def _panel_sums(integrand: Any, owner: Any, low: Any, high: Any) -> tuple[Any, Any]:
    """The integrals of the integrand and of its absolute value over each panel."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    half = (high - low) / 2
    z = ((low + high) / 2)[:, None] + half[:, None] * nodes
    values, sizes = integrand(z, np.broadcast_to(owner[:, None], z.shape))
    return half * (values @ weights), half * (sizes @ weights)


def _with_magnitude(integrand: Any, magnitude: Any) -> Callable[[Any, Any], tuple[Any, Any]]:
    def both(z: Any, owner: Any) -> tuple[Any, Any]:
        values = integrand(z, owner)
        return values, np.abs(values) if magnitude is None else magnitude(z, owner)

    return both
