"""Where the asked branch of a network does not exist: what is said, and where it ended."""

import numpy as np
import pytest

import numerics as nm
from numerics.solvers import Status
from tests.numerics.derived_networks import COUPLINGS, ferromagnet, network

AGAINST = {"h": -0.05, "w": COUPLINGS}  # a field against the branch that is followed


def at_the_fold(state, beta, field, w):
    """The largest residual of V = tanh(...), and the least singular value of 1 - its slope."""
    n = len(w)
    update = np.tanh(beta * (w @ state / n + field))
    slope = np.eye(n) - beta / n * (1 - state**2)[:, None] * w
    return np.abs(update - state).max(), np.linalg.svd(slope)[1][-1]


@pytest.mark.parametrize("eliminated", [True, False])
def test_the_spinodal_of_a_network_by_temperature_and_by_field(eliminated):
    start = {"V": np.full(4, 0.9)} | ({} if eliminated else {"U": np.full(4, 1.5)})
    hot = nm.spinodal(network(eliminated), "beta", (3.0, 0.5), start=start, **AGAINST)
    assert hot.status == Status.CONVERGED
    residual, least = at_the_fold(hot.state["V"], hot.value, -0.05, COUPLINGS)
    assert residual <= 1e-14
    assert least <= 1e-13
    weak = nm.spinodal(
        network(eliminated), "h", (0.05, -1.0), start=start, beta=hot.value, w=COUPLINGS
    )
    assert weak.value == pytest.approx(-0.05, rel=1e-12, abs=0)


def test_a_start_near_a_branch_that_has_ended():
    found = nm.solve(network(), beta=1.3, starts={"V": np.full(4, 0.5)}, **AGAINST)
    assert found.count == 0
    assert found.status == Status.STALLED
    assert "next to a fold" in found.sentence()
    assert (found.best("V") > 0.3).all()
    assert 0 < found.best_residual < at_the_fold(np.full(4, 0.5), 1.3, -0.05, COUPLINGS)[0]
    near = found.nearest_spinodal("beta")
    assert near.status == Status.CONVERGED
    residual, least = at_the_fold(near.state["V"], near.value, -0.05, COUPLINGS)
    assert residual <= 1e-14
    assert least <= 1e-13
    assert 1.3 < near.value < 1.4
    assert -0.05 < found.nearest_spinodal("h").value < -0.04


def test_a_branch_that_ends_as_the_temperature_rises():
    temperatures = np.linspace(0.3, 0.9, 25)
    followed = nm.continue_branch(network(), "beta", 1 / temperatures, **AGAINST)
    up = 2
    assert (followed["V"][0, up] > 0.9).all()
    last = int(np.nonzero(followed.exists[:, up])[0][-1])
    end = followed.nearest_spinodal("beta", branch=up)
    assert end.status == Status.CONVERGED
    assert temperatures[last] < 1 / end.value < temperatures[last + 1]
    partner = followed.nearest_spinodal("beta", branch=1)  # stable and unstable end together
    assert partner.value == pytest.approx(end.value, rel=1e-12, abs=0)
    with pytest.raises(nm.BranchError, match="branch 0 does not end"):
        followed.nearest_spinodal("beta", branch=0)
    with pytest.raises(nm.BranchError, match="give the index of one"):
        followed.nearest_spinodal("beta")
    with pytest.raises(nm.BranchError, match="there are 3 branches at this point"):
        followed.nearest_spinodal("beta", 0)
    with pytest.raises(nm.BranchError, match="no branch 2 at this point"):
        followed.nearest_spinodal("beta", 24, branch=2)
    at_a_point = followed.nearest_spinodal("beta", last, branch=up)
    assert at_a_point.value == pytest.approx(end.value, rel=1e-12, abs=0)


def test_a_hundred_units():
    w = ferromagnet(100)
    found = nm.solve(network(), beta=1.15, h=-0.05, w=w, starts={"V": np.full(100, 0.5)})
    assert found.status == Status.STALLED
    near = found.nearest_spinodal("beta")
    residual, least = at_the_fold(near.state["V"], near.value, -0.05, w)
    assert residual <= 1e-14
    assert least <= 1e-12
    assert near.error <= 1e-12


def test_too_many_units_for_a_fold_are_refused():
    found = nm.solve(network(), beta=1.0, h=0.1, w=ferromagnet(300), starts={"V": 0.5})
    with pytest.raises(nm.ProblemError, match="300 unknowns are too many"):
        found.nearest_spinodal("beta")
    with pytest.raises(nm.UnknownParameterError, match="no scalar parameter w"):
        found.nearest_spinodal("w")
    with pytest.raises(nm.ProblemError, match="300 unknowns are too many to link"):
        nm.continue_branch(network(), "h", [0.1, 0.2], beta=1.0, w=ferromagnet(300))
