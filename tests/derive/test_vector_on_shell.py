"""Vectors on shell: what is left in terms of the others, in canonical form."""

import mpmath
import pytest
from sympy import Eq, Symbol, atanh, cosh, log, sqrt, tanh

import derive as dv
from derive import DeriveError
from derive.matching import replace_elements
from tests.derive.mean_field import agree
from tests.derive.networks import (
    COUPLINGS,
    SADDLES,
    SITES,
    N,
    T,
    U,
    V,
    W,
    at_site,
    beta,
    bipartite,
    constrained,
    h,
    i,
    in_terms_of_v,
    j,
    k,
    linearised,
    number,
    solved,
    w,
)

LOCAL = dv.total(w[i, j] * V[j], j) / N + h
ENERGY = dv.total(V[i] * w[i, j] * V[j], i, j) / (2 * N**2)


def test_effective_hamiltonian_saddle_equations_and_hessian():
    net = constrained()
    sites = dv.total(U[i] * V[i] - log(2 * cosh(U[i])), i)
    expected = beta * N * ENERGY + beta * h * dv.total(V[i], i) - sites
    assert (N * net.density - expected).expand() == 0
    assert net.saddle_equations == [
        Eq(V[i], tanh(U[i])),
        Eq(U[i], (beta * LOCAL).expand()),
    ]
    delta = V[i].diff(V[j])
    assert N * net.hessian_block("V", "V") == beta * w[i, j] / N
    assert N * net.hessian_block("V", "U") == -delta
    assert (N * net.hessian_block("U", "U") - delta * (1 - V[i] ** 2)).expand() == 0


def test_conjugate_on_shell_is_the_field_that_linearises():
    shell, field = constrained().on_shell("U"), linearised()
    assert shell.density == in_terms_of_v(field.density, field)
    assert shell.saddle_equations == [Eq(V[i], tanh(beta * LOCAL))]
    assert in_terms_of_v(field.natural_form.updates[0], field) == shell.natural_form.updates[0]
    assert constrained().eliminate("U").saddle_equations == shell.saddle_equations


def test_free_energy_on_shell():
    expected = ENERGY - T / N * dv.total(log(2 * cosh(beta * LOCAL)), i)
    assert constrained().on_shell("U").free_energy == expected


def test_free_energy_is_stationary_on_shell():
    shell = constrained().on_shell("U")
    assert shell.at_saddle(shell.free_energy.diff(V[k])).expand() == 0


def test_magnetisation_on_shell_gives_the_field():
    shell = constrained().on_shell("V")
    assert shell.unknowns == (U[i],)
    field = beta * h + beta * dv.total(w[i, j] * tanh(U[j]), j) / N
    assert shell.saddle_equations == [Eq(U[i], field)]


def test_eliminated_conjugate_leaves_the_entropy_of_independent_spins():
    gibbs = constrained().eliminate("U")
    entropy = dv.total(V[i] * atanh(V[i]) - log(2 / sqrt(1 - V[i] ** 2)), i)
    expected = beta * ENERGY + beta * h * dv.total(V[i], i) / N - entropy / N
    assert (gibbs.density - expected).expand() == 0


def test_couplings_that_are_not_symmetric_enter_by_their_symmetric_part():
    net = constrained(W)
    symmetric = dv.total((W[i, j] + W[j, i]) / 2 * V[j], j) / N
    natural = [Eq(V[i], tanh(beta * (h + symmetric.expand())))]
    assert net.saddle_equations[1] == Eq(U[i], (beta * (h + symmetric)).expand())
    assert net.on_shell("U").saddle_equations == natural
    assert net.eliminate("U").saddle_equations == natural


def test_conjugates_of_two_layers_go_on_shell_together():
    layers = bipartite()
    A, _, B, _ = (u.label for u in layers.unknowns)
    shell = layers.on_shell("Ah", "Bh")
    expected = [
        Eq(A[i], tanh(beta * dv.total(W[i, j] * B[j], j) / (2 * N))),
        Eq(B[i], tanh(beta * dv.total(W[j, i] * A[j], j) / (2 * N))),
    ]
    assert shell.saddle_equations == expected
    assert layers.eliminate("Ah", "Bh").saddle_equations == expected
    quadratic = beta * dv.total(A[i] * W[i, j] * B[j], i, j) / (2 * N**2)
    rest = (shell.density + quadratic).atoms(dv.Element)
    assert {e.label for e in rest} == {A, B, W}
    with pytest.raises(DeriveError, match="nothing depends on A"):
        layers.on_shell("Ah")


def test_both_of_a_pair_cannot_be_on_shell():
    with pytest.raises(DeriveError, match="do not give"):
        constrained().on_shell("U", "V")


def test_equal_couplings_are_the_model_of_one_magnetisation():
    J, m = Symbol("J", positive=True), Symbol("m", real=True)
    shell = constrained().on_shell("U")
    uniform = replace_elements(shell.density, w, lambda *slots: J)
    uniform = replace_elements(uniform, V, lambda slot: m)
    assert uniform == log(2 * cosh(beta * (h + J * m))) - beta * J * m**2 / 2


@pytest.mark.parametrize("point", SADDLES)
def test_numbers_at_four_sites(point):
    temperature, field = point
    reference = SADDLES[point]
    net = constrained()
    with mpmath.workdps(40):
        values = {"beta": 1 / mpmath.mpf(temperature), "h": field}
        given = {"w": COUPLINGS}
        (equation,) = net.on_shell("U").saddle_equations
        root = solved(equation, "V", given, values, reference["V"])
        arrays = given | {"V": root}
        free_energy = net.on_shell("U").free_energy
        assert agree(number(free_energy, arrays, values), reference["F"])
        assert agree(number(net.magnetisation("h"), arrays, values), reference["m"])
        for site in SITES:
            assert agree(root[site - 1], reference["V"][site - 1])
            local = number(at_site(net.saddle_equations[1].rhs, site), arrays, values)
            assert agree(local, reference["U"][site - 1])


def test_reaction_of_the_neighbours_keeps_its_natural_form_on_shell():
    spread = dv.total(w[i, j] ** 2 * (1 - V[i] ** 2) * (1 - V[j] ** 2), i, j)
    naive = constrained()
    density = naive.density + beta**2 * spread / (4 * N**3)
    net = dv.FreeEntropy(density, naive.unknowns, naive.signs, N, beta, kind=naive.kind)
    reaction = V[i] * beta**2 / N**2 * dv.total(w[i, j] ** 2 * (1 - V[j] ** 2), j)
    for state in (net.on_shell("U"), net.eliminate("U")):
        (equation,) = state.saddle_equations
        assert equation.lhs == V[i]
        assert equation.rhs.func is tanh
        assert (equation.rhs.args[0] - beta * LOCAL + reaction).expand() == 0
    equations = [s.response_equation("V", "h") for s in (net.on_shell("U"), net.eliminate("U"))]
    assert (equations[0].rhs - equations[1].rhs).expand() == 0
    assert net.on_shell("U").fluctuation == net.fluctuation == net.eliminate("U").fluctuation
