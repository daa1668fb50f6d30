"""A network of two layers of binary units, coupled by weights that need not be symmetric.

H = -1/(2N) sum_ij w_ij a_i b_j - h sum_j b_j, a, b in {0, 1}, both layers of size N.
P. Witaszczyk, Criticality and Deep Learning: Generally Weighted Nets, arXiv:1702.08039.
"""

from __future__ import annotations

from sympy import Symbol

from derive.derivation import Derivation
from derive.ensemble import Ensemble
from derive.indices import indices, size
from derive.total import total
from derive.variables import Binary, Given, Ising

__all__ = ["block_form", "derivation", "ensemble", "fully_connected", "spin_ensemble", "spin_form"]

N = size("N")


def ensemble() -> Ensemble:
    """The model: units a_i, b_j = 0, 1, weights w_ij, bias h of the second layer.

    Examples
    --------
    >>> from derive.models import two_layer_network
    >>> two_layer_network.ensemble().exponent
    beta*h*Total(b[j], j) + beta*Total(a[i]*b[j]*w[i, j], i, j)/(2*N)
    """
    beta, h = Symbol("beta", positive=True), Symbol("h", real=True)
    i, j = indices("i j", N)
    a, b, w = Binary("a", i), Binary("b", j), Given("w", i, j)
    energy = -total(w[i, j] * a[i] * b[j], i, j) / (2 * N)
    return Ensemble(trace=[a, b], beta=beta, hamiltonian=energy - h * total(b[j], j))


def spin_form() -> Derivation:
    """Its units as spins s_i, t_j = -1, 1: couplings w/4 and new fields, an identity.

    Examples
    --------
    >>> from derive.models import two_layer_network
    >>> two_layer_network.spin_form().log_prefactor
    0
    """
    units = ensemble().derive().change_variable("a", "s", lambda s: (1 + s) / 2)
    return units.change_variable("b", "t", lambda t: (1 + t) / 2)


def spin_ensemble(symmetric: bool = False) -> Ensemble:
    """Two layers of spins a_i, b_j = -1, 1 without fields, H = -1/(2N) sum_ij W_ij a_i b_j.

    Parameters
    ----------
    symmetric : bool
        Whether W is declared symmetric, which `fully_connected` needs.

    Examples
    --------
    >>> from derive.models import two_layer_network
    >>> two_layer_network.spin_ensemble().exponent
    beta*Total(a[i]*b[j]*W[i, j], i, j)/(2*N)
    """
    beta = Symbol("beta", positive=True)
    i, j = indices("i j", N)
    a, b, W = Ising("a", i), Ising("b", j), Given("W", i, j, symmetric=symmetric)
    energy = -total(W[i, j] * a[i] * b[j], i, j) / (2 * N)
    return Ensemble(trace=[a, b], beta=beta, hamiltonian=energy)


def block_form() -> Derivation:
    """The two layers as one network of 2N spins with couplings K = [[0, W], [W.T, 0]], exactly.

    Examples
    --------
    >>> from derive.models import two_layer_network
    >>> two_layer_network.block_form().exponent
    beta*Total(s[i]*s[j]*K[i, j], i, j)/(4*N)
    """
    model = spin_ensemble()
    i, j = indices("i j", N)
    W = Given("W", i, j)
    return model.derive().join("s", ["a", "b"], {"K": [[0, W], [W.T, 0]]})


def derivation(symmetric: bool = False) -> Derivation:
    """Naive mean field of the two layers: A_i = a_i and B_j = b_j, conjugates eliminated.

    Examples
    --------
    >>> from derive.models import two_layer_network
    >>> two_layer_network.derivation().saddle_equations[0]
    Eq(A[i], tanh(beta*Total(B[j]*W[i, j], j)/(2*N)))
    """
    model = spin_ensemble(symmetric)
    i, j = indices("i j", N)
    fields = model.derive().constrain("A", model["a"][i], "P").constrain("B", model["b"][j], "Q")
    return fields.trace("a").trace("b").saddle_point(N).eliminate("P", "Q")


def fully_connected() -> Derivation:
    """The reduction to one layer: for symmetric W the ansatz that both layers are alike.

    Twice the free entropy of the network with couplings W, at half the inverse temperature.  It is
    an ansatz, no identity of the partition functions: it keeps the equations of state of saddle
    points with A = B, which dominate if the eigenvalue of W of largest modulus is positive, and
    neglects the other saddle points and the fluctuations between the layers, of order one in ln Z.

    Examples
    --------
    >>> from derive.models import two_layer_network
    >>> two_layer_network.fully_connected().unknowns
    (A[i],)
    """
    return derivation(symmetric=True).ansatz("B", "A")
