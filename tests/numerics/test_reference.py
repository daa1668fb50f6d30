"""The mpmath reference: values, precision raised until it is enough, independence of the kernel."""

import ast
import inspect

import mpmath
import numpy as np
import pytest
from mpmath import mpf
from sympy import (
    Abs,
    Heaviside,
    KroneckerDelta,
    Max,
    Min,
    Piecewise,
    Symbol,
    acosh,
    besselj,
    cosh,
    erf,
    exp,
    floor,
    log,
    loggamma,
    pi,
    sign,
    sqrt,
    symbols,
    tanh,
)

import derive as dv
import numerics as nm
from numerics import errors, reference
from numerics.reference import Undefined, evaluate, trusted

x, y = symbols("x y", real=True)


@pytest.mark.parametrize(
    ("expr", "point", "value"),
    [
        (1 - tanh(x) ** 2, 50.0, lambda: mpmath.sech(50) ** 2),
        (log(1 + exp(-x)), 200.0, lambda: mpmath.exp(-200)),
        (log(2 * cosh(x)), 1e4, lambda: mpf(10000)),
        (exp(x) - 1, 1e-30, lambda: mpf(1e-30) + mpf(1e-30) ** 2 / 2),
        (acosh(1 + x), 1e-80, lambda: mpmath.sqrt(2 * mpf(1e-80))),
        (sqrt(1 + x) - 1, 1e-60, lambda: mpf(1e-60) / 2),
    ],
    ids=lambda value: getattr(value, "__name__", None) or str(value),
)
def test_what_cancels_or_is_absorbed_gets_more_digits(expr, point, value):
    (got,), digits = trusted([expr], {x: point})
    with mpmath.workdps(60):
        assert abs(mpf(got) - value()) < 1e-25 * abs(value())
    assert digits >= 34


def test_a_sum_that_is_exactly_zero_is_zero():
    assert trusted([x - y], {x: 0.1, y: 0.1})[0] == [0]


@pytest.mark.parametrize("expr", [1 / x, log(x), sqrt(x - 1), log(x) / x], ids=str)
def test_where_there_is_no_value_it_says_so(expr):
    with pytest.raises(Undefined):
        trusted([expr], {x: 0.0})


def test_precision_of_others_is_left_alone():
    before = mpmath.mp.dps
    trusted([1 - tanh(x) ** 2], {x: 100.0})
    assert mpmath.mp.dps == before


def test_unknown_functions_are_refused():
    with pytest.raises(errors.UnsupportedExpressionError, match="besselj"):
        evaluate(besselj(0, x), {x: 1.0})


def test_it_shares_no_code_with_the_lowering():
    tree = ast.parse(inspect.getsource(reference))
    modules = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert modules.isdisjoint(
        f"numerics.{name}"
        for name in ("lower", "backends", "kernel", "stable", "special", "blocks")
    )


EVERYTHING = [
    Abs(x) + sign(x) * floor(y),
    Max(x, y) * Min(x, 2),
    Piecewise((x, x < y), (y**2, x >= 1), (1, True)),
    Piecewise((1, x <= y), (2, True)),
    Heaviside(x) + Heaviside(-x) * 2,
    erf(x) + loggamma(2 + y**2),
    pi * x**3 + sqrt(2) * y / 3 + (1 + y**2) ** x,
    (2 + x) ** -3 * (1 + y**2) ** (-sqrt(1) / 2) + x**0,
    (1 + x**2) ** 2.5 / (1 + y**2) ** 1.5,
]


@pytest.mark.parametrize("expr", EVERYTHING, ids=str)
def test_kernel_and_reference_know_the_same_nodes(expr):
    kernel = nm.compile(expr, arguments=(x, y))
    for at in ((-1.3, 0.4), (0.7, 0.2), (1.0, 1.0), (0.0, -2.5)):
        (true,), _ = trusted([expr], {x: at[0], y: at[1]})
        assert kernel(*at) == pytest.approx(float(true), rel=4e-15, abs=1e-300)


def test_sums_products_and_deltas():
    i, j = dv.indices("i j", dv.size("N"))
    V = dv.Given("V", i)
    expr = dv.total(V[i] * V[j] * (1 - KroneckerDelta(i, j)), i, j) + dv.product(V[i], i)
    numbers = np.array([1.0, 2.0, 4.0])
    values = {V: numbers, dv.size("N"): 3}
    expected = numbers.sum() ** 2 - (numbers**2).sum() + 8
    assert evaluate(expr, values) == expected
    assert nm.compile(expr)(numbers) == expected
    assert evaluate(V[i], values, at={i: 2}) == 2


def soft_spins(**declared):
    """A ferromagnet of continuous spins whose single-site integral has no closed form."""
    N = dv.size("N")
    i = dv.Index("i", N)
    s = dv.Real("s", i, **declared)
    field = Symbol("h", real=True)
    coupling = Symbol("J", positive=True)
    exponent = coupling / (2 * N) * dv.total(s[i], i) ** 2 + field * dv.total(s[i], i)
    derived = dv.Ensemble(trace=s, exponent=exponent).derive()
    return derived.hubbard_stratonovich("m").trace(s).saddle_point(N).equations()


@pytest.mark.parametrize(
    ("declared", "ends"),
    [
        ({"weight": lambda s: exp(-(s**4))}, [-mpmath.inf, 0, mpmath.inf]),
        ({"weight": lambda s: exp(-(s**4)), "lower": -1, "upper": 2}, [-1, 0, 2]),
        ({"weight": lambda s: s**2 * exp(-(s**4)), "lower": 0}, [0, 1, mpmath.inf]),
        ({"weight": lambda s: exp(-(s**4)), "upper": 0}, [-mpmath.inf, -1, 0]),
    ],
)
def test_left_over_integrals_are_summed_over_nodes(declared, ends):
    equations = soft_spins(**declared)
    m, (J, h) = equations.unknowns[0], [Symbol("J", positive=True), Symbol("h", real=True)]
    kernel = nm.compile([equations.potential, *equations.update], arguments=(m, J, h))
    density = declared["weight"]
    spin = Symbol("spin", real=True)

    def weight(s):
        return mpf(str(density(spin).subs(spin, s).evalf(30))) * mpmath.exp((1.3 * 0.4 + 0.2) * s)

    with mpmath.workdps(20):
        total = mpmath.quad(weight, ends)
        mean = mpmath.quad(lambda s: s * weight(s), ends) / total
    potential, update = kernel(0.4, 1.3, 0.2)
    assert potential == pytest.approx(float(mpmath.log(total) - 1.3 * 0.16 / 2), rel=1e-14, abs=0)
    assert update == pytest.approx(float(mean), rel=1e-14, abs=0)
    slope = kernel.jacobian(h)(0.4, 1.3, 0.2)
    assert slope[0] == pytest.approx(update, rel=1e-13, abs=0)


def test_integrals_are_certified_against_quadrature():
    equations = soft_spins(weight=lambda s: exp(-(s**4)), lower=-1, upper=1)
    m, (J, h) = equations.unknowns[0], [Symbol("J", positive=True), Symbol("h", real=True)]
    kernel = nm.compile(equations.potential, arguments=(m, J, h))
    values = {m: 0.4, J: 1.3, h: 0.2}
    (true,), _ = trusted([equations.potential], values)
    assert kernel(values) == pytest.approx(float(true), rel=1e-15, abs=0)
