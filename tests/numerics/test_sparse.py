"""Sparse couplings: the values of dense ones, in memory proportional to what is stored."""

import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from sympy import cosh, exp, log, sqrt, symbols, tanh

import derive as dv
import numerics as nm
from numerics import errors
from numerics.problem.given import bind

N = dv.size("N")
i, j, k = dv.indices("i j k", N)
w, u, V = dv.Given("w", i, j), dv.Given("u", i, j), dv.Given("V", i)
W = dv.Given("W", i, j, symmetric=True)
beta, h = symbols("beta h", positive=True)
FORMATS = ("csr", "csc", "coo", "lil", "dok", "bsr", "dia")


def update(c):
    return tanh(beta * (h + dv.total(c[i, j] * V[j], j) / N))


EXPRESSIONS = {
    "update": update,
    "second order": lambda c: (
        update(c) - V[i] * dv.total(c[i, j] ** 2 * (1 - V[j] ** 2), j) * beta**2
    ),
    "transposed": lambda c: dv.total(c[j, i] * V[j], j),
    "form": lambda c: dv.total(c[i, j] * V[i] * V[j], i, j) / N,
    "chain": lambda c: dv.total(c[i, j] * c[j, k] * V[k], j, k),
    "trace": lambda c: dv.total(c[i, j] * c[j, i], i, j) * h,
    "triangles": lambda c: dv.total(c[i, j] * c[j, k] * c[k, i], i, j, k) * h,
    "function of an entry": lambda c: dv.total(tanh(2 * c[i, j]) / 3 * V[j], j),
    "powers": lambda c: dv.total(sqrt(abs(c[i, j])) ** 3 * V[j], j) + dv.total(c[i, j] ** 3, i, j),
    "symmetric part": lambda c: dv.total((c[i, j] + c[j, i]) / 2 * V[j], j),
    "two arrays": lambda c: dv.total(c[i, j] * u[j, i] * V[j], j),
    "rows": lambda c: dv.total(c[i, j], j) * V[i] + dv.total(c[j, i], j),
    "diagonal and lines": lambda c: c[i, i] * V[i] + c[2, i] - c[i, 3] + c[1, 4],
}


def network(n=7, seed=0):
    rng = np.random.default_rng(seed)
    a, b = (rng.normal(size=(n, n)) * (rng.random((n, n)) < 0.4) for _ in range(2))
    return {"w": a, "u": b, "W": a + a.T, "V": rng.uniform(-1, 1, (4, n)), "beta": 1.5, "h": 0.2}


def only(kernel, values):
    return {given.name: values[given.name] for given in kernel.arguments}


@pytest.mark.parametrize("name", EXPRESSIONS)
@pytest.mark.parametrize("array", [w, W], ids=["any", "symmetric"])
def test_values_are_those_of_dense_couplings(name, array):
    dense = network()
    kernel = nm.compile(EXPRESSIONS[name](array))
    expected = kernel(**only(kernel, dense))
    assert type(expected) is not sp.csr_array
    for layout in FORMATS:
        for kind in (sp.coo_array, sp.coo_matrix):
            sparse = {c: kind(dense[c]).asformat(layout) for c in ("w", "u", "W")}
            values = only(kernel, dense | sparse)
            np.testing.assert_allclose(kernel(**values), expected, rtol=1e-12, atol=1e-13)
    couplings = {name: v for name, v in values.items() if sp.issparse(v)}
    left = {name: v for name, v in values.items() if name not in couplings}
    bound = kernel.bind(couplings)
    np.testing.assert_allclose(bound(**left), expected, rtol=1e-12, atol=1e-13)
    if "V" in left:
        alone = bound(**{**left, "V": left["V"][1]})
        np.testing.assert_allclose(
            alone,
            np.broadcast_to(expected, (4, *expected.shape[1:]))[1] if expected.ndim else expected,
            rtol=1e-12,
            atol=1e-13,
        )


def test_results_are_written_to_out():
    dense = network()
    kernel = nm.compile(update(w))
    out = np.empty((4, 7))
    values = only(kernel, dense | {"w": sp.csr_array(dense["w"])})
    assert kernel(**values, out=out) is out
    np.testing.assert_allclose(out, kernel(**only(kernel, dense)), rtol=1e-13)


def test_entries_that_are_stored_twice_are_added_before_anything_else():
    twice = sp.coo_array(([1.0, 2.0, 1.0], ([0, 0, 1], [1, 1, 0])), shape=(2, 2))
    squares = nm.compile(dv.total(w[i, j] ** 2 * V[j], j))
    assert squares(w=twice, V=[1.0, 1.0]).tolist() == [9.0, 1.0]
    raw = sp.csr_array((np.array([1.0, 2.0]), np.array([1, 1]), np.array([0, 2, 2])), shape=(2, 2))
    assert squares(w=raw, V=[1.0, 1.0]).tolist() == [9.0, 0.0]
    assert raw.nnz == 2  # the caller's matrix stays as it was


@pytest.mark.parametrize(
    ("expr", "term"),
    [
        (exp(w[i, j]), r"exp\(w\[i, j\]\)"),
        (w[i, j] + 0, r"w\[i, j\] with sparse w would be dense: the result"),
        (dv.total(exp(w[i, j]) * V[j], j), r"exp\(w\[i, j\]\)"),
        (dv.total(w[i, j] * tanh(V[i] - V[j]), j), r"Total\(.*tanh\(V\[i\] - V\[j\]\)"),
        (dv.total(tanh(beta * w[i, j]) * V[j], j), r"beta\*w\[i, j\]"),
        (dv.total(log(2 * cosh(w[i, j] + V[i])), i, j), r"V\[i\] \+ w\[i, j\]"),
        (beta * w[i, j] * (1 - V[i] ** 2), r"w\[i, j\]"),
        (V[i] / w[i, j], r"w\[i, j\]"),
    ],
)
def test_what_would_be_dense_is_named(expr, term):
    dense = network()
    kernel = nm.compile(expr)
    values = only(kernel, dense | {"w": sp.csr_array(dense["w"]), "beta": np.ones(4)})
    with pytest.raises(errors.UnsupportedExpressionError, match=term) as caught:
        kernel(**values)
    assert "w.toarray()" in str(caught.value)
    assert "°" not in str(caught.value)


def test_a_function_of_couplings_at_one_temperature_stays_sparse():
    dense = network()
    kernel = nm.compile(dv.total(tanh(beta * w[i, j]) * V[j], j))
    given = only(kernel, dense)
    sparse = {**given, "w": sp.csr_array(given["w"])}
    np.testing.assert_allclose(kernel(**sparse), kernel(**given), rtol=1e-13)


@pytest.mark.parametrize(
    ("couplings", "error", "text"),
    [
        (sp.csr_array(np.triu(np.ones((4, 4)))), errors.SymmetryError, r"is 1 at index \(0, 1\)"),
        (sp.csr_array(np.ones((4, 3))), errors.ShapeError, r"W has shape \(4, 3\)"),
        (sp.csr_array(np.eye(4) * 1j), errors.NotANumberError, "sparse complex128"),
        (sp.csr_array(np.diag([0, np.nan, 1, 1])), errors.NotANumberError, r"nan at index \(1, 1"),
        (sp.csr_array(np.diag([0, 0, 1, np.inf])), errors.NotANumberError, r"inf at index \(3, 3"),
    ],
)
def test_what_is_no_array_of_couplings(couplings, error, text):
    kernel = nm.compile(update(W))
    problem = dv.Equations((V[i],), (W[i, j],), ())
    for call in (
        lambda: kernel(W=couplings, V=np.zeros(4), beta=1.0, h=0.1),
        lambda: kernel.bind(W=couplings, V=np.zeros(4)),
        lambda: bind(problem, {"W": couplings}),
    ):
        with pytest.raises(error, match=text):
            call()


def test_a_sparse_vector_is_refused():
    with pytest.raises(errors.ShapeError, match=r"V has no two indices: give V.toarray\(\)"):
        nm.compile(V[i] * h)(V=sp.csr_array(np.eye(3)), h=0.1)


def test_domains_count_the_zeros_that_are_not_stored():
    p = symbols("p", positive=True)
    problem = dv.Equations((V[i],), (w[i, j], p), ())
    assert bind(problem, {"w": sp.csr_array(np.eye(3)), "p": 1.0}).sizes == {N: 3}
    couplings = bind(problem, {"w": sp.coo_matrix(np.eye(3)), "p": [1.0, 2.0]})
    assert isinstance(couplings.flat["w"], sp.csr_array)
    assert couplings.shape == (2,)


def test_couplings_symmetric_up_to_rounding_are_accepted():
    dense = network(60)["W"]
    nudged = dense * (1 + 2.0**-52 * np.triu(np.ones((60, 60))))
    assert np.abs(nudged - nudged.T).max() > 0
    nm.compile(update(W)).bind(W=sp.csr_array(nudged))


def big(sites=100_000, entries=500_000):
    rng = np.random.default_rng(0)
    rows, columns = rng.integers(0, sites, size=(2, entries))
    half = sp.coo_array((rng.normal(size=entries), (rows, columns)), shape=(sites, sites)).tocsr()
    return (half + half.T).tocsr(), rng.uniform(-1, 1, size=sites)


def traced_peak(call):
    tracemalloc.start()
    result = call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak, result


def test_a_hundred_thousand_sites_take_memory_proportional_to_the_couplings():
    couplings, state = big()
    stored = couplings.data.nbytes + couplings.indices.nbytes + couplings.indptr.nbytes
    kernel = nm.compile(EXPRESSIONS["second order"](W))
    kernel(W=couplings[:5, :5], V=state[:5], beta=1.0, h=0.1)  # printed once
    peak, result = traced_peak(lambda: kernel(W=couplings, V=state, beta=1.0, h=0.1))
    assert peak < 6 * stored  # the transpose that symmetry is checked with, and w**2
    expected = np.tanh(0.1 + couplings @ state / len(state))
    expected -= state * (couplings.multiply(couplings) @ (1 - state**2))
    np.testing.assert_allclose(result, expected, rtol=1e-11, atol=1e-13)
    bound = kernel.bind(W=couplings, beta=1.0, h=0.1)
    bound(state)
    assert traced_peak(lambda: bound(state))[0] < stored  # a few vectors
    states = np.stack([state] * 30)
    bound(states[:2])
    peak, results = traced_peak(lambda: bound(states))
    assert peak - results.nbytes < 6 * stored
    np.testing.assert_allclose(results[29], result, rtol=1e-12, atol=1e-14)


def test_scipy_sparse_is_not_imported_for_dense_couplings():
    program = (
        "import sys, numerics as nm, derive as dv; "
        "i, j = dv.indices('i j', dv.size('N')); w, V = dv.Given('w', i, j), dv.Given('V', i); "
        "nm.compile(dv.total(w[i, j]*V[j], j)); assert 'scipy.sparse' not in sys.modules"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
