r"""A random point of the feasible part of a great circle.

On the circle :math:`w\cos\theta + u\sin\theta` the margins are
:math:`a_\mu\cos\theta + b_\mu\sin\theta`, and :math:`\theta = 0` is feasible: every
:math:`a_\mu \ge \kappa`.
"""

from __future__ import annotations

import numpy as np

__all__ = ["draw_angle", "draw_in_arc", "draw_in_gaps"]


def draw_angle(a: np.ndarray, b: np.ndarray, kappa: float, part: np.ndarray) -> np.ndarray:
    """Angles (batch) from margins (batch, p): uniform over what is feasible, for uniform `part`."""
    return (draw_in_arc if kappa >= 0 else draw_in_gaps)(a, b, kappa, part)


def draw_in_arc(a: np.ndarray, b: np.ndarray, kappa: float, part: np.ndarray) -> np.ndarray:
    r"""The same for a margin kappa >= 0, where every pattern leaves one arc of less than pi.

    In :math:`t = \tan(\theta/2)` a pattern asks for
    :math:`(a + \kappa) t^2 - 2 b t - (a - \kappa) \le 0`, which holds between a negative and
    a positive root; the smaller one is divided out of the product of both, without cancellation.
    """
    above = np.maximum(a - kappa, 0)  # rounding may have carried it just below
    total = a + kappa
    wide = np.abs(b) + np.sqrt(b * b + above * total)
    with np.errstate(divide="ignore", invalid="ignore"):
        far = np.where(total > 0, wide / total, np.inf)
        near = np.where(wide > 0, above / wide, 0.0)
    ahead = b > 0
    last = 2 * np.arctan(np.where(ahead, far, near).min(axis=-1))
    first = -2 * np.arctan(np.where(ahead, near, far).min(axis=-1))
    return first + part * (last - first)


def draw_in_gaps(a: np.ndarray, b: np.ndarray, kappa: float, part: np.ndarray) -> np.ndarray:
    r"""The same for any margin: what is left between the arcs that single patterns exclude.

    A pattern excludes the angles within :math:`\arccos(-\kappa/\sqrt{a^2+b^2})` of the one that is
    opposite to its best, :math:`\arctan(b, a) + \pi`.  No such arc holds zero.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.nan_to_num(-kappa / np.hypot(a, b), nan=1.0)
    half = np.arccos(np.clip(ratio, -1, 1))
    centre = np.arctan2(b, a) + np.pi
    begins = np.clip(centre - half, 0, 2 * np.pi)
    ends = np.clip(centre + half, 0, 2 * np.pi)
    order = np.argsort(begins, axis=-1)
    begins = np.take_along_axis(begins, order, axis=-1)
    reached = np.maximum.accumulate(np.take_along_axis(ends, order, axis=-1), axis=-1)
    edge = np.zeros((*part.shape, 1))
    left = np.concatenate([edge, reached], axis=-1)  # where a gap begins, and where it ends
    gaps = np.maximum(np.concatenate([begins, edge + 2 * np.pi], axis=-1) - left, 0)
    sums = np.cumsum(gaps, axis=-1)
    aim = part * sums[..., -1]
    chosen = (sums <= aim[..., None]).sum(axis=-1, keepdims=True)
    chosen = np.minimum(chosen, gaps.shape[-1] - 1)
    before = np.take_along_axis(sums - gaps, chosen, axis=-1)[..., 0]
    return np.take_along_axis(left, chosen, axis=-1)[..., 0] + aim - before
