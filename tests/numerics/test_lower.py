"""Structured lowering: sums over an index stay sums, at a cost that does not depend on its size."""

import numpy as np
import pytest
from sympy import KroneckerDelta, cosh, exp, log, sinh, symbols, tanh

import derive as dv
import numerics as nm
from numerics import errors
from numerics.reference import evaluate

N = dv.size("N")
i, j = dv.indices("i j", N)
w, V, W = dv.Given("w", i, j), dv.Given("V", i), dv.Given("W", i, j, symmetric=True)
beta, h = symbols("beta h", positive=True)
FIELD = beta * (dv.total(w[i, j] * V[j], j) / N + h)


def arrays(n, seed=0):
    rng = np.random.default_rng(seed)
    return {"w": rng.normal(size=(n, n)), "V": rng.normal(size=n), "beta": 1.5, "h": 0.2}


def test_an_update_is_a_matrix_product():
    kernel = nm.compile(tanh(FIELD))
    given = arrays(7)
    expected = np.tanh(1.5 * (given["w"] @ given["V"] / 7 + 0.2))
    np.testing.assert_allclose(kernel(**given), expected, rtol=1e-14)
    assert kernel.source.count("np.matmul(") == 1


def test_neither_source_nor_work_of_compilation_depends_on_the_size():
    fixed = {
        n: nm.compile(tanh(dv.total(A[k] * A[k], k)))
        for n in (3, 3000)
        for k in (dv.Index("k", n),)
        for A in (dv.Given("A", k),)
    }
    assert fixed[3].source == fixed[3000].source
    assert fixed[3000](np.full(3000, 0.01)) == pytest.approx(np.tanh(0.3), rel=1e-14, abs=0)
    with pytest.raises(errors.ShapeError, match="runs over 3 values"):
        fixed[3](np.zeros(4))


def test_a_quadratic_form_is_never_an_array_over_three_indices():
    kernel = nm.compile(dv.total(w[i, j] * V[i] * V[j], i, j) / N**2)
    given = arrays(300)
    expected = given["V"] @ given["w"] @ given["V"] / 300**2
    assert kernel(w=given["w"], V=given["V"]) == pytest.approx(expected, rel=1e-12, abs=0)
    widest = max(len(let.axes) for let in kernel.program.lets if let.op != "view")
    assert widest == 1


def test_on_shell_free_energy_and_its_gradient():
    energy = dv.total(w[i, j] * V[i] * V[j], i, j) / (2 * N**2)
    free = energy - dv.total(log(2 * cosh(FIELD)), i) / (beta * N)
    kernel, given = nm.compile(free), arrays(5)
    values = {beta: 1.5, h: 0.2, N: 5, V: given["V"], w: given["w"]}
    assert kernel(**given) == pytest.approx(float(evaluate(free, values)), rel=1e-14, abs=0)
    gradient = kernel.jacobian(V[i])(**given)
    for k in range(5):
        moved = [dict(given, V=given["V"] + s * 1e-6 * np.eye(5)[k]) for s in (1, -1)]
        slope = (kernel(**moved[0]) - kernel(**moved[1])) / 2e-6
        assert gradient[k] == pytest.approx(slope, rel=1e-6, abs=1e-9)


def test_jacobian_of_a_vector_by_a_vector():
    kernel, given = nm.compile(tanh(FIELD)), arrays(4)
    slope = kernel.jacobian(V[i])(**given)
    field = 1.5 * (given["w"] @ given["V"] / 4 + 0.2)
    expected = 1.5 / 4 * given["w"] / np.cosh(field)[:, None] ** 2
    np.testing.assert_allclose(slope, expected, rtol=1e-13)


def test_transposed_fixed_and_diagonal_elements():
    given = arrays(4)
    a, v = given["w"], given["V"]
    cases = {
        w[i, i]: np.diag(a),
        w[j, i] * V[j]: (a * v[:, None]).T,  # axes i, j
        w[2, i] + V[1]: a[1] + v[0],
        KroneckerDelta(i, j) * V[i]: np.diag(v),
        dv.total(w[i, j] * w[j, i], i, j): np.trace(a @ a),
        dv.total(w[j, i] * V[j], j): v @ a,
        dv.total(w[i, j], j) * V[i]: a.sum(axis=1) * v,
        dv.total(V[i] + h, i): v.sum() + 4 * 0.2,
    }
    for expr, expected in cases.items():
        kernel = nm.compile(expr)
        wanted = {s.name: given[s.name] for s in kernel.arguments}
        np.testing.assert_allclose(kernel(**wanted), expected, rtol=1e-13, err_msg=str(expr))


def test_batches_of_states_and_of_parameters():
    kernel, given = nm.compile(tanh(FIELD)), arrays(6)
    states = np.random.default_rng(1).normal(size=(3, 2, 6))
    betas = np.array([0.5, 1.5])
    result = kernel(w=given["w"], V=states, beta=betas, h=0.2)
    assert result.shape == (3, 2, 6)
    for place in np.ndindex(3, 2):
        alone = kernel(w=given["w"], V=states[place], beta=betas[place[1]], h=0.2)
        np.testing.assert_allclose(result[place], alone, rtol=1e-14)
    batch_of_couplings = np.stack([given["w"], 2 * given["w"]])
    several = kernel(w=batch_of_couplings, V=given["V"], beta=1.5, h=0.2)
    np.testing.assert_allclose(several[0], kernel(**given), rtol=1e-13)


def test_shapes_that_disagree_are_refused():
    kernel, given = nm.compile(tanh(FIELD)), arrays(4)
    with pytest.raises(errors.ShapeError, match="the size N"):
        kernel(**{**given, "V": np.zeros(5)})
    with pytest.raises(errors.ShapeError, match="w has shape"):
        kernel(**{**given, "w": np.zeros(4)})
    with pytest.raises(errors.ShapeError, match="empty"):
        kernel(w=np.zeros((0, 0)), V=np.zeros(0), beta=1.0, h=0.1)


def test_the_size_is_a_parameter_only_where_no_array_tells_it():
    assert [g.name for g in nm.compile(tanh(FIELD)).arguments] == ["beta", "h", "V", "w"]
    scaled = nm.compile(N * h)
    assert scaled(N=10, h=0.5) == 5.0
    with pytest.raises(errors.DomainError, match="N"):
        scaled(N=0.5, h=0.5)


def test_potts_free_energy_and_shares_do_not_overflow():
    a, b = dv.indices("a b", dv.size("q"))
    x = dv.Given("x", a)
    log_z = log(dv.total(exp(beta * x[a]), a))
    share = exp(beta * x[b]) / dv.total(exp(beta * x[a]), a)
    fields = np.array([1e4, 1e4 + 1, -5e4])
    kernel = nm.compile(log_z)
    assert kernel(x=fields, beta=1.0) == pytest.approx(1e4 + np.log(1 + np.e), rel=1e-15, abs=0)
    shares = nm.compile(share)(x=fields, beta=1.0)
    np.testing.assert_allclose(shares, [1 / (1 + np.e), np.e / (1 + np.e), 0], rtol=1e-12)
    np.testing.assert_allclose(kernel.jacobian(x[a])(x=fields, beta=1.0), shares, rtol=1e-12)
    for expr in (log_z, share, log(1 + dv.total(exp(beta * x[a]), a))):
        certificate = nm.certify(nm.compile(expr), x=fields[:2], beta=(0.01, 1), samples=20)
        assert certificate.holds, certificate


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        (log(2 * cosh(V[i])), [1000.0, 400.0]),
        (log(1 + exp(V[i])), [1000.0, 0.0]),
        (exp(V[i]) / (1 + exp(V[i])), [1.0, 0.0]),
        (dv.total(log(2 * cosh(V[i])), i) / N, 700.0),
        (log(sinh(h * V[i]) / V[i]), [1000 - log(2000.0), 400 - log(800.0)]),
    ],
)
def test_exponentials_of_elements_do_not_overflow(expr, expected):
    """An element of an array is no number although no symbol occurs in it."""
    kernel = nm.compile(expr)
    values = {"V": [1000.0, -400.0], "h": 1.0}
    result = kernel(**{given.name: values[given.name] for given in kernel.arguments})
    np.testing.assert_allclose(result, np.array(expected, float), rtol=1e-14, atol=1e-100)


def test_equal_sums_with_other_names_of_their_indices():
    v = arrays(4)["V"]
    for index in (i, j, dv.Index("k", N)):
        expr = beta * V[i] - dv.total(V[index], index) / N  # SymPy's cache mixes these up
        result = nm.compile(expr).jacobian(V[i])(V=v, beta=1.5)
        np.testing.assert_allclose(result, 1.5 * np.eye(4) - 0.25, rtol=1e-15)
        np.testing.assert_allclose(nm.compile(expr)(V=v, beta=1.5), 1.5 * v - v.mean(), rtol=1e-14)


def test_products_over_an_index():
    kernel = nm.compile(dv.product(1 + V[i] ** 2, i))
    assert kernel(np.array([1.0, 2.0])) == pytest.approx(10.0)


def test_symmetric_arrays_are_read_either_way():
    given = arrays(4)["w"]
    symmetric = given + given.T
    np.testing.assert_array_equal(nm.compile(W[j, i] + 0)(W=symmetric), symmetric)


def test_elements_of_arrays_nobody_gives_are_named():
    equations = dv.Equations((), (h,), (("f", V[i] * h),))
    with pytest.raises(errors.UnsupportedExpressionError, match=r"V\[i\] is no parameter"):
        nm.compile(equations)
    with pytest.raises(errors.UnsupportedExpressionError, match="neither an index nor a number"):
        nm.compile(V[i + 1])


def test_functions_of_the_position():
    assert nm.compile(V[i] * i)(np.ones(3)).tolist() == [1.0, 2.0, 3.0]


def test_a_free_index_is_not_captured_by_a_sum_of_the_same_name():
    a = dv.Index("a", 3)
    x, K = dv.Given("x", a), symbols("K", positive=True)
    weight = dv.total(exp(K * x[a]), a)
    share = exp(K * x[a]) * dv.total(exp(K * x[a]) * x[a], a) / weight**2
    at = np.array([0.2, 0.3, 0.5])
    w = np.exp(2 * at)
    np.testing.assert_allclose(
        nm.compile(share)(K=2.0, x=at), w * (w * at).sum() / w.sum() ** 2, rtol=1e-14
    )
