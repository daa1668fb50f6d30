"""The Sherrington-Kirkpatrick spin glass in a field, with an optional ferromagnetic bias.

H = -sum_{i<j} J_ij s_i s_j - h sum_i s_i, J_ij Gaussian of mean J0/N and variance 1/N.
D. Sherrington, S. Kirkpatrick, Phys. Rev. Lett. 35, 1792 (1975).
"""

from __future__ import annotations

from typing import Any

from sympy import Symbol

from derive.derivation import Derivation
from derive.ensemble import Ensemble
from derive.indices import indices, replicas, size
from derive.moves.replica_ansatz import ReplicaSymmetric
from derive.total import total
from derive.variables import Gaussian, Ising

__all__ = ["derivation", "ensemble"]

N, n = size("N"), replicas("n")


def ensemble(bias: bool = False) -> Ensemble:
    """The model: spins s_i = -1, 1, quenched couplings J_ij, field h, inverse temperature beta.

    Parameters
    ----------
    bias : bool
        Whether the couplings have a mean, J0/N.

    Examples
    --------
    >>> from derive.models import sherrington_kirkpatrick
    >>> sherrington_kirkpatrick.ensemble()["J"].label.symmetric
    True
    """
    beta, h = Symbol("beta", positive=True), Symbol("h", real=True)
    mean = Symbol("J0", real=True) / N if bias else 0
    i, j = indices("i j", N)
    s, J = Ising("s", i), Gaussian("J", i, j, mean=mean, variance=1 / N, symmetric=True)
    energy = -total(J[i, j] * s[i] * s[j], i < j) - h * total(s[i], i)
    return Ensemble(trace=s, disorder=J, beta=beta, hamiltonian=energy)


def derivation(bias: bool = False, ansatz: Any = None) -> Derivation:
    """Its moves: replicas, the average over couplings, overlaps (and magnetisations), n -> 0.

    Parameters
    ----------
    bias : bool
        Whether the couplings have a mean, J0/N.
    ansatz : ReplicaSymmetric or OneStepRSB
        The form of the overlaps; replica symmetric by default.

    Examples
    --------
    >>> from derive.models import sherrington_kirkpatrick
    >>> sherrington_kirkpatrick.derivation().unknowns
    (q, qhat)
    """
    names = ("q", "m") if bias else ("q",)
    averaged = ensemble(bias).derive().replicate("a", n).average("J")
    one_form = averaged.order_parameters(*names).ansatz(ansatz or ReplicaSymmetric())
    return one_form.trace().continue_replicas(n).saddle_point(N)
