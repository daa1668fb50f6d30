"""What branches off at a critical point: amplitudes against closed forms and solved states."""

import numpy as np
import pytest
from sympy import cosh, log, symbols

import numerics as nm
from derive.equations import Equations, Label, Total
from tests.numerics.models import POTTS, N, V, beta, h, i, j, w
from tests.numerics.networks import COUPLINGS, EPS, GIBBS, NATURAL, symmetric

x, y = symbols("x y", real=True)


@pytest.mark.parametrize("problem", [GIBBS, NATURAL], ids=["potential", "update"])
@pytest.mark.parametrize("n", [4, 300])
def test_amplitude_of_the_network(problem, n):
    couplings = COUPLINGS if n == 4 else abs(symmetric(n)) * n
    found = nm.critical(problem, "beta", w=couplings, h=0)
    mode = found.mode["V"]
    assert np.sum(mode**2) == pytest.approx(1, rel=4 * EPS, abs=0)
    assert found.landau.bifurcation is nm.Bifurcation.SUPERCRITICAL
    assert found.landau.cubic == 0
    assert found.landau.amplitude == pytest.approx(3 / np.sum(mode**4), rel=1e-13, abs=0)


def test_solved_states_below_the_transition_obey_the_amplitude():
    found = nm.critical(GIBBS, "beta", w=COUPLINGS, h=0)
    errors = []
    for t in (0.04, 0.02, 0.01, 0.005):
        inverse = found.value / (1 - t)
        leading = found.mode["V"] * np.sqrt(found.landau.amplitude * t)
        state = nm.solve(NATURAL, beta=inverse, h=0.0, w=COUPLINGS, starts={"V": leading})["V"][0]
        squared = (state @ found.mode["V"]) ** 2
        errors.append(abs(squared / (found.landau.amplitude * t) - 1))
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(np.abs(orders - 1) < 0.1)  # O(t), the next one O(t^2)


@pytest.mark.parametrize(("occupied", "kind"), [(0.2, "SUBCRITICAL"), (0.5, "SUPERCRITICAL")])
def test_spins_with_a_zero_turn_subcritical(occupied, kind):
    # spin 1 with weight D of the states +-1: <s^2> = y, fourth cumulant y - 3 y^2
    K, D = symbols("K D", positive=True)
    blume = Equations((x,), (K, D), (), potential=-K * x**2 / 2 + log(1 + 2 * D * cosh(K * x)))
    found = nm.critical(blume, "K", D=occupied / (2 * (1 - occupied)))
    assert found.value == pytest.approx(1 / occupied, rel=1e-14, abs=0)
    assert found.landau.bifurcation.name == kind
    expected = 6 * occupied**2 / abs(1 - 3 * occupied)
    assert found.landau.amplitude == pytest.approx(expected, rel=1e-12, abs=0)


def test_at_the_tricritical_point_nothing_up_to_fourth_order_decides():
    problem = Equations((x,), (beta,), (), potential=(beta - 1) * x**2 / 2 - x**6)
    found = nm.critical(problem, "beta")
    assert found.landau.bifurcation is nm.Bifurcation.DEGENERATE
    assert found.landau.amplitude is None


def test_a_cubic_term_makes_it_transcritical():
    problem = Equations((x,), (beta,), (), potential=(beta - 1) * x**2 / 2 + x**3 / 3 - x**4)
    found = nm.critical(problem, "beta")
    assert found.landau.bifurcation is nm.Bifurcation.TRANSCRITICAL
    assert found.landau.cubic == pytest.approx(-2)
    # beta x - x + x^2 = 0: eps = 1 - beta
    assert found.landau.amplitude == pytest.approx(1)


def test_colours_become_critical_together():
    third = {f"x{k}": 1 / 3 for k in (1, 2, 3)}
    found = nm.critical(POTTS, "K", at=third)
    assert found.value == pytest.approx(
        3, rel=16 * EPS, abs=0
    )  # the spinodal of the disordered state
    assert found.landau.bifurcation is nm.Bifurcation.DEGENERATE
    assert found.landau.amplitude is None
    assert found.gap < 1e-14


@pytest.mark.parametrize(("g", "kind"), [(0.5, "SUPERCRITICAL"), (2.0, "SUBCRITICAL")])
def test_another_mode_lowers_the_quartic(g, kind):
    k = 3.0
    potential = (beta - 1) * x**2 / 2 - k * y**2 / 2 + g * x**2 * y - x**4 / 4
    found = nm.critical(Equations((x, y), (beta,), (), potential=potential), "beta")
    # y = g x^2 / k: the quartic of minus the potential is 6 - 12 g^2 / k
    assert found.landau.quartic == pytest.approx(6 - 12 * g**2 / k, rel=1e-14, abs=0)
    assert found.landau.bifurcation.name == kind


def test_many_other_modes_lower_the_quartic():
    n, b = 300, Label("b", (i.range,))
    rng = np.random.default_rng(7)
    couplings, weights = abs(symmetric(n)) * n, rng.normal(size=n)
    cubic = Total(V[i] ** 2, i) * Total(b[i] * V[i], i) / 10
    problem = Equations(
        (V[i],), (beta, h, w[i, j], b[i]), (), potential=GIBBS.potential + cubic / N
    )
    mode = np.linalg.eigh(couplings)[1][:, -1] * 1.0
    weights -= mode * (mode @ weights)  # no cubic term along the mode itself
    found = nm.critical(problem, "beta", w=couplings, b=weights, h=0)
    mode = found.mode["V"]
    response = (np.eye(n) - found.value * couplings / n) / n
    image = -2 * weights / (10 * n)  # of minus the potential: D2G[mode, mode] off the mode
    lifted = response + np.outer(mode, mode)
    direct = 2 * np.sum(mode**4) / n
    assert found.landau.quartic == pytest.approx(
        direct - 3 * image @ np.linalg.solve(lifted, image), rel=1e-9
    )
