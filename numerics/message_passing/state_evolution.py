r"""State evolution: what approximate message passing does as n -> oo, in three numbers.

With x0 the truth, the means a follow the overlaps m = x0.a/n, q = a.a/n and V = sum v/n:
(omega_mu, z0_mu) are Gaussian with covariance [[q, m], [m, rho]], and B_i = m_hat x0_i +
sqrt(q_hat) N(0, 1).  With the truth's own prior and likelihood m = q and V = rho - q.
Source: Zdeborova and Krzakala, Adv. Phys. 65, 453 (2016), section VI.D.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.errors import DomainError, NonFiniteError
from numerics.message_passing.gaussian_grid import LabelGrid, gaussian_grid, label_grid
from numerics.message_passing.iteration import State, check_settings, iterated
from numerics.message_passing.scalar_channels import (
    Channel,
    check_parameters,
    output_channel,
    prior_channel,
)
from numerics.problem.status import Status
from numerics.simulation.door import whole

__all__ = ["StateEvolution", "state_evolution"]

NORMALISED = 1e-6  # how well the truth's probabilities must sum to one
NEGLIGIBLE = 1e-18  # at the ends of a range
WIDENINGS = 8


@dataclass(frozen=True, repr=False)
class StateEvolution:
    """A fixed point of state evolution.

    Attributes
    ----------
    m, q, variance : float
        Overlap of the means with the truth, their self-overlap, and the mean posterior variance.
    rho : float
        The mean square of the truth.
    status : Status
        `CONVERGED`, or why not.
    trajectory : ndarray (steps + 1, 3)
        (m, q, variance) at the start and after each step: those of message passing at large n.
    """

    m: float
    q: float
    variance: float
    rho: float
    status: Status
    trajectory: np.ndarray

    @property
    def mse(self) -> float:
        """The mean squared error of the means, ``rho - 2 m + q``."""
        return self.rho - 2 * self.m + self.q

    def __repr__(self) -> str:
        return (
            f"StateEvolution(m={self.m:.10g}, q={self.q:.10g}, variance={self.variance:.10g}, "
            f"{self.status.sentence})"
        )


def state_evolution(
    *,
    log_prior: Any,
    log_output: Any,
    alpha: float,
    labels: Sequence[float] | None = None,
    true_prior: Any = None,
    true_output: Any = None,
    start: Sequence[float] | None = None,
    damping: float = 0.0,
    tolerance: float = 1e-12,
    max_steps: int = 2000,
    **parameters: Any,
) -> StateEvolution:
    r"""The fixed point of state evolution that message passing reaches as n -> oo.

    Parameters
    ----------
    log_prior, log_output : Expr
        As for `amp`: in symbols named A, B and omega, V, y.
    alpha : float
        Outputs per unknown; the matrix has entries of variance 1/n.
    labels : sequence of float, optional
        The values of y, if there are finitely many; the whole line by default.
    true_prior, true_output : Expr, optional
        Those that the data come from, if others; of the same symbols, and normalised: the
        probabilities of x, and of y at given z, sum to one.
    start : (float, float, float), optional
        m, q and the variance; those of the prior, without any data, by default.
    damping : float
        The share of the old state in the new one.
    tolerance : float
        The change of a step at which it has converged, relative to rho.
    max_steps : int
        How many steps at most.
    **parameters
        Numbers for the other symbols.

    Returns
    -------
    StateEvolution
        With its status: whether it converged.

    Raises
    ------
    DomainError
        If the truth is not normalised, or its likelihood too narrow for the nodes in y.
    NumericsError
        For symbols without a value, unknown names, or settings without meaning.

    Examples
    --------
    Of the Bayes-optimal perceptron, q = m:

    >>> from sympy import erfc, log, sqrt, symbols
    >>> A, B, omega, V, y = symbols("A B omega V y", real=True)
    >>> gauss = B**2 / (2 * (1 + A)) - log(1 + A) / 2
    >>> signs = log(erfc(-y * omega / sqrt(2 * V)) / 2)
    >>> found = state_evolution(log_prior=gauss, log_output=signs, alpha=2.0, labels=(-1, 1))
    >>> f"{found.q:.10f} {found.m:.10f}"
    '0.7282981740 0.7282981740'
    """
    check_settings(tolerance, damping)
    if not (np.isfinite(alpha) and alpha > 0):
        raise DomainError(f"alpha={alpha}: give a positive number of outputs per unknown")
    expressions = [log_prior, log_output]
    expressions += [e for e in (true_prior, true_output) if e is not None]
    check_parameters(parameters, *expressions)
    prior, output = prior_channel(log_prior, parameters), output_channel(log_output, parameters)
    truth = prior if true_prior is None else prior_channel(true_prior, parameters)
    source = output if true_output is None else output_channel(true_output, parameters)
    maps = _Maps(prior, output, truth, source, float(alpha), label_grid(labels), damping)
    first = maps.start() if start is None else np.array(start, dtype=float)
    trajectory = [first]
    found = iterated(
        maps.step,
        (first,),
        maps.rho * (1 - damping),
        tolerance,
        whole("max_steps", max_steps, 1),
        see=lambda state: trajectory.append(state[0]),
    )
    m, q, variance = (float(x) for x in found.state[0])
    return StateEvolution(m, q, variance, maps.rho, found.status, np.array(trajectory))


class _Maps:
    """From overlaps to the precision and fields of an unknown, and back."""

    def __init__(
        self,
        prior: Channel,
        output: Channel,
        truth: Channel,
        source: Channel,
        alpha: float,
        labels: LabelGrid,
        damping: float,
    ) -> None:
        self.prior, self.output, self.truth, self.source = prior, output, truth, source
        self.alpha, self.labels, self.damping = alpha, labels, damping
        logarithm, mean, variance = (float(x) for x in truth(0.0, 0.0))
        if abs(logarithm) > NORMALISED:
            raise DomainError(
                f"the prior of the truth sums to exp({logarithm:.6g}), and not to one: add its "
                "normalisation to log_prior, or give true_prior="
            )
        self.mean, self.rho = mean, variance + mean**2

    def start(self) -> np.ndarray:
        """The student's prior alone."""
        _, mean, variance = (float(x) for x in self.prior(0.0, 0.0))
        return np.array([self.mean * mean, mean**2, variance])

    def step(self, state: State) -> State:
        """(m, q, V) once more."""
        (old,) = state
        new = self._overlaps(*self._fields(*old))
        return (new + self.damping * (old - new),)

    def _fields(self, m: float, q: float, variance: float) -> tuple[float, float, float]:
        """A, q_hat and m_hat from averages over outputs."""
        slope = m / np.sqrt(q) if q > 0 else 0.0
        left = self.rho - slope**2  # variance of z0 at given omega
        if not (left > 0 and variance > 0):
            raise NonFiniteError("no variance is left: the truth is known exactly")
        sharp = np.sqrt(min(left / (left + slope**2), variance / (variance + max(q, 0.0))))
        x, log_weights = gaussian_grid(1.0, sharp)
        omega, true = np.sqrt(max(q, 0.0)) * x[:, None], slope * x[:, None]
        y, measure = self.labels.nodes(true, np.sqrt(self.rho))
        logs, g_true, _ = self.source(true, left, y)
        probabilities = measure * np.exp(log_weights[:, None] + logs)
        self._check(probabilities, "likelihood")
        _, g, curvature = self.output(omega, variance, y)
        averages = [np.vdot(probabilities, f) for f in (-curvature, g * g, g_true * g)]
        precision, q_hat, m_hat = (self.alpha * float(a) for a in averages)
        return precision, q_hat, m_hat

    def _overlaps(self, precision: float, q_hat: float, m_hat: float) -> np.ndarray:
        """m, q and V from averages over B = m_hat x0 + sqrt(q_hat) xi.

        The weight of xi = B/sqrt(q_hat) is ``int P(x0) exp(-s^2 x0^2/2 + s x0 xi) dx0`` with
        s = m_hat/sqrt(q_hat).
        """
        ratio = m_hat / np.sqrt(q_hat) if q_hat > 0 else 0.0
        width = np.sqrt(1 + ratio**2 * self.rho)
        sharp = 1 / np.sqrt(1 + max(q_hat, ratio**2) * self.rho)
        for _ in range(WIDENINGS):  # of rare, large x0 the tails reach further
            x, log_weights = gaussian_grid(width, sharp)
            logs, true, _ = self.truth(ratio**2, ratio * x)
            probabilities = np.exp(log_weights + logs)
            if max(probabilities[0], probabilities[-1]) < NEGLIGIBLE:
                break
            width *= 1.5
        self._check(probabilities, "prior")
        _, mean, variance = self.prior(precision, np.sqrt(max(q_hat, 0.0)) * x)
        return np.array(
            [np.vdot(probabilities, f) for f in (true * mean, mean**2, variance + 0 * x)]
        )

    def _check(self, probabilities: np.ndarray, what: str) -> None:
        total = float(probabilities.sum())
        if not abs(total - 1) < NORMALISED:
            raise DomainError(
                f"the {what} of the truth sums to {total:.6g}, and not to one: add its "
                "normalisation, give labels= if y takes finitely many values, or state a law that "
                "is less narrow"
            )
