"""Vector unknowns with array parameters: the weighted network of binary units."""

import numpy as np
import pytest
from sympy import exp, log, oo, symbols, tanh

from derive.equations import Equations, Index, Label, Total
from numerics.errors import MissingParameterError
from numerics.solvers import ProblemError, Stability, TransitionKind, solve, transition
from tests.numerics.models import NETWORK, N, U, V, beta, h, i, j, w

COUPLINGS = np.array(
    [[0.0, 1.0, 2.0, 0.5], [1.0, 0.0, 1.5, 1.0], [2.0, 1.5, 0.0, 1.0], [0.5, 1.0, 1.0, 0.5]]
)

# beta, h: V, U, F per unit (with log 2), m; 25 digits (mpmath).
REFERENCE = {
    (2.0, 0.05): (
        (
            "0.9440959584877342829232231003",
            "0.9423479718101268846939884517",
            "0.9760015857457757102485777433",
            "0.9091290506953638132370606062",
        ),
        (
            "1.774457834324680105904837121",
            "1.758613693900880830766575161",
            "2.205421462693011353062244742",
            "1.522481031073725821511354024",
        ),
        "-0.5163960970585334321621524844",
        "0.9428936416847501727757124754",
    ),
    (1 / 1.5, 0.2): (
        (
            "0.3135362861904921546581906343",
            "0.3094196351758533653305713883",
            "0.3475301611234145178070207761",
            "0.2845892889683540433985407402",
        ),
        (
            "0.3244624336511432370739805518",
            "0.3199034694739946624612104231",
            "0.3626318856855197334017965152",
            "0.2926687639797818303276596419",
        ),
        "-1.072459502670499975224161018",
        "0.3137688428645285202485808847",
    ),
}


@pytest.mark.parametrize(("point", "known"), REFERENCE.items())
def test_reference_saddle_of_the_network(point, known):
    mean, field, energy, m = (np.array(part, dtype=float) for part in known)
    found = solve(NETWORK, beta=point[0], h=point[1], w=COUPLINGS)
    # chi below 2.1 in every component: a few roundings of the parameters and of the residuals
    np.testing.assert_allclose(found.dominant("V"), mean, rtol=8e-15)
    np.testing.assert_allclose(found.dominant("U"), field, rtol=8e-15)
    assert found.dominant("m") == pytest.approx(float(m), rel=8e-15)
    assert -found.dominant("potential") / point[0] == pytest.approx(float(energy), rel=4e-15)
    assert (np.abs(found.dominant("V") - mean) <= found.dominant("error")).all()


def test_shapes_of_vector_unknowns():
    found = solve(NETWORK, beta=[[1.0], [2.0], [3.0]], h=[0.1, -0.1], w=COUPLINGS)
    assert found.shape == (3, 2)
    assert found["V"].shape == (*found.exists.shape, 4)
    assert found.dominant("U").shape == (3, 2, 4)
    assert found.observable(V[i] ** 2).shape == found["V"].shape
    np.testing.assert_allclose(found.observable(V[i] ** 2), found["V"] ** 2, rtol=1e-15)


def test_branches_appear_at_the_critical_temperature_of_the_couplings():
    critical = np.linalg.eigvalsh(COUPLINGS)[-1] / 4  # T_c = lambda_max / N
    assert critical == pytest.approx(0.9222983675113470, rel=4e-16, abs=0)
    found = solve(NETWORK, beta=1 / (critical * np.array([1.02, 0.98])), h=0.0, w=COUPLINGS)
    assert found.count.tolist() == [1, 3]
    assert found.stability[1].tolist() == [Stability.STABLE, Stability.UNSTABLE, Stability.STABLE]
    # V = epsilon psi with epsilon**2 = 3 |t| sum psi**2 / sum psi**4, up to order t
    psi = np.abs(np.linalg.eigh(COUPLINGS)[1][:, -1])
    epsilon = np.sqrt(3 * 0.02 * (psi**2).sum() / (psi**4).sum())
    np.testing.assert_allclose(found["V"][1, 2], epsilon * psi, rtol=0.02)


def test_a_batch_of_coupling_matrices():
    scales = np.array([0.5, 1.0, 1.5])
    found = solve(NETWORK, beta=1.0, h=0.1, w=scales[:, None, None] * COUPLINGS)
    assert found.shape == (3,)
    for k, scale in enumerate(scales):
        alone = solve(NETWORK, beta=1.0, h=0.1, w=scale * COUPLINGS)
        np.testing.assert_allclose(found.dominant("V")[k], alone.dominant("V"), rtol=1e-14)


def test_uniform_couplings_reduce_to_one_magnet():
    found = solve(NETWORK, beta=1.3, h=0.05, w=np.ones((30, 30)))
    top = found.dominant("V")
    assert np.ptp(top) <= 4e-15
    assert np.tanh(1.3 * (top[0] + 0.05)) == pytest.approx(top[0], rel=1e-14, abs=0)


def test_the_size_may_be_given_where_no_array_tells_it():
    mean = Total(V[j], j) / N
    uniform = Equations(
        (V[i],), (beta, h), (), update=(tanh(beta * (mean + h)),), bounds=((-1, 1),)
    )
    found = solve(uniform, beta=0.5, h=0.3, N=3)
    assert found["V"].shape == (1, 3)
    assert np.tanh(0.5 * (found["V"][0, 0] + 0.3)) == pytest.approx(
        found["V"][0, 0], rel=1e-15, abs=0
    )
    with pytest.raises(MissingParameterError, match="N has no value: pass N="):
        solve(uniform, beta=0.5, h=0.3)


def test_a_scalar_and_a_vector_unknown_together():
    q = symbols("q", real=True)
    mixed = Equations(
        (V[i], q),
        (beta, h),
        (),
        update=(tanh(beta * (q + h)), Total(V[i] ** 2, i) / N),
        bounds=((-1, 1), (0, 1)),
    )
    found = solve(mixed, beta=0.7, h=0.4, N=5)
    value = found["q"][0]
    assert value == pytest.approx(np.tanh(0.7 * (value + 0.4)) ** 2, rel=1e-14, abs=0)
    np.testing.assert_allclose(found["V"][0] ** 2, value, rtol=1e-14)


def test_a_sum_over_the_index_that_is_free_elsewhere():
    # softmax over colours: the free index of the residual has the name that its sums bind
    c = Index("c", 3)
    x, K = Label("x", (c.range,)), symbols("K", positive=True)
    weights = exp(K * x[c])
    potts = Equations(
        (x[c],),
        (K,),
        (),
        update=(weights / Total(weights, c),),
        potential=log(Total(weights, c)) - K / 2 * Total(x[c] ** 2, c),
        bounds=((0, 1),),
    )
    found = solve(potts, K=2.8)
    assert found.count == 7
    assert found.coexisting == 3
    np.testing.assert_allclose(found["x"].sum(axis=-1), 1, rtol=2e-15)
    located = transition(potts, "K", (2.0, 3.5))
    assert located.status == TransitionKind.FIRST_ORDER
    assert located.value == pytest.approx(4 * np.log(2), rel=1e-14, abs=0)


def test_starts_for_a_vector():
    ordered = {"V": np.full(4, 0.9), "U": np.full(4, 1.5)}
    found = solve(NETWORK, starts=ordered, beta=2.0, h=0.0, w=COUPLINGS)
    assert found.count == 1
    assert (found["V"] > 0.8).all()


def test_a_doubly_indexed_unknown_is_refused():
    square = Equations((w[i, j],), (beta,), (), update=(beta * w[i, j],), bounds=((-oo, oo),))
    with pytest.raises(ProblemError, match="more than one index"):
        solve(square, beta=0.5, N=3)


def test_a_vector_has_a_branch_slot_of_its_own_in_labelled_data():
    data = solve(NETWORK, beta=[1.0, 2.0], h=0.0, w=COUPLINGS).to_xarray()
    assert data["V"].dims == ("beta", "branch", "V_index")
    assert data["m"].dims == ("beta", "branch")
    assert U.name in data
