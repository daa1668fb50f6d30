"""Kernels over dense couplings: few large matrix products, nothing larger than the couplings."""

import itertools
import pickle
import tracemalloc

import numpy as np
import pytest
from sympy import log, symbols, tanh

import derive as dv
import numerics as nm
from numerics import errors
from numerics.reference import evaluate

N = dv.size("N")
i, j, k, l = dv.indices("i j k l", N)
w, u, V = dv.Given("w", i, j), dv.Given("u", i, j), dv.Given("V", i)
W = dv.Given("W", i, j, symmetric=True)
beta, h = symbols("beta h", positive=True)


def field(c):
    return h + dv.total(c[i, j] * V[j], j) / N


def second_order(c):
    reaction = dv.total(c[i, j] ** 2 * (1 - V[j] ** 2), j)
    return tanh(beta * field(c) - beta**2 * V[i] * reaction / N**2)


UPDATE, SECOND_ORDER = tanh(beta * field(w)), second_order(w)
SUMS = {
    "ij,...j->...i": lambda c: dv.total(c[i, j] * V[j], j),
    "ji,...j->...i": lambda c: dv.total(c[j, i] * V[j], j),
    "ij,...i,...j->...": lambda c: dv.total(c[i, j] * V[i] * V[j], i, j),
    "ij,jk,...k->...i": lambda c: dv.total(c[i, j] * c[j, k] * V[k], j, k),
    "ij,kj,...i,...k->...": lambda c: dv.total(c[i, j] * c[k, j] * V[i] * V[k], i, j, k),
    "ij,jk,ki,...l->...l": lambda c: dv.total(c[i, j] * c[j, k] * c[k, i], i, j, k) * V[i],
    "ij,ij,...j,...j,...i->...i": lambda c: dv.total(c[i, j] ** 2 * V[j] ** 2, j) * V[i],
    "ij,...i,...i,...j,...k->...k": lambda c: dv.total(c[i, j] * V[i] ** 2 * V[j], i, j) * V[k],
    "ij,jk,kl,...l->...i": lambda c: dv.total(c[i, j] * c[j, k] * c[k, l] * V[l], j, k, l),
}


def network(n, seed=0):
    rng = np.random.default_rng(seed)
    couplings = rng.normal(size=(n, n))
    return couplings, couplings + couplings.T, rng.uniform(-1, 1, size=(5, n))


def operations(expr, **given):
    """The bindings of the program that a call runs, and their axes."""
    kernel = nm.compile(expr)
    kernel(**given)
    (runner,) = kernel._runners.values()
    return kernel, runner.program.lets


def products(expr, **given):
    return [let for let in operations(expr, **given)[1] if let.op == "contract"]


@pytest.mark.parametrize("spec", SUMS)
@pytest.mark.parametrize("batch", [(), (5,), (5, 1)])
def test_sums_of_products_against_einsum(spec, batch):
    a, s, states = network(6)
    states = states.reshape(*batch, 6) if batch else states[0]
    factors = spec.split("->")[0].split(",")
    for array, values in ((w, a), (W, s)):
        result = nm.compile(SUMS[spec](array))({array[i, j].label: values, V[i].label: states})
        operands = [states if f.startswith("...") else values for f in factors]
        expected = np.einsum(spec, *operands)
        np.testing.assert_allclose(result, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("expr", [UPDATE, SECOND_ORDER, dv.total(log(1 + beta * field(w) ** 2), i)])
def test_values_against_mpmath(expr):
    a, _, states = network(4)
    result = nm.compile(expr)(w=a, V=states[0], beta=1.5, h=0.2)
    for place in np.ndindex(result.shape):
        values = {w[i, j].label: a, V[i].label: states[0], beta: 1.5, h: 0.2, N: 4}
        at = {i: place[0] + 1} if place else {}
        assert result[place] == pytest.approx(
            float(evaluate(expr, values, at=at)), rel=1e-14, abs=0
        )


def test_a_product_with_many_states_is_one_matrix_product():
    a, _, states = network(6)
    kernel, lets = operations(UPDATE, w=a, V=states, beta=1.5, h=0.2)
    (product,) = [let for let in lets if let.op == "contract"]
    assert len(product.axes) == 1
    (runner,) = kernel._runners.values()
    assert runner.printed.source.count("np.matmul(") == 1
    assert "einsum" not in runner.printed.source


def test_the_form_and_the_field_share_their_matrix_product():
    a, s, states = network(6)
    form, local = dv.total(w[i, j] * V[i] * V[j], i, j), dv.total(w[i, j] * V[j], j)
    assert len(products([form, local, tanh(local)], w=a, V=states)) == 1
    assert len(products([local, form], w=a, V=states)) == 1
    transposed = dv.total(w[j, i] * V[j], j)
    assert len(products([local, transposed], w=a, V=states)) == 2
    either = [
        dv.total(W[i, j] * V[j], j),
        dv.total(W[j, i] * V[j], j),
        dv.total(W[i, j] ** 2 * V[i] * V[j], i, j),
        dv.total(W[j, k] ** 2 * V[j], j),
    ]
    assert len(products(either, W=s, V=states)) == 2
    results = nm.compile([form, local])(w=a, V=states)
    np.testing.assert_allclose(results[0], (states @ a.T * states).sum(axis=1), rtol=1e-13)


def test_vectors_come_before_matrices():
    a, _, states = network(6)
    chain = dv.total(w[i, j] * w[j, k] * u[k, i] * V[i], i, j, k)
    for expr in (dv.total(w[i, j] * w[j, k] * V[k], j, k), chain):
        given = {"w": a, "V": states} | ({"u": a.T.copy()} if expr is chain else {})
        applied = [let for let in products(expr, **given) if len(let.axes) == 2]
        # a trace of three matrices has no vector to begin with
        assert len(applied) == (1 if expr is chain else 0)


def test_squares_are_formed_once():
    a, _, states = network(6)
    _, lets = operations(SECOND_ORDER, w=a, V=states, beta=np.ones(5), h=0.1)
    assert [let.op for let in lets if len(let.axes) == 2] == ["view", "square"]
    assert sum(let.op == "contract" for let in lets) == 2


@pytest.mark.parametrize("layout", ["C", "F", "strided", "float32", "list"])
def test_layouts_of_couplings(layout):
    a, _, states = network(40)
    a = a.astype(np.float32).astype(float)
    given = {
        "C": a,
        "F": np.asfortranarray(a),
        "strided": np.repeat(a, 2, axis=0)[::2],
        "float32": a.astype(np.float32),
        "list": a.tolist(),
    }[layout]
    expected = np.tanh(1.5 * (states @ a.T / 40 + 0.2))
    result = nm.compile(UPDATE)(w=given, V=states, beta=1.5, h=0.2)
    np.testing.assert_allclose(result, expected, rtol=1e-13)


def test_batches_of_couplings():
    _, s, states = network(6)
    several = np.stack([s, 2 * s, -s])
    kernel = nm.compile(tanh(beta * dv.total(W[i, j] * V[j], j)))
    result = kernel(W=several[:, None], V=states, beta=0.3)
    expected = np.tanh(0.3 * np.einsum("aij,bj->abi", several, states))
    np.testing.assert_allclose(result, expected, rtol=1e-12)
    alone = kernel(W=several, V=states[:3], beta=[0.1, 0.2, 0.3])
    np.testing.assert_allclose(alone[1], kernel(W=2 * s, V=states[1], beta=0.2), rtol=1e-13)


def test_arrays_with_three_indices():
    J = dv.Given("J", i, j, k)
    rng = np.random.default_rng(0)
    tensor, states = rng.normal(size=(4, 4, 4)), rng.normal(size=(3, 4))
    result = nm.compile(dv.total(J[i, j, k] * V[j] * V[k], j, k))(J=tensor, V=states)
    np.testing.assert_allclose(result, np.einsum("ijk,aj,ak->ai", tensor, states, states))


def test_large_matrices_are_not_multiplied_in_slivers():
    """Without `block` no more calls of the block than 256 states make necessary."""
    a, _, _ = network(300)
    states = np.random.default_rng(1).uniform(-1, 1, size=(600, 300))
    kernel = nm.compile(UPDATE).bind(w=a, h=0.2, beta=1.5)
    expected = kernel(states)
    (runner,) = kernel._runners.values()
    sizes, block = [], runner.block
    runner.block = lambda *args: (sizes.append(len(args[0])), block(*args))
    np.testing.assert_array_equal(kernel(states), expected)
    assert sizes == [256, 256, 88]
    small = kernel.evaluate([states], block=1)
    np.testing.assert_allclose(small, expected, rtol=1e-13, atol=1e-16)


def traced_peak(call):
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_memory_beside_the_couplings():
    n = 2000
    rng = np.random.default_rng(0)
    s = rng.normal(size=(n, n))
    s += s.T
    states = rng.uniform(-1, 1, size=(100, n))
    kernel = nm.compile(second_order(W))
    bound = kernel.bind(W=s, beta=1.0, h=0.1)
    kernel(W=s[:3, :3], V=states[:2, :3], beta=1.0, h=0.1)  # printed once
    bound(states)
    assert traced_peak(lambda: bound(states)) < 0.25 * s.nbytes  # a few arrays of states
    assert traced_peak(lambda: kernel(W=s, V=states, beta=1.0, h=0.1)) < 1.3 * s.nbytes  # w**2
    update = nm.compile(tanh(beta * field(W)))
    update(W=s[:3, :3], V=states[:2, :3], beta=1.0, h=0.1)
    assert traced_peak(lambda: update(W=s, V=states, beta=1.0, h=0.1)) < 0.25 * s.nbytes


# -- what is bound -----------------------------------------------------------------------------


def test_bound_values_give_the_same_results():
    a, _, states = network(6)
    values = {"w": a, "V": states, "beta": np.linspace(0.5, 2, 5), "h": 0.2}
    kernel = nm.compile(SECOND_ORDER)
    expected = kernel(**values)
    for count in range(5):
        for names in itertools.combinations(values, count):
            bound = kernel.bind({name: values[name] for name in names})
            left = {name: value for name, value in values.items() if name not in names}
            assert [g.name for g in bound.arguments] == [
                n for n in ("beta", "h", "V", "w") if n in left
            ]
            np.testing.assert_allclose(bound(**left), expected, rtol=1e-13, atol=1e-16)
    out = np.empty_like(expected)
    assert kernel.bind(w=a).bind(h=0.2, beta=1.0)(states, out=out) is out
    np.testing.assert_allclose(out, kernel(w=a, V=states, beta=1.0, h=0.2), rtol=1e-13)


def test_what_depends_on_bound_values_alone_is_computed_once():
    a, _, states = network(6)
    kernel = nm.compile(SECOND_ORDER).bind(w=a)
    kernel(V=states, beta=1.0, h=0.1)
    (runner,) = kernel._runners.values()
    before, later = runner.printed.source.split("def once")
    assert before.count("np.square(") == 2  # of w, and of N
    assert before.count("np.add.reduce(") == 1
    assert later.count("np.matmul(") == 2
    assert "np.add.reduce(" not in later


def test_bound_kernels_differentiate_pickle_and_certify():
    a, _, states = network(3)
    kernel = nm.compile(UPDATE)
    bound = kernel.bind(w=a, h=0.2)
    slope = bound.jacobian(V[i])
    assert [g.name for g in slope.arguments] == ["beta", "V"]
    expected = kernel.jacobian(V[i])(w=a, V=states, beta=1.5, h=0.2)
    np.testing.assert_allclose(slope(beta=1.5, V=states), expected, rtol=1e-14)
    again = pickle.loads(pickle.dumps(bound))
    np.testing.assert_array_equal(again(1.5, states), bound(1.5, states))
    assert repr(bound) == "<Kernel (beta, V) -> value; numpy>"


def test_values_are_checked_when_they_are_bound():
    a, _, states = network(4)
    kernel = nm.compile(UPDATE)
    broken = a.copy()
    broken[1, 2] = np.nan
    with pytest.raises(errors.NotANumberError, match=r"w is nan at index \(1, 2\)"):
        kernel.bind(w=broken)
    with pytest.raises(errors.DomainError, match="beta"):
        kernel.bind(beta=-1.0)
    with pytest.raises(errors.UnknownParameterError, match="temperature"):
        kernel.bind(temperature=1.0)
    with pytest.raises(errors.UnknownParameterError, match="w is no parameter"):
        kernel.bind(w=a).bind(w=a)
    with pytest.raises(errors.ShapeError, match="the size N"):
        kernel.bind(w=a)(V=np.zeros(5), beta=1.0, h=0.1)
    with pytest.raises(errors.MissingParameterError, match="beta"):
        kernel.bind(w=a)(V=states, h=0.1)
    with pytest.raises(errors.NonFiniteError, match="value is inf"):
        nm.compile(1 / (V[i] - h)).bind(h=0.5)([1.0, 0.5])


# -- arrays that are no couplings --------------------------------------------------------------


def test_unsymmetric_couplings_are_refused():
    a, s, states = network(300)
    kernel = nm.compile(tanh(dv.total(W[i, j] * V[j], j)))
    worst = np.abs(a - a.T)
    at = np.unravel_index(np.argmax(np.triu(worst)), worst.shape)
    text = rf"W was declared symmetric, but abs\(W - W.T\) is {worst.max():.6g} at index "
    with pytest.raises(errors.SymmetryError, match=text) as caught:
        kernel(W=a, V=states)
    assert f"index ({at[0]}, {at[1]})" in str(caught.value)
    assert "(W + W.T)/2" in str(caught.value)
    assert "without symmetric=True" in str(caught.value)
    with pytest.raises(errors.SymmetryError):
        kernel.bind(W=a)
    with pytest.raises(errors.SymmetryError, match=r"index \(2, "):
        kernel(W=np.stack([s, s, a]), V=states[:3])
    kernel(W=s, V=states)


def test_couplings_symmetric_up_to_rounding_are_accepted():
    rng = np.random.default_rng(0)
    patterns = rng.normal(size=(200, 60))
    weights = rng.uniform(0.5, 2, size=60)
    summed = (patterns * weights) @ patterns.T
    assert np.abs(summed - summed.T).max() > 0  # in two orders
    kernel = nm.compile(dv.total(W[i, j] * V[j], j))
    kernel(W=summed, V=np.ones(200))
    kernel(W=summed.astype(np.float32), V=np.ones(200))
    summed[3, 4] += 1e-12 * np.abs(summed).max()
    with pytest.raises(errors.SymmetryError, match=r"index \(3, 4\)"):
        kernel(W=summed, V=np.ones(200))


@pytest.mark.parametrize(
    ("couplings", "error", "text"),
    [
        (np.zeros((4, 3)), errors.ShapeError, r"w has shape \(4, 3\)"),
        (np.zeros(4), errors.ShapeError, "needs an axis for each of its 2 indices"),
        (np.full((4, 4), "a"), errors.NotANumberError, "w holds <U1 values"),
        (np.full((4, 4), None), errors.NotANumberError, "w holds object values"),
        (np.full((4, 4), 1j), errors.NotANumberError, "w is complex"),
        ([[1, 2], [3]], errors.NotANumberError, "no rectangular array"),
        (np.ma.masked_greater(np.eye(4), 0.5), errors.NotANumberError, r"masked at index \(0, 0\)"),
        (np.diag([1, np.inf, 1, 1]), errors.NotANumberError, r"w is inf at index \(1, 1\)"),
    ],
)
def test_what_is_no_array_of_couplings(couplings, error, text):
    with pytest.raises(error, match=text):
        nm.compile(UPDATE)(w=couplings, V=np.zeros(4), beta=1.0, h=0.1)
    with pytest.raises(error, match=text):
        nm.compile(UPDATE).bind(w=couplings, V=np.zeros(4))


def test_a_masked_array_that_hides_nothing_is_an_array():
    a, _, states = network(4)
    shown = nm.compile(UPDATE)(w=np.ma.masked_invalid(a), V=states, beta=1.0, h=0.1)
    np.testing.assert_array_equal(shown, nm.compile(UPDATE)(w=a, V=states, beta=1.0, h=0.1))


def test_the_solver_and_the_enumeration_refuse_them_too():
    a, s, _ = network(4)
    site = dv.Ising("s", i)
    energy = -dv.total(W[i, j] * site[i] * site[j], i, j) / (2 * N)
    model = dv.Ensemble(trace=site, beta=beta, hamiltonian=energy)
    equations = dv.Equations(
        (V[i],), (W[i, j], beta), (), update=(tanh(beta * dv.total(W[i, j] * V[j], j) / N),)
    )
    for call in (nm.enumerate_states, lambda _, **given: nm.solve(equations, **given)):
        with pytest.raises(errors.SymmetryError, match=r"abs\(W - W.T\)"):
            call(model, W=a, beta=1.0)
        with pytest.raises(errors.NotANumberError, match=r"W is nan at index \(0, 0\)"):
            call(model, W=np.full((4, 4), np.nan), beta=1.0)
        with pytest.raises(errors.NotANumberError, match="masked"):
            call(model, W=np.ma.masked_greater(s, 0), beta=1.0)
        with pytest.raises(errors.ShapeError, match="W has shape"):
            call(model, W=s[:, :3], beta=1.0)


def test_derivatives_that_do_not_depend_on_an_index_run_over_it():
    V = dv.Given("V", i)
    kernel = nm.compile(dv.total(V[i], i) ** 2)
    x = np.array([1.0, 2.0, 4.0])
    slope = kernel.jacobian(V)
    np.testing.assert_array_equal(slope(V=x), [14.0] * 3)
    np.testing.assert_array_equal(slope.jacobian(V)(V=x), np.full((3, 3), 2.0))
