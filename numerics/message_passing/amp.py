"""Approximate message passing for generalised linear models: y from P(y | F x), x from a prior."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.errors import NonFiniteError, ShapeError
from numerics.message_passing.iteration import State, check_settings, iterated, root_mean_square
from numerics.message_passing.scalar_channels import (
    Channel,
    check_parameters,
    output_channel,
    prior_channel,
)
from numerics.problem.status import Status
from numerics.real_arrays import finite_array
from numerics.simulation.door import whole

__all__ = ["MessagePassing", "amp"]


@dataclass(frozen=True, repr=False)
class MessagePassing:
    """Approximate posterior of a generalised linear model.

    Attributes
    ----------
    mean, variance : ndarray (n)
        Of each unknown.
    precision, field : ndarray (n)
        A and B: the posterior of an unknown is its prior times ``exp(-A x^2/2 + B x)``.
    omega, spread : ndarray (outputs)
        Mean and variance V of ``(F x)_mu`` without the datum mu.
    status : Status
        `CONVERGED`, or why not; the rest is then that of the smallest change.
    changes : ndarray (steps)
        Root-mean-square change of the means in each step, relative to the prior's size.
    """

    mean: np.ndarray
    variance: np.ndarray
    precision: np.ndarray
    field: np.ndarray
    omega: np.ndarray
    spread: np.ndarray
    status: Status
    changes: np.ndarray

    @property
    def steps(self) -> int:
        """How many steps were made."""
        return len(self.changes)

    def __repr__(self) -> str:
        return (
            f"MessagePassing({len(self.mean)} unknowns, {len(self.omega)} data, "
            f"{self.steps} steps, {self.status.sentence})"
        )


def amp(
    matrix: Any,
    y: Any,
    *,
    log_prior: Any,
    log_output: Any,
    damping: float = 0.0,
    tolerance: float = 1e-10,
    max_steps: int = 1000,
    **parameters: Any,
) -> MessagePassing:
    r"""Posterior means of a generalised linear model, by approximate message passing.

    .. math::
        V_\mu = \sum_i F_{\mu i}^2 v_i, \quad
        \omega_\mu = \sum_i F_{\mu i} a_i - V_\mu g_\mu^{old}, \quad
        g_\mu = \partial_\omega \log Z_{out}(\omega_\mu, V_\mu, y_\mu),

    .. math::
        A_i = -\sum_\mu F_{\mu i}^2\, \partial_\omega g_\mu, \quad
        B_i = A_i a_i + \sum_\mu F_{\mu i} g_\mu, \quad
        a_i = \partial_B \log Z(A_i, B_i), \quad v_i = \partial_B a_i .

    Parameters
    ----------
    matrix : array (outputs, n)
        F, of independent entries of mean zero and variance of order 1/n.
    y : array (outputs)
        The data.
    log_prior : Expr
        In symbols named A and B: the logarithm of ``int P(x) exp(-A x^2/2 + B x) dx``.
    log_output : Expr
        In symbols named omega, V and y: the logarithm of ``int P(y | z) N(z; omega, V) dz``.
        Constant factors of either are irrelevant here.
    damping : float
        The share of the old state in the new one; fixed points do not depend on it.
    tolerance : float
        The change of a step at which it has converged, relative to the size of x.
    max_steps : int
        How many steps at most.
    **parameters
        Numbers for the other symbols.

    Returns
    -------
    MessagePassing
        With its status: whether it converged.

    Raises
    ------
    NumericsError
        For arrays that do not fit or are not finite, symbols without a value, or unknown names.

    Notes
    -----
    Sources: Donoho, Maleki and Montanari, PNAS 106, 18914 (2009); Rangan, ISIT 2011, algorithm 1;
    Zdeborova and Krzakala, Adv. Phys. 65, 453 (2016), section VI.C.

    Examples
    --------
    >>> import numpy as np
    >>> from sympy import log, symbols
    >>> A, B, omega, V, y, Delta = symbols("A B omega V y Delta", real=True)
    >>> gauss = B**2 / (2 * (1 + A)) - log(1 + A) / 2
    >>> noise = -((y - omega) ** 2) / (2 * (V + Delta)) - log(V + Delta) / 2
    >>> rng = np.random.default_rng(1)
    >>> F = rng.normal(size=(400, 200)) / 200**0.5
    >>> data = F @ rng.normal(size=200) + 0.5 * rng.normal(size=400)
    >>> found = amp(F, data, log_prior=gauss, log_output=noise, Delta=0.25)
    >>> ridge = np.linalg.solve(F.T @ F + 0.25 * np.eye(200), F.T @ data)
    >>> found.status.name, bool(abs(found.mean - ridge).max() < 1e-9)
    ('CONVERGED', True)
    """
    F, data = _arrays(matrix, y)
    check_settings(tolerance, damping)
    check_parameters(parameters, log_prior, log_output)
    steps = whole("max_steps", max_steps, 1)
    prior, output = prior_channel(log_prior, parameters), output_channel(log_output, parameters)
    iteration = _Iteration(F, F**2, data, prior, output, damping)
    start = iteration.start()
    scale = root_mean_square(np.sqrt(start[0] ** 2 + start[1])) * (1 - damping)
    if not scale > 0:
        raise NonFiniteError(
            "the prior has no width: log_prior at A = B = 0 leaves nothing to infer"
        )
    found = iterated(iteration.step, start, scale, tolerance, steps)
    mean, variance, _, precision, field, omega, spread = found.state
    return MessagePassing(
        mean, variance, precision, field, omega, spread, found.status, found.changes
    )


@dataclass(frozen=True)
class _Iteration:
    """One step, on (mean, variance, g, A, B, omega, V)."""

    matrix: np.ndarray
    squares: np.ndarray
    y: np.ndarray
    prior: Channel
    output: Channel
    damping: float

    def start(self) -> State:
        """The prior, and no message yet."""
        outputs, n = self.matrix.shape
        _, mean, variance = self.prior(np.zeros(n), np.zeros(n))
        nothing = np.zeros(outputs)
        return mean, variance, nothing, np.zeros(n), np.zeros(n), nothing, nothing

    def step(self, state: State) -> State:
        mean, variance, old, *_ = state
        spread = self.squares @ variance
        omega = self.matrix @ mean - spread * old
        _, g, slope = self.output(omega, spread, self.y)
        g = self._mixed(g, old)
        precision = -(slope @ self.squares)
        field = precision * mean + g @ self.matrix
        _, new, width = self.prior(precision, field)
        return (
            self._mixed(new, mean),
            self._mixed(width, variance),
            g,
            precision,
            field,
            omega,
            spread,
        )

    def _mixed(self, new: np.ndarray, old: np.ndarray) -> np.ndarray:
        return new if not self.damping else (1 - self.damping) * new + self.damping * old


def _arrays(matrix: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    F, data = finite_array("the matrix", matrix), finite_array("y", y)
    if F.ndim != 2 or data.shape != F.shape[:1] or not F.size:
        raise ShapeError(
            f"the matrix has shape {F.shape} and y {data.shape}: give (outputs, n) and (outputs)"
        )
    return F, data
