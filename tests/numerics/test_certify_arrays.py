"""Certificates of kernels over arrays: every entry varies, and its rounding is counted once."""

import json

import numpy as np
import pytest
import scipy.sparse as sp
from sympy import cosh, log, symbols, tanh

import derive as dv
import numerics as nm
from numerics import errors

N = dv.size("N")
i, j = dv.indices("i j", N)
W, w, V = dv.Given("W", i, j, symmetric=True), dv.Given("w", i, j), dv.Given("V", i)
beta, h = symbols("beta h", positive=True)
FIELD = h + dv.total(W[i, j] * V[j], j) / N
UPDATE = tanh(beta * FIELD)
FREE = dv.total(W[i, j] * V[i] * V[j], i, j) / (2 * N**2) - dv.total(
    log(2 * cosh(beta * FIELD)), i
) / (beta * N)
COUPLINGS = np.array([[0.5, -1.0, 0.2], [-1.0, 0.1, 2.0], [0.2, 2.0, 0.0]])
SCALARS = {"beta": (0.1, 50), "h": (1e-6, 2)}


@pytest.mark.parametrize("expr", [UPDATE, FREE], ids=["update", "free entropy"])
def test_a_network_keeps_its_bound_while_its_states_vary(expr):
    certificate = nm.certify(nm.compile(expr), samples=12, W=COUPLINGS, V=(-1, 1), **SCALARS)
    assert certificate.holds, certificate
    assert certificate.outputs[0].undefined == 0
    assert "V in (-1, 1), W in <array of shape (3, 3)>" in str(certificate)
    assert nm.Certificate.from_dict(json.loads(certificate.to_json())) == certificate


def test_couplings_vary_in_symmetric_pairs():
    ends = (np.full((2, 2), -2.0), np.full((2, 2), 2.0))
    kernel = nm.compile(UPDATE)
    certificate = nm.certify(kernel, samples=16, W=ends, V=(-1, 1), **SCALARS)
    assert certificate.holds, certificate
    drawn = np.array(dict(certificate.outputs[0].point)["W"])
    assert np.array_equal(drawn, drawn.T)
    assert np.shape(dict(certificate.outputs[0].point)["V"]) == (2,)


def test_a_diagonal_that_is_declared_zero_stays_zero():
    J = dv.Given("J", i, j, symmetric=True, zero_diagonal=True)
    ends = (np.full((3, 3), -2.0), np.full((3, 3), 2.0))
    kernel = nm.compile(tanh(dv.total(J[i, j] * V[j], j)))
    certificate = nm.certify(kernel, samples=8, J=ends, V=(-1, 1))
    assert certificate.holds, certificate
    drawn = np.array(dict(certificate.outputs[0].point)["J"])
    assert np.array_equal(np.diag(drawn), np.zeros(3))
    assert np.array_equal(drawn, drawn.T)


def test_the_condition_number_counts_an_entry_of_a_symmetric_array_once():
    total = dv.total(W[i, j] * V[i] * V[j], i, j)
    values = {"W": np.array([[0.0, 3.0], [3.0, 0.0]]), "V": np.ones(2)}
    (output,) = nm.certify(nm.compile(total), samples=2, **values).outputs
    assert output.condition == pytest.approx(1 + 2)  # 6 = 2 W_12 V_1 V_2: one from W, one each V


def test_bound_kernels_are_certified_with_what_is_bound():
    kernel = nm.compile(UPDATE)
    plain = nm.certify(kernel, samples=8, W=COUPLINGS, V=(-1, 1), **SCALARS)
    for couplings in (COUPLINGS, sp.csr_array(COUPLINGS)):
        bound = nm.certify(kernel.bind(W=couplings), samples=8, V=(-1, 1), **SCALARS)
        assert bound.holds, bound
        assert bound.outputs[0].condition == pytest.approx(plain.outputs[0].condition, rel=1)
        assert "W in <array of shape (3, 3)>" in str(bound)


class Spoiled:
    """A kernel whose second entry is multiplied by 1 + 64 u."""

    def __init__(self, kernel):
        self.kernel = kernel

    def __getattr__(self, name):
        return getattr(self.kernel, name)

    def evaluate(self, args, nonfinite):
        return self.kernel.evaluate(args, nonfinite=nonfinite) * [1, 1 + 2.0**-47, 1]


def test_an_error_of_one_entry_is_found_out():
    kernel = Spoiled(nm.compile(UPDATE))
    certificate = nm.certify(kernel, samples=8, W=COUPLINGS, V=(0.1, 1), **SCALARS)
    assert not certificate.holds
    assert certificate.error > 10


def test_sizes_that_do_not_follow_are_asked_for():
    kernel = nm.compile(UPDATE)
    with pytest.raises(errors.ShapeError, match="how many entries has V"):
        nm.certify(kernel, W=(-1, 1), V=(-1, 1), beta=1.0, h=0.1)
    with pytest.raises(errors.ShapeError, match="2 indices"):
        nm.certify(kernel, W=(-np.ones(2), np.ones(2)), V=(-1, 1), beta=1.0, h=0.1)
    with pytest.raises(errors.NumericsError, match=r"range \(1.0, -1.0\) of V\[0\]"):
        nm.certify(kernel, W=COUPLINGS, V=(1, -1), beta=1.0, h=0.1)
    with pytest.raises(errors.NumericsError, match="not a batch"):
        nm.certify(kernel, W=COUPLINGS, V=np.ones((2, 3)), beta=1.0, h=0.1)
