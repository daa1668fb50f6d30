"""Saved Python modules: the numbers of the kernel, the same refusals, and nothing else needed."""

import ast
import importlib.util
import itertools
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sympy import (
    Abs,
    Dummy,
    Eq,
    Heaviside,
    Max,
    Piecewise,
    Symbol,
    cosh,
    erf,
    erfc,
    exp,
    log,
    loggamma,
    pi,
    sqrt,
    symbols,
    tanh,
)

import derive as dv
import numerics as nm
from numerics.export import python_source

ROOT = Path(__file__).parent.parent.parent
a, b, x, y, z = symbols("a b x y z", real=True)
m, J, h, kappa = symbols("m J h kappa", real=True)
beta = Symbol("beta", positive=True)
q = Symbol("q", positive=True)
N = dv.size("N")
i, j = dv.indices("i j", N)
w, V = dv.Given("w", i, j), dv.Given("V", i)
W = dv.Given("W", i, j, symmetric=True)
COUNTER = itertools.count()


def gardner():
    u = (kappa - sqrt(q) * z) / sqrt(1 - q)
    return (exp(-(u**2) / 2) / sqrt(2 * pi) / (erfc(u / sqrt(2)) / 2)) ** 2


OVERLAP = nm.compile(dv.GaussianAverage(tanh(a * z) ** 2, z), ranges={"a": (0, 2)})
SCALARS = {
    "free energy": nm.compile(J * m**2 / 2 - log(2 * cosh(beta * (J * m + h))) / beta),
    "two outputs": nm.compile([Eq(Symbol("f"), erf(x) * y), Eq(Symbol("g"), Abs(x) ** 1.5)]),
    "choices": nm.compile(Piecewise((Heaviside(x), x < y), (Max(x, y, 0.3), True))),
    "gamma": nm.compile(loggamma(2 + x**2) + exp(-y)),
    "overlap": OVERLAP,
    "gardner": nm.compile(
        dv.GaussianAverage(gardner(), z), ranges={"q": (0.1, 0.9), "kappa": (-2, 2)}
    ),
    "nested": nm.compile(
        dv.GaussianAverage(dv.GaussianAverage(tanh(a * z + b * x), x) ** 2, z),
        ranges={"a": (0, 1), "b": (0, 1)},
    ),
    "slope": OVERLAP.jacobian(a),
    "gradient": nm.compile(y * tanh(x) + log(cosh(x * y))).gradient([x, y]),
    "hessian": nm.compile(y * tanh(x) + log(cosh(x * y))).hessian(),
    "constant": nm.compile([Eq(Symbol("f"), x), Eq(Symbol("g"), exp(Symbol("t") * 0 + 2))]),
    "bound": nm.compile(J * tanh(beta * x)).bind(beta=1.7),
}


def loaded(text, name, tmp_path):
    """The function in a module's text, imported as a user would."""
    path = tmp_path / f"{name}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(f"{name}_{next(COUNTER)}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(text, tmp_path, *arguments):
    path = tmp_path / "stand_alone.py"
    path.write_text(text)
    command = [sys.executable, *arguments, str(path)]
    return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)


def points(kernel, shape, seed=0):
    rng = np.random.default_rng(seed)
    result = []
    for given in kernel.arguments:
        low, high = kernel.ranges.get(given.symbol, (0.2 if given.symbol.is_positive else -2, 2))
        result.append(rng.uniform(low, high, shape))
    return result


@pytest.mark.parametrize("name", SCALARS)
def test_the_same_numbers_bit_for_bit(name, tmp_path):
    kernel = SCALARS[name]
    function = loaded(python_source(kernel, "f"), "f", tmp_path).f
    many = points(kernel, (7, 300))
    np.testing.assert_equal(function(*many), kernel(*many))
    single = [array[0, 0] for array in many]
    np.testing.assert_equal(function(*single), kernel(*single))


def test_arguments_by_name_broadcast_and_scalars_give_scalars(tmp_path):
    kernel = SCALARS["free energy"]
    f = loaded(python_source(kernel, "f"), "f", tmp_path).f
    value = f(m=0.5, beta=2, J=1, h=np.float32(0.25))
    assert isinstance(value, float)
    assert value == kernel(m=0.5, beta=2, J=1, h=0.25)
    grid = f(m=np.linspace(-1, 1, 7)[:, None], beta=[0.5, 1, 2], J=1, h=np.zeros((2, 1, 1)))
    expected = kernel(
        m=np.linspace(-1, 1, 7)[:, None], beta=[0.5, 1, 2], J=1, h=np.zeros((2, 1, 1))
    )
    np.testing.assert_allclose(grid, expected, rtol=1e-15, atol=0)
    assert f(m=np.empty((0, 3)), beta=1, J=1, h=0).shape == (0, 3)


def test_out(tmp_path):
    kernel = SCALARS["two outputs"]
    f = loaded(python_source(kernel, "f"), "f", tmp_path).f
    first, second = np.empty(5), np.empty((5, 2))[:, 0]
    result = f(np.linspace(0, 1, 5), 2.0, out=(first, second))
    assert result[0] is first
    assert result[1] is second
    np.testing.assert_array_equal(second, f(np.linspace(0, 1, 5), 2.0)[1])
    with pytest.raises(ValueError, match=r"shapes \[\(5,\), \(5,\)\]"):
        f(np.linspace(0, 1, 5), 2.0, out=(first, np.empty(4)))


@pytest.mark.parametrize("batch", [(), (5,), (2, 3)])
def test_couplings_given_as_arrays(batch, tmp_path):
    field = h + dv.total(w[i, j] * V[j], j) / N
    kernel = nm.compile([Eq(Symbol("f"), tanh(beta * field)), Eq(Symbol("s"), dv.total(V[i], i))])
    module = loaded(python_source(kernel, "update"), "update", tmp_path)
    rng = np.random.default_rng(1)
    given = {"w": rng.normal(size=(4, 4)), "V": rng.normal(size=(*batch, 4)), "beta": 1.5}
    given["h"] = rng.normal(size=batch)
    for new, old in zip(module.update(**given), kernel(**given), strict=True):
        assert new.shape == old.shape
        np.testing.assert_allclose(new, old, rtol=1e-13, atol=0)


def test_a_matrix_for_each_point(tmp_path):
    kernel = nm.compile(dv.LogDet(W[i, j], i, j) + h)
    f = loaded(python_source(kernel, "f"), "f", tmp_path).f
    rng = np.random.default_rng(2)
    many = rng.normal(size=(6, 3, 5))
    many = many @ many.swapaxes(-1, -2)
    given = {"W": many, "h": np.arange(6.0)}
    np.testing.assert_allclose(f(**given), kernel(**given), rtol=1e-13, atol=0)
    np.testing.assert_allclose(f(W=many[0], h=0), kernel(W=many[0], h=0), rtol=1e-13, atol=0)
    with pytest.raises(ValueError, match="not symmetric"):
        f(W=np.triu(many[0]), h=0)
    with pytest.raises(ValueError, match="its last axes are"):
        f(W=many[0][0], h=0)


def test_zero_diagonals(tmp_path):
    hollow = dv.Given("K", i, j, symmetric=True, zero_diagonal=True)
    kernel = nm.compile(dv.total(hollow[i, j] * V[i] * V[j], i, j))
    f = loaded(python_source(kernel, "f"), "f", tmp_path).f
    couplings = np.array([[0.0, 2.0], [2.0, 0.0]])
    assert f(K=couplings, V=[1.0, 3.0]) == kernel(K=couplings, V=[1.0, 3.0]) == 12.0
    with pytest.raises(ValueError, match="diagonal"):
        f(K=couplings + np.eye(2), V=[1.0, 3.0])


def test_registers_that_share_a_name(tmp_path):
    """The gradient of a TAP free energy: one register is another under other names of its axes."""
    reaction = dv.total(W[i, j] ** 2 * (1 - V[i] ** 2) * (1 - V[j] ** 2), i, j)
    kernel = nm.compile(beta**2 * reaction / N**3).jacobian(V[i])
    f = loaded(python_source(kernel, "f"), "f", tmp_path).f
    matrix = np.array([[0.5, -0.2], [-0.2, 1.0]])
    given = {"V": np.array([[0.1, 0.7], [0.2, 0.3]]), "W": matrix, "beta": 1.3}
    np.testing.assert_allclose(f(**given), kernel(**given), rtol=1e-14, atol=0)


def test_sizes_that_are_arguments(tmp_path):
    P = dv.size("P")
    mu = dv.Index("mu", P)
    kernel = nm.compile(dv.total(a / mu**2, mu), arguments=(a, P))
    f = loaded(python_source(kernel, "f"), "f", tmp_path).f
    assert f([1.0, 2.0], 3) == pytest.approx(kernel([1.0, 2.0], 3), rel=1e-15, abs=0)
    with pytest.raises(ValueError, match="one number"):
        f(1.0, [3, 4])
    with pytest.raises(ValueError, match="no integer"):
        f(1.0, 2.5)


def test_arrays_of_different_lengths_are_refused(tmp_path):
    kernel = nm.compile(dv.total(w[i, j] * V[j], j))
    f = loaded(python_source(kernel, "f"), "f", tmp_path).f
    with pytest.raises(ValueError, match=r"V has shape|w has shape"):
        f(w=np.ones((3, 3)), V=np.ones(4))
    with pytest.raises(ValueError, match="shape"):
        f(w=np.ones((3, 4)), V=np.ones(3))


REFUSED = [
    ({"a": 2.5}, r"a = 2.5 lies outside of its domain 0.0 <= a <= 2.0"),
    ({"a": [0.5, -1e-300]}, r"a = -1e-300 lies outside"),
    ({"a": np.nan}, "a = nan lies outside"),
    ({"a": 1j}, "complex128"),
    ({"a": "1"}, "give real numbers"),
    ({"a": True}, "bool"),
    ({"a": np.ma.masked_array([1.0, 1.5], [True, False])}, "masked"),
    ({"a": Symbol("t")}, "object"),
]


@pytest.mark.parametrize(("given", "message"), REFUSED)
def test_what_lies_outside_is_refused(given, message, tmp_path):
    f = loaded(python_source(OVERLAP, "f"), "f", tmp_path).f
    with pytest.raises(ValueError, match=message):
        f(**given)


def test_results_that_are_not_finite_are_refused(tmp_path):
    f = loaded(python_source(nm.compile(log(x) + y), "f"), "f", tmp_path).f
    with pytest.raises(ValueError, match=r"value is -inf at x = 0.0, y = 1.0"):
        f(x=[1.0, 0.0], y=1.0)
    positive = loaded(python_source(nm.compile(log(beta)), "g"), "g", tmp_path).g
    with pytest.raises(ValueError, match=r"domain 0.0 < beta < inf"):
        positive(0.0)


def test_memory_is_bounded_by_blocks(tmp_path):
    import tracemalloc

    f = loaded(python_source(OVERLAP, "f"), "f", tmp_path).f
    many = np.linspace(0, 2, 200_000)
    tracemalloc.start()
    f(many)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * many.nbytes  # 27 nodes at once would take 27
    shared = loaded(python_source(nm.compile(a * b * x * y * z * m * J * h), "g"), "g", tmp_path).g
    tracemalloc.start()
    shared(many, *[1.0] * 7)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * many.nbytes  # what is one number for all points is not spread out


def test_averages_without_ranges_need_them():
    kernel = nm.compile(dv.GaussianAverage(tanh(a * z + h) ** 2, z))
    with pytest.raises(nm.NumericsError, match=r'averages depend on a, h.*ranges=\{"a"'):
        python_source(kernel)
    assert "0.0 <= a <= 1.0" in python_source(kernel, ranges={a: (0, 1), "h": (-1, 1)})


def test_a_certificate_is_text_and_data(tmp_path):
    certificate = nm.certify(OVERLAP, samples=8)
    module = loaded(python_source(OVERLAP, "f", certificate), "f", tmp_path)
    assert nm.Certificate.from_dict(module.CERTIFICATE) == certificate
    for line in str(certificate).splitlines():
        assert re.sub(r"\s+", "", line) in re.sub(r"\s+", "", module.f.__doc__)


def test_a_certificate_of_another_kernel_is_refused():
    certificate = nm.certify(nm.compile(tanh(x)), x=(-1, 1), samples=8)
    with pytest.raises(nm.NumericsError, match="another kernel"):
        python_source(OVERLAP, "f", certificate)


def test_a_certificate_that_does_not_hold_is_refused():
    kernel = nm.compile(x - y)
    good = nm.certify(kernel, x=(1, 2), y=(1, 2), samples=8).to_dict()
    good["outputs"] = [{**o, "error": 99.0} for o in good["outputs"]]
    with pytest.raises(nm.NumericsError, match="does not hold"):
        python_source(kernel, "f", nm.Certificate.from_dict(good))


def test_a_certificate_made_on_the_way_needs_all_ranges():
    with pytest.raises(nm.NumericsError, match="certificate=True needs a range of every"):
        python_source(nm.compile(x * y, ranges={x: (0, 1)}), "f", True)
    text = python_source(nm.compile(tanh(x), ranges={x: (0, 1)}), "f", True)
    assert "u (1 + K) holds" in text


def test_it_needs_numpy_and_scipy_only_and_checks_itself(tmp_path):
    kernel = nm.compile(erf(x) * tanh(y))
    certificate = nm.certify(kernel, x=(-1, 1), y=(-1, 1), samples=4)
    path = tmp_path / "product.py"
    path.write_text(python_source(kernel, "product", certificate))
    blocked = "import sys; sys.modules.update(dict.fromkeys(('sympy', 'mpmath', 'numerics')))"
    code = f"{blocked}; import runpy; runpy.run_path({str(path)!r}, run_name='__main__')"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert "u (1 + K) holds" in done.stdout
    assert len(re.findall(r"^value at .*: agrees, by", done.stdout, re.M)) == 4


def test_the_self_check_fails_where_a_number_is_wrong(tmp_path):
    text = python_source(OVERLAP, "f")
    wrong = text.replace("0.07436713846606145", "0.07436713846666145")
    assert wrong != text
    done = run(wrong, tmp_path)
    assert done.returncode == 1
    assert "DIFFERS" in done.stdout


def test_scipy_is_loaded_where_it_is_used(tmp_path):
    assert "scipy" not in re.sub(r"Made by.*", "", python_source(OVERLAP))
    code = python_source(SCALARS["two outputs"]) + "\nimport sys\n"
    code = code.split("if __name__")[0] + "import sys\nprint('scipy.special' in sys.modules)\n"
    assert run(code, tmp_path).stdout == "False\n"


ALL = {
    **SCALARS,
    "couplings": nm.compile(tanh(beta * (h + dv.total(w[i, j] * V[j], j) / N))),
    "buffers": nm.compile(dv.total(w[i, j] * V[i] * V[j] * tanh(V[i]), i, j)).jacobian(V[i]),
    "log det": nm.compile(dv.LogDet(W[i, j] * h, i, j)),
    "letters": nm.compile(Symbol("l") * Symbol("I") - Symbol("O") + Symbol("out") * Symbol("np")),
    "many": nm.compile(sum(tanh(Symbol(f"parameter_of_number_{k}")) for k in range(40))),
}


@pytest.mark.parametrize("name", ALL)
def test_modules_pass_the_linter(name, tmp_path):
    (tmp_path / "f.py").write_text(python_source(ALL[name], "f"))
    config = ["--config", str(ROOT / "pyproject.toml")]
    for options in (config, ["--isolated", "--ignore", "E741"]):
        command = [sys.executable, "-m", "ruff", "check", "--no-cache", *options, str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


ACT = "__import__('sys').modules.setdefault('saddlepoint_was_here', 1)"
HOSTILE = [
    f"x\n{ACT}\n",
    f'"""\n{ACT}\n"""',
    f"'''{ACT}'''",
    '\\"""',
    "\\",
    "x\\",
    '"',
    "lambda",
    "np",
    "out",
    "self",
    "t0",
    "once",
    "TABLES",
    "scipy",
    "_scipy",
    "math",
    "_public(",
    "\u202e\u0000\ud800x",
    "*/ ??/",
    "\u2028",
    "{0} %s",
    "β",
    "",
]


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_hostile_names_stay_names(name, tmp_path):
    p = Symbol(name, real=True)
    kernel = nm.compile([Eq(Symbol(f"f{name}"), tanh(p) + erf(p))])
    text = python_source(kernel, "f", nm.certify(kernel, samples=2, ranges={p: (0, 2)}))
    assert all(c == "\n" or c.isprintable() for c in text)
    names = {n.id for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name)}
    assert names.isdisjoint({"__import__", "sys"})
    module = loaded(text, "f", tmp_path)
    assert "saddlepoint_was_here" not in sys.modules
    assert module.f(0.7) == kernel(0.7)


def test_hostile_names_of_variables_of_averages(tmp_path):
    name = "".join(HOSTILE)
    p, r = Symbol(name, real=True), Dummy(name, real=True)
    kernel = nm.compile(dv.GaussianAverage(tanh(p * r) ** 2, r), ranges={p: (0, 2)})
    assert loaded(python_source(kernel, "f"), "f", tmp_path).f(0.7) == kernel(0.7)
    assert "saddlepoint_was_here" not in sys.modules


def test_hostile_names_of_arrays_and_sizes(tmp_path):
    for name in filter(None, HOSTILE):
        i = dv.Index(f"i{name}", dv.size(name))
        array = dv.Given(f"V{name}", i)
        kernel = nm.compile(dv.total(array[i] ** 2, i))
        f = loaded(python_source(kernel, "f"), "f", tmp_path).f
        assert f([1.0, 2.0]) == 5.0
    assert "saddlepoint_was_here" not in sys.modules
