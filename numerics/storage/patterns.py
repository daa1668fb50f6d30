"""Random patterns with random labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from numerics.errors import DomainError
from numerics.simulation.door import generator
from numerics.storage.door import positive

__all__ = ["Nested", "random_patterns"]

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def _binary(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return 2.0 * rng.integers(0, 2, shape) - 1


DRAWS: dict[str, Draw] = {
    "gaussian": lambda rng, shape: rng.standard_normal(shape),
    "binary": _binary,
}


def drawing(patterns: str) -> Draw:
    """How inputs of that name are drawn."""
    if patterns not in DRAWS:
        raise DomainError(f'patterns={patterns!r}: give "gaussian" or "binary" (+1 and -1)')
    return DRAWS[patterns]


def random_patterns(
    p: int, n: int, *, samples: int | None = None, patterns: str = "gaussian", rng: Any = None
) -> tuple[np.ndarray, np.ndarray]:
    """Draw p patterns of n independent inputs of variance one, with labels +1 or -1.

    Parameters
    ----------
    p, n : int
        How many patterns, and how many inputs each has.
    samples : int, optional
        How many sets of patterns; one without an axis of its own by default.
    patterns : {"gaussian", "binary"}
        Standard normal inputs, or +1 and -1. Gaussian ones are in general position.
    rng : int, numpy.random.SeedSequence, numpy.random.Generator, optional
        The seed.

    Returns
    -------
    X : ndarray (samples, p, n)
    y : ndarray (samples, p)

    Raises
    ------
    DomainError
        If a size is no positive integer, or there are no such patterns.

    Examples
    --------
    >>> X, y = random_patterns(30, 20, rng=1)
    >>> X.shape, y.shape, sorted(set(y.tolist()))
    ((30, 20), (30,), [-1.0, 1.0])
    """
    draw, source = drawing(patterns), generator(rng)
    batch = () if samples is None else (positive("samples", samples),)
    shape = (*batch, positive("p", p), positive("n", n))
    return draw(source, shape), _binary(source, shape[:-1])


class Nested:
    """An endless sequence of signed patterns, drawn when first asked for.

    The distributions are even, so that a label would change nothing.
    """

    def __init__(self, n: int, patterns: str, rng: np.random.Generator) -> None:
        self.draw, self.rng = drawing(patterns), rng
        self.rows = np.empty((0, n))

    def first(self, p: int) -> np.ndarray:
        """The first p of them."""
        missing = p - len(self.rows)
        if missing > 0:
            new = self.draw(self.rng, (max(missing, len(self.rows)), self.rows.shape[1]))
            self.rows = np.concatenate([self.rows, new])
        return self.rows[:p]
