"""Spinodals, transitions and branches that keep their identity."""

import mpmath as mp
import numpy as np
import pytest
from sympy import cosh, exp, log, symbols, tanh

from derive.equations import Equations
from numerics.errors import ShapeError, UnknownParameterError
from numerics.solvers import (
    BranchError,
    ProblemError,
    Status,
    TransitionKind,
    continue_branch,
    solve,
    spinodal,
    transition,
)
from tests.numerics.models import CURIE_WEISS, NETWORK, POTTS, beta, m

EPS = np.finfo(float).eps

# T: m_s, |h_s| at J = 1, to 25 digits (analytic).
SPINODALS = {
    0.5: ("0.7071067811865475244008443621", "0.2664199876767760117845396996"),
    0.8: ("0.4472135954999579392818347337", "0.06224413545227518128362760301"),
}

x, a = symbols("x a", real=True)


@pytest.mark.parametrize(("temperature", "known"), SPINODALS.items())
@pytest.mark.parametrize("side", [1, -1])
def test_spinodal_fields_of_the_magnet(temperature, known, side):
    m_s, h_s = (float(number) for number in known)
    found = spinodal(CURIE_WEISS, "h", (0.5 * side, -0.5 * side), beta=1 / temperature, J=1)
    assert found.status == Status.CONVERGED
    assert abs(found.value + side * h_s) <= 2 * EPS
    assert abs(found.state["m"] - side * m_s) <= 4 * EPS
    assert abs(found.value + side * h_s) <= found.error < 1e-14


def test_the_spinodal_may_be_asked_for_in_temperature():
    field = -float(SPINODALS[0.8][1])
    found = spinodal(CURIE_WEISS, "beta", (2.0, 0.9), J=1, h=field, start={"m": 0.95})
    assert found.value == pytest.approx(1.25, rel=1e-13, abs=0)


def test_the_critical_point_is_a_degenerate_fold():
    found = spinodal(CURIE_WEISS, "beta", (1.5, 0.5), J=1, h=0.0)
    assert found.status == Status.MARGINAL
    assert abs(found.value - 1) <= found.error < 1e-5


def test_a_branch_that_goes_on_has_no_spinodal():
    assert spinodal(CURIE_WEISS, "h", (0.1, 1.0), beta=2, J=1).status == Status.NO_BRANCH


def test_the_fold_of_a_vector_unknown_has_a_singular_jacobian():
    couplings = np.array([[0.0, 2.0, 1.0], [2.0, 0.5, 1.5], [1.0, 1.5, 0.0]])
    found = spinodal(NETWORK, "h", (0.5, -1.0), beta=2.0, w=couplings)
    assert found.status == Status.CONVERGED
    V = found.state["V"]
    singular = np.eye(3) - 2.0 / 3 * (1 - V**2)[:, None] * couplings
    assert abs(np.linalg.det(singular)) < 1e-13
    np.testing.assert_allclose(V, np.tanh(2 * (couplings @ V / 3 + found.value)), rtol=1e-14)


def test_spinodal_refuses_what_cannot_be_followed():
    gap = Equations((x,), (a,), (), residuals=(x**2 + a,), bounds=((-2, 2),))
    with pytest.raises(BranchError, match="no branch to follow at a=1"):
        spinodal(gap, "a", (1, 2), start={"x": 0.5})
    with pytest.raises(UnknownParameterError, match="gamma"):
        spinodal(CURIE_WEISS, "gamma", (1, 2), beta=1, J=1, h=0)


def test_the_field_driven_transition_is_at_zero_field():
    found = transition(CURIE_WEISS, "h", (-0.3, 0.45), beta=1.25, J=1)
    assert found.status == TransitionKind.FIRST_ORDER
    assert abs(found.value) <= found.error < 1e-14
    assert found.before["m"] == pytest.approx(-found.after["m"], rel=1e-14, abs=0)


@pytest.mark.parametrize("temperature", [0.25, 0.9683631893501419, 0.9782451240708951, 0.9999])
def test_weak_transitions_hide_in_one_cell_and_are_found(temperature):
    # both folds lie within |h_s| = m_s - T artanh m_s of zero, down to 7e-7
    m_s = np.sqrt(1 - temperature)
    h_s = m_s - temperature * np.arctanh(m_s)
    inverse = 1 / temperature
    found = transition(CURIE_WEISS, "h", (-0.454, 0.801), beta=inverse, J=1)
    assert found.status == TransitionKind.FIRST_ORDER
    assert abs(found.value) <= found.error < 1e-13
    fold = spinodal(CURIE_WEISS, "h", (1.0, -1.0), beta=inverse, J=1)
    assert fold.status == Status.CONVERGED
    # m_s and h_s inherit the rounding of 1/T: d h_s / d T = - artanh m_s
    assert abs(fold.value + h_s) <= fold.error + 4 * EPS * np.arctanh(m_s)
    assert abs(fold.state["m"] - m_s) <= fold.error + EPS / m_s


def test_potts_has_its_first_order_transition_where_mean_field_theory_says():
    found = transition(POTTS, "K", (2.0, 3.5))
    assert found.status == TransitionKind.FIRST_ORDER
    assert found.value == pytest.approx(4 * np.log(2), rel=1e-14, abs=0)  # 2(q-1)/(q-2) log(q-1)
    np.testing.assert_allclose(list(found.before.values()), 1 / 3, rtol=1e-14)
    # the jump of the order parameter is (q-2)/(q-1) = 1/2: x = (2/3, 1/6, 1/6)
    np.testing.assert_allclose(sorted(found.after.values()), [1 / 6, 1 / 6, 2 / 3], rtol=1e-12)


def test_a_coexistence_region_much_narrower_than_the_interval_is_found():
    found = transition(POTTS, "K", (0.01, 300.0))
    assert found.value == pytest.approx(4 * np.log(2), rel=1e-13, abs=0)


def test_the_transition_of_the_three_spin_ferromagnet():
    # exponent = beta M**3 / N**2: phi = -2 beta m**3 + log 2 cosh(3 beta m**2)
    three = Equations(
        (m,),
        (beta,),
        (),
        update=(tanh(3 * beta * m**2),),
        potential=-2 * beta * m**3 + log(2 * cosh(3 * beta * m**2)),
        bounds=((-1, 1),),
    )
    found = transition(three, "beta", (0.3, 1.5))
    with mp.workdps(30):
        known = mp.findroot(
            lambda b, v: (
                -2 * b * v**3 + mp.log(mp.cosh(3 * b * v**2)),
                v - mp.tanh(3 * b * v**2),
            ),
            (0.67, 0.95),
        )
    assert found.status == TransitionKind.FIRST_ORDER
    assert found.value == pytest.approx(float(known[0]), rel=1e-14, abs=0)
    assert found.after["m"] == pytest.approx(float(known[1]), rel=1e-13, abs=0)


def test_a_continuous_transition_is_told_from_a_first_order_one():
    found = transition(CURIE_WEISS, "beta", (0.5, 1.7), J=1, h=0.0)
    assert found.status == TransitionKind.CONTINUOUS
    assert abs(found.value - 1) < 1e-9
    assert "continuous" in found.status.sentence
    # spin 1 in a crystal field: <S**2> = 1/2 at m = 0 is critical for beta J = 2
    field = 1 + 2 * exp(-2 * a) * cosh(2 * m)
    spin_one = Equations((m,), (a,), (), potential=log(field) - m**2, bounds=((-1, 1),))
    found = transition(spin_one, "a", (0.3, 0.6))
    assert found.status == TransitionKind.CONTINUOUS
    assert abs(found.value - np.log(2) / 2) <= found.error < 1e-9
    none = transition(CURIE_WEISS, "beta", (0.5, 1.7), J=1, h=0.1)
    assert (none.status, none.value) == (TransitionKind.NONE, None)


def test_transition_needs_a_potential():
    with pytest.raises(ProblemError, match="no potential"):
        transition(Equations((x,), (a,), (), residuals=(x - a,)), "a", (0, 1))


def test_branches_keep_their_slot_along_the_hysteresis_loop():
    fields = np.linspace(-0.5, 0.5, 81)
    loop = continue_branch(CURIE_WEISS, "h", fields, beta=2, J=1)
    lower, middle, upper = loop["m"].T
    assert loop.exists.any(axis=0).tolist() == [True] * 3
    edge = float(SPINODALS[0.5][1])
    assert (loop.exists[:, 0] == (fields < edge)).all()
    assert (loop.exists[:, 1] == (np.abs(fields) < edge)).all()
    assert (loop.exists[:, 2] == (fields > -edge)).all()
    assert (lower.compressed() < middle.min()).all()
    assert (upper.compressed() > middle.max()).all()
    assert loop.stable[:, 1].compressed().sum() == 0
    assert loop.stable[:, 0].compressed().all()
    everywhere = solve(CURIE_WEISS, h=fields, beta=2, J=1)
    assert (everywhere.count == loop.count).all()
    assert (everywhere.dominant("m") == loop.dominant("m")).all()


def test_only_one_parameter_may_vary_along_a_branch():
    with pytest.raises(ShapeError, match="only h may vary"):
        continue_branch(CURIE_WEISS, "h", [0.0, 0.1], beta=[1.0, 2.0], J=1)
    with pytest.raises(ShapeError, match="a list of h"):
        continue_branch(CURIE_WEISS, "h", 0.1, beta=1.0, J=1)
