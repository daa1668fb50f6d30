"""The numba backend as a user meets it: the results of NumPy's, and the same refusals."""

import os
import pickle
import platform
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
from sympy import Symbol, cosh, erfc, exp, log, pi, sqrt, symbols, tanh

import derive as dv
import numerics as nm
from derive.saddle.log_det import LogDet

pytest.importorskip("numba")

m, h, z = symbols("m h z", real=True)
beta, V = symbols("beta V", positive=True)
FIELD = beta * (m + h)
MAGNET = [m**2 / 2 - log(2 * cosh(FIELD)) / beta, m - tanh(FIELD)]
TAU = (m - sqrt(h) * z) / sqrt(1 - h)
RATIO = (exp(-(TAU**2) / 2) / sqrt(2 * pi) / (erfc(TAU / sqrt(2)) / 2)) ** 2
VARIANCE = dv.GaussianAverage(tanh(sqrt(V) * z) ** 2, z)
i, j = dv.indices("i j", dv.size("N"))
w, s = dv.Given("w", i, j), dv.Given("s", i)


@pytest.fixture(scope="module")
def magnet():
    return nm.compile(MAGNET, arguments=(m, beta, h), backend="numba")


@pytest.fixture(scope="module")
def variance():
    return nm.compile(VARIANCE, ranges={V: (0.01, 4)}, backend="numba")


# -- results -------------------------------------------------------------------------------------


def test_kernels_carry_the_certificate_of_the_numpy_backend(magnet, variance):
    ranges = {"m": (-1, 1), "beta": (0.1, 30), "h": (-2, 2)}
    assert nm.certify(magnet, samples=60, **ranges).holds
    assert nm.certify(variance, samples=15, V=(0.01, 4)).holds


def test_functions_that_share_an_exponential_keep_their_bounds():
    kernel = nm.compile([cosh(m) ** -2, tanh(m), log(2 * cosh(m))], backend="numba")
    assert "sinh" not in kernel.source
    for size in (1, 40, 1e4):  # far out the first is zero, and not the smallest number
        assert nm.certify(kernel, samples=40, m=(-size, size)).holds


def test_the_average_of_a_capacity_is_certified():
    kernel = nm.compile(dv.GaussianAverage(RATIO, z), arguments=(h, m), backend="numba")
    assert nm.certify(kernel, samples=10, h=(0.05, 0.95), m=(-2, 2)).holds


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="names an x86 processor")
def test_certificates_hold_without_the_widest_vectors():
    """As on a processor with AVX2 only; in a process of its own, for the target is that of one."""
    names = "test_kernels_carry or test_the_average or test_arrays_with_indices"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        __file__,
        "-k",
        names,
    ]
    environment = os.environ | {"SADDLEPOINT_CPU": "haswell"}
    found = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert found.returncode == 0, found.stdout
    assert "3 passed" in found.stdout


def test_shapes_broadcast_and_scalars_give_scalars(magnet):
    grid = np.linspace(-1, 1, 7)[:, None], np.linspace(0.5, 2, 130)
    own, numpy = (f(*grid, 0.1) for f in (magnet, nm.compile(MAGNET, arguments=(m, beta, h))))
    for a, b in zip(own, numpy, strict=True):
        assert a.shape == b.shape == (7, 130)
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-15)
    assert np.ndim(magnet(0.5, 1.0, 0.0)[0]) == 0
    assert magnet(np.ones((0, 3)), 1.0, 0.0)[1].shape == (0, 3)


def test_a_point_is_what_it_is_in_any_batch(variance):
    x = np.random.default_rng(0).uniform(0.1, 4, 200)
    whole = variance(x)
    assert [float(variance(x[k])) for k in (0, 63, 64, 199)] == list(whole[[0, 63, 64, 199]])
    np.testing.assert_array_equal(variance(x[5:70]), whole[5:70])


def layouts(x):
    frozen = x.copy()
    frozen.flags.writeable = False
    return {
        "strided": np.repeat(x, 3)[::3],
        "reversed": x[::-1][::-1],
        "read-only": frozen,
        "byte-swapped": x.astype(x.dtype.newbyteorder()),
        "Fortran": np.asfortranarray(np.stack([x, x]))[0],
        "float32": x.astype(np.float32),
        "list": list(x),
    }


@pytest.mark.parametrize("layout", layouts(np.zeros(1)))
def test_arguments_come_in_any_layout(variance, layout):
    x = np.float32(np.linspace(0.1, 3, 70)).astype(float)
    np.testing.assert_array_equal(variance(layouts(x)[layout]), variance(x))


def test_integers_are_numbers(magnet):
    assert magnet(1, 2, 0) == magnet(1.0, 2.0, 0.0)


def test_results_are_written_where_the_caller_says(variance):
    x, out = np.linspace(0.1, 3, 70), np.empty(70)
    assert variance(x, out=out) is out
    np.testing.assert_array_equal(out, variance(x))
    shared = np.linspace(0.1, 3, 71)
    expected = variance(shared[1:].copy())
    np.testing.assert_array_equal(variance(shared[1:], out=shared[:-1]), expected)
    gaps = np.zeros((70, 2))
    variance(x, out=gaps[:, 0])
    np.testing.assert_array_equal(gaps[:, 0], variance(x))


def test_threads_change_nothing(variance):
    x = np.random.default_rng(1).uniform(0.1, 4, 20_000)
    two = nm.compile(VARIANCE, ranges={V: (0.01, 4)}, backend="numba", threads=2)
    np.testing.assert_array_equal(two(x), variance(x))


def test_kernels_survive_pickle_and_binding(magnet):
    other = pickle.loads(pickle.dumps(magnet))
    assert other.backend == "numba"
    assert other(0.3, 1.2, 0.1) == magnet(0.3, 1.2, 0.1)
    assert magnet.bind(beta=1.2)(0.3, 0.1) == magnet(0.3, 1.2, 0.1)


def test_arrays_with_indices_vary_or_not():
    expr = dv.total(w[i, j] ** 2 * tanh(beta * s[j]), j)
    kernels = [nm.compile(expr, backend=name) for name in ("numpy", "numba")]
    rng = np.random.default_rng(2)
    for batch in ((), (5,), (3, 4)):
        one, all_ = rng.normal(size=(6, 6)), rng.normal(size=(*batch, 6, 6))
        for couplings in (one, all_):
            state = rng.normal(size=(*batch, 6))
            a, b = (f(w=couplings, s=state, beta=0.7) for f in kernels)
            assert a.shape == b.shape == (*batch, 6)
            np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-14)


def test_code_is_made_once_for_all_values_of_a_number():
    n = Symbol("n", integer=True, positive=True)
    kernel = nm.compile(tanh(m / n), backend="numba")
    for value in (1, 2, 3):
        assert kernel(m=0.5, n=value) == pytest.approx(np.tanh(0.5 / value), rel=1e-15, abs=0)
    (runner,) = {id(each): each for each in kernel._runners.values()}.values()
    assert len(runner.units) == 1


def test_jacobians_are_compiled_too(variance):
    slope = variance.jacobian(V)
    assert slope.backend == "numba"
    x = np.array([0.2, 1.0, 3.0])
    numpy = nm.compile(VARIANCE, ranges={V: (0.01, 4)}).jacobian(V)
    np.testing.assert_allclose(slope(x), numpy(x), rtol=1e-12)


# -- the source ----------------------------------------------------------------------------------


def test_the_source_is_readable(variance):
    text = variance.source
    assert "r7 = tanh_summed(r6)" in text
    assert "for lane in range(64):" in text
    compile(text, "source", "exec")


@pytest.mark.parametrize(
    "name", ["tanh", "lane", "stack", "o0", "s4", "i0", "x; import os", "", "β"]
)
def test_names_of_symbols_are_data(name):
    x = Symbol(name)
    kernel = nm.compile(tanh(x) + exp(-(x**2)), backend="numba")
    assert kernel([0.3]) == pytest.approx(np.tanh(0.3) + np.exp(-0.09), rel=1e-15, abs=0)


# -- ufuncs --------------------------------------------------------------------------------------


def test_a_kernel_is_a_ufunc(magnet, variance):
    u = variance.ufunc
    assert isinstance(u, np.ufunc)
    x = np.linspace(0.1, 3, 100)
    np.testing.assert_array_equal(u(x), variance(x))
    out = np.full(100, -1.0)
    u(x, out=out, where=x > 1)
    np.testing.assert_array_equal(out, np.where(x > 1, variance(x), -1.0))
    both, (free, residual) = magnet.ufunc, magnet.ufuncs
    assert (both.nin, both.nout, free.nout) == (3, 2, 1)
    for a, b in zip(both(0.3, x, 0.1), (free(0.3, x, 0.1), residual(0.3, x, 0.1)), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_kernel_keeps_its_ufunc(variance):
    assert variance.ufunc is variance.ufunc
    assert nm.compile(MAGNET, backend="numba").bind(beta=1.0)._forms == {}


def test_xarray_and_dask_take_ufuncs(variance):
    xarray, dask = pytest.importorskip("xarray"), pytest.importorskip("dask.array")
    x = np.linspace(0.1, 3, 100)
    labelled = variance.ufunc(xarray.DataArray(x, dims="V"))
    assert labelled.dims == ("V",)
    np.testing.assert_array_equal(labelled.values, variance(x))
    lazy = variance.ufunc(dask.from_array(x, chunks=30))
    np.testing.assert_array_equal(lazy.compute(), variance(x))


@pytest.mark.parametrize(
    ("kernel", "words"),
    [
        (lambda: nm.compile(tanh(m)), 'backend="numba"'),
        (lambda: nm.compile(VARIANCE, backend="numba"), "ranges="),
        (lambda: nm.compile(dv.total(s[i], i), backend="numba"), "s"),
    ],
    ids=["numpy", "no ranges", "arrays"],
)
def test_what_is_no_ufunc_says_what_would_mend_it(kernel, words):
    with pytest.raises(nm.NumericsError, match=words):
        _ = kernel().ufunc


# -- refusals ------------------------------------------------------------------------------------


def test_what_is_not_finite_is_reported_or_kept():
    f = nm.compile(exp(h), backend="numba")
    with pytest.raises(nm.NonFiniteError, match=r"inf at h = 800\.0"):
        f(np.array([1.0, 800.0]))
    with pytest.raises(nm.NotANumberError, match="h is nan"):
        f(float("nan"))
    assert f.evaluate([np.array([0.0, 800.0])], nonfinite="keep").tolist() == [1.0, float("inf")]


def test_domains_and_shapes_are_checked(magnet):
    with pytest.raises(nm.DomainError, match="beta"):
        magnet(0.1, np.array([1.0, -1.0]), 0.0)
    with pytest.raises(nm.ShapeError, match="broadcast"):
        magnet(np.ones(3), np.ones(4), 0.0)
    huge = np.broadcast_to(1.0, (2**33, 1)), np.broadcast_to(1.0, (1, 2**33))
    with pytest.raises(nm.ShapeError, match="more points than memory"):
        magnet(*huge, 0.0)


@pytest.mark.parametrize("backend", ["numba", "jax"])
def test_a_backend_that_is_missing_names_its_extra(monkeypatch, backend):
    from numerics.backends import choice

    monkeypatch.setattr(
        choice, "find_spec", lambda name: None if name == backend else find_spec(name)
    )
    extra = {"numba": "fast", "jax": "jax"}[backend]
    with pytest.raises(nm.MissingBackendError, match=rf"saddlepoint\[{extra}\]"):
        nm.compile(tanh(m), backend=backend)


def test_auto_is_numba_where_it_can(monkeypatch):
    from numerics.backends import choice

    determinant = LogDet(w[i, j], i, j)
    assert nm.compile(tanh(m), backend="auto").backend == "numba"
    assert nm.compile(determinant, backend="auto").backend == "numpy"
    monkeypatch.setattr(choice, "find_spec", lambda name: None)
    assert nm.compile(tanh(m), backend="auto").backend == "numpy"


def test_what_numba_does_not_take_says_what_does():
    sparse = pytest.importorskip("scipy.sparse")
    field = nm.compile(dv.total(w[i, j] * s[j], j), backend="numba")
    with pytest.raises(nm.UnsupportedExpressionError, match='backend="numpy"'):
        field(w=sparse.eye_array(3), s=np.ones(3))
    with pytest.raises(nm.UnsupportedExpressionError, match='backend="numpy"'):
        nm.compile(LogDet(w[i, j], i, j), backend="numba")(w=np.eye(3))


@pytest.mark.parametrize("threads", [0, -1, 1.5, True])
def test_threads_are_counted(threads):
    with pytest.raises(nm.NumericsError, match="threads"):
        nm.compile(tanh(m), backend="numba", threads=threads)


def test_other_backends_have_no_threads():
    with pytest.raises(nm.NumericsError, match="numba"):
        nm.compile(tanh(m), threads=2)
    with pytest.raises(nm.NumericsError, match="choose one of"):
        nm.compile(tanh(m), backend="fortran")


def test_importing_the_package_loads_no_backend():
    code = "import sys, numerics; print({'numba', 'llvmlite', 'jax', 'dask'} & set(sys.modules))"
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
