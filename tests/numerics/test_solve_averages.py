"""Saddle equations with Gaussian averages: overlaps to q -> 1, capacity, spinodals, grids."""

import numpy as np
import pytest
from scipy.special import ndtr
from sympy import Rational, Symbol, cosh, erf, erfc, exp, log, oo, pi, sqrt, symbols, tanh

import derive as dv
import numerics as nm
from derive.equations import Equations
from derive.saddle.free_entropy import FreeEntropy
from numerics.errors import DomainError, UnknownParameterError
from numerics.solvers import BranchError, Status
from tests.replica.table import row, value

q, m, z, x, h = symbols("q m z x h", real=True)
kappa, conjugate = symbols("kappa qh", real=True)
alpha, beta = symbols("alpha beta", positive=True)

TAIL = log(erfc((kappa - x) / sqrt(2 * (1 - q))) / 2)
STORED = alpha * dv.GaussianAverage(TAIL, x, covariance=q)
PERCEPTRON = FreeEntropy(STORED + log(1 - q) / 2 + q / (2 * (1 - q)), q, -1)
ISING = FreeEntropy(
    STORED - conjugate * (1 - q) / 2 + dv.GaussianAverage(log(2 * cosh(sqrt(conjugate) * z)), z),
    (q, conjugate),
    (-1, 1),
)
GLASS = FreeEntropy(
    dv.GaussianAverage(log(2 * cosh(beta * (h + z))), z, covariance=q) + beta**2 * (1 - q) ** 2 / 4,
    q,
    -1,
    beta=beta,
)
FIELD = beta * (m + sqrt(alpha * q) / (1 - beta * (1 - q)) * z)
MEMORY = Equations(
    (m, q),
    (alpha, beta),
    (),
    update=(dv.GaussianAverage(tanh(FIELD), z), dv.GaussianAverage(tanh(FIELD) ** 2, z)),
    bounds=((-1, 1), (0, 1)),
)


R, Rh = symbols("R Rh", real=True)
MISSED = erfc(-sqrt(R / (1 - R)) * x / sqrt(2)) / 2
ENTROPY = (
    2 * alpha * dv.GaussianAverage(MISSED * log(MISSED), x)
    + dv.GaussianAverage(log(2 * cosh(sqrt(Rh) * z + Rh)), z)
    - R * Rh
    - Rh * (1 - R) / 2
)
STUDENT = Equations(
    (R, Rh), (alpha,), (), residuals=(ENTROPY.diff(R), ENTROPY.diff(Rh)), potential=ENTROPY
)


def parameters(key):
    return {name: float(number) for name, number in row(key)["params"].items()}


def capacity(margin):
    density = np.exp(-(margin**2) / 2) / np.sqrt(2 * np.pi)
    return 1 / ((1 + margin**2) * ndtr(margin) + margin * density)


@pytest.mark.parametrize(
    "key",
    [
        "rs_q_alpha0.25_k0",
        "rs_q_alpha1_k0",
        "rs_q_alpha1.9_k0",
        "rs_q_alpha0.3_k1",
        "rs_q_alpha8_k-1",
    ],
)
def test_overlaps_and_entropies_of_the_perceptron(key):
    known = value(key)
    found = nm.solve(PERCEPTRON, **parameters(key))
    assert found.status == Status.CONVERGED
    assert found.stable.all()
    assert float(found["q"][0]) == pytest.approx(float(known["q"]), rel=1e-13, abs=0)
    assert float(found.potential[0]) == pytest.approx(float(known["entropy"]), rel=1e-12, abs=0)


def test_next_to_capacity_the_distance_from_one_keeps_digits():
    """1 - q = (2 - alpha)/4 + ... for kappa = 0, whose next order is (2 - alpha)^(3/2)."""
    gap = np.array([1e-5, 1e-6, 1e-7])
    found = nm.solve(PERCEPTRON, alpha=2 - gap, kappa=0)
    assert (found.status == Status.CONVERGED).all()
    ratio = (1 - found["q"].data[:, 0]) / gap
    assert abs(ratio - 0.25).max() < 1e-3
    assert (np.diff(abs(ratio - 0.25)) < 0).all()


@pytest.mark.parametrize(("load", "margin"), [(2.0000001, 0.0), (2.5, 0.0), (0.52, 1.0)])
def test_above_capacity_there_is_no_solution_but_a_limit(load, margin):
    found = nm.solve(PERCEPTRON, alpha=load, kappa=margin)
    assert found.status == Status.AT_END
    assert found.count == 0
    assert found.best("q") == 1
    assert found.sentence().startswith("no solution with q < 1")


def test_parameters_out_of_their_domain_are_refused_by_name():
    with pytest.raises(DomainError, match="alpha"):
        nm.solve(PERCEPTRON, alpha=-1, kappa=0)
    with pytest.raises(UnknownParameterError, match="did you mean kappa"):
        nm.solve(PERCEPTRON, alpha=1, kapa=0)


@pytest.mark.parametrize("key", ["sk_b1.25_h0.5", "sk_b2_h0"])
def test_overlaps_of_the_spin_glass(key):
    known = float(value(key)["q"])
    found = nm.solve(GLASS, **{k: v for k, v in parameters(key).items() if k in ("beta", "h")})
    assert float(found["q"][-1]) == pytest.approx(known, rel=1e-13, abs=0)
    assert found["q"].compressed().tolist()[:-1] == ([0.0] if "h0" in key[-2:] else [])


def test_the_ising_perceptron_has_two_order_parameters():
    key = "ising_perceptron_a0.7_k0"
    known = value(key)
    found = nm.solve(ISING, **parameters(key), starts={"q": 0.4, "qh": 1.0})
    assert float(found["q"][0]) == pytest.approx(float(known["q"]), rel=1e-12, abs=0)
    assert float(found["qh"][0]) == pytest.approx(float(known["qh"]), rel=1e-12, abs=0)
    assert float(found.potential[0]) == pytest.approx(float(known["entropy"]), rel=1e-12, abs=0)


def test_a_map_is_what_its_points_are():
    margins = np.linspace(-0.5, 1, 40)
    loads = np.linspace(0.1, 1.2, 36)[:, None] * capacity(margins)
    found = nm.solve(PERCEPTRON, alpha=loads, kappa=margins)
    below = loads < capacity(margins)
    assert (found.status[below] == Status.CONVERGED).all()
    assert (found.status[~below] == Status.AT_END).all()
    for at in [(3, 5), (17, 30), (28, 39)]:
        alone = nm.solve(PERCEPTRON, alpha=loads[at], kappa=margins[at[1]])
        assert found["q"][at][0] == pytest.approx(alone["q"][0], rel=1e-13, abs=0)


# -- spinodals -----------------------------------------------------------------------------------


def test_the_capacity_of_the_memory_at_zero_temperature():
    """m = erf(m/sqrt(2 alpha r)): a fold of elementary equations."""
    C, r = Symbol("C", real=True), Symbol("r", positive=True)
    slope = sqrt(2 / (pi * alpha * r)) * exp(-(m**2) / (2 * alpha * r))
    update = (erf(m / sqrt(2 * alpha * r)), slope, 1 / (1 - C) ** 2)
    memory = Equations((m, C, r), (alpha,), (), update=update, bounds=((-1, 1), (0, 1), (0, oo)))
    start = {"m": 1, "C": 0.05, "r": 1.2}
    found = nm.spinodal(memory, "alpha", (0.1, 0.2), start=start)
    assert found.status == Status.CONVERGED
    known = float(value("hopfield_T0_capacity")["alpha"])
    assert found.value == pytest.approx(known, rel=4e-16, abs=0)


def test_the_end_of_retrieval_on_heating():
    known = value("hopfield_TM_a0.05")
    temperature = 1 / known["beta"] if "beta" in known else known["T"]
    found = nm.spinodal(MEMORY, "beta", (4.0, 1.0), alpha=0.05, start={"m": 0.99, "q": 0.98})
    assert found.status == Status.CONVERGED
    assert 1 / found.value == pytest.approx(float(temperature), rel=1e-12, abs=0)
    assert found.error < 1e-12


def test_a_branch_with_averages_that_goes_on_has_no_spinodal():
    found = nm.spinodal(MEMORY, "alpha", (0.01, 0.02), beta=2.0, start={"m": 0.96, "q": 0.93})
    assert found.status == Status.NO_BRANCH


@pytest.mark.slow
def test_the_branch_of_retrieval_ends_at_its_spinodal():
    loads = [0.04, 0.05, 0.058, 0.06]
    start = {"m": 0.93, "q": 0.87}
    branch = nm.continue_branch(MEMORY, "alpha", loads, beta=2.0, starts=start)
    retrieval = branch["m"].data.max(axis=1) > 0.5
    fold = nm.spinodal(MEMORY, "alpha", (0.04, 0.1), beta=2.0, start=start)
    assert retrieval.tolist() == [load < fold.value for load in loads]


@pytest.mark.slow
def test_a_student_of_ising_weights_learns_at_once():
    """Its entropy vanishes where perfect learning takes over, and its branch folds beyond."""
    start = {"R": 0.69, "Rh": 1.56}
    learns, folds = value("ising_teacher_transition"), value("ising_teacher_spinodal")
    whole = Equations((*STUDENT.unknowns, alpha), (), (), residuals=(*STUDENT.residuals, ENTROPY))
    found = nm.solve(whole, starts={**start, "alpha": 1.2})
    assert float(found["alpha"][0]) == pytest.approx(float(learns["alpha"]), rel=1e-12, abs=0)
    assert float(found["R"][0]) == pytest.approx(float(learns["R"]), rel=1e-12, abs=0)
    spinodal = nm.spinodal(STUDENT, "alpha", (1.3, 1.7), start=start)
    assert spinodal.status == Status.CONVERGED
    assert spinodal.value == pytest.approx(float(folds["alpha"]), rel=1e-13, abs=0)
    assert spinodal.state["R"] == pytest.approx(float(folds["R"]), rel=1e-7, abs=0)


def test_a_spinodal_needs_a_branch_to_begin_with():
    with pytest.raises(BranchError, match="no branch to follow at alpha"):
        nm.spinodal(PERCEPTRON, "alpha", (2.5, 1.0), kappa=0)


# -- what derivatives share ----------------------------------------------------------------------


def test_averages_over_one_law_are_joined_and_cancel():
    """d/dq <log H> = -<(G/H)^2>/(2 (1 - q)) by Stein's lemma."""
    slope = dv.GaussianAverage.joined(STORED.diff(q))
    (average,) = slope.atoms(dv.GaussianAverage)
    tau = (kappa - x) / sqrt(1 - q)
    ratio = exp(-(tau**2) / 2) / sqrt(2 * pi) / (erfc(tau / sqrt(2)) / 2)
    wanted = -alpha / (2 * (1 - q)) * ratio**2
    at = {q: Rational(1, 3), kappa: Rational(2, 5), alpha: 1}
    (bound,) = average.variables
    here = (slope / average * average.integrand).subs({**at, bound: Rational(1, 7)}).n(30)
    assert abs(here - wanted.subs({**at, x: Rational(1, 7)}).n(30)) < 1e-28


def test_jacobians_over_the_nodes_of_residuals_are_their_slopes():
    from numerics.problem.given import bind
    from numerics.problem.system import System

    equations = PERCEPTRON.equations()
    system = System(equations, bind(equations, {"alpha": 1.9, "kappa": 0.3}))
    gap = np.array([0.9, 0.5, 0.1, 1e-3, 1e-5])
    states, rows = 1 - gap[:, None], np.zeros(5, dtype=int)
    step = 1e-5 * gap[:, None]
    ahead, behind = (system.residual(states + side * step, rows) for side in (1, -1))
    slope = (ahead - behind) / (2 * step)
    np.testing.assert_allclose(system.linear(states, rows)[1][:, 0], slope, rtol=1e-4)
