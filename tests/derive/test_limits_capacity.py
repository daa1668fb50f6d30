"""Capacities: the leading balance of a free entropy as an overlap goes to its end."""

import pickle

import pytest
from mpmath import mp
from sympy import Rational, erfc, exp, log, pi, sqrt, symbols

import derive as dv
from tests.derive import limit_models as models
from tests.derive.limit_models import alpha, beta, kappa, q, qhat
from tests.derive.replica_models import MODELS
from tests.replica.table import value

THRESHOLD = symbols("theta", real=True)


def digits(expr, **numbers):
    given = {str(s): s for s in expr.free_symbols}
    point = {given[name]: number for name, number in numbers.items()}
    return float(expr.subs(point).evalf(20))


@pytest.mark.parametrize("margin", ["-1", "-0.5", "0", "0.25", "0.5", "1", "1.5", "2", "3", "5"])
def test_gardner(margin):
    closed = models.gardner().limit(q, 1).solve_for(alpha)
    expected = value(f"alpha_c_k{margin}")
    with mp.workdps(30):
        found = mp.mpf(str(closed.subs(kappa, Rational(margin)).evalf(30)))
        assert abs(found - expected) < mp.mpf("1e-23") * expected


def test_gardner_reads_as_in_the_paper():
    """Phys. A 21, 257 (1988): alpha times the average of (kappa - x)**2 below kappa is one."""
    capacity = models.gardner().limit(q, 1)
    latex = capacity._repr_latex_()
    assert r"\int Dx\, (x - \kappa)^{2} \theta(\kappa - x)" in latex
    assert capacity.term == 1 / (1 - q)
    assert capacity.unknowns == ()
    assert capacity.conditions == []


def test_the_move_records_what_was_assumed():
    d = MODELS["gardner"]().limit("q", 1)
    step = d.steps[-1]
    assert str(step).startswith("limit(q, 1): asymptotic")
    assert step.assumptions[0] == "q -> 1 from below"
    expected = value("alpha_c_k0.5")
    assert digits(d.solve_for("alpha"), kappa=0.5) == pytest.approx(float(expected), rel=1e-14)


def test_a_conjugate_scales_along():
    """At q -> 1 the Ising perceptron has 2/pi of the capacity of the spherical one."""
    capacity = models.ising_perceptron().limit(q, 1)
    assert capacity.unknowns == (symbols("qhattilde", positive=True),)
    ratio = capacity.solve_for(alpha) / models.gardner().limit(q, 1).solve_for(alpha)
    assert digits(ratio, kappa=0.3) == pytest.approx(float((2 / pi).evalf()), rel=1e-14)
    written = capacity.eliminate(*capacity.unknowns)
    assert written.solve_for("alpha") == capacity.solve_for("alpha")


def test_a_scaling_may_be_given():
    r = symbols("r", positive=True)
    capacity = models.ising_perceptron().limit(q, 1, scaling={qhat: r / (1 - q) ** 2})
    assert capacity.unknowns == (r,)


def test_two_kinds_of_patterns():
    capacity = models.biased_outputs(Rational("0.8"), Rational("0.3")).limit(q, 1)
    expected = value("biased_outputs_alpha_c_f0.8_t0.3_k0")
    assert digits(capacity.solve_for(alpha), kappa=0) == pytest.approx(float(expected), rel=1e-14)


def test_an_unknown_that_stays_finite_is_stationary_in_the_balance():
    """The threshold of largest capacity, solved for by a root finder."""
    import mpmath
    from sympy import lambdify

    fixed = models.biased_outputs(Rational("0.8"), THRESHOLD)
    free = dv.FreeEntropy(fixed.density.subs(kappa, 0), (q, THRESHOLD), (-1, 1))
    equations = free.limit(q, 1).equations("alpha")
    assert equations.unknowns == (THRESHOLD, alpha)
    rows = lambdify(equations.unknowns, equations.residuals, "mpmath")
    found = mpmath.findroot(lambda *at: rows(*at), (-0.5, 2.5))
    expected = value("biased_outputs_best_f0.8_k0")
    assert float(found[0]) == pytest.approx(float(expected["theta"]), rel=1e-12, abs=0)
    assert float(found[1]) == pytest.approx(float(expected["alpha_c"]), rel=1e-12, abs=0)


def test_no_capacity_where_errors_are_allowed():
    with pytest.raises(dv.LimitError, match=r"no capacity.*whatever the parameters.*stays away"):
        MODELS["counted_errors"]().limit("q", 1)


def test_no_capacity_where_the_balance_has_one_sign():
    rewarded = dv.FreeEntropy(models.sphere() - alpha * models.log_volume(kappa), q, -1)
    capacity = rewarded.limit(q, 1)
    with pytest.raises(dv.LimitError, match=r"no capacity.*same sign"):
        capacity.solve_for(alpha)


def test_no_capacity_where_nothing_diverges():
    flat = dv.FreeEntropy(alpha * q**2 - q, q, -1)
    with pytest.raises(dv.LimitError, match="stays finite"):
        flat.limit(q, 1)


def test_what_has_no_closed_form_or_no_name():
    capacity = models.gardner().limit(q, 1)
    with pytest.raises(dv.DeriveError, match="equations\\('kappa'\\) numerically"):
        capacity.solve_for("kappa")
    with pytest.raises(dv.ParameterError, match="say which of alpha, kappa"):
        capacity.equations()
    with pytest.raises(dv.ParameterError, match="beta"):
        capacity.solve_for("beta")
    spins = dv.Ising("s", dv.Index("i", dv.size("N")))
    with pytest.raises(dv.MoveError, match="saddle_point"):
        dv.Ensemble(trace=spins, exponent=0).derive().limit("q", 1)


def test_capacities_survive_a_round_trip_and_carry_notes():
    capacity = models.ising_perceptron().limit(q, 1)
    noted = capacity.noted("unstable for negative margins")
    assert noted.notes == ("unstable for negative margins",)
    for found in (capacity, noted):
        assert pickle.loads(pickle.dumps(found)) == found
        assert found.func(*found.args) == found
    assert noted.solve_for(alpha) == capacity.solve_for(alpha)


def test_a_likelihood_without_a_hard_margin():
    """exp(-beta (kappa - lam)_+^2) as beta -> oo: the minimal energy above capacity."""
    lam, x = symbols("lam x", real=True)
    from sympy import Max, oo

    inner = dv.GaussianAverage(exp(-beta * Max(0, kappa - lam) ** 2), lam, mean=x, covariance=1 - q)
    phi = alpha * dv.GaussianAverage(log(inner), x, covariance=q) + models.sphere()
    cold = dv.FreeEntropy(phi, q, -1, beta=beta).limit(beta, oo)
    (width,) = cold.unknowns
    below = (1 + kappa**2) * erfc(-kappa / sqrt(2)) / 2
    below += kappa * exp(-(kappa**2) / 2) / sqrt(2 * pi)
    energy = alpha * below / (1 + 2 * width) - 1 / (2 * width)
    difference = (cold.energy - energy).subs({kappa: Rational(1, 3), width: 2, alpha: 3})
    assert abs(difference.evalf(25)) < 1e-22
