"""The average over independent samples of the disorder."""

from __future__ import annotations

from typing import Any

import numpy as np

from numerics.errors import NotANumberError, ShapeError
from numerics.simulation.estimate import Estimate
from numerics.simulation.sampling import ENOUGH, Sampling

__all__ = ["quenched"]


def quenched(values: Any) -> Estimate:
    """Mean and standard error over samples, which are independent.

    The spread of the samples holds every source of noise, that of their own simulation too.

    Parameters
    ----------
    values : array
        A number for each sample. The error of one alone is infinite.

    Returns
    -------
    Estimate

    Raises
    ------
    ShapeError
        If there are no samples.
    NotANumberError
        If a value is nan or infinite, as the entropy of patterns without a solution.

    Examples
    --------
    >>> str(quenched([0.1, 0.3, 0.2, 0.4]))
    '0.250(65)'
    """
    samples = np.asarray(values, dtype=float)
    if not samples.size:
        raise ShapeError("there are no samples to average over, such as ones with solutions")
    if not np.isfinite(samples).all():
        raise NotANumberError("samples have values that are nan or infinite: leave them out")
    count = samples.size
    spread = float(samples.std(ddof=1)) if count > 1 else np.inf
    status = Sampling.FROZEN if spread == 0 else Sampling.RELIABLE
    if count < ENOUGH:
        status = max(status, Sampling.SHORT_RUN)
    mean, error = samples.mean(), np.asarray(spread / np.sqrt(count))
    half, one, effective = np.asarray(0.5), np.asarray(1.0), np.asarray(float(count))
    return Estimate(np.asarray(mean), error, half, effective, one, np.asarray(int(status)))
