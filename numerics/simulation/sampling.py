"""Whether an error bar of a simulation can be trusted, with a sentence for each reason not to."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from numerics.simulation.autocorrelation import Correlated

__all__ = ["Sampling", "judge", "potential_scale_reduction"]

LARGEST_R = 1.05  # of the split R-hat
ENOUGH = 100  # effective measurements
LENGTHS = 20  # integrated times in a chain
SETTLING = 10  # integrated times in a burn-in


class Sampling(IntEnum):
    """What is known of an estimate's error bar.

    Only `RELIABLE` error bars are statements; the others are too small or worthless.

    Examples
    --------
    >>> Sampling.NOT_MIXED.sentence
    'chains disagree (R-hat above 1.05): they are in different states; run longer or ...'
    """

    RELIABLE = 0
    FROZEN = 1
    SHORT_BURN_IN = 2
    SHORT_RUN = 3
    NOT_MIXED = 4

    @property
    def sentence(self) -> str:
        """What it means, in words."""
        return _SENTENCES[self]


_SENTENCES = {
    Sampling.RELIABLE: "chains agree, and are many autocorrelation times long",
    Sampling.FROZEN: "it never changed, so that its error is not known: 0 is no estimate of it",
    Sampling.SHORT_BURN_IN: (
        f"the burn-in is shorter than {SETTLING} autocorrelation times: memory of the start may be "
        "left; raise burn_in"
    ),
    Sampling.SHORT_RUN: (
        f"fewer than {ENOUGH} effective measurements, or chains shorter than {LENGTHS} "
        "autocorrelation times: the error bar itself is uncertain; raise sweeps"
    ),
    Sampling.NOT_MIXED: (
        f"chains disagree (R-hat above {LARGEST_R}): they are in different states; run longer or "
        "add a field that chooses one"
    ),
}


def judge(found: Correlated, r_hat: float, length: int, burn_in: int, every: int) -> Sampling:
    """The most serious doubt about an error bar.

    Parameters
    ----------
    found : Correlated
        The series' autocorrelation.
    r_hat : float
        The potential scale reduction of its chains.
    length : int
        Measurements in a chain.
    burn_in : int
        Sweeps before the first measurement; negative if the start was in equilibrium.
    every : int
        Sweeps between measurements.
    """
    if found.variance == 0:
        return Sampling.FROZEN
    if r_hat > LARGEST_R:
        return Sampling.NOT_MIXED
    if not found.reached or found.effective < ENOUGH or length < LENGTHS * found.tau:
        return Sampling.SHORT_RUN
    if 0 <= burn_in < SETTLING * found.tau * every:
        return Sampling.SHORT_BURN_IN
    return Sampling.RELIABLE


def potential_scale_reduction(series: np.ndarray) -> float:
    """Split R-hat of (time, chains): the spread of half-chains' means over that expected, near 1.

    Source: Gelman et al., Bayesian Data Analysis, 3rd ed. (2013), section 11.4.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).normal(size=(500, 2))
    >>> potential_scale_reduction(noise) < 1.01 < 5 < potential_scale_reduction(noise + [-5, 5])
    True
    """
    half = len(series) // 2
    parts = np.concatenate([series[:half], series[-half:]], axis=1)
    within = float(parts.var(axis=0, ddof=1).mean())
    between = float(parts.mean(axis=0).var(ddof=1))
    if within == 0:
        return 1.0 if between == 0 else np.inf
    return float(np.sqrt((half - 1) / half + between / within))
