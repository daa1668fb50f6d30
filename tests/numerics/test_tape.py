"""Derivatives along a tape of intermediates, of random expressions and under sums and averages."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf
from sympy import (
    Abs,
    Heaviside,
    Max,
    Piecewise,
    Symbol,
    cos,
    exp,
    log,
    preorder_traversal,
    sin,
    sqrt,
    symbols,
    tanh,
)

import derive as dv
import numerics as nm
from numerics.errors import UnsupportedExpressionError
from numerics.reference import evaluate
from numerics.tape import Tape

x, y = symbols("x y", real=True)
POINT = {x: 0.7, y: -0.4}
UNIT = 2.0**-53

LEAVES = st.sampled_from([x, y, x + 2 * y, x * y, x - 3])
ONE = st.sampled_from(
    [tanh, sin, cos, lambda u: 1 / (1 + exp(-u)), lambda u: u**2, lambda u: log(1 + u**2)]
)
TWO = st.sampled_from([lambda a, b: a + b, lambda a, b: a * b, lambda a, b: a / (1 + b**2)])


def grown(inner):
    return st.one_of(
        st.builds(lambda f, a: f(a), ONE, inner),
        st.builds(lambda f, a, b: f(a, b), TWO, inner, inner),
    )


EXPRESSIONS = st.recursive(LEAVES, grown, max_leaves=8).filter(lambda e: e.free_symbols == {x, y})


def differences(expr):
    """First and second derivatives at the point by differences of mpmath in 90 digits."""
    step = mpf(10) ** -25

    def at(a, b):
        moved = {x: mpf(POINT[x]) + a * step, y: mpf(POINT[y]) + b * step}
        return evaluate(expr, moved, digits=90)

    with mp.workdps(90):
        first = [(at(1, 0) - at(-1, 0)) / (2 * step), (at(0, 1) - at(0, -1)) / (2 * step)]
        mixed = (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / (4 * step**2)
        second = [
            [(at(1, 0) - 2 * at(0, 0) + at(-1, 0)) / step**2, mixed],
            [mixed, (at(0, 1) - 2 * at(0, 0) + at(0, -1)) / step**2],
        ]
    return np.array(first, float), np.array(second, float)


@settings(max_examples=25)
@given(EXPRESSIONS)
def test_derivatives_of_random_expressions_are_those_of_differences(expr):
    kernel = nm.compile(expr, arguments=(x, y))
    first, second = differences(expr)
    # terms of either sign may be as large as the powers of the numbers in the expression
    size = 1e3 * (1 + max(np.abs(first).max(), np.abs(second).max()))
    np.testing.assert_allclose(kernel.gradient()(0.7, -0.4), first, rtol=0, atol=size * UNIT * 8)
    np.testing.assert_allclose(kernel.hessian()(0.7, -0.4), second, rtol=0, atol=size * UNIT * 8)


@settings(max_examples=25)
@given(EXPRESSIONS)
def test_a_gradient_in_reverse_mode_is_the_jacobian(expr):
    kernel = nm.compile(expr, arguments=(x, y))
    values = np.linspace(-1, 1, 5), np.linspace(0.5, 1, 5)
    expected = np.stack(kernel.jacobian([x, y])(*values), axis=-1)
    found = kernel.gradient()(*values)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12 * np.abs(expected).max())


@pytest.mark.parametrize(
    ("expr", "slopes"),
    [
        (Abs(x) * y, (0.4, 0.7)),
        (Max(x, y) ** 2, (0.0, -0.8)),
        (Piecewise((x * y, x < 0), (x**2, True)), (-0.4, -0.7)),
    ],
)
def test_functions_with_kinks_away_from_them(expr, slopes):
    np.testing.assert_allclose(nm.compile(expr, arguments=(x, y)).gradient()(-0.7, -0.4), slopes)


def test_a_size_of_a_symbol_that_was_not_declared_real():
    z = Symbol("z")
    assert nm.compile(abs(z) * x, arguments=(x, z)).gradient()(2.0, -3.0).tolist() == [3, -2]


def test_the_slope_of_a_step_is_no_function():
    with pytest.raises(UnsupportedExpressionError, match="DiracDelta"):
        nm.compile(y * Heaviside(x, 0), arguments=(x, y)).gradient()


def test_intermediates_of_a_deep_expression_are_as_many_as_its_nodes():
    """Written out, u -> sin(u) (1 + u), twelve times over, has four thousand leaves."""
    u = x + y
    for _ in range(12):
        u = sin(u) * (1 + u)
    leaves = sum(not node.args for node in preorder_traversal(u))
    tape = Tape([x, y])
    written = len(tape.array([tape.add(u)]).definitions)
    slopes = len(tape.array(tape.gradient(tape.add(u))).definitions)
    assert leaves > 2**12
    assert written <= 3 * 12 + 1  # a function, a sum and a product each time, and x + y
    assert slopes <= 5 * written


def test_vector_outputs_have_gradients_along_their_indices():
    i, j = dv.indices("i j", dv.size("N"))
    w, V = dv.Given("w", i, j), dv.Given("V", i)
    beta, h = symbols("beta h")
    kernel = nm.compile(tanh(beta * (dv.total(w[i, j] * V[j], j) + h)))
    rng = np.random.default_rng(0)
    given_ = {"w": rng.normal(size=(4, 4)), "V": rng.normal(size=4), "beta": 0.6, "h": 0.1}
    field = given_["w"] @ given_["V"] + 0.1
    sech2 = 1 / np.cosh(0.6 * field) ** 2
    found = kernel.gradient([h, beta])(**given_)
    np.testing.assert_allclose(found, np.stack([0.6 * sech2, field * sech2], axis=-1), rtol=1e-13)
    second = kernel.hessian([h, beta])(**given_)
    assert second.shape == (4, 2, 2)
    slope = -2 * np.tanh(0.6 * field) * sech2
    np.testing.assert_allclose(second[:, 0, 0], 0.36 * slope, rtol=1e-13)
    np.testing.assert_allclose(second[:, 0, 1], sech2 + 0.6 * field * slope, rtol=1e-12)


@pytest.mark.slow
def test_an_average_has_a_gradient_and_a_hessian():
    """b <tanh(sqrt(V) z + b)^2>, by quadrature and differences in mpmath."""
    z, V, b = symbols("z V b", real=True)
    kernel = nm.compile(b * dv.GaussianAverage(tanh(sqrt(V) * z + b) ** 2, z), arguments=(b, V))

    def true(*orders):
        def mean(b, V):
            def integrand(t):
                return mp.tanh(mp.sqrt(V) * t + b) ** 2 * mp.npdf(t)

            return b * mp.quad(integrand, [-14, -5, 0, 5, 14])

        with mp.workdps(40):
            return float(mp.diff(mean, (mpf(0.3), mpf(2)), orders))

    slopes, second = [true(1, 0), true(0, 1)], [[true(2, 0), true(1, 1)], [true(1, 1), true(0, 2)]]
    np.testing.assert_allclose(kernel.gradient()(0.3, 2.0), slopes, rtol=1e-12)
    np.testing.assert_allclose(kernel.hessian()(0.3, 2.0), second, rtol=1e-12)


def test_derivatives_of_derivatives():
    kernel = nm.compile(x**3 * y**2, arguments=(x, y))
    third = kernel.hessian().jacobian(x)(2.0, 3.0)
    np.testing.assert_allclose(third, [[6 * 9.0, 12 * 2.0 * 3.0], [12 * 2.0 * 3.0, 6 * 4.0]])
