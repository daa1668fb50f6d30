"""Kernels as a caller meets them: arguments, shapes, outputs, refusals, names, pickles."""

import ast
import builtins
import pickle

import numpy as np
import pytest
from sympy import (
    Eq,
    Function,
    I,
    Integral,
    Matrix,
    Rational,
    Symbol,
    cosh,
    exp,
    log,
    nan,
    sin,
    symbols,
    tanh,
    zoo,
)

import derive as dv
import numerics as nm
from numerics import errors

m, J, h = symbols("m J h", real=True)
beta = Symbol("beta", positive=True)
T = Symbol("T", positive=True)
FREE = J * m**2 / 2 - log(2 * cosh(beta * (J * m + h))) / beta
RESIDUAL = m - tanh(beta * (J * m + h))


@pytest.fixture(scope="module")
def free():
    return nm.compile(FREE, arguments=(m, beta, J, h))


def by_hand(m, beta, J, h):
    field = beta * (J * m + h)
    return J * m**2 / 2 - np.logaddexp(field, -field) / beta


def test_positions_keywords_and_mappings_agree(free):
    value = free(0.5, 2.0, 1.0, 0.1)
    assert value == pytest.approx(by_hand(0.5, 2.0, 1.0, 0.1), rel=1e-15, abs=0)
    assert free(0.5, h=0.1, J=1.0, beta=2.0) == value
    assert free({m: 0.5, beta: 2.0, "J": 1.0, h: 0.1}) == value


def test_scalars_give_scalars_and_arrays_broadcast(free):
    assert isinstance(free(0.5, 2, 1, 0), float)
    assert free([0.5], 2, 1, 0).shape == (1,)
    assert free(np.float64(0.5), np.array(2.0), 1, 0).ndim == 0
    grid = free(np.linspace(-1, 1, 7)[:, None], np.linspace(0.1, 3, 5), 1, np.zeros((2, 1, 1)))
    assert grid.shape == (2, 7, 5)
    expected = by_hand(
        np.linspace(-1, 1, 7)[:, None], np.linspace(0.1, 3, 5), 1, np.zeros((2, 1, 1))
    )
    np.testing.assert_allclose(grid, expected, rtol=1e-14)


def test_any_real_dtype_and_any_strides(free):
    rng = np.random.default_rng(0)
    points = rng.normal(size=(300, 4))
    base = free(points[:, 0].copy(), 2.0, 1.0, points[:, 1].copy())
    assert np.array_equal(free(points[:, 0], 2, np.int8(1), points[:, 1]), base)
    assert np.array_equal(free(points[:, 0].astype(">f8"), 2, 1, points[:, 1]), base)
    assert np.array_equal(free(points[::-1, 0], 2, 1, points[::-1, 1]), base[::-1])
    single = points[:, 0].astype(np.float32)
    assert np.array_equal(free(single, 2, 1, 0), free(single.astype(float), 2, 1, 0))


def test_empty_batch(free):
    assert free(np.empty((0, 3)), 2, 1, 0).shape == (0, 3)


def test_several_outputs_come_as_a_tuple_in_order():
    kernel = nm.compile([Eq(Symbol("f"), FREE), Eq(m, tanh(beta * (J * m + h)))])
    assert kernel.outputs == ("f", "m")
    assert [x.name for x in kernel.inputs] == ["m", "J", "beta", "h"]
    assert str(kernel.signature) == "(m, J, beta, h)"
    f, update = kernel(0.5, 1, 2, 0)
    assert (f, update) == (pytest.approx(by_hand(0.5, 2, 1, 0)), pytest.approx(np.tanh(1.0)))


def test_a_constant_output_has_the_shape_of_the_batch():
    kernel = nm.compile([m + 1, 0 * m + Rational(1, 3)], arguments=[m])
    assert kernel(np.zeros(4))[1].tolist() == [1 / 3] * 4


def test_constants_are_not_taken_for_registers():
    kernel = nm.compile([*range(8), m * h + 1], arguments=[m, h])
    *constants, value = kernel(np.ones(3), np.ones(3))
    assert [c.tolist() for c in constants] == [[float(k)] * 3 for k in range(8)]
    assert value.tolist() == [2.0] * 3
    assert [float(d) for d in nm.compile([m + h, m * h]).jacobian([m, h])(m=3, h=5)] == [1, 1, 5, 3]


def test_what_offers_equations_is_compiled():
    equations = dv.Equations((m,), (beta, J, h), (("f", FREE), ("r", RESIDUAL)))
    kernel = nm.compile(equations)
    assert kernel.equations == equations
    assert [x.name for x in kernel.inputs] == ["m", "beta", "J", "h"]


def test_out_is_filled_and_returned(free):
    out = np.empty(5)
    x = np.linspace(-1, 1, 5)
    assert free(x, 2, 1, 0, out=out) is out
    assert np.array_equal(out, free(x, 2, 1, 0))
    gaps = np.zeros(10)[::2]
    assert np.array_equal(free(x, 2, 1, 0, out=gaps), out)
    pair = nm.compile([m, 2 * m])
    first, second = x.copy(), np.empty(5)
    pair(first, out=(first, second))  # an output over its own input
    assert np.array_equal(first, x)
    assert np.array_equal(second, 2 * x)


@pytest.mark.parametrize(
    ("out", "words"),
    [
        (np.empty(4), r"shape \(4,\)"),
        (np.empty(5, np.float32), "float32"),
        (np.empty(5, complex), "complex128"),
        ([0.0] * 5, "5 arrays"),
        (np.broadcast_to(0.0, 5), "read-only"),
    ],
)
def test_an_out_that_cannot_take_the_result_is_refused(free, out, words):
    with pytest.raises(errors.OutputError, match=words):
        free(np.zeros(5), 2, 1, 0, out=out)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"m": 0, "beta": 1, "J": 1}, errors.MissingParameterError, "no value for h"),
        ({"m": 0, "beta": 1, "J": 1, "h": 0, "g": 1}, errors.UnknownParameterError, "g is no"),
        ({"m": 1j, "beta": 1, "J": 1, "h": 0}, errors.NotANumberError, "m is complex"),
        ({"m": np.nan, "beta": 1, "J": 1, "h": 0}, errors.NotANumberError, "m is nan"),
        ({"m": [0, np.nan], "beta": 1, "J": 1, "h": 0}, errors.NotANumberError, "m is nan"),
        ({"m": 0, "beta": np.inf, "J": 1, "h": 0}, errors.NotANumberError, "beta is inf"),
        ({"m": "x", "beta": 1, "J": 1, "h": 0}, errors.NotANumberError, "m holds"),
        ({"m": None, "beta": 1, "J": 1, "h": 0}, errors.NotANumberError, "m holds object"),
        ({"m": J, "beta": 1, "J": 1, "h": 0}, errors.NotANumberError, "expression J"),
        ({"m": [[0], [0, 1]], "beta": 1, "J": 1, "h": 0}, errors.NotANumberError, "rectangular"),
        ({"m": 10**400, "beta": 1, "J": 1, "h": 0}, errors.NotANumberError, "largest double"),
        ({"m": 0, "beta": 0, "J": 1, "h": 0}, errors.DomainError, r"beta = 0\.0.*positive"),
        ({"m": 0, "beta": [1, -2], "J": 1, "h": 0}, errors.DomainError, r"beta = -2\.0"),
        ({"m": [0, 1], "beta": [1, 1, 1], "J": 1, "h": 0}, errors.ShapeError, r"beta \(3,\)"),
    ],
)
def test_bad_input_names_the_symbol(free, arguments, error, words):
    with pytest.raises(error, match=words):
        free(**arguments)


def test_zero_temperature_is_refused_by_the_symbols_declaration():
    with pytest.raises(errors.DomainError, match=r"T = 0\.0: the symbol T was declared positive"):
        nm.compile(tanh(m / T))(m=0.1, T=0)


def test_a_parameter_given_twice_or_too_many_values(free):
    with pytest.raises(errors.UnknownParameterError, match="twice"):
        free(0.5, 1, 1, 0, m=0)
    with pytest.raises(errors.UnknownParameterError, match="5 values"):
        free(0.5, 1, 1, 0, 0)


def test_results_that_are_not_finite_are_never_silent():
    kernel = nm.compile(1 / m)
    with pytest.raises(errors.NonFiniteError, match=r"value is inf at m = 0\.0"):
        kernel(0.0)
    with pytest.raises(errors.NonFiniteError, match=r"m = 0\.0"):
        kernel(np.linspace(-1, 1, 20001))
    kept = kernel.evaluate([np.array([1.0, 0.0])], nonfinite="keep")
    assert kept.tolist() == [1.0, np.inf]


@pytest.mark.parametrize(
    ("expr", "words"),
    [
        (Function("g")(m), "g is undefined"),
        (I * m, "complex"),
        ("m > 1", "no expression"),
        (zoo + m, "no real number"),
        (nan * m, "no real number"),
        (Integral(sin(m * h) / h, (h, 0, 1)), "Integral has no numeric meaning"),
        ([], "empty"),
    ],
)
def test_what_has_no_meaning_is_refused_at_compilation(expr, words):
    with pytest.raises(errors.UnsupportedExpressionError, match=words):
        nm.compile(expr)


def test_a_symbol_that_is_no_parameter_is_named():
    with pytest.raises(errors.UnsupportedExpressionError, match="h is no argument"):
        nm.compile(dv.Equations((m,), (), (("f", m + h),)))
    with pytest.raises(errors.NumericsError, match="no backend 'fortran'"):
        nm.compile(m, backend="fortran")


HOSTILE = [
    "__import__('os')",
    "x; import os",
    "x\nimport os",
    "lambda",
    "match",
    "np",
    "special",
    "once",
    "t0",
    "o0",
    "u3",
    "1x",
    "",
    "α",
    "ﬁ",
    "fi",
    "a b",
    "a_b",
    r"\beta",
    "'''",
    "#",
    "x" * 500,
]


def test_hostile_names_reach_no_source():
    named = [Symbol(name, real=True) for name in HOSTILE]
    numbers = np.arange(1.0, len(named) + 1)
    expr = sum(n * tanh(s) for n, s in zip(range(1, 100), named, strict=False))
    kernel = nm.compile(expr, arguments=named)
    expected = np.arange(1, len(named) + 1) @ np.tanh(numbers)
    assert kernel(*numbers) == pytest.approx(expected, rel=1e-14, abs=0)
    assert kernel(dict(zip(named, numbers, strict=True))) == kernel(*numbers)
    tree = ast.parse(kernel.source)
    assert [node.name for node in tree.body] == ["once", "block"]
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)]
    called = {n.func.attr for n in ast.walk(tree) if isinstance(n, ast.Call)}
    assert called == {"tanh", "multiply", "add"}
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    assert names.isdisjoint(vars(builtins))


def test_hostile_output_and_array_names():
    N = dv.size("N); import os; (")
    i = dv.Index("i'; import os", N)
    V = dv.Given("V[0]; import os", i)
    kernel = nm.compile([(Eq(Symbol("\n evil"), dv.total(V[i] ** 2, i)))])
    assert kernel(np.array([1.0, 2.0])) == 5.0
    assert "evil" not in kernel.source
    assert "import" not in kernel.source.replace("import_os", "")


def test_two_symbols_of_one_name_need_a_mapping():
    plain, positive = Symbol("x"), Symbol("x", positive=True)
    kernel = nm.compile(plain - 2 * positive, arguments=(plain, positive))
    assert kernel(5, 1) == 3
    assert kernel({plain: 5, positive: 1}) == 3
    with pytest.raises(errors.AmbiguousNameError, match="mapping"):
        kernel(x=1)


def test_kernels_survive_pickle(free):
    again = pickle.loads(pickle.dumps(free))
    assert again(0.5, 2, 1, 0.1) == free(0.5, 2, 1, 0.1)
    assert again.source == free.source
    order = nm.compile([m * h, m + h]).jacobian([m, h])
    assert pickle.loads(pickle.dumps(order))(1, 2) == order(1, 2)


def test_jacobian_shares_what_is_common_and_agrees_with_differences(free):
    kernel = nm.compile([FREE, RESIDUAL], arguments=(m, beta, J, h))
    derivatives = kernel.jacobian([m, beta])
    assert derivatives.outputs == ("dvalue_0/dm", "dvalue_0/dbeta", "dvalue_1/dm", "dvalue_1/dbeta")
    assert derivatives.source.count("np.tanh(") == 1
    at = np.array([0.4, 1.3, 1.0, 0.1])
    step = 1e-6
    for column, exact in zip((0, 1, 0, 1), derivatives(*at), strict=True):
        moved = [kernel(*(at + s * np.eye(4)[column])) for s in (step, -step)]
        output = 0 if exact in derivatives(*at)[:2] else 1
        assert exact == pytest.approx((moved[0][output] - moved[1][output]) / (2 * step), rel=1e-7)


def test_jacobian_by_something_else_is_refused(free):
    with pytest.raises(errors.UnknownParameterError, match="T is no parameter"):
        free.jacobian(T)


def test_derivative_of_an_absolute_value_of_an_undeclared_symbol():
    x = Symbol("x")
    assert nm.compile(abs(x) * 3).jacobian(x)(-2.0) == -3.0


def test_repr_and_html(free):
    assert repr(free) == "<Kernel (m, beta, J, h) -> value; numpy>"
    assert "<script>" not in nm.compile(Symbol("<script>"))._repr_html_()
    assert "np.log1p" in free._repr_html_()


def test_matrices_and_lists_are_compiled_entry_by_entry():
    assert nm.compile(Matrix([m, exp(m)]))(0.0) == (0.0, 1.0)
