"""Where and under which names kernels are saved, and what is refused."""

import numpy as np
import pytest
from scipy.sparse import eye_array
from sympy import Symbol, cosh, log, sqrt, symbols, tanh

import derive as dv
import numerics as nm
from numerics.export import c_source, python_source, save

x, y, z, a = symbols("x y z a", real=True)
N = dv.size("N")
i, j = dv.indices("i j", N)
w, V = dv.Given("w", i, j), dv.Given("V", i)
KERNEL = nm.compile(x * tanh(y))
PRODUCT = nm.compile(dv.total(w[i, j] * V[j], j))


@pytest.mark.parametrize("name", ["f.txt", "f", "f.h", "f.PY", "f.so"])
def test_other_endings_are_refused(name, tmp_path):
    with pytest.raises(nm.NumericsError, match=r"ending with \.py, or as C"):
        save(KERNEL, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_files_are_kept_unless_asked(tmp_path):
    path = save(KERNEL, str(tmp_path / "f.py"))
    before = path.read_text()
    with pytest.raises(nm.NumericsError, match="overwrite=True"):
        save(nm.compile(x), path)
    assert path.read_text() == before
    save(nm.compile(x), path, overwrite=True)
    assert path.read_text() != before
    assert list(tmp_path.iterdir()) == [path]


def test_a_header_that_exists_is_kept_too(tmp_path):
    (tmp_path / "f.h").write_text("mine")
    with pytest.raises(nm.NumericsError, match=r"f\.h exists"):
        save(KERNEL, tmp_path / "f.c")
    assert [p.name for p in tmp_path.iterdir()] == ["f.h"]


def test_c_comes_with_its_header(tmp_path):
    save(KERNEL, tmp_path / "file-name.c", name="product")
    assert '#include "file-name.h"' in (tmp_path / "file-name.c").read_text()
    header = (tmp_path / "file-name.h").read_text()
    assert "size_t product(size_t n, const double *x, const double *y, double *value);" in header


def test_folders(tmp_path):
    with pytest.raises(nm.NumericsError, match="there is no folder"):
        save(KERNEL, tmp_path / "nowhere" / "f.py")
    (tmp_path / "g.py").mkdir()
    with pytest.raises(nm.NumericsError, match="is a folder"):
        save(KERNEL, tmp_path / "g.py", overwrite=True)


def test_a_kernel_that_cannot_be_saved_leaves_no_file(tmp_path):
    kernel = nm.compile(dv.GaussianAverage(tanh(a * z) ** 2, z))
    for name in ("f.py", "f.c"):
        with pytest.raises(
            nm.NumericsError, match=r'compile\(\.\.\., ranges=\{"a": \(low, high\)\}\)'
        ):
            save(kernel, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


PYTHON = ["my-kernel", "2f", "", "_f", "f.g", "β", "lambda", "match", "sum", "np", "TABLES", 3]
C = ["my-kernel", "2f", "", "_f", "double", "exp", "tanhf", "main", "class", "NAN", "puts", "gamma"]


@pytest.mark.parametrize("name", PYTHON)
def test_names_that_python_cannot_give_to_a_function(name, tmp_path):
    with pytest.raises(nm.NumericsError, match=r"give name=|another name="):
        save(KERNEL, tmp_path / "f.py", name=name)


@pytest.mark.parametrize("name", C)
def test_names_that_c_cannot_give_to_a_function(name, tmp_path):
    with pytest.raises(nm.NumericsError, match=r"give name=|another name="):
        save(KERNEL, tmp_path / "f.c", name=name)


def test_the_name_is_that_of_the_file(tmp_path):
    assert "def residual(x, y, out=None):" in save(KERNEL, tmp_path / "residual.py").read_text()
    with pytest.raises(nm.NumericsError, match="no name for a function"):
        save(KERNEL, tmp_path / "my residual.py")


def test_a_header_is_included_by_a_plain_name(tmp_path):
    with pytest.raises(nm.NumericsError, match="can be included"):
        save(KERNEL, tmp_path / 'f".c', name="f")


def test_bound_values_are_constants():
    rng = np.random.default_rng(0)
    couplings = rng.normal(size=(3, 3))
    bound = PRODUCT.bind(w=couplings)
    assert all(repr(float(entry)) in python_source(bound) for entry in couplings.flat)
    assert all(float(entry).hex() in c_source(bound) for entry in couplings.flat)


def test_bound_values_that_a_file_cannot_hold():
    with pytest.raises(nm.NumericsError, match="sparse matrix, which a file cannot hold"):
        python_source(PRODUCT.bind(w=eye_array(3, format="csr")))
    with pytest.raises(nm.NumericsError, match="before bind"):
        python_source(PRODUCT.bind(w=np.eye(100)))
    with pytest.raises(nm.NumericsError, match="before bind"):
        python_source(KERNEL.bind(x=[1.0, 2.0]))


def test_no_rule_for_the_ranges_is_an_error():
    inner = dv.GaussianAverage(cosh(a * z + x * y), y)
    kernel = nm.compile(dv.GaussianAverage(log(inner), z))
    with pytest.raises(nm.PrecisionError, match="no one rule reaches the tolerance"):
        python_source(kernel, ranges={"a": (0, 1), "x": (0, 1)})


def test_ranges_with_points_that_have_no_value():
    kernel = nm.compile(dv.GaussianAverage(tanh(z * sqrt(1 - a)) ** 2, z))
    with pytest.raises(nm.DomainError, match=r"no finite value.*a = 1\.5"):
        python_source(kernel, ranges={"a": (0.5, 1.5)})


def test_ranges_that_end_where_the_domain_does():
    overlap, entries = Symbol("q", positive=True), dv.Given("u", dv.Index("k", 3))
    hollow = dv.Given("K", i, j, symmetric=True, zero_diagonal=True)
    for scale in (sqrt(overlap), entries[dv.Index("k", 3)], hollow[i, j]):
        kernel = nm.compile(dv.GaussianAverage(tanh(scale * z) ** 2, z))
        (name,) = [argument.name for argument in kernel.arguments]
        assert "<= 1.0" in python_source(kernel, ranges={name: (0, 1)})


@pytest.mark.parametrize("ranges", [{"b": (0, 1)}, {"a": (1, 0)}, {"a": (0, np.inf)}])
def test_ranges_are_checked(ranges):
    kernel = nm.compile(dv.GaussianAverage(tanh(a * z) ** 2, z))
    with pytest.raises(nm.NumericsError):
        python_source(kernel, ranges=ranges)


def test_a_kernel_of_another_backend_is_written_the_same():
    pytest.importorskip("numba")
    expr = dv.GaussianAverage(tanh(a * z) ** 2, z)
    texts = [
        write(nm.compile(expr, backend=backend, ranges={"a": (0, 2)}), "f")
        for write in (python_source, c_source)
        for backend in ("numpy", "numba")
    ]
    assert texts[0] == texts[1]
    assert texts[2] == texts[3]


def test_saving_leaves_the_kernel_as_it_was():
    kernel = nm.compile(dv.GaussianAverage(tanh(a * z) ** 2, z))
    python_source(kernel, ranges={"a": (0, 2)})
    assert kernel.ranges == {}
    assert kernel(3.0) < 1


def test_unused_parameters_stay_arguments():
    kernel = nm.compile(x + 1, arguments=(x, y, Symbol("t", positive=True)))
    assert "def f(x, y, t, out=None):" in python_source(kernel, "f")
    assert "const double *restrict t" in c_source(kernel, "f")
