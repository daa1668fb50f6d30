"""Models with disorder for which no file exists, each stated through the public API.

What comes out is compared with formulas written down independently, at 25 digits.
"""

from functools import cache

import mpmath as mp
import pytest
from sympy import Heaviside, Rational, Symbol, sqrt, symbols

import derive as dv
import numerics as nm
from derive import total
from derive.gaussian.merging import merged
from derive.models import perceptron
from tests.derive.replica_values import agree, evaluated, log_tail, normal, numbers

N, n = dv.size("N"), dv.replicas("n")
i, j, k = dv.indices("i j k", N)
beta, alpha, sigma = symbols("beta alpha sigma", positive=True)
kappa, theta, D = symbols("kappa theta D", real=True)
q, qhat, m, mhat, r = symbols("q qhat m mhat r", real=True)
mu = dv.Index("mu", alpha * N)


def symmetric(derivation):
    d = derivation.ansatz(dv.ReplicaSymmetric()).trace()
    return d.continue_replicas(n).saddle_point(N)


def log_2cosh(u):
    return abs(u) + mp.log1p(mp.exp(-2 * abs(u)))


# -- the models ----


def spin_one_glass():
    S = dv.Spin("S", i, spin=1)
    J = dv.Gaussian("J", i, j, variance=1 / N, symmetric=True)
    energy = D * total(S[i] ** 2, i) - total(J[i, j] * S[i] * S[j], i < j)
    glass = dv.Ensemble(trace=S, disorder=J, beta=beta, hamiltonian=energy)
    return symmetric(glass.derive().replicate("a", n).average(J).order_parameters("q"))


def bipartite_glass():
    k = dv.Index("k", alpha * N)
    s, t, J = dv.Ising("s", i), dv.Ising("t", k), dv.Gaussian("J", i, k, variance=1 / N)
    pairs = total(J[i, k] * s[i] * t[k], i, k)
    glass = dv.Ensemble(trace=[s, t], disorder=J, exponent=beta * pairs)
    return symmetric(glass.derive().replicate("a", n).average(J).order_parameters("q", "r"))


@cache
def multiuser_detection():
    s, B, x = dv.Ising("s", i), dv.Ising("B", i), dv.Ising("x", i, mu)
    nu = dv.Gaussian("nu", mu, variance=sigma**2)
    received = total(B[i] * x[i, mu], i) / sqrt(N) + nu[mu]
    error = received - total(s[i] * x[i, mu], i) / sqrt(N)
    model = dv.Ensemble(trace=s, disorder=[B, nu, x], exponent=-beta / 2 * total(error**2, mu))
    d = model.derive().replicate("a", n).average(B, nu, keep=True)
    return symmetric(d.local_fields("u", "v").average(x).order_parameters("q", "m"))


@cache
def biased_outputs():
    p = Symbol("p", positive=True)
    w, x = dv.Sphere("w", i), dv.Gaussian("x", i, mu)
    y = dv.Discrete("y", mu, values=(-1, 1), weights=(1 - p, p))
    field = total(w[i] * x[i, mu], i) / sqrt(N)
    stable = dv.product(Heaviside(y[mu] * (field - theta) - kappa), mu)
    model = dv.Ensemble(trace=w, disorder=[x, y], exponent=0, weight=stable)
    d = model.derive().replicate("a", n).average(y, keep=True).local_fields("u").average(x)
    return symmetric(d.order_parameters("q").constrain("w"))


def spherical_glass():
    s, J = dv.Sphere("s", i), dv.Gaussian("J", i, j, variance=1 / N, symmetric=True)
    pairs = total(J[i, j] * s[i] * s[j], i < j)
    glass = dv.Ensemble(trace=s, disorder=J, exponent=beta * pairs)
    d = glass.derive().replicate("a", n).average(J).order_parameters("q")
    return symmetric(d.constrain("s"))


def triple_glass():
    s, J = dv.Ising("s", i), dv.Gaussian("J", i, j, k, variance=3 / N**2)
    triples = total(J[i, j, k] * s[i] * s[j] * s[k], i, j, k)
    glass = dv.Ensemble(trace=s, disorder=J, exponent=beta * triples)
    return symmetric(glass.derive().replicate("a", n).average(J).order_parameters("q"))


def random_fields():
    s, h = dv.Ising("s", i), dv.Gaussian("h", i, variance=sigma**2)
    energy = -(total(s[i], i) ** 2) / (2 * N) - total(h[i] * s[i], i)
    magnet = dv.Ensemble(trace=s, disorder=h, beta=beta, hamiltonian=energy)
    return symmetric(magnet.derive().replicate("a", n).average(h).order_parameters("m"))


def linear_memory():
    w, x, y = dv.Gaussian("w", i), dv.Gaussian("x", i, mu), dv.Ising("y", mu)
    error = y[mu] - total(w[i] * x[i, mu], i) / sqrt(N)
    model = dv.Ensemble(trace=w, disorder=[x, y], exponent=-beta / 2 * total(error**2, mu))
    d = model.derive().replicate("a", n).average(y, keep=True).local_fields("u").average(x)
    return symmetric(d.order_parameters("q"))


def parity_machine():
    w, v = dv.Sphere("w", i), dv.Sphere("v", i)
    x, y = dv.Gaussian("x", i, mu), dv.Gaussian("y", i, mu)
    product = total(w[i] * x[i, mu], i) * total(v[i] * y[i, mu], i) / N
    stable = dv.product(Heaviside(product), mu)
    model = dv.Ensemble(trace=[w, v], disorder=[x, y], exponent=0, weight=stable)
    d = model.derive().replicate("a", n).local_fields("g", "h").average()
    return symmetric(d.order_parameters("q", "r").constrain("w").constrain("v"))


# -- what is known of them, in mpmath ----


def known_spin_one(beta, D, q, q_d, qhat, qhat_d):
    def site(z):
        return mp.log(1 + 2 * mp.exp((qhat_d - qhat) / 2 - beta * D) * mp.cosh(z))

    pairs = beta**2 * (q_d**2 - q**2) / 4 + (q * qhat - q_d * qhat_d) / 2
    return pairs + normal(site, qhat)


def known_bipartite(beta, alpha, q, qhat, r, rhat):
    sites = normal(log_2cosh, qhat) + alpha * normal(log_2cosh, rhat)
    conjugates = -(1 - q) * qhat / 2 - alpha * (1 - r) * rhat / 2
    return sites + conjugates + alpha * beta**2 * (1 - q * r) / 2


def known_detection(beta, alpha, sigma, q, qhat, m, mhat):
    spread = 1 + beta * (1 - q)
    signals = mp.log(spread) + beta * (sigma**2 + 1 - 2 * m + q) / spread
    site = normal(lambda z: log_2cosh(mhat + z), qhat)
    return site - (1 - q) * qhat / 2 - m * mhat - alpha / 2 * signals


def sphere(q, qhat, what):
    scale = qhat + what
    return (q * qhat + qhat / scale + what - mp.log(scale) + mp.log(2 * mp.pi)) / 2


def known_biased(alpha, kappa, theta, p, q, qhat, what):
    def stored(threshold):
        return normal(lambda z: log_tail((threshold - z) / mp.sqrt(1 - q)), q)

    both = p * stored(kappa + theta) + (1 - p) * stored(kappa - theta)
    return alpha * both + sphere(q, qhat, what)


def known_spherical(beta, q, qhat, shat):
    return beta**2 * (1 - q**2) / 4 + sphere(q, qhat, shat)


def known_triples(beta, q, qhat):
    return 3 * beta**2 * (1 - q**3) / 2 - (1 - q) * qhat / 2 + normal(log_2cosh, qhat)


def known_random_fields(beta, sigma, m, mhat):
    return beta * m**2 / 2 - m * mhat + normal(lambda z: log_2cosh(mhat + z), (beta * sigma) ** 2)


def known_linear(alpha, beta, q, q_d, qhat, qhat_d):
    spread = 1 + beta * (q_d - q)
    errors = mp.log(spread) + beta * (1 + q) / spread
    stiff = 1 + qhat - qhat_d
    weights = qhat / stiff - mp.log(stiff)
    return (-alpha * errors + weights + q * qhat - q_d * qhat_d) / 2


POINT = {"q": "0.3", "qhat": "0.7", "m": "0.4", "mhat": "0.6", "r": "0.2", "rhat": "0.5"}
POINT |= {"q_d": "0.8", "qhat_d": "-0.2", "what": "1.5", "vhat": "1.2", "shat": "0.9"}
POINT |= {"alpha": "0.9", "beta": "0.8", "sigma": "0.6", "kappa": "0.3", "theta": "-0.4"}
POINT |= {"D": "0.35", "p": "0.25"}

MODELS = {
    "spin-1 glass in a crystal field": (spin_one_glass, known_spin_one),
    "bipartite glass": (bipartite_glass, known_bipartite),
    "linear regression with Ising weights": (multiuser_detection, known_detection),
    "perceptron with biased outputs": (biased_outputs, known_biased),
    "spherical glass": (spherical_glass, known_spherical),
    "glass of triples": (triple_glass, known_triples),
    "ferromagnet in random fields": (random_fields, known_random_fields),
    "linear memory": (linear_memory, known_linear),
}


@pytest.mark.parametrize(("model", "known"), MODELS.values(), ids=MODELS)
def test_the_free_entropy_is_the_known_one(model, known):
    density = model().density
    at = {s.name: POINT[s.name] for s in density.free_symbols}
    with mp.workdps(50):
        assert agree(evaluated(density, **at), known(**numbers(at)))


def test_a_parity_machine_has_an_average_over_two_fields():
    density = parity_machine().density
    (node,) = (f for f in density.coeff(alpha).atoms(dv.GaussianAverage) if nested(f))
    inner = node.integrand
    assert {node.covariance[0], inner.covariance[0]} == {q, r}
    outer_name, inner_name = node.variables[0], inner.variables[0]
    width = {outer_name: 1 - node.covariance[0], inner_name: 1 - inner.covariance[0]}
    at = {q: Rational(3, 10), r: Rational(1, 5), outer_name: Rational(4, 5), inner_name: -1}
    with mp.workdps(40):
        a, b = (mp.mpf(str((u / sqrt(width[u])).subs(at).evalf(35))) for u in width)
        known = mp.log(tail(a) * tail(b) + tail(-a) * tail(-b))
        assert agree(mp.mpf(str(inner.integrand.subs(at).evalf(35))), known)


def nested(average):
    return average.integrand.func is dv.GaussianAverage


def tail(u):
    return mp.erfc(u / mp.sqrt(2)) / 2


# -- what follows ----


def test_a_spherical_glass_freezes_at_one():
    reduced = spherical_glass().eliminate("qhat", "shat")
    (slope,) = reduced.gradient
    assert slope.subs(q, 0) == 0
    assert slope.subs(q, 1 - 1 / beta).cancel() == 0
    found = nm.solve(reduced, beta=[0.8, 2.5]).dominant("q")
    assert float(found[0]) == pytest.approx(0, abs=1e-12)
    assert float(found[1]) == pytest.approx(0.6, rel=1e-12, abs=0)


def test_detection_with_the_true_noise_recovers_as_much_as_it_agrees():
    """The Nishimori line beta sigma^2 = 1: m = q, mhat = qhat solves all equations."""
    d = multiuser_detection()
    on_line = {m: q, mhat: qhat, beta: 1 / sigma**2}
    by_q, by_qhat, by_m, by_mhat = (slope.subs(on_line) for slope in d.gradient)
    strength = alpha / (sigma**2 + 1 - q)
    assert by_m.subs(qhat, strength).cancel() == 0
    assert by_q.subs(qhat, strength).cancel() == 0
    with mp.workdps(50):
        conjugate = mp.mpf("0.8")
        overlap = mp.nstr(normal(lambda z: mp.tanh(conjugate + z), conjugate), 40)
        at = {"q": overlap, "qhat": "0.8", "alpha": "1", "sigma": "1"}
        for slope in (by_qhat, by_mhat):
            assert agree(evaluated(slope, **at), 0)


@pytest.mark.slow
def test_a_ferromagnet_in_random_fields_is_as_magnetic_as_known():
    found = nm.solve(random_fields().eliminate("mhat"), beta=1.6, sigma=0.5)
    with mp.workdps(30):

        def excess(m):
            width = (mp.mpf("1.6") * mp.mpf("0.5")) ** 2
            return m - normal(lambda z: mp.tanh(mp.mpf("1.6") * m + z), width)

        known = float(mp.findroot(excess, (mp.mpf("0.6"), mp.mpf("0.7"))))
    assert abs(float(found.dominant("m"))) == pytest.approx(known, rel=1e-10, abs=0)


def test_one_sign_of_outputs_is_the_perceptron():
    one = biased_outputs().density.subs({Symbol("p", positive=True): 1, theta: 0})
    known = perceptron.derivation().density
    assert merged(one - known).expand() == 0


def test_a_linear_memory_is_as_random_matrices_say():
    """Z = det(1 + beta X^T X / N)^(-1/2) exp(-beta y (1 + beta X X^T / N)^(-1) y / 2)."""
    d, load, strength = linear_memory(), mp.mpf(2), mp.mpf("1.5")
    low, high = (1 - mp.sqrt(load)) ** 2, (1 + mp.sqrt(load)) ** 2

    def spectrum(f):
        def integrand(x):
            return f(x) * mp.sqrt((high - x) * (x - low)) / (2 * mp.pi * x)

        return mp.quad(integrand, [low, (low + high) / 2, high])

    with mp.workdps(30):
        rest = spectrum(lambda x: 1 / (1 + strength * x))
        left = load - 1 + rest  # trace over patterns: as many more eigenvalues that are zero
        known = -spectrum(lambda x: mp.log(1 + strength * x)) / 2 - strength * left / 2
    found = nm.solve(d, alpha=2.0, beta=1.5)
    values = {u: float(found.dominant(str(u))) for u in d.unknowns}
    density = d.density.subs(values).subs({alpha: 2.0, beta: 1.5})
    assert float(density) == pytest.approx(float(known), rel=1e-9, abs=0)


@pytest.mark.slow
@pytest.mark.parametrize("model", [multiuser_detection, random_fields, bipartite_glass])
def test_every_step_holds_at_two_replicas(model):
    assert model().check(N=2, n=2).holds
