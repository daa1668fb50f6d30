r"""A local search for weights at a margin below zero, where the problem is not convex.

Minimises the squared hinge :math:`\frac12\sum_\mu (\kappa - \Delta_\mu)_+^2` of the margins
:math:`\Delta_\mu = a_\mu \cdot w/|w|`, from random starts.  Weights that it finds prove that the
patterns can be stored; that it finds none proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from numerics.simulation.door import generator
from numerics.storage.door import finite, positive, signed_one
from numerics.storage.separation import margin_of
from numerics.storage.verdict import Verdict

__all__ = ["Search", "descend", "local_search", "seek"]

ABOVE = 1e-6  # aimed at above the margin: a descent ends on the edge of what it aims at
STEPS = 2000


@dataclass(frozen=True)
class Search:
    """What a local search found.

    Attributes
    ----------
    verdict : Verdict
        `POSSIBLE` or `NOT_FOUND`.
    margin : float
        That of `weights`, a lower bound of the largest one.
    errors : int
        How many patterns have a margin below kappa.
    weights : ndarray (n)
        The best weights met, of ``|w|**2 = n``.
    kappa : float
        What was sought.
    """

    verdict: Verdict
    margin: float
    errors: int
    weights: np.ndarray
    kappa: float


def local_search(X: Any, y: Any, kappa: float, *, restarts: int = 10, rng: Any = None) -> Search:
    """Look for weights that store the patterns at margin kappa, of either sign.

    Parameters
    ----------
    X : array (p, n)
        The patterns.
    y : array (p)
        Their labels, +1 or -1.
    kappa : float
        The margin. Where it is not negative `max_margin` decides, and this only finds.
    restarts : int
        Starts at random before it gives up.
    rng : int, numpy.random.SeedSequence, numpy.random.Generator, optional
        The seed.

    Returns
    -------
    Search

    Raises
    ------
    DomainError, NotANumberError, ShapeError
        For labels that are not +1 or -1, numbers that are not finite, shapes that do not fit.

    Notes
    -----
    The cost function is that of the spherical perceptron as the simplest model of jamming: S. Franz
    and G. Parisi, J. Phys. A 49, 145001 (2016).

    Examples
    --------
    >>> X = [[1, 0], [-1, 0], [0, 1], [0, -1]]  # the largest margin is -1/sqrt(2)
    >>> local_search(X, [1, 1, 1, 1], -0.71, rng=1).verdict.name
    'POSSIBLE'
    >>> local_search(X, [1, 1, 1, 1], -0.7, rng=1).verdict.name
    'NOT_FOUND'
    """
    rows, kappa = signed_one(X, y), finite("kappa", kappa)
    weights = seek(rows, kappa, positive("restarts", restarts), generator(rng))
    weights *= np.sqrt(rows.shape[1]) / np.linalg.norm(weights)
    margin = margin_of(rows, weights)
    verdict = Verdict.POSSIBLE if margin >= kappa else Verdict.NOT_FOUND
    errors = int((rows @ weights < kappa * np.linalg.norm(weights)).sum())
    return Search(verdict, margin, errors, weights, kappa)


def seek(
    rows: np.ndarray,
    kappa: float,
    restarts: int,
    rng: np.random.Generator,
    start: np.ndarray | None = None,
) -> np.ndarray:
    """The weights of largest margin of a few descents, up to the first that suffices."""
    best = descend(rows, kappa, _random(rows, rng) if start is None else start)
    for _ in range(restarts - 1):
        if margin_of(rows, best) >= kappa:
            break
        best = max(best, descend(rows, kappa, _random(rows, rng)), key=partial(margin_of, rows))
    return best


def _random(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.asarray(rng.standard_normal(rows.shape[1]))


def descend(rows: np.ndarray, kappa: float, start: np.ndarray) -> np.ndarray:
    """A minimum of the squared hinge, or the first weights on the way that suffice."""
    from scipy.optimize import minimize

    aim = kappa + ABOVE

    def cost(v: np.ndarray) -> tuple[float, np.ndarray]:
        length = np.linalg.norm(v)
        unit = v / length
        lack = np.maximum(aim - rows @ unit, 0)
        slope = -(lack @ rows)
        return float(lack @ lack) / 2, (slope - (slope @ unit) * unit) / length

    def enough(v: np.ndarray) -> None:
        if margin_of(rows, v) >= kappa:
            raise StopIteration

    start = start if start.any() else np.ones_like(start)
    options = {"maxiter": STEPS, "ftol": 0.0, "gtol": 1e-12}
    found = minimize(
        cost, start / np.linalg.norm(start), jac=True, method="L-BFGS-B", callback=enough,
        options=options,
    )  # fmt: skip
    return found.x / np.linalg.norm(found.x)
