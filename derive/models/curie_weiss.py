"""The Curie-Weiss ferromagnet: every Ising spin coupled to every other, in a field.

H = -J/(2N) (sum_i s_i)^2 - h sum_i s_i, the diagonal i = j kept.
"""

from __future__ import annotations

from sympy import Symbol

from derive.derivation import Derivation
from derive.ensemble import Ensemble
from derive.indices import Index, size
from derive.total import total
from derive.variables import Ising

__all__ = ["derivation", "ensemble"]

N = size("N")


def ensemble() -> Ensemble:
    """The model: spins s_i = -1, 1, coupling J, field h, inverse temperature beta.

    Examples
    --------
    >>> from derive.models import curie_weiss
    >>> curie_weiss.ensemble().exponent
    J*beta*Total(s[i], i)**2/(2*N) + beta*h*Total(s[i], i)
    """
    beta, J, h = Symbol("beta", positive=True), Symbol("J", positive=True), Symbol("h", real=True)
    i = Index("i", N)
    s = Ising("s", i)
    magnetisation = total(s[i], i)
    return Ensemble(
        trace=s, beta=beta, hamiltonian=-J / (2 * N) * magnetisation**2 - h * magnetisation
    )


def derivation() -> Derivation:
    """Its moves: linearise the square, sum over the spins, Laplace's method.

    Examples
    --------
    >>> from derive.models import curie_weiss
    >>> curie_weiss.derivation().saddle_equations
    [Eq(m, tanh(beta*(J*m + h)))]
    """
    return ensemble().derive().hubbard_stratonovich("m").trace("s").saddle_point(N)
