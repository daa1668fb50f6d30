r"""Random solutions by hit-and-run along great circles, and their overlap.

A step draws a direction on the sphere :math:`|w|^2 = n` and then a point of that great circle,
uniformly where every pattern is stored: this leaves the uniform measure on the set of all solutions
invariant.  Two independent solutions of the same patterns have the overlap
:math:`q = w_1 \cdot w_2/n`.  Source: R. L. Smith, Oper. Res. 32, 1296 (1984), for the method.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.errors import DomainError
from numerics.simulation.door import generator, whole
from numerics.simulation.estimate import Estimate, Protocol, estimate
from numerics.simulation.sampling import Sampling
from numerics.storage.door import finite, signed
from numerics.storage.great_circles import draw_angle
from numerics.storage.margin import nearest
from numerics.storage.quenched import quenched
from numerics.storage.search import seek
from numerics.storage.separation import margin_of
from numerics.storage.verdict import Verdict

__all__ = ["VersionSpace", "version_space"]

RESTARTS = 20
REFRESH = 50  # steps between margins computed anew, against rounding

NOT_CONVEX = (
    "kappa < 0: solutions may be in several pieces, and chains stay where they start, so that q is "
    "that of the piece found"
)


@dataclass(frozen=True, repr=False)
class VersionSpace:
    """Random solutions of each sample, the batch being that of the patterns.

    Attributes
    ----------
    q : Estimate
        The overlap of two random solutions of the same patterns; nan where none was found.
    verdict : ndarray of int (batch)
        `Verdict`: whether the patterns can be stored.
    margin : ndarray (batch)
        Of the weights that the chains start from, the best ones met.
    weights : ndarray (chains, batch, n)
        The last solutions; the best weights met where there are none.
    series : ndarray (time, pairs of chains, batch)
        Overlaps, one in each sweep.
    sweeps, burn_in : int
        How long it ran; a sweep is n steps.
    kappa : float
        The margin.
    """

    q: Estimate
    verdict: np.ndarray
    margin: np.ndarray
    weights: np.ndarray
    series: np.ndarray
    sweeps: int
    burn_in: int
    kappa: float

    @property
    def found(self) -> np.ndarray:
        """Where there are solutions, of the shape of the batch."""
        return self.verdict == Verdict.POSSIBLE

    @property
    def mean_q(self) -> Estimate:
        """The mean of q over the samples that have solutions, with the error of their spread.

        A ShapeError where none has.
        """
        return quenched(self.q.value[self.found])

    @property
    def warnings(self) -> list[str]:
        """A sentence for each reason to doubt q, and for how many samples it holds."""
        size, listed = self.verdict.size, []
        for verdict in (Verdict.IMPOSSIBLE, Verdict.NOT_FOUND, Verdict.UNDECIDED):
            count = int((self.verdict == verdict).sum())
            if count:
                listed.append(f"{verdict.name}: {count} of {size} samples: {verdict.sentence}")
        for reason in tuple(Sampling)[1:]:
            count = int((self.found & (self.q.status == reason)).sum())
            if count:
                listed.append(f"{reason.name}: {count} of {size} samples: {reason.sentence}")
        return [*listed, NOT_CONVEX] if self.kappa < 0 else listed

    def __repr__(self) -> str:
        count = int(self.found.sum())
        heading = (
            f"VersionSpace of {self.weights.shape[-1]} inputs, {count} of {self.verdict.size} "
            f"samples with solutions, {self.sweeps} sweeps after {self.burn_in}"
        )
        rows = [f"  q  {self.mean_q}"] if count else []
        return "\n".join([heading, *rows, *(f"  ! {text}" for text in self.warnings)])


def version_space(
    X: Any,
    y: Any,
    kappa: float = 0.0,
    *,
    sweeps: int,
    burn_in: int | None = None,
    chains: int = 4,
    rng: Any = None,
) -> VersionSpace:
    r"""Sample weights uniformly from all that store the patterns, and measure their overlap.

    Parameters
    ----------
    X : array (batch, p, n)
        Patterns, for any number of samples.
    y : array (batch, p)
        Their labels, +1 or -1.
    kappa : float
        The margin, :math:`y x \cdot w/\sqrt n \ge \kappa`.
    sweeps : int
        Of n steps each, after the burn-in.
    burn_in : int, optional
        Sweeps before the first measurement; a quarter of `sweeps` by default.
    chains : int
        An even number of independent chains for each sample; they are compared in pairs.
    rng : int, numpy.random.SeedSequence, numpy.random.Generator, optional
        The seed.

    Returns
    -------
    VersionSpace
        With a verdict for each sample: where no solution was found there is no q, and the weights
        are the best ones met.

    Raises
    ------
    DomainError, NotANumberError, ShapeError
        For labels that are not +1 or -1, numbers that are not finite, shapes that do not fit, no
        sweeps, an odd number of chains.

    Notes
    -----
    All chains start at the weights of largest margin, or for kappa < 0 at what a local search
    finds. In the limit of many inputs, q of random patterns is Gardner's replica-symmetric overlap,
    where that is stable.

    Examples
    --------
    >>> from numerics.storage import random_patterns
    >>> space = version_space(*random_patterns(20, 40, samples=20, rng=1), sweeps=100, rng=2)
    >>> bool(0.2 < space.mean_q.value < 0.4)  # 0.307 for many inputs
    True
    >>> space.weights.shape
    (4, 20, 40)
    """
    rows, kappa = signed(X, y), finite("kappa", kappa)
    length, count = whole("sweeps", sweeps, 4), whole("chains", chains, 2)
    if count % 2:
        raise DomainError(f"chains={count}: they are compared in pairs, give an even number")
    settling = length // 4 if burn_in is None else whole("burn_in", burn_in, 0)
    source = generator(rng)
    batch, (p, n) = rows.shape[:-2], rows.shape[-2:]
    rows = rows.reshape(-1, p, n)
    verdict, margin, weights = _starts(rows, kappa, source)
    found = np.flatnonzero(verdict == Verdict.POSSIBLE)
    states = np.repeat(weights[:, None], count, axis=1)
    series = np.full((length, count // 2, len(rows)), np.nan)
    if found.size:
        walk = _Walk(rows[found], kappa, states[found], source)
        for _ in range(settling):
            walk.sweep()
        for time in range(length):
            walk.sweep()
            series[time][:, found] = walk.overlaps()
        states[found] = walk.weights
    return VersionSpace(
        q=_overlap(series, found, settling).reshaped(batch),
        verdict=verdict.reshape(batch),
        margin=margin.reshape(batch),
        weights=states.swapaxes(0, 1).reshape(count, *batch, n),
        series=series.reshape(length, count // 2, *batch),
        sweeps=length,
        burn_in=settling,
        kappa=kappa,
    )


def _overlap(series: np.ndarray, found: np.ndarray, burn_in: int) -> Estimate:
    """The estimate of each sample, nan where there is no solution."""
    known = estimate(series[..., found], Protocol(burn_in, 1)) if found.size else None
    columns = {}
    for name in ("value", "error", "tau", "effective", "r_hat", "status"):
        column = np.full(series.shape[-1], np.nan)
        if name == "status":
            column = np.full(series.shape[-1], int(Sampling.FROZEN))
        if known is not None:
            column[found] = getattr(known, name)
        columns[name] = column
    return Estimate(**columns)


def _starts(
    rows: np.ndarray, kappa: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Verdict, margin and weights of each sample."""
    n = rows.shape[-1]
    parts = [_start(own, kappa, rng) for own in rows]
    weights = np.array([w * (np.sqrt(n) / np.linalg.norm(w)) for _, w in parts])
    margins = np.array([margin_of(own, w) for own, w in zip(rows, weights, strict=True)])
    return np.array([int(v) for v, _ in parts]), margins, weights


def _start(rows: np.ndarray, kappa: float, rng: np.random.Generator) -> tuple[Verdict, np.ndarray]:
    """Weights that store the patterns with room around them, or the best that are met."""
    if kappa < 0:
        weights = seek(rows, kappa, RESTARTS, rng)
        stored = margin_of(rows, weights) >= kappa
        return Verdict.POSSIBLE if stored else Verdict.NOT_FOUND, weights
    best = nearest(rows)
    if best.separable and best.margin > kappa:
        return Verdict.POSSIBLE, best.weights
    if best.separable:  # and the largest margin is no more than kappa
        return Verdict.UNDECIDED if best.bound > kappa else Verdict.IMPOSSIBLE, best.weights
    return best.verdict, seek(rows, 0.0, 1, rng, rows.sum(axis=0))


class _Walk:
    """Chains (samples, chains, n) on the solutions of each sample."""

    def __init__(
        self, rows: np.ndarray, kappa: float, weights: np.ndarray, rng: np.random.Generator
    ) -> None:
        self.rows = np.ascontiguousarray(rows.swapaxes(-1, -2)) / np.sqrt(rows.shape[-1])
        self.kappa, self.weights, self.rng = kappa, weights, rng
        self.n = rows.shape[-1]
        self.margins = weights @ self.rows

    def sweep(self) -> None:
        """As many steps as there are inputs."""
        for number in range(self.n):
            if number % REFRESH == 0:
                self._refresh()
            self._step()

    def overlaps(self) -> np.ndarray:
        """``w1.w2/n`` of pairs of chains, (pairs, samples)."""
        first, second = self.weights[:, ::2], self.weights[:, 1::2]
        return np.einsum("scj,scj->cs", first, second) / self.n

    def _refresh(self) -> None:
        lengths = np.linalg.norm(self.weights, axis=-1, keepdims=True)
        self.weights = self.weights * (np.sqrt(self.n) / lengths)
        self.margins = self.weights @ self.rows

    def _step(self) -> None:
        w = self.weights
        u = self.rng.standard_normal(w.shape)
        u -= ((u * w).sum(axis=-1, keepdims=True) / self.n) * w
        u *= np.sqrt(self.n) / np.linalg.norm(u, axis=-1, keepdims=True)
        slopes = u @ self.rows
        part = self.rng.random(w.shape[:-1])
        angle = draw_angle(self.margins, slopes, self.kappa, part)[..., None]
        cosine, sine = np.cos(angle), np.sin(angle)
        self.weights = w * cosine + u * sine
        self.margins = self.margins * cosine + slopes * sine
