"""Machine code does what NumPy's own functions do with whatever they are given."""

import gc
import sys
import threading
import weakref

import numpy as np
import pytest

from numerics.errors import NumericsError
from numerics.native.build import build
from numerics.native.ufunc import ufunc, ufuncs
from tests.numerics.native.units import BLOCKS, blocks

pytest.importorskip("numba")
EXACT = np.arange(-500, 500) / 64  # sums and products of which are exact

# x -> x + the data's first number
SHIFTED = """
def kernel(args, dims, steps, data):
    shift = pointer(data[1])[0]
    for k in range(dims[0]):
        pointer(args[1] + k * steps[1])[0] = pointer(args[0] + k * steps[0])[0] + shift
        if pointer(args[0] + k * steps[0])[0] > 1e9:
            data[0] = 2
"""


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SADDLEPOINT_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def native():
    return build(BLOCKS)


@pytest.fixture(scope="module")
def both(native):
    """x, y -> x + 2 y, x y"""
    return ufunc(native.address, 2, 2, name="both", doc="Two numbers.", keep=native)


@pytest.fixture(scope="module")
def single(native):
    return ufuncs(native.address, 2, ("summed", "multiplied"), keep=native)


def same(got, x, y):
    for result, expected in zip(got, blocks(x, y), strict=True):
        np.testing.assert_array_equal(result, expected)


def test_it_is_a_ufunc(both, single):
    assert isinstance(both, np.ufunc)
    assert (both.nin, both.nout, both.types) == (2, 2, ["dd->dd"])
    assert both.__name__ == "both"
    assert "Two numbers." in both.__doc__
    assert [f.nout for f in single] == [1, 1]


@pytest.mark.parametrize("count", [1, 2, 63, 64, 65, 128, 1000])
def test_its_numbers(both, single, count):
    x, y = EXACT[:count], EXACT[::-1][:count].copy()
    same(both(x, y), x, y)
    same([f(x, y) for f in single], x, y)


def test_many_points(both, single):
    x = np.tile(EXACT, 100)
    y = x[::-1].copy()
    same(both(x, y), x, y)
    same([f(x, y) for f in single], x, y)


def test_scalars_and_broadcasting(both):
    assert both(3.0, 4.0) == (11.0, 12.0)
    assert isinstance(both(3, 4)[0], np.float64)
    x, y = EXACT[:6].reshape(6, 1), EXACT[10:15]
    same(both(x, y), *np.broadcast_arrays(x, y))
    same(both(x, 2.0), x, 2.0)


@pytest.mark.parametrize(
    "changed",
    [
        lambda x: x.astype(np.float32),
        lambda x: x.astype(">f8"),
        lambda x: np.arange(x.size, dtype=np.int16).reshape(x.shape),
        lambda x: x > 0,
        lambda x: np.repeat(x, 3, axis=0)[::3],
        lambda x: x[::-1],
        lambda x: np.asfortranarray(x),
        lambda x: np.broadcast_to(x[:1], x.shape),
        lambda x: (
            np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:].view(np.float64).reshape(x.shape)
        ),
    ],
    ids=["float32", "swapped", "int16", "bool", "strided", "reversed", "Fortran", "step 0", "odd"],
)
def test_whatever_the_input_looks_like(both, single, changed):
    x = changed(EXACT[:990].reshape(99, 10))
    y = EXACT[10:].reshape(99, 10)
    same(both(x, y), np.asarray(x, float), y)
    same([f(y, x) for f in single], y, np.asarray(x, float))


def test_read_only_input_is_left_alone(both):
    x = EXACT.copy()
    x.flags.writeable = False
    same(both(x, x), x, x)
    np.testing.assert_array_equal(x, EXACT)


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 3)])
def test_no_points(both, single, shape):
    empty = np.empty(shape)
    assert [a.shape for a in both(empty, 1.0)] == [shape, shape]
    assert single[0](empty, 1.0).shape == shape


def test_out(both, single):
    x, y = EXACT, EXACT[::-1]
    p, q = np.empty((2, x.size))
    got = both(x, y, out=(p, q))
    assert got[0] is p
    assert got[1] is q
    same((p, q), x, y)
    wide = np.empty((x.size, 2))
    both(x, y, out=(wide[:, 0], None))
    np.testing.assert_array_equal(wide[:, 0], blocks(x, y)[0])
    swapped = np.empty(x.size, ">f8")
    single[1](x, y, out=swapped)
    np.testing.assert_array_equal(swapped, x * y)


def test_an_output_may_be_an_input(both, single):
    """Although the block reads its inputs again after it wrote its first output."""
    x, y = EXACT.copy(), EXACT[::-1].copy()
    both(x, y, out=(x, y))
    same((x, y), EXACT, EXACT[::-1])
    x = EXACT.copy()
    single[1](x, x, out=x)
    np.testing.assert_array_equal(x, EXACT**2)
    x = np.tile(EXACT, 9)
    both(x[:-1], 2.0, out=(x[1:], None))
    np.testing.assert_array_equal(x[1:], np.tile(EXACT, 9)[:-1] + 4.0)
    table = np.stack([EXACT, EXACT[::-1], EXACT, EXACT], axis=1)
    both(table[:, 0], table[:, 1], out=(table[:, 2], table[:, 0]))
    same((table[:, 2], table[:, 0]), EXACT, EXACT[::-1])


def test_where(both):
    x, y = EXACT, EXACT[::-1]
    chosen = np.arange(x.size) % 7 < 3
    p, q = np.full((2, x.size), -1e3)
    both(x, y, out=(p, q), where=chosen)
    same((p[chosen], q[chosen]), x[chosen], y[chosen])
    assert set(p[~chosen]) | set(q[~chosen]) == {-1e3}


def test_reductions_take_one_point_after_the_other(single):
    x = np.arange(1.0, 12.0)
    expected = [x[0]]
    for value in x[1:]:
        expected.append(expected[-1] + 2.0 * value)
    assert single[0].reduce(x) == expected[-1]
    np.testing.assert_array_equal(single[0].accumulate(x), expected)
    np.testing.assert_array_equal(single[1].outer(x, x), np.outer(x, x))
    np.testing.assert_array_equal(single[1].reduce(np.ones((3, 4)) * 2.0, axis=1), [16.0] * 3)
    total = np.zeros(3)
    single[0].at(total, [0, 0, 2], 1.0)
    np.testing.assert_array_equal(total, [4.0, 0.0, 2.0])


@pytest.mark.parametrize(
    ("x", "y", "complaints"),
    [
        (1e200, 1e200, ["overflow"]),
        (np.inf, 0.0, ["invalid"]),
        (np.inf, -np.inf, ["invalid"]),
        (np.nan, 1.0, []),
        (np.inf, 1.0, []),
        (1e-200, 1e-200, []),
        (2.0, 3.0, []),
    ],
)
@pytest.mark.parametrize("count", [1, 100])
def test_errstate(both, x, y, complaints, count):
    given = np.full(count, 1.0), np.full(count, 1.0)
    given[0][-1], given[1][-1] = x, y
    with np.errstate(all="ignore"):
        expected = blocks(*given)
        np.testing.assert_array_equal(both(*given), expected)
    heard = []
    with np.errstate(all="call", call=lambda kind, flag: heard.append(kind)):
        both(*given)
    assert [kind.split()[0] for kind in heard] == complaints
    with np.errstate(over="raise", invalid="raise"):
        if complaints:
            with pytest.raises(FloatingPointError, match=complaints[0]):
                both(*given)
        else:
            both(*given)


def test_what_is_thrown_away_raises_no_flags(native):
    source = (
        "def kernel(args, dims, steps, data):\n"
        "    for k in range(dims[0]):\n"
        "        x = pointer(args[0] + k * steps[0])[0]\n"
        "        wild = x / 0.0\n"
        "        pointer(args[1] + k * steps[1])[0] = x if wild > 1.0 else 2.0 * x\n"
    )
    unit = build(source)
    tame = ufunc(unit.address, 1, 1, name="tame", keep=unit)
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(tame([1.0, -1.0, 0.0]), [1.0, -2.0, 0.0])
        with pytest.raises(FloatingPointError, match="divide"):
            np.divide(1.0, 0.0)  # NumPy's own flags are as before


def test_types_that_are_no_doubles_are_refused(both):
    for wrong in (1j, "text", None, np.longdouble(1)):
        with pytest.raises(TypeError):
            both(wrong, 1.0)
    with pytest.raises(ValueError, match="broadcast"):
        both(np.ones(2), np.ones(3))


def test_data_reach_the_unit_and_are_held():
    unit = build(SHIFTED)
    shift = np.array([0.25])
    held = weakref.ref(unit.engine)
    data = np.array([0, shift.ctypes.data])
    shifted = ufunc(unit.address, 1, 1, name="shifted", data=data, keep=(unit, shift))
    data[:] = 0  # a copy was taken
    del unit, shift, data
    gc.collect()
    np.testing.assert_array_equal(shifted(EXACT), EXACT + 0.25)
    assert held() is not None
    del shifted
    gc.collect()
    assert held() is None


def test_a_unit_without_memory_gives_nan():
    unit, shift = build(SHIFTED), np.array([0.25])
    data = np.array([0, shift.ctypes.data])
    shifted = ufunc(unit.address, 1, 1, name="shifted", data=data, keep=(unit, shift))
    with np.errstate(invalid="raise"), pytest.raises(FloatingPointError, match="invalid"):
        shifted([1.0, 1e10])
    with np.errstate(invalid="ignore"):
        assert np.isnan(shifted([1.0, 1e10])).all()
    assert shifted(1.0) == 1.25  # the next call begins anew


def test_too_many_operands_are_refused(native):
    with pytest.raises(NumericsError, match="at most 64 operands"):
        ufunc(native.address, 60, 5, name="large")
    with pytest.raises(NumericsError, match="addresses of tables"):
        ufunc(native.address, 2, 2, name="large", data=np.zeros(1000, np.int64))


def test_two_threads_at_once(single):
    x = np.tile(EXACT, 300)
    expected, wrong = blocks(x, 3.0), []

    def work():
        for _ in range(20):
            for f, right in zip(single, expected, strict=True):
                wrong.extend([1] * (not np.array_equal(f(x, 3.0), right)))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_other_threads_run_meanwhile():
    """A unit that waits for another thread to write would never end under the lock."""
    source = (
        "def kernel(args, dims, steps, data):\n"
        "    flag, tries, environment = pointer(data[1]), 0, words(64)\n"
        "    while flag[0] == 0.0 and tries < 10**8:\n"
        "        held(environment)  # so that memory is looked at again\n"
        "        tries += 1\n"
        "    pointer(args[1])[0] = flag[0]\n"
    )
    unit, flag = build(source), np.zeros(1)
    data = np.array([0, flag.ctypes.data])
    waiting = ufunc(unit.address, 1, 1, name="waiting", data=data, keep=(unit, flag))
    timer = threading.Timer(0.2, flag.__setitem__, (0, 7.0))
    timer.start()
    assert waiting(np.zeros(1000))[0] == 7.0
    timer.join()


def test_xarray(both, single):
    xr = pytest.importorskip("xarray")
    x = xr.DataArray(EXACT[:4], dims="a", coords={"a": [1, 2, 3, 4]})
    y = xr.DataArray(EXACT[10:13], dims="b")
    got = single[1](x, y)
    assert got.dims == ("a", "b")
    np.testing.assert_array_equal(got, np.outer(EXACT[:4], EXACT[10:13]))
    np.testing.assert_array_equal(got.a, [1, 2, 3, 4])
    p, q = xr.apply_ufunc(both, x, y, output_core_dims=[[], []])
    assert p.dims == q.dims == ("a", "b")
    same((p.values, q.values), EXACT[:4, None], EXACT[10:13])


def test_dask(single):
    da = pytest.importorskip("dask.array")
    x = da.from_array(EXACT, chunks=300)
    y = da.from_array(EXACT[::-1], chunks=300)
    lazy = [f(x, y) for f in single]
    assert all(isinstance(each, da.Array) for each in lazy)
    same([each.compute(scheduler="threads") for each in lazy], EXACT, EXACT[::-1])


def test_dask_does_not_take_one_ufunc_for_another(native, single):
    """Although they have one name."""
    da = pytest.importorskip("dask.array")
    x = da.from_array(EXACT, chunks=300)
    twin = ufunc(native.address, 2, 2, name="summed", keep=native, chosen=(1,))
    first, second = single[0](x, 3.0), twin(x, 3.0)
    assert first.name != second.name
    np.testing.assert_array_equal(first.compute(), EXACT + 6.0)
    np.testing.assert_array_equal(second.compute(), EXACT * 3.0)


def test_xarray_of_dask(single):
    xr, da = pytest.importorskip("xarray"), pytest.importorskip("dask.array")
    x = xr.DataArray(da.from_array(EXACT, chunks=300), dims="a")
    got = xr.apply_ufunc(single[0], x, 2.0, dask="allowed")
    np.testing.assert_array_equal(got.compute(), EXACT + 4.0)


def test_references_to_what_is_kept_do_not_leak(native):
    held = object()
    before = sys.getrefcount(held)
    for _ in range(10):
        ufunc(native.address, 2, 2, name="short", keep=held)
    gc.collect()
    assert sys.getrefcount(held) == before
