"""How many random patterns are stored, averaged over samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isqrt
from typing import Any

import numpy as np

from numerics.errors import DomainError
from numerics.simulation.door import generator
from numerics.simulation.estimate import Estimate
from numerics.storage.door import finite, positive
from numerics.storage.ising import Survivors
from numerics.storage.margin import nearest
from numerics.storage.nested import largest
from numerics.storage.patterns import Nested
from numerics.storage.quenched import quenched
from numerics.storage.search import seek
from numerics.storage.separation import margin_of
from numerics.storage.verdict import Verdict

__all__ = ["Capacity", "capacity"]

RESTARTS = 5  # of the local search, at each number of patterns
MOST = 100  # patterns per input

LOWER = (
    "kappa < 0: the problem is not convex, and a local search may miss solutions, so that alpha is "
    "a lower bound; the replica-symmetric capacity is unstable to replica symmetry breaking there, "
    "an upper bound and no prediction"
)
SMALL = (
    "the Ising perceptron has large corrections at sizes that can be searched: extrapolate over "
    "several n, and do not read alpha as the capacity of many inputs (at kappa = 0 that is 0.833; "
    "a straight line in 1/n through n = 9 to 19 ends near 0.80)"
)
TIES = (
    "in {} of {} samples a largest margin was not told from kappa in double precision, and counts "
    "as smaller"
)
ENDED = "some samples stored {} n patterns, where counting ends, so that alpha is a lower bound"


@dataclass(frozen=True)
class Capacity:
    """The number of random patterns that a perceptron stores, per input.

    Attributes
    ----------
    alpha : Estimate
        Mean of ``loads / n`` over the samples, with its error.
    loads : ndarray of int (samples)
        The largest number of first patterns of each sequence that are stored together.
    n : int
        How many inputs.
    kappa : float
        The margin.
    bound : {"exact", "lower"}
        Whether `loads` are the largest numbers, or no more than what a search found.
    warnings : tuple of str
        What the numbers do not say.
    """

    alpha: Estimate
    loads: np.ndarray
    n: int
    kappa: float
    bound: str
    warnings: tuple[str, ...]

    def __str__(self) -> str:
        relation = "=" if self.bound == "exact" else ">="
        heading = f"alpha {relation} {self.alpha} at n = {self.n}, kappa = {self.kappa:g}"
        return "\n".join([heading, *(f"  ! {text}" for text in self.warnings)])


def capacity(
    n: int,
    kappa: float = 0.0,
    *,
    weights: str = "spherical",
    patterns: str = "gaussian",
    samples: int = 100,
    rng: Any = None,
) -> Capacity:
    """How many patterns of random sequences are stored at margin kappa.

    Patterns are added one by one, and the last number of them that some weights store is that
    sample's load. Spherical weights at kappa >= 0 are decided by their largest margin, Ising
    weights by exhaustive search; for spherical weights at kappa < 0 a local search gives a lower
    bound.

    Parameters
    ----------
    n : int
        How many inputs; up to 24 for Ising weights.
    kappa : float
        The margin.
    weights : {"spherical", "ising"}
        Of ``|w|**2 = n``, or of +1 and -1.
    patterns : {"gaussian", "binary"}
        Standard normal inputs, or +1 and -1.
    samples : int
        How many sequences.
    rng : int, numpy.random.SeedSequence, numpy.random.Generator, optional
        The seed.

    Returns
    -------
    Capacity

    Raises
    ------
    DomainError, NotANumberError
        If a size is no positive integer, kappa is not finite, or there are no such weights or
        patterns.
    TooManyStatesError
        If there are too many Ising weights to try.

    Notes
    -----
    At kappa = 0 and for Gaussian patterns the load of spherical weights is distributed as the
    number of tosses of a coin up to the n-th head, so that alpha has the mean 2 at every n (see
    `cover`). At other margins it tends to Gardner's capacity with corrections of order 1/n.

    Examples
    --------
    >>> found = capacity(10, samples=200, rng=1)
    >>> bool(abs(found.alpha.value - 2) < 4 * found.alpha.error), found.bound
    (True, 'exact')
    """
    n, kappa = positive("n", n), finite("kappa", kappa)
    if weights not in ("spherical", "ising"):
        raise DomainError(f'weights={weights!r}: give "spherical" or "ising" (+1 and -1)')
    count, source = positive("samples", samples), generator(rng)
    sequences = [Nested(n, patterns, own) for own in source.spawn(count)]
    if weights == "ising":
        loads = [_ising_load(sequence, n, kappa) for sequence in sequences]
        return _result(loads, n, kappa, "exact", [SMALL])
    if kappa < 0:
        searches = [_search(sequence, kappa) for sequence in sequences]
        return _result(_loads(searches, n), n, kappa, "lower", [LOWER])
    undecided: set[int] = set()
    decisions = [_decision(s, kappa, k, undecided) for k, s in enumerate(sequences)]
    loads = _loads(decisions, n)
    ties = [TIES.format(len(undecided), count)] if undecided else []
    return _result(loads, n, kappa, "exact", ties)


def _result(loads: list[int], n: int, kappa: float, bound: str, said: list[str]) -> Capacity:
    numbers = np.array(loads)
    if (numbers >= MOST * n).any():
        bound, said = "lower", [*said, ENDED.format(MOST)]
    return Capacity(quenched(numbers / n), numbers, n, kappa, bound, tuple(said))


def _loads(questions: list[Callable[[int], bool]], n: int) -> list[int]:
    """The load of each sequence, sought from that of the sequence before."""
    loads, guess, step = [], n, max(isqrt(n), 1)
    for stores in questions:
        loads.append(largest(stores, guess, step, MOST * n))
        guess = max(loads[-1], 1)
    return loads


def _decision(
    sequence: Nested, kappa: float, number: int, undecided: set[int]
) -> Callable[[int], bool]:
    """Whether the first patterns are stored, by their largest margin."""

    def stores(p: int) -> bool:
        found = nearest(sequence.first(p))
        if kappa == 0 and found.verdict != Verdict.UNDECIDED:
            return found.separable
        if kappa == 0 or found.margin < kappa <= found.bound:
            undecided.add(number)
            return False
        return found.margin >= kappa

    return stores


def _search(sequence: Nested, kappa: float) -> Callable[[int], bool]:
    """Whether weights are found, from the last that were and then from random ones."""
    best: list[np.ndarray] = []

    def stores(p: int) -> bool:
        rows = sequence.first(p)
        weights = seek(rows, kappa, RESTARTS, sequence.rng, best[-1] if best else None)
        if margin_of(rows, weights) < kappa:
            return False
        best.append(weights)
        return True

    return stores


def _ising_load(sequence: Nested, n: int, kappa: float) -> int:
    """How many patterns are stored before the last weights die."""
    left = Survivors(n, kappa)
    for p in range(MOST * n):
        left.store(sequence.first(p + 1)[p])
        if not left.count:
            return p
    return MOST * n
