"""Blocks: results do not depend on them, and they cost no memory."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import cosh, exp, lambdify, log, symbols, tanh

import derive as dv
import numerics as nm
from numerics.blocks import BLOCK

m, beta, J, h = symbols("m beta J h", real=True)
FREE = J * m**2 / 2 - log(2 * cosh(beta * (J * m + h))) / beta
RESIDUAL = m - tanh(beta * (J * m + h))
KERNEL = nm.compile([FREE, RESIDUAL], arguments=(m, beta, J, h))


def points(count):
    rng = np.random.default_rng(0)
    return rng.uniform(-1, 1, count), rng.uniform(0.1, 10, count), 1.0, rng.normal(size=count)


@pytest.mark.parametrize("count", [1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 17])
def test_blocked_is_unblocked_bit_for_bit(count):
    arguments = points(count)
    whole = KERNEL.evaluate(arguments, block=count + 1)
    for block in (BLOCK, 1000, 64):
        parts = KERNEL.evaluate(arguments, block=block)
        assert all(np.array_equal(a, b) for a, b in zip(whole, parts, strict=True))


@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(1, 50),
    st.sampled_from(["full", "column", "row", "scalar", "strided"]),
)
def test_broadcast_parameters_in_blocks(rows, columns, block, shape):
    rng = np.random.default_rng(rows)
    first = rng.normal(size=(rows, columns))
    second = {
        "full": rng.normal(size=(rows, columns)),
        "column": rng.normal(size=(rows, 1)),
        "row": rng.normal(size=columns),
        "scalar": 0.3,
        "strided": rng.normal(size=(2 * rows, columns))[::2],
    }[shape]
    f, _ = KERNEL.evaluate([first, 2.0, 1.0, second], block=block)
    expected, _ = KERNEL(first.ravel(), 2.0, 1.0, np.broadcast_to(second, first.shape).ravel())
    assert np.array_equal(f.ravel(), expected)


def peak(call):
    tracemalloc.start()
    call()
    result = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return result


def test_a_million_points_take_no_more_memory_than_lambdify():
    arguments = points(1_000_000)
    by_lambdify = lambdify((m, beta, J, h), [FREE, RESIDUAL], cse=True)
    KERNEL(*points(2))  # printed once
    own = peak(lambda: KERNEL(*arguments))
    assert own <= peak(lambda: by_lambdify(*arguments))
    outputs = 2 * 8 * 1_000_000
    assert own - outputs < 2**21  # beyond the results: buffers of a block


def test_arrays_in_blocks_of_points():
    i, j = dv.indices("i j", dv.size("N"))
    w, V = dv.Given("w", i, j), dv.Given("V", i)
    kernel = nm.compile(tanh(beta * dv.total(w[i, j] * V[j], j) + h))
    rng = np.random.default_rng(1)
    W, states = rng.normal(size=(6, 6)), rng.normal(size=(50, 4, 6))
    betas = rng.uniform(0.1, 2, size=4)
    result = kernel.evaluate(named={"w": W, "V": states, "beta": betas, "h": 0.1}, block=60)
    np.testing.assert_allclose(
        result, np.tanh(betas[:, None] * (states @ W.T) + 0.1), rtol=1e-13, atol=1e-15
    )


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["x", "y"])
def test_what_outputs_do_not_tell_is_looked_at(bad, name):
    """tanh(inf) is finite and x/inf is zero: the inputs are refused all the same."""
    x, y = symbols("x y", real=True)
    for expr in (tanh(x) / y, x + y, tanh(x) * y, x**2 - y, exp(-(x**2)) * tanh(y)):
        values = {"x": np.linspace(0.5, 1, 50), "y": np.linspace(1, 2, 50)}
        values[name][31] = bad
        with pytest.raises(nm.NotANumberError, match=f"{name} is"):
            nm.compile(expr)(**values)
