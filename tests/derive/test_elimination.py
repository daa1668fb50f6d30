"""Eliminating unknowns, and putting in their saddle values."""

import mpmath
import pytest
from sympy import (
    Eq,
    Rational,
    Symbol,
    atanh,
    cosh,
    exp,
    log,
    tanh,
)

from derive import DeriveError, FreeEntropy
from tests.derive.mean_field import (
    LINEARISED,
    Delta,
    J,
    agree,
    at_root,
    beta,
    curie_weiss,
    curie_weiss_pair,
    h,
    m,
    m1,
)


def same_expansion(free_entropies, values, starts):
    with mpmath.workdps(30):
        found = [
            [at_root(f, values, s)(e) for e in (f.density, f.fluctuation, f.next_order)]
            for f, s in zip(free_entropies, starts, strict=True)
        ]
        pairs = [pair for row in found[1:] for pair in zip(row, found[0], strict=True)]
        return all(agree(a, b, 20) for a, b in pairs)


def test_every_representation_has_the_same_expansion_in_1_over_N():
    pair = curie_weiss_pair()
    without_conjugate, without_m = pair.eliminate("mhat"), pair.eliminate("m")
    assert without_conjugate.signs == (1,)
    assert without_m.signs == (1,)  # turned with its partner: m is convex in the energy
    values = {"J": 1, "h": "0.3", "beta": "0.6"}
    assert same_expansion(
        [curie_weiss(), pair, without_conjugate, without_m],
        values,
        [["0.4"], ["0.4", "0.5"], ["0.4"], ["0.5"]],
    )


def test_elimination_gives_the_rate_function():
    rate = curie_weiss_pair().eliminate("mhat")
    expected = (
        beta * J * m**2 / 2 + beta * h * m - m * atanh(m) + log(2 / (1 - m**2) ** Rational(1, 2))
    )
    difference = (rate.density - expected).subs({m: 0.3, beta: 0.7, J: 1.1, h: 0.2})
    assert abs(difference.evalf()) < 1e-14


def test_on_shell_form_is_the_one_of_the_linearised_square():
    shell = curie_weiss_pair().on_shell("mhat")
    assert shell.saddle_equations == [Eq(m, tanh(beta * (J * m + h)))]
    values = {"J": 1, "h": "0.3", "beta": "0.6"}
    with mpmath.workdps(30):
        expected = at_root(curie_weiss(), values, ["0.4"])
        value = at_root(shell, values, ["0.4"])
        assert agree(value(shell.density), expected(LINEARISED))
        assert agree(value(shell.fluctuation), expected(curie_weiss().fluctuation))


def test_elimination_chooses_the_real_branch():
    k = Symbol("k", real=True)
    one_site = log(1 + 2 * exp(-beta * Delta) * cosh(k))
    pair = FreeEntropy(beta * J * m**2 / 2 - m * k + one_site, (m, k), (1, -1), beta=beta)
    rate = pair.eliminate("k")
    values = {"J": 1, "beta": "2", "Delta": "0.2"}
    with mpmath.workdps(30):
        a = at_root(pair, values, ["0.8", "1.6"])
        b = at_root(rate, values, [a(m) - mpmath.mpf("1e-4")])
        assert a(m) > 0.5
        assert agree(a(m), b(m), 20)
        assert agree(a(pair.density), b(rate.density), 20)


def test_what_cannot_be_eliminated():
    quartic = FreeEntropy(-(m**4) / 4 + m**2 * m1 - m1**2, (m, m1))
    with pytest.raises(DeriveError, match="real solutions"):
        quartic.eliminate("m")
    transcendental = FreeEntropy(m * exp(m) + m1 * m + m**2, (m, m1))
    with pytest.raises(DeriveError, match="cannot be eliminated"):
        transcendental.eliminate("m")
    with pytest.raises(DeriveError, match=r"eliminate\('m'\)"):
        curie_weiss().on_shell("m")
