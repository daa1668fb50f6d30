"""Critical points by the derived inverse response: eigenvalue routines, closed forms, refusals."""

import pickle
import tracemalloc

import numpy as np
import pytest
from scipy.linalg import eigh
from scipy.sparse import csr_array
from sympy import cosh, exp, symbols, tanh

import numerics as nm
from derive.equations import Equations, Index, Label, Total
from tests.numerics.models import CONJUGATE, CURIE_WEISS, NETWORK, N, beta, i, j, w
from tests.numerics.networks import (
    COUPLINGS,
    CRITICAL_TEMPERATURE,
    EPS,
    GIBBS,
    HEATED,
    NATURAL,
    cycles,
    entropy,
    symmetric,
)

x, y = symbols("x y", real=True)

# -- the value ----------------------------------------------------------------


@pytest.mark.parametrize("problem", [GIBBS, NETWORK, NATURAL], ids=["real", "conjugate", "update"])
def test_network_of_four_to_sixteen_digits(problem):
    found = nm.critical(problem, "beta", w=COUPLINGS, h=0)
    assert found.status is nm.CriticalStatus.CROSSES
    assert found.temperature == pytest.approx(CRITICAL_TEMPERATURE, rel=4 * EPS, abs=0)
    assert abs(found.temperature - CRITICAL_TEMPERATURE) <= found.error * found.temperature**2
    assert found.error < 1e-14
    assert abs(found.eigenvalue) < 1e-15


def test_the_same_from_high_temperatures_down():
    found = nm.critical(HEATED, "T", w=COUPLINGS, h=0)
    assert found.searched[0] > found.searched[1]  # the stable end is the hot one
    assert found.temperature == found.value
    assert found.value == pytest.approx(CRITICAL_TEMPERATURE, rel=4 * EPS, abs=0)


@pytest.mark.parametrize("problem", [CURIE_WEISS, CONJUGATE])
@pytest.mark.parametrize("J", [0.3, 1.0, 70.0])
def test_curie_weiss(problem, J):
    found = nm.critical(problem, "beta", J=J, h=0)
    assert found.value == pytest.approx(1 / J, rel=8 * EPS, abs=0)
    assert found.gap == np.inf


def test_the_coupling_may_be_what_varies():
    found = nm.critical(CURIE_WEISS, "J", beta=0.5, h=0)
    assert found.value == pytest.approx(2, rel=8 * EPS, abs=0)
    with pytest.raises(nm.ProblemError, match="neither T nor beta"):
        _ = found.temperature


@pytest.mark.parametrize("sign", ["ferromagnetic", "antiferromagnetic", "mixed"])
def test_largest_eigenvalue_of_two_hundred_fifty_sites(sign):
    couplings = 250 * symmetric(250)
    if sign != "mixed":
        couplings = abs(couplings) * (1 if sign == "ferromagnetic" else -1)
    values, vectors = np.linalg.eigh(couplings)
    found = nm.critical(GIBBS, "beta", w=couplings, h=0)
    assert found.temperature == pytest.approx(values[-1] / 250, rel=1e-14, abs=0)
    overlap = abs(vectors[:, -1] @ found.mode["V"])
    assert 1 - overlap < 1e-12
    # the eigenvalues of the inverse response are (1 - beta lambda / N) / N
    assert found.gap == pytest.approx((1 - values[-2] / values[-1]) / 250, rel=0.1)


def test_two_thousand_sites_to_a_few_roundings():
    couplings = 2000 * symmetric(2000, seed=3)
    largest = eigh(couplings, eigvals_only=True, subset_by_index=(1999, 1999))[0]
    found = nm.critical(GIBBS, "beta", w=couplings, h=0)
    assert found.temperature == pytest.approx(largest / 2000, rel=16 * EPS, abs=0)
    assert found.error < 64 * EPS * found.value
    assert found.mode_error < 1e-10


@pytest.mark.parametrize("ratio", [0.5, 0.99, 1.01])
def test_the_uniform_mode_is_not_taken_for_the_lowest_because_it_is_exact(ratio):
    n = 400
    uniform = np.ones(n) / np.sqrt(n)
    staggered = uniform * (-1.0) ** np.arange(n)
    couplings = n * (ratio * np.outer(uniform, uniform) + np.outer(staggered, staggered))
    found = nm.critical(GIBBS, "beta", w=couplings, h=0)
    assert found.temperature == pytest.approx(max(ratio, 1), rel=16 * EPS, abs=0)
    expected = uniform if ratio > 1 else staggered
    assert abs(found.mode["V"] @ expected) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("degree", [pytest.param(2, marks=pytest.mark.slow), 8])
def test_sparse_couplings_of_a_hundred_thousand_sites(degree):
    n = 100_000
    tracemalloc.start()
    found = nm.critical(GIBBS, "beta", w=n * cycles(n, degree // 2), h=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.status is nm.CriticalStatus.CROSSES
    assert found.temperature == pytest.approx(degree, rel=8 * EPS, abs=0)
    np.testing.assert_allclose(found.mode["V"], 1 / np.sqrt(n), rtol=1e-8)
    assert found.landau.amplitude == pytest.approx(3 * n, rel=1e-12, abs=0)
    assert peak < 400 * 8 * n  # a few hundred vectors, where a matrix would be 100 000
    if degree > 2:  # of a random regular graph all other eigenvalues are under 2 sqrt(d - 1)
        assert n * found.gap == pytest.approx(1 - 2 * np.sqrt(degree - 1) / degree, rel=0.1)


def test_a_mode_that_does_not_converge_is_called_unresolved():
    # a staggered ring: eigenvalues 2 - (2 pi k / N)^2 next to the largest one
    found = nm.critical(GIBBS, "beta", w=-4000 * cycles(4000, 1), h=0)
    assert found.status is nm.CriticalStatus.UNRESOLVED
    assert "did not converge" in found.sentence
    assert abs(found.value - 0.5) <= found.error < 1e-4
    assert not found.status.found
    assert found.landau is None


def test_sparse_couplings_are_the_same_as_dense_ones():
    graph = cycles(300, 3)
    signs = np.sign(symmetric(300))
    dense = 300 * graph.toarray() * signs
    one, other = (nm.critical(GIBBS, "beta", w=w, h=0) for w in (dense, csr_array(dense)))
    assert one.value == pytest.approx(other.value, rel=8 * EPS, abs=0)
    np.testing.assert_allclose(one.mode["V"], other.mode["V"], atol=1e-11)


def test_modes_that_become_critical_together_are_called_degenerate():
    block = np.array([[0.0, 1.0], [1.0, 0.0]])
    found = nm.critical(GIBBS, "beta", w=np.kron(np.eye(2), block), h=0)
    assert found.temperature == pytest.approx(1 / 4, rel=8 * EPS, abs=0)
    assert found.gap < 1e-15
    assert found.landau.bifurcation is nm.Bifurcation.DEGENERATE
    assert found.landau.amplitude is None


def test_two_layers_through_two_vectors():
    M = symbols("M", integer=True, positive=True)
    k = Index("k", M)
    a, b = Label("a", (i.range,)), Label("b", (k.range,))
    W = Label("W", (i.range, k.range))
    both = Total(entropy((1 + a[i]) / 2) + entropy((1 - a[i]) / 2), i) + Total(
        entropy((1 + b[k]) / 2) + entropy((1 - b[k]) / 2), k
    )
    layers = Equations(
        (a[i], b[k]),
        (beta, W[i, k]),
        (),
        potential=(beta / (2 * N) * Total(W[i, k] * a[i] * b[k], i, k) + both) / N,
    )
    weights = np.random.default_rng(5).normal(size=(40, 30))
    found = nm.critical(layers, "beta", W=weights)
    left, values, right = np.linalg.svd(weights)
    assert found.temperature == pytest.approx(values[0] / (2 * 40), rel=16 * EPS, abs=0)
    parts = np.concatenate([left[:, 0], right[0]]) / np.sqrt(2)
    overlap = np.concatenate([found.mode["a"], found.mode["b"]]) @ parts
    assert abs(overlap) == pytest.approx(1, abs=1e-13)


def test_units_of_zero_and_one_about_a_half():
    v, theta = Label("v", (i.range,)), Label("theta", (i.range,))
    binary = Equations(
        (v[i],),
        (beta, theta[i], w[i, j]),
        (),
        potential=(
            beta / (2 * N) * Total(w[i, j] * v[i] * v[j], i, j)
            - beta * Total(theta[i] * v[i], i)
            + Total(entropy(v[i]) + entropy(1 - v[i]), i)
        )
        / N,
    )
    given = {"w": COUPLINGS, "theta": COUPLINGS.sum(axis=1) / 8}
    found = nm.critical(binary, "beta", at={"v": 0.5}, **given)
    assert found.temperature == pytest.approx(CRITICAL_TEMPERATURE / 4, rel=8 * EPS, abs=0)
    assert found.landau.cubic == 0
    assert found.landau.bifurcation is nm.Bifurcation.SUPERCRITICAL
    assert found.landau.amplitude == pytest.approx(
        0.75 / np.sum(found.mode["v"] ** 4), rel=1e-13, abs=0
    )


def test_the_state_of_a_solution_serves_as_well():
    solution = nm.solve(CURIE_WEISS, beta=0.5, J=1.0, h=0.0)
    found = nm.critical(CURIE_WEISS, "beta", at=solution, J=1.0, h=0.0)
    assert found.value == pytest.approx(1, rel=8 * EPS, abs=0)


def test_the_first_of_several_zeros():
    # 1 turns unstable between 2 and 3 and comes back; 2 follows at 5
    problem = Equations(
        (x, y), (beta,), (), potential=-((beta - 2) * (beta - 3) * x**2 + (5 - beta) * y**2)
    )
    found = nm.critical(problem, "beta", between=(0.01, 10))
    assert found.value == pytest.approx(2, rel=8 * EPS, abs=0)
    assert found.mode["x"] == pytest.approx(1)


def test_random_families_against_a_fine_scan():
    p = symbols("p", positive=True)
    v = Label("v", (i.range,))
    parts = [Label(name, (i.range, i.range), symmetric=True) for name in "ABC"]
    A, B, C = (label[i, j] for label in parts)
    form = Total((A + p * B + p**2 * C) * v[i] * v[j], i, j)
    problem = Equations((v[i],), (p, A, B, C), (), potential=-form / 2)
    generator = np.random.default_rng(11)
    values = np.geomspace(0.05, 20, 4000)
    met = set()
    for _ in range(30):
        n = generator.integers(1, 6)
        a, b, c = ((m + m.T) / 2 for m in generator.normal(size=(3, n, n)))
        a, b = a @ a + 0.1 * np.eye(n), b * generator.choice([0.1, 1, 3])
        found = nm.critical(problem, "p", between=(0.05, 20), A=a, B=b, C=c)
        family = a + values[:, None, None] * b + values[:, None, None] ** 2 * c
        lowest = np.linalg.eigvalsh(family)[:, 0]
        below = np.nonzero(lowest < 0)[0]
        met.add(found.status)
        if not below.size:
            assert found.status is nm.CriticalStatus.NONE
        elif lowest[0] < 0 > lowest[-1]:
            assert found.status is nm.CriticalStatus.UNSTABLE
        else:
            first = values[below[0] if lowest[0] > 0 else below[-1]]
            assert found.value == pytest.approx(first, rel=2e-3)
            exact = np.linalg.eigh(a + found.value * b + found.value**2 * c)[0]
            assert np.abs(exact).min() <= 4 * abs(found.slope) * found.error
    assert {nm.CriticalStatus.NONE, nm.CriticalStatus.CROSSES} <= met


# -- what is no transition ----------------------------------------------------


def test_no_transition_says_so():
    found = nm.critical(GIBBS, "beta", w=-np.eye(5) - np.ones((5, 5)), h=0)
    assert found.status is nm.CriticalStatus.NONE
    assert not found.status.found
    assert found.value is None
    assert found.landau is None
    assert "no transition" in found.sentence
    with pytest.raises(nm.ProblemError, match="no critical temperature"):
        _ = found.temperature


def test_a_range_without_a_stable_end():
    found = nm.critical(CURIE_WEISS, "beta", between=(2, 3), J=1, h=0)
    assert found.status is nm.CriticalStatus.UNSTABLE
    assert "not positive at either end" in found.sentence


@pytest.mark.parametrize("least", [0.0, 0.01])
def test_an_eigenvalue_that_turns_back(least):
    problem = Equations((x,), (beta,), (), potential=-((1 - beta) ** 2 + least) * x**2 / 2)
    found = nm.critical(problem, "beta")
    assert found.nearest == pytest.approx((1, least), rel=1e-12, abs=EPS)
    if least:
        assert found.status is nm.CriticalStatus.NONE
        assert "it is least, 0.01, at beta = 1" in found.sentence
    else:
        assert found.status is nm.CriticalStatus.TOUCHES
        assert found.value == pytest.approx(1, abs=found.error)
    assert found.landau is None


# -- the door -----------------------------------------------------------------


def test_a_field_moves_the_state():
    with pytest.raises(nm.ProblemError, match="set the field to zero") as refused:
        nm.critical(GIBBS, "beta", w=COUPLINGS, h=0.1)
    assert "does not solve the equations at beta" in str(refused.value)


def test_couplings_that_are_not_symmetric_are_refused():
    with pytest.raises(nm.SymmetryError):
        nm.critical(GIBBS, "beta", w=np.triu(COUPLINGS), h=0)
    with pytest.raises(nm.NotANumberError):
        nm.critical(GIBBS, "beta", w=np.full((4, 4), np.nan), h=0)


def test_a_solution_of_many_points_is_refused():
    solution = nm.solve(CURIE_WEISS, beta=[0.5, 0.6], J=1.0, h=0.0)
    with pytest.raises(nm.ShapeError, match="one point"):
        nm.critical(CURIE_WEISS, "beta", at=solution, J=1.0, h=0.0)


def test_names_and_shapes():
    given = {"J": 1, "h": 0}
    with pytest.raises(nm.UnknownParameterError, match="no scalar parameter T"):
        nm.critical(CURIE_WEISS, "T", **given)
    with pytest.raises(nm.UnknownParameterError, match="no scalar parameter w"):
        nm.critical(GIBBS, "w", beta=1, h=0)
    with pytest.raises(nm.UnknownParameterError, match="leave beta="):
        nm.critical(CURIE_WEISS, "beta", beta=1, **given)
    with pytest.raises(nm.MissingParameterError, match="h"):
        nm.critical(CURIE_WEISS, "beta", J=1)
    with pytest.raises(nm.ShapeError, match="one critical point at a time"):
        nm.critical(CURIE_WEISS, "beta", J=[1, 2], h=0)
    with pytest.raises(nm.DomainError, match="no range"):
        nm.critical(CURIE_WEISS, "beta", between=(2, 1), **given)
    with pytest.raises(nm.DomainError, match="positive"):
        nm.critical(CURIE_WEISS, "beta", between=(-1, 2), **given)
    with pytest.raises(nm.ProblemError, match="no unknown V"):
        nm.critical(CURIE_WEISS, "beta", at={"V": 0}, **given)
    with pytest.raises(nm.ShapeError, match="give one number or 4"):
        nm.critical(GIBBS, "beta", at={"V": [0, 0]}, w=COUPLINGS, h=0)


def test_a_jacobian_that_is_not_symmetric_needs_a_potential():
    problem = Equations((x, y), (beta,), (), residuals=(x - beta * y, y - 2 * beta * x))
    with pytest.raises(nm.ProblemError, match="not symmetric"):
        nm.critical(problem, "beta")


def test_an_answer_survives_pickle():
    found = nm.critical(GIBBS, "beta", w=COUPLINGS, h=0)
    again = pickle.loads(pickle.dumps(found))
    assert again.sentence == found.sentence
    np.testing.assert_array_equal(again.mode["V"], found.mode["V"])


def test_exponentials_do_not_hide_a_zero():
    problem = Equations((x,), (beta,), (), potential=-(exp(-beta) - 0.25) * x**2 - x**4)
    assert nm.critical(problem, "beta", between=(0.1, 5)).value == pytest.approx(
        np.log(4), rel=1e-14
    )


@pytest.mark.parametrize("between", [(-1, 1), (-1, 1.1), (-3, 0.5)])
def test_a_critical_value_of_zero(between):
    a = symbols("a", real=True)
    found = nm.critical(Equations((x,), (a,), (), potential=a * x**2 - x**4), "a", between=between)
    assert abs(found.value) <= 4 * EPS
    assert found.landau.bifurcation is nm.Bifurcation.SUPERCRITICAL
    assert found.landau.amplitude is None


def test_fields_on_the_imaginary_axis_alone():
    problem = Equations((x,), (beta,), (), potential=(1 - beta) * x**2 + x**4, signs=(-1,))
    assert nm.critical(problem, "beta").value == pytest.approx(1, rel=4 * EPS, abs=0)


def test_residuals_of_either_sign():
    for sign in (-1, 1):
        problem = Equations((x,), (beta,), (), residuals=(sign * (x - tanh(beta * x)),))
        found = nm.critical(problem, "beta")
        assert found.value == pytest.approx(1, rel=4 * EPS, abs=0)
        assert found.landau.amplitude == pytest.approx(3, rel=1e-14, abs=0)


def test_what_is_not_finite_is_no_answer():
    problem = Equations((x,), (beta,), (), potential=(beta - 1) * (exp(beta) + 1) * cosh(x))
    with pytest.raises(nm.NonFiniteError, match="between"):
        nm.critical(problem, "beta")
    assert nm.critical(problem, "beta", between=(0.1, 10)).value == pytest.approx(
        1, rel=8 * EPS, abs=0
    )
    with pytest.raises(nm.NonFiniteError, match="another state"):
        nm.critical(GIBBS, "beta", at={"V": 2.0}, w=COUPLINGS, h=0)
    with pytest.raises(nm.DomainError, match="resolution"):
        nm.critical(CURIE_WEISS, "beta", resolution=-1, J=1, h=0)
