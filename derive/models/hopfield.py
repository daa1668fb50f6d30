"""The Hopfield network with extensively many patterns, one of which may be retrieved.

H = -1/(2N) sum_mu (sum_i xi_i^mu s_i)^2, the diagonal i = j kept; alpha N random patterns xi of
+-1, and one more, zeta, with which the overlap may be of order one.
D. J. Amit, H. Gutfreund, H. Sompolinsky, Phys. Rev. Lett. 55, 1530 (1985).
"""

from __future__ import annotations

from typing import Any

from sympy import Symbol

from derive.derivation import Derivation
from derive.ensemble import Ensemble
from derive.indices import Index, replicas, size
from derive.moves.replica_ansatz import ReplicaSymmetric
from derive.total import total
from derive.variables import Ising

__all__ = ["derivation", "ensemble"]

N, n = size("N"), replicas("n")


def ensemble() -> Ensemble:
    """The model: spins s_i, patterns xi_i^mu and zeta_i, all -1 or 1, inverse temperature beta.

    Examples
    --------
    >>> from derive.models import hopfield
    >>> [pattern.name for pattern in hopfield.ensemble().disorder]
    ['zeta', 'xi']
    """
    beta, alpha = Symbol("beta", positive=True), Symbol("alpha", positive=True)
    i = Index("i", N)
    mu = Index("mu", alpha * N)
    s, zeta, xi = Ising("s", i), Ising("zeta", i), Ising("xi", i, mu)
    condensed = total(zeta[i] * s[i], i) ** 2
    others = total(total(xi[i, mu] * s[i], i) ** 2, mu)
    return Ensemble(
        trace=s, disorder=[zeta, xi], beta=beta, hamiltonian=-(condensed + others) / (2 * N)
    )


def derivation(ansatz: Any = None) -> Derivation:
    """Its moves: the condensed pattern is kept, the overlaps with the others are local fields.

    Parameters
    ----------
    ansatz : ReplicaSymmetric or OneStepRSB
        The form of the overlaps; replica symmetric by default.

    Examples
    --------
    >>> from derive.models import hopfield
    >>> hopfield.derivation().unknowns
    (q, qhat, m, mhat)
    """
    kept = ensemble().derive().replicate("a", n).average("zeta", keep=True)
    averaged = kept.local_fields("k").average("xi").order_parameters("q", "m")
    one_form = averaged.ansatz(ansatz or ReplicaSymmetric())
    return one_form.trace().continue_replicas(n).saddle_point(N)
