"""What a simulation refuses, by type and by name."""

import numpy as np
import pytest
import scipy.sparse as sparse
from sympy import cosh, log

import derive as dv
import numerics as nm
from derive.errors import CouplingError, MoveError
from numerics.errors import SymmetryError
from tests.numerics import spin_models as net

GOOD = {"w": np.ones((6, 6)), "beta": 1.0, "h": 0.0}


@pytest.mark.parametrize(
    ("bad", "error", "said"),
    [
        ({"w": np.ones((6, 5))}, nm.ShapeError, "length 5 where N is 6"),
        ({"w": np.ones(6)}, nm.ShapeError, "w has 1 axes"),
        ({"w": np.full((6, 6), np.nan)}, nm.NotANumberError, "w is nan at index"),
        ({"w": sparse.csr_array(np.diag([np.inf, 1.0]))}, nm.NotANumberError, "w is inf"),
        ({"w": np.triu(np.ones((6, 6)))}, SymmetryError, r"hand in \(w \+ w.T\)/2"),
        ({"w": sparse.csr_array(np.triu(np.ones((6, 6))))}, SymmetryError, "w was declared sym"),
        ({"beta": -1.0}, nm.DomainError, "beta is declared positive"),
        ({"beta": 0.0}, nm.DomainError, "beta is declared positive"),
        ({"beta": "hot"}, nm.NotANumberError, "beta is no number"),
        ({"N": 5}, nm.ShapeError, "N is 5, but the arrays given have size 6"),
        ({"T": 1.0}, nm.UnknownParameterError, "no parameter T"),
        ({"h": [0.0, 1.0], "beta": [1.0, 2.0, 3.0]}, nm.ShapeError, "do not broadcast"),
        ({"sweeps": 10.5}, nm.DomainError, "sweeps is a number of times: .* not 10.5"),
        ({"sweeps": 0}, nm.DomainError, "sweeps=0: give an integer of at least 4"),
        ({"sweeps": True}, nm.DomainError, "sweeps=True"),
        ({"burn_in": -1}, nm.DomainError, "burn_in=-1"),
        ({"chains": 0}, nm.DomainError, "chains=0: give an integer of at least 1"),
        ({"every": 0}, nm.DomainError, "every=0"),
        ({"every": 30}, nm.ProblemError, "one in 30 measured, are fewer than four"),
        ({"rng": "a"}, nm.DomainError, "rng='a' is no seed"),
        ({"rng": -1}, nm.DomainError, "rng=-1 is no seed"),
        ({"start": "cold"}, nm.ProblemError, '"random", "ordered" or an array'),
        ({"start": np.ones(5)}, nm.ShapeError, r"\(chains, batch, sites\) = \(4, 6\)"),
        ({"start": np.zeros(6)}, nm.DomainError, r"values that s does not take: \[-1.0, 1.0\]"),
        ({"of": "t"}, nm.ProblemError, "there is no variable t: there are s"),
        ({"observables": {"a": lambda s: s}}, nm.ShapeError, "the observable a gave an array"),
        (
            {"observables": {"a": lambda s: s.mean(-1) * np.nan}},
            nm.NonFiniteError,
            "the observable a is not finite",
        ),
    ],
)
def test_bad_input_is_refused_by_name(bad, error, said):
    with pytest.raises(error, match=said):
        nm.simulate(net.NETWORK, **{"sweeps": 40, "rng": 1, **GOOD, **bad})


def test_missing_parameters_and_sizes_are_named():
    with pytest.raises(nm.MissingParameterError, match="beta has no value"):
        nm.simulate(net.NETWORK, sweeps=40, w=np.ones((3, 3)), h=0.0)
    with pytest.raises(nm.MissingParameterError, match="N has no value: pass N="):
        nm.simulate(net.CURIE_WEISS, sweeps=40, J=1.0, beta=1.0, h=0.0)


def test_models_that_are_not_pairwise_are_refused():
    M = dv.total(net.s[net.i], net.i)
    for energy in (M**3, log(cosh(M))):
        with pytest.raises(CouplingError, match="pairwise"):
            nm.simulate(net.ensemble(net.s, energy), sweeps=40, N=5, beta=1.0)
    x = dv.Gaussian("x", net.i)
    with pytest.raises(MoveError, match="x does not take finitely many numbers"):
        nm.simulate(dv.Ensemble(trace=x, exponent=0), sweeps=40, N=5)


def test_what_is_no_ensemble_is_refused():
    d = net.CURIE_WEISS.derive().hubbard_stratonovich("m").trace("s").saddle_point(net.N)
    with pytest.raises(nm.ProblemError, match=r"that of a derivation is its \.start"):
        nm.simulate(d, sweeps=40, N=5, J=1.0, beta=1.0, h=0.0)
    assert nm.simulate(d.start, sweeps=40, rng=1, N=5, J=1.0, beta=1.0, h=0.0).shape == ()


def test_correlations_that_do_not_fit_are_refused():
    with pytest.raises(
        nm.ShapeError, match=r"correlations of 6000 sites at 3 points take 3\.2 GiB"
    ):
        nm.simulate(net.ALONE, sweeps=40, f=np.zeros(6000), beta=[1.0, 2.0, 3.0], correlations=True)


def test_arrays_under_a_function_stay_dense():
    hyperbolic = net.ensemble(
        net.s, -dv.total(log(cosh(net.w[net.i, net.j])) * net.s[net.i] * net.s[net.j], net.i, net.j)
    )
    point = {"beta": 1.0, "sweeps": 40, "rng": 1}
    assert nm.simulate(hyperbolic, w=np.ones((5, 5)), **point).means.value.shape == (5,)
    with pytest.raises(nm.UnsupportedExpressionError, match="hand in a dense array"):
        nm.simulate(hyperbolic, w=sparse.csr_array(np.ones((5, 5))), **point)
