"""Every operation of a loop program in machine code means what NumPy and SciPy mean by it."""

import re

import numpy as np
import pytest
from scipy import special

pytest.importorskip("numba")

from numba import njit

from numerics import lower
from numerics.native.functions import FUNCTIONS

INF, NAN = np.inf, np.nan
LIST = [0.0, -0.0, 1.0, -1.0, 0.25, -0.25, 3.5, -3.5, 1e300, -1e300, 5e-324, INF, -INF, NAN]
ONE = np.array(LIST)
TWO = tuple(side.ravel() for side in np.meshgrid(ONE, ONE))
UNARY = ("absolute", "ceil", "floor", "negative", "sign", "sqrt", "square")
BINARY = ("add", "subtract", "multiply", "divide", "equal", "minimum", "maximum")
OWN = ("exp", "expm1", "log", "log1p", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan")
OWN += ("arcsinh", "arccosh", "arctanh", "erf", "erfc", "erfcx")
ODD = ("expm1", "log1p", "sinh", "tanh", "arcsin", "arctan", "arcsinh", "arctanh", "sin", "tan")
SCALAR = ("sin", "cos", "tan", "gammaln")


def compiled(function, *arrays):
    """The function in a loop over the arrays."""
    if len(arrays) == 1:

        @njit
        def loop(x, result):
            for i in range(x.size):
                result[i] = function(x[i])

    elif len(arrays) == 2:

        @njit
        def loop(x, y, result):
            for i in range(x.size):
                result[i] = function(x[i], y[i])

    else:

        @njit
        def loop(a, b, x, y, result):
            for i in range(x.size):
                result[i] = function(a[i], b[i], x[i], y[i])

    result = np.empty_like(arrays[0])
    loop(*arrays, result)
    return result, loop


def assert_same(got, wanted):
    """The same bits, but for what kind of nan it is."""
    assert np.array_equal(got, wanted, equal_nan=True)
    zero = got == 0
    assert np.array_equal(np.signbit(got[zero]), np.signbit(wanted[zero]))


def by_name(name):
    return getattr(np, name, None) or getattr(special, name)


def test_every_operation_has_a_function():
    others = ("log1p", "expm1", "erfcx", "power", "fill_zero", "select")
    assert {*lower.ELEMENTARY.values(), *UNARY, *BINARY, *others} <= set(FUNCTIONS)


@pytest.mark.parametrize("name", UNARY)
def test_unary_operations(name):
    with np.errstate(all="ignore"):
        assert_same(compiled(FUNCTIONS[name], ONE)[0], by_name(name)(ONE))


@pytest.mark.parametrize("name", BINARY)
def test_binary_operations(name):
    x, y = TWO
    if name in ("minimum", "maximum"):  # of 0 and -0 NumPy itself returns either
        x, y = x[(x != 0) | (y != 0)], y[(x != 0) | (y != 0)]
    with np.errstate(all="ignore"):
        assert_same(compiled(FUNCTIONS[name], x, y)[0], by_name(name)(x, y).astype(float))


def test_select_and_fill_zero():
    a, b = TWO
    got, _ = compiled(FUNCTIONS["select"], a, b, np.full(a.size, 2.0), np.full(a.size, 3.0))
    assert_same(got, np.where(a < b, 2.0, 3.0))
    assert_same(compiled(FUNCTIONS["fill_zero"], ONE)[0], np.where(ONE == 0, 1.0, ONE))


@pytest.mark.parametrize("name", OWN)
def test_special_values_as_in_c99(name):
    """Limits, signed zeros, nan outside the domain; rounding alone is left to the other file."""
    with np.errstate(all="ignore"):
        wanted = by_name(name)(ONE)
    got, _ = compiled(FUNCTIONS[name], ONE)
    special_ones = ~np.isfinite(wanted) | (wanted == 0) | (np.abs(wanted) == 1)
    assert special_ones.sum() >= 2
    assert_same(got[special_ones], wanted[special_ones])
    assert np.isfinite(got[~special_ones]).all()


@pytest.mark.parametrize("name", ODD)
def test_subnormal_numbers_come_back(name):
    """Where f(x) = x + c x**2 + ..., a subnormal number is its own image."""
    x = np.append(np.arange(1, 100), [2**52 - 1, 2**51 + 1, 2**51 - 1]).astype(np.int64).view(float)
    x = np.concatenate([x, -x])
    assert_same(compiled(FUNCTIONS[name], x)[0], x)


@pytest.mark.parametrize("name", OWN)
def test_loops_become_vector_code(name):
    function = FUNCTIONS[name]
    _, loop = compiled(function, ONE)
    (machine,) = loop.inspect_llvm().values()
    assert re.search(r"@llvm\.fma\.v\d+f64", machine)
    called = set(re.findall(r"call double @([\w.]+)", machine))
    assert all(target.startswith("llvm.") for target in called)


@pytest.mark.parametrize("name", SCALAR)
def test_functions_of_the_c_library(name):
    x = np.append(np.linspace(-30.3, 30.3, 301), [0.0, 1.0, 1e5, np.inf, np.nan])
    with np.errstate(all="ignore"):
        wanted = by_name(name)(x)
    got, _ = compiled(FUNCTIONS[name], x)
    np.testing.assert_allclose(got, wanted, rtol=1e-13, atol=1e-15)


def test_power():
    x, y = TWO
    with np.errstate(all="ignore"):
        wanted = np.power(x, y)
    np.testing.assert_allclose(compiled(FUNCTIONS["power"], x, y)[0], wanted, rtol=5e-16, atol=0)
