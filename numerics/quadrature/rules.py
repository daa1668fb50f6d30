"""Tables of nodes on the line: trapezoids, evenly spaced or concentrated at a centre.

Trapezoids converge exponentially for analytic integrands that die out at both ends
(L. N. Trefethen and J. A. C. Weideman, SIAM Review 56, 2014): the error is exp(-2 pi d/h) for a
singularity at distance d from the line.  Where singularities come near at one place, the variable
is changed so that they stand at the distance pi/2 whatever their distance was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Nodes", "concentrated", "even"]


@dataclass(frozen=True)
class Nodes:
    """Places relative to the centre, and weights without the normal density.

    Mirrored nodes are those to the right, and count for their mirror images too.
    """

    places: Any
    weights: Any
    mirrored: bool = False

    def __len__(self) -> int:
        return len(self.places)

    def mirror(self) -> Nodes:
        """For an even integrand: the nodes to the right, with twice their weights."""
        right = self.places > 0
        return Nodes(self.places[right], 2 * self.weights[right], mirrored=True)

    def nested(self) -> Nodes:
        """The rule on every other node; of mirrored ones, at odd half steps, on every third."""
        if self.mirrored:
            return Nodes(self.places[1::3], 3 * self.weights[1::3], mirrored=True)
        return Nodes(self.places[::2], 2 * self.weights[::2])


def even(step: float, low: float, high: float) -> Nodes:
    """Evenly spaced nodes from below `low` to above `high`, mirrored at the centre.

    Examples
    --------
    >>> from numerics.quadrature.rules import even
    >>> even(0.5, -0.6, 0.4).places
    array([-0.75, -0.25,  0.25,  0.75])
    """
    places = _steps(step, low, high)
    return Nodes(places, np.full(len(places), step))


def concentrated(step: float, scale: float, length: float, low: float, high: float) -> Nodes:
    """Nodes at ``length*asinh(scale/length*sinh(t))``: logarithmic from `scale` to `length`.

    The singularities at ``+-I*d``, d >= scale, have Im t = pi/2; so has the change of variable
    itself.  Beyond `length` nodes are evenly spaced, as the normal density needs it.
    """
    ends = (
        np.arcsinh(np.sinh(min(abs(e), 300 * length) / length) * length / scale)
        for e in (low, high)
    )
    first, last = np.sign(low) * next(ends), np.sign(high) * next(ends)
    t = _steps(step, first, last)
    bent = scale / length * np.sinh(t)
    slope = scale * np.cosh(t) / np.hypot(1.0, bent)
    return Nodes(length * np.arcsinh(bent), step * slope)


def _steps(step: float, low: float, high: float) -> Any:
    """Odd multiples of half the step, beyond both ends."""
    first, last = np.floor(low / step - 0.5), np.ceil(high / step - 0.5)
    return step * (np.arange(first, last + 1) + 0.5)
