"""Plefka's expansion: naive mean field, TAP and beyond, as equations and against exact log Z."""

import dataclasses
import math
import pickle

import pytest
from sympy import (
    Eq,
    KroneckerDelta,
    Matrix,
    Ne,
    Rational,
    S,
    Symbol,
    atanh,
    cosh,
    exp,
    log,
    oo,
    sqrt,
    symbols,
    tanh,
)

import derive as dv
from derive import Derivation, DeriveError, FreeEntropy, MoveError
from derive.matching import replace_elements
from derive.models import weighted_network
from derive.saddle.index_notation import written_out

N, L = dv.size("N"), dv.size("L")
i, j, k = dv.indices("i j k", N)
beta, J, h = symbols("beta J h", positive=True)
D = Symbol("D", real=True)
w, W = dv.Given("w", i, j, symmetric=True), dv.Given("W", i, j)
s, a, S1 = dv.Ising("s", i), dv.Binary("a", i), dv.Spin("S", i)
V, U = dv.Real("V", i), dv.Real("U", i)


def network(x=s, w=w):
    coupling = dv.total(w[i, j] * x[i] * x[j], i, j) / (2 * N)
    return dv.Ensemble(trace=x, beta=beta, hamiltonian=-coupling - h * dv.total(x[i], i)).derive()


def curie_weiss():
    M = dv.total(s[i], i)
    return dv.Ensemble(trace=s, exponent=beta * J / (2 * N) * M**2 + beta * h * M).derive()


def plain_pairs(x):
    """Couplings without self-coupling, so that the single-site trace has none."""
    exponent = beta * dv.total(w[i, j] * x[i] * x[j], i < j) + beta * h * dv.total(x[i], i)
    return dv.Ensemble(trace=x, exponent=exponent).derive()


def equal(first, second):
    return (first - second).expand() == 0


# -- equations as in the literature ---------------------------------------------------------------


def test_tap_equations_of_the_ising_network():
    """Thouless, Anderson and Palmer (1977); s_i^2 = 1 keeps w_ii out of field and reaction."""
    tap = network().plefka("V", order=2, conjugate="U")
    assert tap.unknowns == (V[i], U[i])
    assert tap.signs == (1, -1)
    assert tap.saddle_equations[0] == Eq(V[i], tanh(U[i]))
    field = beta * h + beta / N * (dv.total(w[i, j] * V[j], j) - w[i, i] * V[i])
    reaction = dv.total(w[i, j] ** 2 * (1 - V[j] ** 2), j) - w[i, i] ** 2 * (1 - V[i] ** 2)
    assert equal(tap.saddle_equations[1].rhs, field - beta**2 / N**2 * V[i] * reaction)


def test_tap_free_entropy():
    """The second order is beta^2/4N^2 sum_{i != j} w_ij^2 (1 - V_i^2) (1 - V_j^2)."""
    gibbs = network().plefka("V", conjugate="U").eliminate("U")
    assert gibbs.unknowns == (V[i],)
    naive = network().plefka("V", order=1, conjugate="U").eliminate("U")
    onsager = dv.total(w[i, j] ** 2 * (1 - V[i] ** 2) * (1 - V[j] ** 2), i, j)
    onsager -= dv.total(w[i, i] ** 2 * (1 - V[i] ** 2) ** 2, i)
    assert equal(gibbs.density - naive.density, beta**2 * onsager / (4 * N**3))


def test_first_order_is_the_mean_field_of_delta_functions():
    """The two differ by the self-coupling, a constant for spins: beta/2N sum_i w_ii (1 - V_i^2)."""
    plefka = network().plefka("V", order=1, conjugate="U")
    fields = network().constrain("V", s[i], "U").trace("s").saddle_point(N)
    own = beta / (2 * N**2) * dv.total(w[i, i] * (1 - V[i] ** 2), i)
    assert equal(plefka.density - fields.density, own)
    eliminated = plefka.eliminate("U").density - fields.eliminate("U").density
    assert equal(eliminated, own)


def test_third_order_of_the_ising_network():
    """Georges and Yedidia (1991), equation 22: 2/3 for each pair, 1 for each triangle."""
    second, third = (plain_pairs(s).plefka("V", order=n).density for n in (2, 3))
    pair = w[i, j] ** 3 * V[i] * (1 - V[i] ** 2) * V[j] * (1 - V[j] ** 2)
    triangle = w[i, j] * w[j, k] * w[k, i] * math.prod(1 - V[x] ** 2 for x in (i, j, k))
    triangles = dv.total(triangle, Ne(i, j), Ne(j, k), Ne(k, i)) / 6
    expected = Rational(2, 3) * dv.total(pair, Ne(i, j)) / 2 + triangles
    assert equal((third - second) * N, beta**3 * expected)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_only_the_symmetric_part_of_couplings_enters(order):
    """At three sites, with numbers for the couplings, both free entropies are one polynomial."""
    sites = range(1, 4)
    lopsided = {W[x, y]: Rational(x**2 - 2 * y, 7) for x in sites for y in sites}
    symmetric = {w[x, y]: (lopsided[W[x, y]] + lopsided[W[y, x]]) / 2 for x in sites for y in sites}
    first, second = (
        written_out(network(w=array).plefka("V", order=order).density, {i.range: 3}).xreplace(
            values
        )
        for array, values in ((W, lopsided), (w, symmetric))
    )
    assert equal(first, second)


def test_inverse_response_of_couplings_like_sherrington_kirkpatrick():
    """At V = 0 TAP has 1 + beta^2 J^2 - 2 beta J = (1 - beta J)^2 at the edge 2J."""
    gibbs = network().plefka("V", conjugate="U").eliminate("U")
    at_zero = replace_elements(-N * gibbs.hessian_block("V", "V"), V.label, lambda *_: S.Zero)
    no_self_coupling = at_zero.xreplace({w[i, i]: S.Zero})
    delta = KroneckerDelta(i, j)
    expected = delta * (1 + beta**2 / N**2 * dv.total(w[i, k] ** 2, k)) - beta * w[i, j] / N
    assert equal(no_self_coupling, expected)
    edge = {dv.total(w[i, k] ** 2, k): J**2 * N**2, w[i, j]: 2 * J * N, delta: S.One}
    assert equal(no_self_coupling.xreplace(edge), (1 - beta * J) ** 2)


def test_reaction_of_curie_weiss_is_of_order_one_over_n():
    naive, tap = (
        curie_weiss().plefka("V", order=n).eliminate("Vhat").ansatz("V").density for n in (1, 2)
    )
    m = Symbol("V", real=True)
    assert equal(tap - naive, (beta * J) ** 2 * (1 - m**2) ** 2 / (4 * N) * (1 - 1 / N))
    limit = naive.subs(N, oo)
    entropy = log(2 / sqrt(1 - m**2)) - m * atanh(m)
    assert equal(limit, beta * J * m**2 / 2 + beta * h * m + entropy)


def test_binary_units_follow_logistic_equations():
    naive = network(a).plefka("V", order=1, conjugate="U").eliminate("U")
    field = beta * (h - w[i, i] * V[i] / N + w[i, i] / (2 * N) + dv.total(w[i, j] * V[j], j) / N)
    (equation,) = naive.saddle_equations
    assert equation.lhs == V[i]
    (tangent,) = equation.rhs.atoms(tanh)
    assert equation.rhs == (1 + tangent) / 2
    assert equal(tangent.args[0], field / 2)


def test_two_groups_of_units_react_on_each_other():
    """One name for each variable; the reaction on a unit sums over the other group only."""
    u = dv.Index("u", L)
    b, B, y = dv.Given("B", i, u), dv.Ising("y", u), dv.Ising("x", i)
    exponent = beta * dv.total(b[i, u] * y[i] * B[u], i, u)
    model = dv.Ensemble(trace=[y, B], exponent=exponent).derive()
    tap = model.plefka("V", "M", conjugate=("U", "H"), size=N)
    M, H = dv.Real("M", u), dv.Real("H", u)
    assert tap.unknowns == (V[i], U[i], M[u], H[u])
    right = {e.lhs: e.rhs for e in tap.saddle_equations}
    assert right[M[u]] == tanh(H[u])
    reaction = V[i] * dv.total(b[i, u] ** 2 * (1 - M[u] ** 2), u)
    assert equal(right[U[i]], beta * dv.total(b[i, u] * M[u], u) - beta**2 * reaction)


def test_gaussian_spins_give_the_expansion_of_a_determinant():
    """-1/2 log det (1 - A) = sum_k tr A^k / 2k, without self-coupling; the means stay exact."""
    x = dv.Gaussian("x", i)
    A = dv.Given("A", i, j, symmetric=True)
    model = dv.Ensemble(trace=x, exponent=dv.total(A[i, j] * x[i] * x[j], i < j)).derive()
    first, *higher = (model.plefka("V", order=n).density * N for n in (1, 2, 3, 4))
    for order, (lower, upper) in enumerate(zip([first, *higher], higher, strict=False), 2):
        opened = written_out(upper - lower, {i.range: 3})
        matrix = Matrix(3, 3, lambda p, q: A[p + 1, q + 1] if p != q else 0)
        assert equal(opened, (matrix**order).trace() / (2 * order))


def test_without_closed_inverse_fluctuations_are_taken_at_the_field():
    x = dv.Spin("x", i, spin=Rational(3, 2))
    naive, tap = (plain_pairs(x).plefka("V", order=n, conjugate="U") for n in (1, 2))
    one_site = log(2 * cosh(U[i] / 2) + 2 * cosh(3 * U[i] / 2))
    mean, variance = one_site.diff(U[i]), one_site.diff(U[i], 2)
    field = beta * h + beta * (dv.total(w[i, j] * V[j], j) - w[i, i] * V[i])
    assert [equation.lhs for equation in naive.saddle_equations] == [V[i], U[i]]
    assert equal(naive.saddle_equations[0].rhs, mean)
    assert equal(naive.slope(V[i]) * N, field - U[i])
    pairs = dv.total(w[i, j] ** 2 * variance * variance.xreplace({i: j}), Ne(i, j)) / 4
    difference = written_out((tap.density - naive.density) * N - beta**2 * pairs, {i.range: 2})
    numbers = zip((U[1], U[2], w[1, 1], w[1, 2], w[2, 2], beta), (3, -2, 7, 5, -4, 1), strict=True)
    at = {name: Rational(number, 6) for name, number in numbers}
    assert abs(difference.xreplace(at).evalf(30)) < 1e-25
    assert equal(tap.slope(V[i]), naive.slope(V[i]))
    assert "fluctuations at the field U[i]" in tap.steps[-1].assumptions[1]
    with pytest.raises(MoveError, match="choose order=3"):
        plain_pairs(x).plefka("V", order=4)


# -- against exact log Z --------------------------------------------------------------------------

MODELS = {
    "Ising": (network, 3),
    "Ising, asymmetric couplings": (lambda: network(w=W), 2),
    "{0,1}": (lambda: network(a), 3),
    "spin 1": (lambda: plain_pairs(S1), 2),
    "spin 3/2": (lambda: plain_pairs(dv.Spin("S", i, spin=Rational(3, 2))), 2),
    "uniform": (curie_weiss, 3),
}
CASES = [(name, order) for name, (_, highest) in MODELS.items() for order in range(1, highest + 1)]


@pytest.mark.parametrize(("name", "order"), CASES)
def test_error_falls_as_the_order_that_is_neglected(name, order):
    d = MODELS[name][0]().plefka("V", order=order)
    (row,) = d.check(N=3).rows
    assert row.verdict == "holds", row
    assert row.digits == pytest.approx(order + 1, abs=0.1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "order", "sites"),
    [
        (network(), 4, 3),
        (plain_pairs(S1), 3, 3),
        (network(S1), 2, 3),
        (plain_pairs(dv.Spin("S", i, spin=Rational(3, 2))), 3, 2),
    ],
    ids=["Ising, 4", "spin 1, 3", "spin 1 with self-coupling", "spin 3/2, 3"],
)
def test_error_of_higher_orders(model, order, sites):
    (row,) = model.plefka("V", order=order).check(N=sites).rows
    assert row.verdict == "holds", row


def test_couplings_of_three_spins():
    M = dv.total(s[i], i)
    model = dv.Ensemble(trace=s, exponent=beta * J / N**2 * M**3 + beta * h * M).derive()
    (row,) = model.plefka("V", order=1).check(N=3).rows
    assert row.verdict == "holds", row
    (row,) = model.plefka("V", order=2).check(N=3).rows
    assert row.verdict == "holds", row


def tampered(d, orders):
    """The same step with other orders, and the density that is their sum."""
    step = d.steps[-1]
    after = step.after
    forged = FreeEntropy(
        sum(orders) / after.size, after.unknowns, after.signs, after.size, after.beta
    )
    details = (step.details[0], tuple(orders))
    return Derivation(d.start, (dataclasses.replace(step, after=forged, details=details),))


def test_a_wrong_reaction_term_fails():
    d = network().plefka("V", order=2)
    free, first, second = d.steps[-1].details[1]
    assert tampered(d, (free, first, second)).check(N=3).holds
    for wrong in (-second, 2 * second, S.Zero):
        (row,) = tampered(d, (free, first, wrong)).check(N=3).rows
        assert row.verdict == "FAILS", row


def test_a_density_that_is_not_the_sum_of_its_orders_fails():
    d = network().plefka("V", order=2)
    step = d.steps[-1]
    forged = FreeEntropy(step.after.density * 2, step.after.unknowns, step.after.signs, N, beta)
    (row,) = Derivation(d.start, (dataclasses.replace(step, after=forged),)).check(N=3).rows
    assert row.verdict == "FAILS"


# -- what it says, and what it refuses ------------------------------------------------------------


def test_step_says_what_is_neglected():
    d = network().plefka("V", order=2, conjugate="U")
    (step,) = d.steps
    assert step.kind == dv.Kind.APPROXIMATION
    assert step.assumptions == ("order 2 in the interaction; order 3 is neglected",)
    assert d.state.kind == "expansion"
    assert d.correction == 0
    assert pickle.loads(pickle.dumps(d.state)) == d.state


GAUSSIAN = dv.Gaussian("J", i, j, variance=1 / N, symmetric=True)
ONE = dv.Ising("s", dv.Index("b", 3))
MISUSE = {
    "order": (lambda: network().plefka("V", order=5), "order=5: .* 1 .naive mean field"),
    "no name": (lambda: network().plefka(), "one name for the means of each of s"),
    "a taken name": (lambda: network().plefka("w"), "the name w is used twice"),
    "too many conjugates": (
        lambda: network().plefka("V", conjugate=("U", "H")),
        "one name for each of V",
    ),
    "no interaction": (
        lambda: dv.Ensemble(trace=s, exponent=dv.total(s[i], i)).derive().plefka("V"),
        "couples no sites: trace",
    ),
    "a field": (
        lambda: curie_weiss().hubbard_stratonovich("m").plefka("V", "X"),
        "m has no site index: trace",
    ),
    "an imaginary field": (
        lambda: network().constrain("V", s[i], "U").plefka("A", "B", "C"),
        "U is a field that another move introduced",
    ),
    "disorder": (
        lambda: (
            dv.Ensemble(
                trace=s, disorder=GAUSSIAN, exponent=dv.total(GAUSSIAN[i, j] * s[i] * s[j], i, j)
            )
            .derive()
            .plefka("V")
        ),
        "disorder J is not averaged.*dv.Given",
    ),
    "no polynomial": (
        lambda: dv.Ensemble(trace=s, exponent=N * exp(dv.total(s[i], i) / N)).derive().plefka("V"),
        "no polynomial in s.*constrain",
    ),
    "one site of its own": (
        lambda: dv.Ensemble(trace=s, exponent=dv.total(s[i], i) * s[1]).derive().plefka("V"),
        r"singles out the site s\[1\]",
    ),
    "indicators": (
        lambda: (
            dv.Ensemble(
                trace=dv.Potts("c", i, q=3),
                exponent=dv.total(dv.Potts("c", i, q=3)[i, dv.Index("a", 3)], i, dv.Index("a", 3))
                ** 2,
            )
            .derive()
            .plefka("V")
        ),
        "indicator",
    ),
    "two sizes": (
        lambda: (
            dv.Ensemble(
                trace=[s, dv.Ising("t", dv.Index("u", L))],
                exponent=dv.total(s[i], i)
                * dv.total(dv.Ising("t", dv.Index("u", L))[dv.Index("u", L)], dv.Index("u", L)),
            )
            .derive()
            .plefka("V", "M")
        ),
        "L, N sites: say per what, e.g. size=N",
    ),
    "after the saddle point": (
        lambda: curie_weiss().plefka("V").plefka("M"),
        "apply it before",
    ),
}


@pytest.mark.parametrize("case", MISUSE)
def test_refusals(case):
    use, message = MISUSE[case]
    with pytest.raises(DeriveError, match=message):
        use()


def test_means_are_no_fields_so_nothing_fluctuates():
    for d in (weighted_network.tap(), weighted_network.tap().eliminate("U")):
        assert d.correction == 0
        for asked in (lambda d=d: d.fluctuation, lambda d=d: d.log_partition(0)):
            with pytest.raises(dv.DeriveError, match="higher order of plefka"):
                asked()
    uniform = weighted_network.tap().eliminate("U").ansatz("V")
    with pytest.raises(dv.DeriveError, match="higher order of plefka"):
        _ = uniform.next_order
