"""Critical points of vectors: eigenvalues of the couplings, and Landau expansions along a mode."""

import pickle

import mpmath
import pytest
from sympy import Add, KroneckerDelta, Matrix, Rational, Symbol, cosh, exp, log, sqrt

import derive as dv
from derive import DeclarationError, DeriveError, Eigenvalue, SingularValue
from derive.saddle.critical import CriticalPoint
from derive.typesetting.latex import latex_of
from tests.derive.mean_field import agree
from tests.derive.networks import (
    COUPLINGS,
    SITES,
    N,
    V,
    W,
    beta,
    bipartite,
    constrained,
    ensemble,
    h,
    i,
    j,
    k,
    l,
    linearised,
    w,
)

LAMBDA = Eigenvalue(w)
PSI = dv.Given("psi", i)
ROUTES = {
    "fields": lambda: constrained(),
    "V on shell": lambda: constrained().on_shell("U"),
    "U on shell": lambda: constrained().on_shell("V"),
    "eliminated": lambda: constrained().eliminate("U"),
    "linearised": lambda: linearised(),
}


@pytest.mark.parametrize("route", ROUTES)
def test_critical_temperature_is_an_eigenvalue_of_the_couplings(route):
    critical = ROUTES[route]().critical_point(h=0)
    assert critical.value == N / LAMBDA
    assert critical.parameter == beta
    assert critical.operator == Matrix([[KroneckerDelta(i, j) - beta / N * w[i, j]]])
    assert critical.modes == ((Matrix([PSI[i]]),),)
    assert str(critical) == "beta = N/lambda(w)"
    assert latex_of(critical) == r"\beta_{c} = \frac{N}{\lambda(w)}"


def test_critical_temperature_at_four_sites():
    matrix = mpmath.matrix([[mpmath.mpf(x) for x in row] for row in COUPLINGS])
    with mpmath.workdps(40):
        largest = max(mpmath.eigsy(matrix, eigvals_only=True))
        value = constrained().critical_point(h=0).value
        temperature = 1 / value.xreplace({LAMBDA: Rational(mpmath.nstr(largest, 35)), N: SITES[-1]})
        assert agree(mpmath.mpmathify(temperature.evalf(30)), "0.9222983675113469885028580363")


def test_critical_couplings_need_no_inverse_temperature():
    x, g = dv.Real("x", i), Symbol("g", positive=True)
    phi = dv.total(log(cosh(x[i])), i) / N - dv.total(x[i] * w[i, j] * x[j], i, j) * g / N
    critical = dv.FreeEntropy(phi, x[i], size=N).critical_point(solve_for=g)
    assert critical.value == 1 / (2 * LAMBDA)


def test_layers_are_critical_at_a_singular_value():
    layers = bipartite()
    for state in (layers, layers.eliminate("Ah", "Bh"), layers.on_shell("Ah", "Bh")):
        critical = state.critical_point()
        assert critical.value == 2 * N / SingularValue(W)
        product = dv.total(W[i, k] * W[j, k], k)
        assert critical.operator[0, 0] == KroneckerDelta(i, j) - beta**2 / (4 * N**2) * product


def test_layers_with_symmetric_couplings_are_critical_at_half_the_temperature():
    critical = bipartite(w).critical_point()
    assert critical.value == 2 * N / SingularValue(w)  # the modulus of an eigenvalue of w
    second, fourth = (dv.total(PSI[i] ** n, i) for n in (2, 4))
    amplitude = bipartite(w).landau(mode=("psi", "psi")).amplitude_squared
    assert amplitude == 3 * second / fourth  # both layers in one mode, as in a single one


def test_layers_of_different_sizes():
    M = dv.size("M")
    a = dv.Index("a", M)
    rectangular = dv.Given("X", i, a)
    x, y = dv.Real("x", i), dv.Real("y", a)
    pairs = dv.total(rectangular[i, a] * x[i] * y[a], i, a) / N
    fields = dv.total(log(2 * cosh(pairs.diff(x[i]) * beta)), i)
    fields += dv.total(log(2 * cosh(pairs.diff(y[a]) * beta)), a)
    net = dv.FreeEntropy((fields - beta * pairs) / N, (x[i], y[a]), size=N, beta=beta)
    assert net.critical_point().value == N / SingularValue(rectangular)


def test_only_the_symmetric_part_of_couplings_is_critical():
    critical = constrained(W).critical_point(h=0)
    assert critical.value == 2 * N / Eigenvalue(W[i, j] + W[j, i], i, j)


def test_potts_network_has_a_critical_point_for_each_direction_of_colours():
    a = dv.Index("a", 3)
    c = dv.Potts("c", i, a)
    energy = -dv.total(w[i, j] * c[i, a] * c[j, a], i, j, a) / (2 * N)
    start = dv.Ensemble(trace=c, beta=beta, hamiltonian=energy).derive()
    net = start.constrain("x", c[i, a], "y").trace(c).saddle_point(N)
    row = beta * dv.total(w[i, j], j) / (3 * N)
    critical = net.critical_point(at={"x": Rational(1, 3), "y": row})
    assert critical.values == (3 * N / LAMBDA,)
    assert [len(modes) for modes in critical.modes] == [2]
    with pytest.raises(DeriveError, match="2 directions"):
        critical.mode  # noqa: B018


def test_network_of_binary_units_at_half_filling():
    b = dv.Binary("b", i)
    pairs = dv.total(w[i, j] * b[i] * b[j], i, j)
    energy = (dv.total(w[i, j] * b[i], i, j) - pairs) / (2 * N)
    start = dv.Ensemble(trace=b, beta=beta, hamiltonian=energy).derive()
    net = start.constrain("V", b[i], "U").trace(b).saddle_point(N).state
    assert net.critical_point(at={"V": Rational(1, 2)}).value == 4 * N / LAMBDA
    with pytest.raises(DeriveError, match="is no saddle point"):
        net.critical_point()
    expansion = net.landau(at={"V": Rational(1, 2)})
    second, fourth = (dv.total(PSI[i] ** n, i) for n in (2, 4))
    assert expansion.amplitude_squared == 3 * second / (4 * fourth)


def test_spin_one_network_by_its_crystal_field():
    S, D = dv.Spin("S", i, spin=1), Symbol("D", real=True)
    energy = -dv.total(w[i, j] * S[i] * S[j], i, j) / (2 * N) + D * dv.total(S[i] ** 2, i)
    start = dv.Ensemble(trace=S, beta=beta, hamiltonian=energy).derive()
    net = start.hubbard_stratonovich("x").trace(S).saddle_point(N).state
    (value,) = net.critical_point(solve_for=D).values
    expected = log(2 * beta * LAMBDA / N - 2) / beta  # exp(beta D) = 2 (beta lambda/N - 1)
    at = {LAMBDA: 5, N: 2, beta: Rational(3, 2)}
    assert (value - expected).xreplace(at).evalf() == pytest.approx(0, abs=1e-14)
    expansion = net.landau(parameter=D)
    tricritical = expansion.critical_coefficients[4].subs(beta, 3 * N / LAMBDA)
    assert tricritical == 0


def test_operators_of_several_arrays_are_handed_over():
    net = reacting()
    critical = net.critical_point()
    assert critical.values == ()
    reaction = dv.total(w[i, k] ** 2, k) * KroneckerDelta(i, j)
    expected = KroneckerDelta(i, j) - beta / N * w[i, j] + beta**2 / N**2 * reaction
    assert (critical.operator[0, 0] - expected).expand() == 0
    assert critical.condition == critical.operator[0, 0]
    assert "numerics.critical" in str(critical)
    assert latex_of(critical).startswith(r"0 = \det_{i j} ")
    with pytest.raises(DeriveError, match="0 critical values"):
        critical.value  # noqa: B018
    with pytest.raises(DeriveError, match="no mode to expand along"):
        net.landau()


def reacting():
    """Spins that feel the reaction of their neighbours, to second order in the couplings."""
    spread = dv.total(w[i, j] ** 2 * (1 - V[i] ** 2) * (1 - V[j] ** 2), i, j)
    naive = constrained().eliminate("U")
    density = naive.density.subs(h, 0) + beta**2 * spread / (4 * N**3)
    return dv.FreeEntropy(density, V[i], size=N, beta=beta, kind="approximation")


def test_sites_that_do_not_couple_have_a_critical_point_each():
    x, g = dv.Real("x", i), Symbol("g", positive=True)
    phi = dv.total(log(cosh(g * x[i])) - g * x[i] ** 2 / 2, i) / N
    critical = dv.FreeEntropy(phi, x[i], size=N).critical_point(solve_for=g)
    assert critical.value == 1


def test_a_point_that_is_no_saddle_names_the_fields():
    with pytest.raises(DeriveError, match=r"beta, h that make it one \(a field: h=0\)"):
        constrained().critical_point()


def test_critical_points_survive_pickle():
    critical = constrained().critical_point(h=0)
    assert pickle.loads(pickle.dumps(critical)) == critical
    assert CriticalPoint(beta, (), (), beta, ()).operator is None


# --- eigenvalues as symbols -----------------------------------------------------------------------


def test_eigenvalues_are_equal_up_to_names_and_transposition():
    assert Eigenvalue(w[k, l], l, k) == LAMBDA
    assert Eigenvalue(W[i, j], i, j) == Eigenvalue(W) == Eigenvalue(W[j, i], i, j)
    assert Eigenvalue((W[i, j] + W[j, i]) / 2, i, j) == Eigenvalue(W[i, j] + W[j, i], i, j) / 2
    assert Eigenvalue(3 * w[i, j], i, j) == 3 * LAMBDA
    assert SingularValue(w) != LAMBDA
    assert pickle.loads(pickle.dumps(LAMBDA)) == LAMBDA


def test_eigenvalues_are_real_where_the_array_is_symmetric():
    assert LAMBDA.is_real
    assert Eigenvalue(W[i, j] + W[j, i], i, j).is_real
    assert Eigenvalue(W).is_real is None
    assert SingularValue(W).is_positive
    assert LAMBDA.diff(beta) == 0


def test_eigenvalues_are_printed():
    assert [str(x) for x in (LAMBDA, SingularValue(W))] == ["lambda(w)", "sigma(W)"]
    assert latex_of(SingularValue(W)) == r"\sigma(W)"


def test_eigenvalue_bad_input():
    with pytest.raises(DeclarationError, match="no matrix that has an Eigenvalue"):
        Eigenvalue(dv.Given("X", i, dv.Index("a", dv.size("M"))))
    with pytest.raises(DeclarationError, match="no matrix"):
        Eigenvalue(dv.Given("v", i))
    with pytest.raises(DeriveError, match="not differentiated"):
        LAMBDA.diff(w[i, j])


# --- along the mode -------------------------------------------------------------------------------


@pytest.mark.parametrize("route", ["fields", "V on shell", "eliminated", "linearised"])
def test_amplitude_of_the_critical_mode(route):
    expansion = ROUTES[route]().landau(h=0)
    second, fourth = (dv.total(PSI[i] ** n, i) for n in (2, 4))
    assert expansion.amplitude_squared == 3 * second / fourth
    assert expansion.exponents == {"alpha": 0, "beta": Rational(1, 2), "gamma": 1, "delta": 3}
    assert expansion.is_continuous
    assert expansion.critical_coefficients[4] == fourth / (12 * N)
    assert expansion.neglected == ""
    assert latex_of(expansion).startswith(r"-\phi(\epsilon) = - \ln 2 + ")


def test_magnetisation_and_susceptibility_along_the_mode():
    expansion = constrained().landau(mode="u", source="h")
    u = dv.Given("u", i)
    first, second, fourth = (dv.total(u[i] ** n, i) for n in (1, 2, 4))
    amplitudes = expansion.amplitudes
    spontaneous = amplitudes["order_parameter"]
    assert spontaneous == first / N * sqrt(3) * sqrt(second / fourth)
    assert amplitudes["susceptibility_disordered"] == first**2 / (LAMBDA * second)
    assert amplitudes["susceptibility_ordered"] == first**2 / (2 * LAMBDA * second)


def test_potential_along_the_mode_is_exact_to_fourth_order():
    expansion = constrained().landau(h=0)
    second, fourth = (dv.total(PSI[i] ** n, i) for n in (2, 4))
    g = beta * LAMBDA / N
    expected = (-log(2), 0, g * (1 - g) / (2 * N) * second, 0, g**4 / (12 * N) * fourth)
    for found, wanted in zip(expansion.coefficients, expected, strict=True):
        assert (found - wanted).expand() == 0


def test_equal_couplings_give_the_amplitude_of_one_magnetisation():
    amplitude = constrained().landau(h=0).amplitude_squared
    uniform = amplitude.replace(lambda e: isinstance(e, dv.Total), lambda e: N)
    assert uniform == 3


def test_both_singular_vectors_of_layers():
    expansion = bipartite().landau(mode=("psi", "chi"))
    chi = dv.Given("chi", i)
    second = dv.total(PSI[i] ** 2, i)
    fourth = Add(*(dv.total(x[i] ** 4, i) for x in (PSI, chi)))
    assert expansion.amplitude_squared == 6 * second / fourth


def test_symmetric_part_of_couplings_has_the_same_amplitude():
    second, fourth = (dv.total(PSI[i] ** n, i) for n in (2, 4))
    assert constrained(W).landau(h=0).amplitude_squared == 3 * second / fourth


def test_a_cubic_term_ends_the_expansion():
    x = dv.Real("x", i)
    field = beta * dv.total(w[i, j] * x[j], j) / N
    phi = dv.total(log((2 * exp(field) + exp(-2 * field)) / 3), i) / N
    phi -= beta * dv.total(x[i] * w[i, j] * x[j], i, j) / (2 * N**2)
    expansion = dv.FreeEntropy(phi, x[i], size=N, beta=beta).landau()
    assert len(expansion.coefficients) == 4
    assert "moves other modes" in expansion.neglected
    assert not expansion.is_continuous
    with pytest.raises(DeriveError, match="first order"):
        expansion.amplitude_squared  # noqa: B018


def test_expansion_along_one_mode_ends_at_fourth_order():
    with pytest.raises(DeriveError, match="the other modes answer"):
        constrained().landau(order=6, h=0)


def test_sums_of_spins_need_no_mode():
    magnet = ensemble().derive().hubbard_stratonovich("x").trace("s").saddle_point(N)
    assert magnet.landau(h=0).mode == PSI[i]
