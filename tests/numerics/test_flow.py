"""Flows against exact solutions, what ends them, and what is refused."""

import pickle

import numpy as np
import pytest
from scipy.linalg import expm
from sympy import Function, Symbol, cos, log, sqrt, symbols

import derive as dv
import numerics as nm
from numerics import errors
from numerics.flow import Ending, flow
from numerics.flow.door import field_of
from numerics.flow.field import Refusal
from numerics.flow.stiff import jacobian

x, v, r, t = symbols("x v r t", real=True)
N = dv.size("N")
i, j, k = dv.indices("i j k", N)
A, S, V = dv.Given("A", i, j), dv.Given("S", i, j, symmetric=True), dv.Given("V", i)
LOGISTIC = dv.Equations((x,), (r,), (("x", r * x * (1 - x)),), observables=(("odds", x / (1 - x)),))
OSCILLATOR = dv.Equations((x, v), (), (("x", v), ("v", -x)), observables=(("energy", x**2 + v**2),))
LINEAR = dv.Equations((V[i],), (A[i, j],), (("V", dv.total(A[i, j] * V[j], j)),))
LYAPUNOV = dv.Equations(
    (S[i, j],), (A[i, j],), (("S", dv.total(A[i, k] * S[k, j] + A[j, k] * S[k, i], k)),)
)
EXPLICIT = ("RK23", "RK45", "DOP853")
IMPLICIT = ("LSODA", "BDF", "Radau")
TIMES = np.linspace(0, 3, 7)
MATRIX = np.array([[-0.3, 1.0, 0.0], [-1.0, -0.2, 0.4], [0.3, 0.0, -0.5]])


def test_one_unknown_against_its_closed_form():
    rates, starts = np.array([0.5, 2.0, -1.0]), np.array([[0.1], [0.7]])
    found = flow(LOGISTIC, TIMES, {"x": starts}, r=rates, rtol=1e-11, atol=1e-13)
    grown = starts[..., None] * np.exp(rates[:, None] * TIMES)
    np.testing.assert_allclose(found["x"], grown / (1 - starts[..., None] + grown), rtol=1e-9)
    assert found.shape == (2, 3)
    assert (found.status == Ending.COMPLETED).all()
    np.testing.assert_allclose(found.observable("odds"), found["x"] / (1 - found["x"]), rtol=1e-12)
    np.testing.assert_array_equal(found.last("x"), found["x"][..., -1])


@pytest.mark.parametrize("method", [*EXPLICIT, *IMPLICIT])
def test_a_vector_against_the_matrix_exponential(method):
    start = np.array([1.0, -0.5, 0.2])
    found = flow(LINEAR, TIMES, {V: start}, {A: MATRIX}, method=method, rtol=1e-8, atol=1e-10)
    exact = np.stack([expm(time * MATRIX) @ start for time in TIMES])
    np.testing.assert_allclose(found["V"], exact, atol=2e-6)


@pytest.mark.parametrize("method", ["DOP853", "Radau"])
def test_a_symmetric_array_stays_symmetric(method):
    start = np.array([[1.0, 0.2, 0.0], [0.2, 0.5, 0.1], [0.0, 0.1, 0.3]])
    found = flow(LYAPUNOV, TIMES, {"S": start}, A=MATRIX, method=method, rtol=1e-9, atol=1e-11)
    grown = [expm(time * MATRIX) for time in TIMES]
    exact = np.stack([e @ start @ e.T for e in grown])
    np.testing.assert_allclose(found["S"], exact, atol=1e-6)
    np.testing.assert_array_equal(found["S"], np.swapaxes(found["S"], 1, 2))


def test_a_known_diagonal_is_no_part_of_the_state():
    q = dv.Given("q", i, j, symmetric=True, zero_diagonal=True)
    decay = dv.Equations((q[i, j],), (), (("q", -q[i, j]),))
    start = np.array([[0.0, 1.0], [1.0, 0.0]])
    found = flow(decay, [0, 1], {"q": start})
    np.testing.assert_allclose(found["q"][1], start * np.exp(-1), rtol=1e-7)
    with pytest.raises(errors.SymmetryError, match=r"q\[0, 0\]"):
        flow(decay, [0, 1], {"q": np.eye(2)})


def test_the_derived_jacobian_by_differences():
    q = dv.Given("q", i, j, symmetric=True, zero_diagonal=True)
    coupled = dv.Equations(
        (S[i, j], q[i, j], V[i], x),
        (A[i, j],),
        (
            ("S", V[i] * V[j] * x + dv.total(S[i, k] * q[k, j] + S[j, k] * q[k, i], k)),
            ("q", sqrt(1 + q[i, j] ** 2) * x),
            ("V", dv.total(A[i, j] * S[i, j] * V[j] ** 2, j)),
            ("x", cos(x) + dv.total(log(1 + S[i, j] ** 2), i, j) + dv.total(V[i], i) ** 2),
        ),
    )
    shape = np.array([[0.0, 0.4, -0.3], [0.4, 0.0, 0.2], [-0.3, 0.2, 0.0]])
    start = {"S": np.eye(3) + shape, "q": shape, "V": [0.3, -0.1, 0.5], "x": 0.2}
    field = field_of(coupled, start, {"A": MATRIX}, None)
    state, slope = field.starts[0], field.derivative(0, Refusal())
    assert len(state) == 6 + 3 + 3 + 1
    steps = 1e-5 * np.eye(len(state))
    differences = [(slope(0.0, state + e) - slope(0.0, state - e)) / 2e-5 for e in steps]
    np.testing.assert_allclose(jacobian(field, 0)(0.0, state), np.transpose(differences), atol=1e-9)


def test_the_time_may_occur():
    driven = dv.Equations((x,), (r,), (("x", r * cos(t)),))
    found = flow(driven, TIMES, {"x": 0}, r=[1.0, 2.0], time=t)
    np.testing.assert_allclose(found["x"], [[1], [2]] * np.sin(TIMES), atol=1e-7)
    np.testing.assert_allclose(found.observable(t * r), [[1], [2]] * TIMES)
    with pytest.raises(errors.UnknownParameterError, match="takes no value"):
        flow(driven, TIMES, {"x": 0}, r=1.0, t=2.0, time=t)
    with pytest.raises(errors.AmbiguousNameError, match="name of the time and of another"):
        flow(driven, TIMES, {"x": 0}, r=1.0, time=Symbol("r"))
    with pytest.raises(errors.NumericsError, match="give the symbol"):
        flow(driven, TIMES, {"x": 0}, r=1.0, time="t")


def test_parameters_may_be_sizes_or_have_the_names_of_settings():
    method = Symbol("method", real=True)
    decay = dv.Equations((V[i],), (N, method), (("V", -method * V[i] / N),))
    found = flow(decay, [0, 1], {"V": [1.0, 2.0]}, {"method": [2.0, 4.0], "N": 2})
    np.testing.assert_allclose(found["V"][:, 1], np.outer(np.exp([-1, -2]), [1, 2]), rtol=1e-7)
    np.testing.assert_array_equal(found.observable(N * method)[:, 0], [4, 8])


@pytest.mark.parametrize(("method", "order"), [("RK23", 3), ("RK45", 5), ("DOP853", 8)])
def test_errors_fall_with_the_tolerance(method, order):
    """The error of a step is of the order of the tolerance, its cost a root of it."""
    turns = 2 * np.pi * np.array([0, 1])
    wrong, work = [], []
    for rtol in (1e-5, 1e-7, 1e-9):
        found = flow(OSCILLATOR, turns, {"x": 1, "v": 0}, method=method, rtol=rtol, atol=rtol)
        wrong.append(np.hypot(found["x"][1] - 1, found["v"][1]))
        work.append(int(found.evaluations))
    assert all(w < 30 * rtol for w, rtol in zip(wrong, (1e-5, 1e-7, 1e-9), strict=True))
    growth = np.log(work[2] / work[0]) / np.log(1e4)
    assert growth < 1.4 / order


def test_a_conserved_quantity():
    found = flow(OSCILLATOR, [0, 10, 100], {"x": 1, "v": 0}, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(found.observable("energy"), 1, rtol=1e-10)


def test_the_estimated_error_is_honest():
    settings = {"rtol": 1e-6, "atol": 1e-8, "estimate_error": True}
    found = flow(OSCILLATOR, TIMES, {"x": 1, "v": 0}, **settings)
    true = np.abs(found["x"] - np.cos(TIMES))
    assert (true <= found.error("x") + 1e-15).all()
    assert found.error("x").max() < 1e-5
    with pytest.raises(errors.DomainError, match="an error is estimated from"):
        flow(OSCILLATOR, TIMES, {"x": 1, "v": 0}, rtol=1e-13, estimate_error=True)
    with pytest.raises(nm.ProblemError, match="estimate_error=True"):
        flow(OSCILLATOR, TIMES, {"x": 1, "v": 0}).error("x")


def test_a_batch_is_its_trajectories_one_by_one():
    rates, starts = np.array([0.5, 2.0, -1.0]), np.array([0.1, 0.2, 0.3])
    together = flow(LOGISTIC, TIMES, {"x": starts}, r=rates)
    for number, (rate, start) in enumerate(zip(rates, starts, strict=True)):
        alone = flow(LOGISTIC, TIMES, {"x": start}, r=rate)
        np.testing.assert_array_equal(together["x"][number], alone["x"])
        assert together.evaluations[number] == alone.evaluations


# -- how trajectories end ----------------------------------------------------------------------


@pytest.mark.parametrize("method", [*EXPLICIT, *IMPLICIT])
def test_a_right_hand_side_without_value(method):
    """x' = -1/(2 sqrt(x)) reaches zero at a finite time, and no later value is given."""
    falling = dv.Equations((x,), (r,), (("x", -r / sqrt(x)),))
    found = flow(falling, [0, 0.5, 1, 5], {"x": 1.0}, r=[0.5, 0.0], method=method)
    assert found.status[0] in (Ending.NOT_FINITE, Ending.STEP_UNDERFLOW)
    assert found.last_time[0] == pytest.approx(4 / 3, abs=1e-3)
    assert found["x"].mask.tolist() == [[False, False, False, True], [False] * 4]
    assert found["x"][0, 2] == pytest.approx((1 - 0.75) ** (2 / 3), abs=1e-4)
    assert found.status[1] == Ending.COMPLETED
    assert "last good point is at 1.33" in found.sentence(0)


@pytest.mark.parametrize("method", ["DOP853", "RK45", "Radau"])
def test_an_unknown_leaves_its_declared_domain(method):
    y = Symbol("y", positive=True)
    found = flow(dv.Equations((y,), (), (("y", -1),)), [0, 0.5, 2], {"y": 1.0}, method=method)
    assert found.status == Ending.LEFT_DOMAIN
    assert found.last_time == pytest.approx(1, abs=1e-9)
    assert 0 < found.last("y") < 1e-9
    assert found["y"].mask.tolist() == [False, False, True]


@pytest.mark.parametrize("method", ["DOP853", "RK45", "Radau", "LSODA"])
def test_a_pole(method):
    found = flow(dv.Equations((x,), (), (("x", x**2),)), [0, 0.5, 2], {"x": 1.0}, method=method)
    assert found.status in (Ending.STEP_UNDERFLOW, Ending.NOT_FINITE)
    assert found.last_time == pytest.approx(1, abs=1e-6)
    assert found["x"][1] == pytest.approx(2, rel=1e-5, abs=0)
    assert found["x"].mask[2]


def test_a_start_without_derivative():
    found = flow(dv.Equations((x,), (), (("x", log(x)),)), [0, 1], {"x": [-1.0, 1.0]})
    assert found.status.tolist() == [Ending.NOT_FINITE, Ending.COMPLETED]
    assert found.last_time[0] == 0
    assert found["x"].mask.tolist() == [[False, True], [False, False]]


def test_too_many_steps():
    found = flow(OSCILLATOR, [0, 1, 100], {"x": 1, "v": 0}, max_steps=10)
    assert found.status == Ending.MAX_STEPS
    assert found.steps == 10
    assert 1 < found.last_time < 100
    assert not found["x"].mask[1]
    assert found["x"].mask[2]


# -- what is returned --------------------------------------------------------------------------


def test_an_observable_of_ones_own():
    found = flow(LINEAR, TIMES, {"V": np.ones((2, 3))}, A=MATRIX)
    own = found.observable(dv.total(V[i] ** 2, i))
    np.testing.assert_allclose(own, (found["V"] ** 2).sum(-1), rtol=1e-13)
    assert found.observable(V[2]).shape == (2, 7)
    assert found.observable(dv.total(A[i, j], i, j)).shape == (2, 7)
    with pytest.raises(nm.ProblemError, match="no observable speed"):
        found.observable("speed")
    with pytest.raises(nm.ProblemError, match="no unknown w"):
        found["w"]


def test_xarray_pickle_and_figure():
    pytest.importorskip("xarray")
    found = flow(LOGISTIC, TIMES, {"x": [[0.1], [0.2]]}, r=[1.0, 2.0, 3.0], estimate_error=True)
    data = found.to_xarray()
    assert dict(data.sizes) == {"axis_0": 2, "r": 3, "time": 7}
    np.testing.assert_array_equal(data["x"], found["x"])
    np.testing.assert_array_equal(data["odds"], found.observable("odds"))
    assert data["x_error"].shape == (2, 3, 7)
    again = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(again["x"], found["x"])
    assert repr(again) == repr(found)
    assert "<caption>Flow of 6 trajectories" in found._repr_html_()


def test_figures():
    pytest.importorskip("matplotlib")
    found = flow(LINEAR, TIMES, {"V": np.ones(3)}, A=MATRIX)
    ax = found.plot()
    assert [line.get_label() for line in ax.lines] == ["1", "2", "3"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time", "V")
    family = flow(LOGISTIC, TIMES, {"x": 0.1}, r=[1.0, 2.0])
    labels = [line.get_label() for line in family.plot("odds", ax=ax).lines[3:]]
    assert labels == ["r = 1", "r = 2"]
    assert family.plot(label="both").lines[0].get_label() == "both"


# -- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("times", "error", "text"),
    [
        ([0, 2, 1], errors.DomainError, "ascend, but 2 is followed by 1 at index 1"),
        ([0, 1, 1], errors.DomainError, "ascend"),
        ([0], errors.ShapeError, "at least one later"),
        (3.0, errors.ShapeError, "times has shape"),
        ([0, np.inf], errors.NotANumberError, "not finite"),
        ([0, "late"], errors.NotANumberError, "no numbers"),
    ],
)
def test_times(times, error, text):
    with pytest.raises(error, match=text):
        flow(LOGISTIC, times, {"x": 0.5}, r=1.0)


@pytest.mark.parametrize(
    ("settings", "error", "text"),
    [
        ({"rtol": 1e-15}, errors.DomainError, "rtol=1e-15"),
        ({"rtol": 0.5}, errors.DomainError, "rtol=0.5"),
        ({"rtol": np.nan}, errors.DomainError, "rtol=nan"),
        ({"rtol": "small"}, errors.DomainError, "rtol='small'"),
        ({"atol": 0.0}, errors.DomainError, "atol=0.0"),
        ({"max_steps": 0}, errors.DomainError, "max_steps=0"),
        ({"method": "Euler"}, nm.ProblemError, "no method 'Euler': choose DOP853"),
        ({"backend": "jax"}, errors.NumericsError, "backend=.jax.: flows have"),
    ],
)
def test_settings(settings, error, text):
    with pytest.raises(error, match=text):
        flow(LOGISTIC, [0, 1], {"x": 0.5}, r=1.0, **settings)


@pytest.mark.parametrize(
    ("start", "given", "error", "text"),
    [
        ({}, {"r": 1.0}, errors.MissingParameterError, r"x has no start: pass start=\{'x'"),
        ({"x": 0.5, "y": 1}, {"r": 1.0}, errors.UnknownParameterError, "y has a start"),
        ({"x": 0.5, x: 1}, {"r": 1.0}, errors.UnknownParameterError, "x is given twice"),
        (0.5, {"r": 1.0}, errors.NumericsError, "no mapping"),
        ({"x": np.nan}, {"r": 1.0}, errors.NotANumberError, "x is nan"),
        ({"x": 1j}, {"r": 1.0}, errors.NotANumberError, "x is complex"),
        ({"x": 0.5}, {}, errors.MissingParameterError, "r has no value"),
        ({"x": 0.5}, {"r": 1.0, "x": 2.0}, errors.UnknownParameterError, "x is an unknown"),
        ({"x": 0.5}, {"r": 1.0, "q": 2.0}, errors.UnknownParameterError, "q"),
        ({"x": np.zeros(3)}, {"r": np.ones(2)}, errors.ShapeError, "do not broadcast"),
    ],
)
def test_starts_and_parameters(start, given, error, text):
    with pytest.raises(error, match=text):
        flow(LOGISTIC, [0, 1], start, given)


def test_starts_out_of_their_domain_or_shape():
    y = Symbol("y", positive=True)
    with pytest.raises(errors.DomainError, match="y is declared positive"):
        flow(dv.Equations((y,), (), (("y", -y),)), [0, 1], {"y": [1.0, -1.0]})
    with pytest.raises(errors.ShapeError, match="where N is 4"):
        flow(LINEAR, [0, 1], {"V": np.zeros(4)}, A=MATRIX)
    with pytest.raises(errors.SymmetryError, match="S was declared symmetric"):
        flow(LYAPUNOV, [0, 1], {"S": MATRIX}, A=MATRIX)


@pytest.mark.parametrize(
    ("equations", "text"),
    [
        (dv.Equations((x, v), (), (("x", v),)), "v has no time derivative"),
        (dv.Equations((x,), (), (("x", x), ("y", x))), "y is the time derivative of no unknown"),
        (dv.Equations((x,), (), (("x", x), ("x", -x))), "two expressions have one name"),
        (dv.Equations((), (x,), (("x", x),)), "no unknown"),
        (dv.Equations((V[i],), (A[i, j],), (("V", A[i, j] * V[i]),)), "free index j: sum over it"),
        (dv.Equations((V[1],), (), (("V", V[1]),)), "name the unknown by distinct indices"),
        (dv.Equations((A[i, i],), (), (("A", A[i, i]),)), "distinct indices"),
    ],
)
def test_equations_that_are_no_flow(equations, text):
    with pytest.raises(nm.ProblemError, match=text):
        flow(equations, [0, 1], {"x": 1.0, "v": 1.0})


def test_expressions_without_numeric_meaning():
    unknown = Function("f")(x)
    with pytest.raises(errors.UnsupportedExpressionError):
        flow(dv.Equations((x,), (), (("x", unknown),)), [0, 1], {"x": 1.0})
    with pytest.raises(nm.ProblemError, match="offers no equations"):
        flow(x**2, [0, 1], {"x": 1.0})
