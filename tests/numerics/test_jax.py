"""Kernels on JAX: the values of the NumPy backend and of mpmath, its checks, and its limits."""

import ast
import builtins
import pickle
import re

import mpmath as mp
import numpy as np
import pytest
from sympy import Eq, KroneckerDelta, Symbol, atanh, erf, erfc, exp, log, sqrt, symbols, tanh

import derive as dv
import numerics as nm
from numerics import errors
from tests.numerics.averages_to_plan import AVERAGES, value, z
from tests.numerics.explicit_networks import logistic_loss, parameters
from tests.numerics.models import CONJUGATE, CURIE_WEISS, NETWORK, POTTS
from tests.numerics.test_hostile_names import HOSTILE

jax = pytest.importorskip("jax")

UNIT = 2.0**-53
x, y = symbols("x y", real=True)
p = Symbol("p", positive=True)
i, j, k = dv.indices("i j k", dv.size("N"))
V, W, S = dv.Given("V", i), dv.Given("W", i, j), dv.Given("S", i, j, symmetric=True)


def named(expressions):
    return [Eq(Symbol(f"f{n}"), expr) for n, expr in enumerate(expressions)]


def arguments_of(kernel, shape):
    """Random values by argument; arrays with five sites have the axes of the batch too."""
    rng = np.random.default_rng(0)
    found = {}
    for given in kernel.arguments:
        array = rng.uniform(0.1, 0.9, (*shape, *(5,) * len(given.ranges)))
        if given.ranges and given.symbol.label.symmetric:
            array = array + np.swapaxes(array, -1, -2)
        found[given.symbol] = array
    return found


# -- values ------------------------------------------------------------------------------------

MODELS = {
    "Curie-Weiss": (*CURIE_WEISS.update, CURIE_WEISS.potential),
    "observables": tuple(expr for _, expr in CURIE_WEISS.observables),
    "conjugate field": (*CONJUGATE.update, CONJUGATE.potential),
    "Potts": (*POTTS.update, POTTS.potential),
    "network": (*NETWORK.update, NETWORK.potential),
    "matrix products": (
        dv.total(W[i, j] * W[j, k] * V[k], j, k),
        dv.total(W[i, j] * V[i] * V[j], i, j),
        dv.total(S[i, j] ** 2 * V[j], j),
    ),
    "softmax": (log(dv.total(exp(7 * V[i]), i)), exp(V[i]) / dv.total(exp(V[j]), j)),
    "product": (dv.product(1 + V[i] * x, i),),
    "deltas": (V[i] * KroneckerDelta(i, j) + W[j, i], dv.total(W[i, i] * V[i], i)),
    "positions": (dv.total(tanh(i * V[i]), i), i * V[i] * x),
    "fixed places": (V[1] * W[2, i] + W[i, 1], V[3]),
    "determinant": (dv.LogDet(2 * KroneckerDelta(i, j) + S[i, j], i, j),),
}


@pytest.mark.parametrize("shape", [(), (7,)])
@pytest.mark.parametrize("name", MODELS)
def test_values_are_those_of_numpy(name, shape):
    kernel = nm.compile(named(MODELS[name]), backend="jax")
    values = arguments_of(kernel, shape)
    expected = nm.compile(named(MODELS[name]))(values)
    found = kernel(values)
    if len(MODELS[name]) == 1:
        found, expected = (found,), (expected,)
    for one, other in zip(found, expected, strict=True):
        assert np.shape(one) == np.shape(other)
        assert np.asarray(one).dtype == np.float64
        np.testing.assert_allclose(one, other, rtol=1e-13, atol=1e-15)


def test_arguments_broadcast():
    expr = dv.total(W[i, j] * tanh(x * V[j]), j)
    rng = np.random.default_rng(1)
    w, v = rng.normal(size=(4, 4)), rng.normal(size=(3, 1, 4))
    values = {"W": w, "V": v, "x": [0.5, 2.0]}
    found = nm.compile(expr, backend="jax")(**values)
    expected = np.tanh(np.array([0.5, 2.0])[:, None] * v) @ w.T
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)


def test_derivatives_of_a_network_with_shared_intermediates():
    weights = parameters(2, 2, 1)
    loss = logistic_loss(weights, (2, 2, 1), tanh)
    theta = np.random.default_rng(2).normal(size=(len(weights), 6))
    found, expected = (
        nm.compile(loss, backend=backend).hessian()(*theta) for backend in ("jax", "numpy")
    )
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


CERTIFIED = [
    (tanh(x), (-50, 50)),
    (log(1 + x), (-0.9999, 1e3)),
    (atanh(x), (-0.999999, 0.999999)),
    (exp(x) - 1, (-40, 40)),
    (log(2 * (exp(x) + exp(-x))), (-1e3, 1e3)),
    (log(erfc(x)), (-40, 1e3)),
    (exp(-(x**2) / 2) / erfc(x / sqrt(2)), (-30, 1e3)),
    (1 / (1 + exp(-x)), (-700, 700)),
]


@pytest.mark.parametrize(("expr", "ends"), CERTIFIED, ids=str)
def test_certificates_hold(expr, ends):
    certificate = nm.certify(nm.compile(expr, backend="jax"), samples=60, x=ends)
    assert certificate.backend == "jax"
    assert certificate.holds, certificate


HARD = ("tanh2 steep", "log of the tail")


@pytest.mark.parametrize("average", [a for a in AVERAGES if a.name in HARD], ids=lambda a: a.name)
def test_averages_are_those_of_mpmath(average):
    expr = dv.GaussianAverage(average.integrand, z)
    kernel = nm.compile(expr, backend="jax", ranges=average.box, tolerance=average.tolerance)
    for point in average.points[-2:]:
        exact, size = value(average, point)
        found = kernel(dict(zip(average.box, point, strict=True)))
        assert float(abs(found - exact)) <= (average.tolerance + 50 * UNIT) * float(size)


# -- functions in place of those of XLA --------------------------------------------------------

NEAR_ONE = [-0.9999999, -0.7, -0.45, -0.3, -0.29, -0.2, -1e-9, 1e-300, 1e-5, 0.2, 0.41, 0.45, 0.9]
FUNCTIONS = [
    ("tanh", mp.tanh, [*NEAR_ONE, 0.6249, 0.6251, 1.7, 5.0, -12.0, 18.7, 19.9, 30.0, 800.0]),
    ("expm1", mp.expm1, [*NEAR_ONE, 1.2499, 1.2501, -1.25, -1.251, -30.0, 3.0, 700.0]),
    ("log1p", mp.log1p, [*NEAR_ONE, 1.0, 1e3, 1e300]),
    ("arctanh", mp.atanh, NEAR_ONE),
    ("log", mp.log, [3e-308, 1e-5, 0.5, 0.7071, 0.7072, 0.999, 1.0, 1.00001, 1.4142, 3.0, 1e300]),
    (
        "gammaln",
        mp.loggamma,
        [1e-9, 0.3, 0.499, 0.51, 0.99, 1 + 1e-9, 1.3, 1.46, 2 - 1e-9, 2.6, 3.4],
    ),
]


@pytest.mark.parametrize(("name", "exact", "points"), FUNCTIONS, ids=lambda a: str(a)[:8])
def test_own_functions_are_known_to_four_units(name, exact, points):
    from numerics.backends import jax_functions
    from numerics.backends.jax_evaluation import double

    with double():
        found = np.asarray(jax.jit(getattr(jax_functions, name))(np.array(points)))
    with mp.workdps(40):
        for point, got in zip(points, found, strict=True):
            true = exact(mp.mpf(point))
            assert abs(mp.mpf(float(got)) - true) <= 4 * UNIT * abs(true), point


@pytest.mark.parametrize("name", ["tanh", "expm1", "log1p", "arctanh", "log"])
def test_own_functions_at_their_ends(name):
    from numerics.backends import jax_functions
    from numerics.backends.jax_evaluation import double

    ends = np.array([0.0, -0.0, 1.0, -1.0, -2.0, 1e308, np.inf, -np.inf, np.nan])
    with double():
        found = np.asarray(getattr(jax_functions, name)(jax.numpy.asarray(ends)))
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(found, getattr(np, name)(ends), rtol=1e-15)
    assert np.signbit(found[1]) or name.startswith("log")


# -- what is compiled, and how often -----------------------------------------------------------


@pytest.fixture
def traces(monkeypatch):
    """How often JAX has traced a function of the sources printed from here on."""
    from numerics.backends import jax_functions

    calls, own = [], jax_functions.tanh
    monkeypatch.setattr(jax_functions, "tanh", lambda x: calls.append(x) or own(x))
    return calls


def test_batches_of_about_one_size_are_compiled_once(traces):
    kernel = nm.compile(tanh(x) * 1.25 - y, backend="jax")
    for count in (5, 6, 7, 8):
        points = np.linspace(-1, 1, count)
        np.testing.assert_allclose(kernel(points, 0.5), np.tanh(points) * 1.25 - 0.5, rtol=1e-14)
    assert len(traces) == 1
    kernel(np.zeros(9), 0.5)
    assert len(traces) == 2


def test_rules_of_as_many_nodes_are_compiled_once(traces):
    kernel = nm.compile(dv.GaussianAverage(tanh(x * z) ** 2, z), backend="jax")
    kernel(np.linspace(0.1, 1, 8))
    before = len(traces)
    kernel(np.linspace(0.2, 0.9, 8))
    assert len(traces) == before


def test_long_batches_in_blocks_are_those_of_numpy():
    average = dv.GaussianAverage(tanh(x + y * z) ** 2, z)
    points = np.linspace(-3, 3, 5001), np.linspace(0, 2, 5001)
    ranges = {x: (-3, 3), y: (0, 2)}
    found, expected = (
        nm.compile(average, backend=backend, ranges=ranges)(*points) for backend in ("jax", "numpy")
    )
    np.testing.assert_allclose(found, expected, rtol=1e-14, atol=1e-16)


def test_what_is_bound_is_computed_before(traces):
    kernel = nm.compile(dv.total(tanh(W[i, j]) * V[j], j), backend="jax")
    rng = np.random.default_rng(3)
    bound = {n: kernel.bind(W=rng.normal(size=(4, 4))) for n in range(2)}
    for count in (3, 9):
        states = rng.normal(size=(count, 4))
        for own in bound.values():
            (couplings,) = own.bound.values()
            expected = states @ np.tanh(couplings).T
            np.testing.assert_allclose(own(states), expected, rtol=1e-12, atol=1e-14)
    assert len(traces) == 1  # for both, and for both lengths


def test_precision_outside_is_left_alone():
    assert not jax.config.jax_enable_x64
    kernel = nm.compile(tanh(x), backend="jax")
    assert kernel(np.linspace(0, 1, 3)).dtype == np.float64
    assert kernel(0.1) == pytest.approx(float(mp.tanh(0.1)), rel=4 * UNIT, abs=0)
    assert not jax.config.jax_enable_x64
    assert jax.numpy.zeros(1).dtype == np.float32


def test_a_kernel_survives_pickle():
    kernel = nm.compile(tanh(x) - y, backend="jax").bind(y=0.5)
    again = pickle.loads(pickle.dumps(kernel))
    assert again.backend == "jax"
    assert again(0.25) == kernel(0.25)


# -- what is refused ---------------------------------------------------------------------------

REFUSED = [
    (log(p - 1), -1.0),
    (log(p - 1), [2.0, -3.0]),
    (log(p - 1), np.nan),
    (log(p - 1), [2.0, np.inf]),
    (log(p - 1), 0.5),
    (log(p - 1), [2.0, 0.5, 3.0]),
    (1 / (p - 1), [[2.0, 1.0]]),
    (log(p), 1j),
    (log(p), "one"),
    (log(p), [[1.0], [2.0, 3.0]]),
]


@pytest.mark.parametrize(("expr", "given"), REFUSED, ids=str)
def test_what_numpy_refuses_is_refused_in_the_same_words(expr, given):
    with pytest.raises(errors.NumericsError) as expected:
        nm.compile(expr)(given)
    with pytest.raises(type(expected.value), match=re.escape(str(expected.value))):
        nm.compile(expr, backend="jax")(given)


def test_what_is_not_finite_can_be_kept():
    kernel = nm.compile(log(x), backend="jax")
    kept = kernel.evaluate([np.array([-1.0, 0.0, 1.0])], nonfinite="keep")
    assert np.isnan(kept[0])
    assert kept[1] == -np.inf
    assert kept[2] == 0.0


def test_large_values_are_no_overflow_and_subnormal_ones_are_zero():
    kernel = nm.compile(x * y, backend="jax")
    assert kernel([1e300, 1e-160], [1e8, 1e-160]).tolist() == [1e308, 0.0]


def test_couplings_are_checked():
    kernel = nm.compile(dv.total(S[i, j] * V[j], j), backend="jax")
    with pytest.raises(errors.SymmetryError, match="S was declared symmetric"):
        kernel(S=[[0.0, 1.0], [2.0, 0.0]], V=[1.0, 1.0])
    with pytest.raises(errors.ShapeError, match="the size N is"):
        kernel(S=np.eye(3), V=[1.0, 1.0])


def test_sparse_couplings_are_for_numpy():
    from scipy.sparse import csr_array

    kernel = nm.compile(dv.total(W[i, j] * V[j], j), backend="jax")
    with pytest.raises(errors.UnsupportedExpressionError, match=r"W is sparse: .*numpy"):
        kernel(W=csr_array(np.eye(3)), V=np.ones(3))


def test_empty_batches_are_empty():
    assert nm.compile(tanh(x), backend="jax")(np.zeros((0, 3))).shape == (0, 3)


# -- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_hostile_names_reach_no_source(name):
    own, over = Symbol(name, real=True), dv.Index(f"i{name}", dv.size(f"{name} "))
    array = dv.Given(f"V{name}", over)
    expr = tanh(own) * erf(own) + dv.total(over * array[over] ** 2, over)
    kernel = nm.compile([Eq(Symbol(f"f{name}"), expr)], backend="jax")
    tree = ast.parse(kernel.source)
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)]
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    assert names.isdisjoint(vars(builtins))
    expected = np.tanh(0.5) * float(mp.erf(0.5)) + 1 + 2 * 4
    assert kernel({own: 0.5, array: [1.0, 2.0]}) == pytest.approx(expected, rel=1e-14, abs=0)


def test_the_source_of_an_average():
    kernel = nm.compile(dv.GaussianAverage(tanh(x * z) ** 2, z), backend="jax", ranges={x: (1, 1)})
    kernel(1.0)
    lines = kernel.source.splitlines()
    assert "functions.tanh" in kernel.source
    assert any("jnp.sum(" in line for line in lines)
    assert all(len(line) < 100 for line in lines)
