"""Fluctuation determinants of networks as numbers."""

import numpy as np
import pytest
import scipy.sparse

import derive as dv
import numerics as nm
from derive.models import weighted_network
from numerics.reference import evaluate
from tests.numerics.networks import COUPLINGS

# the one-loop term of log Z at T = 0.5, h = 0.05 and at T = 1.5, h = 0.2; mpmath, 25 digits
ONE_LOOP = {
    (2.0, 0.05): 0.03276372535261505722332603679,
    (1 / 1.5, 0.2): 0.1900840937549023184555647200,
}
NAIVE = weighted_network.derivation().eliminate("U")


def at_saddle(beta, h):
    return nm.solve(NAIVE, beta=beta, h=h, w=COUPLINGS).dominant("V")


@pytest.mark.parametrize("point", ONE_LOOP)
def test_the_one_loop_term_of_the_network(point):
    beta, h = point
    kernel = nm.compile(NAIVE.fluctuation)
    found = kernel(V=at_saddle(beta, h), beta=beta, w=COUPLINGS)
    assert found == pytest.approx(ONE_LOOP[point], rel=1e-13, abs=0)


def test_over_a_batch_and_bound():
    betas = np.array([0.4, 0.6, 0.9])
    V = at_saddle(betas, 0.1)
    kernel = nm.compile(weighted_network.derivation().eliminate("U").fluctuation)
    found = kernel.bind(w=COUPLINGS)(V=V, beta=betas)
    for k, beta in enumerate(betas):
        matrix = np.eye(4) - beta / 4 * (1 - V[k][:, None] ** 2) * COUPLINGS
        assert found[k] == pytest.approx(-0.5 * np.linalg.slogdet(matrix)[1], rel=1e-13, abs=0)


def test_against_the_reference_and_no_certificate():
    kernel = nm.compile(NAIVE.fluctuation)
    V, w = np.array([0.3, -0.5, 0.9, 0.1]), COUPLINGS
    labels = {e.label.name: e.label for e in NAIVE.fluctuation.atoms(dv.Element)}
    known = {labels["V"]: V, labels["w"]: w, NAIVE.beta: 0.7, NAIVE.size: 4}
    true = evaluate(NAIVE.fluctuation, known, digits=40)
    assert kernel(V=V, beta=0.7, w=w) == pytest.approx(float(true), rel=1e-13, abs=0)
    with pytest.raises(nm.UnsupportedExpressionError, match="condition number of a determinant"):
        nm.certify(kernel, V=V, beta=(0.1, 1.0), w=w)


def test_one_loop_brings_log_z_nearer_at_weak_coupling():
    beta, h = 0.5, 0.0
    exact = float(
        nm.enumerate_states(weighted_network.ensemble(), beta=beta, h=h, w=COUPLINGS).log_z
    )
    given = {"V": np.zeros(4), "beta": beta, "h": h, "w": COUPLINGS}
    saddle = nm.compile(4 * NAIVE.density)(**given)
    loop = nm.compile(NAIVE.fluctuation)(V=np.zeros(4), beta=beta, w=COUPLINGS)
    assert abs(saddle + loop - exact) < abs(saddle - exact) / 2


def test_a_negative_determinant_and_sparse_couplings_are_refused():
    kernel = nm.compile(NAIVE.fluctuation)
    with pytest.raises(nm.NonFiniteError):
        kernel(V=np.zeros(4), beta=2.0, w=COUPLINGS)
    with pytest.raises(nm.UnsupportedExpressionError, match="dense"):
        kernel(V=np.zeros(4), beta=0.2, w=scipy.sparse.csr_array(COUPLINGS))
    i, j = dv.indices("i j", dv.size("N"))
    x = dv.Given("x", i)
    with pytest.raises(nm.UnsupportedExpressionError, match="one index"):
        nm.compile(dv.LogDet(x[i], i, j))(x=np.ones(3))
