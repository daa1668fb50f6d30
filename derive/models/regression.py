"""Convex regression in high dimensions: a linear model fitted to noisy outputs of a teacher.

Outputs y^mu = sum_i B_i x_i^mu / sqrt(N) + nu^mu of alpha N Gaussian inputs, Gaussian teacher B and
noise nu of variance sigma^2.  The weights minimise
sum_mu loss(y^mu, sum_i w_i x_i^mu / sqrt(N)) + lambda sum_i regulariser(w_i)
as beta grows.  Squared loss and squared weights are ridge regression.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sympy import Expr, Rational, Symbol, sqrt

from derive.derivation import Derivation
from derive.ensemble import Ensemble
from derive.indices import Index, replicas, size
from derive.moves.replica_ansatz import ReplicaSymmetric
from derive.total import total
from derive.variables import Gaussian, Real

__all__ = ["derivation", "ensemble", "half_square", "squared_loss"]

N, n = size("N"), replicas("n")


def squared_loss(y: Expr, u: Expr) -> Expr:
    """Half the squared deviation of the prediction u from the output y.

    Examples
    --------
    >>> from derive.models import regression
    >>> regression.squared_loss(3, 1)
    2
    """
    return Rational(1, 2) * (y - u) ** 2


def half_square(w: Expr) -> Expr:
    """The regulariser of ridge regression.

    Examples
    --------
    >>> from derive.models import regression
    >>> regression.half_square(2)
    2
    """
    return Rational(1, 2) * w**2


def ensemble(
    loss: Callable[[Any, Any], Any] = squared_loss,
    regulariser: Callable[[Any], Any] = half_square,
) -> Ensemble:
    """The model: weights w_i, quenched inputs x_i^mu, teacher B_i and noise nu^mu.

    Parameters
    ----------
    loss : callable
        Convex in its second argument: the cost of a prediction u where the output is y.
    regulariser : callable
        Convex: the cost of one weight.

    Examples
    --------
    >>> from derive.models import regression
    >>> sorted(s.name for s in regression.ensemble().parameters)
    ['N', 'beta', 'lambda']
    """
    beta, lam = Symbol("beta", positive=True), Symbol("lambda", positive=True)
    i, mu = Index("i", N), Index("mu", Symbol("alpha", positive=True) * N)
    w, x, B = Real("w", i), Gaussian("x", i, mu), Gaussian("B", i)
    nu = Gaussian("nu", mu, variance=Symbol("sigma", positive=True) ** 2)
    output = total(B[i] * x[i, mu], i) / sqrt(N) + nu[mu]
    prediction = total(w[i] * x[i, mu], i) / sqrt(N)
    cost = total(loss(output, prediction), mu) + lam * total(regulariser(w[i]), i)
    return Ensemble(trace=w, disorder=[B, nu, x], beta=beta, hamiltonian=cost)


def derivation(
    loss: Callable[[Any, Any], Any] = squared_loss,
    regulariser: Callable[[Any], Any] = half_square,
    ansatz: Any = None,
) -> Derivation:
    """Its moves: teacher and noise are kept, predictions and outputs are local fields.

    Parameters
    ----------
    loss, regulariser : callable
        As in `ensemble`.
    ansatz : ReplicaSymmetric or OneStepRSB
        The form of the overlaps; replica symmetric by default, exact for convex costs.

    Examples
    --------
    >>> from derive.models import regression
    >>> regression.derivation().unknowns
    (q, q_d, qhat, qhat_d, R, Rhat)
    """
    kept = ensemble(loss, regulariser).derive().replicate("a", n).average("B", "nu", keep=True)
    averaged = kept.local_fields("u", "v").average("x").order_parameters("q", "R", "T")
    one_form = averaged.ansatz(ansatz or ReplicaSymmetric())
    return one_form.trace().continue_replicas(n).saddle_point(N)
