"""Occupation numbers: all ways to place N sites in q states, and differences of multinomials."""

from __future__ import annotations

from collections.abc import Iterator
from math import comb

import numpy as np
from scipy.special import gammaln

__all__ = ["composition_blocks", "composition_count", "log_multinomial", "log_multinomial_ratio"]

SMALL = 16  # below this occupation, factorials are differenced directly


def composition_count(sites: int, states: int) -> int:
    """How many occupation numbers there are: C(N + q - 1, q - 1).

    Examples
    --------
    >>> composition_count(1000, 3)
    501501
    """
    return comb(sites + states - 1, states - 1)


def composition_blocks(sites: int, states: int, block: int) -> Iterator[np.ndarray]:
    """All occupation numbers, as integer arrays (about `block`, states).

    Examples
    --------
    >>> [b.tolist() for b in composition_blocks(2, 2, 10)]
    [[[0, 2], [1, 1], [2, 0]]]
    """
    waiting: list[np.ndarray] = []
    count = 0
    for part in _parts(sites, states, block):
        waiting.append(part)
        count += len(part)
        if count >= block:
            yield np.concatenate(waiting)
            waiting, count = [], 0
    if waiting:
        yield np.concatenate(waiting)


def _parts(sites: int, states: int, block: int) -> Iterator[np.ndarray]:
    """Runs in which only the last two occupations change, at most `block` long."""
    if states == 1:
        yield np.array([[sites]])
    elif states == 2:
        for low in range(0, sites + 1, block):
            run = np.arange(low, min(low + block, sites + 1))
            yield np.stack([run, sites - run], axis=1)
    else:
        for first in range(sites + 1):
            for rest in _parts(sites - first, states - 1, block):
                yield np.concatenate([np.full((len(rest), 1), first), rest], axis=1)


def log_multinomial(n: np.ndarray) -> np.ndarray:
    """log(N! / prod n_a!), the occupations on the last axis.

    Examples
    --------
    >>> float(log_multinomial(np.array([2, 1])).round(12)) == float(np.log(3).round(12))
    True
    """
    return gammaln(n.sum(axis=-1) + 1.0) - gammaln(n + 1.0).sum(axis=-1)


def log_multinomial_ratio(n: np.ndarray, m: np.ndarray) -> np.ndarray:
    """log of the ratio of two multinomials, n over m, of equal numbers of sites.

    Each is of order N; their difference is formed from n - m, which is exact, so that its rounding
    error is relative to itself. After C. Loader, Fast and accurate computation of binomial
    probabilities (2000).

    Examples
    --------
    >>> n, m = np.array([50_001, 49_999]), np.array([50_000, 50_000])
    >>> abs(float(log_multinomial_ratio(n, m)) - float(np.log1p(-1 / 50_001))) < 1e-19
    True
    """
    small = np.minimum(n, m) < SMALL
    a, b = np.where(small, SMALL, n).astype(float), np.where(small, SMALL, m).astype(float)
    # log a! - log b! = (a-b) log b + b ((1+u) log(1+u) - u) + log(1+u)/2 + s(a) - s(b), a = b (1+u)
    u = (a - b) / b
    bulk = _deviance(a, b) + 0.5 * np.log1p(u) + _tail(a) - _tail(b)
    direct = gammaln(n + 1.0) - gammaln(m + 1.0)
    # The steps n - m add up to zero, so that their logarithms may be taken relative to any scale.
    scale = np.maximum(m, 1).max(axis=-1, keepdims=True)
    steps = (n - m) * np.where(small, -np.log(scale), np.log(b / scale))
    return -(np.where(small, direct, bulk) + steps).sum(axis=-1)


def _deviance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a log(a/b) - a + b, without cancellation where a is close to b."""
    v = (a - b) / (a + b)
    square = v * v
    series = np.zeros_like(v)
    for k in range(10, 0, -1):  # v**20 < 1e-20 where the series is used
        series = square * (1 / (2 * k + 1) + series)
    near = (a - b) * v + 2 * a * v * series
    return np.where(np.abs(v) < 0.1, near, a * np.log(a / b) - a + b)


def _tail(n: np.ndarray) -> np.ndarray:
    """Stirling's series beyond log(2 pi n)/2; its error is below 1e-18 from n = 16."""
    r = 1 / (n * n)
    series = np.zeros_like(r)
    for coefficient in (1 / 156, -691 / 360360, 1 / 1188, -1 / 1680, 1 / 1260, -1 / 360, 1 / 12):
        series = series * r + coefficient
    return series / n
