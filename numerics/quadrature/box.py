"""Points of a box of parameters at which a rule is tried: corners, and near and far from them.

Whatever is special happens at the ends of a range as a rule (an overlap that tends to one, a
variance that vanishes), so that points crowd there on a logarithmic scale too.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

__all__ = ["fresh_points", "sample_box"]

CORNERS = 64  # at most: of a box in more than six dimensions a part
DECADES = 12.0  # how near to the ends of a range points come, relative to its width
FRESH = 100  # random points, and so many around each of those that were worst:
NEIGHBOURS = 8
PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)


def sample_box(ranges: Sequence[tuple[float, float]], seed: int = 0) -> Any:
    """Corners, centre, low-discrepancy and random points of a box, one row per point.

    Parameters
    ----------
    ranges : sequence of (float, float)
        The ends of each parameter's range; equal ends fix it.
    seed : int
        Of the random points.

    Returns
    -------
    array
        Points by parameters.

    Examples
    --------
    >>> from numerics.quadrature.box import sample_box
    >>> points = sample_box([(0.0, 1.0), (2.0, 2.0)])
    >>> points.min(axis=0), points.max(axis=0)
    (array([0., 2.]), array([1., 2.]))
    """
    low = np.array([a for a, _ in ranges], dtype=float)
    width = np.array([b - a for a, b in ranges], dtype=float)
    moving = int((width > 0).sum())
    if not moving:
        return low[None, :]
    count = min(48 + 64 * moving, 300)
    rng = np.random.default_rng(seed)
    regular = np.stack([_radical(count, PRIMES[k % 12]) for k in range(len(low))], axis=1)
    spread = np.concatenate([regular, rng.random((count // 3, len(low)))])
    fractions = np.concatenate([_corners(width > 0), _near_ends(width > 0), _bent(spread, rng)])
    return np.unique(low + fractions * width, axis=0)


def fresh_points(ranges: Sequence[tuple[float, float]], worst: Any, seed: int) -> Any:
    """Random points of a box, many of them near to the given ones."""
    low = np.array([a for a, _ in ranges], dtype=float)
    width = np.array([b - a for a, b in ranges], dtype=float)
    if not width.any():
        return low[None, :]
    rng = np.random.default_rng(seed)
    spread = _bent(rng.random((FRESH, len(low))), rng)
    known = np.divide(worst - low, width, out=np.zeros(worst.shape), where=width > 0)
    centres = np.repeat(known, NEIGHBOURS, axis=0)
    factors = 10.0 ** (0.3 * rng.normal(size=centres.shape))
    near = np.where(rng.random(centres.shape) < 0.5, centres * factors, 1 - (1 - centres) * factors)
    return low + np.clip(np.concatenate([spread, near]), 0.0, 1.0) * width


def _corners(moving: Any) -> Any:
    places = [(0.0, 1.0) if m else (0.0,) for m in moving]
    return np.array([c for c, _ in zip(product(*places), range(CORNERS), strict=False)])


def _near_ends(moving: Any) -> Any:
    """Along each axis from both ends; of two axes all pairs, else the others middle or ends."""
    if moving.sum() <= 2:
        small = np.array([0.0, 1e-6, 1e-4, 1e-3, 3e-3, 1e-2, 3e-2])
        places_along = [*small, 0.1, 0.3, 0.6, 0.85, *(1 - small)]
        places = [places_along if m else [0.0] for m in moving]
        return np.array(list(product(*places)))
    steps = 10.0 ** -np.arange(0, DECADES + 1)
    along = np.concatenate([steps, 1 - steps, np.linspace(0, 1, 9)])
    rows = []
    for k in np.flatnonzero(moving):
        for rest in (0.0, 0.5, 1.0):
            block = np.full((len(along), len(moving)), rest)
            block[:, k] = along
            rows.append(block)
    return np.concatenate(rows)


def _bent(uniform: Any, rng: Any) -> Any:
    """Each coordinate as it is, or crowded logarithmically at the lower or the upper end."""
    kind = rng.integers(0, 3, uniform.shape)
    small = 10.0 ** (-DECADES * uniform**2)  # the first decades are looked at most
    return np.where(kind == 0, uniform, np.where(kind == 1, small, 1 - small))


def _radical(count: int, base: int) -> Any:
    """The van der Corput sequence: the digits of 1, 2, ... mirrored at the point."""
    result, scale, rest = np.zeros(count), 1.0 / base, np.arange(1, count + 1)
    while rest.any():
        result += scale * (rest % base)
        rest, scale = rest // base, scale / base
    return result
