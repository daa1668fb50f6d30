"""Message passing: exact posteriors, state evolution on instances, and known fixed points."""

import numpy as np
import pytest
from scipy import integrate, optimize, special
from sympy import cosh, erfc, exp, log, pi, sqrt, symbols

import derive as dv
import numerics as nm
from tests.numerics import glasses

A, B, omega, y, z = symbols("A B omega y z", real=True)
V = symbols("V", positive=True)
Delta, lam, r = symbols("Delta lam r", positive=True)
GAUSS = B**2 / (2 * (1 + A)) - log(1 + A) / 2
RIDGE = B**2 / (2 * (lam + A)) - log(1 + A / lam) / 2
ISING = log(cosh(B)) - A / 2
SPARSE = log(1 - r + r * exp(B**2 / (2 * (1 + A))) / sqrt(1 + A))
SIGN = log(erfc(-y * omega / sqrt(2 * V)) / 2)
PROBIT = log(erfc(-y * omega / sqrt(2 * (V + Delta))) / 2)
NOISE = -((y - omega) ** 2) / (2 * (V + Delta)) - log(2 * pi * (V + Delta)) / 2
LOGISTIC = log(dv.GaussianAverage(1 / (1 + exp(-y * (omega + sqrt(V) * z))), z))

# prior, output, labels of y, outputs per unknown, parameters
CASES = {
    "perceptron": (GAUSS, SIGN, (-1, 1), 2.0, {}),
    "probit": (GAUSS, PROBIT, (-1, 1), 2.0, {"Delta": 0.3}),
    "cdma": (ISING, NOISE, None, 1.5, {"Delta": 0.4}),
    "ridge": (GAUSS, NOISE, None, 1.5, {"Delta": 0.25}),
    "ising_perceptron": (ISING, PROBIT, (-1, 1), 1.0, {"Delta": 0.2}),
    "logistic": (GAUSS, LOGISTIC, (-1, 1), 3.0, {}),
    "sparse_regression": (SPARSE, NOISE, None, 0.6, {"Delta": 0.05, "r": 0.3}),
}


def instance(name, n, rng):
    """Truth, matrix and data."""
    prior, _, labels, alpha, values = CASES[name]
    truth = rng.choice([-1.0, 1.0], n) if prior is ISING else rng.normal(size=n)
    if prior is SPARSE:
        truth *= rng.random(n) < values["r"]
    outputs = round(alpha * n)
    matrix = rng.normal(size=(outputs, n)) / np.sqrt(n)
    field = matrix @ truth + np.sqrt(values.get("Delta", 0.0)) * rng.normal(size=outputs)
    if name == "logistic":
        field += rng.logistic(size=outputs)  # whose distribution function is 1/(1 + exp(-x))
    return truth, matrix, field if labels is None else np.sign(field)


def solved(name, matrix, data, **how):
    prior, output, _, _, values = CASES[name]
    return nm.amp(matrix, data, log_prior=prior, log_output=output, **values, **how)


def evolved(name, **how):
    prior, output, labels, alpha, values = CASES[name]
    return nm.state_evolution(
        log_prior=prior, log_output=output, alpha=alpha, labels=labels, **values, **how
    )


def score(name, n, instances, seed):
    """How far the mean squared error of instances is from state evolution, and its error."""
    rng = np.random.default_rng(seed)
    errors = []
    for _ in range(instances):
        truth, matrix, data = instance(name, n, rng)
        found = solved(name, matrix, data, tolerance=1e-7)
        assert found.status == nm.Status.CONVERGED
        errors.append(np.mean((found.mean - truth) ** 2))
    return np.mean(errors) - evolved(name).mse, np.std(errors, ddof=1) / np.sqrt(instances)


def test_instances_follow_state_evolution():
    found = [score(name, 500, 8, seed) for seed, name in enumerate(("perceptron", "cdma"), start=1)]
    assert nm.combined_p_value(*zip(*found, strict=True), dof=7) > 1e-3, found


@pytest.mark.slow
def test_large_instances_follow_state_evolution():
    found = [score(name, 2000, 12, seed) for seed, name in enumerate(CASES, start=11)]
    assert nm.combined_p_value(*zip(*found, strict=True), dof=11) > 1e-3, found


def test_every_step_follows_state_evolution():
    """Before convergence too: the overlap after one, two, ... steps."""
    trajectory = evolved("ridge").trajectory
    rng = np.random.default_rng(3)
    overlaps = []
    for _ in range(8):
        truth, matrix, data = instance("ridge", 400, rng)
        runs = [solved("ridge", matrix, data, max_steps=steps) for steps in (1, 2, 4)]
        assert {run.status for run in runs} == {nm.Status.MAX_STEPS}
        overlaps.append([np.mean(run.mean * truth) for run in runs])
    error = np.std(overlaps, axis=0, ddof=1) / np.sqrt(8)
    deviation = np.mean(overlaps, axis=0) - trajectory[[1, 2, 4], 0]
    assert [nm.combined_p_value(*one, dof=7) > 1e-4 for one in zip(deviation, error, strict=True)]
    assert trajectory[1, 0] < trajectory[2, 0] - 0.05 < trajectory[4, 0] - 0.1


@pytest.mark.parametrize("damping", [0.0, 0.4])
@pytest.mark.parametrize("shape", [(150, 100), (60, 100)])
def test_gaussian_regression_is_solved_exactly(shape, damping):
    """Whatever the instance: the fixed point of message passing is the ridge solution."""
    rng = np.random.default_rng(4)
    matrix, data = rng.normal(size=shape) / np.sqrt(shape[1]), rng.normal(size=shape[0])
    found = nm.amp(
        matrix, data, log_prior=RIDGE, log_output=NOISE, damping=damping, lam=2.0, Delta=0.3
    )
    expected = np.linalg.solve(matrix.T @ matrix + 0.6 * np.eye(shape[1]), matrix.T @ data)
    assert found.status == nm.Status.CONVERGED
    np.testing.assert_allclose(found.mean, expected, rtol=0, atol=1e-8 * abs(expected).max())


@pytest.mark.parametrize("name", CASES)
def test_the_truth_looks_like_a_sample_of_the_posterior(name):
    """Nishimori: m = q and V = rho - q where prior and likelihood are those of the truth."""
    found = evolved(name)
    assert found.status == nm.Status.CONVERGED
    assert 0.2 * found.rho < found.q < 0.99 * found.rho
    assert found.m == pytest.approx(found.q, rel=1e-9, abs=0)
    assert found.variance == pytest.approx(found.rho - found.q, rel=1e-9, abs=0)
    assert found.mse == pytest.approx(found.variance, rel=1e-8, abs=0)


def normal(x):
    return np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)


def test_known_fixed_points():
    """Gyorgyi and Tishby (1990) for the perceptron, Tanaka (2002) for CDMA, by SciPy."""

    def perceptron(q):
        def f(x):
            return normal(x) * np.exp(-q * x * x / 2) / special.ndtr(-np.sqrt(q) * x)

        return 2.0 / np.pi * np.sqrt(1 - q) * integrate.quad(f, -9, 9, epsabs=1e-13)[0] - q

    def cdma(q):
        field = 1.5 / (0.4 + 1 - q)

        def f(x):
            return normal(x) * np.tanh(field + np.sqrt(field) * x)

        return integrate.quad(f, -9, 9, epsabs=1e-13)[0] - q

    for name, function in (("perceptron", perceptron), ("cdma", cdma)):
        expected = optimize.brentq(function, 0.3, 0.95, xtol=1e-13)
        assert evolved(name).q == pytest.approx(expected, rel=1e-9, abs=0)


def test_a_student_with_other_assumptions():
    """Ridge regression of wrong strength and wrong noise: the closed equations."""
    alpha, strength, noise, true_noise = 1.5, 2.0, 0.5, 0.2
    found = nm.state_evolution(
        log_prior=RIDGE, log_output=NOISE, alpha=alpha, lam=strength, Delta=noise,
        true_prior=GAUSS, true_output=NOISE.subs(Delta, true_noise),
    )  # fmt: skip
    width = optimize.brentq(lambda v: v * (strength + alpha / (noise + v)) - 1, 1e-9, 1)
    m = 1 - strength * width
    # q = (A^2 + q_hat) V^2 and q_hat = alpha (1 - 2 m + q + true noise)/(noise + V)^2
    share = alpha * (width / (noise + width)) ** 2
    q = (m**2 + share * (1 - 2 * m + true_noise)) / (1 - share)
    assert (found.m, found.q, found.variance) == pytest.approx((m, q, width), rel=1e-9, abs=0)


def test_tap_solutions_of_the_sherrington_kirkpatrick_model():
    """Self-consistent to rounding, and of the replica-symmetric self-overlap."""
    rng = np.random.default_rng(5)
    overlaps = []
    for _ in range(8):
        couplings = rng.normal(size=(700, 700)) / np.sqrt(700)
        couplings = np.triu(couplings, 1) + np.triu(couplings, 1).T
        found = nm.tap(couplings, 0.3, beta=0.8)
        assert found.status == nm.Status.CONVERGED
        reaction = 0.8 * found.m * (couplings**2 @ (1 - found.m**2))
        again = np.tanh(0.8 * (0.3 + couplings @ found.m - reaction))
        np.testing.assert_allclose(found.m, again, rtol=0, atol=1e-8)
        overlaps.append(found.q)
    deviation = np.mean(overlaps) - glasses.sk_rs(0.8, 0.3)["q"]
    assert nm.combined_p_value(deviation, np.std(overlaps, ddof=1) / np.sqrt(8), dof=7) > 1e-3


def test_tap_beyond_the_de_almeida_thouless_line_says_that_it_did_not_converge():
    couplings = np.random.default_rng(6).normal(size=(300, 300)) / np.sqrt(300)
    found = nm.tap((couplings + couplings.T) / np.sqrt(2), 0.05, beta=2.0, max_steps=200)
    assert found.status == nm.Status.MAX_STEPS
    assert found.steps == 200
    assert "largest number of steps" in repr(found)


MATRIX, DATA = np.eye(3), np.ones(3)


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        ({"y": np.ones(2)}, nm.ShapeError, "y \\(2,\\)"),
        ({"matrix": np.full((3, 3), np.nan)}, nm.NotANumberError, "nan"),
        ({"matrix": 1j * MATRIX}, nm.NotANumberError, "matrix must be real numbers"),
        ({"Delta": None}, nm.MissingParameterError, "Delta of log_output has no value"),
        ({"delta": 1.0}, nm.UnknownParameterError, "no parameter delta; there are: Delta"),
        ({"log_prior": A}, nm.MissingParameterError, "does not depend on B"),
        ({"log_output": "omega"}, nm.UnsupportedExpressionError, "no expression"),
        ({"damping": 1.0}, nm.DomainError, "damping=1.0"),
        ({"tolerance": 0.0}, nm.DomainError, "tolerance"),
        ({"max_steps": 0}, nm.DomainError, "max_steps"),
        ({"Delta": -1.0}, nm.DomainError, "Delta"),
    ],
)
def test_what_message_passing_refuses(changes, error, text):
    arguments = {"matrix": MATRIX, "y": DATA, "log_prior": GAUSS, "log_output": NOISE, "Delta": 0.5}
    given = {name: value for name, value in {**arguments, **changes}.items() if value is not None}
    with pytest.raises(error, match=text):
        nm.amp(given.pop("matrix"), given.pop("y"), **given)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"alpha": 0.0}, "alpha=0.0"),
        ({"log_prior": GAUSS + 1}, "prior of the truth sums to exp\\(1\\)"),
        ({"log_output": NOISE + 1}, "likelihood of the truth sums to 2.718"),
        ({"labels": (-1, 1)}, "likelihood of the truth sums to"),
        ({"labels": (1, 1)}, "different values of y"),
    ],
)
def test_what_state_evolution_refuses(changes, text):
    arguments = {"log_prior": GAUSS, "log_output": NOISE, "alpha": 1.0, "Delta": 0.5}
    with pytest.raises(nm.DomainError, match=text):
        nm.state_evolution(**{**arguments, **changes})


def test_what_tap_refuses():
    for couplings, changes, error in (
        (np.ones((2, 3)), {}, nm.ShapeError),
        (np.array([[0, 1], [2, 0]]), {}, nm.SymmetryError),
        (np.full((2, 2), np.inf), {}, nm.NotANumberError),
        (np.ones((2, 2)), {"beta": 0.0}, nm.DomainError),
        (np.ones((2, 2)), {"start": 2.0}, nm.DomainError),
        (np.ones((2, 2)), {"fields": np.ones(3)}, nm.ShapeError),
    ):
        with pytest.raises(error):
            nm.tap(couplings, **{"beta": 1.0, **changes})
