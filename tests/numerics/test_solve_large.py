"""Many unknowns: the same verb, the same answers, and no matrix over the unknowns."""

import pickle
import tracemalloc

import numpy as np
import pytest
from scipy import sparse
from sympy import symbols, tanh

import numerics as nm
from derive.equations import Equations, Index, Label, Total
from numerics.problem.system import LARGE, System
from numerics.solvers import Stability, Status
from tests.numerics.derived_networks import critical, ferromagnet, glass, network

SIZE = LARGE + 20


@pytest.fixture
def updates(monkeypatch):
    """How many states every call of the fixed-point map was given."""
    given = []
    original = System.update

    def counted(self, x, rows):
        given.append(len(x))
        return original(self, x, rows)

    monkeypatch.setattr(System, "update", counted)
    return given


@pytest.mark.parametrize("eliminated", [True, False])
@pytest.mark.parametrize("couplings", [ferromagnet, lambda n: glass(n, mean=3.0)])
def test_roots_are_those_of_the_dense_method(eliminated, couplings):
    w = couplings(SIZE if eliminated else SIZE // 2)
    parameters = {"beta": 1 / (critical(w) * np.array([1.5, 0.95, 0.6])), "h": 0.0, "w": w}
    found = nm.solve(network(eliminated), **parameters)
    dense = nm.solve(network(eliminated), method=nm.Newton(), starts=found, **parameters)
    assert found.count.tolist() == dense.count.tolist() == [1, 3, 3]
    assert (found.status == Status.CONVERGED).all()
    assert (found.branch_status == dense.branch_status).all()
    apart = np.abs(found["V"] - dense["V"]).max(axis=-1)
    assert (apart <= found.error + dense.error).all()
    assert found.error.max() <= 1e-12
    np.testing.assert_allclose(found.potential, dense.potential, rtol=1e-14)


@pytest.mark.parametrize("couplings", [ferromagnet, glass])
def test_stability_is_that_of_the_eigenvalues(couplings):
    n = SIZE
    w = couplings(n)
    beta = 1 / (critical(w) * np.array([1.5, 0.9, 0.5]))
    found = nm.solve(network(), beta=beta, h=0.01, w=w, starts=8)
    with_fields = nm.solve(
        network(eliminated=False),
        method="newton",
        starts={"V": found.states[2, :2], "U": np.arctanh(found.states[2, :2])},
        beta=beta[2],
        h=0.01,
        w=w,
    )
    for point, slot in zip(*np.nonzero(found.exists), strict=True):
        means = found["V"][point, slot]
        hessian = beta[point] * w / n**2 - np.diag(1 / (n * (1 - means**2)))
        stable = np.linalg.eigvalsh(hessian)[-1] < 0
        assert found.stable[point, slot] == stable
    assert found.count[2] >= 2
    assert with_fields.stability.tolist() == found.stability[2, :2].tolist()


def test_both_signs_and_zero_below_the_critical_temperature_without_a_field():
    w = ferromagnet(SIZE)
    found = nm.solve(network(), beta=1 / (critical(w) * np.array([1.001, 0.999])), h=0.0, w=w)
    assert found.count.tolist() == [1, 3]
    assert (found["V"][1, 1] == 0).all()
    np.testing.assert_allclose(found["V"][1, 0], -found["V"][1, 2], rtol=1e-12)
    stable, unstable = int(Stability.STABLE), int(Stability.UNSTABLE)
    assert found.stability[1].tolist() == [stable, unstable, stable]
    assert found.stability[0, 0] == stable
    # V = epsilon psi with epsilon**2 = 3 |t| sum psi**2 / sum psi**4, up to order t
    psi = np.abs(np.linalg.eigh(w)[1][:, -1])
    epsilon = np.sqrt(3 * 0.001 * (psi**2).sum() / (psi**4).sum())
    np.testing.assert_allclose(found["V"][1, 2], epsilon * psi, rtol=2e-3)


def test_a_scan_through_the_critical_temperature_in_a_field():
    w = glass(SIZE, mean=4.0)
    temperatures = critical(w) * np.linspace(0.6, 1.4, 17)
    found = nm.solve(network(), beta=1 / temperatures, h=0.05, w=w)
    assert (found.status == Status.CONVERGED).all()
    means = found.dominant("magnetisation")
    assert (np.diff(means) < 0).all()
    assert np.tanh(
        (found.dominant("V") @ w / SIZE + 0.05) / temperatures[:, None]
    ) == pytest.approx(found.dominant("V"), abs=1e-13)


def test_fixed_point_steps_are_those_of_a_loop_by_hand(updates):
    w = glass(SIZE, mean=4.0)
    beta = 1 / (critical(w) * np.linspace(0.6, 1.4, 9))
    found = nm.solve(network(), method="fixed_point", starts={"V": 0.9}, beta=beta, h=0.05, w=w)
    by_solve, states, steps = sum(updates), np.full((9, SIZE), 0.9), 0
    active = np.arange(9)
    while active.size:
        new = np.tanh(beta[active, None] * (states[active] @ w / SIZE + 0.05))
        steps += active.size
        done = np.abs(new - states[active]).max(axis=1) <= 1e-12
        states[active] = new
        active = active[~done]
    assert (found.status == Status.CONVERGED).all()
    # besides, each state is looked at once more to see how its rounding follows
    assert by_solve <= steps + 2 * 9
    np.testing.assert_allclose(found["V"][:, 0], states, atol=1e-14)


def test_an_error_estimate_from_the_rate_of_changes_is_honest():
    for w in (ferromagnet(SIZE), glass(SIZE), glass(SIZE, mean=3.0)):
        beta = 1 / (critical(w) * np.array([2.0, 1.3, 1.1, 1.03]))
        plain = nm.solve(network(), method="fixed_point", starts={"V": 0.9}, beta=beta, h=0.05, w=w)
        exact = nm.solve(network(), starts=plain, beta=beta, h=0.05, w=w)
        assert (plain.status == Status.CONVERGED).all()
        apart = np.abs(plain["V"] - exact["V"]).max(axis=-1)
        assert (apart <= plain.error + exact.error).all()
        assert (exact.error <= 1e-12).all()


def test_mixing_needs_few_steps_where_plain_steps_need_thousands(updates):
    w = ferromagnet(SIZE)
    near = {"beta": 1 / (critical(w) * 1.0005), "h": 1e-6, "w": w, "starts": {"V": 0.9}}
    mixed = nm.solve(network(), **near)
    of_mixed = len(updates)
    plain = nm.solve(network(), method=nm.DampedFixedPoint(max_steps=1000), **near)
    assert mixed.status == Status.CONVERGED
    assert of_mixed <= 60
    assert plain.status == Status.MAX_STEPS
    assert plain.count == 0
    assert plain.best_residual < 1e-4


def test_couplings_of_mixed_sign_far_below_their_transition():
    w = glass(SIZE)
    beta = 1 / (critical(w) * np.array([0.7, 0.4, 0.2]))
    found = nm.solve(network(), beta=beta, h=0.1, w=w)
    assert (found.status == Status.CONVERGED).all()
    assert (found.residual.max(axis=1) <= 1e-13).all()
    assert found.stable.any(axis=1).all()


def test_a_cycle_of_plain_steps_is_called_one_and_damping_ends_it():
    w = -np.ones((SIZE, SIZE))
    hostile = {"beta": 2.0, "h": 0.1, "w": w, "starts": {"V": 0.9}}
    plain = nm.solve(network(), method="fixed_point", **hostile)
    assert plain.status == Status.CYCLE
    assert plain.count == 0
    assert "cycle" in plain.sentence()
    damped = nm.solve(network(), method=nm.DampedFixedPoint(damping=0.5), **hostile)
    mixed = nm.solve(network(), **hostile)
    assert damped.status == mixed.status == Status.CONVERGED
    value = float(mixed["V"][0, 0])
    assert value == pytest.approx(np.tanh(2 * (0.1 - value)), rel=1e-13, abs=0)


def test_equations_with_a_reaction_term_that_plain_steps_do_not_settle():
    w = glass(SIZE)
    tap = network(order=2)
    cold = {"beta": 2.0, "h": 0.05, "w": w, "starts": {"V": 0.9}}
    plain = nm.solve(tap, method="fixed_point", **cold)
    assert plain.status == Status.CYCLE
    assert plain.best_residual > 0.1
    found = nm.solve(tap, **cold)
    assert found.status == Status.CONVERGED
    means = found["V"].data[0]
    reaction = means * ((w / SIZE) ** 2 @ (1 - means**2))
    inner = 2.0 * (w @ means / SIZE + 0.05) - 4.0 * reaction
    np.testing.assert_allclose(means, np.tanh(inner), atol=1e-13)


def test_memory_stays_that_of_the_couplings():
    n = 1200
    w = ferromagnet(n)
    beta = 1 / (critical(w) * np.linspace(0.5, 1.5, 12))
    nm.solve(network(), beta=beta[:1], h=0.1, w=w)  # compiled beforehand
    tracemalloc.start()
    found = nm.solve(network(), beta=beta, h=0.1, w=w)
    assert found.stable.any(axis=1).all()
    found.susceptibility("h")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # one matrix for each of the points would be twelve times the couplings
    assert peak < 100e6 < 12 * w.nbytes + 1


def test_sparse_couplings_of_very_many_units():
    n, neighbours = 30_000, 6
    rng = np.random.default_rng(0)
    ends = rng.integers(0, n, size=(2, n * neighbours))
    one_way = sparse.coo_array((np.full(ends.shape[1], n / neighbours / 2), ends), (n, n))
    w = (one_way + one_way.T).tocsr()
    start = {"V": np.full(n, 0.9)}
    nm.solve(network(), beta=[0.9], h=0.0, w=w, starts=start)
    tracemalloc.start()
    found = nm.solve(network(), beta=[0.9, 1.3, 2.0], h=0.02, w=w, starts=start)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (found.status == Status.CONVERGED).all()
    assert peak < 40 * (w.data.nbytes + w.indices.nbytes)  # one dense matrix: 1400 times
    means = found["V"][2, 0]
    np.testing.assert_allclose(means, np.tanh(2.0 * (w @ means / n + 0.02)), atol=1e-13)


def test_an_earlier_solution_starts_the_next(updates):
    w = ferromagnet(SIZE)
    beta = 1 / (critical(w) * np.linspace(0.6, 0.9, 4))
    options = {"method": "fixed_point", "h": 0.01, "w": w}
    first = nm.solve(network(), beta=beta, starts={"V": [[0.9], [-0.9]]}, **options)
    cold = len(updates)
    updates.clear()
    second = nm.solve(network(), beta=beta * (1 + 1e-7), starts=first, **options)
    assert first.count.tolist() == second.count.tolist() == [2] * 4
    assert len(updates) < 0.6 * cold
    with pytest.raises(nm.ShapeError, match="solution to start from has unknowns"):
        nm.solve(network(), beta=beta, h=0.01, w=ferromagnet(SIZE + 1), starts=first)


def test_residuals_without_a_fixed_point_form():
    n = SIZE
    k, l = Index("k", symbols("n", integer=True, positive=True)), None
    l = Index("l", k.range)
    x, a, b = Label("x", (k.range,)), Label("a", (k.range, k.range)), symbols("b", real=True)
    cubic = Equations(
        (x[k],), (b, a[k, l]), (), residuals=(x[k] ** 3 + Total(a[k, l] * x[l], l) - b,)
    )
    matrix = np.eye(n) + ferromagnet(n) / n
    found = nm.solve(cubic, b=[0.5, 2.0], a=matrix, starts={"x": 0.5})
    assert (found.status == Status.CONVERGED).all()
    for value, root in zip([0.5, 2.0], found["x"][:, 0], strict=True):
        np.testing.assert_allclose(root**3 + matrix @ root, value, rtol=1e-13)


def test_two_kinds_of_units_and_their_block_form():
    n = SIZE // 2 + 10
    k = Index("k", symbols("n", integer=True, positive=True))
    l = Index("l", k.range)
    beta, h = symbols("beta", positive=True), symbols("h", real=True)
    A, B, W = Label("A", (k.range,)), Label("B", (k.range,)), Label("W", (k.range, k.range))
    size = k.size
    two_layers = Equations(
        (A[k], B[k]),
        (beta, h, W[k, l]),
        (),
        update=(
            tanh(beta * (Total(W[k, l] * B[l], l) / size + h)),
            tanh(beta * (Total(W[l, k] * A[l], l) / size + h)),
        ),
        bounds=((-1, 1), (-1, 1)),
    )
    weights = np.random.default_rng(1).normal(0.5, 3.0, size=(n, n))
    found = nm.solve(two_layers, beta=[0.3, 1.0], h=0.05, W=weights, starts={"A": 0.5, "B": 0.5})
    whole = 2 * np.block([[np.zeros((n, n)), weights], [weights.T, np.zeros((n, n))]])
    block = nm.solve(network(), beta=[0.3, 1.0], h=0.05, w=whole, starts={"V": 0.5})
    assert (found.status == Status.CONVERGED).all()
    together = np.concatenate([found["A"], found["B"]], axis=-1)
    np.testing.assert_allclose(together, block["V"], atol=1e-13)


def test_units_of_zero_and_one():
    w = glass(SIZE, mean=3.0)
    field = -w.mean() / 2
    units = network(values=(0, 1))
    found = nm.solve(units, beta=1.5, h=field, w=w, starts={"V": 0.9})
    assert found.status == Status.CONVERGED
    means = found["V"].data[0]
    inner = 1.5 * (means @ w / SIZE + field)
    np.testing.assert_allclose(means, 1 / (1 + np.exp(-inner)), atol=1e-13)


def test_a_large_solution_survives_pickle_and_is_shown_without_work(updates):
    w = ferromagnet(SIZE)
    found = nm.solve(network(), beta=1.5, h=0.1, w=w, starts={"V": 0.5})
    assert "stable" not in repr(found)
    again = pickle.loads(pickle.dumps(found))
    assert again.stable.tolist() == [True]
    assert "stable      1 of 1 branches" in repr(again)
    assert (again["V"] == found["V"]).all()


def test_couplings_that_are_not_symmetric_are_refused():
    w = ferromagnet(SIZE)
    w[3, 5] += 1
    with pytest.raises(nm.NumericsError, match="symmetric"):
        nm.solve(network(), beta=1.0, h=0.0, w=w)
