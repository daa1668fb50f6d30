"""Squares and forms of sums become fields: which, on which contour, with which prefactor."""

import pytest
from sympy import Eq, I, Matrix, Rational, expand_log, log, pi, symbols, tanh

import derive as dv
from derive import total
from derive.gaussian_norm import BipartiteForm, GaussianNorm
from derive.measures import SteepestContour

N = dv.size("N")
i, j = dv.indices("i j", N)
beta, J, K = symbols("beta J K", positive=True)
h = symbols("h", real=True)
s, S = dv.Ising("s", i), dv.Spin("S", i)
M = total(s[i], i)


def linearised(exponent, *names, trace=s, **options):
    return (
        dv.Ensemble(trace=trace, exponent=exponent).derive().hubbard_stratonovich(*names, **options)
    )


def contour(ensemble, name):
    return ensemble[name].measure


def test_a_positive_square_gives_a_real_field_that_is_the_density():
    after = linearised(J * M**2 / (2 * N) + h * M, "m").state
    m = after["m"].element
    assert after.exponent == -J * N * m**2 / 2 + J * m * M + h * M
    assert contour(after, "m").direction == 1
    assert (after.log_prefactor - expand_log(log(J * N / (2 * pi))) / 2).expand() == 0


def test_a_negative_square_gives_an_imaginary_field():
    after = linearised(-J * M**2 / (2 * N), "m").state
    m = after["m"].element
    assert after.exponent == J * N * m**2 / 2 - J * m * M
    assert contour(after, "m").direction == I
    assert (after.log_prefactor - expand_log(log(J * N / (2 * pi))) / 2).expand() == 0


def test_several_squares_at_once_each_on_its_contour():
    A, B = total(S[i], i), total(S[i] ** 2, i)
    after = linearised((J * A**2 - K * B**2) / (2 * N), "m", "q", trace=S).state
    assert (contour(after, "m").direction, contour(after, "q").direction) == (1, I)
    assert [v.name for v in after.variables] == ["S", "m", "q"]


def test_coupled_sums_share_a_contour_that_follows_the_signs_of_the_eigenvalues():
    A, B = total(S[i], i), total(S[i] ** 2, i)
    after = linearised(J * A * B / N, "m", "q", trace=S).state
    form = Matrix([[0, J * N], [J * N, 0]]).as_immutable()
    assert contour(after, "m") == SteepestContour(form, 0)
    assert contour(after, "q") == SteepestContour(form, 1)
    assert after.log_prefactor == GaussianNorm(form)


def test_a_given_array_is_never_inverted():
    W = dv.Given("W", i, j, symmetric=True)
    after = linearised(beta * total(W[i, j] * s[i] * s[j], i, j) / 2, "x").state
    x = after["x"].label
    assert after.exponent == -beta * total(W[i, j] * x[i] * x[j], i, j) / 2 + beta * total(
        W[i, j] * x[i] * s[j], i, j
    )
    assert isinstance(contour(after, "x"), SteepestContour)


def test_squares_under_a_sum_give_a_field_with_the_index_of_the_sum():
    mu = dv.Index("mu", dv.size("P"))
    xi = dv.Given("xi", i, mu)
    overlap = total(xi[i, mu] * s[i], i)
    d = linearised(beta * total(overlap**2, mu) / (2 * N), "m")
    assert d.state["m"].label.ranges == (mu.range,)
    assert d.check(N=3, P=2).holds


def test_pairs_of_distinct_sites_keep_their_diagonal():
    pairs = linearised(J * total(s[i] * s[j], i < j) / N, "m").state
    square = linearised(J * M**2 / (2 * N), "m").state
    assert (pairs.exponent - square.exponent).expand() == -J / 2


@pytest.mark.parametrize("of", ["t", dv.Ising("t", i)])
def test_one_variable_can_be_linearised_before_another(of):
    t = dv.Ising("t", i)
    exponent = J * (M**2 + total(t[i], i) ** 2) / (2 * N)
    d = dv.Ensemble(trace=[s, t], exponent=exponent).derive().hubbard_stratonovich("n", of=of)
    assert d.state.exponent.has(M**2)
    assert d.hubbard_stratonovich("m").trace(s).trace(t).check(N=3).holds


def test_the_order_of_the_names_is_that_of_the_declarations():
    k = dv.Index("k", dv.IndexRange(2 * N, "second"))
    t = dv.Ising("a", k)
    L = total(t[k], k)
    exponent = J * (M**2 + Rational(1, 2) * L**2) / N
    after = dv.Ensemble(trace=[s, t], exponent=exponent).derive()
    after = after.hubbard_stratonovich("m1", "m2").state
    m1 = after["m1"].element
    assert after.exponent.expand().coeff(m1).has(M)
    assert not after.exponent.expand().coeff(m1).has(L)


# -- bilinear forms in any array --


def two_layers(columns=N, **options):
    p = dv.Index("p", dv.IndexRange(columns, "out"))
    a, b, w = dv.Ising("a", i), dv.Ising("b", p), dv.Given("w", i, p)
    exponent = beta * total(w[i, p] * a[i] * b[p], i, p) / N + h * total(b[p], p)
    return dv.Ensemble(trace=[a, b], exponent=exponent).derive(), (a, b, w, p)


@pytest.mark.parametrize("columns", [N, 2 * N, 3])
def test_a_rectangular_array_takes_a_field_for_each_side(columns):
    d, (a, b, w, p) = two_layers(columns)
    d = d.hubbard_stratonovich("x", "y")
    x, y = d["x"], d["y"]
    form = BipartiteForm(beta * w[i, p] / N, i, p)
    assert [contour(d.state, name) for name in "xy"] == [
        SteepestContour(form, 0),
        SteepestContour(form, 1),
    ]
    coupled = total(w[i, p] * (x[i] * b[p] + y[p] * a[i] - x[i] * y[p]), i, p)
    assert (d.exponent - beta * coupled / N - h * total(b[p], p)).expand() == 0
    assert d.log_prefactor == GaussianNorm(form)
    report = d.trace(a).trace(b).check(N=2)
    assert report.holds
    assert report.worst_digits > 25


def test_at_the_saddle_the_fields_are_the_means_of_the_layers():
    d, (a, b, w, _) = two_layers()
    saddle = d.hubbard_stratonovich("x", "y").trace(a).trace(b).saddle_point(N)
    x, y = saddle.unknowns
    assert saddle.signs == (1, -1)
    q = y.slots[0]
    assert saddle.saddle_equations[0] == Eq(x, tanh(beta * total(w[i, q] * y, q) / N))
    mean = saddle.saddle_equations[1]
    assert mean.lhs == y
    assert (mean.rhs.args[0] - h - beta * total(w[i, q] * x, i) / N).expand() == 0


def test_one_array_over_one_range_may_couple_two_variables():
    t, A = dv.Ising("t", j), dv.Given("A", i, j)
    after = linearised(total(A[i, j] * s[i] * t[j], i, j), "x", "y", trace=[s, t])
    assert after.check(N=2).holds
    B = dv.Given("B", i, j, symmetric=True)
    both = linearised(
        total(A[i, j] * s[i] * t[j], i, j) + total(B[i, j] * s[i] * s[j], i, j),
        "x",
        "y",
        "z",
        trace=[s, t],
    )
    assert [v.name for v in both.state.variables] == ["s", "t", "x", "y", "z"]
    assert both.check(N=2).holds


def test_a_variable_may_meet_a_function_of_itself():
    A = dv.Given("A", i, j)
    after = linearised(total(A[i, j] * S[i] * S[j] ** 2, i, j), "x", "y", trace=S)
    assert after.check(N=2).holds


def test_a_field_is_no_form():
    A, g = dv.Given("A", i, j), dv.Given("g", j)
    with pytest.raises(dv.MoveError, match="quadratic in sums"):
        linearised(total(A[i, j] * s[i] * g[j], i, j), "x")


def test_bilinear_forms_say_how_many_names_they_need():
    d, _ = two_layers()
    with pytest.raises(dv.MoveError, match=r"2 field\(s\) are needed"):
        d.hubbard_stratonovich("x")
    with pytest.raises(dv.DeclarationError, match="used twice"):
        d.hubbard_stratonovich("x", "x")
    A = dv.Given("A", i, j)
    with pytest.raises(dv.MoveError, match="is not declared symmetric"):
        linearised(total(A[i, j] * s[i] * s[j], i, j), "x")


def test_the_block_form_says_the_same():
    d, (a, b, w, _) = two_layers()
    joined = d.join("u", [a, b], {"W": [[0, w], [w.T, 0]], "H": [0, h]})
    assert joined.hubbard_stratonovich("z").trace("u").check(N=2).holds
