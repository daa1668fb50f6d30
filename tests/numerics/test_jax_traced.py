"""Kernels as functions of JAX arrays: values, transformations, derivatives at hard points."""

import sys

import mpmath as mp
import numpy as np
import pytest
from sympy import (
    Abs,
    Eq,
    Max,
    Rational,
    Symbol,
    cosh,
    coth,
    erfc,
    exp,
    lambdify,
    log,
    sqrt,
    symbols,
    tanh,
)

import derive as dv
import numerics as nm
from numerics import errors
from numerics.backends.traced import traced
from numerics.reference import trusted
from tests.numerics.models import CURIE_WEISS, NETWORK

jax = pytest.importorskip("jax")
jnp = jax.numpy

x, y, z = symbols("x y z", real=True)
q = Symbol("q", positive=True)
i, j = dv.indices("i j", dv.size("N"))
V, W, S = dv.Given("V", i), dv.Given("W", i, j), dv.Given("S", i, j, symmetric=True)


@pytest.fixture(autouse=True)
def _double():
    """What a user of JAX calls at the top of a program, for one test."""
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)


def of(expr, **settings):
    return traced(nm.compile(expr, **settings))


# -- values and transformations ----------------------------------------------------------------


def test_arguments_by_position_by_keyword_and_by_symbol():
    f = of(y * tanh(x))
    expected = pytest.approx(2 * np.tanh(0.5), rel=1e-15, abs=0)
    for found in (f(0.5, 2), f(y=2, x=0.5), f(0.5, y=2), f({x: 0.5, y: 2})):
        assert float(found) == expected
        assert found.dtype == np.float64
    assert list(f.__signature__.parameters) == ["x", "y"]


def test_several_outputs_of_batches():
    f = of([Eq(Symbol("a"), x * y), Eq(Symbol("b"), tanh(x))])
    a, b = f(jnp.linspace(0, 1, 3)[:, None], jnp.linspace(0, 1, 4))
    assert a.shape == (3, 4)
    np.testing.assert_allclose(b, np.tanh(np.linspace(0, 1, 3))[:, None] + np.zeros(4), rtol=1e-15)


def test_compiled_and_mapped_in_every_order():
    kernel = nm.compile(CURIE_WEISS.potential)
    f = traced(kernel)
    m, h = np.linspace(-1, 1, 5), np.linspace(-0.3, 0.3, 4)
    expected = kernel(m=m[:, None], h=h, beta=1.2, J=1.0)

    def at(m, h):
        return f(m=m, h=h, beta=1.2, J=1.0)

    grid = jax.vmap(jax.vmap(at, (None, 0)), (0, None))
    for found in (grid(m, h), jax.jit(grid)(m, h), jax.vmap(jax.jit(at), (0, None))(m, h)):
        np.testing.assert_allclose(found, expected, rtol=1e-14, atol=1e-16)
    other = jax.vmap(at, in_axes=(None, 0), out_axes=1)(m, h)
    np.testing.assert_allclose(other, expected, rtol=1e-14, atol=1e-16)


def test_a_search_written_in_jax():
    f = of(CURIE_WEISS.residuals[0])

    def newton(_, m):
        slope = jax.grad(lambda m: f(m=m, h=0.0, beta=1.5, J=1.0))(m)
        return m - f(m=m, h=0.0, beta=1.5, J=1.0) / slope

    m = jax.jit(lambda m: jax.lax.fori_loop(0, 8, newton, m))(jnp.float64(1.0))
    assert float(m) == pytest.approx(
        float(mp.findroot(lambda m: m - mp.tanh(1.5 * m), 0.9)), rel=1e-14
    )


# -- derivatives at hard points ----------------------------------------------------------------

HARD = [
    (log(erfc(x)), 2, (-40, -3, 0, 0.4999, 0.5, 2, 1e3)),
    (tanh(x), 2, (0, 1e-9, 18.7, 25, -300)),
    (log(2 * cosh(x)), 2, (-1e3, -30, 0, 1e-12, 41, 1e3)),
    (log(1 + exp(x)), 2, (-300, -36, 0, 36, 1e3)),
    (1 / (1 + exp(-x)), 2, (-300, -30, 0, 300)),
    (coth(x) - 1 / x, 1, (1e-6, 0.1, 3, 1e3)),
    (exp(-(x**2) / 2) / erfc(x / sqrt(2)), 2, (-5, 0, 30, 1e3)),
    (log((1 + x) / (1 - x)), 2, (0, 1e-12, 0.999999)),
    (sqrt(1 + x**2) - 1, 1, (0, 1e-9, 1e6)),
]


@pytest.mark.parametrize(("expr", "orders", "points"), HARD, ids=str)
def test_derivatives_are_those_of_mpmath(expr, orders, points):
    f = of(expr)
    for order, derivative in enumerate((f, jax.grad(f), jax.grad(jax.grad(f)))[: orders + 1]):
        formula = expr.diff(x, order)
        for point in points:
            (exact,), _ = trusted([formula], {x: point})
            got = float(derivative(float(point)))
            tiny = sys.float_info.min
            assert got == pytest.approx(float(exact), rel=2e-14, abs=tiny), (order, point)


def test_derivatives_at_kinks_are_those_of_the_equations():
    slope = jax.grad(of(Abs(x) + Max(x - 1, 0) * 3))
    found = [float(slope(point)) for point in (-2.0, 0.0, 0.5, 2.0)]
    kernel = nm.compile(Abs(x) + Max(x - 1, 0) * 3).jacobian(x)
    assert found == [float(kernel(point)) for point in (-2.0, 0.0, 0.5, 2.0)] == [-1, 0, 1, 4]


# -- averages ----------------------------------------------------------------------------------


def average_in_mpmath(integrand, values, places):
    """The average over z of a formula with values of its symbols."""
    f = lambdify(z, integrand.subs(values), "mpmath")
    with mp.workdps(25):
        return float(mp.quad(lambda t: f(t) * mp.npdf(t), [-12, *places, 12]))


def test_the_derivatives_of_an_average():
    integrand = tanh(x + y * z) ** 2
    f = of(dv.GaussianAverage(integrand, z), ranges={x: (-3, 3), y: (0, 2)})
    at = {x: Rational(3, 10), y: Rational(7, 10)}
    found = np.array(jax.jit(jax.hessian(f, (0, 1)))(0.3, 0.7))
    expected = [[average_in_mpmath(integrand.diff(a, b), at, (0,)) for b in (x, y)] for a in (x, y)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    slopes = np.array(jax.jit(jax.grad(f, (0, 1)))(0.3, 0.7))
    np.testing.assert_allclose(
        slopes, [average_in_mpmath(integrand.diff(a), at, (0,)) for a in (x, y)], rtol=1e-13
    )


def test_the_entropy_of_a_perceptron_near_saturation():
    integrand = log(erfc((Rational(1, 2) - sqrt(q) * z) / sqrt(2 * (1 - q))) / 2)
    f = of(dv.GaussianAverage(integrand, z), ranges={q: (0.5, 1 - 1e-6)})
    for point in (0.9, 1 - 1e-6):
        exact = average_in_mpmath(integrand.diff(q), {q: Rational(point)}, (0, 0.45, 0.5, 0.55, 1))
        assert float(jax.grad(f)(point)) == pytest.approx(exact, rel=1e-10, abs=0)


def test_an_average_needs_ranges():
    average = dv.GaussianAverage(tanh(x + y * z) ** 2, z)
    with pytest.raises(
        errors.NumericsError, match=r'compile\(..., ranges=\{"y": \(low, high\)\}\)'
    ):
        of(average, ranges={x: (0, 1)})
    bound = nm.compile(average, ranges={x: (0, 1)}).bind(y=0.5)
    assert float(traced(bound)(0.25)) == pytest.approx(float(bound(0.25)), rel=1e-13)


def test_outside_of_its_ranges_an_average_is_nan():
    f = of(dv.GaussianAverage(tanh(x * z) ** 2, z), ranges={x: (0, 2)})
    assert np.isnan(f(jnp.array([-0.1, 1.0, 2.1]))).tolist() == [True, False, True]
    assert np.isnan(jax.grad(f)(2.1))


def test_ranges_that_no_rule_serves():
    average = dv.GaussianAverage(tanh(100 * (z**3 - x)), z)
    with pytest.raises(errors.PrecisionError):
        of(average, ranges={x: (-2, 2)})


# -- arrays ------------------------------------------------------------------------------------


def network(size=4):
    rng = np.random.default_rng(0)
    w = rng.normal(size=(size, size))
    return {"V": rng.uniform(-1, 1, size), "w": w + w.T, "beta": 0.7, "h": 0.1}


def test_derivatives_by_vectors():
    kernel = nm.compile(NETWORK.potential)
    f, values = traced(kernel), network()
    values["U"] = np.linspace(-1, 1, 4)
    names = ("V", "U")

    def at(*arrays):
        return f(values | dict(zip(names, arrays, strict=True)))

    arrays = [values[name] for name in names]
    found = jax.jit(jax.grad(at, (0, 1)))(*arrays)
    expected = [
        kernel.jacobian(element)(values) for element in kernel.inputs if str(element)[0] in "VU"
    ]
    for name, one in zip(names, found, strict=True):
        assert one.shape == values[name].shape
    np.testing.assert_allclose(
        sorted(np.concatenate(found)), sorted(np.concatenate(expected)), rtol=1e-13
    )
    hessian = jax.jit(jax.hessian(lambda v: at(v, arrays[1])))(arrays[0])
    np.testing.assert_allclose(hessian, values["beta"] * values["w"] / 16, rtol=1e-12, atol=1e-16)


def test_the_jacobian_of_a_vector_by_a_matrix():
    f = of(tanh(dv.total(W[i, j] * V[j], j)))
    rng = np.random.default_rng(1)
    w, v = rng.normal(size=(3, 3)), rng.normal(size=3)
    expected = np.einsum("i,ia,b->iab", 1 / np.cosh(w @ v) ** 2, np.eye(3), v)
    for transform in (jax.jacfwd, jax.jacrev):
        np.testing.assert_allclose(
            jax.jit(transform(lambda w: f(V=v, W=w)))(w), expected, rtol=1e-13, atol=1e-16
        )


def test_a_change_of_symmetric_couplings():
    f = of(dv.total(S[i, j] * V[i] * V[j], i, j) ** 2)
    rng = np.random.default_rng(2)
    s, t, v = rng.normal(size=(4, 4)), rng.normal(size=(4, 4)), rng.normal(size=4)
    s, t = s + s.T, t + t.T
    _, change = jax.jvp(lambda s: f(S=s, V=v), (s,), (t,))
    assert float(change) == pytest.approx(2 * (v @ s @ v) * (v @ t @ v), rel=1e-13)
    slope = jax.jit(jax.grad(lambda s: f(S=s, V=v)))(s)
    np.testing.assert_allclose(slope, 2 * (v @ s @ v) * np.outer(v, v), rtol=1e-13)
    assert np.isnan(f(S=s + np.triu(t, 1), V=v))  # not symmetric


def test_second_derivatives_by_entries_have_all_their_axes():
    f = of(dv.total(V[i] ** 3, i) + dv.total(V[i], i) ** 2)
    v = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(jax.jit(jax.hessian(f))(v), np.diag(6 * v) + 2, rtol=1e-14)


def test_a_batch_of_couplings():
    kernel = nm.compile(NETWORK.update[1])
    f, values = traced(kernel), network()
    many = np.stack([values["w"], 2 * values["w"], -values["w"]])
    found = jax.jit(jax.vmap(lambda w: f(values | {"w": w})))(many)
    expected = [kernel(values | {"w": w}) for w in many]
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-16)
    slopes = jax.vmap(jax.grad(lambda b, w: f(values | {"w": w, "beta": b}).sum()), (None, 0))(
        0.7, many
    )
    np.testing.assert_allclose(slopes, np.sum(expected, axis=1) / 0.7, rtol=1e-12)


def test_the_size_of_an_index_is_known_when_it_is_traced():
    size = Symbol("N", integer=True, positive=True)
    k = dv.Index("k", size)
    f = of(dv.total(tanh(k * x), k), arguments=(x, size))
    expected = np.tanh([0.1, 0.2, 0.3]).sum()
    assert float(jax.jit(lambda x: f(x, N=3))(0.1)) == pytest.approx(expected, rel=1e-14)
    kernel = nm.compile(dv.total(tanh(k * x), k), arguments=(x, size)).bind(N=3)
    assert float(jax.jit(traced(kernel))(0.1)) == pytest.approx(expected, rel=1e-14)
    with pytest.raises(errors.NumericsError, match="N is the size of an index"):
        jax.jit(f)(0.1, 3)
    with pytest.raises(errors.NumericsError, match="a size is a positive integer"):
        f(0.1, 2.5)


def test_points_and_nodes_are_never_all_in_memory():
    f = of(dv.GaussianAverage(tanh(x + y * z) ** 2, z), ranges={x: (-3, 3), y: (0, 2)})
    points = jax.ShapeDtypeStruct((10**6,), np.float64)
    for own in (f, jax.vmap(f), jax.vmap(jax.grad(f))):
        memory = jax.jit(own).lower(points, points).compile().memory_analysis()
        assert memory.temp_size_in_bytes < 12 * 8 * 10**6  # a few numbers for each point


# -- what is refused ---------------------------------------------------------------------------


def test_what_is_no_value_of_a_symbol_is_nan():
    f = of(log(q) + x)
    assert np.isnan(f(q=jnp.array([-1.0, 0.0, np.inf, np.nan, 1.0]), x=0.0)).tolist() == [
        True
    ] * 4 + [False]
    assert np.isnan(f(q=1.0, x=np.nan))


def test_single_precision_is_refused():
    f = of(tanh(x))
    jax.config.update("jax_enable_x64", False)
    with pytest.raises(errors.NumericsError, match="jax_enable_x64"):
        f(0.5)
    with pytest.raises(errors.NumericsError, match="jax_enable_x64"):
        jax.grad(f)(0.5)


def test_wrong_arguments_are_told_when_they_are_traced():
    f = of(tanh(x) * y)
    with pytest.raises(errors.MissingParameterError, match="no value for y"):
        jax.jit(f)(0.5)
    with pytest.raises(errors.UnknownParameterError):
        jax.jit(f)(0.5, 1.0, w=2.0)
    with pytest.raises(errors.ShapeError, match="do not broadcast"):
        jax.jit(f)(jnp.zeros(2), jnp.zeros(3))
    with pytest.raises(errors.NotANumberError, match="complex128"):
        jax.jit(f)(0.5, 1j)
    with pytest.raises(errors.NotANumberError, match="bool"):
        f(0.5, jnp.array(True))


def test_sparse_couplings_are_for_numpy():
    from scipy.sparse import csr_array

    f = of(dv.total(W[i, j] * V[j], j))
    with pytest.raises(errors.UnsupportedExpressionError, match="W is sparse"):
        f(W=csr_array(np.eye(3)), V=np.ones(3))
    bound = f.kernel.bind(W=csr_array(np.eye(3)))
    with pytest.raises(errors.UnsupportedExpressionError, match="W is sparse"):
        traced(bound)(np.ones(3))


def test_without_jax_the_extra_is_named(monkeypatch):
    kernel = nm.compile(tanh(x))
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(errors.MissingBackendError, match=r"pip install 'saddlepoint\[jax\]'"):
        traced(kernel)
