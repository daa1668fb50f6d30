"""The perceptron as a memory: weights that store alpha N random patterns with a margin kappa.

A pattern is stored if sum_i w_i x_i / sqrt(N) >= kappa; the label of a random pattern is absorbed
in it.  Either all patterns are stored (the volume of solutions), or each error costs beta.
E. Gardner, J. Phys. A 21, 257 (1988); E. Gardner, B. Derrida, J. Phys. A 21, 271 (1988);
W. Krauth, M. Mezard, J. Phys. France 50, 3057 (1989) for Ising weights.
"""

from __future__ import annotations

from typing import Any

from sympy import Heaviside, Symbol, sqrt

from derive.derivation import Derivation
from derive.ensemble import Ensemble
from derive.errors import DeclarationError
from derive.indices import Index, replicas, size
from derive.moves.replica_ansatz import ReplicaSymmetric
from derive.total import product, total
from derive.variables import Gaussian, Ising, Sphere

__all__ = ["derivation", "ensemble"]

N, n = size("N"), replicas("n")

WEIGHTS = {"spherical": Sphere, "ising": Ising}


def ensemble(weights: str = "spherical", temperature: bool = False) -> Ensemble:
    """The model: weights w_i, quenched patterns x_i^mu, margin kappa, load alpha.

    Parameters
    ----------
    weights : str
        ``"spherical"``, of squared norm N (Lebesgue measure on the sphere); ``"ising"``, -1 or 1.
    temperature : bool
        Whether errors are allowed, with weight exp(-beta * number of errors).

    Raises
    ------
    DeclarationError
        If there are no such weights.

    Examples
    --------
    >>> from derive.models import perceptron
    >>> perceptron.ensemble().weight
    IndexedProduct(Heaviside(-kappa + Total(w[i]*x[i, mu], i)/sqrt(N)), mu)
    """
    if weights not in WEIGHTS:
        raise DeclarationError(f"weights={weights!r}: choose one of {', '.join(WEIGHTS)}")
    alpha, kappa = Symbol("alpha", positive=True), Symbol("kappa", real=True)
    i, mu = Index("i", N), Index("mu", alpha * N)
    w, x = WEIGHTS[weights]("w", i), Gaussian("x", i, mu)
    field = total(w[i] * x[i, mu], i) / sqrt(N)
    if temperature:
        errors = total(Heaviside(kappa - field), mu)
        beta = Symbol("beta", positive=True)
        return Ensemble(trace=w, disorder=x, beta=beta, hamiltonian=errors)
    return Ensemble(trace=w, disorder=x, exponent=0, weight=product(Heaviside(field - kappa), mu))


def derivation(
    weights: str = "spherical", temperature: bool = False, ansatz: Any = None
) -> Derivation:
    """Its moves: local fields name the linear forms of the patterns, overlaps those of the weights.

    Parameters
    ----------
    weights : str
        ``"spherical"`` or ``"ising"``.
    temperature : bool
        Whether errors are allowed, with weight exp(-beta * number of errors).
    ansatz : ReplicaSymmetric or OneStepRSB
        The form of the overlaps; replica symmetric by default.

    Examples
    --------
    >>> from derive.models import perceptron
    >>> perceptron.derivation("ising").unknowns
    (q, qhat)
    """
    copies = ensemble(weights, temperature).derive().replicate("a", n)
    averaged = copies.local_fields("lam").average("x").order_parameters("q")
    if weights == "spherical":
        averaged = averaged.constrain("w")
    one_form = averaged.ansatz(ansatz or ReplicaSymmetric())
    return one_form.trace().continue_replicas(n).saddle_point(N)
