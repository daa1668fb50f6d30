"""log Z beyond the saddle: against exact sums at finite size."""

import mpmath
import pytest
from sympy import (
    Rational,
    log,
)

import derive as dv
from derive import FreeEntropy
from tests.derive.mean_field import (
    J,
    N,
    at_root,
    beta,
    curie_weiss,
    curie_weiss_pair,
    h,
    m,
    mhat,
)


def exact_log_z(size, values):
    """Curie-Weiss by the binomial sum over the magnetisation."""
    b, coupling, field = (mpmath.mpf(values[k]) for k in ("beta", "J", "h"))
    moments = (2 * k - size for k in range(size + 1))
    return mpmath.log(
        mpmath.fsum(
            mpmath.binomial(size, (size + M) // 2)
            * mpmath.exp(b * (coupling * mpmath.mpf(M) ** 2 / (2 * size) + field * M))
            for M in moments
        )
    )


@pytest.mark.parametrize(
    ("values", "start", "saddles"),
    [
        ({"beta": "0.5", "J": 1, "h": "0.3"}, "0.3", 1),
        ({"beta": "0.7", "J": 1, "h": 0}, "0", 1),
        ({"beta": "2", "J": 1, "h": "0"}, "0.95", 2),  # two saddles related by symmetry
    ],
)
@pytest.mark.parametrize("make", [curie_weiss, curie_weiss_pair])
def test_expansion_converges_at_the_order_it_claims(make, values, start, saddles):
    free_entropy = make()
    starts = [start] if len(free_entropy.unknowns) == 1 else [start, mpmath.atanh(start)]
    errors = []
    with mpmath.workdps(40):
        for size in (512, 1024):
            value = at_root(free_entropy, values | {"N": size}, starts)
            exact = exact_log_z(size, values) / size
            leading = value(free_entropy.density) + mpmath.log(saddles) / size
            gaussian = leading + value(free_entropy.fluctuation) / size
            third = gaussian + value(free_entropy.next_order) / size**2
            errors.append([abs(exact - e) for e in (leading, gaussian, third)])
    ratios = [a / b for a, b in zip(*errors, strict=True)]
    assert ratios[0] == pytest.approx(2, rel=0.05)
    assert ratios[1] == pytest.approx(4, rel=0.05)
    assert ratios[2] == pytest.approx(8, rel=0.05)


def test_expansion_in_two_dimensions():
    # two populations of N/2 spins each, coupled: the exact sum runs over both magnetisations
    first, second = (
        dv.Index("i", dv.IndexRange(N / 2, "A")),
        dv.Index("j", dv.IndexRange(N / 2, "B")),
    )
    s, t = dv.Ising("s", first), dv.Ising("t", second)
    S1, S2 = dv.total(s[first], first), dv.total(t[second], second)
    form = S1**2 + S2**2 / 2 + 2 * Rational(3, 10) * S1 * S2
    model = dv.Ensemble(trace=[s, t], exponent=beta / (2 * N) * form + beta * h * (S1 + S2))
    two = model.derive().hubbard_stratonovich("m1", "m2").trace(s).trace(t).saddle_point(N).state

    def exact(size, b, field):
        half = range(-size // 2, size // 2 + 1, 2)
        count = {M: mpmath.binomial(size // 2, (size // 2 + M) // 2) for M in half}
        return mpmath.log(
            mpmath.fsum(
                count[A]
                * count[B]
                * mpmath.exp(
                    b * (A**2 + mpmath.mpf(B**2) / 2 + mpmath.mpf("0.6") * A * B) / (2 * size)
                    + b * field * (A + B)
                )
                for A in half
                for B in half
            )
        )

    errors = []
    with mpmath.workdps(30):
        b, field = mpmath.mpf("0.4"), mpmath.mpf("0.2")
        for size in (128, 256):
            value = at_root(two, {"beta": b, "h": field, "N": size}, ["0.3", "0.3"])
            orders = [
                size * value(two.density),
                value(two.fluctuation),
                value(two.next_order) / size,
            ]
            missing = exact(size, b, field)
            errors.append([abs(missing := missing - term) for term in orders])
    ratios = [a / b for a, b in zip(*errors, strict=True)]
    assert ratios[0] == pytest.approx(1, rel=0.05)
    assert ratios[1] == pytest.approx(2, rel=0.05)
    assert ratios[2] == pytest.approx(4, rel=0.05)
    assert not two.fluctuation.has(N)  # the contour's norm cancels against the determinant


def test_log_partition_sums_what_it_promises():
    cw = curie_weiss()
    assert cw.log_partition(0) == N * cw.density + cw.fluctuation
    assert (cw.log_partition(1) - cw.log_partition(0) - cw.next_order / N).expand() == 0


def test_an_odd_number_of_pairs_has_a_positive_determinant():
    pair = curie_weiss_pair()
    assert pair.hessian.det().subs({m: 0, mhat: 0, beta: 0.5, J: 1, h: 0}) < 0
    assert pair.fluctuation.subs({m: 0, beta: 0.5, J: 1}).evalf() == pytest.approx(
        -float(log(Rational(1, 2))) / 2
    )


def test_corrections_of_the_exponent_enter():
    plain = FreeEntropy(-(m**2) / 2, m, size=N)
    shifted = FreeEntropy(-(m**2) / 2, m, size=N, correction=J * m + h * m**2 / (2 * N))
    assert plain.next_order == 0
    assert shifted.fluctuation == plain.fluctuation + J * m
    assert [c.subs(m, 0) for c in shifted.corrections(2)] == [J**2 / 2, h / 2]
