"""Continuation in the number of replicas: to zero, to one for planted problems, to any number."""

import mpmath as mp
import pytest
from sympy import Heaviside, Rational, log, sqrt, symbols

import derive as dv
from derive.models import sherrington_kirkpatrick, teacher_student
from tests.derive.replica_values import agree, evaluated, normal
from tests.replica.quadrature import gauss, tail

N, n = dv.size("N"), dv.replicas("n")
i = dv.Index("i", N)
alpha, beta = symbols("alpha beta", positive=True)
mu = dv.Index("mu", alpha * N)
RS = dv.ReplicaSymmetric()


# -- spins in random fields, of which every power of Z is known ----


def spins_in_random_fields():
    s, h = dv.Ising("s", i), dv.Gaussian("h", i, variance=Rational(1, 2))
    model = dv.Ensemble(trace=s, disorder=h, exponent=beta * dv.total(h[i] * s[i], i))
    return model.derive().replicate("a", n).average(h).trace()


def power(beta, n):
    """E[Z^n]^(1/N)."""
    return normal(lambda h: (2 * mp.cosh(beta * h)) ** n, mp.mpf("0.5"))


def logarithm(beta):
    return normal(lambda h: mp.log(2 * mp.cosh(beta * h)), mp.mpf("0.5"))


def tilted(beta):
    """d/dn log E[Z^n] at n = 1."""

    def integrand(h):
        Z = 2 * mp.cosh(beta * h)
        return Z * mp.log(Z)

    return normal(integrand, mp.mpf("0.5")) / power(beta, 1)


def test_to_zero_it_is_the_average_of_the_logarithm():
    exponent = spins_in_random_fields().continue_replicas(n).exponent / N
    with mp.workdps(50):
        assert agree(evaluated(exponent, beta="1.3"), logarithm(mp.mpf("1.3")))


def test_to_one_it_is_the_average_in_the_ensemble_weighted_with_z():
    exponent = spins_in_random_fields().continue_replicas(n, to=1).exponent / N
    with mp.workdps(50):
        assert agree(evaluated(exponent, beta="1.3"), tilted(mp.mpf("1.3")))


@pytest.mark.parametrize("number", ["0.4", "1", "2.5"])
def test_a_finite_number_gives_the_moment(number):
    exponent = spins_in_random_fields().continue_replicas(n, to=n).exponent / N
    with mp.workdps(50):
        moment = mp.log(power(mp.mpf("1.3"), mp.mpf(number))) / mp.mpf(number)
        assert agree(evaluated(exponent, beta="1.3", n=number), moment)


# -- glasses at a finite number of replicas ----


def glass(to):
    d = sherrington_kirkpatrick.ensemble().derive().replicate("a", n).average("J")
    d = d.order_parameters("q").ansatz(RS).trace()
    return d.continue_replicas(n, to).saddle_point(N)


def test_one_replica_of_a_glass_has_no_overlap():
    h = symbols("h", real=True)
    one = glass(n).density.subs(n, 1).doit()
    assert one.free_symbols == {beta, h, symbols("qhat", real=True)}
    with mp.workdps(50):
        found = evaluated(one, beta="0.7", h="0.2", qhat="0.9")
        b = mp.mpf("0.7")
        assert agree(found, b**2 / 4 + mp.log(2 * mp.cosh(b * mp.mpf("0.2"))))


def test_two_replicas_of_a_glass():
    at = {"beta": "0.7", "h": "0.2", "q": "0.3", "qhat": "0.4"}
    b, h, q, qhat = (mp.mpf(x) for x in at.values())
    pairs = 2 * mp.exp(qhat) * mp.cosh(2 * b * h) + 2 * mp.exp(-qhat)
    wanted = b**2 * (2 + 2 * q**2) / 4 - q * qhat + mp.log(pairs)
    with mp.workdps(50):
        assert agree(2 * evaluated(glass(n).density, n="2", **at), wanted, 14)


def test_signs_of_overlaps_turn_with_the_number_of_pairs():
    assert glass(0).signs == (-1, 1)
    assert glass(n).signs == (1, -1)


# -- learning a rule: the teacher is one of the replicas ----


def agreeing(weights, to):
    """Students that agree with labels of a random student: replicas at n -> 1."""
    w, x, y = weights("w", i), dv.Gaussian("x", i, mu), dv.Ising("y", mu)
    right = Heaviside(y[mu] * dv.total(w[i] * x[i, mu], i) / sqrt(N))
    d = dv.Ensemble(trace=w, disorder=[y, x], exponent=0, weight=dv.product(right, mu)).derive()
    d = d.replicate("a", n).average(y, keep=True).local_fields("u").average(x)
    return d.order_parameters("q").ansatz(RS).trace().continue_replicas(n, to).saddle_point(N)


def nishimori_point(q):
    """qhat and alpha of Ising weights at an overlap: q = <tanh>, and the conjugate's equation."""

    def excess(qhat):
        return q - normal(lambda z: mp.tanh(qhat + z), qhat)

    qhat = mp.findroot(excess, (mp.mpf("0.5"), mp.mpf("0.6")))
    ratio = normal(lambda z: gauss(t := z / mp.sqrt(1 - q)) ** 2 / tail(t), q)
    return qhat, qhat * (1 - q) / (2 * ratio)


@pytest.fixture(scope="module")
def planted():
    return agreeing(dv.Ising, 1)


@pytest.fixture(scope="module")
def pupil():
    return teacher_student.derivation("ising")


def test_the_teacher_is_one_of_the_replicas(planted, pupil):
    at = {"alpha": "0.8", "q": "0.35", "qhat": "0.6"}
    with mp.workdps(50):
        one = evaluated(planted.density, **at)
        other = evaluated(pupil.density, R=at["q"], Rhat=at["qhat"], **at)
        assert agree(one, other)


@pytest.mark.slow
def test_the_overlap_with_the_teacher_is_that_of_two_students(planted, pupil):
    """The Nishimori identity: the planted saddle point is one of teacher and student, q = R."""
    q = "0.35"
    with mp.workdps(50):
        qhat, alpha = (mp.nstr(x, 40) for x in nishimori_point(mp.mpf(q)))
        for slope in planted.gradient:
            assert agree(evaluated(slope, alpha=alpha, q=q, qhat=qhat), 0)
        for slope in pupil.gradient:
            at = {"alpha": alpha, "q": q, "R": q, "qhat": qhat, "Rhat": qhat}
            assert agree(evaluated(slope, **at), 0)


@pytest.mark.slow
def test_a_noisy_teacher_is_one_of_the_replicas_at_the_temperature_of_the_noise():
    """Errors weighted as the noise makes them, e^-beta = p/(1 - p)."""
    p = symbols("p", positive=True)
    w, x, y = dv.Ising("w", i), dv.Gaussian("x", i, mu), dv.Ising("y", mu)
    wrong = Heaviside(-y[mu] * dv.total(w[i] * x[i, mu], i) / sqrt(N))
    model = dv.Ensemble(trace=w, disorder=[y, x], beta=beta, hamiltonian=dv.total(wrong, mu))
    d = model.derive().replicate("a", n).average(y, keep=True).local_fields("u").average(x)
    d = d.order_parameters("q").ansatz(RS).trace().continue_replicas(n, 1).saddle_point(N)
    noisy = teacher_student.derivation("ising", temperature=True, noise=True)
    matched = {beta: log((1 - p) / p)}
    at = {"alpha": "0.8", "q": "0.35", "qhat": "0.6", "p": "0.2"}
    with mp.workdps(50):
        one = evaluated(d.density.subs(matched), **at)
        other = evaluated(noisy.density.subs(matched), R=at["q"], Rhat=at["qhat"], **at)
        assert agree(one, other)
