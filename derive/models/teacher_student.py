"""Learning a rule from examples: a perceptron that knows the outputs of a teacher perceptron.

Teacher B, student w, alpha N Gaussian inputs x^mu; the label of an example is the sign of
sum_i B_i x_i / sqrt(N), and may be flipped with a probability p.
G. Gyorgyi, N. Tishby, in Neural Networks and Spin Glasses (1990); H. S. Seung, H. Sompolinsky,
N. Tishby, Phys. Rev. A 45, 6056 (1992).
"""

from __future__ import annotations

from typing import Any

from sympy import Heaviside, Symbol

from derive.derivation import Derivation
from derive.ensemble import Ensemble
from derive.errors import DeclarationError
from derive.indices import Index, replicas, size
from derive.moves.replica_ansatz import ReplicaSymmetric
from derive.total import product, total
from derive.variables import Discrete, Gaussian, Ising, Sphere, Variable

__all__ = ["derivation", "ensemble"]

N, n = size("N"), replicas("n")

WEIGHTS = ("spherical", "ising")


def ensemble(
    weights: str = "spherical", temperature: bool = False, noise: bool = False
) -> Ensemble:
    """The model: student w_i, quenched teacher B_i and inputs x_i^mu, load alpha.

    Parameters
    ----------
    weights : str
        ``"spherical"``: student on the sphere, Gaussian teacher; ``"ising"``: both of -1 and 1.
    temperature : bool
        Whether errors are allowed, with weight exp(-beta * number of errors); otherwise the
        student agrees with all examples (Gibbs learning).
    noise : bool
        Whether labels are flipped, with probability p.

    Raises
    ------
    DeclarationError
        If there are no such weights, or labels are flipped but no errors allowed.

    Examples
    --------
    >>> from derive.models import teacher_student
    >>> [quenched.name for quenched in teacher_student.ensemble().disorder]
    ['B', 'x']
    """
    if weights not in WEIGHTS:
        raise DeclarationError(f"weights={weights!r}: choose one of {', '.join(WEIGHTS)}")
    if noise and not temperature:
        raise DeclarationError(
            "noise=True: no student agrees with flipped labels; allow errors with temperature=True"
        )
    i, mu = Index("i", N), Index("mu", Symbol("alpha", positive=True) * N)
    w, B = _student_and_teacher(weights, i)
    x = Gaussian("x", i, mu)
    agreement = total(w[i] * x[i, mu], i) * total(B[i] * x[i, mu], i) / N
    if not temperature:
        agrees = product(Heaviside(agreement), mu)
        return Ensemble(trace=w, disorder=[B, x], exponent=0, weight=agrees)
    disorder = [B, x]
    if noise:
        p = Symbol("p", positive=True)
        flip = Discrete("eta", mu, values=(-1, 1), weights=(p, 1 - p))
        agreement, disorder = agreement * flip[mu], [B, flip, x]
    errors, beta = total(Heaviside(-agreement), mu), Symbol("beta", positive=True)
    return Ensemble(trace=w, disorder=disorder, beta=beta, hamiltonian=errors)


def _student_and_teacher(weights: str, i: Index) -> tuple[Variable, Variable]:
    if weights == "ising":
        return Ising("w", i), Ising("B", i)
    return Sphere("w", i), Gaussian("B", i)


def derivation(
    weights: str = "spherical",
    temperature: bool = False,
    noise: bool = False,
    ansatz: Any = None,
    to: Any = 0,
) -> Derivation:
    """Its moves: the teacher is kept, q and R are the student's overlaps with another and with it.

    Parameters
    ----------
    weights : str
        ``"spherical"`` or ``"ising"``.
    temperature : bool
        Whether errors are allowed, with weight exp(-beta * number of errors).
    noise : bool
        Whether labels are flipped, with probability p.
    ansatz : ReplicaSymmetric or OneStepRSB
        The form of the overlaps; replica symmetric by default.
    to : number or Symbol
        Where the number of replicas is continued to.

    Examples
    --------
    >>> from derive.models import teacher_student
    >>> teacher_student.derivation().unknowns
    (q, qhat, R, Rhat, what)
    """
    kept = ("B", "eta") if noise else ("B",)
    copies = ensemble(weights, temperature, noise).derive().replicate("a", n)
    averaged = copies.average(*kept, keep=True).local_fields("u", "v").average("x")
    if weights == "spherical":
        named = averaged.order_parameters("q", "R", "T").constrain("w")
    else:
        named = averaged.order_parameters("q", "R")
    one_form = named.ansatz(ansatz or ReplicaSymmetric())
    return one_form.trace().continue_replicas(n, to).saddle_point(N)
