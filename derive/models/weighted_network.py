"""Ising spins with arbitrary symmetric couplings, in a field: a network with given weights.

H = -1/(2N) sum_ij w_ij s_i s_j - h sum_i s_i, the diagonal w_ii kept.
P. Witaszczyk, Criticality and Deep Learning: Generally Weighted Nets, arXiv:1702.08039.
"""

from __future__ import annotations

from sympy import Symbol

from derive.derivation import Derivation
from derive.ensemble import Ensemble
from derive.indices import indices, size
from derive.total import total
from derive.variables import Given, Ising

__all__ = ["by_hubbard_stratonovich", "derivation", "ensemble", "tap"]

N = size("N")


def ensemble(symmetric: bool = True) -> Ensemble:
    """The model: spins s_i = -1, 1, couplings w_ij, field h, inverse temperature beta.

    Parameters
    ----------
    symmetric : bool
        Whether w is declared symmetric.  If not, its symmetric part (w + w.T)/2 is what enters the
        equations, which are then longer.

    Examples
    --------
    >>> from derive.models import weighted_network
    >>> weighted_network.ensemble().exponent
    beta*h*Total(s[i], i) + beta*Total(s[i]*s[j]*w[i, j], i, j)/(2*N)
    """
    beta, h = Symbol("beta", positive=True), Symbol("h", real=True)
    i, j = indices("i j", N)
    s, w = Ising("s", i), Given("w", i, j, symmetric=symmetric)
    energy = -total(w[i, j] * s[i] * s[j], i, j) / (2 * N)
    return Ensemble(trace=s, beta=beta, hamiltonian=energy - h * total(s[i], i))


def derivation(symmetric: bool = True) -> Derivation:
    """Naive mean field: a field V_i = s_i with its conjugate U_i on each site, then Laplace.

    Examples
    --------
    >>> from derive.models import weighted_network
    >>> weighted_network.derivation().saddle_equations[0]
    Eq(V[i], tanh(U[i]))
    """
    model = ensemble(symmetric)
    (i,) = indices("i", N)
    return model.derive().constrain("V", model["s"][i], "U").trace("s").saddle_point(N)


def by_hubbard_stratonovich() -> Derivation:
    """The same by the vector Gaussian identity: one field x_i on each site.

    Along eigenvectors of w with negative eigenvalue their contour is imaginary, so that the saddle
    point is a maximum only for couplings without such.

    Examples
    --------
    >>> from derive.models import weighted_network
    >>> weighted_network.by_hubbard_stratonovich().unknowns
    (x[i],)
    """
    return ensemble().derive().hubbard_stratonovich("x").trace("s").saddle_point(N)


def tap(order: int = 2) -> Derivation:
    """Plefka's expansion in the couplings, with the reaction of each spin's surroundings on it.

    Parameters
    ----------
    order : int
        2 for the equations of Thouless, Anderson and Palmer; 1 is naive mean field, without the
        diagonal of w, which is exact from the start.

    Examples
    --------
    >>> from derive.models import weighted_network
    >>> weighted_network.tap().unknowns
    (V[i], U[i])
    """
    return ensemble().derive().plefka("V", order=order, conjugate="U")
