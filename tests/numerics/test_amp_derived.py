"""Message passing with what the replica calculation derived: the same fixed points."""

import pytest
from sympy import Heaviside, Symbol, exp, log, sqrt, symbols

import derive as dv
import numerics as nm

N, n = dv.size("N"), dv.replicas("n")
alpha = Symbol("alpha", positive=True)
i, mu = dv.Index("i", N), dv.Index("mu", alpha * N)
A, B, omega, V, y = symbols("A B omega V y", real=True)
RS = dv.ReplicaSymmetric()


def planted(weights, likelihood, labels):
    """Weights and labels of one model: those of the truth are a replica like the others."""
    x = dv.Gaussian("x", i, mu)
    field = dv.total(weights[i] * x[i, mu], i) / sqrt(N)
    weight = dv.product(likelihood(field, labels[mu]), mu)
    model = dv.Ensemble(trace=weights, disorder=[x, labels], exponent=0, weight=weight)
    d = model.derive().replicate("a", n).local_fields("u").average(x).average(labels, keep=True)
    d = d.order_parameters("q")
    return d.constrain(weights) if weights.name == "w" else d


def channels(d):
    """log Z of one replica at a pattern and at a site, in the symbols of message passing."""
    output, prior = sorted(d.shared_fields(), key=lambda field: not field.function.has(y))
    q, qhat, what = (Symbol(name, real=True) for name in ("q", "qhat", "what"))
    log_output = output.function.subs({output.symbol: omega, q: 1 - V})
    log_prior = prior.function.subs({prior.symbol: B, what: 1, qhat: A})
    # a probability: the field of a site, B = A x + sqrt(A) noise, is N(0, A) times exp(log_prior)
    norm = dv.GaussianAverage(exp(log_prior), B, covariance=A).doit()
    return log_prior - log(norm), log_output


@pytest.mark.parametrize(
    ("weights", "load"),
    [(dv.Sphere("w", i), 2.0), (dv.Ising("s", i), 0.8)],
    ids=["sphere", "Ising"],
)
def test_state_evolution_ends_at_the_replica_symmetric_saddle(weights, load):
    labels = dv.Ising("y", mu)
    d = planted(weights, lambda u, y: Heaviside(y * u), labels).ansatz(RS)
    log_prior, log_output = channels(d)
    found = nm.state_evolution(
        log_prior=log_prior, log_output=log_output, alpha=load, labels=(-1.0, 1.0)
    )
    assert found.status is nm.Status.CONVERGED
    assert found.m == pytest.approx(found.q, rel=1e-9)  # the truth is a replica like the others
    saddle = d.trace().continue_replicas(n, to=1).saddle_point(N)
    values = {Symbol("alpha", positive=True): load, Symbol("q", real=True): found.q}
    for unknown in (Symbol("qhat", real=True), Symbol("q", real=True)):
        update = dict(zip(saddle.unknowns, saddle.natural_form.updates, strict=True))[unknown]
        values[unknown] = update.subs(values).evalf(15)
    assert values[Symbol("q", real=True)] == pytest.approx(found.q, rel=1e-9, abs=0)
