"""Points of a box of parameters at which a rule is tried: corners, and near and far from them.

Whatever is special happens at the ends of a range as a rule (an overlap that tends to one, a
variance that vanishes), so that points crowd there on a logarithmic scale too.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

__all__ = ["sample_box"]

CORNERS = 64  # at most: of a box in more than six dimensions a part
DECADES = 12.0  # how near to the ends of a range points come, relative to its width
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


def _corners(moving: Any) -> Any:
    places = [(0.0, 1.0) if m else (0.0,) for m in moving]
    return np.array([c for c, _ in zip(product(*places), range(CORNERS), strict=False)])


def _near_ends(moving: Any) -> Any:
    """Along each axis: from both ends, the others in the middle or at their ends."""
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
    small = 10.0 ** (-DECADES * uniform)
    return np.where(kind == 0, uniform, np.where(kind == 1, small, 1 - small))


def _radical(count: int, base: int) -> Any:
    """The van der Corput sequence: the digits of 1, 2, ... mirrored at the point."""
    result, scale, rest = np.zeros(count), 1.0 / base, np.arange(1, count + 1)
    while rest.any():
        result += scale * (rest % base)
        rest, scale = rest // base, scale / base
    return result
