"""Ensembles at integer sizes: exponents written out, and exact partition functions."""

from __future__ import annotations

import mpmath
import pytest
from sympy import Rational, Symbol, exp, symbols

import derive as dv
from derive.models import curie_weiss

N = dv.size("N")
i, j = dv.indices("i j", N)
s = dv.Ising("s", i)
beta, J = symbols("beta J", positive=True)


def test_expansion_names_every_component():
    w = dv.Given("w", i, j)
    model = dv.Ensemble(trace=s, exponent=dv.total(w[i, j] * s[i] * s[j], i, j) / N)
    written = model.expand(N=2)
    assert written == sum(w[a, b] * s[a] * s[b] for a in (1, 2) for b in (1, 2)) / 2


def test_a_size_that_is_missing_is_named():
    with pytest.raises(dv.ParameterError, match="N"):
        curie_weiss.ensemble().expand()
    with pytest.raises(dv.ParameterError, match="J"):
        curie_weiss.ensemble().log_partition(N=3, beta=1, h=0)


# values cw_exact_N10_T0.8_h0.1 and cw_hs_integral_N10 of the reference table, 25 digits
LOG_Z = "8.746851223157721782211789581"
Z = "6290.848411296550554476535905"


@pytest.mark.parametrize("moves", [0, 2])
def test_every_form_has_the_same_exact_partition_function(moves):
    """As a sum over spins, and as an integral over the field."""
    steps = curie_weiss.derivation().steps
    form = steps[moves].before
    found = form.log_partition(N=10, beta=Rational(5, 4), J=1, h=Rational(1, 10))
    with mpmath.workdps(28):
        assert abs(mpmath.mpf(found) - mpmath.mpf(LOG_Z)) < mpmath.mpf("1e-23")
        assert abs(mpmath.exp(mpmath.mpf(found)) / mpmath.mpf(Z) - 1) < mpmath.mpf("1e-23")


def test_continuous_variables_are_integrated():
    x = dv.Real("x", i, weight=lambda v: exp(-(v**2) / 2 - v**4))
    a = Symbol("a", real=True)
    found = dv.Ensemble(trace=x, exponent=a * dv.total(x[i], i)).log_partition(
        N=2, a=Rational(1, 3)
    )
    with mpmath.workdps(30):
        one = mpmath.quad(
            lambda v: mpmath.exp(v / 3 - v**2 / 2 - v**4), [-mpmath.inf, 0, mpmath.inf]
        )
        assert abs(mpmath.mpf(found) - 2 * mpmath.log(one)) < mpmath.mpf("1e-24")
