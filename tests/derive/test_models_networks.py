"""The networks of given weights: what their files derive, against what is known of them."""

from itertools import pairwise, product

import mpmath
import numpy as np
import pytest
from mpmath import mp, mpf
from sympy import Eq, I, Symbol, cosh, log, pi, tanh

import derive as dv
import numerics as nm
from derive import total
from derive.models import two_layer_network, weighted_network

N = dv.size("N")
i, j = dv.indices("i j", N)
beta, h = Symbol("beta", positive=True), Symbol("h", real=True)
w = dv.Given("w", i, j, symmetric=True)
V, U, A, B = (dv.Real(name, i) for name in "VUAB")

COUPLINGS = np.array(
    [[0.0, 1.0, 2.0, 0.5], [1.0, 0.0, 1.5, 1.0], [2.0, 1.5, 0.0, 1.0], [0.5, 1.0, 1.0, 0.5]]
)
CRITICAL_TEMPERATURE = 0.9222983675113469885028580363  # largest eigenvalue / N
# T, h: V, free energy per spin (with log 2), magnetisation; 25 digits by mpmath
REFERENCE = {
    (0.5, 0.05): (
        (
            0.9440959584877342,
            0.9423479718101268,
            0.9760015857457757,
            0.9091290506953638,
        ),
        -0.5163960970585334,
        0.9428936416847501,
    ),
    (1.5, 0.2): (
        (
            0.3135362861904921,
            0.3094196351758533,
            0.3475301611234145,
            0.2845892889683539,
        ),
        -1.072459502670499975224161018,
        0.3137688428645285,
    ),
}


# -- the weighted network --


def test_effective_hamiltonian_with_its_constant():
    state = weighted_network.derivation().steps[1].after
    pairs = total(w[i, j] * V[i] * V[j], i, j)
    one_site = total(U[i] * V[i] - log(cosh(U[i])), i)
    hamiltonian = -beta * pairs / (2 * N) - beta * h * total(V[i], i) + one_site
    # in the measure dV dU/i: exp(-H) with the constant pi^-N, made of (2 pi)^-N and 2cosh U
    exact = (state.exponent + state.log_prefactor + hamiltonian).expand()
    assert exact == -N * log(pi)
    assert total(log(2 * cosh(U[i])), i) in state.exponent.args
    assert [v.measure.direction for v in state.variables] == [1, I]


def test_saddle_equations():
    means, fields = weighted_network.derivation().saddle_equations
    assert means == Eq(V[i], tanh(U[i]))
    assert fields.lhs == U[i]
    assert (fields.rhs - beta * h - beta * total(w[i, j] * V[j], j) / N).expand() == 0


def test_couplings_that_are_not_symmetric_enter_through_their_symmetric_part():
    v = dv.Given("w", i, j)
    _, fields = weighted_network.derivation(symmetric=False).saddle_equations
    both = total(v[i, j] * V[j], j) + total(v[j, i] * V[j], j)
    assert (fields.rhs - beta * h - beta * both / (2 * N)).expand() == 0


def test_both_routes_have_one_equation_of_state():
    (delta,) = weighted_network.derivation().eliminate("U").saddle_equations
    (gaussian,) = weighted_network.by_hubbard_stratonovich().saddle_equations
    x = dv.Real("x", i)
    renamed = gaussian.rhs.replace(
        lambda e: isinstance(e, dv.Element) and e.name == "x", lambda e: V[e.slots[0]]
    )
    assert gaussian.lhs == x[i]
    assert (delta.rhs - renamed).expand() == 0


@pytest.mark.parametrize(("point", "known"), REFERENCE.items())
def test_reference_saddle(point, known):
    means, free_energy, magnetisation = known
    at = {"beta": 1 / point[0], "h": point[1], "w": COUPLINGS}
    found = nm.solve(weighted_network.derivation(), **at)
    np.testing.assert_allclose(found.dominant("V"), means, rtol=1e-14)
    assert found.dominant("free_energy") == pytest.approx(free_energy, rel=1e-14, abs=0)
    assert found.dominant("magnetisation") == pytest.approx(magnetisation, rel=1e-14, abs=0)


@pytest.mark.parametrize(("point", "known"), REFERENCE.items())
def test_reference_saddle_is_that_of_the_gaussian_fields_too(point, known):
    # these couplings have negative eigenvalues: the saddle is stable, but no maximum
    means, free_energy, _ = known
    at = {"beta": 1 / point[0], "h": point[1], "w": COUPLINGS}
    found = nm.solve(weighted_network.by_hubbard_stratonovich(), **at)
    np.testing.assert_allclose(found.dominant("x"), means, rtol=1e-14)
    assert found.dominant("free_energy") == pytest.approx(free_energy, rel=1e-14, abs=0)
    other = nm.solve(weighted_network.derivation(), **at)
    assert found.stability.tolist() == other.stability.tolist()


def test_bilinear_fields_are_as_stable_as_the_layers():
    d = two_layer_network.spin_ensemble().derive().hubbard_stratonovich("x", "y")
    d = d.trace("a").trace("b").saddle_point(N)
    weights = COUPLINGS @ np.diag([1.0, -0.5, 2.0, 0.3])
    for inverse_temperature, branches in ((1.0, 1), (2.5, 3)):
        one = nm.solve(d, beta=inverse_temperature, W=weights)
        two = nm.solve(two_layer_network.derivation(), beta=inverse_temperature, W=weights)
        assert one.stability.tolist() == two.stability.tolist()
        assert int(one.count) == branches
        np.testing.assert_allclose(one["x"], two["A"], atol=1e-12)
        np.testing.assert_allclose(one["y"], two["B"], atol=1e-12)


@pytest.mark.parametrize(
    "route",
    [
        weighted_network.derivation,
        lambda: weighted_network.derivation(symmetric=False),
        weighted_network.by_hubbard_stratonovich,
        weighted_network.tap,
        two_layer_network.spin_form,
        two_layer_network.block_form,
        two_layer_network.derivation,
        two_layer_network.fully_connected,
    ],
)
def test_every_step_of_the_models_holds(route):
    report = route().check()
    assert report.holds
    assert report.worst_digits > 25


def test_the_second_order_has_the_reaction_of_the_neighbours():
    d = weighted_network.tap()
    means, fields = d.saddle_equations
    assert means == Eq(V[i], tanh(U[i]))
    # V_i (1 - V_j^2) (beta w_ij / N)^2, summed over j != i
    reaction = beta**2 * total(w[i, j] ** 2 * (1 - V[j] ** 2), j) / N**2
    reaction -= beta**2 * w[i, i] ** 2 * (1 - V[i] ** 2) / N**2
    neighbours = beta * total(w[i, j] * V[j], j) / N - beta * w[i, i] * V[i] / N
    assert (fields.rhs - beta * h - neighbours + V[i] * reaction).expand() == 0
    assert d.check().holds


def test_each_order_comes_closer_to_the_exact_free_energy():
    at = {"beta": 0.6, "h": 0.15, "w": COUPLINGS}
    exact = -weighted_network.ensemble().log_partition(
        N=4, beta="0.6", h="0.15", w=COUPLINGS.tolist()
    )
    exact = float(exact) / (4 * at["beta"])
    found = [nm.solve(weighted_network.tap(k), **at).dominant("free_energy") for k in (1, 2, 3)]
    errors = np.abs(np.array(found, dtype=float) - exact)
    assert (errors[1:] < errors[:-1] / 2).all()


# -- two layers --


def test_mean_fields_of_the_layers():
    W = dv.Given("W", i, j)
    first, second = two_layer_network.derivation().saddle_equations
    assert first == Eq(A[i], tanh(beta * total(W[i, j] * B[j], j) / (2 * N)))
    assert second == Eq(B[j], tanh(beta * total(W[i, j] * A[i], i) / (2 * N)))


def test_block_form_has_the_mean_fields_of_the_layers():
    d = two_layer_network.block_form()
    x = dv.Index("x", 2 * N)
    d = d.constrain("V", d["s"][x], "U").trace("s").saddle_point(N)
    assert d.check(N=2).holds
    weights = COUPLINGS.copy()
    weights[0, 1] = -2.0
    block = np.block([[0 * weights, weights], [weights.T, 0 * weights]])
    one = nm.solve(d, beta=3.0, K=block)
    two = nm.solve(two_layer_network.derivation(), beta=3.0, W=weights)
    both = np.concatenate([two.dominant("A"), two.dominant("B")])
    assert np.abs(both).min() > 0.1
    np.testing.assert_allclose(np.abs(one.dominant("V")), np.abs(both), rtol=1e-12)
    np.testing.assert_array_equal(one["V"], nm.solve(d, beta=3.0, K=block, N=4)["V"])
    with pytest.raises(nm.ShapeError, match="N is 3, but the arrays given have size 4"):
        nm.solve(d, beta=3.0, K=block, N=3)
    with pytest.raises(nm.ShapeError, match=r"length 7 is none of size 2\*N"):
        nm.solve(d, beta=3.0, K=block[:7, :7])


def test_layers_that_are_alike_are_one_network_at_half_the_inverse_temperature():
    (alike,) = two_layer_network.fully_connected().saddle_equations
    (network,) = weighted_network.derivation().eliminate("U").saddle_equations
    K = dv.Given("W", i, j, symmetric=True)
    rules = {"w": lambda e: K[e.slots], "V": lambda e: A[e.slots]}
    expected = network.rhs.subs(h, 0).subs(beta, beta / 2)
    expected = expected.replace(
        lambda e: isinstance(e, dv.Element) and e.name in rules, lambda e: rules[e.name](e)
    )
    assert alike.lhs == A[i]
    assert alike.rhs == expected


def test_the_critical_temperature_halves():
    network = nm.critical(weighted_network.derivation(), "beta", w=COUPLINGS, h=0.0)
    assert 1 / network.value == pytest.approx(CRITICAL_TEMPERATURE, rel=1e-14, abs=0)
    for layers in (two_layer_network.fully_connected(), two_layer_network.derivation()):
        found = nm.critical(layers, "beta", W=COUPLINGS)
        assert 1 / found.value == pytest.approx(CRITICAL_TEMPERATURE / 2, rel=1e-14, abs=0)


def test_unsymmetric_layers_order_where_their_largest_singular_value_says():
    weights = COUPLINGS @ np.diag([1.0, -0.5, 2.0, 0.3])
    largest = np.linalg.svd(weights, compute_uv=False)[0]
    found = nm.critical(two_layer_network.derivation(), "beta", W=weights)
    assert 1 / found.value == pytest.approx(largest / (2 * 4), rel=1e-13, abs=0)


def test_alike_is_an_ansatz_that_unsymmetric_weights_do_not_support():
    d = two_layer_network.derivation().ansatz("B", "A")
    assert d.check().rows[-1].verdict == "FAILS"
    assert d.steps[-1].kind == dv.Kind.ANSATZ


# -- what the reduction neglects: ln Z of two layers against twice one layer at beta/2 --


def two_layers(weights, b):
    """Sum over one layer, the other traced: prod_j 2cosh(b/2N sum_i W_ij a_i)."""
    n = len(weights)
    states = np.array(list(product((-1, 1), repeat=n)))
    return np.log(np.prod(2 * np.cosh(b * states @ weights / (2 * n)), axis=1).sum())


def one_layer(weights, b):
    n = len(weights)
    states = np.array(list(product((-1, 1), repeat=n)))
    energies = np.einsum("si,ij,sj->s", states, weights, states) / (2 * n)
    return np.log(np.exp(b * energies).sum())


def uniform(n, b, layers):
    """ln Z for W_ij = 1, by occupation numbers."""
    with mp.workdps(30):
        b = mpf(b)
        terms = []
        for k in range(n + 1):
            m = mpf(2 * k - n)
            rest = (2 * mpmath.cosh(b * m / (2 * n))) ** n if layers == 2 else None
            weight = rest if layers == 2 else mpmath.exp(b * m**2 / (2 * n))
            terms.append(mpmath.binomial(n, k) * weight)
        return mpmath.log(mpmath.fsum(terms))


def neglected(n, b):
    return uniform(n, b, 2) - 2 * uniform(n, mpf(b) / 2, 1)


def test_the_sums_are_those_of_the_models():
    weights = COUPLINGS[:3, :3].tolist()
    two = two_layer_network.spin_ensemble(symmetric=True).log_partition(N=3, beta="1.3", W=weights)
    one = weighted_network.ensemble().log_partition(N=3, beta="1.3", h=0, w=weights)
    assert two_layers(COUPLINGS[:3, :3], 1.3) == pytest.approx(float(two), rel=1e-14, abs=0)
    assert one_layer(COUPLINGS[:3, :3], 1.3) == pytest.approx(float(one), rel=1e-14, abs=0)
    assert float(uniform(5, 1.3, 2)) == pytest.approx(
        two_layers(np.ones((5, 5)), 1.3), rel=1e-14, abs=0
    )
    assert float(uniform(5, 1.3, 1)) == pytest.approx(
        one_layer(np.ones((5, 5)), 1.3), rel=1e-14, abs=0
    )


def test_uniform_weights_neglect_a_fluctuation_of_order_one():
    """-1/2 ln(1 - x^2) + ln(1 - x) = -artanh(x), x = beta/2, from the two one-loop determinants."""
    limit = -mpmath.atanh(mpf("0.5"))
    errors = [abs(neglected(n, 1) - limit) for n in (16, 32, 64, 128)]
    ratios = [float(a / b) for a, b in pairwise(errors)]
    assert ratios == pytest.approx([2, 2, 2], rel=0.1)
    # ordered phase: still of order one, so that nothing is neglected per spin
    assert [float(neglected(n, 3)) for n in (32, 64, 128)] == pytest.approx(
        [-1.20285, -1.14779, -1.12652], abs=1e-5
    )


def test_at_one_temperature_the_two_differ_in_every_spin():
    """At T = 2/3 one layer is ordered and two layers are not."""
    n, b = 2000, 1.5
    two, one = (float(uniform(n, b, layers)) for layers in (2, 1))
    assert two == pytest.approx(2 * n * np.log(2) - np.log(1 - b**2 / 4) / 2, abs=1e-3)
    magnetisation = float(mpmath.findroot(lambda m: m - mpmath.tanh(b * m), 0.9))
    ordered = np.log(2 * np.cosh(b * magnetisation)) - b * magnetisation**2 / 2
    assert one / n == pytest.approx(ordered, abs=1e-3)
    assert ordered - np.log(2) > 0.1


def test_weights_that_are_not_symmetric_lose_an_extensive_part():
    """The symmetric part of W = [[0, 1], [-1, 0]] vanishes, its singular values do not."""
    block = np.array([[0, 1], [-1, 0]])
    for n in (4, 6, 8):
        weights = np.kron(block, np.ones((n // 2, n // 2)))
        assert one_layer(weights, 3.0) == pytest.approx(n * np.log(2), rel=1e-14, abs=0)
        # two independent pairs of layers of half the size, at half the inverse temperature
        halves = 2 * float(uniform(n // 2, 3, 2))
        assert two_layers(weights, 6.0) == pytest.approx(halves, rel=1e-13, abs=0)
    lost = [2 * uniform(n // 2, 3, 2) / n - 2 * mpmath.log(2) for n in (100, 200, 400)]
    assert all(0.23 < float(x) < 0.25 for x in lost)


def test_negative_weights_order_the_layers_against_each_other():
    """W = -1 is symmetric, but its dominant saddle has B = -A, which the reduction leaves out."""
    n = 8
    assert two_layers(-np.ones((n, n)), 6.0) == pytest.approx(
        two_layers(np.ones((n, n)), 6.0), rel=1e-14
    )
    lost = two_layers(-np.ones((n, n)), 6.0) - 2 * one_layer(-np.ones((n, n)), 3.0)
    assert lost / n > 0.5
