"""Zero temperature: energies and entropies, each unknown determined at its own order."""

import pickle
from dataclasses import replace

import mpmath
import pytest
from sympy import Rational, Tuple, cosh, erf, exp, lambdify, log, oo, pi, sign, sqrt, symbols

import derive as dv
from derive.checks.limits import check_limit
from derive.checks.world import World
from tests.derive import limit_models as models
from tests.derive.limit_models import J, alpha, beta, h, m, q, r
from tests.derive.replica_models import MODELS
from tests.replica.table import value

C = symbols("C", positive=True)


def number(expr, point, digits=12):
    return float(expr.subs(point).evalf(digits))


def test_sherrington_kirkpatrick():
    cold = models.sherrington_kirkpatrick().limit(beta, oo)
    assert cold.unknowns == (C,)
    assert (cold.energy + sqrt(2 / pi) * J * exp(-(h**2) / (2 * J**2))).subs(h, 0).equals(0)
    at = {h: 0, J: 1}
    expected = value("sk_rs_T0")
    assert number(cold.energy, at) == pytest.approx(float(expected["energy"]), rel=1e-11, abs=0)
    entropy = cold.eliminate("C").entropy
    assert number(entropy, at) == pytest.approx(float(expected["entropy"]), rel=1e-11, abs=0)
    assert cold.observable("h") == erf(sqrt(2) * h / (2 * J))


def test_the_same_from_the_ensemble_with_its_check():
    d = MODELS["sherrington_kirkpatrick"]().limit("beta", oo)
    assert "q = -C/beta + 1" in d.steps[-1].assumptions
    J0 = next(s for s in d.parameters if s.name == "J0")
    field = next(s for s in d.parameters if s.name == "h")
    found = check_limit(d.steps[-1], World(d, {}, seed=1))
    assert found.order >= found.claimed
    assert not found.refuted
    by_hand = models.sherrington_kirkpatrick().limit(beta, oo).energy
    assert d.energy == by_hand.subs({J: J0, h: field})


@pytest.mark.slow
def test_one_step_of_replica_symmetry_breaking():
    """At the reference values of q0 and y = beta m the energy is right and stationary."""
    cold = models.one_step().limit(beta, oo)
    assert [str(u) for u in cold.unknowns] == ["q0", "C_q1", "btilde"]
    expected = value("sk_1rsb_T0")
    overlap, _, size = cold.unknowns
    energy = cold.energy.subs({J: 1, h: 0})
    point = {overlap: float(expected["q0"]), size: float(expected["y"])}
    assert number(energy, point) == pytest.approx(float(expected["energy"]), rel=1e-11, abs=0)
    row = cold.gradient[2].subs({J: 1, h: 0})
    assert abs(number(row, point, 8)) < 1e-9


def test_hopfield_is_the_theory_of_amit_gutfreund_and_sompolinsky():
    cold = models.hopfield().limit(beta, oo)
    width = cold.unknowns[1]
    right = {equation.lhs: equation.rhs for equation in cold.saddle_equations}
    assert right[m] == erf(m / sqrt(2 * alpha * r))
    assert (right[r] - 1 / (1 - width) ** 2).equals(0)
    expected = sqrt(2 / (pi * alpha * r)) * exp(-(m**2) / (2 * alpha * r))
    assert (right[width] - expected).equals(0)


@pytest.mark.parametrize("derived", [False, True], ids=["by hand", "from the ensemble"])
def test_hopfield_retrieval_ends_at_the_known_load(derived):
    phi = MODELS["hopfield"]().state if derived else models.hopfield()
    cold = phi.limit("beta", oo)
    end = cold.spinodal("alpha")
    start = {"m": 0.967, "C_q": 0.18, "r": 1.5, "alpha": 0.138}
    rows = lambdify(end.unknowns, end.system, "mpmath")
    with mpmath.mp.workdps(30):
        found = mpmath.findroot(lambda *at: rows(*at), [start[str(u)] for u in end.unknowns])
        load = found[len(end.unknowns) - 1]
        expected = value("hopfield_T0_capacity")["alpha"]
        assert abs(load - expected) < mpmath.mpf("1e-22")


def test_a_wrong_expansion_is_refuted():
    step = MODELS["sherrington_kirkpatrick"]().limit("beta", oo)
    right = step.steps[-1]
    eps, density, rows, order = right.details[0]
    doubled = Tuple(*(Tuple(p, k, 2 * c if p == 0 else c) for p, k, c in rows))
    wrong = replace(right, details=(Tuple(eps, density, doubled, order),))
    assert check_limit(wrong, World(step, {}, seed=1)).refuted


def test_spins_of_higher_order_interactions():
    """REM-like growth: -sqrt(p/pi) J for p spins, also for a symbolic p."""
    p = symbols("p", positive=True)
    three, many = (models.p_spin(k).limit(beta, oo) for k in (3, p))
    assert (three.energy + sqrt(3 / pi) * J).equals(0)
    assert (many.energy + sqrt(p / pi) * J).equals(0)
    assert (many.gradient[0].subs(p, 3) - three.gradient[0]).equals(0)


def test_without_disorder_the_spins_align():
    x = symbols("x", real=True)
    phi = log(2 * cosh(beta * (J * x + h))) - beta * J * x**2 / 2
    cold = dv.FreeEntropy(phi, x, beta=beta).limit(beta, oo)
    assert cold.saddle_equations[0].rhs == sign(J * x + h)
    assert cold.entropy == 0


def test_temperature_and_its_inverse_are_the_same_limit():
    T = symbols("T", positive=True)
    warm = models.sherrington_kirkpatrick()
    by_T = dv.FreeEntropy(warm.density.subs(beta, 1 / T), q, -1, beta=1 / T)
    cold = by_T.limit(T, 0, side="+")
    assert cold == warm.limit(beta, oo)
    assert by_T.limit(T, oo).density == log(2)


def test_continuous_variables_have_no_entropy_left():
    cold = MODELS["spherical_glass"]().limit("beta", oo)
    J0 = cold.parameters[0]
    assert cold.saddle_equations[0].lhs.subs(cold.unknowns[0], 1 / J0).equals(0)
    assert (cold.energy.subs(cold.unknowns[0], 1 / J0) + J0).equals(0)
    with pytest.raises(dv.LimitError, match="entropy diverges"):
        _ = cold.entropy


def test_a_scaling_may_be_given_and_must_name_a_new_symbol():
    D = symbols("D", positive=True)
    phi = models.sherrington_kirkpatrick()
    cold = phi.limit(beta, oo, scaling={q: 1 - D / beta})
    assert cold.unknowns == (D,)
    assert cold.gradient[0] == phi.limit(beta, oo).gradient[0].subs(C, D)
    with pytest.raises(dv.LimitError, match="one new unknown"):
        phi.limit(beta, oo, scaling={q: 1 - 1 / beta})
    with pytest.raises(dv.LimitError, match="balance"):
        phi.limit(beta, oo, scaling={q: 1 - D / beta**3})


def test_other_parameters_go_to_a_point():
    phi = models.sherrington_kirkpatrick()
    assert phi.limit(h, 0).density == phi.density.subs(h, 0)
    with pytest.raises(dv.LimitError, match="no limit as h -> oo"):
        phi.limit(h, oo)


def test_ground_states_survive_a_round_trip_and_hand_over():
    cold = models.hopfield().limit(beta, oo)
    assert pickle.loads(pickle.dumps(cold)) == cold
    assert cold.func(*cold.args) == cold
    equations = cold.equations()
    assert equations.unknowns == cold.unknowns
    assert [name for name, _ in equations.observables] == ["energy", "entropy"]
    assert r"-e = \lim" in cold._repr_latex_()
    without = cold.on_shell("r")
    assert without.unknowns == (m, cold.unknowns[1])
    at = {m: Rational(1, 2), cold.unknowns[1]: Rational(1, 5), alpha: Rational(1, 9)}
    at_value = cold.density.doit().subs(r, 1 / (1 - cold.unknowns[1]) ** 2)
    assert abs((without.density.doit() - at_value).subs(at).evalf(20)) < 1e-18
