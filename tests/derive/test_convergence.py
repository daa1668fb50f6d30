"""Curie-Weiss at N = 8 to 64: the saddle point errs by 1/N per spin, with fluctuations by 1/N^2.

What is left of each order, times its power of N, must approach the next coefficient of the
expansion, which is derived separately.  The exact sums over the magnetisation are written here.
"""

from __future__ import annotations

import itertools

import mpmath
import pytest
from mpmath import mp

from derive.models import curie_weiss

SIZES = (8, 16, 32, 64)
# (beta, h, starting points of the dominant saddles): a field, and no field below and above T_c
CASES = {
    "field": ("0.8", "0.3", ["0.5"]),
    "field, ordered": ("2", "0.4", ["0.99"]),
    "ordered, two saddles": ("2", "0", ["0.9", "-0.9"]),
    "disordered": ("0.4", "0", ["0.1"]),
}


def exact_log_z(n, beta, h):
    logs = [
        mpmath.log(mpmath.binomial(n, k))
        + beta * ((2 * k - n) ** 2 / mp.mpf(2 * n) + h * (2 * k - n))
        for k in range(n + 1)
    ]
    top = max(logs)
    return top + mpmath.log(mpmath.fsum(mpmath.exp(v - top) for v in logs))


def coefficients(beta, h, starts):
    """phi, the O(1) term and the coefficient of 1/N at the dominant saddles."""
    d = curie_weiss.derivation()
    values = {p: {"beta": beta, "h": h, "J": mp.mpf(1)}[str(p)] for p in d.parameters}
    found = []
    for start in starts:
        m = mpmath.findroot(lambda x: x - mpmath.tanh(beta * (x + h)), mp.mpf(start))
        at = values | {d.unknowns[0]: m}
        orders = (d.density, d.fluctuation, d.next_order)
        found.append([mp.mpf(e.subs(at).evalf(30)) for e in orders])
    assert all(abs(one[0] - found[0][0]) < mp.mpf("1e-25") for one in found)  # equal heights
    # equal saddles add up: the sum is as many times one of them
    return found[0][0], found[0][1] + mpmath.log(len(found)), found[0][2]


@pytest.mark.parametrize("case", CASES)
def test_errors_fall_as_claimed(case):
    beta, h, starts = CASES[case]
    with mp.workdps(30):
        beta, h = mp.mpf(beta), mp.mpf(h)
        phi, fluctuation, following = coefficients(beta, h, starts)
        leading, second = [], []
        for n in SIZES:
            per_spin = exact_log_z(n, beta, h) / n
            leading.append(abs(per_spin - phi) * n - abs(fluctuation))
            second.append(abs(per_spin - phi - fluctuation / n) * n**2 - abs(following))
        # what is left vanishes as 1/N: each doubling halves it at least nearly
        for rest in (leading, second):
            ratios = [abs(b / a) for a, b in itertools.pairwise(rest)]
            assert ratios[-1] < 0.56
            assert abs(rest[-1]) < abs(rest[0]) / 4
