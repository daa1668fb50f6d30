"""The right-hand side of the soft committee flow against Gaussian averages and known numbers."""

from functools import cache

import numpy as np
import pytest
from scipy.special import erf
from sympy import Add

import numerics as nm
from numerics.flow import flow
from numerics.reference import evaluate
from tests.numerics import soft_committee as sc

# mpmath to 24 digits; the first three rows of a case are the arguments
KNOWN = {
    "K=M=1": (
        ([[0.5]], [[0.5]], [[2.0]], 0.5),
        [[0.2080457600566166]],
        [[-0.002652502548284294]],
        0.1889749504418693,
    ),
    "K=M=2, symmetric start": (
        ([[0.001, 0], [0, 0.001]], [[0.2, 0], [0, 0.2]], np.eye(2), 0.1),
        [[0.04104876709480530, 0.04104057795640269], [0.04104057795640269, 0.04104876709480530]],
        [
            [-0.01328411505441583, -0.01664079060812609],
            [-0.01664079060812609, -0.01328411505441583],
        ],
        0.4391122187604042,
    ),
    "K=M=2": (
        ([[0.4, 0.1], [-0.1, 0.5]], [[0.6, 0.15], [0.15, 0.8]], np.eye(2), 0.5),
        [[0.1320919616068041, 0.06674247942268132], [0.1059718091707296, 0.08860379628208753]],
        [
            [-0.009246674757568807, -0.09227180750707907],
            [-0.09227180750707907, -0.06613637483632447],
        ],
        0.3432591258744321,
    ),
    "K=3, M=2": (
        (
            [[0.4, 0.1], [-0.1, 0.5], [0.2, 0.3]],
            [[0.7, 0.15, 0.05], [0.15, 0.9, -0.1], [0.05, -0.1, 0.5]],
            np.eye(2),
            0.5,
        ),
        [
            [0.09428808274860750, 0.009077170879671588],
            [0.06782354346170392, 0.02856263811680762],
            [0.08053261607647294, 0.006816863937809502],
        ],
        [
            [-0.05465039770300470, -0.1198082939124001, -0.03474142739608656],
            [-0.1198082939124001, -0.06832391287578614, -0.06017339908312105],
            [-0.03474142739608656, -0.06017339908312105, 0.04843703027957200],
        ],
        0.2783564631840915,
    ),
}


@cache
def kernel():
    return nm.compile(sc.equations())


def rhs(R, Q, T, eta):
    return kernel()(R=R, Q=Q, T=T, eta=eta)


@pytest.mark.parametrize("case", KNOWN)
def test_known_values(case):
    (R, Q, T, eta), known_r, known_q, known_error = KNOWN[case]
    found_r, found_q = rhs(R, Q, T, eta)
    np.testing.assert_allclose(found_r, known_r, rtol=1e-13)
    np.testing.assert_allclose(found_q, known_q, rtol=1e-13, atol=1e-16)
    error = nm.compile(sc.generalisation_error())(R=R, Q=Q, T=T)
    assert error == pytest.approx(known_error, rel=1e-14, abs=0)


def test_hand_written_c_at_eight_units():
    """Numbers from a structured C program; one kernel serves all sizes."""
    a, b = np.indices((8, 8)) + 1
    same = a == b
    found_r, found_q = rhs(
        0.05 + 0.4 * same + 0.01 * a - 0.02 * b, 0.6 * same + 0.1 / (a + b), np.eye(8), 0.7
    )
    assert found_r[0, 0] == pytest.approx(0.0197459959281405, rel=1e-13, abs=0)
    assert found_r[7, 3] == pytest.approx(0.1040285463794122, rel=1e-13, abs=0)
    assert found_r.sum() == pytest.approx(8.22851104626423, rel=1e-13, abs=0)
    assert found_q[0, 7] == pytest.approx(0.2747998280576062, rel=1e-13, abs=0)
    assert found_q[6, 2] == pytest.approx(0.3217574760312165, rel=1e-13, abs=0)
    assert np.trace(found_q) == pytest.approx(3.0606978216315177, rel=1e-13, abs=0)
    assert found_q.sum() == pytest.approx(19.45043418487696, rel=1e-13, abs=0)


def averages(R, Q, T, eta, nodes=28):
    """The same from the definition, by a product rule for the averages over all four fields."""
    R, Q, T = (np.asarray(array, dtype=float) for array in (R, Q, T))
    units = len(Q)
    root = np.linalg.cholesky(np.block([[Q, R], [R.T, T]]))
    z, w = np.polynomial.hermite_e.hermegauss(nodes)
    points = np.stack(np.meshgrid(*[z] * len(root), indexing="ij"), axis=-1) @ root.T
    weight = (w / w.sum())[:, None] * w / w.sum()
    weight = weight[:, :, None, None] * weight
    x, y = points[..., :units], points[..., units:]
    mismatch = erf(y / 2**0.5).sum(-1) - erf(x / 2**0.5).sum(-1)
    delta = (2 / np.pi) ** 0.5 * np.exp(-(x**2) / 2) * mismatch[..., None]

    def mean(left, right):
        return np.einsum("abcd,abcdi,abcdn->in", weight, left, right, optimize=True)

    drift = mean(delta, x)
    return eta * mean(delta, y), eta * (drift + drift.T) + eta**2 * mean(delta, delta)


def test_gaussian_averages_by_quadrature():
    """Gauss-Hermite quadrature converges to the closed forms, and is close at 28 nodes."""
    teacher = [[0.5, 0.1], [0.1, 0.3]]
    case = ([[0.2, 0.1], [-0.1, 0.15]], [[0.3, 0.05], [0.05, 0.25]], teacher, 0.4)
    found = np.stack(rhs(*case))
    errors = [np.abs(np.stack(averages(*case, nodes)) - found).max() for nodes in (8, 16, 28)]
    assert errors[0] > 10 * errors[1] > 100 * errors[2]
    assert errors[2] < 1e-9


def test_the_reference_evaluator_agrees():
    """mpmath walks the expressions themselves and shares no code with the kernel."""
    (R, Q, T, eta), *_ = KNOWN["K=3, M=2"]
    arrays = {sc.R[sc.i, sc.n].label: R, sc.Q[sc.i, sc.k].label: Q, sc.T[sc.n, sc.m].label: T}
    values = {label: np.asarray(array) for label, array in arrays.items()} | {sc.eta: eta}
    found = dict(zip(("R", "Q"), rhs(R, Q, T, eta), strict=True))
    for (name, expr), (a, b) in zip(sc.equations().expressions, [(2, 1), (2, 3)], strict=True):
        at = {sc.i: a, sc.n: b} if name == "R" else {sc.i: a, sc.k: b}
        exact = evaluate(expr, {**values, sc.K: 3, sc.M: 2}, at=at)
        assert found[name][a - 1, b - 1] == pytest.approx(float(exact), rel=1e-14, abs=0)


def test_the_summands_show_their_symmetry():
    for first, last in ((sc.j, sc.l), (sc.m, sc.p)):
        summand = sc.fourth(sc.i, sc.k, first, last)
        assert summand.xreplace({first: last, last: first}) == summand
    for c, d in ((sc.j, sc.l), (sc.j, sc.m), (sc.m, sc.p)):
        summand = sc.fourth(sc.i, sc.k, c, d)
        assert summand.xreplace({sc.i: sc.k, sc.k: sc.i}) == summand
    (flow,) = (e for name, e in sc.equations().expressions if name == "Q")
    assert isinstance(flow, Add)
    assert flow.xreplace({sc.i: sc.k, sc.k: sc.i}) == flow


def test_batches_of_students():
    (R, Q, T, eta), known_r, _, _ = KNOWN["K=M=2"]
    found, _ = rhs(np.stack([R, np.zeros((2, 2)), R]), Q, T, [eta, eta, 2 * eta])
    np.testing.assert_allclose(found[0], known_r, rtol=1e-13)
    np.testing.assert_allclose(found[2], 2 * np.array(known_r), rtol=1e-13)
    assert found.shape == (3, 2, 2)


# -- the flow itself ---------------------------------------------------------------------------

# By extrapolated midpoint steps (Gragg, Bulirsch and Stoer) in mpmath with 30 digits; step sizes
# of 3 and 4 agree to 18 digits.  R11, R12, Q11 and Q12 of K = M = 2 with eta = 0.1 from R = 0.001 I
# and Q = 0.2 I.
FOLLOWED = {
    10: (0.251860136250092889, 0.250851852063500921, 0.240913943310421497, 0.047480424049171302),
    100: (0.421870203489495345, 0.420457483018860889, 0.421329603152900181, 0.289175742879412633),
    1000: (0.533360749459211790, 0.302270999555217214, 0.397125869281665403, 0.301978907806454159),
}
# of K = M = 1 from R = 0 and Q = 0.2, at the times 1, 2, 5 and 10, for eta = 0.1 and 1
ONE = np.array(
    [
        [
            (0.0402815096123678, 0.1860838241101967),
            (0.0788521613850616, 0.1756085111444197),
            (0.1835573420121171, 0.1620934395630226),
            (0.3223413779721399, 0.1814286502707968),
        ],
        [
            (0.3223895236032012, 0.2790668600836381),
            (0.5133710482805646, 0.3777721152959658),
            (0.7643471484386488, 0.6086283694322893),
            (0.8977349944850351, 0.8083619956913148),
        ],
    ]
)
BACKENDS = ("numpy", "numba")


def available(backend):
    if backend == "numba":
        pytest.importorskip("numba")
    return backend


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("rtol", "error"), [(1e-8, 1e-6), (1e-12, 1e-10)])
def test_two_units_to_a_thousand_examples_per_weight(backend, rtol, error):
    start = {"R": 0.001 * np.eye(2), "Q": 0.2 * np.eye(2)}
    settings = {"rtol": rtol, "atol": rtol / 100, "backend": available(backend)}
    found = flow(sc.equations(), [0, *FOLLOWED], start, T=np.eye(2), eta=0.1, **settings)
    known = np.array(list(FOLLOWED.values()))
    for name, columns in (("R", known[:, :2]), ("Q", known[:, 2:])):
        np.testing.assert_allclose(found[name][1:, 0], columns, rtol=error)
        np.testing.assert_allclose(found[name][1:, 1, ::-1], columns, rtol=error)


@pytest.mark.parametrize("backend", BACKENDS)
def test_one_unit(backend):
    settings = {"rtol": 1e-12, "atol": 1e-14, "backend": available(backend)}
    start = {"R": [[0.0]], "Q": [[0.2]]}
    found = flow(sc.equations(), [0, 1, 2, 5, 10], start, T=[[1.0]], eta=[0.1, 1.0], **settings)
    np.testing.assert_allclose(found["R"][:, 1:, 0, 0], ONE[..., 0], rtol=1e-11)
    np.testing.assert_allclose(found["Q"][:, 1:, 0, 0], ONE[..., 1], rtol=1e-11)


@pytest.mark.parametrize("units", [2, 3, 4])
def test_the_symmetric_plateau(units):
    """All students alike: as eta -> 0, R = 1/sqrt(K (2K - 1)) and Q = 1/(2K - 1)."""
    rates = np.array([0.02, 0.01])
    start = {"R": np.full((units, units), 0.2), "Q": np.full((units, units), 0.2)}
    settings = {"rtol": 1e-10, "backend": "numpy"}
    found = flow(sc.equations(), [0, 1e4], start, T=np.eye(units), eta=rates, **settings)
    for name, value in (("R", (units * (2 * units - 1)) ** -0.5), ("Q", 1 / (2 * units - 1))):
        coarse, fine = found.last(name)[:, 0, 0]
        assert fine == pytest.approx(value, rel=0.05, abs=0)
        assert 2 * fine - coarse == pytest.approx(value, rel=1e-3, abs=0)


def test_students_specialise():
    """The error falls to zero: each student becomes one teacher, and is followed for many rates."""
    start = {"R": 0.001 * np.eye(2), "Q": 0.2 * np.eye(2)}
    times = [0, 50, 100, 200, 400]
    found = flow(sc.equations(), times, start, T=np.eye(2), eta=np.linspace(0.6, 1.2, 4))
    error = found.observable("error")
    assert (np.diff(error, axis=1) < 0).all()
    assert (error[:, -1] < 1e-5 * error[:, 0]).all()
    np.testing.assert_allclose(found["R"][:, -1], [np.eye(2)] * 4, atol=1e-2)
    alone = flow(sc.equations(), times, start, T=np.eye(2), eta=1.2)
    np.testing.assert_allclose(found["Q"][-1], alone["Q"], rtol=1e-7, atol=1e-9)
