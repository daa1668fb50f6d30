"""Thouless-Anderson-Palmer equations of Ising spins with given couplings, by iteration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.errors import DomainError, ShapeError
from numerics.matrices import check_symmetric
from numerics.message_passing.iteration import State, check_settings, iterated
from numerics.problem.status import Status
from numerics.real_arrays import finite_array
from numerics.simulation.door import whole

__all__ = ["Magnetisations", "tap"]


@dataclass(frozen=True, repr=False)
class Magnetisations:
    """A solution of the TAP equations.

    Attributes
    ----------
    m : ndarray (sites)
        The magnetisation of each spin.
    status : Status
        `CONVERGED`, or why not; `m` is then that of the smallest change.
    changes : ndarray (steps)
        Root-mean-square change in each step.
    """

    m: np.ndarray
    status: Status
    changes: np.ndarray

    @property
    def q(self) -> float:
        """The self-overlap, the mean of m_i^2."""
        return float(np.mean(self.m**2))

    @property
    def steps(self) -> int:
        """How many steps were made."""
        return len(self.changes)

    def __repr__(self) -> str:
        return f"Magnetisations({len(self.m)} sites, {self.steps} steps, {self.status.sentence})"


def tap(
    couplings: Any,
    fields: Any = 0.0,
    *,
    beta: float,
    damping: float = 0.0,
    tolerance: float = 1e-10,
    max_steps: int = 1000,
    start: Any = 0.0,
) -> Magnetisations:
    r"""Magnetisations of a spin glass by the TAP equations, with the reaction term one step back.

    .. math::
        m_i^{t+1} = \tanh \beta \Bigl(h_i + \sum_j J_{ij} m_j^t
            - \beta m_i^{t-1} \sum_j J_{ij}^2 (1 - (m_j^t)^2) \Bigr)

    For the exponent :math:`\beta \sum_{i<j} J_{ij} s_i s_j + \beta \sum_i h_i s_i` with independent
    couplings of order :math:`1/\sqrt N`.  The iteration converges up to the de Almeida-Thouless
    line, which the time index of the reaction term is chosen for.

    Parameters
    ----------
    couplings : array (sites, sites)
        Symmetric; the diagonal does not count.
    fields : float or array (sites)
        h_i.
    beta : float
        The inverse temperature.
    damping : float
        The share of the old state in the new one.
    tolerance : float
        The root-mean-square change of a step at which it has converged.
    max_steps : int
        How many steps at most.
    start : float or array (sites)
        The magnetisations at first, from -1 to 1.

    Returns
    -------
    Magnetisations
        With its status: whether it converged.

    Raises
    ------
    NumericsError
        For couplings that are not symmetric or not finite, or a temperature that is not positive.

    Notes
    -----
    Source: Thouless, Anderson and Palmer, Phil. Mag. 35, 593 (1977); Bolthausen, Commun. Math.
    Phys. 325, 333 (2014).

    Examples
    --------
    >>> import numpy as np
    >>> J = np.random.default_rng(1).normal(size=(500, 500)) / 500**0.5
    >>> J = (J + J.T) / 2**0.5
    >>> found = tap(J, 0.3, beta=0.8)
    >>> found.status.name, round(found.q, 1)
    ('CONVERGED', 0.1)
    """
    check_settings(tolerance, damping)
    if not (np.isfinite(beta) and beta > 0):
        raise DomainError(f"beta={beta}: give a positive, finite inverse temperature")
    J, h, m = _arrays(couplings, fields, start)
    squares = J**2

    def step(state: State) -> State:
        now, before = state
        reaction = beta * before * (squares @ (1 - now**2))
        new = np.tanh(beta * (h + J @ now - reaction))
        return new + damping * (now - new), now

    steps = whole("max_steps", max_steps, 1)
    found = iterated(step, (m, np.zeros_like(m)), 1 - damping, tolerance, steps)
    return Magnetisations(found.state[0], found.status, found.changes)


def _arrays(couplings: Any, fields: Any, start: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    J, h, m = (
        finite_array(name, value)
        for name, value in (("couplings", couplings), ("fields", fields), ("start", start))
    )
    if J.ndim != 2 or J.shape[0] != J.shape[1] or not J.size:
        raise ShapeError(f"the couplings have shape {J.shape}: give (sites, sites)")
    try:
        h, m = np.broadcast_to(h, J.shape[:1]), np.broadcast_to(m, J.shape[:1])
    except ValueError:
        raise ShapeError(
            f"fields and start have shapes {h.shape} and {m.shape}: give one number, or one for "
            f"each of {len(J)} sites"
        ) from None
    if not (np.abs(m) <= 1).all():
        raise DomainError("the start has magnetisations outside of -1 to 1")
    check_symmetric("couplings", J)
    np.fill_diagonal(J, 0.0)
    return J, h, m
