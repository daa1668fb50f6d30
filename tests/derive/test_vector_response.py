"""Responses and covariances of vectors: equations in index notation, and their numbers."""

import pickle

import mpmath
import pytest
from sympy import Eq, KroneckerDelta, Symbol, cosh, log, tanh

import derive as dv
from derive import DeriveError
from derive.models import weighted_network
from derive.saddle.implicit_derivative import ImplicitDerivative
from tests.derive.mean_field import agree
from tests.derive.networks import (
    COUPLINGS,
    SADDLES,
    SITES,
    N,
    V,
    W,
    beta,
    bipartite,
    constrained,
    dV,
    h,
    i,
    j,
    k,
    linearised,
    number,
    s,
    solved,
    w,
)

SPREAD = 1 - V[i] ** 2
RESPONSE = beta * SPREAD * (1 + dv.total(w[i, j] * dV[j], j) / N)
ROUTES = {
    "fields": lambda: constrained(),
    "on shell": lambda: constrained().on_shell("U"),
    "eliminated": lambda: constrained().eliminate("U"),
}


@pytest.mark.parametrize("route", ROUTES)
def test_response_is_one_linear_equation_by_every_route(route):
    assert ROUTES[route]().response_equation("V", "h") == Eq(dV[i], RESPONSE)


def test_response_of_the_conjugate():
    equation = constrained().response_equation("U", "h")
    dU = equation.lhs.label
    assert equation == Eq(dU[i], beta * (1 + dv.total(w[i, j] * (1 - V[j] ** 2) * dU[j], j) / N))


@pytest.mark.parametrize("route", ["on shell", "eliminated"])
def test_inverse_response_in_index_notation(route):
    entry = ROUTES[route]().inverse_response_block("V", "V")
    assert entry == KroneckerDelta(i, j) - beta / N * SPREAD * w[i, j]


def test_inverse_response_of_all_fields():
    net = constrained()
    delta = KroneckerDelta(i, j)
    assert net.inverse_response_block("V", "V") == delta
    assert (net.inverse_response_block("V", "U") + delta * SPREAD).expand() == 0
    assert net.inverse_response_block("U", "V") == -beta * w[i, j] / N
    assert net.inverse_response_block("U", "U") == delta


@pytest.mark.parametrize("route", ["fields", "eliminated"])
def test_covariance_is_the_inverse_of_the_hessian(route):
    equation = ROUTES[route]().covariance_equation("V")
    (C,) = {e.label for e in equation.lhs.atoms(dv.Element)} - {V, w}
    expected = C[i, k] / SPREAD - beta / N * dv.total(w[i, j] * C[j, k], j)
    assert equation == Eq(expected, KroneckerDelta(i, k))


def test_covariance_refuses_what_stays_coupled():
    with pytest.raises(DeriveError, match="stay coupled to those of B"):
        bipartite().on_shell("Ah", "Bh").covariance_equation("A")


def test_susceptibility_is_a_sum_of_responses():
    net = constrained()
    assert net.magnetisation() == dv.total(V[i], i) / N
    chi = net.susceptibility("h")
    assert chi.expression == dv.total(dV[i], i) / N
    assert chi.equation == Eq(dV[i], RESPONSE)
    assert str(chi).startswith("Total(dV[i], i)/N where dV[i] = beta*(")
    assert pickle.loads(pickle.dumps(chi)) == chi
    assert r"\sum_{j} w_{i j} \mathrm{dV}_{j}" in chi._repr_latex_()


def test_response_to_a_field_on_each_site():
    field = dv.Given("h", i)
    energy = -dv.total(w[i, j] * s[i] * s[j], i, j) / (2 * N) - dv.total(field[i] * s[i], i)
    start = dv.Ensemble(trace=s, beta=beta, hamiltonian=energy).derive()
    net = start.constrain("V", s[i], "U").trace(s).saddle_point(N)
    equation = net.response_equation("V", "h")
    response = equation.lhs.label
    coupled = dv.total(w[i, j] * response[j, k], j) / N
    assert equation == Eq(response[i, k], beta * SPREAD * (KroneckerDelta(i, k) + coupled))


def test_two_layers_answer_through_each_other():
    layers = bipartite()
    A, _, B, _ = (u.label for u in layers.unknowns)
    heat = layers.eliminate("Ah", "Bh").response_equation("A", beta)
    dA = heat.lhs.label
    direct = dv.total(W[i, j] * B[j], j) / (2 * N)
    through = dv.total(W[i, j] * (1 - B[j] ** 2) * W[k, j] * A[k], j, k) * beta / (4 * N**2)
    coupled = dv.total(W[i, j] * (1 - B[j] ** 2) * W[k, j] * dA[k], j, k) * beta**2 / (4 * N**2)
    expected = (1 - A[i] ** 2) * (direct + through + coupled)
    assert heat.lhs == dA[i]
    assert (heat.rhs - expected).expand() == 0
    assert (layers.response_equation("A", beta).rhs - expected).expand() == 0


def test_derivatives_by_two_parameters_are_refused():
    with pytest.raises(DeriveError, match="by one parameter"):
        constrained().derivative(V[i], "h", beta)


def test_responses_that_stay_coupled_come_with_all_their_equations():
    a, b = dv.Ising("a", i), dv.Ising("b", i)
    K, L = dv.Given("K", i, j, symmetric=True), dv.Given("L", i, j, symmetric=True)
    pairs = K[i, j] * a[i] * a[j] + 2 * W[i, j] * a[i] * b[j] + L[i, j] * b[i] * b[j]
    energy = -dv.total(pairs, i, j) / (2 * N) - h * dv.total(a[i], i)
    layers = dv.Ensemble(trace=(a, b), beta=beta, hamiltonian=energy).derive()
    fields = layers.constrain("A", a[i], "Ah").constrain("B", b[i], "Bh").trace("a", "b")
    net = fields.saddle_point(N).state.eliminate("Ah", "Bh")
    with pytest.raises(DeriveError, match=r"coupled to dB\[i\]: use derivative\(A\[i\], h\)"):
        net.response_equation("A", "h")
    moved = net.derivative(net.magnetisation("h"), "h")
    dA, dB = (eq.lhs.label for eq in moved.definitions)
    assert moved.expression == dv.total(dA[i], i) / N
    local = dv.total(W[j, i] * dA[j] + L[i, j] * dB[j], j) / N
    (B,) = {e.label for e in net.unknowns if e.name == "B"}
    assert moved.definitions[1].lhs == dB[i]
    assert (moved.definitions[1].rhs - beta * (1 - B[i] ** 2) * local).expand() == 0
    with pytest.raises(DeriveError, match=r"2 response equations: see \.definitions"):
        moved.equation  # noqa: B018


@pytest.mark.parametrize("point", SADDLES)
def test_numbers_at_four_sites(point):
    temperature, field = point
    reference = SADDLES[point]
    net = constrained()
    with mpmath.workdps(40):
        values = {"beta": 1 / mpmath.mpf(temperature), "h": field}
        given = {"w": COUPLINGS}
        (equation,) = net.on_shell("U").saddle_equations
        arrays = given | {"V": solved(equation, "V", given, values, reference["V"])}
        chi = net.susceptibility("h")
        arrays["dV"] = solved(chi.equation, "dV", arrays, values, reference["dV"])
        for site in SITES:
            assert agree(arrays["dV"][site - 1], reference["dV"][site - 1])
        assert agree(number(chi.expression, arrays, values), reference["chi"])
        second = net.derivative(net.magnetisation("h"), "h", "h")
        (d2V,) = second.expression.atoms(dv.Element)
        own = next(eq for eq in second.definitions if eq.lhs.label == d2V.label)
        arrays["d2V"] = solved(own, "d2V", arrays, values, ["0.1"] * 4)
        found = number(second.expression, arrays, values)
        assert agree(found, curvature(net, values, arrays["V"]), digits=12)


def curvature(net, values, start):
    """The second derivative of the magnetisation by the field, by differences."""
    (equation,) = net.on_shell("U").saddle_equations
    step = mpmath.mpf(10) ** -9

    def magnetisation(field):
        shown = [mpmath.nstr(v, 30) for v in start]
        given = {"w": COUPLINGS}
        at = solved(equation, "V", given, values | {"h": field}, shown)
        return mpmath.fsum(at) / 4

    here = mpmath.mpf(values["h"])
    ends = magnetisation(here + step) + magnetisation(here - step)
    return (ends - 2 * magnetisation(here)) / step**2


def test_specific_heat_of_vectors_is_the_slope_of_the_energy():
    net = constrained()
    heat = net.specific_heat
    assert isinstance(heat, ImplicitDerivative)
    dV = heat.equation.lhs.label
    expected = beta**2 * (h * dv.total(dV[i], i) + dv.total(V[i] * w[i, j] * dV[j], i, j) / N) / N
    assert (heat.expression - expected).expand() == 0
    local = h + dv.total(w[i, j] * (V[j] + beta * dV[j]), j) / N
    assert heat.equation.lhs == dV[i]
    assert (heat.equation.rhs - SPREAD * local).expand() == 0


def test_linearising_field_responds_alike():
    field = linearised()
    equation = field.response_equation("x", "h")
    x, dx = field.unknowns[0].label, equation.lhs.label
    expected = beta * (1 - x[i] ** 2) * (1 + dv.total(w[i, j] * dx[j], j) / N)
    assert equation == Eq(dx[i], expected)


def test_one_magnetisation_keeps_its_closed_form():
    m, J = Symbol("m", real=True), Symbol("J", positive=True)
    one = dv.FreeEntropy(log(2 * cosh(beta * (J * m + h))) - beta * J * m**2 / 2, m, beta=beta)
    assert one.susceptibility(h) == beta * (1 - m**2) / (-J * beta * (1 - m**2) + 1)
    assert one.response_equation("m", "h") == Eq(
        Symbol("dm", real=True), beta * (1 - m**2) * (J * Symbol("dm", real=True) + 1)
    )
    assert one.saddle_equations == [Eq(m, tanh(beta * (J * m + h)))]


def test_field_on_each_site_has_one_critical_point_and_no_uniform_order_parameter():
    field = dv.Given("h", i)
    energy = -dv.total(w[i, j] * s[i] * s[j], i, j) / (2 * N) - dv.total(field[i] * s[i], i)
    start = dv.Ensemble(trace=s, beta=beta, hamiltonian=energy).derive()
    net = start.constrain("V", s[i], "U").trace(s).saddle_point(N).state
    assert net.magnetisation("h") == V[i] / N
    response = net.susceptibility("h")
    dV = response.equation.lhs.label
    assert response.expression == dV[i, k] / N
    assert net.critical_point(h=0).value == N / dv.Eigenvalue(w)
    with pytest.raises(DeriveError, match="a value for each site"):
        net.landau(source="h")


@pytest.mark.parametrize("route", ["fields", "on shell", "eliminated", "expansion"])
def test_by_the_envelope_theorem_the_saddle_does_not_move_the_free_energy(route):
    d = {
        "fields": weighted_network.derivation,
        "on shell": lambda: weighted_network.derivation().on_shell("U"),
        "eliminated": lambda: weighted_network.derivation().eliminate("U"),
        "expansion": lambda: weighted_network.tap().eliminate("U"),
    }[route]()
    (V,) = (u for u in d.unknowns if u.name == "V")
    (index,) = V.slots
    slope = d.derivative(d.free_energy, "h")
    assert (slope + dv.total(V, index) / d.size).expand() == 0
    # what is not stationary moves with the saddle
    assert d.derivative(d.energy, "h").definitions
