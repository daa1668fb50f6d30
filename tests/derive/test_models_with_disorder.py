"""The files of models with quenched disorder give the free entropies that are known."""

import mpmath as mp
import pytest

from derive.models import hopfield, perceptron, regression, sherrington_kirkpatrick, teacher_student
from tests.derive.replica_values import agree, evaluated, log_tail, normal, numbers
from tests.replica.table import value

# -- what is known, in mpmath: every function of named order parameters and parameters ----


def log_2cosh(u):
    return abs(u) + mp.log1p(mp.exp(-2 * abs(u)))


def glass(beta, h, q, qhat):
    return (
        normal(lambda z: log_2cosh(beta * h + z), qhat)
        + beta**2 * (1 - q**2) / 4
        - (1 - q) * qhat / 2
    )


def biased_glass(beta, h, J0, q, qhat, m, mhat):
    one_site = normal(lambda z: log_2cosh(mhat + z), qhat)
    couplings = beta**2 * (1 - q**2) / 4 + beta * J0 * m**2 / 2 + beta * h * m
    return one_site + couplings - (1 - q) * qhat / 2 - m * mhat


def network(beta, alpha, q, qhat, m, mhat):
    rest = 1 - beta * (1 - q)
    patterns = -alpha / 2 * (mp.log(rest) - beta * q / rest)
    one_site = normal(lambda z: log_2cosh(mhat + z), qhat)
    return one_site + patterns + beta * m**2 / 2 - m * mhat - (1 - q) * qhat / 2


def sphere(q, qhat, what):
    scale = qhat + what
    return (q * qhat + qhat / scale + what - mp.log(scale) + mp.log(2 * mp.pi)) / 2


def stored(q, kappa):
    return normal(lambda z: log_tail((kappa - z) / mp.sqrt(1 - q)), q)


def volume(alpha, kappa, q, qhat, what):
    return alpha * stored(q, kappa) + sphere(q, qhat, what)


def binary_volume(alpha, kappa, q, qhat):
    return alpha * stored(q, kappa) - (1 - q) * qhat / 2 + normal(log_2cosh, qhat)


def with_errors(alpha, beta, kappa, q, qhat, what):
    def local(z):
        wrong = mp.erfc((z - kappa) / mp.sqrt(2 * (1 - q))) / 2
        return mp.log(1 - wrong + mp.exp(-beta) * wrong)

    return alpha * normal(local, q) + sphere(q, qhat, what)


def learned(q, R, local):
    """2 <H(-z R / sqrt(q (q - R^2))) local(-z)>: the teacher's label is + with that chance."""

    def given(z):
        chance = mp.erfc(-z * R / mp.sqrt(2 * q * (q - R**2))) / 2
        return 2 * chance * local(-z / mp.sqrt(1 - q))

    return normal(given, q)


def pupil(alpha, q, R, qhat, Rhat, what):
    agreement = sphere(q, qhat, what) - R * Rhat + Rhat**2 / (qhat + what) / 2
    return alpha * learned(q, R, log_tail) + agreement


def binary_pupil(alpha, q, R, qhat, Rhat):
    one_site = normal(lambda z: log_2cosh(Rhat + z), qhat)
    return alpha * learned(q, R, log_tail) - R * Rhat - (1 - q) * qhat / 2 + one_site


def tail(u):
    return mp.erfc(u / mp.sqrt(2)) / 2


def pupil_with_errors(alpha, beta, q, R, qhat, Rhat, what, p=0):
    def local(u):
        right = mp.log(tail(u) + mp.exp(-beta) * tail(-u))
        wrong = mp.log(tail(-u) + mp.exp(-beta) * tail(u))
        return (1 - p) * right + p * wrong

    agreement = sphere(q, qhat, what) - R * Rhat + Rhat**2 / (qhat + what) / 2
    return alpha * learned(q, R, local) + agreement


def ridge(alpha, beta, sigma, q, q_d, qhat, qhat_d, R, Rhat, **regularisation):
    spread = 1 + beta * (q_d - q)
    examples = mp.log(spread) + beta * (1 - 2 * R + q + sigma**2) / spread
    stiff = beta * regularisation["lambda"] + qhat - qhat_d
    weights = (qhat + Rhat**2) / stiff - mp.log(stiff) + mp.log(2 * mp.pi)
    return (-alpha * examples + weights + q * qhat - q_d * qhat_d) / 2 - R * Rhat


def absolute_deviations(alpha, beta, sigma, q, q_d, qhat, qhat_d, R, Rhat, **regularisation):
    width = q_d - q

    def local(x):
        below = mp.exp(-beta * x) * tail((beta * width - x) / mp.sqrt(width))
        above = mp.exp(beta * x) * tail((beta * width + x) / mp.sqrt(width))
        return beta**2 * width / 2 + mp.log(below + above)

    stiff = beta * regularisation["lambda"] + qhat - qhat_d
    weights = (qhat + Rhat**2) / stiff - mp.log(stiff) + mp.log(2 * mp.pi)
    examples = normal(local, 1 - 2 * R + q + sigma**2)
    return alpha * examples + (weights + q * qhat - q_d * qhat_d) / 2 - R * Rhat


POINT = {"q": "0.3", "qhat": "0.7", "m": "0.4", "mhat": "0.6", "what": "1.5", "q_d": "0.8"}
POINT |= {"R": "0.35", "Rhat": "0.45", "qhat_d": "-0.2", "sigma": "0.5", "lambda": "0.1"}
POINT |= {"alpha": "0.9", "beta": "0.8", "kappa": "-0.25", "h": "0.2", "J0": "0.7", "p": "0.15"}

MODELS = {
    "a spin glass in a field": (sherrington_kirkpatrick.derivation, glass),
    "a spin glass with a bias": (
        lambda: sherrington_kirkpatrick.derivation(bias=True),
        biased_glass,
    ),
    "an associative memory": (hopfield.derivation, network),
    "Ising weights": (lambda: perceptron.derivation("ising"), binary_volume),
    "a pupil without errors": (teacher_student.derivation, pupil),
}
LATER = {
    "spherical weights": (perceptron.derivation, volume),
    "counted errors": (lambda: perceptron.derivation(temperature=True), with_errors),
    "an Ising pupil": (lambda: teacher_student.derivation("ising"), binary_pupil),
    "ridge regression": (regression.derivation, ridge),
    "least absolute deviations": (
        lambda: regression.derivation(loss=lambda y, u: abs(y - u)),
        absolute_deviations,
    ),
    "a pupil with errors": (
        lambda: teacher_student.derivation(temperature=True),
        pupil_with_errors,
    ),
    "a pupil of a noisy teacher": (
        lambda: teacher_student.derivation(temperature=True, noise=True),
        pupil_with_errors,
    ),
}
ALL = [
    *(pytest.param(*case, id=name) for name, case in MODELS.items()),
    *(pytest.param(*case, id=name, marks=pytest.mark.slow) for name, case in LATER.items()),
]


@pytest.mark.parametrize(("derivation", "known"), ALL)
def test_the_free_entropy_is_the_known_one(derivation, known):
    density = derivation().density
    at = {s.name: POINT[s.name] for s in density.free_symbols}
    with mp.workdps(50):
        assert agree(evaluated(density, **at), known(**numbers(at)))


@pytest.mark.parametrize(("alpha", "kappa"), [("1.5", "0")])
def test_the_volume_of_solutions_is_as_tabulated(alpha, kappa):
    reduced = perceptron.derivation().eliminate("qhat", "what")
    (slope,) = reduced.gradient
    row = value(f"rs_q_alpha{alpha}_k{kappa}")
    with mp.workdps(40):
        at = {"q": mp.nstr(row["q"], 26), "alpha": alpha, "kappa": kappa}
        whole_sphere = (mp.log(2 * mp.pi) + 1) / 2
        assert agree(evaluated(reduced.density, **at) - whole_sphere, row["entropy"], 22)
        assert agree(evaluated(slope, **at), 0, 22)
