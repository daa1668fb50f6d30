"""Text becomes machine code that computes what it says, or an error of a few lines."""

import gc
import platform
import subprocess
import sys
import weakref

import numpy as np
import pytest

from numerics.errors import NumericsError
from numerics.native.build import build
from numerics.native.errors import CompilationError, MissingBackendError
from tests.numerics.native.units import BLOCKS, SQUARE, blocks, call

pytest.importorskip("numba")
X = np.arange(-500, 500) / 64  # whose squares are exact


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("SADDLEPOINT_CACHE_DIR", str(tmp_path / "cache"))


def in_new_process(*lines):
    """A process that runs these lines and finds what this one finds."""
    program = "\n".join(["import sys", f"sys.path[:0] = {sys.path!r}", *lines])
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)


def test_numbers_of_a_loop():
    out = np.empty_like(X)
    call(build(SQUARE), X, out)
    np.testing.assert_array_equal(out, X * X + 1.0)


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 1000])
def test_numbers_of_blocks_that_call_functions(count):
    x, y = X[:count], X[::-1][:count].copy()
    outs = np.empty(count), np.empty(count)
    assert call(build(BLOCKS), x, y, *outs) == 0
    np.testing.assert_array_equal(outs, blocks(x, y))


def test_elementary_functions_and_numpy_are_there():
    source = (
        "def kernel(args, dims, steps, data):\n"
        "    for k in range(dims[0]):\n"
        "        x = pointer(args[0] + 8 * k)[0]\n"
        "        pointer(args[1] + 8 * k)[0] = exp(x) + np.sqrt(x * x)\n"
    )
    out = np.empty_like(X)
    call(build(source), X, out)
    np.testing.assert_allclose(out, np.exp(X) + abs(X), rtol=1e-15, atol=0)


def test_units_of_the_same_names_do_not_meet():
    other = build(SQUARE.replace("+ 1.0", "+ 2.0"))
    first, second = np.empty_like(X), np.empty_like(X)
    call(build(SQUARE), X, first)
    call(other, X, second)
    np.testing.assert_array_equal(second, first + 1.0)


def test_a_function_is_compiled_for_the_named_processor():
    ours, old = build(SQUARE), "x86-64" if platform.machine() in ("x86_64", "AMD64") else "generic"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SADDLEPOINT_CPU", old)
        other = build(SQUARE)
        patch.setenv("NUMBA_CPU_NAME", "nonsense")
        assert build(SQUARE).cpu == old
    assert (other.cpu, other.origin) == (old, "compiled")
    assert ours.cpu != other.cpu
    out = np.empty_like(X)
    call(other, X, out)
    np.testing.assert_array_equal(out, X * X + 1.0)


def test_the_processor_named_to_numba_counts_too(monkeypatch):
    monkeypatch.setenv("NUMBA_CPU_NAME", "generic")
    assert build(SQUARE).cpu == "generic"


def test_numba_goes_on_as_before():
    import numba

    build(BLOCKS)
    twice = numba.njit(lambda x: x + x)
    assert twice(2.0) == 4.0


def test_own_functions_can_still_be_called_from_python():
    from numerics.native.functions import FUNCTIONS

    build(
        "def kernel(args, dims, steps, data):\n"
        "    p = pointer(args[0])\n"
        "    p[0] = log(p[0]) + tanh(p[0])\n"
    )
    assert FUNCTIONS["log"](2.0) == pytest.approx(np.log(2.0), rel=1e-15, abs=0)
    assert FUNCTIONS["tanh"](2.0) == pytest.approx(np.tanh(2.0), rel=1e-15, abs=0)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("x = missing(3)", "name 'missing' is not defined"),
        ("raise ValueError('no')", "may raise"),
        ("print(args[0])", "may raise|calls"),
        ("args[0] = np.empty(args[0])[0] > 1.0", "may raise|calls"),
        ("args[0] = dims + 'x'", "line 2"),
        ("return (", "never closed"),
    ],
)
def test_what_does_not_compile_is_told_in_a_line(body, message):
    source = f"def kernel(args, dims, steps, data):\n    {body}\n"
    with pytest.raises(CompilationError, match=message) as caught:
        build(source, name="the kernel of m")
    text = str(caught.value)
    assert text.startswith("the kernel of m does not compile")
    assert isinstance(caught.value, NumericsError)
    assert caught.value.__cause__ is not None
    assert "\n" not in text
    assert len(text) < 400


def test_a_unit_without_its_entry_is_refused():
    with pytest.raises(CompilationError, match="no function 'other'"):
        build(SQUARE, "other")


def test_functions_of_the_c_library_are_called_without_python():
    source = (
        "def kernel(args, dims, steps, data):\n"
        "    pointer(args[1])[0] = gammaln(pointer(args[0])[0])\n"
    )
    out = np.empty(1)
    call(build(source), np.array([5.0]), out)
    assert out[0] == pytest.approx(np.log(24.0), rel=1e-15, abs=0)


def test_without_numba_the_extra_is_named():
    done = in_new_process(
        "sys.modules['numba'] = None",
        "from numerics.native.build import build",
        f"build({SQUARE!r})",
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert MissingBackendError.__name__ in last
    assert "pip install 'saddlepoint[fast]'" in last


def test_code_from_the_cache_needs_no_numba():
    lines = [
        "import numpy as np",
        "from numerics.native.build import build",
        "from tests.numerics.native.units import call",
        f"native, out = build({SQUARE!r}), np.empty(1)",
        "call(native, np.array([2.0]), out)",
        "print(native.origin, out[0], 'numba' in sys.modules)",
    ]
    assert in_new_process(*lines).stdout == "compiled 5.0 True\n"
    assert in_new_process(*lines).stdout == "cache 5.0 False\n"


def test_code_is_freed_with_its_holder():
    native = build(SQUARE)
    engine = weakref.ref(native.engine)
    gc.collect()
    assert engine() is not None
    del native
    gc.collect()
    assert engine() is None
