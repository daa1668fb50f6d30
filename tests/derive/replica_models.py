"""Models with quenched disorder, each as its derivation by the general moves.

Every function takes the form of the order parameters over the replicas, and returns the derivation
from the ensemble to the free entropy.  `MODELS` lists them by name.
"""

from __future__ import annotations

from collections.abc import Callable

from sympy import Heaviside, sign, sqrt, symbols

import derive as dv

N, n = dv.size("N"), dv.replicas("n")
i, j, k = dv.indices("i j k", N)
beta, J0, h, alpha = symbols("beta J0 h alpha", positive=True)
kappa, D = symbols("kappa D", real=True)
mu = dv.Index("mu", alpha * N)
RS = dv.ReplicaSymmetric()


def pattern_field(w: dv.Variable, x: dv.Variable):
    """The field of a pattern, sum_i w_i x_i / sqrt(N)."""
    return dv.total(w[i] * x[i, mu], i) / sqrt(N)


def _finished(derivation: dv.Derivation) -> dv.Derivation:
    return derivation.trace().continue_replicas(n).saddle_point(N)


def sherrington_kirkpatrick(rule=RS) -> dv.Derivation:
    s = dv.Ising("s", i)
    J = dv.Gaussian("J", i, j, variance=J0**2 / N, symmetric=True)
    pairs = beta * dv.total(J[i, j] * s[i] * s[j], i < j)
    glass = dv.Ensemble(trace=s, disorder=J, exponent=pairs + beta * h * dv.total(s[i], i))
    d = glass.derive().replicate("a", n).average(J).order_parameters("q")
    return _finished(d.ansatz(rule))


def gardner(rule=RS) -> dv.Derivation:
    w, x = dv.Sphere("w", i), dv.Gaussian("x", i, mu)
    stable = dv.product(Heaviside(pattern_field(w, x) - kappa), mu)
    volume = dv.Ensemble(trace=w, disorder=x, exponent=0, weight=stable)
    d = volume.derive().replicate("a", n).local_fields("lam").average(x)
    return _finished(d.order_parameters("q").constrain("w").ansatz(rule))


def counted_errors(rule=RS) -> dv.Derivation:
    w, x = dv.Sphere("w", i), dv.Ising("x", i, mu)
    errors = dv.total(Heaviside(kappa - pattern_field(w, x)), mu)
    perceptron = dv.Ensemble(trace=w, disorder=x, exponent=-beta * errors)
    d = perceptron.derive().replicate("a", n).local_fields("lam").average(x)
    return _finished(d.order_parameters("q").constrain("w").ansatz(rule))


def ising_perceptron(rule=RS) -> dv.Derivation:
    w, x = dv.Ising("w", i), dv.Gaussian("x", i, mu)
    stable = dv.product(Heaviside(pattern_field(w, x) - kappa), mu)
    volume = dv.Ensemble(trace=w, disorder=x, exponent=0, weight=stable)
    d = volume.derive().replicate("a", n).local_fields("lam").average(x)
    return _finished(d.order_parameters("q").ansatz(rule))


def hopfield(rule=RS) -> dv.Derivation:
    s, xi, zeta = dv.Ising("s", i), dv.Ising("xi", i, mu), dv.Ising("zeta", i)
    condensed = dv.total(zeta[i] * s[i], i) ** 2
    others = dv.total(dv.total(xi[i, mu] * s[i], i) ** 2, mu)
    net = dv.Ensemble(trace=s, disorder=[xi, zeta], exponent=beta / (2 * N) * (condensed + others))
    d = net.derive().replicate("a", n).average(zeta, keep=True).local_fields("k").average(xi)
    return _finished(d.order_parameters("q", "m").ansatz(rule))


def teacher_student(rule=RS) -> dv.Derivation:
    w, x, B = dv.Sphere("w", i), dv.Gaussian("x", i, mu), dv.Gaussian("B", i)
    label = sign(dv.total(B[i] * x[i, mu], i) / sqrt(N))
    stable = dv.product(Heaviside(pattern_field(w, x) * label - kappa), mu)
    volume = dv.Ensemble(trace=w, disorder=[x, B], exponent=0, weight=stable)
    d = volume.derive().replicate("a", n).average(B, keep=True).local_fields("u", "v").average(x)
    return _finished(d.order_parameters("q", "R", "T").constrain("w").ansatz(rule))


def spin_one_glass(rule=RS) -> dv.Derivation:
    s = dv.Spin("S", i, spin=1)
    J = dv.Gaussian("J", i, j, variance=J0**2 / N, symmetric=True)
    pairs = beta * dv.total(J[i, j] * s[i] * s[j], i < j)
    glass = dv.Ensemble(trace=s, disorder=J, exponent=pairs - beta * D * dv.total(s[i] ** 2, i))
    d = glass.derive().replicate("a", n).average(J).order_parameters("q")
    return _finished(d.ansatz(rule))


def bipartite_glass(rule=RS) -> dv.Derivation:
    p = dv.Index("p", alpha * N)
    s, t, J = dv.Ising("s", i), dv.Ising("t", p), dv.Gaussian("J", i, p, variance=1 / N)
    pairs = beta * dv.total(J[i, p] * s[i] * t[p], i, p)
    glass = dv.Ensemble(trace=[s, t], disorder=J, exponent=pairs)
    d = glass.derive().replicate("a", n).average(J).order_parameters("q", "r")
    return _finished(d.ansatz(rule))


def spherical_glass(rule=RS) -> dv.Derivation:
    s = dv.Sphere("s", i)
    J = dv.Gaussian("J", i, j, variance=J0**2 / N, symmetric=True)
    pairs = beta * dv.total(J[i, j] * s[i] * s[j], i < j)
    glass = dv.Ensemble(trace=s, disorder=J, exponent=pairs)
    d = glass.derive().replicate("a", n).average(J).order_parameters("q")
    return _finished(d.constrain("s").ansatz(rule))


def three_spin_glass(rule=RS) -> dv.Derivation:
    s, J = dv.Ising("s", i), dv.Gaussian("J", i, j, k, variance=3 * J0**2 / N**2)
    triples = beta * dv.total(J[i, j, k] * s[i] * s[j] * s[k], i, j, k)
    glass = dv.Ensemble(trace=s, disorder=J, exponent=triples)
    d = glass.derive().replicate("a", n).average(J).order_parameters("q")
    return _finished(d.ansatz(rule))


MODELS: dict[str, Callable[..., dv.Derivation]] = {
    model.__name__: model
    for model in (
        sherrington_kirkpatrick,
        gardner,
        counted_errors,
        ising_perceptron,
        hopfield,
        teacher_student,
        spin_one_glass,
        bipartite_glass,
        spherical_glass,
        three_spin_glass,
    )
}
