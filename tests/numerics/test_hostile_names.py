"""Names of symbols are data: whatever they contain, nothing of it is executed."""

import ast
import builtins
import pickle
import sys

import numpy as np
import pytest
from sympy import Dummy, Eq, Symbol, erf, exp, log, tanh

import derive as dv
import numerics as nm
from numerics.reference import evaluate, trusted

MARK = "saddlepoint_was_here"
ACT = f"__import__('sys').modules.setdefault('{MARK}', 1)"
HOSTILE = [
    ACT,
    f"x; {ACT}",
    f"x\n{ACT}",
    f"x\r\n    {ACT}\n#",
    f"'''{ACT}'''",
    f'"""\n{ACT}\n"""',
    f"{{{ACT}}}",
    f"x): {ACT} or (x",
    "lambda",
    "None",
    "match",
    "np",
    "mpf",
    "exp",
    "function",
    "c[0]",
    "x0",
    "t1",
    "_Dummy_1",
    "α",
    "ﬁ",
    "fi",
    "\u202e\u0000x",
    r"\beta",
    "<script>alert(1)</script>",
    "%s {} $x$",
    "",
]


@pytest.fixture(autouse=True)
def nothing_ran():
    assert MARK not in sys.modules
    yield
    ran = sys.modules.pop(MARK, None)
    assert ran is None


def names_in(source):
    tree = ast.parse(source)
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)]
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_parameter_of_any_name_goes_the_whole_way(name):
    x = Symbol(name, real=True)
    kernel = nm.compile(tanh(x) + erf(x))
    assert kernel(0.5) == pytest.approx(np.tanh(0.5) + 0.5204998778130465, rel=1e-14, abs=0)
    assert kernel({x: 0.5}) == kernel(0.5)
    assert names_in(kernel.source).isdisjoint(vars(builtins))
    assert pickle.loads(pickle.dumps(kernel))(0.5) == kernel(0.5)
    assert kernel.jacobian(x)(0.0) == pytest.approx(1 + 2 / np.sqrt(np.pi), rel=1e-14, abs=0)
    assert "<script>" not in kernel._repr_html_()
    certificate = nm.certify(kernel, samples=4, ranges={x: (-1.0, 2.0)})
    assert certificate.holds
    assert len(str(certificate).splitlines()) == 4
    assert "<script>" not in certificate._repr_html_()
    assert nm.Certificate.from_json(certificate.to_json()) == certificate


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_bound_variable_of_any_name(name):
    z, x = Symbol(name, real=True), Symbol(f"{name} ", real=True)
    average = dv.GaussianAverage(tanh(x * z) ** 2, z)
    expected = 0.39429449039784117742
    assert float(evaluate(average, {x: 1.0}, 20)) == pytest.approx(expected, rel=1e-15, abs=0)
    kernel = nm.compile(average)
    assert kernel(1.0) == pytest.approx(expected, rel=1e-12, abs=0)
    assert names_in(kernel.source).isdisjoint(vars(builtins))
    assert pickle.loads(pickle.dumps(kernel))(1.0) == kernel(1.0)


def test_a_parameter_with_the_name_of_a_bound_variable():
    z, x = Symbol("z", real=True), Symbol("x", real=True)
    average = dv.GaussianAverage(exp(x * z), z).xreplace({x: z})
    assert float(evaluate(average, {z: 0.5}, 20)) == pytest.approx(np.exp(0.125), rel=1e-15, abs=0)
    assert nm.compile(average)(0.5) == pytest.approx(np.exp(0.125), rel=1e-14, abs=0)


def test_names_that_become_one_identifier_stay_two_parameters():
    pairs = [("a b", "a_b"), ("fi", "ﬁ"), ("x;", "x:"), ("β", "beta"), ("x", "x")]
    for first, second in pairs:
        p, q = Symbol(first, real=True), Symbol(second, positive=True)
        kernel = nm.compile(log(q) - 2 * p, arguments=(p, q))
        assert kernel(0.5, 1.0) == -1.0
        assert kernel({p: 0.5, q: 1.0}) == -1.0
        (value,), _ = trusted([log(q) - 2 * p], {p: 0.5, q: 1.0})
        assert value == -1


def test_dummies_of_one_name_stay_apart():
    p, q = Dummy("x", real=True), Dummy("x", real=True)
    kernel = nm.compile(p - 3 * q, arguments=(p, q))
    assert kernel(5.0, 1.0) == 2.0


@pytest.mark.parametrize("name", [n for n in HOSTILE if n], ids=ascii)
def test_arrays_indices_sizes_and_outputs_of_any_name(name):
    size = dv.size(name)
    i = dv.Index(f"i{name}", size)
    array = dv.Given(f"V{name}", i)
    kernel = nm.compile([Eq(Symbol(f"f{name}"), dv.total(array[i] ** 2 * tanh(array[i]), i))])
    values = np.array([1.0, 2.0])
    expected = values**2 @ np.tanh(values)
    assert kernel(values) == pytest.approx(expected, rel=1e-14, abs=0)
    assert names_in(kernel.source).isdisjoint(vars(builtins))
    reference = evaluate(kernel.equations.expressions[0][1], {array: values, size: 2}, 20)
    assert float(reference) == pytest.approx(expected, rel=1e-14, abs=0)
    assert "<script>" not in kernel._repr_html_()


def test_a_certificate_of_hostile_outputs_is_as_many_lines_as_of_others():
    x = Symbol("x", real=True)
    plain = nm.compile([Eq(Symbol("f"), tanh(x))])
    odd = nm.compile([Eq(Symbol(f"f\n{ACT}"), tanh(x))])
    texts = [str(nm.certify(kernel, samples=4, x=(-1, 1))) for kernel in (plain, odd)]
    assert len({text.count("\n") for text in texts}) == 1
