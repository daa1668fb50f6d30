"""Gaussian fluctuations of vectors: one log-determinant, the same by every route."""

import pickle

import mpmath
import pytest
from sympy import KroneckerDelta, Symbol, exp, log, nan, pi

import derive as dv
from derive import DeclarationError, DeriveError, LogDet
from derive.typesetting.latex import latex_of
from tests.derive.mean_field import agree
from tests.derive.networks import (
    COUPLINGS,
    SADDLES,
    N,
    U,
    V,
    W,
    beta,
    bipartite,
    constrained,
    h,
    i,
    in_terms_of_v,
    j,
    k,
    l,
    linearised,
    number,
    solved,
    w,
)

DETERMINANT = LogDet(KroneckerDelta(i, j) - beta / N * w[i, j] * (1 - V[j] ** 2), i, j)

ROUTES = {
    "fields": lambda: constrained().fluctuation,
    "on shell": lambda: constrained().on_shell("U").fluctuation,
    "eliminated": lambda: constrained().eliminate("U").fluctuation,
    "linearised": lambda: in_terms_of_v(linearised().fluctuation, linearised()),
}


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_has_the_same_determinant_and_no_other_factor(route):
    assert ROUTES[route]() == -DETERMINANT / 2


def test_partition_function_with_fluctuations():
    net = constrained()
    leading = net.log_partition(0) + DETERMINANT / 2
    assert (leading - N * net.density).expand() == 0
    assert not leading.has(LogDet)
    with pytest.raises(DeriveError, match="no finite Hessian"):
        net.log_partition()
    assert net.kind == "approximation"


def test_couplings_that_are_not_symmetric():
    symmetric = (W[i, j] + W[j, i]) / 2
    entry = KroneckerDelta(i, j) - (beta / N * symmetric * (1 - V[i] ** 2)).expand(deep=False)
    (node,) = (-2 * constrained(W).fluctuation).atoms(LogDet)
    assert (node.body - entry).expand() == 0


def test_layers_are_reduced_to_one_of_them():
    layers = bipartite()
    A, _, B, _ = (u.label for u in layers.unknowns)
    through = dv.total(W[k, i] * (1 - A[k] ** 2) * W[k, j], k) * (1 - B[i] ** 2)
    expected = KroneckerDelta(i, j) - beta**2 / (4 * N**2) * through
    for state in (layers, layers.eliminate("Ah", "Bh"), layers.on_shell("Ah", "Bh")):
        (node,) = (-2 * state.fluctuation).atoms(LogDet)
        assert state.fluctuation == -node / 2
        assert (node.body - expected).expand() == 0


def test_reduced_functional_has_the_couplings_twice():
    shell = constrained().on_shell("U")
    product = dv.total(w[i, k] * (1 - V[k] ** 2) * w[k, j], k)
    expected = -beta / N * w[i, j] + beta**2 / N**2 * product
    assert (N * shell.hessian_block("V", "V") - expected).expand() == 0


def test_written_out_it_is_the_determinant_of_a_finite_number_of_fields():
    net = constrained()
    two = net.componentwise({N: 2})
    finite = {w[1, 1]: 0.3, w[1, 2]: 0.7, w[2, 2]: -0.2, beta: 0.8, N: 2}
    finite |= {V[1]: 0.4, V[2]: -0.6, h: 0.1}
    whole = two.fluctuation.subs(finite).evalf()
    node = DETERMINANT.written_out({i.range: 2})
    assert whole == pytest.approx(float((-node / 2).subs(finite)), rel=1e-12, abs=0)


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
        assert agree(number(net.fluctuation, arrays, values), reference["one_loop"], 24)
        assert agree(number(exp(DETERMINANT), arrays, values), reference["det"])


def test_fluctuations_that_are_not_known_are_refused():
    x, y = dv.Real("x", i), dv.Real("y", i)
    quartic = x[i] ** 4 * x[j] ** 4 + y[i] ** 4 * y[j] ** 4 + y[i] ** 3 * x[j] ** 2
    phi = dv.total(quartic * w[i, j], i, j) / N**2
    with pytest.raises(DeriveError, match="no block of the Hessian"):
        dv.FreeEntropy(phi, (x[i], y[i]), size=N).fluctuation  # noqa: B018


def test_fluctuations_that_got_lost_on_shell_are_refused():
    net = constrained()
    lost = dv.FreeEntropy(net.density, net.unknowns, net.signs, N, beta, correction=nan)
    with pytest.raises(DeriveError, match=r"take \.fluctuation before on_shell"):
        lost.fluctuation  # noqa: B018


# --- the node -----------------------------------------------------------------------------------


def test_determinants_are_equal_up_to_names_and_transposition():
    renamed = LogDet(KroneckerDelta(k, l) - beta / N * w[k, l] * (1 - V[l] ** 2), k, l)
    transposed = LogDet(KroneckerDelta(i, j) - beta / N * w[i, j] * (1 - V[i] ** 2), i, j)
    assert renamed == DETERMINANT == transposed
    assert hash(renamed) == hash(DETERMINANT)
    other = LogDet(KroneckerDelta(i, j) - beta / N * w[i, j], i, j)
    assert other != DETERMINANT


def test_determinants_survive_pickle_and_rebuilding():
    assert pickle.loads(pickle.dumps(DETERMINANT)) == DETERMINANT
    assert DETERMINANT.func(*DETERMINANT.args) == DETERMINANT


def test_substitution_does_not_capture():
    x = Symbol("x")
    node = LogDet(KroneckerDelta(i, j) - x * w[i, j], i, j)
    put_in = node.subs(x, V[i])
    assert put_in == LogDet(KroneckerDelta(k, l) - V[i] * w[k, l], k, l)
    assert node.xreplace({x: U[j]}) == LogDet(KroneckerDelta(k, l) - U[j] * w[k, l], k, l)


def test_determinant_of_the_identity():
    assert LogDet(KroneckerDelta(i, j), i, j) == 0


def test_determinant_written_out():
    node = LogDet(KroneckerDelta(i, j) + dv.total(w[i, k] * w[k, j], k), i, j)
    one = node.written_out({i.range: 1})
    assert one == log(1 + w[1, 1] ** 2)


def test_determinant_is_typeset_and_printed():
    assert str(DETERMINANT).startswith("LogDet(KroneckerDelta(i, j) - ")
    assert latex_of(DETERMINANT).startswith(r"\ln \det_{i j} \left[\delta_{i j} - ")
    beside = latex_of(V[i] + DETERMINANT)
    assert r"\det_{j k}" in beside


def test_determinant_bad_input():
    with pytest.raises(DeclarationError, match="two indices of one range"):
        LogDet(w[i, j], i)
    other = dv.Index("a", dv.size("M"))
    with pytest.raises(DeclarationError, match="two indices of one range"):
        LogDet(w[i, j], i, other)
    with pytest.raises(DeriveError, match="needs the inverse"):
        DETERMINANT.diff(beta)
    assert DETERMINANT.diff(h) == 0


def test_gaussian_norm_is_a_determinant():
    shell = constrained().on_shell("U")
    norm = LogDet(beta * w[i, j] / N, i, j) / 2 - N * log(2 * pi) / 2
    assert (shell.correction - norm).expand(force=True) == 0
