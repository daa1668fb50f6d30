"""Fixed-point iteration accelerated by Anderson's mixing of the last steps."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from numerics.problem.status import Status
from numerics.problem.system import System
from numerics.solvers.fixed_point import DampedFixedPoint, measured
from numerics.solvers.loop import State

__all__ = ["AndersonFixedPoint", "Mixed"]

RIDGE = 1e-13  # of the largest inner product: what is below is rounding
GROWTH = 4.0  # a change that grows by more than this over the least one gives up the mixing
LESS = 0.3  # each time it was given up, the mixing begins at changes smaller by this
SHORTEST = 1 / 64  # of the fractions that plain steps are damped to


@dataclass(frozen=True)
class Mixed(State):
    """Where an accelerated iteration stands.

    Attributes
    ----------
    moves, bends : ndarray (rows, depth, n)
        The last differences of states, and of changes, in a ring.
    products : ndarray (rows, depth, depth)
        The inner products of the bends.
    least : ndarray (rows,)
        The least size of a change since the mixing began.
    begin : ndarray (rows,)
        The size of a change below which the mixing begins.
    steps : ndarray (rows,)
        Differences that were stored; the ring holds the last ones.
    """

    moves: np.ndarray
    bends: np.ndarray
    products: np.ndarray
    least: np.ndarray
    begin: np.ndarray
    steps: np.ndarray


@dataclass(frozen=True)
class AndersonFixedPoint:
    """Fixed-point iteration whose steps mix the last few, so as to cancel what changes slowly.

    From the last differences of states and of changes the mixing takes the combination whose change
    is least (Anderson, J. ACM 12, 547 (1965); Walker and Ni, SIAM J. Numer. Anal. 49, 1715 (2011)).
    Near a critical point it needs about the square root of the steps of the plain iteration, or
    fewer. It begins when changes have become small; until then, and again where a change grows, it
    takes plain steps, each damped to half of the last one where the change has turned round.

    Parameters
    ----------
    depth : int
        How many steps are mixed. Each costs memory of two states.
    damping : float
        The largest fraction of an update that plain steps take.
    begin : float
        The change, relative to max(1, |x|), below which the mixing begins.
    tol, max_steps, runaway
        As of `DampedFixedPoint`.

    Examples
    --------
    >>> from numerics.solvers import AndersonFixedPoint
    >>> AndersonFixedPoint(depth=3).depth
    3
    """

    depth: int = 8
    damping: float = 0.5
    begin: float = 0.1
    tol: float = 1e-12
    max_steps: int = 2000
    runaway: float = 1e12

    def __post_init__(self) -> None:
        DampedFixedPoint(damping=self.damping)
        if self.depth < 1:
            raise ValueError(f"depth is {self.depth}: mix one step at least")

    def start(self, system: System, x: np.ndarray, rows: np.ndarray) -> Mixed:
        """Nothing is known before the first update."""
        count, n = x.shape
        blank = np.broadcast_to(np.inf, x.shape)
        ring = np.zeros((count, self.depth, n))
        return Mixed(
            x=x,
            residual=blank,
            jacobian=np.zeros((count, 0, 0)),
            direction=np.zeros_like(x),
            fraction=np.full(count, self.damping),
            status=np.full(count, Status.RUNNING),
            rows=rows,
            moves=ring,
            bends=ring.copy(),
            products=np.zeros((count, self.depth, self.depth)),
            least=np.full(count, np.inf),
            begin=np.full(count, self.begin),
            steps=np.full(count, -1),
        )

    def step(self, system: System, state: Mixed) -> Mixed:
        """One update of every row, mixed with the last ones where that has proved good."""
        new = system.update(state.x, state.rows)
        change, size, status = measured(state.x, new, self.tol, self.runaway)
        failed = (size > GROWTH * state.least) & (state.steps >= 0)
        begin = np.where(failed, LESS * np.minimum(size, state.begin), state.begin)
        mixing = ~failed & ((size < begin) | (state.steps >= 0))
        fraction = self._damped(state, change, mixing)
        state = self._stored(replace(state, begin=begin, fraction=fraction), change, mixing)
        least = np.where(mixing, np.minimum(state.least, size), np.inf)
        step = np.where(state.steps > 0, 1.0, fraction)[:, None] * change
        mixed = np.nonzero(mixing & (state.steps > 0))[0]
        if mixed.size:
            whole = mixed.size == len(mixing)
            step[mixed] -= self._slow(state if whole else state.take(mixed), change[mixed])
        usable = np.isfinite(size)
        x = state.x + step if usable.all() else np.where(usable[:, None], state.x + step, state.x)
        done = status == Status.CONVERGED
        if done.any():  # a state that has converged takes its own update, no mixture
            x[done] = new[done]
        return replace(state, x=x, residual=change, direction=step, status=status, least=least)

    def _damped(self, state: Mixed, change: np.ndarray, mixing: np.ndarray) -> np.ndarray:
        """What part of the change a plain step takes: less where it has turned round."""
        fraction = state.fraction.copy()
        plain = np.nonzero(~mixing)[0]
        if plain.size:
            overlap = np.einsum("rn,rn->r", change[plain], state.direction[plain])
            factor = np.where(overlap < 0, 0.5, 1.1)
            fraction[plain] = np.clip(factor * fraction[plain], SHORTEST, self.damping)
        return fraction

    def _stored(self, state: Mixed, change: np.ndarray, mixing: np.ndarray) -> Mixed:
        """The ring with the last difference; empty where there is no mixing."""
        steps = np.where(mixing, state.steps + 1, -1)
        moves, bends, products = state.moves, state.bends, state.products
        moves[~mixing], bends[~mixing], products[~mixing] = 0.0, 0.0, 0.0
        now = np.nonzero(steps > 0)[0]
        place = (steps[now] - 1) % self.depth
        moves[now, place] = state.direction[now]
        bends[now, place] = change[now] - state.residual[now]
        whole = bends if now.size == len(bends) else bends[now]
        row = np.einsum("rkn,rn->rk", whole, bends[now, place])
        products[now, place, :] = row
        products[now, :, place] = row
        return replace(state, steps=steps)

    def _slow(self, state: Mixed, change: np.ndarray) -> np.ndarray:
        """What the stored differences say that the change will still amount to, moved along."""
        size = np.einsum("rkk->rk", state.products).max(axis=1)
        ridge = RIDGE * np.where(size > 0, size, 1.0)
        gram = state.products + ridge[:, None, None] * np.eye(self.depth)
        overlap = np.einsum("rkn,rn->rk", state.bends, change)
        weights = np.linalg.solve(gram, overlap[..., None])[..., 0]
        return np.asarray(
            np.einsum("rk,rkn->rn", weights, state.moves)
            + np.einsum("rk,rkn->rn", weights, state.bends)
        )
