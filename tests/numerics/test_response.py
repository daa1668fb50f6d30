"""Linear response of branches and total derivatives of what is measured on them."""

import numpy as np
import pytest
from sympy import exp, log, symbols

import numerics as nm
from derive.equations import Equations, Total
from derive.models import curie_weiss
from numerics.solvers import Status
from tests.numerics.derived_networks import COUPLINGS, critical, ferromagnet, glass, network
from tests.numerics.models import NETWORK

# beta, h: dV/dh, chi = d magnetisation / dh; 25 digits (mpmath)
REFERENCE = {
    (2.0, 0.05): (
        (
            "0.2570383045298410702818224057",
            "0.2719535901816250637204846248",
            "0.1264356013745753492979502484",
            "0.4104767439318968549429714568",
        ),
        "0.2664760600044845845608071839",
    ),
    (1 / 1.5, 0.2): (
        (
            "1.325116338225243386421016066",
            "1.314449397259230733787988145",
            "1.443801886568889229816446872",
            "1.230898962931177857063849135",
        ),
        "1.328566646246135301772325055",
    ),
}

# T, h: chi and C = -beta**2 du/dbeta of the Curie-Weiss magnet; 25 digits (mpmath)
MAGNET = {
    (0.8, 0.1): ("0.7163305897009159363411500821", "0.7515578261114657759563114157"),
    (1.5, 0.3): ("1.066494182469970141936272831", "0.4273227853912102910049425682"),
    (2.0, 0.5): ("0.6793326772911174199759149249", "0.2982021347830209308557746521"),
}


@pytest.mark.parametrize("eliminated", [True, False])
@pytest.mark.parametrize(("point", "known"), REFERENCE.items())
def test_reference_response_of_the_network(point, known, eliminated):
    found = nm.solve(network(eliminated), beta=point[0], h=point[1], w=COUPLINGS).only("dominant")
    slopes = found.response("h")["V"][0]
    np.testing.assert_allclose(slopes, np.array(known[0], dtype=float), rtol=8e-15)
    assert found.susceptibility()[0] == pytest.approx(float(known[1]), rel=8e-15, abs=0)
    assert found.derivative("V", "h").tolist() == [slopes.tolist()]


@pytest.mark.parametrize(("point", "known"), MAGNET.items())
def test_susceptibility_and_heat_capacity_of_the_magnet(point, known):
    temperature, field = point
    found = nm.solve(curie_weiss.derivation(), beta=1 / temperature, J=1.0, h=field)
    found = found.only("dominant")
    assert found.susceptibility("h")[0] == pytest.approx(float(known[0]), rel=4e-14, abs=0)
    heat = -(found.derivative("energy", "beta") / temperature**2)[0]
    assert heat == pytest.approx(float(known[1]), rel=4e-14, abs=0)
    assert found.observable("susceptibility")[0] == pytest.approx(float(known[0]), rel=4e-14)


def test_derivatives_are_slopes_of_neighbouring_solutions():
    def solved(beta):
        return nm.solve(NETWORK, beta=beta, h=0.1, w=COUPLINGS).only("dominant")

    step = 1e-4
    i = next(iter(NETWORK.unknowns[0].slots))
    V = NETWORK.unknowns[0].label
    squares = V[i] ** 2 * symbols("beta", positive=True)
    here = solved([1.5 - step, 1.5, 1.5 + step])
    for quantity in ("m", squares):
        values, slope = here.observable(quantity)[:, 0], here.derivative(quantity, "beta")[1, 0]
        np.testing.assert_allclose(slope, (values[2] - values[0]) / (2 * step), rtol=1e-6)
    total = here.derivative(Total(V[i] ** 2, i), "beta")[:, 0]
    np.testing.assert_allclose(total, 2 * (here["V"] * here.response("beta")["V"]).sum(-1)[:, 0])


def test_what_does_not_depend_on_the_unknowns_has_its_explicit_part_only():
    beta = symbols("beta", positive=True)
    found = nm.solve(curie_weiss.derivation(), beta=[0.5, 2.0], J=1.0, h=0.1)
    slope = found.derivative(exp(-beta), "beta")
    assert slope[:, 0].tolist() == pytest.approx([-np.exp(-0.5), -np.exp(-2.0)], rel=1e-15, abs=0)
    assert (slope.mask == ~found.exists).all()


def test_at_the_critical_point_the_response_is_infinite():
    found = nm.solve(curie_weiss.derivation(), beta=[0.5, 1.0, 2.0], J=1.0, h=0.0)
    assert found.susceptibility().filled(0)[:2, 0].tolist() == [1.0, np.inf]
    assert found.derivative("magnetisation", "h").filled(0)[1, 0] == np.inf
    # by symmetry the magnetisation does not move with temperature: 0 / 0 stays undecided
    assert found.response("beta")["m"].mask[1, 0]
    assert found.response("h")["m"][2, 1] < 0  # the unstable branch answers against the field


def test_at_a_fold_the_branch_that_ends_moves_infinitely_fast():
    field = 0.2664199876767760117845396996  # |h_s| at T = 0.5
    found = nm.solve(curie_weiss.derivation(), beta=2.0, J=1.0, h=-field)
    assert found.branch_status.tolist() == [Status.CONVERGED, Status.MARGINAL]
    slopes = found.susceptibility()
    assert slopes[0] == pytest.approx(0.05542704516761576, rel=1e-12, abs=0)
    assert slopes[1] == np.inf


def test_a_critical_network_diverges_along_its_mode_alone():
    w = np.zeros((4, 4))
    w[0, 1] = w[1, 0] = 4.0  # two units that are critical at beta = 1, and two free ones
    found = nm.solve(network(), beta=1.0, h=0.0, w=w)
    slopes = found.response("h")["V"]
    assert slopes[0, :2].tolist() == [np.inf, np.inf]
    assert slopes.mask[0].tolist() == [False, False, True, True]
    assert found.susceptibility()[0] == np.inf


@pytest.mark.parametrize("eliminated", [True, False])
@pytest.mark.parametrize("couplings", [ferromagnet, glass])
def test_many_units_respond_as_the_linear_system_says(couplings, eliminated):
    n = 230
    w = couplings(n)
    beta = 1 / (critical(w) * np.array([1.5, 1.02, 0.7]))
    found = nm.solve(network(eliminated), beta=beta, h=0.1, w=w)
    slopes, total = found.response("h")["V"], found.susceptibility("h")
    for point, slot in zip(*np.nonzero(found.exists), strict=True):
        width = 1 - found["V"].data[point, slot] ** 2
        matrix = np.eye(n) - beta[point] / n * width[:, None] * w
        exact = np.linalg.solve(matrix, beta[point] * width)
        close = 1e-13 * np.linalg.cond(matrix) * np.abs(exact).max()
        np.testing.assert_allclose(slopes[point, slot], exact, rtol=0, atol=close)
        assert total[point, slot] == pytest.approx(exact.mean(), abs=close)


def test_parameters_and_observables_that_there_are_not():
    found = nm.solve(network(), beta=1.0, h=0.1, w=COUPLINGS)
    with pytest.raises(nm.UnknownParameterError, match="no scalar parameter w"):
        found.response("w")
    with pytest.raises(nm.ProblemError, match="there is no observable spread"):
        found.derivative("spread", "h")
    x, a = symbols("x a", positive=True)
    plain = nm.solve(Equations((x,), (a,), (), residuals=(log(x) - a,), bounds=((0.1, 9),)), a=1.0)
    assert plain.response("a")["x"][0] == pytest.approx(np.e, rel=1e-14, abs=0)
    with pytest.raises(nm.ProblemError, match="no observable magnetisation"):
        plain.susceptibility("a")
