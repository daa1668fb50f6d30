r"""Cover's count of the labellings that a hyperplane through the origin can separate.

p points of n dimensions in general position (every n of them independent) have

.. math:: C(p, n) = 2 \sum_{k<n} \binom{p-1}{k}

separable labellings, whatever the points are.  Source: T. M. Cover, IEEE Trans. Electron. Comput.
EC-14, 326 (1965), eq. (5).
"""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np

from numerics.errors import DomainError, NotANumberError, ShapeError
from numerics.storage.door import positive

__all__ = ["cover", "dichotomies"]


def dichotomies(p: int, n: int) -> int:
    r"""The exact number of separable labellings of p patterns of n inputs.

    Parameters
    ----------
    p, n : int
        How many patterns in general position, and how many inputs each has.

    Returns
    -------
    int
        :math:`2 \sum_{k<n} \binom{p-1}{k}`, out of :math:`2^p` labellings.

    Raises
    ------
    DomainError
        If p or n is no positive integer.

    Examples
    --------
    >>> dichotomies(4, 3), dichotomies(4, 4)  # of four points of space, two labellings are not
    (14, 16)
    """
    p, n = positive("p", p), positive("n", n)
    return 2 * sum(comb(p - 1, k) for k in range(min(n, p)))


def cover(p: Any, n: Any) -> np.ndarray:
    r"""The probability that p random labels of patterns in general position are separable.

    Parameters
    ----------
    p, n : int or array of int
        Positive; they broadcast.

    Returns
    -------
    ndarray of float
        :math:`2^{1-p} \sum_{k<n} \binom{p-1}{k}`: 1 for p <= n, 1/2 at p = 2 n. To a relative
        precision of about 1e-15 where it is of order one, and 1e-13 in the far tail;
        ``Fraction(dichotomies(p, n), 2**p)`` has every digit.

    Raises
    ------
    DomainError, NotANumberError, ShapeError
        If a value is no positive integer, or the shapes do not broadcast.

    Notes
    -----
    The sum is the probability of fewer than n heads in p - 1 tosses of a coin, which is the
    regularised incomplete beta function :math:`I_{1/2}(p-n, n)`. So the number of patterns that a
    random sequence stores is that of tosses up to the n-th head: it has mean 2 n and variance 2 n.

    Examples
    --------
    >>> cover([20, 30, 40], 20).round(6).tolist()
    [1.0, 0.969286, 0.5]
    """
    count, inputs = _integers("p", p), _integers("n", n)
    try:
        count, inputs = np.broadcast_arrays(count, inputs)
    except ValueError:
        raise ShapeError(
            f"p of shape {count.shape} and n of shape {inputs.shape} do not broadcast"
        ) from None
    from scipy.special import betainc

    beyond = np.maximum(count - inputs, 1)
    return np.where(count <= inputs, 1.0, betainc(beyond, inputs, 0.5))


def _integers(name: str, value: Any) -> np.ndarray:
    """Positive integers as doubles, which integers of any size that matters are."""
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError, OverflowError):
        raise NotANumberError(f"{name}={value!r}: give positive integers") from None
    good = np.isfinite(array) & (array >= 1) & (array == np.floor(array))
    if np.asarray(value).dtype.kind == "b" or not good.all():
        bad = value if array.ndim == 0 else array[~good][:1].tolist() or value
        raise DomainError(f"{name}={bad!r}: give positive integers")
    return array
