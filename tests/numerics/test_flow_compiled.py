"""Trajectories in lanes take SciPy's steps, and end as SciPy's do."""

import numpy as np
import pytest
import scipy.sparse
from sympy import Symbol, cos, log, sin, sqrt, symbols, tanh

import derive as dv
import numerics as nm
from numerics import errors
from numerics.flow import Ending, flow
from numerics.flow.choice import COMPILED
from numerics.flow.tableaux import TABLEAUX

x, v, r, t, z = symbols("x v r t z", real=True)
N = dv.size("N")
i, j, k = dv.indices("i j k", N)
A, S, V = dv.Given("A", i, j), dv.Given("S", i, j, symmetric=True), dv.Given("V", i)
q = dv.Given("q", i, j, symmetric=True, zero_diagonal=True)
y = Symbol("y", positive=True)
MATRIX = np.array([[-0.3, 1.0, 0.0], [-1.0, -0.2, 0.4], [0.3, 0.0, -0.5]])
SYMMETRIC = np.array([[1.0, 0.2, 0.0], [0.2, 0.5, 0.1], [0.0, 0.1, 0.3]])
TIMES = np.linspace(0, 3, 7)
OSCILLATOR = dv.Equations((x, v), (r,), (("x", v), ("v", -(r**2) * x)))
LINEAR = dv.Equations((V[i],), (A[i, j],), (("V", dv.total(A[i, j] * V[j], j)),))
MIXED = dv.Equations(
    (q[i, j], V[i], x),
    (r,),
    (
        ("q", -r * q[i, j] + V[i] * V[j] / 10),
        ("V", -V[i] + dv.total(q[i, j] * V[j], j) + x),
        ("x", -x + cos(t)),
    ),
)
COMPARED = {
    "one": (OSCILLATOR, {"x": 1.0, "v": 0.0}, {"r": 2.0}),
    "a batch wider than the lanes": (
        OSCILLATOR,
        {"x": np.linspace(0.1, 2, 70), "v": 0.5},
        {"r": np.linspace(0.1, 1.5, 70)},
    ),
    "two batch axes": (LINEAR, {"V": np.ones((4, 1, 3))}, {"A": np.stack([MATRIX, -MATRIX])}),
    "a symmetric array": (
        dv.Equations(
            (S[i, j],), (A[i, j],), (("S", dv.total(A[i, k] * S[k, j] + A[j, k] * S[k, i], k)),)
        ),
        {"S": SYMMETRIC * np.arange(1, 21)[:, None, None]},
        {"A": MATRIX},
    ),
    "arrays, a scalar and the time": (
        MIXED,
        {"q": np.ones((3, 3)) - np.eye(3), "V": np.linspace(0, 1, 30).reshape(10, 3), "x": 0.0},
        {"r": np.linspace(0.5, 2, 10)},
    ),
    "an unknown that leaves its domain": (
        dv.Equations((y,), (r,), (("y", -r),)),
        {"y": np.ones(12)},
        {"r": np.linspace(0.1, 1.9, 12)},
    ),
    "no value": (dv.Equations((x,), (r,), (("x", -r / sqrt(x)),)), {"x": 1.0}, {"r": [0.5, 0.0]}),
    "no value at the start": (
        dv.Equations((x,), (r,), (("x", r * log(x)),)),
        {"x": np.linspace(-1, 2, 20)},
        {"r": 1.0},
    ),
    "a pole": (dv.Equations((x,), (r,), (("x", r * x**2),)), {"x": 1.0}, {"r": [0.9, 0.1]}),
}


def available():
    pytest.importorskip("numba")
    return "numba", "numpy"


def both(case, **settings):
    equations, start, given = COMPARED[case]
    time = t if equations is MIXED else None
    return [
        flow(equations, TIMES, start, given, backend=backend, time=time, **settings)
        for backend in available()
    ]


@pytest.mark.parametrize("case", COMPARED)
@pytest.mark.parametrize("method", ["RK45", "DOP853"])
def test_steps_and_ends_are_those_of_scipy(case, method):
    compiled, known = both(case, method=method)
    assert (compiled.backend, known.backend) == ("numba", "numpy")
    np.testing.assert_array_equal(compiled.status, known.status)
    for name in known.unknowns:
        np.testing.assert_array_equal(compiled[name].mask, known[name].mask)
        np.testing.assert_allclose(compiled[name], known[name], rtol=1e-9, atol=1e-11)
    smooth = known.status == Ending.COMPLETED
    assert smooth.any() or case == "no value"
    np.testing.assert_array_equal(compiled.evaluations[smooth], known.evaluations[smooth])
    np.testing.assert_array_equal(compiled.steps[smooth], known.steps[smooth])
    np.testing.assert_allclose(compiled.last_time, known.last_time, rtol=1e-6)


def test_too_many_steps():
    compiled, known = both("a batch wider than the lanes", max_steps=8)
    assert (compiled.status == Ending.MAX_STEPS).any()
    assert (compiled.status == Ending.COMPLETED).any()
    np.testing.assert_array_equal(compiled.status, known.status)
    _, start, given = COMPARED["a batch wider than the lanes"]
    turned = given["r"] * compiled.last_time
    exact = start["x"] * np.cos(turned) + start["v"] / given["r"] * np.sin(turned)
    np.testing.assert_allclose(compiled.last("x"), exact, atol=1e-7)


def test_sizes_that_no_array_tells():
    number = dv.Index("n", N)
    waves = dv.Equations((x,), (N,), (("x", -dv.total(sin(number * x), number) / N),))
    compiled, known = (
        flow(waves, TIMES, {"x": 0.3}, {"N": 4}, backend=backend) for backend in available()
    )
    np.testing.assert_allclose(compiled["x"], known["x"], rtol=1e-12)
    several = {"x": 0.3}, {"N": [3, 4]}
    np.testing.assert_array_equal(flow(waves, TIMES, *several)["x"][1], known["x"])
    with pytest.raises(errors.UnsupportedExpressionError, match="N, the size of a range, varies"):
        flow(waves, TIMES, *several, backend="numba")


def test_a_batch_of_many_pieces():
    pytest.importorskip("numba")
    starts = np.linspace(0.1, 0.9, 5000)
    logistic = dv.Equations((x,), (r,), (("x", r * x * (1 - x)),))
    found = flow(logistic, [0, 1], {"x": starts}, r=2.0, backend="numba", rtol=1e-10)
    grown = starts * np.exp(2)
    np.testing.assert_allclose(found["x"][:, 1], grown / (1 - starts + grown), rtol=1e-8)
    assert (found.status == Ending.COMPLETED).all()


def test_a_symmetric_array_stays_symmetric():
    found = both("a symmetric array")[0]["S"]
    np.testing.assert_array_equal(found, np.swapaxes(found, -1, -2))


def test_a_batch_is_its_trajectories_one_by_one():
    pytest.importorskip("numba")
    equations, start, given = COMPARED["a batch wider than the lanes"]
    together = flow(equations, TIMES, start, given, backend="numba")
    for k in (0, 33, 69):
        own = {"x": start["x"][k], "v": 0.5}, {"r": given["r"][k]}
        alone = flow(equations, TIMES, *own, backend="numba")
        np.testing.assert_allclose(together["x"][k], alone["x"], rtol=1e-9, atol=1e-12)
        assert together.steps[k] == alone.steps


@pytest.mark.parametrize(("method", "order"), [("RK45", 5), ("DOP853", 8)])
def test_errors_fall_with_the_tolerance(method, order):
    pytest.importorskip("numba")
    turns, tolerances = np.pi * np.array([0, 1, 2]), (1e-5, 1e-7, 1e-9, 1e-11)
    wrong, work = [], []
    for rtol in tolerances:
        settings = {"method": method, "rtol": rtol, "atol": rtol, "backend": "numba"}
        found = flow(OSCILLATOR, turns, {"x": 1, "v": 0}, r=1.0, **settings)
        wrong.append(np.abs(found["x"] - [1, -1, 1]).max())
        work.append(int(found.evaluations))
    assert all(w < 30 * rtol for w, rtol in zip(wrong, tolerances, strict=True))
    assert np.log(work[-1] / work[0]) / np.log(1e6) < 1.4 / order


def test_hostile_names():
    pytest.importorskip("numba")
    odd, lane = Symbol("__import__('os')", real=True), Symbol("lane", real=True)
    equations = dv.Equations((odd,), (lane,), (("__import__('os')", -lane * odd),))
    found = flow(equations, [0, 1], {odd: 1.0}, {lane: 2.0}, backend="numba")
    assert found[odd][1] == pytest.approx(np.exp(-2), rel=1e-8, abs=0)


def test_what_has_no_compiled_form():
    pytest.importorskip("numba")
    average = dv.GaussianAverage(tanh(x + r * z), z)
    learning = dv.Equations((x,), (r,), (("x", 1 - average),))
    start, given = {"x": 0.1}, {"r": 0.5}
    assert flow(learning, [0, 1], start, given).backend == "numpy"
    with pytest.raises(errors.UnsupportedExpressionError, match=r'flow\(..., backend="numpy"\)'):
        flow(learning, [0, 1], start, given, backend="numba")
    sparse = {"A": scipy.sparse.csr_array(MATRIX)}
    assert flow(LINEAR, [0, 1], {"V": np.ones(3)}, sparse).backend == "numpy"
    with pytest.raises(errors.UnsupportedExpressionError, match="an array is sparse"):
        flow(LINEAR, [0, 1], {"V": np.ones(3)}, sparse, backend="numba")
    for method in ("Radau", "LSODA"):
        assert flow(LINEAR, [0, 1], {"V": np.ones(3)}, A=MATRIX, method=method).backend == "numpy"
        with pytest.raises(errors.UnsupportedExpressionError, match=f"{method}' is SciPy's"):
            flow(LINEAR, [0, 1], {"V": np.ones(3)}, A=MATRIX, method=method, backend="numba")


def test_without_numba(monkeypatch):
    monkeypatch.setattr("numerics.backends.choice.find_spec", lambda name: None)
    assert flow(OSCILLATOR, [0, 1], {"x": 1, "v": 0}, r=1.0).backend == "numpy"
    with pytest.raises(nm.NumericsError, match=r"saddlepoint\[fast\]"):
        flow(OSCILLATOR, [0, 1], {"x": 1, "v": 0}, r=1.0, backend="numba")


# -- coefficients ------------------------------------------------------------------------------


@pytest.mark.parametrize("method", COMPILED)
def test_coefficients_are_consistent(method):
    tableau = TABLEAUX[method]
    for fraction, row in tableau.stages:
        assert sum(row) == pytest.approx(fraction, rel=1e-13, abs=1e-13)
    for row in tableau.errors:
        assert sum(row) == pytest.approx(0, abs=1e-13)


@pytest.mark.parametrize("method", COMPILED)
def test_the_interpolant_meets_both_ends(method):
    """At the end of the step its value is the step, its slope the slope there."""
    tableau = TABLEAUX[method]
    regular = len(tableau.stages) - tableau.extra
    step = np.append(tableau.stages[regular - 1][1], np.zeros(tableau.slopes - regular))

    def weights(place):
        terms = np.empty(len(tableau.interpolant))
        term = 1.0
        for number in range(len(terms)):
            term *= 1 - place if tableau.mirrored and number % 2 else place
            terms[number] = term
        return terms @ tableau.interpolant

    np.testing.assert_allclose(weights(1.0), step, atol=1e-13)
    np.testing.assert_array_equal(weights(0.0), 0)
    slope = (weights(1 + 1e-6) - weights(1 - 1e-6)) / 2e-6
    np.testing.assert_allclose(slope, np.eye(tableau.slopes)[regular], atol=1e-7)
