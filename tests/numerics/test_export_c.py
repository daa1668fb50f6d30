"""Saved C: compiled under strict warnings, called through ctypes, judged by the same rules."""

import ctypes
import re
import shutil
import subprocess

import numpy as np
import pytest
from sympy import (
    Abs,
    Eq,
    Heaviside,
    Max,
    Min,
    Piecewise,
    Symbol,
    cosh,
    erf,
    erfc,
    exp,
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
from numerics.export import c_source, save

STRICT = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-shared", "-fPIC"]
needs_compiler = [
    pytest.mark.system,
    pytest.mark.skipif(shutil.which("gcc") is None, reason="there is no gcc"),
]
a, b, x, y, z = symbols("a b x y z", real=True)
m, J, h, kappa = symbols("m J h kappa", real=True)
beta = Symbol("beta", positive=True)
q = Symbol("q", positive=True)
N = dv.size("N")
i, j, k = dv.indices("i j k", N)
w, V = dv.Given("w", i, j), dv.Given("V", i)
W = dv.Given("W", i, j, symmetric=True)
E = dv.Given("e", i)
s, t = dv.indices("s t", 2)
Q = dv.Given("Q", s, t, symmetric=True)
FIELD = h + dv.total(w[i, j] * V[j], j) / N


def gardner():
    u = (kappa - sqrt(q) * z) / sqrt(1 - q)
    return (exp(-(u**2) / 2) / sqrt(2 * pi) / (erfc(u / sqrt(2)) / 2)) ** 2


OVERLAP = nm.compile(dv.GaussianAverage(tanh(a * z) ** 2, z), ranges={"a": (0, 2)})
CERTIFIED = {
    "free_energy": (
        nm.compile(J * m**2 / 2 - log(2 * cosh(beta * (J * m + h))) / beta),
        {"m": (-1, 1), "J": (0.5, 2), "h": (-1, 1), "beta": (0.1, 10)},
    ),
    "functions": (
        nm.compile(erf(x) * Abs(y) ** 1.5 + exp(-x)),
        {"x": (-3, 3), "y": (-2, 2)},
    ),
    "overlap": (OVERLAP, {}),
    "capacity": (
        nm.compile(dv.GaussianAverage(gardner(), z), ranges={"q": (0.1, 0.9), "kappa": (-2, 2)}),
        {},
    ),
    "update": (
        nm.compile(tanh(beta * FIELD)),
        {"beta": (0.1, 2), "h": (-1, 1), "w": np.array([[0, 0.3], [-0.2, 0.1]]), "V": (-1, 1)},
    ),
}
OTHERS = {
    "choices": nm.compile(Piecewise((Heaviside(x) * sign(y), x < y), (Max(x, Min(y, 0.3)), True))),
    "log_gamma": nm.compile(loggamma(2 + x**2)),
    "nested": nm.compile(
        dv.GaussianAverage(dv.GaussianAverage(tanh(a * z + b * x), x) ** 2, z),
        ranges={"a": (0, 1), "b": (0, 1)},
    ),
    "slope": OVERLAP.jacobian(a),
    "gradient": nm.compile(y * tanh(x) + log(cosh(x * y))).gradient([x, y]),
    "hessian": nm.compile(y * tanh(x) + log(cosh(x * y))).hessian(),
    "constant": nm.compile([Eq(Symbol("f"), x), Eq(Symbol("g"), exp(2))]),
    "bound": nm.compile(J * tanh(beta * x)).bind(beta=1.7),
    "couplings": nm.compile([Eq(Symbol("f"), tanh(beta * FIELD)), Eq(V[i], dv.total(V[i], i))]),
    "squares": nm.compile(dv.total(tanh(h * V[i] * V[k]) * w[i, j] * w[k, j], i, k)),
    "triangle": nm.compile(dv.total(w[i, k] * w[j, k] * tanh(h * V[k]), k)),
    "triples": nm.compile(dv.total(tanh(h * (V[i] + V[j] + V[k])), i, j, k)),
    "order_parameters": nm.compile(
        dv.Equations((W[i, j], V[i]), (w[i, j],), (("f", dv.total(W[i, j] * w[j, k], j)),))
    ),
    "small_matrices": nm.compile(dv.LogDet(Q[s, t], s, t) + dv.total(tanh(h * Q[s, t]), s, t)),
    "letters": nm.compile(dv.total(E[i] * tanh(symbols("f") * E[i]), i) + symbols("m n x0")[0]),
    "determinant": nm.compile(dv.LogDet(W[i, j] * h, i, j)),
    "keywords": nm.compile(Symbol("int") * Symbol("exp") - Symbol("n") * Symbol("block")),
}
ALL = {**{name: kernel for name, (kernel, _) in CERTIFIED.items()}, **OTHERS}


def compiled(kernel, name, folder, *options):
    """The C function of a kernel as NumPy would call it, and how many points have no result."""
    path = save(kernel, folder / f"{name}.c", overwrite=True)
    library = folder / f"{name}.so"
    subprocess.run(["gcc", *STRICT, *options, path, "-o", library, "-lm"], check=True)
    function = ctypes.CDLL(str(library))[name]
    function.restype = ctypes.c_size_t
    return function


def pointer(array):
    return array.ctypes.data_as(ctypes.POINTER(ctypes.c_double))


def called(function, count, sizes, given, shapes):
    arrays = [np.ascontiguousarray(array, dtype=float) for array in given]
    outs = [np.full((count, *shape), 7.0) for shape in shapes]
    numbers = [ctypes.c_size_t(size) for size in (count, *sizes)]
    bad = function(*numbers, *map(pointer, (*arrays, *outs)))
    return bad, outs


class InC(nm.Kernel):
    """A kernel whose numbers come from its C function, so that `certify` judges these."""

    def evaluate(self, args=(), named=None, out=None, nonfinite="raise", block=0):
        ranks = [len(argument.ranges) for argument in self.arguments]
        pairs = list(zip(args, ranks, strict=True))
        shape = np.broadcast_shapes(*(np.shape(v)[: np.ndim(v) - rank] for v, rank in pairs))
        cores = [np.shape(v)[np.ndim(v) - rank :] for v, rank in pairs]
        given = [
            value if rank > 1 else np.broadcast_to(value, (*shape, *core))
            for (value, rank), core in zip(pairs, cores, strict=True)
        ]
        sizes = [core[0] for core in cores if core][:1]
        axes = tuple(sizes) if self.output_indices(0) else ()
        _, (result,) = called(self.function, int(np.prod(shape)), sizes, given, [axes])
        return result.reshape(*shape, *axes)


@pytest.mark.parametrize("name", [pytest.param(n, marks=needs_compiler) for n in CERTIFIED])
def test_compiled_functions_keep_to_the_certificate_of_their_kernel(name, tmp_path):
    kernel, ranges = CERTIFIED[name]
    in_c = object.__new__(InC)
    in_c.__dict__.update(kernel.__dict__)
    in_c.function = compiled(kernel, name, tmp_path, "-O2")
    certificate = nm.certify(in_c, samples=16, **ranges)
    assert certificate.holds, certificate
    assert certificate.honest, certificate


@pytest.mark.parametrize("options", [("-O0",), ("-O3", "-march=native")])
@pytest.mark.parametrize("name", [pytest.param(n, marks=needs_compiler) for n in ALL])
def test_compiled_programs_check_themselves(name, options, tmp_path):
    path = save(ALL[name], tmp_path / f"{name}.c")
    command = ["gcc", *STRICT[:-2], *options, f"-D{name.upper()}_CHECK"]
    subprocess.run([*command, path, "-o", tmp_path / "check", "-lm"], check=True)
    done = subprocess.run([tmp_path / "check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"{name}: agrees\n")


@pytest.mark.system
@pytest.mark.skipif(shutil.which("gcc") is None, reason="there is no gcc")
def test_a_wrong_number_fails_the_check(tmp_path):
    path = save(OVERLAP, tmp_path / "overlap.c")
    text = path.read_text()
    path.write_text(text.replace("0x1.309b98b9bdcc7p-4", "0x1.309b98ffffff7p-4"))
    assert path.read_text() != text
    command = ["gcc", "-DOVERLAP_CHECK", path, "-o", tmp_path / "check", "-lm"]
    subprocess.run(command, check=True)
    done = subprocess.run([tmp_path / "check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "overlap: DIFFERS\n")


@pytest.mark.system
@pytest.mark.skipif(shutil.which("gcc") is None, reason="there is no gcc")
def test_points_without_a_result_are_counted_and_nan(tmp_path):
    function = compiled(OVERLAP, "overlap", tmp_path)
    points = np.linspace(0, 2, 100)
    points[[3, 40, 99]] = 2.5, np.nan, -1e-300
    bad, (result,) = called(function, 100, (), [points], [()])
    assert bad == 3
    assert np.flatnonzero(np.isnan(result)).tolist() == [3, 40, 99]
    good = np.isfinite(result)
    both = 2 * 8 * 2.0**-53 * (1 + 2)  # each keeps to 8 u (1 + K), and K is below 2 here
    np.testing.assert_allclose(result[good], OVERLAP(points[good]), rtol=both, atol=0)
    assert called(function, 0, (), [points[:0]], [()])[0] == 0


@pytest.mark.system
@pytest.mark.skipif(shutil.which("gcc") is None, reason="there is no gcc")
def test_results_that_are_not_finite_are_counted(tmp_path):
    function = compiled(nm.compile(log(x) + y), "f", tmp_path)
    bad, (result,) = called(function, 3, (), [[1.0, 0.0, -1.0], [1.0, 1.0, 1.0]], [()])
    assert bad == 2
    assert result[0] == 1.0
    assert np.isnan(result[1:]).all()


@pytest.mark.system
@pytest.mark.skipif(shutil.which("gcc") is None, reason="there is no gcc")
def test_shared_matrices_out_of_their_domain_leave_no_result(tmp_path):
    kernel = nm.compile(dv.LogDet(W[i, j], i, j) + h)
    function = compiled(kernel, "f", tmp_path)
    rng = np.random.default_rng(0)
    good = rng.normal(size=(40, 40))
    good = good @ good.T
    fields = np.linspace(0, 1, 70)
    bad, (result,) = called(function, 70, (40,), [fields, good], [()])
    assert bad == 0
    np.testing.assert_allclose(result, kernel(h=fields, W=good), rtol=1e-13, atol=0)
    assert called(function, 70, (0,), [fields, good], [()])[0] == 70
    for wrong in (np.triu(good), np.where(good == good[0, 0], np.inf, good)):
        bad, (result,) = called(function, 70, (40,), [fields, wrong], [()])
        assert bad == 70
        assert np.isnan(result).all()


@pytest.mark.system
@pytest.mark.skipif(shutil.which("gcc") is None, reason="there is no gcc")
def test_large_arrays_are_allocated(tmp_path):
    inner = dv.total(w[i, j] * tanh(dv.total(w[j, i] * V[i], i)), j)
    kernel = nm.compile(tanh(inner))
    text = c_source(kernel, "f")
    assert "malloc" in text
    function = compiled(kernel, "f", tmp_path)
    rng = np.random.default_rng(0)
    couplings, states = rng.normal(size=(60, 60)) / 8, rng.uniform(-1, 1, (45, 60))
    bad, (result,) = called(function, 45, (60,), [states, couplings], [(60,)])
    assert bad == 0
    np.testing.assert_allclose(result, kernel(w=couplings, V=states), rtol=1e-12, atol=1e-14)


@pytest.mark.system
@pytest.mark.skipif(shutil.which("g++") is None, reason="there is no g++")
def test_the_header_is_c_plus_plus(tmp_path):
    for name, kernel in ALL.items():
        path = save(kernel, tmp_path / f"{name}.c").with_suffix(".h")
        strict = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
        subprocess.run(["g++", "-fsyntax-only", *strict, "-x", "c++", path], check=True)


HOSTILE = [
    "*/ int main(void) { return 1; } /*",
    "x*/",
    "*??/\n/",
    "\\",
    "x\\\n",
    "//",
    '"',
    "#include <stdio.h>\n#error",
    "\u202e\u0000\ud800",
    "β",
    "double",
    "NAN",
    "LANES",
    "",
]


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_hostile_names_stay_in_comments(name):
    p = Symbol(name, real=True)
    text = c_source(nm.compile([Eq(Symbol(f"f{name}"), tanh(p))]), "f")
    assert text.isascii()
    assert "??" not in text
    bare = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    assert bare.count("int main") == 1  # of the check
    assert not re.search(
        r'["#/\\]', re.sub(r"#(include <|ifdef F_CHECK|endif)|\"f: \w+\"", "", bare)
    )


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=needs_compiler, id=ascii(n)) for n in HOSTILE]
)
def test_hostile_names_compile(name, tmp_path):
    p = Symbol(name, real=True)
    size = dv.size(name or "N")
    n = dv.Index(f"i{name}", size)
    array = dv.Given(f"V{name}", n)
    kernel = nm.compile([Eq(Symbol(f"f{name}"), tanh(p) * dv.total(array[n] ** 2, n))])
    function = compiled(kernel, "f", tmp_path)
    bad, (result,) = called(function, 1, (2,), [[1.0, 2.0], [0.5]], [()])
    swapped = kernel.arguments[0].symbol == p
    if swapped:
        bad, (result,) = called(function, 1, (2,), [[0.5], [1.0, 2.0]], [()])
    assert bad == 0
    assert result[0] == pytest.approx(5 * np.tanh(0.5), rel=1e-15, abs=0)
