"""Iterations inside of compiled code: the results of the solvers, by the same steps and as many."""

import numpy as np
import pytest
from sympy import Matrix, cosh, exp, log, sin, sqrt, symbols, tanh

import derive as dv
import numerics as nm
from derive.equations import Equations
from numerics.errors import NumericsError
from numerics.native.iterations.rounds import fixed_point, newton
from numerics.problem.errors import ProblemError
from numerics.problem.given import bind
from numerics.problem.system import System
from numerics.solvers import DampedFixedPoint, Newton, Status, compiled
from numerics.solvers.loop import stepped

pytest.importorskip("numba")

m, q, x, y, a, h = symbols("m q x y a h", real=True)
z = symbols("z", real=True)
beta, alpha = symbols("beta alpha", positive=True)
V, WEIGHT, BIAS = symbols("V sigma_w sigma_b", positive=True)

POTENTIAL = -beta * m**2 / 2 + log(2 * cosh(beta * m + h))
CURIE_WEISS = Equations(
    (m,), (beta, h), (), (tanh(beta * m + h),), potential=POTENTIAL, bounds=((-1, 1),)
)
VARIANCE = Equations(
    (V,),
    (WEIGHT, BIAS),
    (),
    (BIAS**2 + WEIGHT**2 * dv.GaussianAverage(tanh(sqrt(V) * z) ** 2, z),),
    bounds=((0, 17),),
)


def mean(integrand):
    """Over the local fields of a Sherrington-Kirkpatrick magnet of bias one."""
    field = m + h
    return dv.GaussianAverage(integrand, z, field, q)


SK = Equations(
    (q, m),
    (beta, h),
    (),
    (mean(tanh(beta * z) ** 2), mean(tanh(beta * z))),
    bounds=((0, 1), (-1, 1)),
)


def retrieval():
    """Overlap and noise of the Hopfield model, the noise eliminated."""
    noise = alpha * q / (1 - beta * (1 - q)) ** 2
    over = [dv.GaussianAverage(f, z, m, noise) for f in (tanh(beta * z), tanh(beta * z) ** 2)]
    return Equations((m, q), (beta, alpha), (), tuple(over), bounds=((0, 1), (0, 1)))


def rows_of(equations, starts, **given):
    """A compiled system, with all starts at all points."""
    bound = bind(equations, given)
    system = System(equations, bound, "numba")
    starts = np.asarray(starts, dtype=float).reshape(-1, system.n)
    points = np.arange(bound.points)
    return system, np.repeat(starts, len(points), axis=0), np.tile(points, len(starts))


def counted(monkeypatch, name):
    """How often each row of a system is evaluated by `stepped`."""
    tally = []
    own = getattr(System, name)

    def noted(self, x, rows):
        tally.append(len(x))
        return own(self, x, rows)

    monkeypatch.setattr(System, name, noted)
    return tally


GRID = {"beta": np.linspace(0.3, 2.5, 22)[:, None], "h": np.linspace(-0.4, 0.4, 11)}
CASES = {
    "Curie-Weiss": (CURIE_WEISS, [-0.9, 0.1, 0.8], GRID),
    "variance": (
        VARIANCE,
        [0.1, 3.0, 17.0],
        {"sigma_w": np.linspace(0.5, 4, 17)[:, None], "sigma_b": np.linspace(0.05, 1, 9)},
    ),
    "SK": (
        SK,
        [[0.3, 0.1], [0.7, 0.8], [0.05, -0.4]],
        {"beta": np.linspace(0.5, 3, 7)[:, None], "h": np.linspace(0.05, 0.6, 5)},
    ),
    "Hopfield": (
        retrieval(),
        [[0.9, 0.9], [0.5, 0.6]],
        {"beta": np.array([5.0, 10.0]), "alpha": np.array([0.02, 0.05])},
    ),
    "two layers": (
        Equations((x, y), (a, h), (), (tanh(a * y + h), tanh(a * x)), bounds=((-1, 1), (-1, 1))),
        [[0.9, 0.3], [-0.5, 0.5], [0.1, -0.8]],
        {"a": np.linspace(0.4, 2, 14)[:, None], "h": np.linspace(-0.3, 0.31, 7)},
    ),
    "fold": (Equations((x,), (a,), (), residuals=(x**2 + a,)), [-1.5, 0.5, 2.0], {"a": GRID["h"]}),
    "no solution": (
        Equations((x,), (a,), (), residuals=(exp(-x) + a**2,)),
        [0.0, 3.0, np.nan],
        {"a": np.array([0.0, 0.5])},
    ),
    "many turns": (
        Equations((x,), (a,), (), residuals=(sin(5 * x) + a * x,)),
        np.linspace(-3, 3, 40),
        {"a": GRID["h"]},
    ),
}


@pytest.fixture
def noted(monkeypatch):
    """What compiled iterations hand back: rows, and the number of evaluations."""
    found = []
    own = compiled.rounds.iterated

    def kept(*args):
        found.append(own(*args))
        return found[-1]

    monkeypatch.setattr(compiled.rounds, "iterated", kept)
    return found


def planned_at_length(cases):
    """Averages with two unknowns take long to plan."""
    slow = ("SK", "Hopfield")
    return [pytest.param(name, marks=[pytest.mark.slow] * (name in slow)) for name in cases]


@pytest.mark.parametrize("name", planned_at_length(CASES))
def test_newton_in_lanes_takes_the_steps_of_newton_on_arrays(name, noted, monkeypatch):
    system, x0, points = rows_of(*CASES[name][:2], **CASES[name][2])
    assert compiled.serves(Newton(), system)
    found = compiled.iterated(Newton(), system, x0, points)
    tally = counted(monkeypatch, "linear")
    expected = stepped(Newton(), system, x0, points)
    assert found.status.tolist() == expected.status.tolist()
    assert found.rows.tolist() == expected.rows.tolist()
    done = expected.status == Status.CONVERGED
    assert done.any() or name == "no solution"
    assert found.x[done] == pytest.approx(expected.x[done], rel=1e-10, abs=1e-12)
    ((rows, evaluations),) = noted
    assert evaluations == (rows.steps + 1).sum()  # a row that is done is not evaluated again
    assert evaluations == pytest.approx(sum(tally), rel=2e-3, abs=0)


@pytest.mark.parametrize(
    ("damping", "problem", "starts", "given"),
    [
        (1.0, CURIE_WEISS, [-0.9, 0.3], GRID),
        (0.5, CURIE_WEISS, [-0.9, 0.3], GRID),
        (1.0, VARIANCE, [0.1, 17.0], CASES["variance"][2]),
        (0.7, CASES["two layers"][0], CASES["two layers"][1], CASES["two layers"][2]),
        # beta below -1 gives a cycle of two states, and doubling runs away
        (1.0, Equations((x,), (a,), (), (tanh(a * x),)), [0.5], {"a": [-2.0, -0.5, 0.5, 2.0]}),
        (1.0, Equations((x,), (a,), (), (a * x + 1,)), [0.5], {"a": [-0.5, 0.5, 2.0]}),
        (1.0, Equations((x,), (a,), (), (log(x) + a,)), [0.5], {"a": [-0.5, 2.0]}),
    ],
)
def test_fixed_points_in_lanes(damping, problem, starts, given, noted, monkeypatch):
    solver = DampedFixedPoint(damping=damping, max_steps=300)
    system, x0, points = rows_of(problem, starts, **given)
    assert compiled.serves(solver, system)
    found = compiled.iterated(solver, system, x0, points)
    tally = counted(monkeypatch, "update")
    expected = stepped(solver, system, x0, points)
    assert found.status.tolist() == expected.status.tolist()
    done = expected.status == Status.CONVERGED
    assert done.any()
    assert found.x[done] == pytest.approx(expected.x[done], rel=1e-9, abs=1e-11)
    seen = np.isfinite(expected.sizes)
    assert np.isfinite(found.sizes).tolist() == seen.tolist()
    ((rows, evaluations),) = noted
    assert evaluations == (rows.steps + 1).sum()
    assert evaluations == pytest.approx(sum(tally), rel=2e-3, abs=0)


def test_all_ways_to_end_are_met():
    solver = DampedFixedPoint(max_steps=60)
    ends = {}
    for update, value in ((tanh(a * x), -2.0), (a * x + 1, 9e9), (log(x) + a, -0.5), (x + a, 0.1)):
        system, x0, points = rows_of(Equations((x,), (a,), (), (update,)), [0.5], a=[value, value])
        ends[update] = Status(int(compiled.iterated(solver, system, x0, points).status[0]))
    wanted = [Status.CYCLE, Status.DIVERGED, Status.NOT_FINITE, Status.MAX_STEPS]
    assert list(ends.values()) == wanted


@pytest.mark.parametrize("n", [3, 8])
def test_small_linear_systems_are_solved_in_lanes(n):
    unknowns = symbols(f"x:{n}", real=True)
    matrix = np.random.default_rng(n).normal(size=(n, n))
    matrix[0, 0] = 0.0  # so that rows have to be exchanged
    shifts = np.linspace(-1, 1, 150)
    equations = Matrix(matrix) * Matrix(unknowns) + a * Matrix(unknowns[::-1])
    problem = Equations(unknowns, (a,), (), residuals=tuple(equations - Matrix(range(1, n + 1))))
    system, x0, points = rows_of(problem, np.zeros(n), a=shifts)
    found = compiled.iterated(Newton(), system, x0, points)
    assert set(found.status) == {Status.CONVERGED}
    whole = matrix + shifts[:, None, None] * np.eye(n)[::-1]
    expected = np.linalg.solve(whole, np.arange(1.0, n + 1)[:, None])[..., 0]
    error = np.abs(found.x - expected).max(axis=1)
    assert (error <= 1e-15 * n * np.linalg.cond(whole) * np.abs(expected).max(axis=1)).all()


def test_a_singular_jacobian_stalls():
    problem = Equations((x, y), (a,), (), residuals=(x + y - a, 2 * x + 2 * y - 1))
    system, x0, points = rows_of(problem, [[0.0, 0.0]], a=[0.3, 0.4])
    found = compiled.iterated(Newton(), system, x0, points)
    assert found.status.tolist() == [Status.STALLED] * 2


def test_rows_go_from_plan_to_plan(monkeypatch):
    """Towards a singular end the rules of averages change: rows that leave a box go on."""
    pole = dv.GaussianAverage(tanh(z / sqrt(1 - q)) ** 2, z)
    problem = Equations((q,), (a,), (), residuals=(q - 1 + a * pole,), bounds=((0, 1),))
    given = {"a": np.geomspace(0.9, 1e-6, 30)}
    system, x0, points = rows_of(problem, [0.1], **given)
    calls = []
    own = compiled.rounds.run
    monkeypatch.setattr(compiled.rounds, "run", lambda *args: calls.append(1) or own(*args))
    found = compiled.iterated(Newton(), system, x0, points)
    expected = stepped(Newton(), system, x0, points)
    assert len(calls) > 1
    assert found.status.tolist() == expected.status.tolist()
    done = found.status == Status.CONVERGED
    assert done.sum() > 25
    assert 1 - found.x[done] == pytest.approx(1 - expected.x[done], rel=1e-9, abs=0)


PUBLIC = {
    "Curie-Weiss": (CURIE_WEISS, GRID),
    "variance": (VARIANCE, CASES["variance"][2]),
    "fixed point": (VARIANCE, CASES["variance"][2] | {"method": "fixed_point"}),
    "SK": (SK, {"beta": [0.6, 1.7], "h": 0.3, "starts": 12}),
    "two layers": (CASES["two layers"][0], CASES["two layers"][2]),
    "folds": (CASES["fold"][0], {"a": np.linspace(-1, 1, 9)}),
}


@pytest.mark.parametrize("name", planned_at_length(PUBLIC))
def test_solve_finds_the_same_branches(name):
    problem, given = PUBLIC[name]
    expected, found = (nm.solve(problem, backend=b, **given) for b in ("numpy", "numba"))
    assert found.status.tolist() == expected.status.tolist()
    assert found.count.tolist() == expected.count.tolist()
    assert found.present.tolist() == expected.present.tolist()
    assert found.stability.tolist() == expected.stability.tolist()
    here = expected.present
    error = np.maximum(1e-12, 8 * np.asarray(expected.error.filled(0)).reshape(here.shape))[here]
    assert (np.abs(found.states - expected.states)[here].max(axis=1) <= error).all()


def test_a_branch_driven_to_the_end_of_its_domain():
    problem = dv.GaussianAverage(1 / cosh(z * sqrt(q)) ** 2, z)
    driven = Equations((q,), (a,), (), residuals=(1 / (1 - q) + a * problem,), bounds=((0, 1),))
    ends = [nm.solve(driven, a=[1.0, 2.0], backend=b) for b in ("numpy", "numba")]
    assert ends[0].status.tolist() == ends[1].status.tolist()


def test_branches_keep_their_identity():
    values = np.linspace(-0.4, 0.4, 9)
    numpy, numba = (
        nm.continue_branch(CURIE_WEISS, "h", values, beta=2.0, backend=b)
        for b in ("numpy", "numba")
    )
    assert numba.exists.tolist() == numpy.exists.tolist()
    assert numba["m"].filled(0) == pytest.approx(numpy["m"].filled(0), rel=1e-12, abs=0)


def test_more_unknowns_are_iterated_around_compiled_kernels():
    i, j = dv.indices("i j", dv.size("N"))
    s, w = dv.Given("s", i), dv.Given("w", i, j)
    field = dv.total(w[i, j] * s[j], j)
    problem = Equations((s[i],), (beta, w[i, j]), (), (tanh(beta * field),), bounds=((-1, 1),))
    given = {"beta": np.array([0.5, 2.0]), "w": np.full((4, 4), 0.25)}
    starts = {"s": np.full(4, 0.7)}
    numpy, numba = (
        nm.solve(problem, backend=b, starts=starts, **given) for b in ("numpy", "numba")
    )
    assert not compiled.serves(Newton(), numba.system)
    assert numba.count.tolist() == numpy.count.tolist()
    assert numba.states == pytest.approx(numpy.states, rel=1e-12, abs=1e-14, nan_ok=True)


def test_small_batches_are_not_worth_compiling():
    assert nm.solve(CURIE_WEISS, beta=1.5, h=0.1, backend="auto").system.backend == "numpy"


@pytest.mark.parametrize(
    ("backend", "words"),
    [
        ("jax", "backend='jax' has no solvers: pass backend='numba' or 'numpy'"),
        ("fortran", "no backend 'fortran': choose 'numpy', 'numba' or 'auto'"),
    ],
)
def test_backends_without_solvers_are_refused(backend, words):
    with pytest.raises(ProblemError, match=words):
        nm.solve(CURIE_WEISS, beta=1.5, h=0.1, backend=backend)


def test_sparse_couplings_are_refused_with_what_mends_it():
    from scipy.sparse import eye_array

    i, j = dv.indices("i j", dv.size("N"))
    s, w = dv.Given("s", i), dv.Given("w", i, j)
    field = dv.total(w[i, j] * s[j], j)
    problem = Equations((s[i],), (w[i, j],), (), (tanh(field),), bounds=((-1, 1),))
    with pytest.raises(ProblemError, match=r"w is sparse.*backend='numpy', or w.toarray\(\)"):
        nm.solve(problem, w=eye_array(3, format="csr"), backend="numba")


def test_the_iteration_by_itself():
    """A kernel made by hand; the last step is small, and can be taken."""
    residual = m - tanh(beta * m + h)
    slopes = Matrix([residual]).jacobian([m])
    kernel = nm.compile([residual, *slopes], backend="numba", arguments=(m, beta, h))
    values = {"beta": np.linspace(1.2, 3, 300), "h": 0.1}
    found = newton(kernel, {"m": 1.0}, values, tol=1e-6)
    assert set(found.status) == {Status.CONVERGED}
    ended = (found.x + found.step)[:, 0]
    expected = nm.solve(CURIE_WEISS, starts={"m": 1.0}, **values)["m"][:, 0]
    assert ended == pytest.approx(expected.filled(np.nan), rel=1e-10, abs=0)
    update = nm.compile(tanh(beta * m + h), backend="numba", arguments=(m, beta, h))
    slow = fixed_point(update, {"m": 1.0}, values)
    assert slow.x[:, 0] == pytest.approx(expected.filled(np.nan), rel=1e-11, abs=0)
    assert slow.evaluations > found.evaluations


def test_the_iteration_refuses_other_kernels():
    update = tanh(beta * m + h)
    with pytest.raises(NumericsError, match=r"compile\(\.\.\., backend='numba'\)"):
        fixed_point(nm.compile(update), {"m": 1.0}, {"beta": 1.0, "h": 0.0})
    kernel = nm.compile(update, backend="numba")
    with pytest.raises(NumericsError, match="give 1 residuals and their Jacobian"):
        newton(kernel, {"m": 1.0}, {"beta": 1.0, "h": 0.0})
