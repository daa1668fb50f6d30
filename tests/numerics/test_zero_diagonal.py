"""Couplings declared without self-coupling: the symbols know it, and the door insists on it."""

import pickle

import numpy as np
import pytest
import scipy.sparse
import sympy as sp

import derive as dv
import numerics as nm

N = dv.size("N")
i, j = dv.indices("i j", N)
J = dv.Given("J", i, j, symmetric=True, zero_diagonal=True)
s = dv.Ising("s", i)
beta = sp.Symbol("beta", positive=True)
ENSEMBLE = dv.Ensemble(trace=s, beta=beta, hamiltonian=-dv.total(J[i, j] * s[i] * s[j], i, j) / 2)


def test_the_diagonal_is_zero_before_and_after_substitution():
    assert J[i, i] == 0
    assert J[2, 2] == 0
    assert J[i, j].xreplace({j: i}) == 0
    assert dv.total(J[i, j] * sp.KroneckerDelta(i, j), i, j) == 0
    assert pickle.loads(pickle.dumps(J[i, j])) == J[i, j]
    assert J[i, j] != dv.Given("J", i, j, symmetric=True)[i, j]


def test_a_diagonal_needs_two_slots_over_one_range():
    with pytest.raises(dv.DeclarationError, match="no diagonal"):
        dv.Given("J", i, zero_diagonal=True)
    with pytest.raises(dv.DeclarationError, match="no diagonal"):
        dv.Given("J", i, dv.Index("k", dv.size("M")), zero_diagonal=True)


@pytest.mark.parametrize("form", [np.asarray, scipy.sparse.csr_array])
def test_an_array_with_a_diagonal_is_refused_everywhere(form):
    couplings = np.array([[0.0, 1.0, 2.0], [1.0, 0.5, 0.0], [2.0, 0.0, 0.0]])
    d = ENSEMBLE.derive().constrain("V", s[i], "U").trace("s").saddle_point(N).eliminate("U")
    kernel = nm.compile(d.saddle_equations[0])
    for call in (
        lambda: nm.solve(d, beta=1.0, J=form(couplings)),
        lambda: kernel(V=np.zeros(3), beta=1.0, J=form(couplings)),
        lambda: nm.simulate(ENSEMBLE, sweeps=10, beta=1.0, J=form(couplings)),
    ):
        with pytest.raises(nm.SymmetryError, match=r"J\[1, 1\] is 0\.5"):
            call()


def test_steps_with_such_couplings_are_checked():
    d = ENSEMBLE.derive().constrain("V", s[i], "U").trace("s")
    assert d.check(N=3).holds
    assert ENSEMBLE.derive().plefka("V").check(N=3).holds
    with pytest.raises(dv.ParameterError, match="zero_diagonal"):
        d.check(N=2, J=[[1, 2], [2, 0]])
